//! Time ranges as people and dashboards write them: `now-6h`, `now/d`, `now-1M/M`, milliseconds since 1970, dates.
//!
//! The arithmetic is that of Grafana 13: days, weeks, months and years go by the calendar and by the clock of the viewer's zone.

use super::{Zone, duration, to_local, to_utc};
use crate::calendar::{Date, SECONDS_PER_DAY};

const MS_PER_DAY: i64 = SECONDS_PER_DAY * 1000;
/// The years 1 and 9999; beyond, a number is a mistake.
const EARLIEST: i64 = -62_135_596_800_000;
const LATEST: i64 = 253_402_300_799_999;

/// What a range depends on beside its text.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Now, in milliseconds since 1970.
    pub now: i64,
    /// The viewer's zone.
    pub zone: &'a dyn Zone,
    /// Weekday from Sunday (0) on which a week starts.
    pub week_start: i64,
    /// Month from 0 in which a fiscal year starts.
    pub fiscal_start: i64,
}

/// Which end of a range a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// Rounding goes back to where a unit begins.
    From,
    /// Rounding goes on to its last millisecond.
    To,
}

/// Begin and end of a range in milliseconds since 1970; `None` when one of the texts says no time. The end is never before the begin.
pub fn parse(from: &str, to: &str, context: &Context<'_>) -> Option<(i64, i64)> {
    let (from, to) = (parse_edge(from, Edge::From, context)?, parse_edge(to, Edge::To, context)?);
    Some((from.min(to), to.max(from)))
}

/// One end of a range.
pub fn parse_edge(text: &str, edge: Edge, context: &Context<'_>) -> Option<i64> {
    let text = text.trim();
    let at = match text.strip_prefix("now") {
        Some(math) => calculate(context.now, math, edge, context),
        None => match text.split_once("||") {
            Some((date, math)) => calculate(absolute(date, context.zone)?, math, edge, context),
            None => absolute(text, context.zone),
        },
    }?;
    (EARLIEST..=LATEST).contains(&at).then_some(at)
}

/// Milliseconds since 1970, or a date with or without a time and a zone.
fn absolute(text: &str, zone: &dyn Zone) -> Option<i64> {
    let text = text.trim();
    let is_number =
        text.strip_prefix('-').unwrap_or(text).bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty();
    if is_number && (text.len() > 8 || text.starts_with('-') || text == "0") {
        return text.parse().ok();
    }
    let (date, time) = match text.find(['T', ' ']) {
        Some(at) => (text.get(..at)?, text.get(at + 1..)?),
        None => (text, ""),
    };
    let digits = |text: &str| -> Option<i64> {
        (!text.is_empty() && text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| text.parse().ok())?
    };
    let (year, month, day) = if date.contains('-') {
        let mut parts = date.splitn(3, '-');
        (digits(parts.next()?)?, digits(parts.next().unwrap_or("1"))?, digits(parts.next().unwrap_or("1"))?)
    } else {
        // `20261121`
        (digits(date.get(..4)?)?, digits(date.get(4..6)?)?, digits(date.get(6..8)?)?)
    };
    let (clock, offset) = split_zone(time);
    let mut parts = clock.splitn(3, ':');
    let (hour, minute) = match parts.next() {
        None | Some("") => (0, 0),
        Some(hour) => (digits(hour)?, digits(parts.next().unwrap_or("0"))?),
    };
    let seconds: f64 = parts.next().map_or(Some(0.0), |text| text.parse().ok())?;
    let written = Date { year, month, day };
    let valid = (1..=12).contains(&month) && hour < 25 && minute < 60 && (0.0..61.0).contains(&seconds);
    if !valid || Date::from_days(written.days()) != written {
        return None;
    }
    let local =
        written.days() * MS_PER_DAY + (hour * 60 + minute) * 60_000 + (seconds * 1000.0).round() as i64;
    match offset {
        Some(offset) => Some(local - offset?),
        None => Some(to_utc(local, zone)),
    }
}

