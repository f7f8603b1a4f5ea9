//! Numbers and durations.

/// Units of a duration with their milliseconds, in the order they must be written.
const UNITS: &[(&str, i64)] = &[
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];

/// The value of a number as PromQL writes it: decimal, octal with a leading `0`, hexadecimal with `0x`, `_` between the
/// digits of integers, `Inf` and `NaN` in any case. `None` when it is not a number.
pub(crate) fn parse_number(text: &str) -> Option<f64> {
    let lower = text.to_ascii_lowercase();
    match lower.as_str() {
        "inf" => return Some(f64::INFINITY),
        "nan" => return Some(f64::NAN),
        _ => {}
    }
    parse_integer(&lower).or_else(|| {
        let plain = lower.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'+' | b'-'));
        if plain { lower.parse().ok() } else { None }
    })
}

fn parse_integer(lower: &str) -> Option<f64> {
    let (digits, radix, prefixed) = match lower.strip_prefix("0x") {
        Some(rest) => (rest, 16, true),
        None if lower.len() > 1 && lower.starts_with('0') => (lower.strip_prefix('0')?, 8, true),
        None => (lower, 10, false),
    };
    let digits = if prefixed { digits.strip_prefix('_').unwrap_or(digits) } else { digits };
    let misplaced =
        digits.is_empty() || digits.starts_with('_') || digits.ends_with('_') || digits.contains("__");
    if misplaced || !digits.chars().all(|c| c == '_' || c.is_digit(radix)) {
        return None;
    }
    i64::from_str_radix(&digits.replace('_', ""), radix).ok().map(|value| value as f64)
}

/// The milliseconds of a duration such as `1h30m`: each unit at most once, the larger first. `None` when it is none, or
/// longer than 292 years.
pub(crate) fn parse_duration(text: &str) -> Option<i64> {
    let mut total = 0_i64;
    let mut rest = text;
    let mut units = UNITS;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (count, tail) = rest.split_at_checked(digits)?;
        let letters = tail.len() - tail.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
        let (unit, tail) = tail.split_at_checked(letters)?;
        let at = units.iter().position(|(name, _)| *name == unit)?;
        let (_, millis) = units.get(at)?;
        total = total.checked_add(count.parse::<i64>().ok()?.checked_mul(*millis)?)?;
        units = units.get(at + 1..).unwrap_or_default();
        rest = tail;
    }
    (!text.is_empty() && total <= MAX_MILLIS).then_some(total)
}

/// The longest duration: Prometheus counts nanoseconds in 64 bits.
pub(crate) const MAX_MILLIS: i64 = i64::MAX / 1_000_000;

/// A duration as PromQL writes it, shortest exact form: `1h30m`, `0s`. Weeks and years are used only where nothing
/// smaller follows, as Prometheus does.
pub(crate) fn format_duration(millis: i64) -> String {
    if millis == 0 {
        return "0s".to_owned();
    }
    let mut text = if millis < 0 { "-".to_owned() } else { String::new() };
    let mut rest = millis.unsigned_abs();
    for (unit, size) in UNITS {
        let size = size.unsigned_abs();
        let whole_only = matches!(*unit, "y" | "w");
        if rest >= size && (!whole_only || rest.is_multiple_of(size)) {
            text.push_str(&format!("{}{unit}", rest / size));
            rest %= size;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_forms_of_go_literals() {
        let cases = [
            ("5", 5.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("1e3", 1000.0),
            ("2.5E-1", 0.25),
            ("0x1F", 31.0),
            ("0755", 493.0),
            ("08", 8.0),
            ("1_000", 1000.0),
            ("Inf", f64::INFINITY),
        ];
        for (text, value) in cases {
            assert_eq!(parse_number(text), Some(value), "{text}");
        }
        for text in ["1__0", "1_", "1_000.5", "0b1", "1e", "e1", "."] {
            assert_eq!(parse_number(text), None, "{text}");
        }
        assert!(parse_number("NAN").unwrap().is_nan());
    }

    #[test]
    fn durations_name_each_unit_once_and_the_larger_first() {
        let cases =
            [("5m", 300_000), ("1h30m", 5_400_000), ("10s53ms", 10_053), ("1y", 31_536_000_000), ("0s", 0)];
        for (text, millis) in cases {
            assert_eq!(parse_duration(text), Some(millis), "{text}");
        }
        for text in ["", "5", "m", "1m1h", "1m1m", "1.5h", "1000000y", "5mm"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }

    #[test]
    fn durations_are_written_as_they_are_read() {
        for text in ["5m", "1h30m", "1y", "2w", "15d", "10s53ms", "0s", "1d1ms"] {
            assert_eq!(format_duration(parse_duration(text).unwrap()), text);
        }
        assert_eq!(format_duration(-90_000), "-1m30s");
    }
}
