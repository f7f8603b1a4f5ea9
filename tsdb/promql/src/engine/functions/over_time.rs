//! Functions of all samples in a window.

use std::sync::Arc;

use crowsnest_api::Timestamp;

use super::rate;
use crate::ast::Call;
use crate::engine::aggregate::{MIXED_SCHEMES, warn_of_quantiles};
use crate::engine::column::Computed;
use crate::engine::evaluator::Evaluator;
use crate::engine::grid::Grid;
use crate::engine::windows::{MixedWindow, Notes, Window, arguments, over_windows};
use crate::engine::{QueryError, SampleValue, stats};
use crate::histogram::{Goal, ResetHint, Total};

/// Said before the name of a metric whose window has both kinds of samples.
pub(crate) const MIXED_KINDS: &str = "encountered a mix of histograms and floats for metric name";

pub(crate) fn avg(window: &MixedWindow<'_>, _: &[f64], notes: &mut Notes<'_>) -> Option<SampleValue> {
    total(window, notes, Goal::Mean)
}

pub(crate) fn sum(window: &MixedWindow<'_>, _: &[f64], notes: &mut Notes<'_>) -> Option<SampleValue> {
    total(window, notes, Goal::Sum)
}

fn total(window: &MixedWindow<'_>, notes: &mut Notes<'_>, goal: Goal) -> Option<SampleValue> {
    if window.is_mixed() {
        notes.warn_of_metric(MIXED_KINDS);
        return None;
    }
    if let Some(floats) = window.of_floats() {
        let values = floats.values();
        return Some(SampleValue::Float(match goal {
            Goal::Mean if window.more > 0 => stats::sum(values) / number(window),
            Goal::Mean => stats::mean(values),
            Goal::Sum => stats::sum(values),
        }));
    }
    let mut histograms = window.histograms.iter().map(|(_, histogram)| histogram);
    let mut total = Total::new(goal, histograms.next()?);
    for histogram in histograms {
        if total.add(histogram).is_err() {
            notes.warn_of_metric(MIXED_SCHEMES);
            return None;
        }
    }
    if total.hints_collide() {
        notes.warn("conflicting counter resets during histogram aggregation");
    }
    if total.reconciled {
        notes.inform("mismatched custom buckets were reconciled during aggregation");
    }
    Some(total.finish().into())
}

pub(crate) fn count(window: &MixedWindow<'_>, _: &[f64], _: &mut Notes<'_>) -> Option<SampleValue> {
    Some(SampleValue::Float(number(window)))
}

/// How many samples there were, including those that others stand for.
fn number(window: &MixedWindow<'_>) -> f64 {
    (window.floats.len() + window.histograms.len()) as f64 + window.more as f64
}

pub(crate) fn present(_: &MixedWindow<'_>, _: &[f64], _: &mut Notes<'_>) -> Option<SampleValue> {
    Some(SampleValue::Float(1.0))
}

pub(crate) fn min(window: &Window<'_>, _: &[f64]) -> Option<f64> {
    stats::extreme(window.values(), f64::lt)
}

pub(crate) fn max(window: &Window<'_>, _: &[f64]) -> Option<f64> {
    stats::extreme(window.values(), f64::gt)
}

pub(crate) fn first(window: &MixedWindow<'_>, _: &[f64], _: &mut Notes<'_>) -> Option<SampleValue> {
    samples(window).next().map(|(_, value)| value)
}

pub(crate) fn last(window: &MixedWindow<'_>, _: &[f64], _: &mut Notes<'_>) -> Option<SampleValue> {
    samples(window).last().map(|(_, value)| value)
}

/// The samples of both kinds, oldest first.
fn samples<'a>(window: &MixedWindow<'a>) -> impl Iterator<Item = (Timestamp, SampleValue)> + use<'a> {
    let mut floats = window.floats.iter().peekable();
    let mut histograms = window.histograms.iter().peekable();
    std::iter::from_fn(move || {
        let float_comes_first = match (floats.peek(), histograms.peek()) {
            (Some(float), Some((timestamp, _))) => float.timestamp < *timestamp,
            (float, _) => float.is_some(),
        };
        if float_comes_first {
            floats.next().map(|sample| (sample.timestamp, SampleValue::Float(sample.value)))
        } else {
            let (timestamp, histogram) = histograms.next()?;
            Some((*timestamp, SampleValue::Histogram(Arc::clone(histogram))))
        }
    })
}

pub(crate) fn stdvar(window: &Window<'_>, _: &[f64]) -> Option<f64> {
    Some(stats::compensated_variance(window.values()))
}

pub(crate) fn stddev(window: &Window<'_>, _: &[f64]) -> Option<f64> {
    Some(stats::compensated_variance(window.values()).sqrt())
}

