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

/// From here on, adding one to the square changes nothing.
const LARGE: f64 = (1 << 28) as f64;

/// The inverse hyperbolic sine. Unlike the standard library's, it does not overflow.
pub(crate) fn asinh(value: f64) -> f64 {
    let size = value.abs();
    let result = if size > LARGE {
        size.ln() + std::f64::consts::LN_2
    } else if size > 2.0 {
        (2.0 * size + 1.0 / ((size * size + 1.0).sqrt() + size)).ln()
    } else {
        (size + size * size / (1.0 + (1.0 + size * size).sqrt())).ln_1p()
    };
    result.copysign(value)
}

/// The inverse hyperbolic cosine; NaN below one. It does not overflow either.
pub(crate) fn acosh(value: f64) -> f64 {
    if value >= LARGE {
        value.ln() + std::f64::consts::LN_2
    } else if value > 2.0 {
        (2.0 * value - 1.0 / (value + (value * value - 1.0).sqrt())).ln()
    } else if value >= 1.0 {
        let above = value - 1.0;
        (above + (2.0 * above + above * above).sqrt()).ln_1p()
    } else {
        f64::NAN
    }
}

/// The larger one. Nothing is larger than infinity, NaN included; other than with that, NaN makes NaN, unlike with
/// `f64::max`. Plus zero is larger than minus zero.
pub(crate) fn max(a: f64, b: f64) -> f64 {
    if a == f64::INFINITY || b == f64::INFINITY {
        f64::INFINITY
    } else if a.is_nan() || b.is_nan() {
        f64::NAN
    } else if a == b {
        if a.is_sign_negative() { b } else { a }
    } else {
        a.max(b)
    }
}

/// The smaller one, in the same way.
pub(crate) fn min(a: f64, b: f64) -> f64 {
    -max(-a, -b)
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
    fn inverse_hyperbolic_functions_do_not_overflow() {
        for value in [0.0, -0.0, 1e-9, 0.5, -1.5, 3.0, 1e5, -1e9, 1e150, f64::INFINITY] {
            let (ours, standard) = (asinh(value), value.asinh());
            assert!(ours == standard || (ours - standard).abs() < 1e-14 * standard.abs(), "{value}");
            let (ours, standard) = (acosh(value), value.acosh());
            let equal = ours == standard || ours.is_nan() && standard.is_nan();
            assert!(equal || (ours - standard).abs() < 1e-14 * standard.abs(), "{value}");
        }
        assert_eq!(acosh(f64::MAX), 710.475_860_073_943_9);
        assert_eq!(asinh(-f64::MAX), -710.475_860_073_943_9);
    }

    #[test]
    fn clamping_needs_bounds_in_order() {
        assert_eq!(clamp(7.0, &[0.0, 5.0]), Some(5.0));
        assert_eq!(clamp(7.0, &[5.0, 0.0]), None);
        assert!(clamp(7.0, &[f64::NAN, 5.0]).unwrap().is_nan());
        assert_eq!(clamp(7.0, &[f64::INFINITY, f64::NAN]), Some(f64::INFINITY));
        assert_eq!(clamp_max(f64::NAN, &[f64::NEG_INFINITY]), Some(f64::NEG_INFINITY));
        assert!(clamp_min(-0.0, &[0.0]).unwrap().is_sign_positive());
    }
}
