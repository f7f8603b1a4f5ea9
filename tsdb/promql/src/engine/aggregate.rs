//! Aggregations: groups of series folded into one series, or thinned out.

use std::collections::HashMap;

use crowsnest_api::{Label, Labels, METRIC_NAME, format_value};

use super::column::{Column, Columns, Held, METRIC_LABELS};
use super::evaluator::Evaluator;
use super::functions::labels::check_label_bytes;
use super::grid::Grid;
use super::{QueryError, SampleValue, pick, stats};
use crate::ast::{Aggregate, Grouping};
use crate::histogram::{Goal, Total};
use crate::lexer::string;
use crate::text::general;
use crate::{AggregateOp, FloatHistogram, Span};

/// Said before the name of a metric whose native histograms cannot be combined.
pub(crate) const MIXED_SCHEMES: &str =
    "vector contains a mix of histograms with exponential and custom buckets schemas for metric name";

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
            let of = |step: usize, values: &mut Vec<f64>| stats::quantile(phi_at(step), values);
            fold_floats(evaluator, aggregate, &columns, &groups, steps, of)
        }
        (op, Some(parameter)) => {
            let amounts = evaluator.scalar(parameter, grid)?;
            pick::pick(evaluator, op, &columns, &groups, &amounts, (parameter.span, span), grid)
        }
        (AggregateOp::Count, None) => {
            fold(evaluator, &columns, &groups, steps, |_, _, values| Some((values.len() as f64).into()))
        }
        (AggregateOp::Group, None) => {
            fold(evaluator, &columns, &groups, steps, |_, _, _| Some(SampleValue::Float(1.0)))
        }
        (AggregateOp::Sum, None) => total(evaluator, aggregate, Goal::Sum, &columns, &groups, steps),
        (AggregateOp::Avg, None) => total(evaluator, aggregate, Goal::Mean, &columns, &groups, steps),
        (op, None) => {
            fold_floats(evaluator, aggregate, &columns, &groups, steps, |_, values| fold_values(op, values))
        }
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

pub(crate) fn groups_by_name(grouping: &Grouping) -> bool {
    matches!(grouping, Grouping::By(labels) if labels.iter().any(|label| label == METRIC_NAME))
}

pub(crate) fn group_labels(labels: &Labels, grouping: &Grouping) -> Labels {
    labels.filtered(|label| is_of_group(label, grouping))
}

/// Whether a label of a series is one of its group.
pub(crate) fn is_of_group(label: &Label, grouping: &Grouping) -> bool {
    match grouping {
        Grouping::By(names) => names.contains(&label.name),
        Grouping::Without(names) => {
            !names.contains(&label.name) && !METRIC_LABELS.contains(&label.name.as_str())
        }
    }
}

