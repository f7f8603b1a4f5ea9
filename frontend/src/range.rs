//! Time ranges as people choose them: "the last hour", or from one moment to another.

use std::fmt;
use std::str::FromStr;

/// Milliseconds in a second, minute, hour and day.
pub(crate) const SECOND: i64 = 1_000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;

/// How many points a chart asks for at most; more than its pixels would show nobody anything.
const POINTS: i64 = 240;
/// Steps that fall on round moments, in milliseconds, rising.
const STEPS: &[i64] = &[
    SECOND,
    2 * SECOND,
    5 * SECOND,
    10 * SECOND,
    15 * SECOND,
    30 * SECOND,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
];

/// What the time picker offers, in milliseconds.
pub(crate) const OFFERED: &[i64] =
    &[5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY];

/// A stretch of time; lives in the URL as `range`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Range {
    /// The newest so many milliseconds; moves on.
    Last(i64),
    /// From one moment to a later one, both in milliseconds since the epoch; stands still.
    Between(i64, i64),
}

impl Range {
    /// The stretch of `from` to `to`, whichever is earlier; at least one second long.
    pub(crate) fn between(from: i64, to: i64) -> Self {
        let (from, to) = (from.min(to), from.max(to));
        Self::Between(from, to.max(from + SECOND))
    }

    /// Its first and last moment when it is `now`.
    pub(crate) fn bounds(self, now: i64) -> (i64, i64) {
        match self {
            Self::Last(length) => (now - length, now),
            Self::Between(from, to) => (from, to),
        }
    }

    /// Its length in milliseconds.
    pub(crate) fn length(self) -> i64 {
        match self {
            Self::Last(length) => length,
            Self::Between(from, to) => to - from,
        }
    }

    /// Whether its end is the present.
    pub(crate) fn is_live(self) -> bool {
        matches!(self, Self::Last(_))
    }

    /// The distance between points, in milliseconds, that suits its length: round, and never finer than `finest`.
    pub(crate) fn step(self, finest: i64) -> i64 {
        let wanted = (self.length() / POINTS).max(finest);
        STEPS.iter().copied().find(|step| *step >= wanted).unwrap_or_else(|| (wanted / DAY + 1) * DAY)
    }

    /// The stretch half its length earlier (`-1`) or later (`1`). A later one never runs past `now`: it becomes live there.
    pub(crate) fn shifted(self, direction: i64, now: i64) -> Self {
        let (from, to) = self.bounds(now);
        let by = self.length() / 2 * direction;
        if to + by >= now { Self::Last(self.length()) } else { Self::Between(from + by, to + by) }
    }

    /// The stretch of twice its length around the same middle, or the longer live one.
    pub(crate) fn widened(self, now: i64) -> Self {
        let length = self.length().saturating_mul(2).min(366 * DAY);
        match self {
            Self::Last(_) => Self::Last(length),
            Self::Between(from, to) => {
                let middle = from + (to - from) / 2;
                let end = middle + length / 2;
                if end >= now { Self::Between(now - length, now) } else { Self::Between(end - length, end) }
            }
        }
    }
}

/// `6h`, or `1763715120..1763718720` in seconds, with milliseconds where there are any.
impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Last(length) => f.write_str(&write_duration(*length)),
            Self::Between(from, to) => write!(f, "{}..{}", Seconds(*from), Seconds(*to)),
        }
    }
}

impl FromStr for Range {
    type Err = BadRange;

    fn from_str(text: &str) -> Result<Self, BadRange> {
        if let Some((from, to)) = text.split_once("..") {
            let (from, to) = (read_seconds(from).ok_or(BadRange)?, read_seconds(to).ok_or(BadRange)?);
            return if from < to { Ok(Self::Between(from, to)) } else { Err(BadRange) };
        }
        read_duration(text).filter(|length| *length >= SECOND).map(Self::Last).ok_or(BadRange)
    }
}

/// The text is not a time range.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a time range")]
pub(crate) struct BadRange;

