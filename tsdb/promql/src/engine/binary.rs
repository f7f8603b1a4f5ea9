//! Operators between scalars, and between a scalar and a vector.

use super::column::{Column, Computed, merge_same};
use super::evaluator::{Evaluator, mistyped};
use super::grid::Grid;
use super::{Annotations, QueryError, SampleValue, matching, set};
use crate::ast::Binary;
use crate::histogram::{Added, Keep};
use crate::{BinaryOp, FloatHistogram, Span, ValueType};

/// Evaluates a binary operation; `span` is the whole of it.
pub(crate) fn binary(
    evaluator: &mut Evaluator<'_>,
    operation: &Binary,
    span: Span,
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
            with_scalar(evaluator, operation, span, columns, &scalar, |value, scalar| (value, scalar))
        }
        (Computed::Scalar(scalar), Computed::Vector(columns)) => {
            with_scalar(evaluator, operation, span, columns, &scalar, |value, scalar| (scalar, value))
        }
        (Computed::Vector(left), Computed::Vector(right)) => {
            let columns = if operation.op.is_set() {
                set::combine(operation, left, right, grid.len())?
            } else {
                matching::combine(evaluator, operation, span, left, right, grid.len())?
            };
            Ok(Computed::Vector(columns))
        }
        _ => Err(mistyped(ValueType::InstantVector)),
    }
}

/// `order` puts a sample and the scalar into the order in which they stand in the query.
fn with_scalar(
    evaluator: &mut Evaluator<'_>,
    operation: &Binary,
    span: Span,
    columns: Vec<Column>,
    scalar: &[f64],
    order: for<'v> fn(&'v SampleValue, &'v SampleValue) -> (&'v SampleValue, &'v SampleValue),
) -> Result<Computed, QueryError> {
    let drops_name = operation.return_bool || !operation.op.keeps_name();
    let mut annotations = std::mem::take(&mut evaluator.annotations);
    let mut results = Vec::with_capacity(columns.len());
    for mut column in columns {
        for (slot, &scalar) in column.values.iter_mut().zip(scalar) {
            *slot = slot.take().and_then(|value| {
                let scalar = SampleValue::Float(scalar);
                let (left, right) = order(&value, &scalar);
                let result = apply(operation, left, right, span, &mut annotations);
                // A filter keeps the sample, also in `1 < x`.
                result.map(|result| if filters(operation) { value } else { result })
            });
        }
        if column.values.iter().any(Option::is_some) {
            results.push(if drops_name { evaluator.without_name(column) } else { column });
        }
    }
    evaluator.annotations = annotations;
    merge_same(results).map(Computed::Vector)
}

/// Whether the operation keeps or drops samples instead of calculating new ones.
fn filters(operation: &Binary) -> bool {
    operation.op.is_comparison() && !operation.return_bool
}

/// The result for two samples: for a filter the left one, or nothing. Samples whose kinds do not go with the operator
/// have no result, which is told at `span`.
pub(crate) fn apply(
    operation: &Binary,
    left: &SampleValue,
    right: &SampleValue,
    span: Span,
    annotations: &mut Annotations,
) -> Option<SampleValue> {
    use SampleValue::{Float, Histogram};
    let op = operation.op;
    match (left, op, right) {
        (Float(left), _, Float(right)) if !op.is_trim() => {
            apply_to_floats(operation, *left, *right).map(Float)
        }
        (Histogram(left), BinaryOp::Add, Histogram(right)) => {
            let mut sum = FloatHistogram::clone(left);
            let added = sum.add(right).ok();
            note(added, op, "addition", span, annotations).map(|()| sum.into())
        }
        (Histogram(left), BinaryOp::Sub, Histogram(right)) => {
            let mut difference = FloatHistogram::clone(left);
            let added = difference.subtract(right).ok();
            note(added, op, "subtraction", span, annotations).map(|()| difference.into())
        }
        (Histogram(a), BinaryOp::Eq | BinaryOp::NotEq, Histogram(b)) => {
            let holds = a.holds_same(b) == (op == BinaryOp::Eq);
            if operation.return_bool { Some(Float(truth(holds))) } else { holds.then(|| left.clone()) }
        }
        (Histogram(histogram), BinaryOp::Mul, Float(factor))
        | (Float(factor), BinaryOp::Mul, Histogram(histogram)) => Some(histogram.scaled(*factor).into()),
        (Histogram(histogram), BinaryOp::Div, Float(divisor)) => Some(histogram.divided(*divisor).into()),
        (Histogram(histogram), BinaryOp::TrimAbove, Float(value)) => {
            Some(histogram.trimmed(Keep::Below, *value).into())
        }
        (Histogram(histogram), BinaryOp::TrimBelow, Float(value)) => {
            Some(histogram.trimmed(Keep::Above, *value).into())
        }
        _ => {
            let (left, right) = (left.kind(), right.kind());
            annotations.inform(
                span,
                format!(
                    "incompatible sample types encountered for binary operator {:?}: {left} {op} {right}",
                    op.as_str()
                ),
            );
            None
        }
    }
}

/// Tells what had to be done to combine two histograms; nothing comes of those that cannot be.
fn note(
    added: Option<Added>,
    op: BinaryOp,
    what: &str,
    span: Span,
    annotations: &mut Annotations,
) -> Option<()> {
    let Some(added) = added else {
        annotations.warn(span, format!("incompatible bucket layout encountered for binary operator {op}"));
        return None;
    };
    if added.hints_collide {
        annotations.warn(span, format!("conflicting counter resets during histogram {what}"));
    }
    if added.reconciled {
        annotations.inform(span, format!("mismatched custom buckets were reconciled during {what}"));
    }
    Some(())
}

/// As [`apply`], of floats.
pub(crate) fn apply_to_floats(operation: &Binary, left: f64, right: f64) -> Option<f64> {
    match operation.op {
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
