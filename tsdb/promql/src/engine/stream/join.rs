//! Arithmetic and comparison between two vectors: one side is kept, the other streams past it.

use std::collections::{HashMap, HashSet};

use crowsnest_api::{Labels, is_stale, stale_nan};

use super::{FloatColumn, Sink, Stop};
use crate::ValueType;
use crate::ast::{Binary, Expr, ExprKind, Side};
use crate::engine::binary::apply_to_floats;
use crate::engine::column::{Held, without_metric_labels};
use crate::engine::evaluator::Evaluator;
use crate::engine::grid::Grid;
use crate::engine::matching::{result_labels, signature};

/// A series of the kept side, and whether it has met another one.
struct Kept {
    column: FloatColumn,
    met: bool,
}

/// Evaluates an operation between two vectors, none of which has two series of one signature; which of them may is for
/// the plain evaluator to find out.
pub(super) fn join(
    evaluator: &mut Evaluator<'_>,
    operation: &Binary,
    grid: &Grid,
    sink: Sink<'_>,
) -> Result<(), Stop> {
    let (matching, op) = (&operation.matching, operation.op);
    let swapped = matching.group.as_ref().is_some_and(|group| group.many == Side::Right);
    let (many, one) = match swapped {
        true => (&operation.rhs, &operation.lhs),
        false => (&operation.lhs, &operation.rhs),
    };
    // What another join has kept is let go before this one keeps its own.
    let ready = if joins(many) { Some(evaluator.vector(many, grid)?) } else { None };
    let mut kept: HashMap<Labels, Kept> = HashMap::new();
    evaluator.stream(one, grid, &mut |evaluator, column| {
        let column = std::mem::take(column);
        evaluator.hold(Held::of_series(&column.labels, column.values.len()))?;
        let signature = signature(&column.labels, &matching.labels);
        match kept.insert(signature, Kept { column, met: false }) {
            None => Ok(()),
            Some(_) => Err(Stop::NotCovered),
        }
    })?;
    let drops_name = operation.return_bool || !op.keeps_name();
    let delayed = evaluator.options.features.delayed_name_removal;
    let mut seen = HashSet::new();
    let mut meet = |evaluator: &mut Evaluator<'_>, column: &mut FloatColumn| {
        let Some(other) = kept.get_mut(&signature(&column.labels, &matching.labels)) else { return Ok(()) };
        if std::mem::replace(&mut other.met, true) && matching.group.is_none() {
            return Err(Stop::NotCovered);
        }
        column.labels = result_labels(matching, &column.labels, &other.column.labels);
        if drops_name && delayed {
            column.drop_name = true;
        } else if drops_name {
            column.labels = without_metric_labels(&column.labels);
        }
        for (value, &partner) in column.values.iter_mut().zip(&other.column.values) {
            let (left, right) = if swapped { (partner, *value) } else { (*value, partner) };
            let present = !is_stale(left) && !is_stale(right);
            let result = if present { apply_to_floats(operation, left, right) } else { None };
            *value = result.unwrap_or(stale_nan());
        }
        if !seen.insert(column.labels.clone()) {
            return Err(Stop::NotCovered);
        }
        if column.has_values() { sink(evaluator, column) } else { Ok(()) }
    };
    match ready {
        Some(columns) => evaluator.pass_on(columns, &mut meet),
        None => evaluator.stream(many, grid, &mut meet),
    }
}

/// Whether two vectors are joined directly in an expression.
fn joins(expr: &Expr) -> bool {
    match &expr.without_parens().kind {
        ExprKind::Binary(binary) => {
            let vector = |side: &Expr| side.value_type() == ValueType::InstantVector;
            vector(&binary.lhs) && vector(&binary.rhs) || joins(&binary.lhs) || joins(&binary.rhs)
        }
        _ => false,
    }
}