/// The clock's part, and the offset in milliseconds where one is written; `Some(None)` where it is malformed.
fn split_zone(time: &str) -> (&str, Option<Option<i64>>) {
    if let Some(clock) = time.strip_suffix('Z') {
        return (clock, Some(Some(0)));
    }
    let Some(at) = time.find(['+', '-']) else { return (time, None) };
    let (clock, offset) = time.split_at(at);
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    let digits: String = offset.chars().filter(char::is_ascii_digit).collect();
    let parsed = (digits.len() == 4).then(|| digits.parse::<i64>().ok()).flatten();
    (clock, Some(parsed.map(|number| sign * (number / 100 * 60 + number % 100) * 60_000)))
}

/// `-1d/d`: steps and roundings from left to right.
fn calculate(start: i64, math: &str, edge: Edge, context: &Context<'_>) -> Option<i64> {
    let compact: String = math.chars().filter(|c| !c.is_whitespace()).collect();
    let mut rest = compact.as_str();
    let mut at = start;
    let mut steps = 0;
    while let Some(sign) = rest.chars().next() {
        steps += 1;
        let after = rest.get(sign.len_utf8()..)?;
        let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let (number, after) = after.split_at(digits);
        let letters = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        rest = after;
        let count: i64 = if number.is_empty() {
            1
        } else {
            number.parse().ok().filter(|count| *count < 10_000_000_000)?
        };
        if steps > 10 {
            return None;
        }
        at = match sign {
            '-' => shift(at, unit, -count, context)?,
            '+' => shift(at, unit, count, context)?,
            '/' if number.is_empty() => round(at, unit, edge, context)?,
            _ => return None,
        };
    }
    Some(at)
}

/// `count` units later.
fn shift(at: i64, unit: &str, count: i64, context: &Context<'_>) -> Option<i64> {
    let local_days = |days: i64| {
        let local =
            to_local(at, context.zone).checked_add(count.checked_mul(days)?.checked_mul(MS_PER_DAY)?)?;
        Some(to_utc(local, context.zone))
    };
    let months = |months: i64| {
        let local = to_local(at, context.zone);
        let date = Date::from_days(local.div_euclid(MS_PER_DAY));
        let month = date.month.checked_add(count.checked_mul(months)?)?;
        if month.abs() > 12 * 100_000 {
            return None;
        }
        // The last day of a month that is shorter.
        let first = Date { year: date.year, month, day: 1 }.days();
        let length = Date { year: date.year, month: month + 1, day: 1 }.days() - first;
        let days = first + date.day.min(length) - 1;
        Some(to_utc(days * MS_PER_DAY + local.rem_euclid(MS_PER_DAY), context.zone))
    };
    match unit {
        "d" => local_days(1),
        "w" => local_days(7),
        "M" => months(1),
        "Q" | "fQ" => months(3),
        "y" | "fy" => months(12),
        // Nothing is milliseconds for moment.js; everybody else means seconds by `s` and so on.
        "ms" | "s" | "m" | "h" => {
            let ms = duration::parse_ms(&format!("1{unit}"))?;
            at.checked_add(count.checked_mul(ms)?)
        }
        _ => None,
    }
}

