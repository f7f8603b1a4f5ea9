//! Moments as people write them, in the viewer's time zone.

use js_sys::{Array, Date, Intl, Object, Reflect};

use crate::range::read_duration;
use crate::zone::Zone;

/// A moment somebody wrote.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Moment {
    /// So many milliseconds before now: `now`, `now-90m`, `-90m`.
    Ago(i64),
    /// A date and time of day without a zone: year, month from 1, day, hour, minute, second.
    Local([u32; 6]),
}

impl Moment {
    /// Reads a moment; `None` where the text is none. Whether the day exists is for [`Self::at`] to say.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("now") {
            return Some(Self::Ago(0));
        }
        let before_now = text.strip_prefix("now").map_or(text, str::trim_start);
        if let Some(length) = before_now.strip_prefix(['-', '−']) {
            return read_duration(length).map(Self::Ago);
        }
        let (date, time) = text.split_once([' ', 'T']).unwrap_or((text, "00:00"));
        let mut parts = [0; 6];
        let numbers = |text: &str, separator| -> Option<Vec<u32>> {
            text.split(separator).map(|part| part.trim().parse().ok()).collect()
        };
        let (date, mut time) = (numbers(date, '-')?, numbers(time, ':')?);
        if time.len() == 2 {
            time.push(0);
        }
        if date.len() != 3 || time.len() != 3 {
            return None;
        }
        for (part, value) in parts.iter_mut().zip(date.into_iter().chain(time)) {
            *part = value;
        }
        let [year, month, day, hour, minute, second] = parts;
        let fits = (1970..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=31).contains(&day)
            && hour < 24
            && minute < 60
            && second < 60;
        fits.then_some(Self::Local(parts))
    }

    /// Milliseconds since the epoch when it is `now` and clocks are those of `zone`; `None` for a day that does not exist.
    pub(crate) fn at_in(self, now: i64, zone: &Zone) -> Option<i64> {
        let Self::Local([year, month, day, hour, minute, second]) = self else { return self.at(now) };
        let written = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.000Z");
        let date = Date::new(&written.as_str().into());
        let exists = date.get_time().is_finite() && date.get_utc_date() == day;
        exists.then(|| zone.to_utc(date.get_time() as i64))
    }

    /// Milliseconds since the epoch when it is `now`; `None` for a day that does not exist.
    pub(crate) fn at(self, now: i64) -> Option<i64> {
        match self {
            Self::Ago(length) => Some(now - length),
            Self::Local([year, month, day, hour, minute, second]) => {
                let signed = |part: u32| i32::try_from(part).unwrap_or_default();
                let date = Date::new_with_year_month_day_hr_min_sec(
                    year,
                    signed(month) - 1,
                    signed(day),
                    signed(hour),
                    signed(minute),
                    signed(second),
                );
                // The 31st of a short month would become the next month's first.
                (date.get_date() == day).then(|| date.get_time() as i64)
            }
        }
    }
}

/// `2026-11-21 08:32`, with seconds where there are any.
pub(crate) fn local_text(at: i64) -> String {
    let date = Date::new(&(at as f64).into());
    let text = format!(
        "{:04}-{:02}-{:02} {:02}:{:02}",
        date.get_full_year(),
        date.get_month() + 1,
        date.get_date(),
        date.get_hours(),
        date.get_minutes()
    );
    match date.get_seconds() {
        0 => text,
        seconds => format!("{text}:{seconds:02}"),
    }
}

/// The same as clocks of `zone` show it.
pub(crate) fn text_in(at: i64, zone: &Zone) -> String {
    let date = Date::new(&((at + zone.offset_ms(at)) as f64).into());
    let text = String::from(date.to_iso_string()).replacen('T', " ", 1);
    let end = if at.rem_euclid(60_000) < 1_000 { 16 } else { 19 };
    text.get(..end).unwrap_or(&text).to_owned()
}

/// The time of day: `08:32`.
pub(crate) fn time_of_day(at: i64) -> String {
    let date = Date::new(&(at as f64).into());
    format!("{:02}:{:02}", date.get_hours(), date.get_minutes())
}

/// The time of day to the millisecond, as lines of logs have it: `08:32:05.123`.
pub(crate) fn clock_text(at: i64) -> String {
    let date = Date::new(&(at as f64).into());
    let (hours, minutes, seconds) = (date.get_hours(), date.get_minutes(), date.get_seconds());
    format!("{hours:02}:{minutes:02}:{seconds:02}.{:03}", date.get_milliseconds())
}

/// The viewer's time zone, `Asia/Seoul`.
pub(crate) fn zone_name() -> String {
    let options = Intl::DateTimeFormat::new(&Array::new(), &Object::new()).resolved_options();
    Reflect::get(&options, &"timeZone".into()).ok().and_then(|zone| zone.as_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::range::MINUTE;

    #[track_caller]
    fn check(text: &str, expected: Option<Moment>) {
        assert_eq!(Moment::read(text), expected, "{text:?}");
    }

    #[test]
    fn moments_are_read_as_people_write_them() {
        check("now", Some(Moment::Ago(0)));
        check(" Now ", Some(Moment::Ago(0)));
        check("now-90m", Some(Moment::Ago(90 * MINUTE)));
        check("now - 1h30m", Some(Moment::Ago(90 * MINUTE)));
        check("-90m", Some(Moment::Ago(90 * MINUTE)));
        check("2026-11-21 08:32", Some(Moment::Local([2026, 11, 21, 8, 32, 0])));
        check("2026-11-21T08:32:05", Some(Moment::Local([2026, 11, 21, 8, 32, 5])));
        check("2026-11-21", Some(Moment::Local([2026, 11, 21, 0, 0, 0])));
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in
            ["", "yesterday-ish", "now+5m", "2026-13-01", "2026-11-21 25:00", "21.11.2026", "2026-11", "8:32"]
        {
            check(text, None);
        }
    }
}
