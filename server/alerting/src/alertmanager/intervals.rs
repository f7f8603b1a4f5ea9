//! Times of day, week, month and year, in a place's own time.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crowsnest_api::Timestamp;
use jiff::tz::TimeZone;

use crate::yaml::{Faults, Fields, Node};

/// A named set of times: those of any of its parts.
#[derive(Clone, Debug)]
pub struct TimeInterval(Vec<Part>);

/// Times for which every field that is given holds; within a field any of its ranges.
#[derive(Clone, Debug)]
struct Part {
    /// Minutes of the day, the last one not included.
    times: Vec<std::ops::Range<u32>>,
    /// 0 is Sunday.
    weekdays: Vec<RangeInclusive<i32>>,
    /// From 1, or from -1 backwards from the end of the month.
    days: Vec<RangeInclusive<i32>>,
    months: Vec<RangeInclusive<i32>>,
    years: Vec<RangeInclusive<i32>>,
    zone: TimeZone,
}

const WEEKDAYS: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const FIELDS: &[&str] = &["times", "weekdays", "days_of_month", "months", "years", "location"];

impl TimeInterval {
    /// Whether a time is in it. Times that cannot be told on a calendar are not.
    pub fn contains(&self, at: Timestamp) -> bool {
        let Ok(at) = jiff::Timestamp::from_millisecond(at.millis()) else { return false };
        self.0.iter().any(|part| part.contains(at))
    }
}

impl Part {
    fn contains(&self, at: jiff::Timestamp) -> bool {
        let local = at.to_zoned(self.zone.clone());
        let minute = u32::try_from(i32::from(local.hour()) * 60 + i32::from(local.minute())).unwrap_or(0);
        let is_in = |ranges: &[RangeInclusive<i32>], value: i32| {
            ranges.is_empty() || ranges.iter().any(|range| range.contains(&value))
        };
        let days = i32::from(local.days_in_month());
        let is_day = self.days.is_empty()
            || self.days.iter().any(|range| {
                // Counted from the end where negative; what is beyond the month is cut.
                let from_start = |day: i32| if day < 0 { days + 1 + day } else { day };
                let (first, last) = (from_start(*range.start()).max(1), from_start(*range.end()).min(days));
                (first..=last).contains(&i32::from(local.day()))
            });
        (self.times.is_empty() || self.times.iter().any(|range| range.contains(&minute)))
            && is_in(&self.weekdays, i32::from(local.weekday().to_sunday_zero_offset()))
            && is_day
            && is_in(&self.months, i32::from(local.month()))
            && is_in(&self.years, i32::from(local.year()))
    }
}

pub(super) fn read(fields: &Fields<'_>, faults: &mut Faults) -> BTreeMap<String, TimeInterval> {
    let mut intervals = BTreeMap::new();
    for list in ["mute_time_intervals", "time_intervals"] {
        for node in fields.list(list, faults) {
            let fields = Fields::of(node, "time interval", &["name", "time_intervals"], faults);
            let name = fields.text("name", faults).unwrap_or_default().to_owned();
            if name.is_empty() {
                faults.add(node.at, "missing name in time interval");
            }
            let parts = fields.list("time_intervals", faults);
            let parts = parts.iter().map(|node| part(node, faults)).collect();
            if intervals.insert(name.clone(), TimeInterval(parts)).is_some() {
                faults.add(node.at, format!("time interval {name:?} is not unique"));
            }
        }
    }
    intervals
}

fn part(node: &Node, faults: &mut Faults) -> Part {
    let fields = Fields::of(node, "times", FIELDS, faults);
    let zone = fields.parsed(
        "location",
        |name| match name {
            "Local" => Ok(TimeZone::system()),
            _ => TimeZone::get(name).map_err(|_| format!("unknown time zone {name}")),
        },
        faults,
    );
    let mut times = Vec::new();
    for node in fields.list("times", faults) {
        let fields = Fields::of(node, "time range", &["start_time", "end_time"], faults);
        let start = fields.parsed("start_time", minute_of_day, faults);
        let end = fields.parsed("end_time", minute_of_day, faults);
        match (start, end) {
            (Some(start), Some(end)) if start < end => times.push(start..end),
            (Some(_), Some(_)) => faults.add(node.at, "start time cannot be equal or greater than end time"),
            _ if fields.node("start_time").is_some() && fields.node("end_time").is_some() => {}
            _ => faults.add(node.at, "both start and end times must be provided"),
        }
    }
    let mut ranges = |name: &str, words: &[&str], first: i32, bounds: RangeInclusive<i32>| {
        let mut found = Vec::new();
        for (at, text) in fields.texts(name, faults) {
            match range(text, words, first, &bounds) {
                Ok(range) => found.push(range),
                Err(error) => faults.add(at, format!("{name}: {error}")),
            }
        }
        found
    };
    Part {
        times,
        weekdays: ranges("weekdays", &WEEKDAYS, 0, 0..=6),
        days: ranges("days_of_month", &[], 1, -31..=31),
        months: ranges("months", &MONTHS, 1, 1..=12),
        years: ranges("years", &[], 0, i32::MIN..=i32::MAX),
        zone: zone.unwrap_or(TimeZone::UTC),
    }
}

