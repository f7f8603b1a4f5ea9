//! Times of lines: RFC 3339, to the nanosecond.

/// A moment: seconds since 1970, and nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Time(i64, u32);

impl Time {
    /// Reads `2026-11-21T08:00:00.123456789Z`, or with an offset such as `+09:00`; `None` where it is none.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (date, rest) = text.split_once('T')?;
        let zone_at = rest.find(['Z', '+', '-'])?;
        let (clock, zone) = rest.split_at_checked(zone_at)?;
        let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
        let [year, month, day] = numbers(date, '-')?;
        let [hour, minute, second] = numbers(clock, ':')?;
        let offset = match zone.split_at_checked(1)? {
            ("Z", "") => 0,
            (sign, text) => {
                let (hours, minutes) = text.split_once(':')?;
                let seconds = hours.parse::<i64>().ok()? * 3600 + minutes.parse::<i64>().ok()? * 60;
                if sign == "-" { -seconds } else { seconds }
            }
        };
        let digits: String = fraction.chars().chain("000000000".chars()).take(9).collect();
        let nanos = digits.parse().ok()?;
        let seconds =
            days_since_1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset;
        Some(Self(seconds, nanos))
    }

    /// Milliseconds since 1970.
    pub(crate) fn millis(self) -> i64 {
        self.0 * 1000 + i64::from(self.1 / 1_000_000)
    }
}

fn numbers(text: &str, separator: char) -> Option<[i64; 3]> {
    let mut parts = text.split(separator).map(str::parse);
    let all = [parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?];
    parts.next().is_none().then_some(all)
}

/// Days from 1970-01-01 to a date of the Gregorian calendar: years begin in March, so that the day that some have more is the last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_to_the_nanosecond_and_in_every_zone() {
        let millis = |text| Time::read(text).map(Time::millis);
        assert_eq!(millis("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(millis("2026-11-21T08:00:00.5Z"), Some(1_795_248_000_500));
        assert_eq!(millis("2026-11-21T17:00:00.500+09:00"), Some(1_795_248_000_500));
        assert_eq!(millis("2024-02-29T23:59:60Z"), Some(1_709_251_200_000));
        assert!(Time::read("2026-11-21T08:00:00.000000001Z") > Time::read("2026-11-21T08:00:00Z"));
        for wrong in
            ["", "2026-11-21", "T", "2026-11-21T08:00Z", "2026-11-21T08:00:00", "aTbZ", "1-2-3T4:5:6+é"]
        {
            assert_eq!(Time::read(wrong), None, "{wrong}");
        }
    }
}
