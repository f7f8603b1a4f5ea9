//! A query over several lines, as Prometheus's `format_query` lays it out.
//!
//! What fits a line stays on it. Anything longer is split at its outermost node: operators stand on lines of their own,
//! less indented than what they join; calls, aggregations and parentheses indent what they hold.

use std::fmt::{self, Display, Write};

use super::{Heading, Operator, Window};
use crate::ast::{Expr, ExprKind};

/// How many bytes an expression may have before it is split.
const LINE_BYTES: usize = 100;

/// Prints an expression over as many lines as it needs.
pub fn pretty(expr: &Expr) -> String {
    pretty_within(expr, LINE_BYTES)
}

fn pretty_within(expr: &Expr, line_bytes: usize) -> String {
    let mut printer = Printer { text: String::new(), line_bytes };
    printer.expr(expr, 0);
    printer.text
}

struct Printer {
    text: String,
    line_bytes: usize,
}

impl Printer {
    /// Prints an expression that starts a line, or, at level 0, the text.
    fn expr(&mut self, expr: &Expr, level: usize) {
        let fits = self.fits(expr);
        match &expr.kind {
            // Prometheus does not indent a subquery that fits.
            ExprKind::Subquery(_) if fits => self.push(expr),
            // A sign is printed before what it belongs to, whose own lines follow.
            ExprKind::Unary(op, operand) => {
                self.indent(level);
                self.push(op.as_str());
                let start = self.text.len();
                self.expr(operand, level);
                let indented = self.text.get(start..).unwrap_or_default();
                let blank = indented.len() - indented.trim_start().len();
                self.text.drain(start..start + blank);
            }
            ExprKind::Number(_) | ExprKind::String(_) | ExprKind::Selector(_) => self.line(level, expr),
            _ if fits => self.line(level, expr),
            ExprKind::Subquery(subquery) => {
                self.expr(&subquery.expr, level);
                self.push(Window(subquery));
            }
            ExprKind::Call(call) => {
                let args: Vec<&Expr> = call.args.iter().collect();
                self.enclosed(level, call.function.name, &args);
            }
            ExprKind::Aggregate(aggregate) => {
                let args: Vec<&Expr> =
                    aggregate.parameter.iter().chain(std::iter::once(&aggregate.expr)).collect();
                self.enclosed(level, Heading(aggregate), &args);
            }
            ExprKind::Binary(binary) => {
                self.expr(&binary.lhs, level + 1);
                self.push('\n');
                self.line(level, Operator(binary));
                self.push('\n');
                self.expr(&binary.rhs, level + 1);
            }
            ExprKind::Paren(inner) => self.enclosed(level, "", &[inner]),
        }
    }

    /// `heading(`, the arguments on lines of their own, `)`.
    fn enclosed(&mut self, level: usize, heading: impl Display, args: &[&Expr]) {
        self.line(level, heading);
        self.push('(');
        for (i, arg) in args.iter().enumerate() {
            self.push(if i > 0 { ",\n" } else { "\n" });
            self.expr(arg, level + 1);
        }
        self.push('\n');
        self.line(level, ')');
    }

    fn line(&mut self, level: usize, what: impl Display) {
        self.indent(level);
        self.push(what);
    }

    fn indent(&mut self, level: usize) {
        self.text.extend(std::iter::repeat_n("  ", level));
    }

    fn push(&mut self, what: impl Display) {
        // Writing to a string cannot fail.
        let _ = write!(self.text, "{what}");
    }

    fn fits(&self, expr: &Expr) -> bool {
        // Stops as soon as the line is full, so that deep trees are not printed once for every level.
        write!(Room(self.line_bytes), "{expr}").is_ok()
    }
}

/// Takes so many bytes and no more.
struct Room(usize);

impl Write for Room {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = self.0.checked_sub(text.len()).ok_or(fmt::Error)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    /// With short lines, so that short queries show every rule.
    #[track_caller]
    fn check(query: &str, lines: &[&str]) {
        let expr = parse(query).unwrap_or_else(|error| panic!("{query}: {error}"));
        assert_eq!(pretty_within(&expr, 10).split('\n').collect::<Vec<_>>(), lines, "{query}");
    }

    #[test]
    fn what_fits_stays_on_its_line() {
        check("(1 + 2)", &["(1 + 2)"]);
        check("-vector_selector", &["-vector_selector"]);
        check("a_long_selector{b='c'}[5m] @ 1", &["a_long_selector{b=\"c\"}[5m] @ 1.000"]);
        let query = |bytes: usize| format!("{} + b", "a".repeat(bytes - " + b".len()));
        assert_eq!(pretty(&parse(&query(100)).unwrap()), query(100));
        assert_eq!(pretty(&parse(&query(101)).unwrap()), format!("  {}\n+\n  b", "a".repeat(97)));
    }

    #[test]
    fn operators_stand_between_their_operands() {
        check("foo_1 + foo_2", &["  foo_1", "+", "  foo_2"]);
        check("foo + baar + foo_3", &["  foo + baar", "+", "  foo_3"]);
    }

    #[test]
    fn calls_aggregations_and_parentheses_indent_what_they_hold() {
        check("rate(foo[1m])", &["rate(", "  foo[1m]", ")"]);
        check("topk(10, long_name) by (a)", &["topk by (a) (", "  10,", "  long_name", ")"]);
        check("((foo_long))", &["(", "  (foo_long)", ")"]);
        check("-histogram_avg(long_name)", &["-histogram_avg(", "  long_name", ")"]);
        check("time() - -absent(a)", &["  time()", "-", "  -absent(a)"]);
    }

    #[test]
    fn subqueries_follow_what_they_evaluate() {
        check(
            "max_over_time(rate(long_name[1m])[1m:] @ start() offset 1m)",
            &["max_over_time(", "  rate(", "    long_name[1m]", "  )[1m:] @ start() offset 1m", ")"],
        );
        check("min_over_time(a[5m:1m])", &["min_over_time(", "a[5m:1m]", ")"]);
    }
}
