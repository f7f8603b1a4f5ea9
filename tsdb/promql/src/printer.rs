//! Prints a syntax tree as Prometheus 3 does; what is printed parses to the same tree.
//!
//! [`Display`] gives the canonical form in one line, [`pretty()`] the form of `format_query`. Conditions of a selector
//! come sorted by their text, so trees that differ only in that order print alike.

mod pretty;

use std::fmt::{self, Display, Formatter};

pub use pretty::pretty;
use smol_str::SmolStr;

use crate::MatchOp;
use crate::ast::{
    Aggregate, At, Binary, Edges, Expr, ExprKind, Fill, Grouping, LabelMatcher, MatchingLabels, Modifiers,
    NumberLiteral, Selector, Side, Subquery,
};
use crate::lexer::{number as literal, string};
use crate::text::general;

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExprKind::Number(number) => number.fmt(f),
            ExprKind::String(bytes) => f.write_str(&string::quote(bytes)),
            ExprKind::Selector(selector) => selector.fmt(f),
            ExprKind::Subquery(subquery) => write!(f, "{}{}", subquery.expr, Window(subquery)),
            ExprKind::Call(call) => {
                write!(f, "{}(", call.function.name)?;
                separated(f, &call.args)?;
                f.write_str(")")
            }
            ExprKind::Aggregate(aggregate) => aggregate.fmt(f),
            ExprKind::Binary(binary) => write!(f, "{} {} {}", binary.lhs, Operator(binary), binary.rhs),
            ExprKind::Unary(op, operand) => write!(f, "{}{operand}", op.as_str()),
            ExprKind::Paren(inner) => write!(f, "({inner})"),
        }
    }
}

impl Display for NumberLiteral {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.is_duration {
            f.write_str(&literal::format_duration((self.value * 1000.0).round() as i64))
        } else {
            f.write_str(&number(self.value))
        }
    }
}

/// A number as Prometheus prints it in queries: no exponent, `+Inf`, `NaN`.
pub(crate) fn number(value: f64) -> String {
    crowsnest_api::format_value(value)
}

impl Display for Selector {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let plain_name = self.name.as_deref().filter(|name| is_metric_name(name));
        let other_name = self.name.as_deref().filter(|name| !is_metric_name(name));
        if let Some(name) = plain_name {
            f.write_str(name)?;
        }
        let mut conditions: Vec<String> = self.matchers.iter().map(ToString::to_string).collect();
        conditions.extend(other_name.map(|name| format!("{}={}", crowsnest_api::METRIC_NAME, quote(name))));
        conditions.sort_unstable();
        if !conditions.is_empty() || plain_name.is_none() {
            write!(f, "{{{}}}", conditions.join(","))?;
        }
        match &self.range {
            // `anchored` and `smoothed` follow the range, but the time of an instant vector.
            Some(range) => write!(f, "[{range}]{}", self.modifiers),
            None => {
                let Modifiers { offset, at, edges } = &self.modifiers;
                fmt_at(*at, f)?;
                fmt_edges(*edges, f)?;
                fmt_offset(offset.as_deref(), f)
            }
        }
    }
}

impl Display for LabelMatcher {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        fmt_matcher(f, &self.name, self.op, &self.value)
    }
}

pub(crate) fn fmt_matcher(f: &mut Formatter<'_>, name: &str, op: MatchOp, value: &str) -> fmt::Result {
    // Within braces no word is reserved.
    let name = if is_identifier(name) { name.to_owned() } else { quote(name) };
    write!(f, "{name}{op}{}", quote(value))
}

/// What a subquery adds to its expression: `[1h:5m] @ end() offset 1m`.
struct Window<'a>(&'a Subquery);

impl Display for Window<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Subquery { range, step, modifiers, .. } = self.0;
        write!(f, "[{range}:")?;
        if let Some(step) = step {
            step.fmt(f)?;
        }
        write!(f, "]{modifiers}")
    }
}

impl Display for Modifiers {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        fmt_edges(self.edges, f)?;
        fmt_at(self.at, f)?;
        fmt_offset(self.offset.as_deref(), f)
    }
}

fn fmt_edges(edges: Option<Edges>, f: &mut Formatter<'_>) -> fmt::Result {
    edges.map_or(Ok(()), |edges| write!(f, " {edges}"))
}

