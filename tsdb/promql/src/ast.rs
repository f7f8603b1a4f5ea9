//! The syntax tree of a query. Every node knows its place in the text.

use smol_str::SmolStr;

use crate::functions::Function;
use crate::{AggregateOp, BinaryOp, MatchOp, Span, UnaryOp, ValueType};

/// An expression and where it stands. [`std::fmt::Display`] prints it in Prometheus's canonical form.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

/// What an expression is.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// `1.5`, `5m`
    Number(NumberLiteral),
    /// `"text"`. The bytes need not be UTF-8.
    String(Vec<u8>),
    /// `up{job="x"}[5m] offset 1h`: an instant vector, or a range vector when it has a range.
    Selector(Box<Selector>),
    /// `rate(x[5m])[1h:1m]`
    Subquery(Box<Subquery>),
    /// `rate(x[5m])`
    Call(Call),
    /// `sum by (job) (x)`
    Aggregate(Box<Aggregate>),
    /// `a / on (job) b`
    Binary(Box<Binary>),
    /// `-x`
    Unary(UnaryOp, Box<Expr>),
    /// `(x)`
    Paren(Box<Expr>),
}

/// A number, and whether it was written as a duration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NumberLiteral {
    /// Its value; seconds for a duration.
    pub value: f64,
    /// Whether it was written with a unit of time.
    pub is_duration: bool,
}

/// Which series, and when.
#[derive(Clone, Debug)]
pub struct Selector {
    /// The metric's name before the braces. One that is quoted within them is a matcher like any other.
    pub name: Option<SmolStr>,
    /// The conditions within the braces.
    pub matchers: Vec<LabelMatcher>,
    /// How far back each window reaches, in seconds; makes it a range vector.
    pub range: Option<Box<Expr>>,
    /// When to look.
    pub modifiers: Modifiers,
}

/// A condition on one label, not yet compiled.
#[derive(Clone, Debug)]
pub struct LabelMatcher {
    /// The label.
    pub name: SmolStr,
    /// How to compare.
    pub op: MatchOp,
    /// What to compare with.
    pub value: SmolStr,
    /// Where it stands.
    pub span: Span,
}

/// What moves a selector or subquery in time.
#[derive(Clone, Debug, Default)]
pub struct Modifiers {
    /// Seconds to look back by; negative looks ahead.
    pub offset: Option<Box<Expr>>,
    /// A fixed time instead of the evaluation time.
    pub at: Option<At>,
    /// How the edges of windows are treated.
    pub edges: Option<Edges>,
}

/// What `@` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// Milliseconds since the epoch.
    Time(i64),
    /// The start of the query.
    Start,
    /// The end of the query.
    End,
}

/// Treatment of a window's edges other than Prometheus's usual extrapolation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edges {
    /// `anchored`: the last sample before the window counts as its edge.
    Anchored,
    /// `smoothed`: values at the edges are interpolated.
    Smoothed,
}

impl std::fmt::Display for Edges {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Anchored => "anchored",
            Self::Smoothed => "smoothed",
        })
    }
}

/// An expression evaluated on a grid of its own within a window.
#[derive(Clone, Debug)]
pub struct Subquery {
    /// What to evaluate; an instant vector.
    pub expr: Expr,
    /// How far back each window reaches, in seconds.
    pub range: Box<Expr>,
    /// Seconds between evaluations; without it the evaluator's default.
    pub step: Option<Box<Expr>>,
    /// When to look.
    pub modifiers: Modifiers,
}

/// A function with its arguments.
#[derive(Clone, Debug)]
pub struct Call {
    /// Its row in [`crate::FUNCTIONS`].
    pub function: &'static Function,
    /// Where its name stands.
    pub name_span: Span,
    /// The arguments, as many as the function allows.
    pub args: Vec<Expr>,
}

/// An aggregation over groups of series.
#[derive(Clone, Debug)]
pub struct Aggregate {
    /// How a group is folded.
    pub op: AggregateOp,
    /// Which series form a group.
    pub grouping: Grouping,
    /// What the operator needs beside the series, such as the `k` of `topk`.
    pub parameter: Option<Expr>,
    /// What is aggregated.
    pub expr: Expr,
}