/// The first or the last millisecond of the unit that `at` is in.
fn round(at: i64, unit: &str, edge: Edge, context: &Context<'_>) -> Option<i64> {
    let local = to_local(at, context.zone);
    let day = local.div_euclid(MS_PER_DAY);
    let date = Date::from_days(day);
    let month = |month: i64| Date { year: date.year, month, day: 1 }.days() * MS_PER_DAY;
    let part = |size: i64| (local.div_euclid(size) * size, local.div_euclid(size) * size + size);
    let fiscal = context.fiscal_start.clamp(0, 11);
    let (begin, end) = match unit {
        "s" => part(1000),
        "m" => part(60_000),
        "h" => part(3_600_000),
        "d" => part(MS_PER_DAY),
        "w" => {
            let weekday = (day + 4).rem_euclid(7);
            let first = day - (weekday - context.week_start).rem_euclid(7);
            (first * MS_PER_DAY, (first + 7) * MS_PER_DAY)
        }
        "M" => (month(date.month), month(date.month + 1)),
        "Q" => {
            let first = (date.month - 1) / 3 * 3 + 1;
            (month(first), month(first + 3))
        }
        "fQ" => {
            let first = date.month - (date.month - 1 - fiscal).rem_euclid(3);
            (month(first), month(first + 3))
        }
        "y" => (month(1), month(13)),
        "fy" => {
            let first = date.month - (date.month - 1 - fiscal).rem_euclid(12);
            (month(first), month(first + 12))
        }
        _ => return None,
    };
    Some(match edge {
        Edge::From => to_utc(begin, context.zone),
        Edge::To => to_utc(end, context.zone) - 1,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Utc;
    use super::*;

    /// 2026-11-21 07:45:00 UTC, a Saturday.
    const NOW: i64 = 1_795_247_100_000;

    fn context(zone: &dyn Zone) -> Context<'_> {
        Context { now: NOW, zone, week_start: 1, fiscal_start: 1 }
    }

    #[track_caller]
    fn check(text: &str, edge: Edge, expected: &str) {
        let at = parse_edge(text, edge, &context(&Utc))
            .map(|at| super::super::date::moment(at, "YYYY-MM-DD HH:mm:ss.SSS"));
        assert_eq!(at.as_deref(), Some(expected), "{text}");
    }

    #[test]
    fn now_and_what_is_taken_from_it() {
        check("now", Edge::To, "2026-11-21 07:45:00.000");
        check("now-6h", Edge::From, "2026-11-21 01:45:00.000");
        check("now+30m", Edge::To, "2026-11-21 08:15:00.000");
        check("now - 1d / d", Edge::From, "2026-11-20 00:00:00.000");
        check("now-1M", Edge::From, "2026-10-21 07:45:00.000");
        check("2026-03-31||-1M", Edge::From, "2026-02-28 00:00:00.000");
    }

    #[test]
    fn rounding_goes_back_at_the_begin_and_on_at_the_end() {
        check("now/d", Edge::From, "2026-11-21 00:00:00.000");
        check("now/d", Edge::To, "2026-11-21 23:59:59.999");
        check("now/w", Edge::From, "2026-11-16 00:00:00.000");
        check("now/M", Edge::To, "2026-11-30 23:59:59.999");
        check("now/y", Edge::From, "2026-01-01 00:00:00.000");
        check("now/Q", Edge::From, "2026-10-01 00:00:00.000");
        check("now/fQ", Edge::From, "2026-11-01 00:00:00.000");
        check("now/fy", Edge::From, "2026-02-01 00:00:00.000");
    }

    #[test]
    fn dates_and_milliseconds_are_instants() {
        check("1795247100000", Edge::From, "2026-11-21 07:45:00.000");
        check("2026-11-21T07:45:00.5Z", Edge::From, "2026-11-21 07:45:00.500");
        check("2026-11-21T09:45:00+02:00", Edge::From, "2026-11-21 07:45:00.000");
        check("2026-11-21 07:45", Edge::From, "2026-11-21 07:45:00.000");
        check("20261121", Edge::From, "2026-11-21 00:00:00.000");
    }

    #[test]
    fn what_says_no_time_is_refused() {
        for text in [
            "",
            "yesterday",
            "now-",
            "now-1x",
            "now/1d",
            "now-99999999999999999999y",
            "2026-02-30",
            "now-1000000y",
            "2026-13-01",
        ] {
            assert_eq!(parse_edge(text, Edge::From, &context(&Utc)), None, "{text}");
        }
    }

    #[test]
    fn a_day_of_the_zone_may_have_another_length() {
        // Clocks go from UTC+1 to UTC+2 at 2026-03-29 01:00 UTC.
        let zone = |utc: i64| if utc < 1_774_746_000_000 { 3_600_000 } else { 7_200_000 };
        let context = Context { now: 1_774_774_800_000, zone: &zone, week_start: 1, fiscal_start: 0 };
        let (from, to) = parse("now/d", "now/d", &context).unwrap();
        assert_eq!(to - from + 1, 23 * 3_600_000);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(now)?[-+/0-9a-zA-Z:. |]{0,20}") {
            parse_edge(&text, Edge::To, &context(&Utc));
        }

        #[test]
        fn what_was_rounded_stays_where_it_is(back in 0u32..20_000, unit in "(s|m|h|d|w|M|Q|y|fQ|fy)") {
            let text = format!("now-{back}h/{unit}");
            let once = parse_edge(&text, Edge::From, &context(&Utc)).unwrap();
            let twice = Context { now: once, ..context(&Utc) };
            prop_assert_eq!(parse_edge(&format!("now/{unit}"), Edge::From, &twice), Some(once));
        }
    }
}