/// `09:30`, up to `24:00`.
fn minute_of_day(text: &str) -> Result<u32, String> {
    let bad = || format!("couldn't parse timestamp {text}, invalid format");
    let (hours, minutes) = text.split_once(':').filter(|_| text.len() == 5).ok_or_else(bad)?;
    let (hours, minutes): (u32, u32) =
        (hours.parse().map_err(|_| bad())?, minutes.parse().map_err(|_| bad())?);
    let minute = hours * 60 + minutes;
    if minutes < 60 && minute <= 24 * 60 { Ok(minute) } else { Err(bad()) }
}

/// `3`, `1:5`, `monday:friday`.
fn range(
    text: &str,
    words: &[&str],
    first: i32,
    bounds: &RangeInclusive<i32>,
) -> Result<RangeInclusive<i32>, String> {
    let one = |text: &str| {
        let text = text.trim().to_lowercase();
        let by_word = words.iter().position(|word| *word == text);
        let by_word = by_word.and_then(|at| i32::try_from(at).ok()).map(|at| at + first);
        // Weekdays have names only.
        let by_number = || text.parse::<i32>().ok().filter(|_| words.len() != WEEKDAYS.len());
        by_word.or_else(by_number).ok_or_else(|| format!("{text:?} is not known"))
    };
    let (start, end) = text.split_once(':').unwrap_or((text, text));
    let (start, end) = (one(start)?, one(end)?);
    let is_day_zero = bounds.contains(&-1) && *bounds.end() == 31 && (start == 0 || end == 0);
    if !bounds.contains(&start) || !bounds.contains(&end) || is_day_zero {
        return Err(format!("{text:?} is out of range"));
    }
    if (start < 0) == (end < 0) && start > end {
        return Err(format!("{text:?}: the start is after the end"));
    }
    if start < 0 && end > 0 {
        return Err(format!("{text:?}: the end must be negative when the start is"));
    }
    Ok(start..=end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::load;

    fn interval(yaml: &str) -> Result<TimeInterval, String> {
        let text = format!("time_intervals: [{{name: x, time_intervals: [{yaml}]}}]\n");
        let documents = load(&text).unwrap();
        let mut faults = Faults::default();
        let fields = Fields::of(&documents[0], "c", &["time_intervals"], &mut faults);
        let mut intervals = read(&fields, &mut faults);
        faults.or(intervals.remove("x").unwrap()).map_err(|faults| faults[0].to_string())
    }

    #[track_caller]
    fn check(yaml: &str, inside: &[&str], outside: &[&str]) {
        let interval = interval(yaml).unwrap();
        let at =
            |text: &str| Timestamp::from_millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond());
        for text in inside {
            assert!(interval.contains(at(text)), "{text}");
        }
        for text in outside {
            assert!(!interval.contains(at(text)), "{text}");
        }
    }

    #[test]
    fn times_are_those_of_the_place() {
        check(
            "{times: [{start_time: '09:00', end_time: '17:00'}], weekdays: ['monday:friday']}",
            &["2026-11-27T09:00:00Z", "2026-11-27T16:59:59Z"],
            &["2026-11-27T17:00:00Z", "2026-11-28T10:00:00Z"],
        );
        check(
            "{times: [{start_time: '09:00', end_time: '17:00'}], location: Asia/Seoul}",
            &["2026-11-27T00:00:00Z"],
            &["2026-11-27T09:00:00Z"],
        );
        check(
            "{days_of_month: ['-3:-1']}",
            &["2026-02-26T00:00:00Z", "2026-02-28T00:00:00Z"],
            &["2026-02-25T00:00:00Z"],
        );
        check(
            "{days_of_month: ['1:5', '31'], months: ['january:march', '12']}",
            &["2026-01-31T00:00:00Z", "2026-12-02T00:00:00Z"],
            &["2026-04-02T00:00:00Z"],
        );
        check("{years: ['2020:2022', '2030']}", &["2021-06-01T00:00:00Z"], &["2026-06-01T00:00:00Z"]);
        check(
            "{times: [{start_time: '20:00', end_time: '24:00'}]}",
            &["2026-11-27T23:59:00Z"],
            &["2026-11-27T00:00:00Z"],
        );
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for wrong in [
            "{times: [{start_time: '17:00', end_time: '09:00'}]}",
            "{times: [{start_time: '17:00'}]}",
            "{times: [{start_time: '9:00', end_time: '24:01'}]}",
            "{weekdays: [blursday]}",
            "{days_of_month: ['0']}",
            "{days_of_month: ['5:1']}",
            "{months: ['13']}",
            "{location: Mars/Olympus}",
        ] {
            assert!(interval(wrong).is_err(), "{wrong}");
        }
    }
}
