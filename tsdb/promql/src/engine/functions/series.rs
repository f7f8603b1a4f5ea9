//! Functions about whole vectors, about presence, and about the query itself.

use crowsnest_api::{Labels, METRIC_NAME, Timestamp};

use crate::MatchOp;
use crate::ast::{Call, Expr, ExprKind};
use crate::engine::column::{Column, Computed};
use crate::engine::evaluator::Evaluator;
use crate::engine::functions::math;
use crate::engine::grid::Grid;
use crate::engine::select::Starts;
use crate::engine::windows::{MixedWindow, Notes, arguments, over_mixed_windows};
use crate::engine::{QueryError, SampleValue};

fn constant(grid: &Grid, value: f64) -> Computed {
    Computed::Scalar(vec![value; grid.len()])
}

pub(crate) fn time(_: &mut Evaluator<'_>, _: &Call, grid: &Grid) -> Result<Computed, QueryError> {
    Ok(Computed::Scalar(grid.times().map(|time| time as f64 / 1000.0).collect()))
}

pub(crate) fn pi(_: &mut Evaluator<'_>, _: &Call, grid: &Grid) -> Result<Computed, QueryError> {
    Ok(constant(grid, std::f64::consts::PI))
}

pub(crate) fn query_start(
    evaluator: &mut Evaluator<'_>,
    _: &Call,
    grid: &Grid,
) -> Result<Computed, QueryError> {
    Ok(constant(grid, evaluator.query.start as f64 / 1000.0))
}

pub(crate) fn query_end(
    evaluator: &mut Evaluator<'_>,
    _: &Call,
    grid: &Grid,
) -> Result<Computed, QueryError> {
    Ok(constant(grid, evaluator.query.end as f64 / 1000.0))
}

pub(crate) fn query_step(
    evaluator: &mut Evaluator<'_>,
    _: &Call,
    grid: &Grid,
) -> Result<Computed, QueryError> {
    Ok(constant(grid, evaluator.query.step as f64 / 1000.0))
}

pub(crate) fn query_range(
    evaluator: &mut Evaluator<'_>,
    _: &Call,
    grid: &Grid,
) -> Result<Computed, QueryError> {
    let range = evaluator.query.end.saturating_sub(evaluator.query.start);
    Ok(constant(grid, range as f64 / 1000.0))
}

pub(crate) fn max_of(
    evaluator: &mut Evaluator<'_>,
    call: &Call,
    grid: &Grid,
) -> Result<Computed, QueryError> {
    of_two(evaluator, call, grid, math::max)
}

pub(crate) fn min_of(
    evaluator: &mut Evaluator<'_>,
    call: &Call,
    grid: &Grid,
) -> Result<Computed, QueryError> {
    of_two(evaluator, call, grid, math::min)
}

fn of_two(
    evaluator: &mut Evaluator<'_>,
    call: &Call,
    grid: &Grid,
    of: fn(f64, f64) -> f64,
) -> Result<Computed, QueryError> {
    let left = evaluator.scalar(evaluator.arg(call, 0)?, grid)?;
    let right = evaluator.scalar(evaluator.arg(call, 1)?, grid)?;
    Ok(Computed::Scalar(left.into_iter().zip(right).map(|(left, right)| of(left, right)).collect()))
}

/// The value of a vector with exactly one series at that step, NaN otherwise.
pub(crate) fn scalar(
    evaluator: &mut Evaluator<'_>,
    call: &Call,
    grid: &Grid,
) -> Result<Computed, QueryError> {
    let columns = evaluator.vector(evaluator.arg(call, 0)?, grid)?;
    let value = |step: usize| {
        let mut values = columns.iter().filter_map(|column| column.float_at(step));
        match (values.next(), values.next()) {
            (Some(only), None) => only,
            _ => f64::NAN,
        }
    };
    Ok(Computed::Scalar((0..grid.len()).map(value).collect()))
}

/// A vector with one series without labels.
pub(crate) fn vector(
    evaluator: &mut Evaluator<'_>,
    call: &Call,
    grid: &Grid,
) -> Result<Computed, QueryError> {
    let values = evaluator.scalar(evaluator.arg(call, 0)?, grid)?;
    Ok(Computed::Vector(vec![Column::unlabelled(values.into_iter().map(Some))]))
}

