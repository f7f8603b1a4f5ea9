//! Aggregations: an accumulator for each group and step, and no series kept.

use std::collections::HashMap;

use crowsnest_api::{Labels, is_stale, stale_nan};

use super::{FloatColumn, Sink, Stop};
use crate::AggregateOp;
use crate::ast::Aggregate;
use crate::engine::aggregate::{group_labels, groups_by_name, is_of_group};
use crate::engine::column::Held;
use crate::engine::evaluator::Evaluator;
use crate::engine::grid::Grid;
use crate::engine::stats::{Mean, Sum, Variance};

/// Whether an aggregation is one of those here.
pub(super) fn knows(op: AggregateOp) -> bool {
    use AggregateOp::{Avg, Count, Group, Max, Min, Stddev, Stdvar, Sum};
    matches!(op, Avg | Count | Group | Max | Min | Stddev | Stdvar | Sum)
}

/// Folds every series into its group; then hands the groups on in the order in which they were first seen.
pub(super) fn aggregate(
    evaluator: &mut Evaluator<'_>,
    aggregate: &Aggregate,
    grid: &Grid,
    sink: Sink<'_>,
) -> Result<(), Stop> {
    match aggregate.op {
        AggregateOp::Avg => fold(evaluator, aggregate, grid, sink, Mean::add, |mean| mean.value()),
        AggregateOp::Count => fold(evaluator, aggregate, grid, sink, |count, _| *count += 1.0, |count| count),
        AggregateOp::Group => fold(evaluator, aggregate, grid, sink, |(), _| (), |()| 1.0),
        AggregateOp::Max => extreme(evaluator, aggregate, grid, sink, f64::gt),
        AggregateOp::Min => extreme(evaluator, aggregate, grid, sink, f64::lt),
        AggregateOp::Stddev => {
            fold(evaluator, aggregate, grid, sink, Variance::add, |variance| variance.value().sqrt())
        }
        AggregateOp::Stdvar => {
            fold(evaluator, aggregate, grid, sink, Variance::add, |variance| variance.value())
        }
        AggregateOp::Sum => fold(evaluator, aggregate, grid, sink, Sum::add, Sum::total),
        _ => Err(Stop::NotCovered),
    }
}

fn extreme(
    evaluator: &mut Evaluator<'_>,
    aggregate: &Aggregate,
    grid: &Grid,
    sink: Sink<'_>,
    better: fn(&f64, &f64) -> bool,
) -> Result<(), Stop> {
    let add = |best: &mut Option<f64>, value: f64| {
        if best.is_none_or(|best| better(&value, &best) || best.is_nan()) {
            *best = Some(value);
        }
    };
    fold(evaluator, aggregate, grid, sink, add, |best| best.unwrap_or(f64::NAN))
}

/// A group, with an accumulator at each step that has any value.
struct Group<A> {
    labels: Labels,
    drop_name: bool,
    steps: Vec<Option<A>>,
}

fn fold<A: Copy + Default>(
    evaluator: &mut Evaluator<'_>,
    aggregate: &Aggregate,
    grid: &Grid,
    sink: Sink<'_>,
    add: impl Fn(&mut A, f64),
    finish: impl Fn(A) -> f64,
) -> Result<(), Stop> {
    let grouping = &aggregate.grouping;
    let keeps_name = groups_by_name(grouping);
    let mut groups: Vec<Group<A>> = Vec::new();
    let mut by_labels: HashMap<Labels, usize> = HashMap::new();
    let mut last = 0;
    evaluator.stream(&aggregate.expr, grid, &mut |evaluator, column| {
        // Series come in the order of their labels: the next one is often of the same group.
        let of_group = || column.labels.iter().filter(|label| is_of_group(label, grouping));
        let same = groups.get(last).is_some_and(|group: &Group<A>| group.labels.iter().eq(of_group()));
        let at = if same {
            last
        } else {
            let labels = group_labels(&column.labels, grouping);
            match by_labels.get(&labels) {
                Some(at) => *at,
                None => {
                    evaluator.hold(Held::of_series(&labels, grid.len()))?;
                    by_labels.insert(labels.clone(), groups.len());
                    groups.push(Group { labels, drop_name: false, steps: vec![None; grid.len()] });
                    groups.len() - 1
                }
            }
        };
        last = at;
        let Some(group) = groups.get_mut(at) else { return Ok(()) };
        group.drop_name |= keeps_name && column.drop_name;
        for (slot, &value) in group.steps.iter_mut().zip(&column.values) {
            if !is_stale(value) {
                add(slot.get_or_insert_default(), value);
            }
        }
        Ok(())
    })?;
    let mut column = FloatColumn::default();
    for Group { labels, drop_name, steps } in groups {
        evaluator.check()?;
        let held = Held::of_series(&labels, grid.len());
        (column.labels, column.drop_name) = (labels, drop_name);
        column.values.clear();
        column.values.extend(steps.into_iter().map(|slot| slot.map_or(stale_nan(), &finish)));
        sink(evaluator, &mut column)?;
        evaluator.release(held);
    }
    Ok(())
}
