//! Instants as text, in UTC. The proleptic Gregorian calendar, by Howard Hinnant's days-from-civil arithmetic
//! (<https://howardhinnant.github.io/date_algorithms.html>).

use super::number::{Decimals, to_text};
use super::table::DateStyle;

/// The year 9999 ends here; beyond, an instant is more likely a wrong unit than a date.
const LAST_MS: f64 = 253_402_300_799_999.0;

/// The instant `ms` milliseconds after the Unix epoch; a plain number when it lies beyond four-digit years.
pub(super) fn format(ms: f64, style: DateStyle) -> String {
    if ms.abs() > LAST_MS {
        return to_text(ms, Decimals::Auto);
    }
    let seconds = (ms / 1000.0).floor() as i64;
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil_from_days(days);
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

/// Year, month and day of the day that lies `days` after 1970-01-01.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
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