/// When the samples of a selector were taken; the evaluation time for any other expression.
pub(crate) fn timestamp(
    evaluator: &mut Evaluator<'_>,
    call: &Call,
    grid: &Grid,
) -> Result<Computed, QueryError> {
    let arg = evaluator.arg(call, 0)?;
    let columns = if let ExprKind::Selector(selector) = &arg.without_parens().kind {
        let taken = |_: &Starts, timestamp: Timestamp, _| SampleValue::Float(timestamp.seconds());
        let columns = evaluator.select_with(selector, arg.span, grid, taken)?;
        evaluator.map(columns, |_, seconds| Some(seconds))?
    } else {
        let times: Vec<f64> = grid.times().map(|time| time as f64 / 1000.0).collect();
        let columns = evaluator.vector(arg, grid)?;
        evaluator.map_values(columns, |step, _| times.get(step).copied().map(SampleValue::Float))?
    };
    Ok(Computed::Vector(columns))
}

/// When the counters behind the samples of a selector started, 0 where that is not known; nothing for any other
/// expression.
pub(crate) fn start_timestamp(
    evaluator: &mut Evaluator<'_>,
    call: &Call,
    grid: &Grid,
) -> Result<Computed, QueryError> {
    let arg = evaluator.arg(call, 0)?;
    let ExprKind::Selector(selector) = &arg.without_parens().kind else {
        evaluator.vector(arg, grid)?;
        return Ok(Computed::Vector(Vec::new()));
    };
    let started = |starts: &Starts, timestamp: Timestamp, _| {
        let at = starts.binary_search_by_key(&timestamp, |(timestamp, _)| *timestamp).ok();
        SampleValue::Float(at.and_then(|at| starts.get(at)).map_or(0.0, |(_, start)| start.seconds()))
    };
    let columns = evaluator.select_with(selector, arg.span, grid, started)?;
    evaluator.map(columns, |_, seconds| Some(seconds)).map(Computed::Vector)
}

/// 1 at the steps at which a vector is empty.
pub(crate) fn absent(
    evaluator: &mut Evaluator<'_>,
    call: &Call,
    grid: &Grid,
) -> Result<Computed, QueryError> {
    let arg = evaluator.arg(call, 0)?;
    let columns = evaluator.vector(arg, grid)?;
    Ok(absence(arg, &columns, grid))
}

/// 1 at the steps at which no series has a sample in the window.
pub(crate) fn absent_over_time(
    evaluator: &mut Evaluator<'_>,
    call: &Call,
    grid: &Grid,
) -> Result<Computed, QueryError> {
    let arg = evaluator.arg(call, 0)?;
    let (range, span, scalars) = arguments(evaluator, call, grid)?;
    // With names kept, series stay apart.
    let present =
        |_: &MixedWindow<'_>, _: f64, _: &[f64], _: &mut Notes<'_>| Ok(Some(SampleValue::Float(1.0)));
    let columns = over_mixed_windows(evaluator, range, span, &scalars, grid, true, present)?;
    Ok(absence(arg, &columns, grid))
}

fn absence(arg: &Expr, columns: &[Column], grid: &Grid) -> Computed {
    let absent = |step| columns.iter().all(|column| column.at(step).is_none());
    let values: Vec<_> = (0..grid.len()).map(|step| absent(step).then_some(1.0)).collect();
    if values.iter().all(Option::is_none) {
        return Computed::Vector(Vec::new());
    }
    Computed::Vector(vec![Column { labels: absent_labels(arg), ..Column::unlabelled(values) }])
}

/// The labels that a selector fixes: those with `=` and no other condition on the same label.
fn absent_labels(arg: &Expr) -> Labels {
    let ExprKind::Selector(selector) = &arg.without_parens().kind else {
        return Labels::empty();
    };
    let fixed = selector.matchers.iter().filter(|matcher| {
        let conditions = selector.matchers.iter().filter(|other| other.name == matcher.name).count();
        matcher.op == MatchOp::Equal && conditions == 1 && matcher.name != METRIC_NAME
    });
    Labels::from_pairs(fixed.map(|matcher| (matcher.name.clone(), matcher.value.clone())))
}
