//! Functions of a window of samples, such as `rate`.

use crowsnest_api::{METRIC_NAME, Sample};

use super::QueryError;
use super::column::{Column, Computed, RangeVector, merge_same};
use super::edges::{self, EdgeFunction, Interpolation};
use super::evaluator::{Evaluator, mistyped};
use super::grid::Grid;
use super::select::count_while;
use crate::ast::{Call, Edges};
use crate::{Span, ValueType};

/// The samples of one series that one step looks at; never empty.
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

/// A row's implementation: a function of a window and of the scalar arguments at that step.
#[derive(Clone, Copy)]
pub(crate) struct WindowFunction {
    of: fn(&Window<'_>, &[f64]) -> Option<f64>,
    keeps_name: bool,
    of_counters: bool,
    /// How it works on windows with edges, if it can.
    pub(crate) edges: Option<EdgeFunction>,
}

impl WindowFunction {
    pub(crate) const fn new(of: fn(&Window<'_>, &[f64]) -> Option<f64>) -> Self {
        Self { of, keeps_name: false, of_counters: false, edges: None }
    }

    /// The result is one of the samples, so it is still the same metric.
    pub(crate) const fn keeping_name(self) -> Self {
        Self { keeps_name: true, ..self }
    }

    /// Takes anchored windows by counting as always.
    pub(crate) const fn anchored(self) -> Self {
        Self { edges: Some(EdgeFunction { of: self.of, interpolation: None }), ..self }
    }

    /// Takes anchored and smoothed windows, by another function that does not extrapolate.
    pub(crate) const fn between_edges(
        self,
        of: fn(&Window<'_>, &[f64]) -> Option<f64>,
        interpolation: Interpolation,
    ) -> Self {
        Self { edges: Some(EdgeFunction { of, interpolation: Some(interpolation) }), ..self }
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
        hint_at_gauges(evaluator, &range, span);
    }
    if let (Some(edges), Some(edge_function)) = (range.edges, function.edges) {
        return over_edges(evaluator, range, edges, edge_function, grid);
    }
    over_windows(evaluator, range, &scalars, grid, function.keeps_name, |window, scalars| {
        Ok((function.of)(window, scalars))
    })
}

/// Evaluates a function on windows with edges.
fn over_edges(
    evaluator: &Evaluator<'_>,
    range: RangeVector,
    edges: Edges,
    function: EdgeFunction,
    grid: &Grid,
) -> Result<Vec<Column>, QueryError> {
    let lookback = evaluator.lookback();
    let interpolation = function.interpolation.unwrap_or(Interpolation::Gauge);
    let mut columns = Vec::with_capacity(range.series.len());
    for series in range.series {
        evaluator.check()?;
        let mut values = Vec::with_capacity(grid.len());
        for (&end, evaluation) in range.ends.iter().zip(grid.times()) {
            let start = end.saturating_sub(range.range);
            let until =
                |edge: i64| series.samples.partition_point(|sample| sample.timestamp.millis() <= edge);
            let within = (until(start), until(end));
            let samples =
                edges::with_edges(edges, interpolation, &series.samples, within, (start, end), lookback);
            values.push(match (samples.first(), samples.last()) {
                (Some(&first), Some(&last)) => {
                    (function.of)(&Window { samples: &samples, first, last, start, end, evaluation }, &[])
                }
                _ => None,
            });
        }
        if values.iter().any(Option::is_some) {
            columns.push(evaluator.without_name(Column {
                labels: series.labels,
                drop_name: series.drop_name,
                values,
            }));
        }
    }
    merge_same(columns)
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
    for arg in &call.args {
        match evaluator.eval(arg, grid)? {
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

/// Evaluates `of` on every window that has samples.
pub(crate) fn over_windows(
    evaluator: &Evaluator<'_>,
    range: RangeVector,
    scalars: &[Vec<f64>],
    grid: &Grid,
    keeps_name: bool,
    of: impl Fn(&Window<'_>, &[f64]) -> Result<Option<f64>, QueryError>,
) -> Result<Vec<Column>, QueryError> {
    let parameters: Vec<Vec<f64>> = (0..grid.len()).map(|step| at_step(scalars, step)).collect();
    let mut columns = Vec::with_capacity(range.series.len());
    for series in range.series {
        evaluator.check()?;
        let mut values = Vec::with_capacity(grid.len());
        // Both edges only move forward.
        let (mut from, mut to) = (0, 0);
        for ((&end, evaluation), parameters) in range.ends.iter().zip(grid.times()).zip(&parameters) {
            let start = end.saturating_sub(range.range);
            from += count_while(&series.samples, from, |sample| sample.timestamp.millis() <= start);
            to += count_while(&series.samples, to, |sample| sample.timestamp.millis() <= end);
            let samples = series.samples.get(from..to).unwrap_or_default();
            values.push(match (samples.first(), samples.last()) {
                (Some(&first), Some(&last)) => {
                    of(&Window { samples, first, last, start, end, evaluation }, parameters)?
                }
                _ => None,
            });
        }
        if values.iter().any(Option::is_some) {
            let column = Column { labels: series.labels, drop_name: series.drop_name, values };
            columns.push(if keeps_name { column } else { evaluator.without_name(column) });
        }
    }
    merge_same(columns)
}

fn hint_at_gauges(evaluator: &mut Evaluator<'_>, range: &RangeVector, span: Span) {
    const SUFFIXES: [&str; 4] = ["_total", "_sum", "_count", "_bucket"];
    for series in &range.series {
        let Some(name) = series.labels.get(METRIC_NAME) else { continue };
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
}
