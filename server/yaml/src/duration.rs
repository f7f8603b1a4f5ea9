//! Durations as Prometheus writes them in configuration: `1d2h3m4s5ms`.

use std::time::Duration;

/// The units, largest first, in milliseconds.
const UNITS: [(&str, u64); 7] = [
    ("y", 365 * 24 * 3_600_000),
    ("w", 7 * 24 * 3_600_000),
    ("d", 24 * 3_600_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];
/// What Go's `time.Duration` can hold, in milliseconds.
const MOST_MILLIS: u64 = i64::MAX as u64 / 1_000_000;

/// A text that is not a duration. Prints as Prometheus prints it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// There is no text.
    #[error("empty duration string")]
    Empty,
    /// The text does not have the form.
    #[error("not a valid duration string: {0:?}")]
    Malformed(String),
    /// It is longer than 292 years.
    #[error("duration out of range")]
    OutOfRange,
}

/// Reads a duration: numbers with units, each unit once, larger ones first; or `0`.
///
/// # Errors
/// When the text is not a duration.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    match text {
        "" => return Err(DurationError::Empty),
        "0" => return Ok(Duration::ZERO),
        _ => {}
    }
    let malformed = || DurationError::Malformed(text.to_owned());
    let (mut rest, mut units, mut millis) = (text, UNITS.as_slice(), 0_u64);
    while !rest.is_empty() {
        let digits_end = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(malformed)?;
        let (digits, after) = rest.split_at_checked(digits_end).ok_or_else(malformed)?;
        let unit_end = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(unit_end).ok_or_else(malformed)?;
        let at = units.iter().position(|(name, _)| *name == unit).ok_or_else(malformed)?;
        if digits.is_empty() {
            return Err(malformed());
        }
        let (_, factor) = units.get(at).ok_or_else(malformed)?;
        let amount: u64 = digits.parse().map_err(|_| DurationError::OutOfRange)?;
        let sum = amount.checked_mul(*factor).and_then(|amount| amount.checked_add(millis));
        millis = sum.filter(|&sum| sum <= MOST_MILLIS).ok_or(DurationError::OutOfRange)?;
        units = units.get(at + 1..).unwrap_or_default();
        rest = after;
    }
    Ok(Duration::from_millis(millis))
}

/// Writes a duration as Prometheus does: `1h5m`, `0s`.
pub fn show(duration: Duration) -> String {
    let mut millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if millis == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    for (unit, factor) in UNITS {
        // Years and weeks only where they come out even, for people cannot divide by them.
        let must_be_exact = matches!(unit, "y" | "w" | "d");
        if millis >= factor && (!must_be_exact || millis.is_multiple_of(factor)) {
            text.push_str(&format!("{}{unit}", millis / factor));
            millis %= factor;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_prometheus_reads_them() {
        let cases = [
            ("0", Ok(0)),
            ("5m", Ok(300_000)),
            ("1d2h3m4s5ms", Ok(93_784_005)),
            ("1y", Ok(31_536_000_000)),
            ("", Err(DurationError::Empty)),
            ("1", Err(DurationError::Malformed("1".into()))),
            ("1m1h", Err(DurationError::Malformed("1m1h".into()))),
            ("1.5h", Err(DurationError::Malformed("1.5h".into()))),
            ("-1s", Err(DurationError::Malformed("-1s".into()))),
            ("300y", Err(DurationError::OutOfRange)),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text), expected.map(Duration::from_millis), "{text}");
        }
    }

    #[test]
    fn durations_are_written_as_prometheus_writes_them() {
        for (millis, expected) in
            [(0, "0s"), (300_000, "5m"), (3_900_000, "1h5m"), (604_800_000, "1w"), (1_500, "1s500ms")]
        {
            assert_eq!(show(Duration::from_millis(millis)), expected);
        }
    }
}