/// Which labels make a group of an aggregation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grouping {
    /// Series that agree on these labels; none at all is one group.
    By(Vec<SmolStr>),
    /// Series that agree on all labels except these and the metric's name.
    Without(Vec<SmolStr>),
}

/// An operator between two expressions.
#[derive(Clone, Debug)]
pub struct Binary {
    /// The operator.
    pub op: BinaryOp,
    /// Where the operator stands.
    pub op_span: Span,
    /// Left of it.
    pub lhs: Expr,
    /// Right of it.
    pub rhs: Expr,
    /// Whether a comparison gives 0 or 1 instead of filtering.
    pub return_bool: bool,
    /// How series of two instant vectors find each other.
    pub matching: Matching,
}

/// How series of two vectors find each other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matching {
    /// Which labels are compared.
    pub labels: MatchingLabels,
    /// Which side may have several series for one of the other side.
    pub group: Option<Group>,
    /// What stands in for a missing series on the left and on the right.
    pub fill: Fill,
}

/// Which labels are compared in vector matching. The metric's name is compared only when named by `on`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MatchingLabels {
    /// `on (…)`: only these.
    On(Vec<SmolStr>),
    /// `ignoring (…)`: all but these; the default is to ignore none.
    Ignoring(Vec<SmolStr>),
}

impl Default for MatchingLabels {
    fn default() -> Self {
        Self::Ignoring(Vec::new())
    }
}

impl MatchingLabels {
    /// The labels named.
    pub fn names(&self) -> &[SmolStr] {
        match self {
            Self::On(names) | Self::Ignoring(names) => names,
        }
    }
}

/// `group_left (…)` or `group_right (…)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The side with several series for one of the other.
    pub many: Side,
    /// Labels copied from the other side.
    pub include: Vec<SmolStr>,
}

/// A side of a binary operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Before the operator.
    Left,
    /// After the operator.
    Right,
}

/// Values that stand in for missing series.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Fill {
    /// For a series missing on the left.
    pub left: Option<f64>,
    /// For a series missing on the right.
    pub right: Option<f64>,
}

impl Expr {
    /// What it evaluates to.
    pub fn value_type(&self) -> ValueType {
        match &self.kind {
            ExprKind::Number(_) => ValueType::Scalar,
            ExprKind::String(_) => ValueType::String,
            ExprKind::Selector(selector) if selector.range.is_some() => ValueType::RangeVector,
            ExprKind::Selector(_) | ExprKind::Aggregate(_) => ValueType::InstantVector,
            ExprKind::Subquery(_) => ValueType::RangeVector,
            ExprKind::Call(call) => call.function.returns,
            ExprKind::Binary(binary) => match (binary.lhs.value_type(), binary.rhs.value_type()) {
                (ValueType::Scalar, ValueType::Scalar) => ValueType::Scalar,
                _ => ValueType::InstantVector,
            },
            ExprKind::Unary(_, operand) | ExprKind::Paren(operand) => operand.value_type(),
        }
    }

    /// The expression within any parentheses around it.
    pub fn without_parens(&self) -> &Self {
        match &self.kind {
            ExprKind::Paren(inner) => inner.without_parens(),
            _ => self,
        }
    }

    /// The expressions directly below it, in the order of the text; ranges, steps and offsets included.
    pub fn children(&self) -> Vec<&Self> {
        match &self.kind {
            ExprKind::Number(_) | ExprKind::String(_) => Vec::new(),
            ExprKind::Selector(selector) => {
                selector.range.as_deref().into_iter().chain(selector.modifiers.offset.as_deref()).collect()
            }
            ExprKind::Subquery(subquery) => [&subquery.expr, &*subquery.range]
                .into_iter()
                .chain(subquery.step.as_deref())
                .chain(subquery.modifiers.offset.as_deref())
                .collect(),
            ExprKind::Call(call) => call.args.iter().collect(),
            ExprKind::Aggregate(aggregate) => {
                aggregate.parameter.iter().chain(std::iter::once(&aggregate.expr)).collect()
            }
            ExprKind::Binary(binary) => vec![&binary.lhs, &binary.rhs],
            ExprKind::Unary(_, operand) | ExprKind::Paren(operand) => vec![operand],
        }
    }

    /// Calls `visit` for this expression and everything below it, parents first.
    pub fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Self)) {
        visit(self);
        for child in self.children() {
            child.walk(visit);
        }
    }
}
