//! Functions of a window of samples, such as `rate`.

use std::convert::Infallible;
use std::sync::Arc;

use crowsnest_api::{Labels, METRIC_NAME, Sample, Timestamp};

use super::column::{Column, Computed, RangeSeries, RangeVector, merge_same};
use super::downsampled::Placed;
use super::edges::{self, EdgeFunction, Interpolation};
use super::evaluator::{Evaluator, mistyped};
use super::grid::Grid;
use super::select::count_while;
use super::stream::Sliding;
use super::{Annotations, Implementation, QueryError, SampleValue};
use crate::ast::{Call, Edges};
use crate::{FloatHistogram, Fold, Series, Span, ValueType};

/// The floats of one series that one step looks at; never empty.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window<'a> {
    pub(crate) samples: &'a [Sample],
    pub(crate) first: Sample,
    pub(crate) last: Sample,
    /// Where the window begins, exclusive, in milliseconds.
    pub(crate) start: i64,
    /// Where it ends, inclusive.
    pub(crate) end: i64,
    /// The time of the step; not the end of the window when there is an offset.
    pub(crate) evaluation: i64,
}

/// All samples of one series that one step looks at; at least one of either kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MixedWindow<'a> {
    pub(crate) floats: &'a [Sample],
    pub(crate) histograms: &'a [(Timestamp, Arc<FloatHistogram>)],
    /// When the counter behind each sample started, by the sample's timestamp; may reach beyond the window.
    pub(crate) starts: &'a [(Timestamp, Timestamp)],
    /// How many more samples there were, where those given stand for others that were down-sampled.
    pub(crate) more: u64,
    /// Where the window begins, exclusive, in milliseconds.
    pub(crate) start: i64,
    /// Where it ends, inclusive.
    pub(crate) end: i64,
    /// The time of the step; not the end of the window when there is an offset.
    pub(crate) evaluation: i64,
}

impl<'a> Window<'a> {
    /// The values, oldest first.
    pub(crate) fn values(&self) -> impl Iterator<Item = f64> + use<'a> {
        self.samples.iter().map(|sample| sample.value)
    }

    /// Its length in seconds.
    pub(crate) fn seconds(&self) -> f64 {
        self.end.saturating_sub(self.start) as f64 / 1000.0
    }
}

impl<'a> MixedWindow<'a> {
    /// The window with its floats only, if there are any.
    pub(crate) fn of_floats(&self) -> Option<Window<'a>> {
        let (&first, &last) = (self.floats.first()?, self.floats.last()?);
        let Self { start, end, evaluation, .. } = *self;
        Some(Window { samples: self.floats, first, last, start, end, evaluation })
    }

    /// Whether there are samples of both kinds.
    pub(crate) fn is_mixed(&self) -> bool {
        !self.floats.is_empty() && !self.histograms.is_empty()
    }

    /// Its length in seconds.
    pub(crate) fn seconds(&self) -> f64 {
        self.end.saturating_sub(self.start) as f64 / 1000.0
    }

    /// When the counter behind the sample of that time started, in milliseconds; zero when that is not known.
    pub(crate) fn start_of(&self, timestamp: Timestamp) -> i64 {
        let at = self.starts.binary_search_by_key(&timestamp, |(timestamp, _)| *timestamp).ok();
        at.and_then(|at| self.starts.get(at)).map_or(0, |(_, start)| start.millis())
    }
}

/// Where a function says what is odd about a series.
pub(crate) struct Notes<'a> {
    annotations: &'a mut Annotations,
    span: Span,
    metric: &'a str,
}

impl<'a> Notes<'a> {
    /// Notes about a series, shown at `span`.
    pub(crate) fn new(annotations: &'a mut Annotations, span: Span, labels: &'a Labels) -> Self {
        Self { annotations, span, metric: labels.metric_name() }
    }

    pub(crate) fn warn(&mut self, message: &str) {
        self.annotations.warn(self.span, message);
    }

    pub(crate) fn inform(&mut self, message: &str) {
        self.annotations.inform(self.span, message);
    }

    /// Warns with the name of the metric behind the message.
    pub(crate) fn warn_of_metric(&mut self, message: &str) {
        self.annotations.warn(self.span, format!("{message} {:?}", self.metric));
    }

    /// Hints with the name of the metric behind the message.
    pub(crate) fn inform_of_metric(&mut self, message: &str) {
        self.annotations.inform(self.span, format!("{message} {:?}", self.metric));
    }
}