/// Median absolute deviation from the median.
pub(crate) fn mad(window: &Window<'_>, _: &[f64]) -> Option<f64> {
    let mut values: Vec<f64> = window.values().collect();
    let median = stats::quantile(0.5, &mut values);
    for value in &mut values {
        *value = (*value - median).abs();
    }
    Some(stats::quantile(0.5, &mut values))
}

/// How often neighbours differ; NaN does not differ from NaN, a float differs from every native histogram.
pub(crate) fn changes(window: &MixedWindow<'_>, _: &[f64], _: &mut Notes<'_>) -> Option<SampleValue> {
    let differ = |((_, a), (_, b)): &(_, _)| match (a, b) {
        (SampleValue::Float(a), SampleValue::Float(b)) => differ(*a, *b),
        (SampleValue::Histogram(a), SampleValue::Histogram(b)) => !a.holds_same(b),
        _ => true,
    };
    Some(SampleValue::Float(samples(window).zip(samples(window).skip(1)).filter(differ).count() as f64))
}

/// As [`changes`], of floats only.
pub(crate) fn float_changes(window: &Window<'_>, _: &[f64]) -> Option<f64> {
    let pairs = window.values().zip(window.values().skip(1));
    Some(pairs.filter(|(a, b)| differ(*a, *b)).count() as f64)
}

fn differ(a: f64, b: f64) -> bool {
    a != b && !(a.is_nan() && b.is_nan())
}

/// How often a counter restarted: its value fell, its start lies between two samples, or its kind changed.
pub(crate) fn resets(window: &MixedWindow<'_>, _: &[f64], _: &mut Notes<'_>) -> Option<SampleValue> {
    let restarted = |((before, a), (after, b)): &(_, _)| {
        let fell = match (a, b) {
            (SampleValue::Float(a), SampleValue::Float(b)) => b < a,
            (SampleValue::Histogram(a), SampleValue::Histogram(b)) => {
                (a.hint == ResetHint::Gauge) != (b.hint == ResetHint::Gauge) || b.is_reset_since(a)
            }
            _ => true,
        };
        fell || rate::started_anew(window, *before, *after)
    };
    Some(SampleValue::Float(samples(window).zip(samples(window).skip(1)).filter(restarted).count() as f64))
}

/// As [`resets`], of floats only.
pub(crate) fn float_resets(window: &Window<'_>, _: &[f64]) -> Option<f64> {
    let pairs = window.values().zip(window.values().skip(1));
    Some(pairs.filter(|(before, after)| after < before).count() as f64)
}

pub(crate) fn ts_of_first(window: &MixedWindow<'_>, _: &[f64], _: &mut Notes<'_>) -> Option<SampleValue> {
    samples(window).next().map(|(timestamp, _)| SampleValue::Float(timestamp.seconds()))
}

pub(crate) fn ts_of_last(window: &MixedWindow<'_>, _: &[f64], _: &mut Notes<'_>) -> Option<SampleValue> {
    samples(window).last().map(|(timestamp, _)| SampleValue::Float(timestamp.seconds()))
}

pub(crate) fn ts_of_min(window: &Window<'_>, _: &[f64]) -> Option<f64> {
    ts_of(window, f64::le)
}

pub(crate) fn ts_of_max(window: &Window<'_>, _: &[f64]) -> Option<f64> {
    ts_of(window, f64::ge)
}

fn ts_of(window: &Window<'_>, at_least_as_good: fn(&f64, &f64) -> bool) -> Option<f64> {
    let best = window.samples.iter().reduce(|best, sample| {
        if at_least_as_good(&sample.value, &best.value) || best.value.is_nan() { sample } else { best }
    });
    best.map(|sample| sample.timestamp.seconds())
}

/// `quantile_over_time`
pub(crate) fn quantile(
    evaluator: &mut Evaluator<'_>,
    call: &Call,
    grid: &Grid,
) -> Result<Computed, QueryError> {
    let (range, _, scalars) = arguments(evaluator, call, grid)?;
    let quantiles = scalars.first().map(Vec::as_slice).unwrap_or_default();
    if !range.series.is_empty() {
        warn_of_quantiles(evaluator, quantiles, evaluator.arg(call, 0)?.span);
    }
    let span = evaluator.arg(call, 0)?.span;
    let columns = over_windows(evaluator, range, span, &scalars, grid, |window, scalars| {
        let phi = scalars.first().copied().unwrap_or(f64::NAN);
        Ok(Some(stats::quantile(phi, &mut window.values().collect::<Vec<_>>())))
    })?;
    Ok(Computed::Vector(columns))
}
