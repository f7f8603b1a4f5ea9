//! What an expression compares with a number: what can be drawn of an alert.

use crate::ast::ExprKind;
use crate::{BinaryOp, Expr, UnaryOp};

/// Comparisons, and what they are with their sides exchanged.
const COMPARISONS: &[(BinaryOp, &str, &str)] = &[
    (BinaryOp::Eq, "==", "=="),
    (BinaryOp::NotEq, "!=", "!="),
    (BinaryOp::Greater, ">", "<"),
    (BinaryOp::Less, "<", ">"),
    (BinaryOp::GreaterEq, ">=", "<="),
    (BinaryOp::LessEq, "<=", ">="),
];

impl Expr {
    /// What it compares, how, and with which number: of `x > 5 and y` it is `x`, `>` and 5.
    pub fn threshold(&self) -> Option<(&Self, &'static str, f64)> {
        let ExprKind::Binary(binary) = &without_parens(self).kind else { return None };
        if matches!(binary.op, BinaryOp::And | BinaryOp::Unless) {
            return binary.lhs.threshold();
        }
        let (_, forth, back) = COMPARISONS.iter().find(|(op, ..)| *op == binary.op)?;
        match (number(&binary.lhs), number(&binary.rhs)) {
            (None, Some(value)) => Some((without_parens(&binary.lhs), forth, value)),
            (Some(value), None) => Some((without_parens(&binary.rhs), back, value)),
            _ => None,
        }
    }
}

fn without_parens(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Paren(inner) => without_parens(inner),
        _ => expr,
    }
}

/// The number that an expression is, signs and sums of numbers included.
fn number(expr: &Expr) -> Option<f64> {
    match &without_parens(expr).kind {
        ExprKind::Number(literal) => Some(literal.value),
        ExprKind::Unary(UnaryOp::Minus, inner) => number(inner).map(|value| -value),
        ExprKind::Unary(UnaryOp::Plus, inner) => number(inner),
        ExprKind::Binary(binary) => {
            let (lhs, rhs) = (number(&binary.lhs)?, number(&binary.rhs)?);
            match binary.op {
                BinaryOp::Add => Some(lhs + rhs),
                BinaryOp::Sub => Some(lhs - rhs),
                BinaryOp::Mul => Some(lhs * rhs),
                BinaryOp::Div => Some(lhs / rhs),
                _ => None,
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::parse;

    #[track_caller]
    fn check(text: &str, expected: Option<(&str, &str, f64)>) {
        let expr = parse(text).unwrap();
        let found = expr.threshold().map(|(expr, op, value)| (expr.to_string(), op, value));
        assert_eq!(found, expected.map(|(expr, op, value)| (expr.to_owned(), op, value)), "{text}");
    }

    #[test]
    fn what_is_compared_with_a_number_is_found_on_either_side() {
        check("rate(x[5m]) * 100 > 5", Some(("rate(x[5m]) * 100", ">", 5.0)));
        check("(0.1 * 2) < (up)", Some(("up", ">", 0.2)));
        check("(x > 1) and on (a) y < 3", Some(("x", ">", 1.0)));
        check("x == -1 unless y", Some(("x", "==", -1.0)));
        check("x > y", None);
        check("x", None);
        check("vector(1)", None);
    }
}
