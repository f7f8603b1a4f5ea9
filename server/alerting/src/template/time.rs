//! Points in time and durations, as Go's package time prints them.

use std::fmt;

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::function::Param;
use super::value::{Method, Value};

/// A point in time, and the zone in which it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Time(Zoned);

const DURATION: Param = Param::Named("time.Duration");
const NANOS_PER_SECOND: i64 = 1_000_000_000;
/// Seconds from Go's zero time, the first of January of the year 1, to 1970.
const ZERO_SECONDS: i64 = -62_135_596_800;

impl Time {
    /// In UTC. What jiff cannot represent becomes the nearest that it can.
    pub fn utc(seconds: i64, nanos: i32) -> Self {
        let nearest = if seconds < 0 { Timestamp::MIN } else { Timestamp::MAX };
        Self(Timestamp::new(seconds, nanos).unwrap_or(nearest).to_zoned(TimeZone::UTC))
    }

    /// The same point in the zone of this name.
    pub(crate) fn in_zone(&self, name: &str) -> Option<Self> {
        let zone = match name {
            "" | "UTC" => TimeZone::UTC,
            "Local" => TimeZone::UTC,
            name => TimeZone::get(name).ok()?,
        };
        Some(Self(self.0.with_time_zone(zone)))
    }

    /// Seconds since 1970.
    pub fn seconds(&self) -> i64 {
        self.0.timestamp().as_second()
    }

    /// Nanoseconds from `earlier` to this, as far as they can be counted.
    pub(crate) fn nanos_since(&self, earlier: &Self) -> i64 {
        let nanos = self.0.timestamp().as_nanosecond() - earlier.0.timestamp().as_nanosecond();
        i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX })
    }

    fn plus(&self, nanos: i64) -> Self {
        let moved = self.0.checked_add(jiff::SignedDuration::from_nanos(nanos));
        Self(moved.unwrap_or_else(|_| self.0.clone()))
    }

    /// As Go's `Time.Format`.
    pub(crate) fn format(&self, layout: &str) -> String {
        let mut text = String::new();
        let mut rest = layout;
        'layout: while !rest.is_empty() {
            for (pattern, field) in FIELDS {
                if let Some(after) = rest.strip_prefix(pattern) {
                    field(&mut text, &self.0);
                    rest = after;
                    continue 'layout;
                }
            }
            if let Some((length, shown)) = self.fraction(rest) {
                text.push_str(&shown);
                rest = rest.get(length..).unwrap_or_default();
                continue;
            }
            let mut chars = rest.chars();
            text.extend(chars.next());
            rest = chars.as_str();
        }
        text
    }

    /// `.000` and `.999`: digits of the second.
    fn fraction(&self, layout: &str) -> Option<(usize, String)> {
        let digits = layout.strip_prefix(['.', ','])?;
        let digit = digits.chars().next().filter(|c| matches!(c, '0' | '9'))?;
        let count = digits.find(|c| c != digit).unwrap_or(digits.len());
        if digits.get(count..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) {
            return None;
        }
        let nanos = format!("{:09}", self.0.subsec_nanosecond());
        let shown = nanos.get(..count.min(9)).unwrap_or_default();
        let shown = if digit == '9' { shown.trim_end_matches('0') } else { shown };
        let point = if shown.is_empty() { "" } else { "." };
        Some((count + 1, format!("{point}{shown}")))
    }
}

/// `2023-11-14 22:13:20.5 +0000 UTC`
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.format("2006-01-02 15:04:05.999999999 -0700 MST"))
    }
}

type Field = fn(&mut String, &Zoned);

