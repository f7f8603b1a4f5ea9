//! Days and dates of the proleptic Gregorian calendar, by Howard Hinnant's arithmetic
//! (<https://howardhinnant.github.io/date_algorithms.html>). No time zones: callers add an offset before they ask.

/// Seconds in a day; leap seconds do not exist here.
pub const SECONDS_PER_DAY: i64 = 86_400;

/// A day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    /// Astronomical year: 0 is 1 BC.
    pub year: i64,
    /// 1 to 12.
    pub month: i64,
    /// 1 to 31.
    pub day: i64,
}

impl Date {
    /// The day that lies `days` after 1970-01-01. Exact for every day of the years ±25 million.
    pub fn from_days(days: i64) -> Self {
        let shifted = days.saturating_add(719_468);
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        Self {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month,
            day: day_of_year - (153 * month_from_march + 2) / 5 + 1,
        }
    }

    /// Days since 1970-01-01. A month outside 1 to 12 counts on into the neighbouring years.
    pub fn days(self) -> i64 {
        let months = self.month - 1;
        let (year, month) = (self.year + months.div_euclid(12), months.rem_euclid(12) + 1);
        let year = if month <= 2 { year - 1 } else { year };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let month_from_march = if month > 2 { month - 3 } else { month + 9 };
        let day_of_year = (153 * month_from_march + 2) / 5 + self.day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * 146_097 + day_of_era - 719_468
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_days_are_inverse() {
        for days in (-800_000..800_000).step_by(97) {
            assert_eq!(Date::from_days(days).days(), days);
        }
        assert_eq!(Date::from_days(0), Date { year: 1970, month: 1, day: 1 });
        assert_eq!(Date::from_days(11_016), Date { year: 2000, month: 2, day: 29 });
    }

    #[test]
    fn a_month_past_december_is_in_the_next_year() {
        assert_eq!(
            Date { year: 2026, month: 13, day: 1 }.days(),
            Date { year: 2027, month: 1, day: 1 }.days()
        );
        assert_eq!(
            Date { year: 2026, month: 0, day: 1 }.days(),
            Date { year: 2025, month: 12, day: 1 }.days()
        );
    }
}