type OfFloats = fn(&Window<'_>, &[f64]) -> Option<f64>;
type OfBoth = fn(&MixedWindow<'_>, &[f64], &mut Notes<'_>) -> Option<SampleValue>;

/// Which samples of a window a function can take.
#[derive(Clone, Copy)]
enum Takes {
    /// Floats; native histograms are ignored.
    Floats(OfFloats),
    /// Both kinds.
    Both(OfBoth),
}

/// A row's implementation: a function of a window and of the scalar arguments at that step.
#[derive(Clone, Copy)]
pub(crate) struct WindowFunction {
    of: Takes,
    keeps_name: bool,
    pub(crate) of_counters: bool,
    /// What it does with samples, for those that are down-sampled.
    pub(crate) fold: Fold,
    /// Whether its results grow with the length of the window.
    amounts: bool,
    /// How it works on windows with edges, if it can.
    pub(crate) edges: Option<EdgeFunction>,
    /// How it moves on from one window of floats to the next, if it need not begin anew.
    pub(crate) sliding: Option<Sliding>,
}

impl WindowFunction {
    /// A function of floats.
    pub(crate) const fn new(of: OfFloats) -> Self {
        Self::taking(Takes::Floats(of))
    }

    /// A function of floats and native histograms.
    pub(crate) const fn of_both(of: OfBoth) -> Self {
        Self::taking(Takes::Both(of))
    }

    const fn taking(of: Takes) -> Self {
        Self {
            of,
            keeps_name: false,
            of_counters: false,
            fold: Fold::Samples,
            amounts: false,
            edges: None,
            sliding: None,
        }
    }

    /// Needs no more of the samples than this.
    pub(crate) const fn folding(self, fold: Fold) -> Self {
        Self { fold, ..self }
    }

    /// Its results grow with the length of the window: of one that had to be longer than asked for they are a share.
    pub(crate) const fn of_amounts(self) -> Self {
        Self { amounts: true, ..self }
    }

    /// The result is one of the samples, so it is still the same metric.
    pub(crate) const fn keeping_name(self) -> Self {
        Self { keeps_name: true, ..self }
    }

    /// Takes anchored windows, by counting as always.
    pub(crate) const fn anchored(self, of: OfFloats, of_both: OfBoth) -> Self {
        Self { edges: Some(EdgeFunction { of, of_both, interpolation: None }), ..self }
    }

    /// Takes anchored and smoothed windows, by another function that does not extrapolate.
    pub(crate) const fn between_edges(
        self,
        of: OfFloats,
        of_both: OfBoth,
        interpolation: Interpolation,
    ) -> Self {
        Self { edges: Some(EdgeFunction { of, of_both, interpolation: Some(interpolation) }), ..self }
    }

    /// Can move on from window to window, to the same results.
    pub(crate) const fn sliding(self, sliding: Sliding) -> Self {
        Self { sliding: Some(sliding), ..self }
    }

    /// Whether its results are still the same metric.
    pub(crate) const fn keeps_name(self) -> bool {
        self.keeps_name
    }

    /// The function of one window that has floats and no native histograms. `share` of it was asked for.
    pub(crate) fn of_window(
        self,
        window: &MixedWindow<'_>,
        share: f64,
        scalars: &[f64],
        notes: &mut Notes<'_>,
    ) -> Option<f64> {
        match self.of {
            Takes::Floats(of) => of(&window.of_floats()?, scalars),
            Takes::Both(of) => self.shared(of(window, scalars, notes), share)?.float(),
        }
    }

    /// Of a window of which a share was asked for, what goes with that.
    fn shared(self, value: Option<SampleValue>, share: f64) -> Option<SampleValue> {
        if !self.amounts || share == 1.0 {
            return value;
        }
        value.map(|value| match value {
            SampleValue::Float(value) => SampleValue::Float(value * share),
            SampleValue::Histogram(histogram) => histogram.scaled(share).into(),
        })
    }

    /// Hints when the metric does not look like a counter.
    pub(crate) const fn of_counters(self) -> Self {
        Self { of_counters: true, ..self }
    }
}

/// Evaluates a call of a window function.
pub(crate) fn call(
    evaluator: &mut Evaluator<'_>,
    call: &Call,
    grid: &Grid,
    function: WindowFunction,
) -> Result<Vec<Column>, QueryError> {
    let (range, span, scalars) = arguments(evaluator, call, grid)?;
    if function.of_counters {
        for RangeSeries { series, .. } in range.series.iter().filter(|range| !range.series.samples.is_empty())
        {
            hint_at_gauge(evaluator, &series.labels, span);
        }
    }
    if let (Some(edges), Some(edge_function)) = (range.edges, function.edges) {
        return over_edges(evaluator, range, span, edges, edge_function, grid);
    }
    match function.of {
        Takes::Floats(of) => {
            over_windows(evaluator, range, span, &scalars, grid, |window, scalars| Ok(of(window, scalars)))
        }
        Takes::Both(of) => over_mixed_windows(
            evaluator,
            range,
            span,
            &scalars,
            grid,
            function.keeps_name,
            |window, share, scalars, notes| Ok(function.shared(of(window, scalars, notes), share)),
        ),
    }
}

/// Evaluates a function on windows with edges.
fn over_edges(
    evaluator: &mut Evaluator<'_>,
    range: RangeVector,
    span: Span,
    edges: Edges,
    function: EdgeFunction,
    grid: &Grid,
) -> Result<Vec<Column>, QueryError> {
    let lookback = evaluator.lookback();
    let interpolation = function.interpolation.unwrap_or(Interpolation::Gauge);
    let mut columns = Vec::with_capacity(range.series.len());
    for RangeSeries { series, drop_name } in range.series {
        evaluator.check()?;
        let mut values = Vec::with_capacity(grid.len());
        // Floats alone, which nearly all series are, need not be looked at one by one.
        let merged = if series.histograms.is_empty() { Vec::new() } else { series.merged() };
        for (&end, evaluation) in range.ends.iter().zip(grid.times()) {
            let start = end.saturating_sub(range.range);
            if !merged.is_empty() {
                values.push(over_mixed_edges(
                    edges,
                    function,
                    &merged,
                    MixedWindow {
                        floats: &[],
                        histograms: &[],
                        starts: &series.starts,
                        more: 0,
                        start,
                        end,
                        evaluation,
                    },
                    lookback,
                    &mut Notes::new(&mut evaluator.annotations, span, &series.labels),
                ));
                continue;
            }
            let until =
                |edge: i64| series.samples.partition_point(|sample| sample.timestamp.millis() <= edge);
            let within = (until(start), until(end));
            let between = |before: &_, after: &_, time| {
                Ok::<_, Infallible>(edges::between(before, after, time, interpolation))
            };
            let Ok(samples) =
                edges::with_edges(edges, &series.samples, within, (start, end), lookback, between);
            values.push(match (samples.first(), samples.last()) {
                (Some(&first), Some(&last)) => {
                    (function.of)(&Window { samples: &samples, first, last, start, end, evaluation }, &[])
                        .map(SampleValue::Float)
                }
                _ => None,
            });
        }
        if values.iter().any(Option::is_some) {
            columns.push(evaluator.without_name(Column { labels: series.labels, drop_name, values }));
        }
    }
    merge_same(columns)
}

/// Evaluates a function on one window with edges of a series that has native histograms.
fn over_mixed_edges(
    edges: Edges,
    function: EdgeFunction,
    samples: &[(Timestamp, SampleValue)],
    window: MixedWindow<'_>,
    lookback: i64,
    notes: &mut Notes<'_>,
) -> Option<SampleValue> {
    let interpolation = function.interpolation.unwrap_or(Interpolation::Gauge);
    let until = |edge: i64| samples.partition_point(|(timestamp, _)| timestamp.millis() <= edge);
    let MixedWindow { start, end, .. } = window;
    let within = (until(start), until(end));
    let between = |before: &_, after: &_, time| edges::between_any(before, after, time, interpolation);
    let samples = match edges::with_edges(edges, samples, within, (start, end), lookback, between) {
        Ok(samples) => samples,
        Err(unlike) => {
            unlike.warn(notes);
            return None;
        }
    };
    if samples.is_empty() {
        return None;
    }
    let mut split = Series::default();
    for (timestamp, value) in samples {
        match value {
            SampleValue::Float(value) => split.samples.push(Sample { timestamp, value }),
            SampleValue::Histogram(histogram) => split.histograms.push((timestamp, histogram)),
        }
    }
    (function.of_both)(
        &MixedWindow { floats: &split.samples, histograms: &split.histograms, ..window },
        &[],
        notes,
    )
}

/// The range vector among the arguments with its place, and the scalar arguments at each step.
pub(crate) fn arguments(
    evaluator: &mut Evaluator<'_>,
    call: &Call,
    grid: &Grid,
) -> Result<(RangeVector, Span, Vec<Vec<f64>>), QueryError> {
    edges::check(call)?;
    let mut found = None;
    let mut scalars = Vec::new();
    let fold = match &call.function.implementation {
        Implementation::Window(function) => function.fold,
        _ => Fold::Samples,
    };
    for arg in &call.args {
        match evaluator.folding(arg, fold, grid)? {
            Computed::Range(range) => found = Some((range, arg.span)),
            Computed::Scalar(values) => scalars.push(values),
            _ => return Err(mistyped(ValueType::RangeVector)),
        }
    }
    let (range, span) = found.ok_or_else(|| mistyped(ValueType::RangeVector))?;
    Ok((range, span, scalars))
}

/// The values of all scalar arguments at one step.
pub(crate) fn at_step(scalars: &[Vec<f64>], step: usize) -> Vec<f64> {
    scalars.iter().map(|values| values.get(step).copied().unwrap_or(f64::NAN)).collect()
}

/// The values of all scalar arguments, step by step.
pub(crate) fn by_step(scalars: &[Vec<f64>], steps: usize) -> Vec<f64> {
    (0..steps).flat_map(|step| at_step(scalars, step)).collect()
}

/// Evaluates `of` on the floats of every window that has some, and hints at native histograms among them.
pub(crate) fn over_windows(
    evaluator: &mut Evaluator<'_>,
    range: RangeVector,
    span: Span,
    scalars: &[Vec<f64>],
    grid: &Grid,
    of: impl Fn(&Window<'_>, &[f64]) -> Result<Option<f64>, QueryError>,
) -> Result<Vec<Column>, QueryError> {
    over_mixed_windows(evaluator, range, span, scalars, grid, false, |window, _, scalars, notes| {
        if window.is_mixed() {
            notes.inform_of_metric(
                "ignored histograms in a range containing both floats and histograms for metric name",
            );
        }
        match window.of_floats() {
            Some(window) => Ok(of(&window, scalars)?.map(SampleValue::Float)),
            None => Ok(None),
        }
    })
}

/// Evaluates `of` on every window that has samples, and on the share of it that was asked for; notes are shown at `span`.
pub(crate) fn over_mixed_windows(
    evaluator: &mut Evaluator<'_>,
    range: RangeVector,
    span: Span,
    scalars: &[Vec<f64>],
    grid: &Grid,
    keeps_name: bool,
    of: impl Fn(&MixedWindow<'_>, f64, &[f64], &mut Notes<'_>) -> Result<Option<SampleValue>, QueryError>,
) -> Result<Vec<Column>, QueryError> {
    let parameters: Vec<Vec<f64>> = (0..grid.len()).map(|step| at_step(scalars, step)).collect();
    let mut columns = Vec::with_capacity(range.series.len());
    for RangeSeries { series, drop_name } in range.series {
        evaluator.check()?;
        let mut notes = Notes::new(&mut evaluator.annotations, span, &series.labels);
        let mut values = Vec::with_capacity(grid.len());
        // All edges only move forward.
        let (mut floats, mut histograms) = ((0, 0), (0, 0));
        for ((&end, evaluation), parameters) in range.ends.iter().zip(grid.times()).zip(&parameters) {
            let Placed { start, end, more, share } = Placed::of(&series, end, range.range);
            for (edge, floats, histograms) in
                [(start, &mut floats.0, &mut histograms.0), (end, &mut floats.1, &mut histograms.1)]
            {
                *floats += count_while(&series.samples, *floats, |sample| sample.timestamp.millis() <= edge);
                *histograms +=
                    count_while(&series.histograms, *histograms, |(time, _)| time.millis() <= edge);
            }
            let window = MixedWindow {
                floats: series.samples.get(floats.0..floats.1).unwrap_or_default(),
                histograms: series.histograms.get(histograms.0..histograms.1).unwrap_or_default(),
                starts: &series.starts,
                more,
                start,
                end,
                evaluation,
            };
            values.push(if window.floats.is_empty() && window.histograms.is_empty() {
                None
            } else {
                of(&window, share, parameters, &mut notes)?
            });
        }
        if values.iter().any(Option::is_some) {
            let column = Column { labels: series.labels, drop_name, values };
            columns.push(if keeps_name { column } else { evaluator.without_name(column) });
        }
    }
    merge_same(columns)
}

/// Hints at a counter function of a series that does not look like a counter.
pub(crate) fn hint_at_gauge(evaluator: &mut Evaluator<'_>, labels: &Labels, span: Span) {
    const SUFFIXES: [&str; 4] = ["_total", "_sum", "_count", "_bucket"];
    let Some(name) = labels.get(METRIC_NAME) else { return };
    if !SUFFIXES.iter().any(|suffix| name.ends_with(suffix)) {
        evaluator.annotations.inform(
            span,
            format!(
                "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: {:?}",
                name.as_str()
            ),
        );
    }
}
