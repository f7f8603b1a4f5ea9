//! Parts that are the same at every step, such as `sum(up @ end())`.

use super::{source, streams};
use crate::Expr;
use crate::ast::ExprKind;
use crate::engine::Implementation;

/// Whether a part that streams has the same values at all steps: its selectors look at fixed times.
pub(super) fn is_fixed(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Number(_) => true,
        ExprKind::Paren(inner) | ExprKind::Unary(_, inner) => is_fixed(inner),
        ExprKind::Selector(selector) => selector.modifiers.at.is_some(),
        ExprKind::Aggregate(aggregate) => streams(expr) && is_fixed(&aggregate.expr),
        ExprKind::Binary(binary) => is_fixed(&binary.lhs) && is_fixed(&binary.rhs),
        ExprKind::Call(call) => match &call.function.implementation {
            Implementation::Sample(_) | Implementation::SampleWith(_) => call.args.iter().all(is_fixed),
            // What is predicted lies relative to the step.
            Implementation::Window(_) => {
                source::range_selector(call).is_some()
                    && call.function.name != "predict_linear"
                    && call.args.iter().all(is_fixed)
            }
            _ => false,
        },
        ExprKind::String(_) | ExprKind::Subquery(_) => false,
    }
}
