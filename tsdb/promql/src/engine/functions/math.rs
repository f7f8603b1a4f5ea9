//! Functions of one sample.

use crate::ast::Call;
use crate::engine::QueryError;
use crate::engine::column::Column;
use crate::engine::evaluator::Evaluator;
use crate::engine::grid::Grid;
use crate::engine::windows::at_step;

/// Evaluates a function of each sample and of scalar arguments.
pub(crate) fn with_scalars(
    evaluator: &mut Evaluator<'_>,
    call: &Call,
    grid: &Grid,
    of: fn(f64, &[f64]) -> Option<f64>,
) -> Result<Vec<Column>, QueryError> {
    let columns = evaluator.vector(evaluator.arg(call, 0)?, grid)?;
    let mut scalars = Vec::new();
    for arg in call.args.iter().skip(1) {
        scalars.push(evaluator.scalar(arg, grid)?);
    }
    evaluator.map(columns, |step, value| of(value, &at_step(&scalars, step)))
}

pub(crate) fn deg(value: f64) -> f64 {
    value * 180.0 / std::f64::consts::PI
}

pub(crate) fn rad(value: f64) -> f64 {
    value * std::f64::consts::PI / 180.0
}

/// The sign; zero and NaN stay what they are.
pub(crate) fn sgn(value: f64) -> f64 {
    if value > 0.0 {
        1.0
    } else if value < 0.0 {
        -1.0
    } else {
        value
    }
}

/// To the nearest multiple; the order of the operations is Prometheus's and shows in the last digit.
pub(crate) fn round(value: f64, args: &[f64]) -> Option<f64> {
    let inverse = 1.0 / args.first().copied().unwrap_or(1.0);
    Some((value * inverse + 0.5).floor() / inverse)
}

/// Nothing at all when the minimum is above the maximum; NaN when either is NaN.
pub(crate) fn clamp(value: f64, args: &[f64]) -> Option<f64> {
    match *args {
        [least, most] if most < least => None,
        [least, most] => Some(max(least, min(most, value))),
        _ => None,
    }
}

pub(crate) fn clamp_min(value: f64, args: &[f64]) -> Option<f64> {
    args.first().map(|least| max(*least, value))
}

pub(crate) fn clamp_max(value: f64, args: &[f64]) -> Option<f64> {
    args.first().map(|most| min(*most, value))
}

/// The larger one; NaN when either is NaN, unlike `f64::max`.
pub(crate) fn max(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) }
}

/// The smaller one; NaN when either is NaN.
pub(crate) fn min(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.min(b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_rounded_up() {
        assert_eq!(round(2.5, &[]), Some(3.0));
        assert_eq!(round(-2.5, &[]), Some(-2.0));
        assert_eq!(round(17.0, &[5.0]), Some(15.0));
    }

    #[test]
    fn clamping_needs_bounds_in_order() {
        assert_eq!(clamp(7.0, &[0.0, 5.0]), Some(5.0));
        assert_eq!(clamp(7.0, &[5.0, 0.0]), None);
        assert!(clamp(7.0, &[f64::NAN, 5.0]).unwrap().is_nan());
    }
}