fn fmt_at(at: Option<At>, f: &mut Formatter<'_>) -> fmt::Result {
    match at {
        Some(At::Time(millis)) => {
            let sign = if millis < 0 { "-" } else { "" };
            let millis = millis.unsigned_abs();
            write!(f, " @ {sign}{}.{:03}", millis / 1000, millis % 1000)
        }
        Some(At::Start) => f.write_str(" @ start()"),
        Some(At::End) => f.write_str(" @ end()"),
        None => Ok(()),
    }
}

fn fmt_offset(offset: Option<&Expr>, f: &mut Formatter<'_>) -> fmt::Result {
    match offset.map(|offset| &offset.kind) {
        // Without an offset and with none at all is the same, to Prometheus, too.
        None | Some(ExprKind::Number(NumberLiteral { value: 0.0, .. })) => Ok(()),
        Some(_) => offset.map_or(Ok(()), |offset| write!(f, " offset {offset}")),
    }
}

impl Display for Aggregate {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", Heading(self))?;
        if let Some(parameter) = &self.parameter {
            write!(f, "{parameter}, ")?;
        }
        write!(f, "{})", self.expr)
    }
}

/// An aggregation up to its parenthesis: `sum by (a) `.
struct Heading<'a>(&'a Aggregate);

impl Display for Heading<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.op.as_str())?;
        match &self.0.grouping {
            Grouping::By(labels) if labels.is_empty() => Ok(()),
            Grouping::By(labels) => write!(f, " by {} ", list(labels)),
            Grouping::Without(labels) => write!(f, " without {} ", list(labels)),
        }
    }
}

/// An operator and how it matches: `== bool on (a) group_left ()`.
struct Operator<'a>(&'a Binary);

impl Display for Operator<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Binary { op, return_bool, matching, .. } = self.0;
        f.write_str(op.as_str())?;
        if *return_bool {
            f.write_str(" bool")?;
        }
        match &matching.labels {
            MatchingLabels::On(labels) => write!(f, " on {}", list(labels))?,
            MatchingLabels::Ignoring(labels) if labels.is_empty() && matching.group.is_none() => {}
            MatchingLabels::Ignoring(labels) => write!(f, " ignoring {}", list(labels))?,
        }
        if let Some(group) = &matching.group {
            let word = if group.many == Side::Left { "group_left" } else { "group_right" };
            write!(f, " {word} {}", list(&group.include))?;
        }
        match matching.fill {
            Fill { left: None, right: None } => Ok(()),
            Fill { left: Some(left), right: Some(right) } if left.to_bits() == right.to_bits() => {
                write!(f, " fill ({})", general(left))
            }
            Fill { left, right } => {
                if let Some(left) = left {
                    write!(f, " fill_left ({})", general(left))?;
                }
                match right {
                    Some(right) => write!(f, " fill_right ({})", general(right)),
                    None => Ok(()),
                }
            }
        }
    }
}

/// `(a, "b.c")`
fn list(labels: &[SmolStr]) -> String {
    let plain = |label: &&SmolStr| is_identifier(label) && !reserved_as_label(label);
    let labels: Vec<_> =
        labels.iter().map(|label| if plain(&label) { label.to_string() } else { quote(label) }).collect();
    format!("({})", labels.join(", "))
}

fn quote(text: &str) -> String {
    string::quote(text.as_bytes())
}

fn separated(f: &mut Formatter<'_>, exprs: &[Expr]) -> fmt::Result {
    for (i, expr) in exprs.iter().enumerate() {
        if i > 0 {
            f.write_str(", ")?;
        }
        expr.fmt(f)?;
    }
    Ok(())
}

fn is_identifier(name: &str) -> bool {
    let mut bytes = name.bytes();
    let starts = bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    starts && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn is_metric_name(name: &str) -> bool {
    use crate::lexer::{TokenKind, tokenize};
    match tokenize(name).as_slice() {
        [token] if token.span.of(name) == name => match token.kind {
            TokenKind::Identifier | TokenKind::Aggregator(_) => true,
            TokenKind::Keyword(word) => word.may_be_metric(),
            TokenKind::Operator(op) => op.is_set(),
            _ => false,
        },
        _ => false,
    }
}

/// The words that a grouping list cannot take for a label.
fn reserved_as_label(name: &str) -> bool {
    ["without", "inf", "nan"].iter().any(|word| word.eq_ignore_ascii_case(name))
}
