//! When a CronJob is due next.
//!
//! Five fields (minute, hour, day of month, month, day of week), each a list of `*`, numbers, names, ranges and steps, or one of
//! `@hourly`, `@daily`, `@midnight`, `@weekly`, `@monthly`, `@yearly`, `@annually`. As in every cron, a day is right when one of the
//! two fields of days is, unless one of them begins with `*`: then both have to be.

use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan as _};

/// How far is looked: the 29th of February that is a Monday comes within forty years.
const LONGEST_SEARCH_DAYS: usize = 366 * 41;

const MONTHS: &[&str] = &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const NAMED: &[(&str, &str)] = &[
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

/// Numbers that a field allows, a bit each, and whether it is any.
#[derive(Clone, Copy, Debug)]
struct Field {
    bits: u64,
    any: bool,
}

/// A schedule in its time zone.
#[derive(Debug)]
pub(crate) struct Schedule {
    minutes: Field,
    hours: Field,
    days: Field,
    months: Field,
    weekdays: Field,
    zone: TimeZone,
}

impl Field {
    /// Reads a list of numbers from `first` to `last`; `names` stand for the numbers from `first` on.
    fn parse(text: &str, first: u32, last: u32, names: &[&str]) -> Option<Self> {
        let number = |text: &str| {
            let named = names.iter().position(|name| name.eq_ignore_ascii_case(text));
            let number = match named {
                Some(place) => first + u32::try_from(place).ok()?,
                None => text.parse().ok()?,
            };
            (first..=last).contains(&number).then_some(number)
        };
        let mut bits = 0;
        for part in text.split(',') {
            let (range, step) = match part.split_once('/') {
                Some((range, step)) => (range, Some(step.parse::<u32>().ok().filter(|step| *step > 0)?)),
                None => (part, None),
            };
            let (from, to) = match range.split_once('-') {
                _ if range == "*" || range == "?" => (first, last),
                Some((from, to)) => (number(from)?, number(to)?),
                // A number with a step begins there and goes on to the end.
                None if step.is_some() => (number(range)?, last),
                None => (number(range)?, number(range)?),
            };
            if from > to {
                return None;
            }
            let steps = (from..=to).step_by(step.unwrap_or(1) as usize);
            bits |= steps.fold(0, |bits, number| bits | 1 << number);
        }
        Some(Self { bits, any: text.starts_with(['*', '?']) })
    }

    fn holds(self, number: i8) -> bool {
        u32::try_from(number).is_ok_and(|number| self.bits >> number & 1 == 1)
    }

    /// The numbers that it allows, ascending.
    fn numbers(self) -> impl Iterator<Item = i8> {
        (0..60).filter(move |number| self.holds(*number))
    }
}

impl Schedule {
    /// Reads a schedule; without a zone it is in UTC, in which most controllers run.
    pub(crate) fn parse(text: &str, zone: Option<&str>) -> Option<Self> {
        let text = text.trim();
        let text = NAMED.iter().find(|(name, _)| *name == text).map_or(text, |(_, fields)| fields);
        let fields: Vec<&str> = text.split_ascii_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields.try_into().ok()?;
        let mut weekdays = Field::parse(weekdays, 0, 7, WEEKDAYS)?;
        // Sunday is the seventh day as well.
        weekdays.bits |= weekdays.bits >> 7 & 1;
        Some(Self {
            minutes: Field::parse(minutes, 0, 59, &[])?,
            hours: Field::parse(hours, 0, 23, &[])?,
            days: Field::parse(days, 1, 31, &[])?,
            months: Field::parse(months, 1, 12, MONTHS)?,
            weekdays,
            zone: zone.map_or(Some(TimeZone::UTC), |zone| TimeZone::get(zone).ok())?,
        })
    }

    /// The first time after `after`, if there is one within the next forty years.
    pub(crate) fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let mut date = self.zone.to_datetime(after).date();
        for _ in 0..LONGEST_SEARCH_DAYS {
            if self.is_due_on(date)
                && let Some(time) = self.times_on(date).find(|time| *time > after)
            {
                return Some(time);
            }
            date = date.checked_add(1.day()).ok()?;
        }
        None
    }

    fn is_due_on(&self, date: Date) -> bool {
        let day = self.days.holds(date.day());
        let weekday = self.weekdays.holds(date.weekday().to_sunday_zero_offset());
        let right = if self.days.any || self.weekdays.any { day && weekday } else { day || weekday };
        right && self.months.holds(date.month())
    }

    /// The times of a day, ascending; those that the clocks leave out are none.
    fn times_on(&self, date: Date) -> impl Iterator<Item = Timestamp> {
        let times =
            self.hours.numbers().flat_map(|hour| self.minutes.numbers().map(move |minute| (hour, minute)));
        times.filter_map(move |(hour, minute)| {
            let time = DateTime::from_parts(date, jiff::civil::Time::new(hour, minute, 0, 0).ok()?);
            let ambiguous = self.zone.to_ambiguous_timestamp(time);
            match ambiguous.offset() {
                AmbiguousOffset::Gap { .. } => None,
                _ => ambiguous.compatible().ok(),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(schedule: &str, zone: Option<&str>, after: &str, next: &str) {
        let found =
            Schedule::parse(schedule, zone).and_then(|schedule| schedule.next(after.parse().unwrap()));
        assert_eq!(found.map(|time| time.to_string()).as_deref(), Some(next), "{schedule}");
    }

    #[test]
    fn the_next_time_is_the_first_that_all_fields_allow() {
        check("0 */3 * * *", None, "2026-01-01T03:00:00Z", "2026-01-01T06:00:00Z");
        check("*/15 * * * *", None, "2026-01-01T23:50:01Z", "2026-01-02T00:00:00Z");
        check("30 4 1 jan,jul *", None, "2026-01-01T04:30:00Z", "2026-07-01T04:30:00Z");
        check("0 9-17/4 * * mon-fri", None, "2026-01-02T17:00:00Z", "2026-01-05T09:00:00Z");
        check("0 0 29 2 *", None, "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z");
        check("@weekly", None, "2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z");
        check("0 0 * * 7", None, "2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z");
    }

    #[test]
    fn one_of_two_days_is_enough_unless_a_field_is_any() {
        check("0 0 13 * fri", None, "2026-01-10T00:00:00Z", "2026-01-13T00:00:00Z");
        check("0 0 13 * fri", None, "2026-01-13T00:00:00Z", "2026-01-16T00:00:00Z");
        check("0 0 */2 * fri", None, "2026-01-01T00:00:00Z", "2026-01-09T00:00:00Z");
    }

    #[test]
    fn hours_are_those_of_the_time_zone_and_what_the_clocks_leave_out_is_left_out() {
        check("0 8 * * *", Some("Asia/Shanghai"), "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");
        check("30 2 * * *", Some("Europe/Berlin"), "2026-03-28T02:00:00Z", "2026-03-30T00:30:00Z");
    }

    #[test]
    fn what_is_no_schedule_has_no_next_time() {
        for text in ["", "* * * *", "60 * * * *", "5-1 * * * *", "*/0 * * * *", "@never", "a * * * *"] {
            assert!(Schedule::parse(text, None).is_none(), "{text}");
        }
        assert!(Schedule::parse("0 0 * * *", Some("Nowhere/Here")).is_none());
        let never = Schedule::parse("0 0 31 2 *", None).unwrap();
        assert_eq!(never.next("2026-01-01T00:00:00Z".parse().unwrap()), None);
    }
}
