//! The same query with its time fixed by `@`, which must then give the same answer at any other time.

use crate::ast::{At, Expr, ExprKind, Modifiers};

/// Functions whose result depends on the evaluation time itself.
const TIME_DEPENDENT: [&str; 14] = [
    "days_in_month",
    "day_of_month",
    "day_of_week",
    "day_of_year",
    "hour",
    "minute",
    "month",
    "year",
    "predict_linear",
    "time",
    "timestamp",
    "start",
    "end",
    "range",
];

/// The query with every selector and outermost subquery fixed at `at` milliseconds; `None` when it depends on the
/// evaluation time in other ways.
pub(super) fn fixed_at(expr: &Expr, at: i64) -> Option<Expr> {
    let mut fixed = expr.clone();
    fix(&mut fixed, at)?;
    Some(fixed)
}

fn fix(expr: &mut Expr, at: i64) -> Option<()> {
    match &mut expr.kind {
        ExprKind::Number(_) | ExprKind::String(_) => Some(()),
        ExprKind::Selector(selector) => {
            fix_modifiers(&mut selector.modifiers, at);
            Some(())
        }
        // What lies within a subquery moves with it.
        ExprKind::Subquery(subquery) => {
            fix_modifiers(&mut subquery.modifiers, at);
            Some(())
        }
        ExprKind::Call(call) => {
            if TIME_DEPENDENT.contains(&call.function.name) || call.function.name == "step" {
                return None;
            }
            call.args.iter_mut().try_for_each(|arg| fix(arg, at))
        }
        ExprKind::Aggregate(aggregate) => {
            aggregate.parameter.iter_mut().try_for_each(|parameter| fix(parameter, at))?;
            fix(&mut aggregate.expr, at)
        }
        ExprKind::Binary(binary) => {
            fix(&mut binary.lhs, at)?;
            fix(&mut binary.rhs, at)
        }
        ExprKind::Unary(_, operand) | ExprKind::Paren(operand) => fix(operand, at),
    }
}

fn fix_modifiers(modifiers: &mut Modifiers, at: i64) {
    if !matches!(modifiers.at, Some(At::Time(_))) {
        modifiers.at = Some(At::Time(at));
    }
}

#[cfg(test)]
mod tests {
    use crate::parse;

    #[test]
    fn selectors_and_outer_subqueries_are_fixed() {
        let fixed = |text: &str| super::fixed_at(&parse(text).unwrap(), 60_000).map(|expr| expr.to_string());
        assert_eq!(
            fixed("sum(a) + max_over_time(b[5m:1m]) + c @ 1").unwrap(),
            "sum(a @ 60.000) + max_over_time(b[5m:1m] @ 60.000) + c @ 1.000"
        );
        assert_eq!(fixed("timestamp(a)"), None);
    }
}