/// What a layout can ask for; of two that fit, the longer stands first.
const FIELDS: &[(&str, Field)] = &[
    ("January", |out, time| out.push_str(MONTHS.get(month(time)).copied().unwrap_or_default())),
    ("Jan", |out, time| out.push_str(short(MONTHS.get(month(time)).copied()))),
    ("Monday", |out, time| out.push_str(weekday(time))),
    ("Mon", |out, time| out.push_str(short(Some(weekday(time))))),
    ("MST", |out, time| out.push_str(&zone(time))),
    ("2006", |out, time| out.push_str(&format!("{:04}", time.year()))),
    ("-07:00", |out, time| out.push_str(&offset(time, ":"))),
    ("-0700", |out, time| out.push_str(&offset(time, ""))),
    ("-07", |out, time| out.push_str(offset(time, "").get(..3).unwrap_or_default())),
    ("Z07:00", |out, time| {
        out.push_str(&if time.offset().is_zero() { "Z".to_owned() } else { offset(time, ":") });
    }),
    ("Z0700", |out, time| {
        out.push_str(&if time.offset().is_zero() { "Z".to_owned() } else { offset(time, "") });
    }),
    ("002", |out, time| out.push_str(&format!("{:03}", time.day_of_year()))),
    ("01", |out, time| out.push_str(&format!("{:02}", time.month()))),
    ("02", |out, time| out.push_str(&format!("{:02}", time.day()))),
    ("03", |out, time| out.push_str(&format!("{:02}", twelve(time)))),
    ("04", |out, time| out.push_str(&format!("{:02}", time.minute()))),
    ("05", |out, time| out.push_str(&format!("{:02}", time.second()))),
    ("06", |out, time| out.push_str(&format!("{:02}", time.year().rem_euclid(100)))),
    ("15", |out, time| out.push_str(&format!("{:02}", time.hour()))),
    ("PM", |out, time| out.push_str(if time.hour() < 12 { "AM" } else { "PM" })),
    ("pm", |out, time| out.push_str(if time.hour() < 12 { "am" } else { "pm" })),
    ("_2", |out, time| out.push_str(&format!("{:2}", time.day()))),
    ("1", |out, time| out.push_str(&time.month().to_string())),
    ("2", |out, time| out.push_str(&time.day().to_string())),
    ("3", |out, time| out.push_str(&twelve(time).to_string())),
    ("4", |out, time| out.push_str(&time.minute().to_string())),
    ("5", |out, time| out.push_str(&time.second().to_string())),
];

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

fn month(time: &Zoned) -> usize {
    usize::try_from(time.month() - 1).unwrap_or(0)
}

