//! Durations as words and as clocks.

use super::number::{Decimals, to_text};
use super::table::ClockStyle;

/// Whole parts of a duration, in seconds. Months and years are those of Grafana: 30 and 365 days.
const PARTS: &[(f64, &str)] = &[
    (31_536_000.0, "year"),
    (2_592_000.0, "month"),
    (604_800.0, "week"),
    (86_400.0, "day"),
    (3600.0, "hour"),
    (60.0, "minute"),
    (1.0, "second"),
    (1e-3, "millisecond"),
];

/// Beyond this many years the parts of a duration mean nothing.
const LONGEST: f64 = 1e6 * 31_536_000.0;

/// `1 day, 3 hours`: the largest part, and as many smaller ones as there are decimals asked for.
pub(super) fn in_words(seconds: f64, decimals: Decimals) -> String {
    if seconds.abs() > LONGEST {
        return to_text(seconds, Decimals::Auto);
    }
    let wanted = match decimals {
        Decimals::Auto => 1,
        Decimals::Fixed(more) => usize::from(more).saturating_add(1),
    };
    let mut rest = seconds.abs();
    let mut words: Vec<String> = Vec::new();
    for &(size, name) in PARTS {
        if words.len() == wanted {
            break;
        }
        let count = (rest / size + 1e-9).floor();
        rest -= count * size;
        match count {
            0.0 => {}
            1.0 => words.push(format!("1 {name}")),
            _ => words.push(format!("{count:.0} {name}s")),
        }
    }
    if words.is_empty() {
        return "0 seconds".to_owned();
    }
    let sign = if seconds < 0.0 { "-" } else { "" };
    format!("{sign}{}", words.join(", "))
}

/// A duration as a clock shows it, in whole seconds.
pub(super) fn as_clock(seconds: f64, style: ClockStyle) -> String {
    if seconds.abs() > LONGEST {
        return to_text(seconds, Decimals::Auto);
    }
    let whole = seconds.abs().round() as u64;
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60);
    let sign = if seconds < 0.0 && whole > 0 { "-" } else { "" };
    match style {
        ClockStyle::Letters => format!("{sign}{hours:02}h:{minutes:02}m:{rest:02}s"),
        ClockStyle::Days if hours >= 24 => {
            format!("{sign}{} d {:02}:{minutes:02}:{rest:02}", hours / 24, hours % 24)
        }
        ClockStyle::Hours | ClockStyle::Days => format!("{sign}{hours:02}:{minutes:02}:{rest:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_below_a_millisecond_is_nothing() {
        assert_eq!(in_words(1e-5, Decimals::Auto), "0 seconds");
        assert_eq!(in_words(0.25, Decimals::Auto), "250 milliseconds");
    }

    #[test]
    fn negative_durations_keep_their_sign() {
        assert_eq!(in_words(-3600.0, Decimals::Auto), "-1 hour");
        assert_eq!(as_clock(-61.0, ClockStyle::Hours), "-00:01:01");
    }
}
