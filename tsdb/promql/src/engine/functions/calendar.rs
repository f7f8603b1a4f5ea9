//! Parts of a date and time, in UTC.

use crate::ast::Call;
use crate::engine::QueryError;
use crate::engine::column::Column;
use crate::engine::evaluator::Evaluator;
use crate::engine::grid::Grid;

const DAY: u64 = 86_400;
/// Days of four hundred years, after which the calendar repeats itself.
const CYCLE_DAYS: u64 = 146_097;
/// The year that Go counts from, so that all years it knows have numbers from zero; 2001 is like it.
const FIRST_YEAR: i64 = -292_277_022_399;
/// Seconds from the beginning of that year to 1970.
const FIRST_YEAR_TO_EPOCH: u64 = 9_223_372_028_715_321_600;
/// Days before each month of a year that is no leap year.
const DAYS_BEFORE: [u64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/// Date and time of day in UTC, for every number of seconds that 64 bits hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    year: i64,
    is_leap: bool,
    /// From 0.
    month: usize,
    /// From 0.
    day_of_month: u64,
    /// From 0.
    day_of_year: u64,
    /// From 0, which is Sunday.
    weekday: u64,
    second: u64,
}

/// Evaluates a function of each sample taken as seconds since the epoch; without argument, of the evaluation time.
pub(crate) fn of_times(
    evaluator: &mut Evaluator<'_>,
    call: &Call,
    grid: &Grid,
    of: fn(&Moment) -> f64,
) -> Result<Vec<Column>, QueryError> {
    let columns = match call.args.first() {
        Some(arg) => evaluator.vector(arg, grid)?,
        None => {
            vec![Column::unlabelled(grid.times().map(|time| Some(time as f64 / 1000.0)))]
        }
    };
    evaluator.map(columns, |_, seconds| Some(of(&Moment::at(seconds))))
}

impl Moment {
    /// Whole seconds since the epoch, truncated toward it. What is not a number of them, or too large, counts as the
    /// smallest number that 64 bits hold, and sums wrap around, as for Prometheus on most machines.
    fn at(seconds: f64) -> Self {
        let limit = 2.0_f64.powi(63);
        let seconds = if (-limit..limit).contains(&seconds) { seconds as i64 } else { i64::MIN };
        let seconds = seconds.cast_unsigned().wrapping_add(FIRST_YEAR_TO_EPOCH);
        let days = seconds / DAY;
        let (cycle, in_cycle) = (days / CYCLE_DAYS, days % CYCLE_DAYS);
        // The last day of the cycle belongs to its last year, and the last of four years to the fourth.
        let century = (in_cycle / 36_524).min(3);
        let in_century = in_cycle - century * 36_524;
        let fourth = in_century / 1461;
        let in_fourth = in_century - fourth * 1461;
        let single = (in_fourth / 365).min(3);
        let day_of_year = in_fourth - single * 365;
        let is_leap = single == 3 && (fourth != 24 || century == 3);
        let before = |month: usize| {
            let days = DAYS_BEFORE.get(month).copied().unwrap_or(365);
            days + u64::from(is_leap && month > 1)
        };
        let month = (0..12).rev().find(|&month| before(month) <= day_of_year).unwrap_or(0);
        let years = cycle * 400 + century * 100 + fourth * 4 + single;
        Self {
            year: FIRST_YEAR.wrapping_add(years.cast_signed()),
            is_leap,
            month,
            day_of_month: day_of_year - before(month),
            day_of_year,
            // The first day is a Monday.
            weekday: (days + 1) % 7,
            second: seconds % DAY,
        }
    }
}

pub(crate) fn minute(moment: &Moment) -> f64 {
    (moment.second % 3600 / 60) as f64
}

pub(crate) fn hour(moment: &Moment) -> f64 {
    (moment.second / 3600) as f64
}

pub(crate) fn day_of_week(moment: &Moment) -> f64 {
    moment.weekday as f64
}

pub(crate) fn day_of_month(moment: &Moment) -> f64 {
    (moment.day_of_month + 1) as f64
}

pub(crate) fn day_of_year(moment: &Moment) -> f64 {
    (moment.day_of_year + 1) as f64
}

pub(crate) fn days_in_month(moment: &Moment) -> f64 {
    match moment.month {
        1 => 28.0 + f64::from(u8::from(moment.is_leap)),
        3 | 5 | 8 | 10 => 30.0,
        _ => 31.0,
    }
}

pub(crate) fn month(moment: &Moment) -> f64 {
    (moment.month + 1) as f64
}

pub(crate) fn year(moment: &Moment) -> f64 {
    moment.year as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Minute, hour, day of week, of month, of year, days in month, month and year.
    #[track_caller]
    fn check(seconds: f64, expected: [f64; 8]) {
        let moment = Moment::at(seconds);
        let parts = [minute, hour, day_of_week, day_of_month, day_of_year, days_in_month, month, year];
        assert_eq!(parts.map(|part| part(&moment)), expected, "{seconds}");
    }

    #[test]
    fn a_leap_day_is_a_day() {
        check(1_709_210_096.9, [34.0, 12.0, 4.0, 29.0, 60.0, 29.0, 2.0, 2024.0]);
        check(951_782_400.0, [0.0, 0.0, 2.0, 29.0, 60.0, 29.0, 2.0, 2000.0]);
        check(978_220_800.0, [0.0, 0.0, 0.0, 31.0, 366.0, 31.0, 12.0, 2000.0]);
    }

    /// As Prometheus 2.42 answered.
    #[test]
    fn every_number_is_a_time() {
        check(1_600_000_000.9, [26.0, 12.0, 0.0, 13.0, 257.0, 30.0, 9.0, 2020.0]);
        check(-1.5, [59.0, 23.0, 3.0, 31.0, 365.0, 31.0, 12.0, 1969.0]);
        check(-62_135_596_801.0, [59.0, 23.0, 0.0, 31.0, 366.0, 31.0, 12.0, 0.0]);
        check(253_402_300_800.0, [0.0, 0.0, 6.0, 1.0, 1.0, 31.0, 1.0, 10_000.0]);
        check(-1e12, [13.0, 22.0, 2.0, 5.0, 95.0, 30.0, 4.0, -29_719.0]);
        check(1e15, [46.0, 1.0, 0.0, 5.0, 187.0, 31.0, 7.0, 31_690_708.0]);
        check(9.2e18, [33.0, 11.0, 5.0, 31.0, 244.0, 31.0, 8.0, 291_536_396_232.0]);
        check(-9.2e18, [26.0, 12.0, 2.0, 3.0, 123.0, 31.0, 5.0, -291_536_392_293.0]);
        for none in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, 9.3e18] {
            check(none, [30.0, 15.0, 0.0, 4.0, 339.0, 31.0, 12.0, 292_277_026_596.0]);
        }
    }
}
