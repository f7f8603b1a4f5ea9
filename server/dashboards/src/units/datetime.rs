//! Instants as text, in UTC.

use super::number::{Decimals, to_text};
use super::table::DateStyle;
use crate::calendar::{Date, SECONDS_PER_DAY};

/// The year 9999 ends here; beyond, an instant is more likely a wrong unit than a date.
const LAST_MS: f64 = 253_402_300_799_999.0;

/// The instant `ms` milliseconds after the Unix epoch; a plain number when it lies beyond four-digit years.
pub(super) fn format(ms: f64, style: DateStyle) -> String {
    if ms.abs() > LAST_MS {
        return to_text(ms, Decimals::Auto);
    }
    let seconds = (ms / 1000.0).floor() as i64;
    let Date { year, month, day } = Date::from_days(seconds.div_euclid(SECONDS_PER_DAY));
    let second = seconds.rem_euclid(SECONDS_PER_DAY);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    match style {
        DateStyle::Iso => format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"),
        DateStyle::Us => {
            let half = if hour < 12 { "am" } else { "pm" };
            let clock_hour = (hour + 11) % 12 + 1;
            format!("{month:02}/{day:02}/{year:04} {clock_hour}:{minute:02}:{second:02} {half}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leap_days_and_century_years_are_right() {
        assert_eq!(format(951_782_400_000.0, DateStyle::Iso), "2000-02-29 00:00:00");
        assert_eq!(format(4_107_542_400_000.0, DateStyle::Iso), "2100-03-01 00:00:00");
        assert_eq!(format(0.0, DateStyle::Us), "01/01/1970 12:00:00 am");
    }
}
