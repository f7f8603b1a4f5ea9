//! Numbers as text: how many decimals, which step of a ladder, and what to do at the edges of `f64`.

use super::table::{Ladder, Step};

/// How many digits stand after the point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Decimals {
    /// Three significant digits, no trailing zeros, and none at all for whole numbers.
    #[default]
    Auto,
    /// Exactly so many, zeros kept; more than 15 are cut.
    Fixed(u8),
}

/// More digits than an `f64` holds would be invented.
const MOST_DECIMALS: u8 = 15;
/// Below this a fixed-point number is all zeros, above it all digits: scientific notation is shorter and says more.
const TINY: f64 = 1e-6;
const HUGE: f64 = 1e7;

/// The text of a number that has no digits, or `None` for one that has.
pub(super) fn non_finite(value: f64) -> Option<&'static str> {
    match value {
        _ if value.is_nan() => Some("NaN"),
        f64::INFINITY => Some("+Inf"),
        f64::NEG_INFINITY => Some("-Inf"),
        _ => None,
    }
}

/// `value` in digits.
pub(super) fn to_text(value: f64, decimals: Decimals) -> String {
    let magnitude = value.abs();
    let text = match decimals {
        _ if value == 0.0 && decimals == Decimals::Auto => "0".to_owned(),
        _ if magnitude >= HUGE && !is_whole(value) || magnitude >= 1e15 => return format!("{value:.2e}"),
        Decimals::Auto if magnitude < TINY => return format!("{value:.2e}"),
        Decimals::Auto if is_whole(value) => format!("{value:.0}"),
        Decimals::Auto => without_trailing_zeros(format!("{value:.*}", significant_decimals(magnitude))),
        Decimals::Fixed(digits) => format!("{value:.*}", usize::from(digits.min(MOST_DECIMALS))),
    };
    // Rounding can leave a minus before nothing but zeros.
    match text.strip_prefix('-') {
        Some(digits) if digits.chars().all(|c| matches!(c, '0' | '.')) => digits.to_owned(),
        _ => text,
    }
}

/// How many decimals a column of such texts, as [`to_text`] writes them one by one, needs in common.
pub(super) fn column_decimals<'a>(texts: impl Iterator<Item = &'a str> + Clone) -> u8 {
    if !texts.clone().any(|text| text.contains('.')) {
        return 0;
    }
    let magnitudes =
        texts.filter_map(|text| text.parse::<f64>().ok()).map(f64::abs).filter(|value| value.is_finite());
    let largest = magnitudes.fold(0.0, f64::max);
    if largest == 0.0 { 0 } else { u8::try_from(significant_decimals(largest)).unwrap_or(MOST_DECIMALS) }
}

/// How many decimals a text that [`to_text`] wrote needs to show its first digit that is not zero.
pub(super) fn least_decimals(text: &str) -> u8 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_digit = |c: char| matches!(c, '1'..='9');
    if whole.contains(is_digit) {
        return 0;
    }
    fraction.find(is_digit).and_then(|at| u8::try_from(at + 1).ok()).unwrap_or(0)
}

/// `value` to the base of sixteen; what is not whole or too large for that stays decimal.
pub(super) fn to_hex(value: f64) -> String {
    if !is_whole(value) || value.abs() > 9.0e15 {
        return to_text(value, Decimals::Auto);
    }
    let sign = if value < 0.0 { "-" } else { "" };
    format!("{sign}{:x}", value.abs() as u64)
}

/// The largest step not above `value` as it will be rounded: 1,048,575 B print as 1 MiB, not as 1024 KiB.
///
/// Zero takes the base step; what is smaller than every step takes the smallest.
pub(super) fn pick_step(ladder: &'static Ladder, value: f64, decimals: Decimals) -> &'static Step {
    const BASE: &Step = &Step { size: 1.0, prefix: "" };
    let steps = ladder.steps;
    if value == 0.0 {
        return steps.iter().find(|step| step.size == 1.0).unwrap_or(BASE);
    }
    let magnitude = value.abs();
    let below = steps.iter().rposition(|step| step.size <= magnitude).unwrap_or(0);
    let Some(step) = steps.get(below) else { return BASE };
    match steps.get(below + 1) {
        Some(above) if rounded(magnitude / step.size, decimals) * step.size >= above.size => above,
        _ => step,
    }
}

/// `magnitude` after the digits that will not be shown are gone.
fn rounded(magnitude: f64, decimals: Decimals) -> f64 {
    let digits = match decimals {
        Decimals::Auto => significant_decimals(magnitude),
        Decimals::Fixed(digits) => usize::from(digits.min(MOST_DECIMALS)),
    };
    let unit = 10f64.powi(digits as i32);
    (magnitude * unit).round() / unit
}

/// Decimals for three significant digits.
fn significant_decimals(magnitude: f64) -> usize {
    let exponent = magnitude.log10().floor();
    // Within 0..=8, because `to_text` sends everything else to scientific notation.
    (2.0 - exponent).clamp(0.0, 8.0) as usize
}

fn without_trailing_zeros(mut text: String) -> String {
    if text.contains('.') {
        let kept = text.trim_end_matches('0').trim_end_matches('.').len();
        text.truncate(kept);
    }
    text
}

fn is_whole(value: f64) -> bool {
    value.fract() == 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn automatic_decimals_make_three_significant_digits() {
        for (value, expected) in [
            (1.23456, "1.23"),
            (12.3456, "12.3"),
            (123.456, "123"),
            (0.012_345, "0.0123"),
            (1.5, "1.5"),
            (-0.25, "-0.25"),
        ] {
            assert_eq!(to_text(value, Decimals::Auto), expected);
        }
    }

    #[test]
    fn asked_for_decimals_keep_their_zeros() {
        assert_eq!(to_text(1.0, Decimals::Fixed(2)), "1.00");
        assert_eq!(to_text(0.0, Decimals::Fixed(1)), "0.0");
        assert_eq!(to_text(-0.001, Decimals::Fixed(1)), "0.0");
    }

    #[test]
    fn hexadecimal_is_for_whole_numbers() {
        assert_eq!(to_hex(255.0), "ff");
        assert_eq!(to_hex(1.5), "1.5");
    }
}
