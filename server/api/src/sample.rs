//! One observation: a timestamp and a value, and how both are written in text.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Milliseconds since the Unix epoch, UTC. Negative is before 1970. Leap seconds do not exist here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The earliest representable instant.
    pub const MIN: Self = Self(i64::MIN);
    /// The latest representable instant.
    pub const MAX: Self = Self(i64::MAX);

    /// The instant `ms` milliseconds after the Unix epoch.
    pub const fn from_millis(ms: i64) -> Self {
        Self(ms)
    }

    /// The instant `seconds` after the epoch, rounded to the nearest millisecond; saturates at the range's ends.
    pub fn from_seconds(seconds: f64) -> Self {
        // `as` saturates and maps NaN to zero, which is what a clamp would do here.
        Self((seconds * 1000.0).round() as i64)
    }

    /// Milliseconds since the epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Seconds since the epoch, with a fraction.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// This instant moved by `ms`, saturating.
    #[must_use]
    pub const fn plus_millis(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// This instant moved back by `duration`, saturating.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// This instant moved forward by `duration`, saturating.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }
}

/// Seconds with up to three decimals, as the Prometheus HTTP API writes times: `1435781451.781`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, ms) = if self.0 < 0 { ("-", self.0.unsigned_abs()) } else { ("", self.0.unsigned_abs()) };
        match ms % 1000 {
            0 => write!(f, "{sign}{}", ms / 1000),
            rest => write!(f, "{sign}{}.{}", ms / 1000, format!("{rest:03}").trim_end_matches('0')),
        }
    }
}

/// One observation of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// When it was observed.
    pub timestamp: Timestamp,
    /// What was observed; any bit pattern, the staleness marker included.
    pub value: f64,
}

impl Sample {
    /// A sample of `value` at `timestamp_ms`.
    pub const fn new(timestamp_ms: i64, value: f64) -> Self {
        Self { timestamp: Timestamp::from_millis(timestamp_ms), value }
    }
}

/// The bits of the staleness marker: a NaN that no arithmetic produces. Prometheus writes the same.
pub const STALE_NAN_BITS: u64 = 0x7ff0_0000_0000_0002;

/// The staleness marker: "this series has ended here".
pub const fn stale_nan() -> f64 {
    f64::from_bits(STALE_NAN_BITS)
}

/// Whether `value` is the staleness marker. Other NaNs are ordinary values.
pub const fn is_stale(value: f64) -> bool {
    value.to_bits() == STALE_NAN_BITS
}

/// A value as Prometheus writes it in queries and labels: shortest digits that read back the same, never an exponent,
/// `NaN`, `+Inf`, `-Inf`.
pub fn format_value(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned()
    } else {
        // Rust's Display for f64 is the shortest round-trip form without an exponent.
        format!("{value}")
    }
}

/// A value as Prometheus writes it in JSON: as [`format_value`], but with an exponent of two digits or more below 1e-6
/// and from 1e21 on.
pub fn format_json_value(value: f64) -> String {
    with_json_value(value, str::to_owned)
}

/// Calls back with the text of [`format_json_value`], without memory of its own for most values.
pub fn with_json_value<T>(value: f64, then: impl FnOnce(&str) -> T) -> T {
    let magnitude = value.abs();
    if (1e-5..1e16).contains(&magnitude) || magnitude == 0.0 {
        let mut digits = zmij::Buffer::new();
        // Of two texts that are as short and as close, it takes the even one, as Go does and the standard library does not.
        let text = digits.format_finite(value);
        // What has an exponent after all takes the long way.
        if !text.contains('e') {
            return then(text.strip_suffix(".0").unwrap_or(text));
        }
    }
    if magnitude == 0.0 || !magnitude.is_finite() || (1e-6..1e21).contains(&magnitude) {
        return then(&format_value(value));
    }
    then(&format_exponent(value))
}

/// A value with an exponent of two digits or more and the fewest digits that read back the same, as Go's `%e` with
/// precision -1: `1.5e+00`. What is not finite is written as by [`format_value`].
pub fn format_exponent(value: f64) -> String {
    if !value.is_finite() {
        return format_value(value);
    }
    let text = format!("{value:e}");
    match text.split_once('e') {
        Some((digits, exponent)) => {
            let sign = if exponent.starts_with('-') { '-' } else { '+' };
            format!("{digits}e{sign}{:0>2}", exponent.trim_start_matches('-'))
        }
        None => text,
    }
}

/// Reads what [`format_value`] and Go's `strconv.ParseFloat` write for finite numbers, infinities and NaN.
pub fn parse_value(text: &str) -> Option<f64> {
    match text.to_ascii_lowercase().as_str() {
        "nan" => Some(f64::NAN),
        "inf" | "+inf" | "infinity" | "+infinity" => Some(f64::INFINITY),
        "-inf" | "-infinity" => Some(f64::NEG_INFINITY),
        lower => lower.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_seconds_with_at_most_three_decimals() {
        for (ms, text) in
            [(0, "0"), (1500, "1.5"), (1001, "1.001"), (-250, "-0.25"), (1_435_781_451_781, "1435781451.781")]
        {
            assert_eq!(Timestamp::from_millis(ms).to_string(), text);
        }
    }

    #[test]
    fn values_are_written_without_an_exponent() {
        for (value, text) in [
            (1e21, "1000000000000000000000"),
            (0.1, "0.1"),
            (-0.0, "-0"),
            (f64::INFINITY, "+Inf"),
            (stale_nan(), "NaN"),
        ] {
            assert_eq!(format_value(value), text);
        }
    }

    #[test]
    fn values_are_written_with_exponent() {
        for (value, expected) in
            [(0.0, "0e+00"), (1.5, "1.5e+00"), (-12345.0, "-1.2345e+04"), (1e-7, "1e-07"), (1e123, "1e+123")]
        {
            assert_eq!(format_exponent(value), expected);
        }
        assert_eq!(format_exponent(f64::INFINITY), "+Inf");
    }

    #[test]
    fn values_in_json_have_an_exponent_at_the_ends_of_the_range() {
        for (value, text) in [
            (1e21, "1e+21"),
            (-1.5e300, "-1.5e+300"),
            (9.9e20, "990000000000000000000"),
            (1e-6, "0.000001"),
            (1.25e-7, "1.25e-07"),
            (5e-324, "5e-324"),
            (0.0, "0"),
            (-0.0, "-0"),
            (f64::NEG_INFINITY, "-Inf"),
        ] {
            assert_eq!(format_json_value(value), text);
            assert_eq!(parse_value(text), Some(value));
        }
    }

    #[test]
    fn the_short_way_to_a_value_in_json_gives_as_many_digits() {
        // A fixed walk over bit patterns, and decimals near the ends of the range.
        let bits = (1..100_000_u64).map(|i| f64::from_bits(i.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        let bits = bits.filter(|value| !value.is_nan());
        let decimals =
            (-8..24).flat_map(|e| [1.0, 1.5, 12_345.0, -9.999].map(|digits| digits * 10f64.powi(e)));
        for value in bits.chain(decimals) {
            let long = match value.abs() {
                magnitude if (1e-6..1e21).contains(&magnitude) => format_value(value),
                _ => format_exponent(value),
            };
            let short = format_json_value(value);
            assert_eq!(
                (short.len(), parse_value(&short)),
                (long.len(), parse_value(&long)),
                "{short} {long}"
            );
        }
    }

    #[test]
    fn only_one_nan_is_the_staleness_marker() {
        assert!(is_stale(stale_nan()));
        assert!(!is_stale(f64::NAN));
    }
}
