//! What versions 2.42 and 3 of Prometheus mean differently. We follow version 3, always.
//!
//! Most of it the generator avoids, since no answer would be left to compare; the rest is recognised here.
//!
//! | version 2.42 | version 3 | here |
//! |---|---|---|
//! | windows and the lookback include their left edge | they do not | no sample lies on an edge |
//! | `rate` extrapolates to zero before it looks how far the edge is | after | counters stay far from zero |
//! | `atan2` keeps the name of the metric | drops it | something drops it at once |
//! | `offset 0s` is refused | allowed | not asked |
//! | numbers are printed with an exponent from a million on | never | such queries are not compared as text |
//! | `stddev`, `stdvar` of one NaN or infinity: 0 | NaN | [`SPREAD`] |
//! | `stddev_over_time`, `stdvar_over_time`: an overflow makes NaN | infinity | [`SPREAD_OVER_TIME`] |
//! | a window fixed by `@` moves with the steps of a range when the function's other argument changes | stays | [`FIXED_WINDOW`] |
//! | comparisons may match several series as long as one pair holds | may not | [`MANY_MATCHES`] |
//! | a subquery without any step within its range has one of what `@` fixes | has none | [`NO_STEP`] |
//! | functions of ranges and the minus sign may not make two series alike that share no step | may | [`SAME_LABELS`] |
//! | `rate` around a restart in a window that begins empty: as above, and counters cannot avoid it | | [`EXTRAPOLATION`] |
//!
//! Two things have no one answer in either version:
//!
//! | what | here |
//! |---|---|
//! | which of several equal values `topk` and `bottomk` keep in a range query | [`TIES`] |
//! | the last digits of functions such as `tan`, when `count_values` makes a label of them | [`LAST_DIGITS`] |

use crowsnest_promql::AggregateOp;
use crowsnest_promql::Expr;
use crowsnest_promql::ast::ExprKind;

use super::answer::Answer;
use super::generator::When;

const SPREAD: &str = "spread of one infinity";
const SPREAD_OVER_TIME: &str = "spread that overflows";
const FIXED_WINDOW: &str = "window at a fixed time";
const MANY_MATCHES: &str = "comparison with several series";
const NO_STEP: &str = "subquery without a step";
const EXTRAPOLATION: &str = "extrapolation around a restart";
const TIES: &str = "equal values";
const LAST_DIGITS: &str = "last digits as a label";
const SAME_LABELS: &str = "same labels at different steps";

/// Functions whose last digits depend on the library.
const INEXACT: &[&str] = &[
    "acos",
    "acosh",
    "avg_over_time",
    "delta",
    "histogram_quantile",
    "increase",
    "irate",
    "predict_linear",
    "quantile_over_time",
    "rate",
    "stddev_over_time",
    "stdvar_over_time",
    "asin",
    "asinh",
    "atan",
    "atanh",
    "cos",
    "cosh",
    "deg",
    "deriv",
    "exp",
    "ln",
    "log10",
    "log2",
    "rad",
    "sin",
    "sinh",
    "tan",
    "tanh",
];

/// An answer that differs, with all that can explain it.
pub(crate) struct Case<'a> {
    pub(crate) text: &'a str,
    pub(crate) when: When,
    /// Every part of the query with what it evaluates to.
    pub(crate) parts: &'a [(&'a Expr, Answer)],
    pub(crate) difference: &'a str,
    /// Whether a counter restarts in a window of `rate` or `increase`.
    pub(crate) has_restarts: bool,
}

impl Case<'_> {
    /// The difference between the versions that explains the difference between the answers.
    pub(crate) fn explanation(&self) -> Option<&'static str> {
        let is_range = matches!(self.when, When::Range { .. });
        if self.difference.contains("only they fail") && self.difference.contains("same labelset") {
            return Some(SAME_LABELS);
        }
        let fixed = self.text.contains(" @ ");
        if self.calls(&["predict_linear", "quantile_over_time"])
            && fixed
            && (is_range || self.text.contains(":"))
        {
            return Some(FIXED_WINDOW);
        }
        if fixed && self.text.contains(':') && self.difference.starts_with("only theirs") {
            return Some(NO_STEP);
        }
        if self.difference.contains("only we fail: multiple matches for labels") && self.compares() {
            return Some(MANY_MATCHES);
        }
        if self.calls(&["stddev_over_time", "stdvar_over_time"]) && self.is_nasty() {
            return Some(SPREAD_OVER_TIME);
        }
        if self.aggregates(&[AggregateOp::Topk, AggregateOp::Bottomk], Answer::has_ties) {
            return Some(TIES);
        }
        if self.aggregates(&[AggregateOp::CountValues], |_| true) && self.is_inexact() {
            return Some(LAST_DIGITS);
        }
        if self.aggregates(&[AggregateOp::Stddev, AggregateOp::Stdvar], |argument| !argument.is_finite()) {
            return Some(SPREAD);
        }
        self.has_restarts.then_some(EXTRAPOLATION)
    }

    fn calls(&self, names: &[&str]) -> bool {
        self.parts.iter().any(|(part, _)| match &part.kind {
            ExprKind::Call(call) => names.contains(&call.function.name),
            _ => false,
        })
    }

    /// Whether anything in it is not finite, or too large to be squared.
    fn is_nasty(&self) -> bool {
        self.parts.iter().any(|(_, answer)| !answer.is_finite() || answer.largest() > 1e150)
    }

    fn compares(&self) -> bool {
        self.parts.iter().any(|(part, _)| match &part.kind {
            ExprKind::Binary(binary) => binary.op.is_comparison(),
            _ => false,
        })
    }

    /// Whether it calculates with functions that are no two times alike in their last digits.
    fn is_inexact(&self) -> bool {
        const EXACT: &[&str] = &["+", "-", "*", "/", "%"];
        self.parts.iter().any(|(part, _)| match &part.kind {
            ExprKind::Binary(binary) => !EXACT.contains(&binary.op.as_str()) && !binary.op.is_comparison(),
            ExprKind::Call(call) => INEXACT.contains(&call.function.name),
            _ => false,
        })
    }

    /// Whether something is aggregated in one of these ways that evaluates to something like that.
    fn aggregates(&self, ops: &[AggregateOp], of: impl Fn(&Answer) -> bool) -> bool {
        self.parts.iter().any(|(part, _)| match &part.kind {
            ExprKind::Aggregate(aggregate) if ops.contains(&aggregate.op) => {
                let argument = &raw const aggregate.expr;
                self.parts.iter().any(|(part, answer)| std::ptr::eq(*part, argument) && of(answer))
            }
            _ => false,
        })
    }
}
