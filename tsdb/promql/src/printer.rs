//! Prints a syntax tree in Prometheus's canonical form; what is printed parses to the same tree.

use std::fmt::{self, Display, Formatter};

use smol_str::SmolStr;

use crate::ast::{
    Aggregate, At, Binary, Expr, ExprKind, Fill, Grouping, LabelMatcher, MatchingLabels, Modifiers,
    NumberLiteral, Selector, Side, Subquery,
};
use crate::lexer::{number as literal, string};

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExprKind::Number(number) => number.fmt(f),
            ExprKind::String(bytes) => f.write_str(&string::quote(bytes)),
            ExprKind::Selector(selector) => selector.fmt(f),
            ExprKind::Subquery(subquery) => subquery.fmt(f),
            ExprKind::Call(call) => {
                write!(f, "{}(", call.function.name)?;
                separated(f, &call.args)?;
                f.write_str(")")
            }
            ExprKind::Aggregate(aggregate) => aggregate.fmt(f),
            ExprKind::Binary(binary) => binary.fmt(f),
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
        let quoted_name = self.name.as_deref().filter(|name| !is_metric_name(name));
        if let Some(name) = plain_name {
            f.write_str(name)?;
        }
        let mut conditions: Vec<String> = quoted_name.map(quote).into_iter().collect();
        conditions.extend(self.matchers.iter().map(ToString::to_string));
        if !conditions.is_empty() || plain_name.is_none() {
            write!(f, "{{{}}}", conditions.join(","))?;
        }
        if let Some(range) = &self.range {
            write!(f, "[{range}]")?;
        }
        self.modifiers.fmt(f)
    }
}

impl Display for LabelMatcher {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let name = if is_label_name(&self.name) { self.name.to_string() } else { quote(&self.name) };
        write!(f, "{name}{}{}", self.op, quote(&self.value))
    }
}

impl Display for Subquery {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}:", self.expr, self.range)?;
        if let Some(step) = &self.step {
            step.fmt(f)?;
        }
        write!(f, "]{}", self.modifiers)
    }
}

impl Display for Modifiers {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(edges) = self.edges {
            write!(f, " {edges}")?;
        }
        match self.at {
            Some(At::Time(millis)) => {
                let sign = if millis < 0 { "-" } else { "" };
                let millis = millis.unsigned_abs();
                write!(f, " @ {sign}{}.{:03}", millis / 1000, millis % 1000)?;
            }
            Some(At::Start) => f.write_str(" @ start()")?,
            Some(At::End) => f.write_str(" @ end()")?,
            None => {}
        }
        match &self.offset {
            Some(offset) => write!(f, " offset {offset}"),
            None => Ok(()),
        }
    }
}

impl Display for Aggregate {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.op.as_str())?;
        match &self.grouping {
            Grouping::By(labels) if labels.is_empty() => {}
            Grouping::By(labels) => write!(f, " by {} ", list(labels))?,
            Grouping::Without(labels) => write!(f, " without {} ", list(labels))?,
        }
        f.write_str("(")?;
        if let Some(parameter) = &self.parameter {
            write!(f, "{parameter}, ")?;
        }
        write!(f, "{})", self.expr)
    }
}

impl Display for Binary {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.lhs, self.op)?;
        if self.return_bool {
            f.write_str(" bool")?;
        }
        match &self.matching.labels {
            MatchingLabels::On(labels) => write!(f, " on {}", list(labels))?,
            MatchingLabels::Ignoring(labels) if labels.is_empty() && self.matching.group.is_none() => {}
            MatchingLabels::Ignoring(labels) => write!(f, " ignoring {}", list(labels))?,
        }
        if let Some(group) = &self.matching.group {
            let word = if group.many == Side::Left { "group_left" } else { "group_right" };
            write!(f, " {word} {}", list(&group.include))?;
        }
        match self.matching.fill {
            Fill { left: None, right: None } => {}
            Fill { left: Some(left), right: Some(right) } if left.to_bits() == right.to_bits() => {
                write!(f, " fill ({})", number(left))?;
            }
            Fill { left, right } => {
                if let Some(left) = left {
                    write!(f, " fill_left ({})", number(left))?;
                }
                if let Some(right) = right {
                    write!(f, " fill_right ({})", number(right))?;
                }
            }
        }
        write!(f, " {}", self.rhs)
    }
}

/// `(a, "b.c")`
fn list(labels: &[SmolStr]) -> String {
    let labels: Vec<_> = labels
        .iter()
        .map(|label| if is_label_name(label) { label.to_string() } else { quote(label) })
        .collect();
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

fn is_label_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    let starts = bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    // The only word that a grouping list cannot take for a label.
    starts && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') && !reserved_as_label(name)
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

fn reserved_as_label(name: &str) -> bool {
    ["without", "inf", "nan"].iter().any(|word| word.eq_ignore_ascii_case(name))
}
