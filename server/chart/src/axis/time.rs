//! The time axis: labels on whole seconds, minutes, hours, days, months or years in the viewer's zone.

use crowsnest_dashboards::calendar::Date;

use crate::data::TimeRange;

/// An instant with a label.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TimeTick {
    /// Milliseconds since the Unix epoch.
    pub(crate) ms: i64,
    pub(crate) label: String,
}

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Distance of two labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// A fixed number of milliseconds.
    Fixed(i64),
    /// Whole calendar months.
    Months(i64),
}

/// Steps that fall on whole minutes, hours and days.
const FIXED: [i64; 31] = [
    1,
    2,
    5,
    10,
    20,
    50,
    100,
    200,
    500,
    SECOND,
    2 * SECOND,
    5 * SECOND,
    10 * SECOND,
    15 * SECOND,
    30 * SECOND,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    5 * DAY,
    7 * DAY,
    14 * DAY,
];
const MONTHS: [i64; 9] = [1, 2, 3, 6, 12, 24, 60, 120, 1200];

/// The labels of `range`, at least `room(label)` CSS pixels apart on an axis `width` CSS pixels wide.
pub(crate) fn time_ticks(
    range: TimeRange,
    utc_offset_minutes: i32,
    width: f64,
    room: impl Fn(&str) -> f64,
) -> Vec<TimeTick> {
    let fits = |step: &Step| {
        let ms = step.approximate_ms();
        room(&step.widest_label()) <= ms as f64 / range.span_ms() as f64 * width
    };
    let steps = FIXED.into_iter().map(Step::Fixed).chain(MONTHS.into_iter().map(Step::Months));
    let step = steps.into_iter().find(fits).unwrap_or(Step::Months(1200));
    step.ticks(range, i64::from(utc_offset_minutes) * MINUTE)
}

impl Step {
    fn approximate_ms(self) -> i64 {
        match self {
            Self::Fixed(ms) => ms,
            Self::Months(months) => months * 28 * DAY,
        }
    }

    fn widest_label(self) -> String {
        match self {
            Self::Fixed(ms) if ms < SECOND => "00:00:00.000",
            Self::Fixed(ms) if ms < MINUTE => "00:00:00",
            Self::Fixed(_) => "00:00",
            Self::Months(months) if months < 12 => "0000-00",
            Self::Months(_) => "0000",
        }
        .to_owned()
    }

    /// The multiples of this step within `range`; `offset` (ms) is added to find them and their text.
    fn ticks(self, range: TimeRange, offset: i64) -> Vec<TimeTick> {
        let mut ticks = Vec::new();
        let start = range.start_ms.saturating_add(offset);
        let mut local = match self {
            Self::Fixed(ms) => start.div_euclid(ms).saturating_mul(ms),
            Self::Months(months) => month_start(months_since_epoch(start).div_euclid(months) * months),
        };
        // A wide axis has a few dozen labels; the bound is for arithmetic at the ends of time.
        while ticks.len() < 200 {
            let ms = local.saturating_sub(offset);
            if ms > range.end_ms {
                break;
            }
            if ms >= range.start_ms {
                ticks.push(TimeTick { ms, label: self.label(local) });
            }
            let next = match self {
                Self::Fixed(step) => local.saturating_add(step),
                Self::Months(months) => month_start(months_since_epoch(local) + months),
            };
            if next <= local {
                break;
            }
            local = next;
        }
        ticks
    }

    fn label(self, local: i64) -> String {
        let Date { year, month, day } = date_of(local);
        match self {
            Self::Months(months) if months >= 12 => format!("{year}"),
            Self::Months(_) => format!("{year}-{month:02}"),
            Self::Fixed(ms) if ms >= DAY => format!("{month:02}-{day:02}"),
            // Where a new day begins, the label says which.
            Self::Fixed(ms) if ms >= MINUTE && local.rem_euclid(DAY) == 0 => format!("{month:02}-{day:02}"),
            Self::Fixed(ms) => {
                let clock = clock(local);
                match ms {
                    _ if ms >= MINUTE => clock.chars().take(5).collect(),
                    _ if ms >= SECOND => clock,
                    _ => format!("{clock}.{:03}", local.rem_euclid(SECOND)),
                }
            }
        }
    }
}

