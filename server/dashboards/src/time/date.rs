//! Instants as text: ISO 8601 and the formats of moment.js, in UTC.

use std::fmt::Write as _;

use crate::calendar::{Date, SECONDS_PER_DAY};

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
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
/// Letters of a format that are read; more would be a text and no format.
const LONGEST: usize = 200;

/// `ms` as `how` says: `iso` or nothing, `seconds`, or a format of moment.js such as `YYYY-MM-DD HH:mm`.
pub fn format(ms: i64, how: &str) -> String {
    match how {
        "" | "iso" => moment(ms, "YYYY-MM-DD[T]HH:mm:ss.SSS[Z]"),
        "seconds" => ms.div_euclid(1000).to_string(),
        how => moment(ms, how),
    }
}

/// `ms` in a format of moment.js. Letters that mean nothing there stay; `[…]` stays without its brackets. For a local time, add the offset
/// first: `Z` and `ZZ` say UTC.
pub fn moment(ms: i64, format: &str) -> String {
    let seconds = ms.div_euclid(1000);
    let days = seconds.div_euclid(SECONDS_PER_DAY);
    let second_of_day = seconds.rem_euclid(SECONDS_PER_DAY);
    let parts = Parts {
        date: Date::from_days(days),
        weekday: (days + 4).rem_euclid(7),
        hour: second_of_day / 3600,
        minute: second_of_day / 60 % 60,
        second: second_of_day % 60,
        ms: ms.rem_euclid(1000),
        at: ms,
    };
    let mut result = String::with_capacity(format.len() + 8);
    let mut rest = format.get(..LONGEST).unwrap_or(format);
    while let Some(first) = rest.chars().next() {
        if first == '['
            && let Some(end) = rest.find(']')
        {
            result.push_str(rest.get(1..end).unwrap_or_default());
            rest = rest.get(end + 1..).unwrap_or_default();
            continue;
        }
        let run = rest.find(|c| c != first).unwrap_or(rest.len());
        let ordinal = rest.get(run..).is_some_and(|after| after.starts_with('o'))
            && run == 1
            && matches!(first, 'D' | 'M' | 'd');
        let (letters, after) = rest.split_at(run);
        if ordinal && parts.ordinal(first, &mut result) {
            rest = after.strip_prefix('o').unwrap_or(after);
            continue;
        }
        if !parts.write(letters, &mut result) {
            result.push_str(letters);
        }
        rest = after;
    }
    result
}

struct Parts {
    date: Date,
    /// From Sunday, 0.
    weekday: i64,
    hour: i64,
    minute: i64,
    second: i64,
    ms: i64,
    at: i64,
}

impl Parts {
    /// Writes what the letters stand for; `false` when they stand for nothing.
    fn write(&self, letters: &str, out: &mut String) -> bool {
        let Date { year, month, day } = self.date;
        let twelve = (self.hour + 11) % 12 + 1;
        let named = |names: &[&'static str], at: i64, length: Option<usize>| {
            let name = usize::try_from(at).ok().and_then(|at| names.get(at)).copied().unwrap_or_default();
            name.get(..length.unwrap_or(name.len())).unwrap_or(name).to_owned()
        };
        let text = match letters {
            "YYYY" => format!("{year:04}"),
            "YY" => format!("{:02}", year.rem_euclid(100)),
            "Y" => year.to_string(),
            "Q" => ((month - 1) / 3 + 1).to_string(),
            "MMMM" => named(&MONTHS, month - 1, None),
            "MMM" => named(&MONTHS, month - 1, Some(3)),
            "MM" => format!("{month:02}"),
            "M" => month.to_string(),
            "DD" => format!("{day:02}"),
            "D" => day.to_string(),
            "DDD" => self.day_of_year().to_string(),
            "DDDD" => format!("{:03}", self.day_of_year()),
            "dddd" => named(&DAYS, self.weekday, None),
            "ddd" => named(&DAYS, self.weekday, Some(3)),
            "dd" => named(&DAYS, self.weekday, Some(2)),
            "d" => self.weekday.to_string(),
            "E" => ((self.weekday + 6) % 7 + 1).to_string(),
            "HH" => format!("{:02}", self.hour),
            "H" => self.hour.to_string(),
            "hh" => format!("{twelve:02}"),
            "h" => twelve.to_string(),
            "mm" => format!("{:02}", self.minute),
            "m" => self.minute.to_string(),
            "ss" => format!("{:02}", self.second),
            "s" => self.second.to_string(),
            "SSS" => format!("{:03}", self.ms),
            "SS" => format!("{:02}", self.ms / 10),
            "S" => (self.ms / 100).to_string(),
            "A" => if self.hour < 12 { "AM" } else { "PM" }.to_owned(),
            "a" => if self.hour < 12 { "am" } else { "pm" }.to_owned(),
            "X" => self.at.div_euclid(1000).to_string(),
            "x" => self.at.to_string(),
            "Z" => "+00:00".to_owned(),
            "ZZ" => "+0000".to_owned(),
            "z" => "UTC".to_owned(),
            // Local forms of the United States, moment's own.
            "L" => format!("{month:02}/{day:02}/{year:04}"),
            "LT" => format!("{twelve}:{:02} {}", self.minute, if self.hour < 12 { "AM" } else { "PM" }),
            _ => return false,
        };
        out.push_str(&text);
        true
    }

    fn ordinal(&self, letter: char, out: &mut String) -> bool {
        let number = match letter {
            'D' => self.date.day,
            'M' => self.date.month,
            'd' => self.weekday,
            _ => return false,
        };
        let ending = match (number % 10, number % 100) {
            (_, 11..=13) => "th",
            (1, _) => "st",
            (2, _) => "nd",
            (3, _) => "rd",
            _ => "th",
        };
        // Writing into a string does not fail.
        write!(out, "{number}{ending}").is_ok()
    }

    fn day_of_year(&self) -> i64 {
        self.date.days() - Date { year: self.date.year, month: 1, day: 1 }.days() + 1
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn formats_of_moment_are_written() {
        let at = 1_795_247_100_123;
        for (how, expected) in [
            ("iso", "2026-11-21T07:45:00.123Z"),
            ("seconds", "1795247100"),
            ("YYYY-MM-DD HH:mm:ss", "2026-11-21 07:45:00"),
            ("dddd, MMMM Do YYYY, h:mm:ss a", "Saturday, November 21st 2026, 7:45:00 am"),
            ("YY/M/D H.m [at] x", "26/11/21 7.45 at 1795247100123"),
            ("DDDD E Q", "325 6 4"),
        ] {
            assert_eq!(format(at, how), expected);
        }
        assert_eq!(format(-1, "YYYY-MM-DD HH:mm:ss.SSS"), "1969-12-31 23:59:59.999");
    }

    proptest! {
        #[test]
        fn no_format_and_no_instant_is_too_much(ms in any::<i64>(), how in any::<String>()) {
            format(ms, &how);
        }
    }
}
