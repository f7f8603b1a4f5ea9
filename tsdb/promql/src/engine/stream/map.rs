//! Operations on each series by itself.

use crowsnest_api::{is_stale, stale_nan};

use super::names::Unnamed;
use super::{Sink, Stop};
use crate::ValueType;
use crate::ast::{Binary, Call, Expr};
use crate::engine::binary::apply_to_floats;
use crate::engine::evaluator::Evaluator;
use crate::engine::grid::Grid;

/// Calculates every value anew from step and value; the name is dropped.
pub(super) fn each(
    evaluator: &mut Evaluator<'_>,
    operand: &Expr,
    grid: &Grid,
    sink: Sink<'_>,
    of: impl Fn(usize, f64) -> Option<f64>,
) -> Result<(), Stop> {
    let mut unnamed = Unnamed::of(evaluator, operand);
    evaluator.stream(operand, grid, &mut |evaluator, column| {
        for (step, value) in column.values.iter_mut().enumerate() {
            if !is_stale(*value) {
                *value = of(step, *value).unwrap_or(stale_nan());
            }
        }
        unnamed.drop_name(column)?;
        if column.has_values() { sink(evaluator, column) } else { Ok(()) }
    })
}

/// A function of each sample and of scalar arguments.
pub(super) fn with_arguments(
    evaluator: &mut Evaluator<'_>,
    call: &Call,
    grid: &Grid,
    sink: Sink<'_>,
    of: fn(f64, &[f64]) -> Option<f64>,
) -> Result<(), Stop> {
    let mut scalars = Vec::new();
    for arg in call.args.iter().skip(1) {
        scalars.push(evaluator.scalar(arg, grid)?);
    }
    let width = scalars.len();
    let parameters = crate::engine::windows::by_step(&scalars, grid.len());
    let at = |step: usize| parameters.get(step * width..(step + 1) * width).unwrap_or_default();
    each(evaluator, evaluator.arg(call, 0)?, grid, sink, |step, value| of(value, at(step)))
}

/// An operator between a vector and a scalar.
pub(super) fn with_scalar(
    evaluator: &mut Evaluator<'_>,
    operation: &Binary,
    grid: &Grid,
    sink: Sink<'_>,
) -> Result<(), Stop> {
    let scalar_is_left = operation.lhs.value_type() == ValueType::Scalar;
    let (vector, scalar) = match scalar_is_left {
        true => (&operation.rhs, &operation.lhs),
        false => (&operation.lhs, &operation.rhs),
    };
    let scalar = evaluator.scalar(scalar, grid)?;
    let filters = operation.op.is_comparison() && !operation.return_bool;
    let drops_name = operation.return_bool || !operation.op.keeps_name();
    let mut unnamed = Unnamed::of(evaluator, vector);
    evaluator.stream(vector, grid, &mut |evaluator, column| {
        for (value, &scalar) in column.values.iter_mut().zip(&scalar) {
            if is_stale(*value) {
                continue;
            }
            let (left, right) = if scalar_is_left { (scalar, *value) } else { (*value, scalar) };
            let result = apply_to_floats(operation, left, right);
            // A filter keeps the sample, also in `1 < x`.
            *value = result.map_or(stale_nan(), |result| if filters { *value } else { result });
        }
        if !column.has_values() {
            return Ok(());
        }
        if drops_name {
            unnamed.drop_name(column)?;
        }
        sink(evaluator, column)
    })
}