/// One value for each group and step that has any, from the columns' indices and values.
fn fold(
    evaluator: &mut Evaluator<'_>,
    columns: &[Column],
    groups: &[AggregateGroup],
    steps: usize,
    mut of: impl FnMut(&mut Evaluator<'_>, usize, &[(usize, &SampleValue)]) -> Option<SampleValue>,
) -> Result<Vec<Column>, QueryError> {
    let mut results = Vec::with_capacity(groups.len());
    let mut present = Vec::new();
    for group in groups {
        evaluator.check()?;
        let mut values = Vec::with_capacity(steps);
        for step in 0..steps {
            present.clear();
            present.extend(
                group.members.iter().filter_map(|&member| Some((member, columns.get(member)?.at(step)?))),
            );
            values.push(if present.is_empty() { None } else { of(evaluator, step, &present) });
        }
        if values.iter().any(Option::is_some) {
            results.push(Column { labels: group.labels.clone(), drop_name: group.drop_name, values });
        }
    }
    Ok(results)
}

/// As [`fold`], of floats; native histograms are ignored with a hint. `of` may reorder the values it gets.
fn fold_floats(
    evaluator: &mut Evaluator<'_>,
    aggregate: &Aggregate,
    columns: &[Column],
    groups: &[AggregateGroup],
    steps: usize,
    of: impl Fn(usize, &mut Vec<f64>) -> f64,
) -> Result<Vec<Column>, QueryError> {
    let mut floats = Vec::new();
    fold(evaluator, columns, groups, steps, |evaluator, step, values| {
        floats.clear();
        floats.extend(values.iter().filter_map(|(_, value)| value.float()));
        if floats.len() < values.len() {
            hint_at_ignored(evaluator, aggregate.op, aggregate.expr.span);
        }
        (!floats.is_empty()).then(|| SampleValue::Float(of(step, &mut floats)))
    })
}

/// Sums or means; groups in which floats and native histograms meet have none.
fn total(
    evaluator: &mut Evaluator<'_>,
    aggregate: &Aggregate,
    goal: Goal,
    columns: &[Column],
    groups: &[AggregateGroup],
    steps: usize,
) -> Result<Vec<Column>, QueryError> {
    let span = aggregate.expr.span;
    fold(evaluator, columns, groups, steps, |evaluator, _, values| {
        let floats = values.iter().filter_map(|(_, value)| value.float());
        match floats.clone().count() {
            0 => {
                let histograms =
                    values.iter().filter_map(|(index, value)| Some((*index, &**value.histogram()?)));
                total_of_histograms(evaluator, goal, span, columns, histograms).map(SampleValue::from)
            }
            count if count < values.len() => {
                evaluator.warn(span, "encountered a mix of histograms and floats for aggregation");
                None
            }
            _ if goal == Goal::Mean => Some(SampleValue::Float(stats::mean(floats))),
            _ => Some(SampleValue::Float(stats::sum(floats))),
        }
    })
}

fn total_of_histograms<'a>(
    evaluator: &mut Evaluator<'_>,
    goal: Goal,
    span: Span,
    columns: &[Column],
    mut histograms: impl Iterator<Item = (usize, &'a FloatHistogram)>,
) -> Option<FloatHistogram> {
    let (_, first) = histograms.next()?;
    let mut total = Total::new(goal, first);
    for (index, histogram) in histograms {
        if total.add(histogram).is_err() {
            let metric = columns.get(index).map_or("", |column| column.labels.metric_name());
            evaluator.warn(span, format!("{MIXED_SCHEMES} {metric:?}"));
            return None;
        }
    }
    if total.hints_collide() {
        evaluator.warn(span, "conflicting counter resets during histogram aggregation");
    }
    if total.reconciled {
        evaluator.annotations.inform(span, "mismatched custom buckets were reconciled during aggregation");
    }
    Some(total.finish())
}

/// Hints at native histograms in an aggregation that is about numbers.
pub(crate) fn hint_at_ignored(evaluator: &mut Evaluator<'_>, op: AggregateOp, span: Span) {
    evaluator.annotations.inform(span, format!("ignored histogram in {} aggregation", op.as_str()));
}

/// The aggregations of floats alone, without a parameter, of at least one value.
fn fold_values(op: AggregateOp, values: &[f64]) -> f64 {
    let values = values.iter().copied();
    match op {
        AggregateOp::Max => stats::extreme(values, f64::gt).unwrap_or(f64::NAN),
        AggregateOp::Min => stats::extreme(values, f64::lt).unwrap_or(f64::NAN),
        AggregateOp::Stddev => stats::variance(values).sqrt(),
        AggregateOp::Stdvar => stats::variance(values),
        // The others do not come here.
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
            let text = match value {
                SampleValue::Float(value) => format_value(*value),
                SampleValue::Histogram(histogram) => histogram.to_string(),
            };
            check_label_bytes("count_values", text.len())?;
            labels.set(name, text);
            let index = counts.index(group_labels(&labels.build(), &grouping), drop_name);
            if counts.len() > known {
                // Each value may be another series, with room for every step.
                evaluator.hold(Held::of_samples(steps))?;
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