fn short(name: Option<&'static str>) -> &'static str {
    name.and_then(|name| name.get(..3)).unwrap_or_default()
}

fn weekday(time: &Zoned) -> &'static str {
    use jiff::civil::Weekday;
    match time.weekday() {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}

fn twelve(time: &Zoned) -> i8 {
    match time.hour() % 12 {
        0 => 12,
        hour => hour,
    }
}

fn offset(time: &Zoned, separator: &str) -> String {
    let minutes = time.offset().seconds() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("{sign}{:02}{separator}{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

fn zone(time: &Zoned) -> String {
    time.time_zone().to_offset_info(time.timestamp()).abbreviation().to_owned()
}

/// As Go's `Duration.String`: `1h2m3.5s`.
pub(crate) fn duration_text(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let total = nanos.unsigned_abs();
    let decimal = |value: u64, unit: u64| {
        let (whole, rest) = (value / unit, value % unit);
        let width = unit.ilog10() as usize;
        let digits = format!("{rest:0width$}");
        match digits.trim_end_matches('0') {
            "" => whole.to_string(),
            digits => format!("{whole}.{digits}"),
        }
    };
    match total {
        0 => "0s".to_owned(),
        1..1_000 => format!("{sign}{total}ns"),
        1_000..1_000_000 => format!("{sign}{}µs", decimal(total, 1_000)),
        1_000_000..1_000_000_000 => format!("{sign}{}ms", decimal(total, 1_000_000)),
        _ => {
            let minutes = total / 60_000_000_000;
            let seconds = decimal(total % 60_000_000_000, 1_000_000_000);
            match (minutes / 60, minutes % 60) {
                (0, 0) => format!("{sign}{seconds}s"),
                (0, minutes) => format!("{sign}{minutes}m{seconds}s"),
                (hours, minutes) => format!("{sign}{hours}h{minutes}m{seconds}s"),
            }
        }
    }
}

fn of(value: &Value) -> Result<&Time, String> {
    match value {
        Value::Time(time) => Ok(time),
        other => Err(format!("expected time.Time; got {}", other.type_name())),
    }
}

fn argument(arguments: &[Value]) -> &Value {
    arguments.first().unwrap_or(&Value::Nil)
}

fn nanos(value: &Value) -> i64 {
    match value {
        Value::Duration(nanos) | Value::Int(nanos) => *nanos,
        _ => 0,
    }
}

/// The methods of `time.Time`.
pub(crate) static METHODS: &[Method] = &[
    Method {
        name: "Add",
        params: &[DURATION],
        call: |time, arguments| Ok(Value::Time(of(time)?.plus(nanos(argument(arguments))))),
    },
    Method {
        name: "After",
        params: &[Param::Time],
        call: |time, arguments| Ok(Value::Bool(of(time)?.nanos_since(of(argument(arguments))?) > 0)),
    },
    Method {
        name: "Before",
        params: &[Param::Time],
        call: |time, arguments| Ok(Value::Bool(of(time)?.nanos_since(of(argument(arguments))?) < 0)),
    },
    Method { name: "Day", params: &[], call: |time, _| Ok(Value::Int(of(time)?.0.day().into())) },
    Method {
        name: "Format",
        params: &[Param::Str],
        call: |time, arguments| {
            Ok(Value::str(of(time)?.format(argument(arguments).as_str().unwrap_or_default())))
        },
    },
    Method { name: "Hour", params: &[], call: |time, _| Ok(Value::Int(of(time)?.0.hour().into())) },
    Method {
        name: "IsZero",
        params: &[],
        call: |time, _| Ok(Value::Bool(of(time)?.seconds() == ZERO_SECONDS)),
    },
    Method { name: "Local", params: &[], call: |time, _| Ok(Value::Time(of(time)?.clone())) },
    Method { name: "Minute", params: &[], call: |time, _| Ok(Value::Int(of(time)?.0.minute().into())) },
    Method {
        name: "Month",
        params: &[],
        call: |time, _| Ok(Value::str(MONTHS.get(month(&of(time)?.0)).copied().unwrap_or_default())),
    },
    Method { name: "Second", params: &[], call: |time, _| Ok(Value::Int(of(time)?.0.second().into())) },
    Method { name: "String", params: &[], call: |time, _| Ok(Value::str(of(time)?.to_string())) },
    Method {
        name: "Sub",
        params: &[Param::Time],
        call: |time, arguments| Ok(Value::Duration(of(time)?.nanos_since(of(argument(arguments))?))),
    },
    Method {
        name: "UTC",
        params: &[],
        call: |time, _| Ok(Value::Time(Time(of(time)?.0.with_time_zone(TimeZone::UTC)))),
    },
    Method { name: "Unix", params: &[], call: |time, _| Ok(Value::Int(of(time)?.seconds())) },
    Method {
        name: "UnixMilli",
        params: &[],
        call: |time, _| Ok(Value::Int(of(time)?.0.timestamp().as_millisecond())),
    },
    Method { name: "Weekday", params: &[], call: |time, _| Ok(Value::str(weekday(&of(time)?.0))) },
    Method { name: "Year", params: &[], call: |time, _| Ok(Value::Int(of(time)?.0.year().into())) },
];

#[expect(clippy::cast_precision_loss, reason = "as Go's Duration.Hours and its like")]
fn in_units(value: &Value, unit: i64) -> Value {
    Value::Float(nanos(value) as f64 / unit as f64)
}

/// The methods of `time.Duration`.
pub(crate) static DURATION_METHODS: &[Method] = &[
    Method { name: "Hours", params: &[], call: |value, _| Ok(in_units(value, 3600 * NANOS_PER_SECOND)) },
    Method { name: "Minutes", params: &[], call: |value, _| Ok(in_units(value, 60 * NANOS_PER_SECOND)) },
    Method { name: "Seconds", params: &[], call: |value, _| Ok(in_units(value, NANOS_PER_SECOND)) },
    Method { name: "Milliseconds", params: &[], call: |value, _| Ok(Value::Int(nanos(value) / 1_000_000)) },
    Method { name: "String", params: &[], call: |value, _| Ok(Value::str(duration_text(nanos(value)))) },
    Method {
        name: "Truncate",
        params: &[DURATION],
        call: |value, arguments| {
            let unit = nanos(argument(arguments)).max(1);
            Ok(Value::Duration(nanos(value) / unit * unit))
        },
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_are_those_of_go() {
        let time = Time::utc(1_700_000_000, 500_000_000);
        let cases = [
            ("2006-01-02T15:04:05Z07:00", "2023-11-14T22:13:20Z"),
            ("2006-01-02T15:04:05.000Z0700", "2023-11-14T22:13:20.500Z"),
            ("Mon Jan _2 3:04PM 2006", "Tue Nov 14 10:13PM 2023"),
            ("Monday, January 2, 06 at 15h", "Tuesday, November 14, 23 at 22h"),
            (".999 002", ".5 318"),
        ];
        for (layout, expected) in cases {
            assert_eq!(time.format(layout), expected);
        }
        assert_eq!(time.to_string(), "2023-11-14 22:13:20.5 +0000 UTC");
        assert_eq!(Time::utc(ZERO_SECONDS, 0).to_string(), "0001-01-01 00:00:00 +0000 UTC");
    }

    #[test]
    fn durations_are_those_of_go() {
        let cases = [
            (0, "0s"),
            (999, "999ns"),
            (1_500, "1.5µs"),
            (2_000_000, "2ms"),
            (3_723_500_000_000, "1h2m3.5s"),
            (-60_000_000_000, "-1m0s"),
        ];
        for (nanos, expected) in cases {
            assert_eq!(duration_text(nanos), expected);
        }
    }
}
