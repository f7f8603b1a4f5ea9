//! Types: what an operator or function may be given.

use super::operand::surely_matches_empty;
use super::{Fault, MAX_DEPTH, Parsed};
use crate::ast::{Binary, Call, Expr, ExprKind, MatchingLabels, Selector};
use crate::functions::Arity;
use crate::{MatchOp, Span, ValueType};

/// Checks an expression and everything below it.
pub(super) fn check(expr: &Expr, depth: usize) -> Parsed<()> {
    if depth > 2 * MAX_DEPTH {
        return Err(Fault::new(expr.span, format!("expression is nested more than {MAX_DEPTH} levels deep")));
    }
    match &expr.kind {
        ExprKind::Number(_) | ExprKind::String(_) => {}
        // Ranges and offsets were checked where they were read.
        ExprKind::Selector(selector) => return selector_matches_something(selector, expr.span),
        ExprKind::Subquery(subquery) => {
            check(&subquery.expr, depth + 1)?;
            let found = subquery.expr.value_type();
            if found != ValueType::InstantVector {
                let message = format!("subquery is only allowed on instant vector, got {found} instead");
                return Err(Fault::new(expr.span, message));
            }
            return Ok(());
        }
        ExprKind::Call(call) => return check_call(call, expr.span, depth),
        ExprKind::Aggregate(aggregate) => {
            expect_type(&aggregate.expr, ValueType::InstantVector, "aggregation expression")?;
            if let (Some(parameter), Some(wanted)) =
                (&aggregate.parameter, aggregate.op.aggregator().parameter)
            {
                expect_type(parameter, wanted, "aggregation parameter")?;
            }
        }
        ExprKind::Binary(binary) => check_binary(binary, expr.span)?,
        ExprKind::Unary(_, operand) => {
            let found = operand.value_type();
            if !matches!(found, ValueType::Scalar | ValueType::InstantVector) {
                let message = format!(
                    "unary expression only allowed on expressions of type scalar or instant vector, got {:?}",
                    found.as_str()
                );
                return Err(Fault::new(expr.span, message));
            }
        }
        ExprKind::Paren(_) => {}
    }
    expr.children().into_iter().try_for_each(|child| check(child, depth + 1))
}

fn expect_type(expr: &Expr, wanted: ValueType, context: &str) -> Parsed<()> {
    let found = expr.value_type();
    if found == wanted {
        return Ok(());
    }
    Err(Fault::new(expr.span, format!("expected type {wanted} in {context}, got {found}")))
}

/// The name of the metric is given once at most.
pub(super) fn has_one_name(selector: &Selector, span: Span) -> Parsed<()> {
    let on_name = selector.matchers.iter().filter(|matcher| matcher.name == crowsnest_api::METRIC_NAME);
    // Beside a name before the braces no condition on it is allowed; within them, one name.
    let names: Vec<&str> = match &selector.name {
        Some(name) => {
            std::iter::once(name).chain(on_name.map(|matcher| &matcher.value)).map(|n| &**n).collect()
        }
        None => {
            on_name.filter(|matcher| matcher.op == MatchOp::Equal).map(|matcher| &*matcher.value).collect()
        }
    };
    if let [first, second, ..] = names.as_slice() {
        return Err(Fault::new(span, format!("metric name must not be set twice: {first:?} or {second:?}")));
    }
    Ok(())
}

fn selector_matches_something(selector: &Selector, span: Span) -> Parsed<()> {
    has_one_name(selector, span)?;
    if selector.name.is_none() && selector.matchers.iter().all(surely_matches_empty) {
        return Err(Fault::new(span, crate::parser::EMPTY_SELECTOR));
    }
    Ok(())
}

fn check_call(call: &Call, span: Span, depth: usize) -> Parsed<()> {
    let function = call.function;
    let (name, found) = (function.name, call.args.len());
    let declared = function.args.len();
    let fault = |how: &str, wanted: usize| {
        Fault::new(span, format!("expected {how}{wanted} argument(s) in call to {name:?}, got {found}"))
    };
    match function.arity {
        Arity::Exact if found != declared => return Err(fault("", declared)),
        Arity::OptionalLast if found + 1 < declared => return Err(fault("at least ", declared - 1)),
        Arity::OptionalLast if found > declared => return Err(fault("at most ", declared)),
        Arity::RepeatLast { most } => {
            let least = declared - usize::from(most.is_none());
            if found < least {
                return Err(fault("at least ", least));
            }
            if let Some(most) = most.filter(|most| found > *most) {
                return Err(fault("at most ", most));
            }
        }
        _ => {}
    }
    for (i, arg) in call.args.iter().enumerate() {
        let wanted = function.args.get(i).or(function.args.last()).copied();
        let context = format!("call to function {name:?}");
        expect_type(arg, wanted.unwrap_or(ValueType::Scalar), &context)?;
        // The second argument of info() lists labels, in the form of a selector that may match everything.
        if name == "info" && i == 1 {
            match &arg.kind {
                ExprKind::Selector(selector) if selector.name.is_none() => continue,
                _ => {
                    return Err(Fault::new(
                        arg.span,
                        "expected label selectors only, got vector selector instead",
                    ));
                }
            }
        }
        check(arg, depth + 1)?;
    }
    Ok(())
}

fn check_binary(binary: &Binary, span: Span) -> Parsed<()> {
    let (op, matching) = (binary.op, &binary.matching);
    let (left, right) = (binary.lhs.value_type(), binary.rhs.value_type());
    let at_op = |message: String| Err(Fault::new(binary.op_span, message));
    if binary.return_bool && !op.is_comparison() {
        return at_op("bool modifier can only be used on comparison operators".to_owned());
    }
    if op.is_comparison() && !binary.return_bool && left == ValueType::Scalar && right == ValueType::Scalar {
        return at_op("comparisons between scalars must use BOOL modifier".to_owned());
    }
    if let (MatchingLabels::On(on), Some(group)) = (&matching.labels, &matching.group)
        && let Some(label) = on.iter().find(|label| group.include.contains(label))
    {
        return at_op(format!("label {:?} must not occur in ON and GROUP clause at once", label.as_str()));
    }
    for side in [&binary.lhs, &binary.rhs] {
        if !matches!(side.value_type(), ValueType::Scalar | ValueType::InstantVector) {
            let message = "binary expression must contain only scalar and instant vector types";
            return Err(Fault::new(side.span, message));
        }
    }
    let fills = matching.fill != Default::default();
    if left != ValueType::InstantVector || right != ValueType::InstantVector {
        if !matching.labels.names().is_empty() {
            return Err(Fault::new(span, "vector matching only allowed between instant vectors"));
        }
        if fills {
            return Err(Fault::new(span, "filling in missing series only allowed between instant vectors"));
        }
        if op.is_set() {
            return Err(Fault::new(
                span,
                format!("set operator {:?} not allowed in binary scalar expression", op.as_str()),
            ));
        }
    } else if op.is_set() {
        if matching.group.is_some() {
            return Err(Fault::new(span, format!("no grouping allowed for {:?} operation", op.as_str())));
        }
        if fills {
            return Err(Fault::new(span, "filling in missing series not allowed for set operators"));
        }
    }
    Ok(())
}
