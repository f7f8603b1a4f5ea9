//! Aggregations: groups of series folded into one series, or thinned out.

use std::collections::HashMap;

use crowsnest_api::{Label, Labels, METRIC_NAME, format_value};

use super::QueryError;
use super::column::{Column, Columns, without_metric_labels};
use super::evaluator::Evaluator;
use super::functions::labels::check_label_bytes;
use super::grid::Grid;
use super::text::general;
use super::{pick, stats};
use crate::ast::{Aggregate, Grouping};
use crate::lexer::string;
use crate::{AggregateOp, Span};

/// Series that are aggregated together.
pub(crate) struct AggregateGroup {
    pub(crate) labels: Labels,
    /// A member's name is to be dropped at the end, so the group's is too.
    pub(crate) drop_name: bool,
    /// Indices into the aggregated columns.
    pub(crate) members: Vec<usize>,
}

/// Evaluates an aggregation; `span` is the whole of it.
pub(crate) fn aggregate(
    evaluator: &mut Evaluator<'_>,
    aggregate: &Aggregate,
    span: Span,
    grid: &Grid,
) -> Result<Vec<Column>, QueryError> {
    let columns = evaluator.vector(&aggregate.expr, grid)?;
    let groups = groups(&columns, &aggregate.grouping);
    let steps = grid.len();
    match (aggregate.op, &aggregate.parameter) {
        (AggregateOp::CountValues, Some(parameter)) => {
            let label = evaluator.string(parameter, grid)?;
            count_values(evaluator, &columns, &aggregate.grouping, &label, steps)
        }
        (AggregateOp::Quantile, Some(parameter)) => {
            let phi = evaluator.scalar(parameter, grid)?;
            warn_of_quantiles(evaluator, &phi, parameter.span);
            let phi_at = |step: usize| phi.get(step).copied().unwrap_or(f64::NAN);
            fold(evaluator, &columns, &groups, steps, |step, values| stats::quantile(phi_at(step), values))
        }
        (op, Some(parameter)) => {
            let amounts = evaluator.scalar(parameter, grid)?;
            pick::pick(evaluator, op, &columns, &groups, &amounts, (parameter.span, span), grid)
        }
        (op, None) => fold(evaluator, &columns, &groups, steps, |_, values| fold_values(op, values)),
    }
}

/// The groups in the order in which the columns first show them.
fn groups(columns: &[Column], grouping: &Grouping) -> Vec<AggregateGroup> {
    let mut groups: Vec<AggregateGroup> = Vec::new();
    let mut by_labels: HashMap<Labels, usize> = HashMap::new();
    let keeps_name =
        matches!(grouping, Grouping::By(labels) if labels.iter().any(|label| label == METRIC_NAME));
    for (index, column) in columns.iter().enumerate() {
        let labels = group_labels(&column.labels, grouping);
        let next = groups.len();
        let at = *by_labels.entry(labels.clone()).or_insert(next);
        if at == next {
            groups.push(AggregateGroup { labels, drop_name: false, members: Vec::new() });
        }
        if let Some(group) = groups.get_mut(at) {
            group.members.push(index);
            group.drop_name |= keeps_name && column.drop_name;
        }
    }
    groups
}

fn groups_by_name(grouping: &Grouping) -> bool {
    matches!(grouping, Grouping::By(labels) if labels.iter().any(|label| label == METRIC_NAME))
}

fn group_labels(labels: &Labels, grouping: &Grouping) -> Labels {
    match grouping {
        Grouping::By(names) if names.is_empty() => Labels::empty(),
        Grouping::By(names) => {
            let mut builder = labels.to_builder();
            builder.retain(|Label { name, .. }| names.contains(name));
            builder.build()
        }
        Grouping::Without(names) => {
            let mut builder = without_metric_labels(labels).to_builder();
            builder.retain(|Label { name, .. }| !names.contains(name));
            builder.build()
        }
    }
}

/// One value for each group and step that has any; `of` may reorder the values it gets.
fn fold(
    evaluator: &Evaluator<'_>,
    columns: &[Column],
    groups: &[AggregateGroup],
    steps: usize,
    of: impl Fn(usize, &mut Vec<f64>) -> f64,
) -> Result<Vec<Column>, QueryError> {
    let mut results = Vec::with_capacity(groups.len());
    let mut present = Vec::new();
    for group in groups {
        evaluator.check()?;
        let mut values = Vec::with_capacity(steps);
        for step in 0..steps {
            present.clear();
            present.extend(group.members.iter().filter_map(|&member| columns.get(member)?.at(step)));
            values.push(if present.is_empty() { None } else { Some(of(step, &mut present)) });
        }
        if values.iter().any(Option::is_some) {
            results.push(Column { labels: group.labels.clone(), drop_name: group.drop_name, values });
        }
    }
    Ok(results)
}

/// The aggregations without a parameter, of at least one value.
fn fold_values(op: AggregateOp, values: &[f64]) -> f64 {
    let values = values.iter().copied();
    match op {
        AggregateOp::Avg => stats::mean(values),
        AggregateOp::Count => values.len() as f64,
        AggregateOp::Group => 1.0,
        AggregateOp::Max => stats::extreme(values, f64::gt).unwrap_or(f64::NAN),
        AggregateOp::Min => stats::extreme(values, f64::lt).unwrap_or(f64::NAN),
        AggregateOp::Stddev => stats::variance(values).sqrt(),
        AggregateOp::Stdvar => stats::variance(values),
        AggregateOp::Sum => stats::sum(values),
        // The others have a parameter and do not come here.
        _ => f64::NAN,
    }
}

/// How often each value occurs. The value is a label of every series before they are grouped, so it wins against a
/// label of that name.
fn count_values(
    evaluator: &mut Evaluator<'_>,
    columns: &[Column],
    grouping: &Grouping,
    label: &[u8],
    steps: usize,
) -> Result<Vec<Column>, QueryError> {
    let name = std::str::from_utf8(label).ok().filter(|name| !name.is_empty());
    let name =
        name.ok_or_else(|| QueryError::execution(format!("invalid label name {}", string::quote(label))))?;
    check_label_bytes("count_values", name.len())?;
    let mut grouping = grouping.clone();
    if let Grouping::By(labels) = &mut grouping {
        labels.push(name.into());
    }
    let mut counts = Columns::new(steps);
    for column in columns {
        let drop_name = column.drop_name && groups_by_name(&grouping);
        evaluator.check()?;
        for (step, value) in column.values.iter().enumerate() {
            let Some(value) = value else { continue };
            let known = counts.len();
            let mut labels = column.labels.to_builder();
            labels.set(name, format_value(*value));
            let index = counts.index(group_labels(&labels.build(), &grouping), drop_name);
            if counts.len() > known {
                // Each value may be another series, with room for every step.
                evaluator.hold(steps)?;
            }
            counts.mark(index, drop_name);
            counts.count(index, step);
        }
    }
    Ok(counts.finish())
}

/// Warns of quantiles outside 0 to 1, `at` the parameter.
pub(crate) fn warn_of_quantiles(evaluator: &mut Evaluator<'_>, quantiles: &[f64], at: Span) {
    for &phi in quantiles {
        if phi.is_nan() || !(0.0..=1.0).contains(&phi) {
            evaluator.warn(at, format!("quantile value should be between 0 and 1, got {}", general(phi)));
        }
    }
}