/// `07:45:00`: the time of day of `ms` in the viewer's zone.
pub fn clock_text(ms: i64, utc_offset_minutes: i32) -> String {
    clock(ms.saturating_add(i64::from(utc_offset_minutes) * MINUTE))
}

/// `2026-11-21 07:45:00`: date and time of `ms` in the viewer's zone.
pub fn instant_text(ms: i64, utc_offset_minutes: i32) -> String {
    let local = ms.saturating_add(i64::from(utc_offset_minutes) * MINUTE);
    let Date { year, month, day } = date_of(local);
    format!("{year:04}-{month:02}-{day:02} {}", clock(local))
}

fn clock(local: i64) -> String {
    let second = local.rem_euclid(DAY) / SECOND;
    format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
}

fn date_of(local: i64) -> Date {
    Date::from_days(local.div_euclid(DAY))
}

fn months_since_epoch(local: i64) -> i64 {
    let date = date_of(local);
    (date.year - 1970) * 12 + date.month - 1
}

fn month_start(months: i64) -> i64 {
    Date { year: 1970, month: months + 1, day: 1 }.days().saturating_mul(DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-21 13:32:00 UTC.
    const START: i64 = 1_795_267_920_000;

    #[track_caller]
    fn check(span_ms: i64, utc_offset_minutes: i32, width: f64, expected: &[&str]) {
        let range = TimeRange { start_ms: START, end_ms: START + span_ms };
        let ticks = time_ticks(range, utc_offset_minutes, width, |label| label.len() as f64 * 6.0 + 36.0);
        assert_eq!(ticks.iter().map(|tick| tick.label.as_str()).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn an_hour_is_labelled_on_whole_quarters() {
        check(HOUR, 0, 360.0, &["13:45", "14:00", "14:15", "14:30"]);
        check(
            HOUR,
            0,
            1200.0,
            &[
                "13:35", "13:40", "13:45", "13:50", "13:55", "14:00", "14:05", "14:10", "14:15", "14:20",
                "14:25", "14:30",
            ],
        );
    }

    #[test]
    fn labels_are_whole_in_the_viewers_zone() {
        check(6 * HOUR, 9 * 60, 400.0, &["23:00", "11-22", "01:00", "02:00", "03:00", "04:00"]);
        check(6 * HOUR, 5 * 60 + 30, 300.0, &["20:00", "22:00", "11-22"]);
    }

    #[test]
    fn days_months_and_years_are_dates() {
        check(4 * DAY, 0, 400.0, &["11-22", "11-23", "11-24", "11-25"]);
        check(200 * DAY, 0, 500.0, &["2027-01", "2027-03", "2027-05"]);
        check(4000 * DAY, 0, 300.0, &["2030", "2035"]);
    }

    #[test]
    fn short_ranges_show_seconds_and_fractions() {
        check(40 * SECOND, 0, 300.0, &["13:32:00", "13:32:15", "13:32:30"]);
        check(300, 0, 400.0, &["13:32:00.000", "13:32:00.100", "13:32:00.200", "13:32:00.300"]);
    }

    #[test]
    fn the_ends_of_time_do_not_overflow() {
        for range in [
            TimeRange { start_ms: i64::MIN, end_ms: i64::MAX },
            TimeRange { start_ms: i64::MAX - 5, end_ms: i64::MAX },
            TimeRange { start_ms: i64::MIN, end_ms: i64::MIN + HOUR },
            TimeRange { start_ms: 5, end_ms: 5 },
            TimeRange { start_ms: 9, end_ms: 5 },
        ] {
            for offset in [-720, 0, 840] {
                assert!(time_ticks(range, offset, 600.0, |_| 80.0).len() <= 200);
            }
        }
    }

    #[test]
    fn instants_are_written_in_the_viewers_zone() {
        assert_eq!(instant_text(START, 9 * 60), "2026-11-21 22:32:00");
        assert_eq!(clock_text(START, -30), "13:02:00");
    }
}
