//! Durations and sizes as people write them: `15d`, `1h30m`, `10GiB`.

use std::time::Duration;

use serde::Deserialize;

/// Prometheus's duration units, longest first, with their length in milliseconds.
const DURATION_UNITS: &[(&str, u64)] = &[
    ("ms", 1),
    ("y", 365 * 24 * 3_600_000),
    ("w", 7 * 24 * 3_600_000),
    ("d", 24 * 3_600_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
];

/// Units of sizes; as in Prometheus `KB` means what `KiB` means.
const SIZE_UNITS: &[(&str, u64)] = &[
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("KB", 1 << 10),
    ("MB", 1 << 20),
    ("GB", 1 << 30),
    ("TB", 1 << 40),
    ("B", 1),
];

/// Reads a Prometheus duration: numbers with units, each unit at most once, from the longest to the shortest.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text;
    let mut total: u64 = 0;
    let mut smallest = u64::MAX;
    while !rest.is_empty() {
        let (number, after) = split_number(rest)?;
        let (unit, length) = DURATION_UNITS.iter().find(|(unit, _)| after.starts_with(unit))?;
        if *length >= smallest {
            return None;
        }
        smallest = *length;
        total = total.checked_add(number.checked_mul(*length)?)?;
        rest = after.strip_prefix(unit)?;
    }
    (smallest != u64::MAX).then(|| Duration::from_millis(total))
}

/// Writes a duration as [`parse_duration`] reads it, from the longest unit that fits to the shortest: `1m30s`.
pub(crate) fn format_duration(duration: Duration) -> String {
    // Weeks and years are for those who write; Prometheus prints them only when they divide evenly.
    const UNITS: [(&str, u128); 5] =
        [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];
    let mut rest = duration.as_millis();
    let mut text = String::new();
    for (unit, length) in UNITS {
        if rest >= length {
            text.push_str(&format!("{}{unit}", rest / length));
            rest %= length;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// Writes a size as [`Bytes`] reads it, in the largest unit that divides it: `10GiB`.
pub(crate) fn format_bytes(bytes: u64) -> String {
    let units = [("TiB", 1_u64 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    let unit = units.iter().find(|(_, size)| bytes > 0 && bytes.is_multiple_of(*size));
    unit.map_or_else(|| format!("{bytes}B"), |(name, size)| format!("{}{name}", bytes / size))
}

fn parse_bytes(text: &str) -> Option<u64> {
    let (number, unit) = split_number(text)?;
    let (_, size) = SIZE_UNITS.iter().find(|(name, _)| *name == unit)?;
    number.checked_mul(*size)
}

fn split_number(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let (digits, rest) = text.split_at_checked(end)?;
    Some((digits.parse().ok()?, rest))
}

/// A duration in a flag or the configuration file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Span(pub(crate) Duration);

impl std::str::FromStr for Span {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        parse_duration(text)
            .filter(|duration| !duration.is_zero())
            .map(Self)
            .ok_or_else(|| format!("{text:?} is not a duration such as 15d or 1h30m"))
    }
}

impl TryFrom<String> for Span {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// A size in a flag or the configuration file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Bytes(pub(crate) u64);

impl std::str::FromStr for Bytes {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        parse_bytes(text)
            .filter(|bytes| *bytes > 0)
            .map(Self)
            .ok_or_else(|| format!("{text:?} is not a size such as 512MiB or 10GiB"))
    }
}

impl TryFrom<String> for Bytes {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<u64>) {
        assert_eq!(parse_duration(text), expected.map(Duration::from_millis), "{text:?}");
    }

    #[test]
    fn durations_have_units_from_long_to_short() {
        check("15d", Some(15 * 86_400_000));
        check("1h30m", Some(5_400_000));
        check("1m5s250ms", Some(65_250));
        check("0", Some(0));
    }

    #[test]
    fn what_is_written_is_read_back() {
        for text in ["15d", "1h30m", "1m5s250ms", "0s", "400d"] {
            let read = if text == "0s" { Duration::ZERO } else { parse_duration(text).unwrap() };
            assert_eq!(format_duration(read), text);
        }
        for text in ["10GiB", "1536MiB", "1B", "3KiB"] {
            assert_eq!(format_bytes(parse_bytes(text).unwrap()), text);
        }
    }

    #[test]
    fn what_prometheus_refuses_is_no_duration() {
        for wrong in
            ["", "5", "m", "30m1h", "1h1h", "-5m", "1.5h", "5 m", "99999999999999999999d", "5000000000y"]
        {
            check(wrong, None);
        }
    }

    #[test]
    fn sizes_are_powers_of_two() {
        assert_eq!(parse_bytes("10GiB"), Some(10 << 30));
        assert_eq!(parse_bytes("10GB"), Some(10 << 30));
        assert_eq!(parse_bytes("1B"), Some(1));
        for wrong in ["", "10", "GiB", "1.5GiB", "10gib", "99999999TiB"] {
            assert_eq!(parse_bytes(wrong), None, "{wrong:?}");
        }
    }
}
