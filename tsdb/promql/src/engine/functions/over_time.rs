//! Functions of all samples in a window.

use crate::ast::Call;
use crate::engine::aggregate::warn_of_quantiles;
use crate::engine::column::Computed;
use crate::engine::evaluator::Evaluator;
use crate::engine::grid::Grid;
use crate::engine::windows::{Window, arguments, over_windows};
use crate::engine::{QueryError, stats};

pub(crate) fn avg(window: &Window<'_>, _: &[f64]) -> Option<f64> {
    Some(stats::mean(window.values()))
}

pub(crate) fn sum(window: &Window<'_>, _: &[f64]) -> Option<f64> {
    Some(stats::sum(window.values()))
}

pub(crate) fn count(window: &Window<'_>, _: &[f64]) -> Option<f64> {
    Some(window.samples.len() as f64)
}

pub(crate) fn present(_: &Window<'_>, _: &[f64]) -> Option<f64> {
    Some(1.0)
}

pub(crate) fn min(window: &Window<'_>, _: &[f64]) -> Option<f64> {
    stats::extreme(window.values(), f64::lt)
}

pub(crate) fn max(window: &Window<'_>, _: &[f64]) -> Option<f64> {
    stats::extreme(window.values(), f64::gt)
}

pub(crate) fn first(window: &Window<'_>, _: &[f64]) -> Option<f64> {
    Some(window.first.value)
}

pub(crate) fn last(window: &Window<'_>, _: &[f64]) -> Option<f64> {
    Some(window.last.value)
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

/// How often neighbours differ; NaN does not differ from NaN.
pub(crate) fn changes(window: &Window<'_>, _: &[f64]) -> Option<f64> {
    let differ = |(a, b): &(f64, f64)| a != b && !(a.is_nan() && b.is_nan());
    Some(neighbours(window).filter(differ).count() as f64)
}

/// How often a value is smaller than the one before.
pub(crate) fn resets(window: &Window<'_>, _: &[f64]) -> Option<f64> {
    Some(neighbours(window).filter(|(before, after)| after < before).count() as f64)
}

fn neighbours(window: &Window<'_>) -> impl Iterator<Item = (f64, f64)> {
    window.values().zip(window.values().skip(1))
}

pub(crate) fn ts_of_first(window: &Window<'_>, _: &[f64]) -> Option<f64> {
    Some(window.first.timestamp.seconds())
}

pub(crate) fn ts_of_last(window: &Window<'_>, _: &[f64]) -> Option<f64> {
    Some(window.last.timestamp.seconds())
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
    let columns = over_windows(evaluator, range, &scalars, grid, false, |window, scalars| {
        let phi = scalars.first().copied().unwrap_or(f64::NAN);
        Ok(Some(stats::quantile(phi, &mut window.values().collect::<Vec<_>>())))
    })?;
    Ok(Computed::Vector(columns))
}
