//! Parts of a date and time, in UTC.

use jiff::civil::DateTime;
use jiff::{Timestamp, tz::TimeZone};

use crate::ast::Call;
use crate::engine::QueryError;
use crate::engine::column::Column;
use crate::engine::evaluator::Evaluator;
use crate::engine::grid::Grid;

/// Date and time of day in UTC.
pub(crate) type Moment = DateTime;

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
    // Outside the years -9999 to 9999 there is no calendar.
    evaluator.map(columns, |_, seconds| Some(moment(seconds).map_or(f64::NAN, |moment| of(&moment))))
}

/// Whole seconds since the epoch, truncated toward it.
fn moment(seconds: f64) -> Option<Moment> {
    if seconds.is_nan() {
        return None;
    }
    Some(TimeZone::UTC.to_datetime(Timestamp::from_second(seconds as i64).ok()?))
}

pub(crate) fn minute(moment: &Moment) -> f64 {
    f64::from(moment.minute())
}

pub(crate) fn hour(moment: &Moment) -> f64 {
    f64::from(moment.hour())
}

pub(crate) fn day_of_week(moment: &Moment) -> f64 {
    f64::from(moment.weekday().to_sunday_zero_offset())
}

pub(crate) fn day_of_month(moment: &Moment) -> f64 {
    f64::from(moment.day())
}

pub(crate) fn day_of_year(moment: &Moment) -> f64 {
    f64::from(moment.day_of_year())
}

pub(crate) fn days_in_month(moment: &Moment) -> f64 {
    f64::from(moment.days_in_month())
}

pub(crate) fn month(moment: &Moment) -> f64 {
    f64::from(moment.month())
}

pub(crate) fn year(moment: &Moment) -> f64 {
    f64::from(moment.year())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leap_day_is_a_day() {
        let moment = moment(1_709_210_096.9).unwrap();
        let parts = [year, month, day_of_month, day_of_year, days_in_month, day_of_week, hour, minute];
        assert_eq!(parts.map(|part| part(&moment)), [2024.0, 2.0, 29.0, 60.0, 29.0, 4.0, 12.0, 34.0]);
    }

    #[test]
    fn times_beyond_the_calendar_are_none() {
        assert!(moment(f64::NAN).is_none());
        assert!(moment(1e300).is_none());
    }
}
