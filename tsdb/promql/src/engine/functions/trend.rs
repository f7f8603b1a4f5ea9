//! Linear regression and smoothing over a window.

use crate::ast::Call;
use crate::engine::QueryError;
use crate::engine::column::Computed;
use crate::engine::evaluator::Evaluator;
use crate::engine::grid::Grid;
use crate::engine::stats::Sum;
use crate::engine::windows::{Window, arguments, over_windows};

/// Slope per second.
pub(crate) fn deriv(window: &Window<'_>, _: &[f64]) -> Option<f64> {
    let (slope, _) = regression(window, window.first.timestamp.millis())?;
    Some(slope)
}

/// The value that the trend reaches so many seconds after the evaluation time.
pub(crate) fn predict_linear(window: &Window<'_>, args: &[f64]) -> Option<f64> {
    let (slope, intercept) = regression(window, window.evaluation)?;
    args.first().map(|seconds| slope * seconds + intercept)
}

/// Slope per second, and the value at the time `origin`, by least squares; `None` below two samples.
fn regression(window: &Window<'_>, origin: i64) -> Option<(f64, f64)> {
    let initial = window.first.value;
    if window.samples.len() < 2 {
        return None;
    }
    if window.values().all(|value| value == initial) {
        // A slope of exactly zero, whatever rounding would make of it.
        return Some(if initial.is_infinite() { (f64::NAN, f64::NAN) } else { (0.0, initial) });
    }
    let (mut x, mut y, mut xy, mut xx) = (Sum::default(), Sum::default(), Sum::default(), Sum::default());
    for sample in window.samples {
        let seconds = sample.timestamp.millis().saturating_sub(origin) as f64 / 1000.0;
        x.add(seconds);
        y.add(sample.value);
        xy.add(seconds * sample.value);
        xx.add(seconds * seconds);
    }
    let count = window.samples.len() as f64;
    let (x, y, xy, xx) = (x.total(), y.total(), xy.total(), xx.total());
    let slope = (xy - x * y / count) / (xx - x * x / count);
    Some((slope, y / count - slope * x / count))
}

/// `double_exponential_smoothing` (Holt's method).
pub(crate) fn double_exponential_smoothing(
    evaluator: &mut Evaluator<'_>,
    call: &Call,
    grid: &Grid,
) -> Result<Computed, QueryError> {
    let (range, span, scalars) = arguments(evaluator, call, grid)?;
    let columns = over_windows(evaluator, range, span, &scalars, grid, |window, factors| {
        let [smoothing, trend] = *factors else { return Ok(None) };
        for (factor, name, symbol) in [(smoothing, "smoothing", "sf"), (trend, "trend", "tf")] {
            if factor <= 0.0 || factor >= 1.0 {
                return Err(QueryError::execution(format!(
                    "invalid {name} factor. Expected: 0 < {symbol} < 1, got: {factor:.6}"
                )));
            }
        }
        Ok(smooth(window, smoothing, trend))
    })?;
    Ok(Computed::Vector(columns))
}

fn smooth(window: &Window<'_>, smoothing: f64, trend: f64) -> Option<f64> {
    let mut values = window.values();
    let (first, second) = (values.next()?, values.next()?);
    let (mut level, mut slope) = (first, second - first);
    for value in std::iter::once(second).chain(values) {
        let next = smoothing * value + (1.0 - smoothing) * (level + slope);
        slope = trend * (next - level) + (1.0 - trend) * slope;
        level = next;
    }
    Some(level)
}
