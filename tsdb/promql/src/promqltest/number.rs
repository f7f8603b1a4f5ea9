//! Numbers, durations and counts as promqltest files write them.

use crate::lexer::number::{parse_duration, parse_number};

/// `1h30m`, or plain `0`; in milliseconds.
pub(super) fn duration(text: &str) -> Option<i64> {
    if text == "0" { Some(0) } else { parse_duration(text) }
}

/// A number without sign: no hexadecimal ones, for `x` is the sign of repetition.
fn unsigned(text: &str) -> Option<f64> {
    if text.contains(['x', 'X', '+']) && !text.contains(['e', 'E']) {
        return None;
    }
    if text.contains(['x', 'X']) || !text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '.') {
        return None;
    }
    let seconds = || parse_duration(text).map(|millis| millis as f64 / 1000.0);
    // A leading zero does not mean octal here.
    let decimal =
        || text.parse::<f64>().ok().filter(|_| text.starts_with(|c: char| c.is_ascii_digit() || c == '.'));
    decimal().or_else(|| parse_number(text)).or_else(seconds)
}

/// A number with an optional sign at the start of an item, as long as possible, and what follows it.
pub(super) fn leading(text: &str) -> Option<(f64, &str)> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    (1..=rest.len()).rev().find_map(|end| {
        let (number, tail) = rest.split_at_checked(end)?;
        let ends = tail.is_empty() || tail.starts_with(['x', '+', '-']);
        if ends { unsigned(number).map(|value| (sign * value, tail)) } else { None }
    })
}

/// A number and nothing else.
pub(super) fn whole(text: &str) -> Option<f64> {
    leading(text).filter(|(_, rest)| rest.is_empty()).map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_ends_where_repetition_or_growth_begins() {
        assert_eq!(leading("1e-3+2x5"), Some((1e-3, "+2x5")));
        assert_eq!(leading("-1.5x4"), Some((-1.5, "x4")));
        assert_eq!(leading("Infx2"), Some((f64::INFINITY, "x2")));
        assert_eq!(leading("1m-10x3"), Some((60.0, "-10x3")));
        assert_eq!(leading("0x5"), Some((0.0, "x5")));
        assert_eq!(leading("stale"), None);
    }
}
