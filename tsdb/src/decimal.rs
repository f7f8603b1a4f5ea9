//! Floats as decimals: value = m ÷ 10^e exactly, as metrics nearly always are (counts, bytes, seconds with a few digits).

/// 10^e for every exponent in use.
const POWERS: [f64; 10] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
/// Integers up to here are exact in a float.
const MAX_MANTISSA: f64 = 9_007_199_254_740_992.0;
/// The exponents are those below this.
pub(crate) const EXPONENTS: u8 = POWERS.len() as u8;

/// 10^exponent, for the exponents in use.
pub(crate) fn power(exponent: u8) -> Option<f64> {
    POWERS.get(usize::from(exponent)).copied()
}

/// `m` such that m ÷ 10^exponent is exactly `value`, bit for bit.
pub(crate) fn mantissa(value: f64, exponent: u8) -> Option<i64> {
    let power = power(exponent)?;
    let rounded = (value * power).round();
    // `as` maps NaN to zero, which then fails the comparison of bits.
    let mantissa = rounded as i64;
    let exact = rounded.abs() <= MAX_MANTISSA && (mantissa as f64 / power).to_bits() == value.to_bits();
    exact.then_some(mantissa)
}

/// The smallest exponent with which a value is a decimal.
pub(crate) fn exponent(value: f64) -> Option<u8> {
    (0..EXPONENTS).find(|&exponent| mantissa(value, exponent).is_some())
}

/// m ÷ 10^exponent; NaN for an exponent that is not in use.
pub(crate) fn value(mantissa: i64, exponent: u8) -> f64 {
    power(exponent).map_or(f64::NAN, |power| mantissa as f64 / power)
}
