//! Operators between scalars, and between a scalar and a vector.

use super::QueryError;
use super::column::{Column, Computed, merge_same};
use super::evaluator::{Evaluator, mistyped};
use super::grid::Grid;
use super::{matching, set};
use crate::ast::Binary;
use crate::{BinaryOp, ValueType};

/// Evaluates a binary operation.
pub(crate) fn binary(
    evaluator: &mut Evaluator<'_>,
    operation: &Binary,
    grid: &Grid,
) -> Result<Computed, QueryError> {
    let left = evaluator.eval(&operation.lhs, grid)?;
    let right = evaluator.eval(&operation.rhs, grid)?;
    match (left, right) {
        (Computed::Scalar(left), Computed::Scalar(right)) => {
            let values =
                left.into_iter().zip(right).map(|(left, right)| match operation.op.is_comparison() {
                    true => truth(compare(operation.op, left, right)),
                    false => calculate(operation.op, left, right),
                });
            Ok(Computed::Scalar(values.collect()))
        }
        (Computed::Vector(columns), Computed::Scalar(scalar)) => {
            with_scalar(evaluator, operation, columns, &scalar, |value, scalar| (value, scalar))
        }
        (Computed::Scalar(scalar), Computed::Vector(columns)) => {
            with_scalar(evaluator, operation, columns, &scalar, |value, scalar| (scalar, value))
        }
        (Computed::Vector(left), Computed::Vector(right)) => {
            let columns = if operation.op.is_set() {
                set::combine(operation, left, right, grid.len())?
            } else {
                matching::combine(evaluator, operation, left, right, grid.len())?
            };
            Ok(Computed::Vector(columns))
        }
        _ => Err(mistyped(ValueType::InstantVector)),
    }
}

/// `order` puts a sample and the scalar into the order in which they stand in the query.
fn with_scalar(
    evaluator: &Evaluator<'_>,
    operation: &Binary,
    columns: Vec<Column>,
    scalar: &[f64],
    order: impl Fn(f64, f64) -> (f64, f64),
) -> Result<Computed, QueryError> {
    let drops_name = operation.return_bool || !operation.op.keeps_name();
    let columns = columns.into_iter().map(|mut column| {
        for (slot, &scalar) in column.values.iter_mut().zip(scalar) {
            *slot = slot.and_then(|value| {
                let (left, right) = order(value, scalar);
                // A filter keeps the sample, also in `1 < x`.
                apply(operation, left, right).map(|result| if filters(operation) { value } else { result })
            });
        }
        if drops_name { evaluator.without_name(column) } else { column }
    });
    let columns = columns.filter(|column| column.values.iter().any(Option::is_some)).collect();
    merge_same(columns).map(Computed::Vector)
}

/// Whether the operation keeps or drops samples instead of calculating new ones.
fn filters(operation: &Binary) -> bool {
    operation.op.is_comparison() && !operation.return_bool
}

/// The result for two samples: for a filter the left one, or nothing. Trimming knows native histograms only.
pub(crate) fn apply(operation: &Binary, left: f64, right: f64) -> Option<f64> {
    match operation.op {
        BinaryOp::TrimAbove | BinaryOp::TrimBelow => None,
        op if !op.is_comparison() => Some(calculate(op, left, right)),
        op => {
            let holds = compare(op, left, right);
            if operation.return_bool { Some(truth(holds)) } else { holds.then_some(left) }
        }
    }
}

fn truth(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

fn compare(op: BinaryOp, left: f64, right: f64) -> bool {
    match op {
        BinaryOp::Eq => left == right,
        BinaryOp::NotEq => left != right,
        BinaryOp::Greater => left > right,
        BinaryOp::Less => left < right,
        BinaryOp::GreaterEq => left >= right,
        BinaryOp::LessEq => left <= right,
        _ => false,
    }
}

/// Arithmetic on two numbers; `%` takes the sign of the left one.
pub(crate) fn calculate(op: BinaryOp, left: f64, right: f64) -> f64 {
    match op {
        BinaryOp::Add => left + right,
        BinaryOp::Sub => left - right,
        BinaryOp::Mul => left * right,
        BinaryOp::Div => left / right,
        BinaryOp::Mod => left % right,
        BinaryOp::Pow => left.powf(right),
        BinaryOp::Atan2 => left.atan2(right),
        _ => f64::NAN,
    }
}
