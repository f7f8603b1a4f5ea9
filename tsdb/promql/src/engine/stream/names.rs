//! Names that operations drop, and series that could no longer be told apart.

use std::collections::HashSet;

use crowsnest_api::{Labels, METRIC_NAME};

use super::{FloatColumn, Stop, fold};
use crate::MatchOp;
use crate::ast::{Expr, ExprKind, Grouping};
use crate::engine::Implementation;
use crate::engine::column::{METRIC_LABELS, without_metric_labels};
use crate::engine::evaluator::Evaluator;

/// Drops the names of series, now or at the end of the query, and finds those that come to have the same labels: whether
/// they may is for the plain evaluator to say.
pub(super) struct Unnamed {
    delayed: bool,
    /// The series so far, unless they are known to stay apart.
    seen: Option<HashSet<Labels>>,
}

impl Unnamed {
    /// For the series of an expression.
    pub(super) fn of(evaluator: &Evaluator<'_>, expr: &Expr) -> Self {
        let delayed = evaluator.options.features.delayed_name_removal;
        let apart = delayed || has_one_name(expr);
        Self { delayed, seen: (!apart).then(HashSet::new) }
    }

    pub(super) fn drop_name(&mut self, column: &mut FloatColumn) -> Result<(), Stop> {
        if self.delayed {
            column.drop_name = true;
            return Ok(());
        }
        match &mut self.seen {
            Some(seen) => {
                column.labels = without_metric_labels(&column.labels);
                if !seen.insert(column.labels.clone()) {
                    return Err(Stop::NotCovered);
                }
            }
            // Series of one name may still differ in its type or unit only.
            None if METRIC_LABELS.iter().skip(1).any(|name| column.labels.get(name).is_some()) => {
                return Err(Stop::NotCovered);
            }
            None => column.labels = without_metric_labels(&column.labels),
        }
        Ok(())
    }
}

/// Whether the series of an expression all have the same name, or none, so that they differ in other labels.
fn has_one_name(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Paren(inner) => has_one_name(inner),
        ExprKind::Selector(selector) => {
            let names = |matcher: &crate::ast::LabelMatcher| {
                matcher.name == METRIC_NAME && matcher.op == MatchOp::Equal
            };
            selector.name.is_some() || selector.matchers.iter().any(names)
        }
        // The other aggregations keep series as they are.
        ExprKind::Aggregate(aggregate) if !fold::knows(aggregate.op) => has_one_name(&aggregate.expr),
        ExprKind::Aggregate(aggregate) => match &aggregate.grouping {
            Grouping::By(labels) => !labels.iter().any(|label| label == METRIC_NAME),
            Grouping::Without(_) => true,
        },
        ExprKind::Call(call) => match &call.function.implementation {
            Implementation::Sample(_) | Implementation::SampleWith(_) => true,
            Implementation::Window(function) => !function.keeps_name() || call.args.iter().all(has_one_name),
            _ => false,
        },
        _ => false,
    }
}