/// Milliseconds since the epoch, printed as seconds.
pub(crate) struct Seconds(pub(crate) i64);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.rem_euclid(SECOND) {
            0 => write!(f, "{}", self.0.div_euclid(SECOND)),
            rest => write!(f, "{}.{rest:03}", self.0.div_euclid(SECOND)),
        }
    }
}

fn read_seconds(text: &str) -> Option<i64> {
    let seconds: f64 = text.parse().ok()?;
    // Beyond the year 9999 nothing below can go wrong, and nobody means it.
    (seconds.is_finite() && (0.0..2.5e11).contains(&seconds)).then(|| (seconds * 1e3).round() as i64)
}

/// Milliseconds of a duration such as `90s`, `1h30m` or `7d`; `None` where it is not one or longer than ten years.
pub(crate) fn read_duration(text: &str) -> Option<i64> {
    let mut total: i64 = 0;
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, tail) = rest.split_at_checked(digits)?;
        let letters = tail.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, tail) = tail.split_at_checked(letters)?;
        let unit = match unit {
            "ms" => 1,
            "s" => SECOND,
            "m" => MINUTE,
            "h" => HOUR,
            "d" => DAY,
            "w" => 7 * DAY,
            "y" => 365 * DAY,
            _ => return None,
        };
        total = total.checked_add(number.parse::<i64>().ok()?.checked_mul(unit)?)?;
        rest = tail;
    }
    (total <= 3650 * DAY).then_some(total)
}

/// The duration as PromQL writes it: `90000` is `1m30s`.
pub(crate) fn write_duration(milliseconds: i64) -> String {
    let mut rest = milliseconds.max(0);
    let mut out = String::new();
    for (size, unit) in [(DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s"), (1, "ms")] {
        if rest >= size {
            out.push_str(&format!("{}{unit}", rest / size));
            rest %= size;
        }
    }
    if out.is_empty() { "0s".to_owned() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_survives_being_written_and_read() {
        for range in [
            Range::Last(90 * MINUTE),
            Range::Last(7 * DAY),
            Range::Between(1_763_715_120_000, 1_763_718_720_500),
        ] {
            assert_eq!(range.to_string().parse(), Ok(range));
        }
        assert_eq!(Range::Last(90 * MINUTE).to_string(), "1h30m");
    }

    #[test]
    fn what_is_not_a_range_is_refused() {
        for text in [
            "",
            "h",
            "5",
            "5x",
            "-5m",
            "0s",
            "10..5",
            "a..b",
            "1e300..2",
            "99999999999999999999d",
            "5m..",
            "분",
        ] {
            assert_eq!(text.parse::<Range>(), Err(BadRange), "{text:?}");
        }
    }

    #[test]
    fn a_step_is_round_and_keeps_the_points_few() {
        assert_eq!(Range::Last(15 * MINUTE).step(SECOND), 5 * SECOND);
        assert_eq!(Range::Last(HOUR).step(SECOND), 15 * SECOND);
        assert_eq!(Range::Last(6 * HOUR).step(SECOND), 2 * MINUTE);
        assert_eq!(Range::Last(5 * MINUTE).step(5 * SECOND), 5 * SECOND);
        for length in [SECOND, HOUR, DAY, 3650 * DAY] {
            let step = Range::Last(length).step(SECOND);
            assert!(length / step <= POINTS, "{length} / {step}");
        }
    }

    #[test]
    fn going_later_ends_in_the_present() {
        let now = 1_000 * HOUR;
        let earlier = Range::Last(HOUR).shifted(-1, now);
        assert_eq!(earlier, Range::Between(now - HOUR - 30 * MINUTE, now - 30 * MINUTE));
        assert_eq!(earlier.shifted(1, now), Range::Last(HOUR));
    }

    #[test]
    fn widening_keeps_the_middle() {
        let now = 1_000 * HOUR;
        let wider = Range::Between(10 * HOUR, 12 * HOUR).widened(now);
        assert_eq!(wider, Range::Between(9 * HOUR, 13 * HOUR));
        assert_eq!(Range::Last(HOUR).widened(now), Range::Last(2 * HOUR));
    }
}
