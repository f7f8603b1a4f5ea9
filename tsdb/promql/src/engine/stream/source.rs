//! Selectors: where series come from, one at a time.

use crowsnest_api::{is_stale, stale_nan};

use super::names::Unnamed;
use super::slide::{Slide, Sliding};
use super::{FloatColumn, Sink, Stop};
use crate::ast::{Call, ExprKind, Selector};
use crate::engine::column::Held;
use crate::engine::downsampled::Placed;
use crate::engine::evaluator::Evaluator;
use crate::engine::grid::Grid;
use crate::engine::select::count_while;
use crate::engine::windows::{self, MixedWindow, Notes, WindowFunction};
use crate::{Expr, Fold, Matcher, Series};

/// At each step the newest sample within the lookback, unless the series has ended.
pub(super) fn newest(
    evaluator: &mut Evaluator<'_>,
    selector: &Selector,
    grid: &Grid,
    sink: Sink<'_>,
) -> Result<(), Stop> {
    let times = evaluator.shifted(&selector.modifiers, grid)?;
    let matchers = evaluator.matchers_of(selector);
    let lookback = evaluator.lookback();
    let mut column = FloatColumn::default();
    each_series(evaluator, &matchers, &times, lookback, Fold::Samples, |evaluator, series| {
        newest_at(&series, &times, lookback, &mut column.values);
        column.labels = series.labels;
        column.drop_name = false;
        if column.has_values() { sink(evaluator, &mut column) } else { Ok(()) }
    })
}

fn newest_at(series: &Series, times: &[i64], lookback: i64, values: &mut Vec<f64>) {
    let samples = series.samples.as_slice();
    values.clear();
    let mut seen = 0;
    values.extend(times.iter().map(|&time| {
        seen += count_while(samples, seen, |sample| sample.timestamp.millis() <= time);
        let newest = seen.checked_sub(1).and_then(|newest| samples.get(newest));
        // Left-open: a sample exactly as old as the lookback no longer counts.
        let alive = newest.filter(|sample| {
            sample.timestamp.millis() > time.saturating_sub(series.lookback(sample.timestamp, lookback))
        });
        alive.map_or(stale_nan(), |sample| sample.value)
    }));
}

/// The argument of a call that is a selector of plain windows.
pub(super) fn range_selector(call: &Call) -> Option<(&Selector, &Expr)> {
    call.args.iter().find_map(|arg| match &arg.without_parens().kind {
        ExprKind::Selector(selector) if selector.range.is_some() && selector.modifiers.edges.is_none() => {
            Some((&**selector, arg))
        }
        _ => None,
    })
}

/// A function of the windows of each series.
pub(super) fn windows(
    evaluator: &mut Evaluator<'_>,
    call: &Call,
    function: WindowFunction,
    grid: &Grid,
    sink: Sink<'_>,
) -> Result<(), Stop> {
    let (selector, arg) = range_selector(call).ok_or(Stop::NotCovered)?;
    let mut scalars = Vec::new();
    for other in call.args.iter().filter(|other| !std::ptr::eq(*other, arg)) {
        scalars.push(evaluator.scalar(other, grid)?);
    }
    let shape = Shape {
        ends: evaluator.shifted(&selector.modifiers, grid)?,
        range: match &selector.range {
            Some(range) => evaluator.positive_duration(range)?,
            None => 0,
        },
        width: scalars.len(),
        parameters: windows::by_step(&scalars, grid.len()),
    };
    let matchers = evaluator.matchers_of(selector);
    let mut unnamed = Unnamed::of(evaluator, arg);
    let mut column = FloatColumn::default();
    each_series(evaluator, &matchers, &shape.ends, shape.range, function.fold, |evaluator, mut series| {
        series.samples.retain(|sample| !is_stale(sample.value));
        if function.of_counters && !series.samples.is_empty() {
            windows::hint_at_gauge(evaluator, &series.labels, arg.span);
        }
        let notes = Notes::new(&mut evaluator.annotations, arg.span, &series.labels);
        shape.evaluate(&series, function, grid, notes, &mut column.values);
        column.labels = series.labels;
        column.drop_name = false;
        if !column.has_values() {
            return Ok(());
        }
        if !function.keeps_name() {
            unnamed.drop_name(&mut column)?;
        }
        sink(evaluator, &mut column)
    })
}

/// Where the windows of all steps lie, and what the function is told at each.
struct Shape {
    /// Inclusive; ascending.
    ends: Vec<i64>,
    /// How far windows reach back, exclusive.
    range: i64,
    /// The scalar arguments, step by step.
    parameters: Vec<f64>,
    /// How many there are at each step.
    width: usize,
}

impl Shape {
    /// In how many windows a sample lies, about.
    fn overlap(&self) -> i64 {
        match self.ends.as_slice() {
            [first, second, ..] => self.range / second.saturating_sub(*first).max(1),
            _ => 1,
        }
    }

    /// The function of every window of a series of floats.
    fn evaluate(
        &self,
        series: &Series,
        function: WindowFunction,
        grid: &Grid,
        mut notes: Notes<'_>,
        values: &mut Vec<f64>,
    ) {
        values.clear();
        // Counters that are known to have started within a window, and old samples, are rare enough for the long way.
        let plain = series.starts.is_empty() && series.downsampled.is_none();
        let slides = |sliding: &Sliding| plain && sliding.pays(self.overlap());
        let mut slide = function.sliding.filter(slides).map(|sliding| Slide::new(sliding, series));
        let (mut from, mut to) = (0, 0);
        for (step, (&end, evaluation)) in self.ends.iter().zip(grid.times()).enumerate() {
            let Placed { start, end, more, share } = Placed::of(series, end, self.range);
            from += count_while(&series.samples, from, |sample| sample.timestamp.millis() <= start);
            to += count_while(&series.samples, to, |sample| sample.timestamp.millis() <= end);
            let Some(floats) = series.samples.get(from..to).filter(|floats| !floats.is_empty()) else {
                values.push(stale_nan());
                continue;
            };
            let value = match &mut slide {
                Some(slide) => slide.to(from..to, (start, end)),
                None => {
                    let parameters = self.parameters.get(step * self.width..(step + 1) * self.width);
                    let starts = &series.starts;
                    let window =
                        MixedWindow { floats, histograms: &[], starts, more, start, end, evaluation };
                    function.of_window(&window, share, parameters.unwrap_or_default(), &mut notes)
                }
            };
            values.push(value.unwrap_or(stale_nan()));
        }
    }
}

/// Calls back with each series that matches and its samples in the windows `(time - reach, time]`; they count as held for
/// as long.
fn each_series(
    evaluator: &mut Evaluator<'_>,
    matchers: &[Matcher],
    times: &[i64],
    reach: i64,
    fold: Fold,
    mut visit: impl FnMut(&mut Evaluator<'_>, Series) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let Some(found) = evaluator.open(matchers, times, reach, 0, fold)? else { return Ok(()) };
    for series in found {
        let series = series?;
        evaluator.count_series()?;
        if !series.histograms.is_empty() {
            return Err(Stop::NotCovered);
        }
        let held = Held::of_series(&series.labels, series.samples.len());
        evaluator.hold(held)?;
        visit(evaluator, series)?;
        evaluator.release(held);
    }
    Ok(())
}
