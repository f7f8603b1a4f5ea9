//! Arithmetic and comparison between two vectors: which series meets which, and what the result is called.

use std::collections::HashMap;

use crowsnest_api::{Labels, METRIC_NAME};

use super::binary::apply;
use super::column::{Column, Columns, without_metric_labels};
use super::evaluator::Evaluator;
use super::{Annotations, QueryError, SampleValue};
use crate::Span;
use crate::ast::{Binary, Fill, Matching, MatchingLabels, Side};

/// The labels by which series find each other.
pub(crate) fn signature(labels: &Labels, matching: &MatchingLabels) -> Labels {
    let mut builder = labels.to_builder();
    match matching {
        MatchingLabels::On(names) => builder.retain(|label| names.contains(&label.name)),
        MatchingLabels::Ignoring(names) => {
            builder.retain(|label| label.name != METRIC_NAME && !names.contains(&label.name))
        }
    };
    builder.build()
}

/// The series of both sides that share a signature.
#[derive(Default)]
struct MatchGroup {
    signature: Labels,
    many: Vec<usize>,
    one: Vec<usize>,
}

/// Evaluates an operation between two vectors, step by step within each match group.
///
/// The "many" side is the left one, except with `group_right`; in one-to-one matching it may not be many either.
pub(crate) fn combine(
    evaluator: &mut Evaluator<'_>,
    operation: &Binary,
    span: Span,
    left: Vec<Column>,
    right: Vec<Column>,
    steps: usize,
) -> Result<Vec<Column>, QueryError> {
    let swapped = operation.matching.group.as_ref().is_some_and(|group| group.many == Side::Right);
    let (many, one) = if swapped { (right, left) } else { (left, right) };
    let mut join = Join {
        evaluator,
        operation,
        swapped,
        many,
        one,
        columns: Columns::new(steps),
        results: HashMap::new(),
        stamps: Vec::new(),
        span,
        annotations: Annotations::default(),
    };
    let fills = operation.matching.fill != Default::default();
    let busy: Vec<bool> = (0..steps)
        .map(|step| {
            let has = |columns: &[Column]| columns.iter().any(|column| column.at(step).is_some());
            // When one side is empty nothing can match, and nothing is checked.
            fills || (has(&join.many) && has(&join.one))
        })
        .collect();
    for group in join.groups() {
        evaluator.check()?;
        for step in (0..steps).filter(|&step| busy.get(step).copied().unwrap_or_default()) {
            join.step(&group, step)?;
        }
    }
    let Join { columns, annotations, .. } = join;
    evaluator.annotations.extend(annotations);
    Ok(columns.finish())
}

struct Join<'a, 'e> {
    evaluator: &'a Evaluator<'e>,
    operation: &'a Binary,
    swapped: bool,
    many: Vec<Column>,
    one: Vec<Column>,
    columns: Columns,
    /// The result column of each pair seen so far.
    results: HashMap<(Option<usize>, Option<usize>), usize>,
    /// For each result column the step at which it last got a partner, to find two for one.
    stamps: Vec<Option<usize>>,
    /// The whole operation.
    span: Span,
    annotations: Annotations,
}

impl Join<'_, '_> {
    fn matching(&self) -> &Matching {
        &self.operation.matching
    }

    /// Match groups in the order in which the many side, then the one side, first shows them.
    fn groups(&self) -> Vec<MatchGroup> {
        let mut groups: Vec<MatchGroup> = Vec::new();
        let mut by_signature: HashMap<Labels, usize> = HashMap::new();
        let sides = self.many.iter().map(|column| (column, true)).enumerate();
        for (index, (column, is_many)) in
            sides.chain(self.one.iter().map(|column| (column, false)).enumerate())
        {
            let signature = signature(&column.labels, &self.matching().labels);
            let next = groups.len();
            let at = *by_signature.entry(signature.clone()).or_insert(next);
            if at == next {
                groups.push(MatchGroup { signature, ..MatchGroup::default() });
            }
            if let Some(group) = groups.get_mut(at) {
                if is_many { &mut group.many } else { &mut group.one }.push(index);
            }
        }
        groups
    }

    fn step(&mut self, group: &MatchGroup, step: usize) -> Result<(), QueryError> {
        let present = |columns: &[Column], indices: &[usize]| -> Vec<(usize, SampleValue)> {
            let value = |&index: &usize| Some((index, columns.get(index)?.at(step)?.clone()));
            indices.iter().filter_map(value).collect()
        };
        let one = present(&self.one, &group.one);
        let many = present(&self.many, &group.many);
        if let [(first, _), (second, _), ..] = one.as_slice() {
            return Err(self.duplicate(group, *first, *second));
        }
        // With `group_right` the sides are exchanged but not their fill values: so does Prometheus, and its tests ask for it.
        let Fill { left: fill_many, right: fill_one } = self.matching().fill;
        let partner = match one.first() {
            Some((index, value)) => Some((Some(*index), value.clone())),
            None => fill_one.map(|value| (None, SampleValue::Float(value))),
        };
        if let Some((partner, other)) = partner {
            if self.matching().group.is_none() && many.len() > 1 {
                return Err(QueryError::execution(
                    "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)",
                ));
            }
            for (index, value) in &many {
                self.pair(group, (Some(*index), value), (partner, &other), step)?;
            }
        }
        // Nothing on the many side: the fill value takes part once, with the labels of the group.
        if let (true, Some(fill), Some((index, value))) = (many.is_empty(), fill_many, one.first()) {
            self.pair(group, (None, &SampleValue::Float(fill)), (Some(*index), value), step)?;
        }
        Ok(())
    }

    /// Combines one sample of each side; a side without index is a fill value.
    fn pair(
        &mut self,
        group: &MatchGroup,
        many: (Option<usize>, &SampleValue),
        one: (Option<usize>, &SampleValue),
        step: usize,
    ) -> Result<(), QueryError> {
        let index = match self.results.get(&(many.0, one.0)) {
            Some(index) => *index,
            None => {
                let index = self.result(group, many.0, one.0);
                // Fill values stand for a different series in each group.
                if many.0.is_some() && one.0.is_some() {
                    self.results.insert((many.0, one.0), index);
                }
                index
            }
        };
        // Two partners for one result are an error even when the comparison then drops them.
        if let Some(stamp) = self.stamps.get_mut(index)
            && stamp.replace(step) == Some(step)
        {
            return Err(QueryError::execution(match self.matching().group {
                Some(_) => "multiple matches for labels: grouping labels must ensure unique matches",
                None => "vector cannot contain metrics with the same labelset",
            }));
        }
        let (left, right) = if self.swapped { (one.1, many.1) } else { (many.1, one.1) };
        match apply(self.operation, left, right, self.span, &mut self.annotations) {
            Some(value) => self.columns.set(index, step, value),
            None => Ok(()),
        }
    }

    /// The result column of a pair.
    fn result(&mut self, group: &MatchGroup, many: Option<usize>, one: Option<usize>) -> usize {
        let many = many.and_then(|index| self.many.get(index));
        let one = one.and_then(|index| self.one.get(index));
        let labels_of =
            |side: Option<&Column>| side.map_or(&group.signature, |column| &column.labels).clone();
        let mut labels = result_labels(self.matching(), &labels_of(many), &labels_of(one));
        let mut drop_name = many.is_some_and(|column| column.drop_name);
        if self.operation.return_bool || !self.operation.op.keeps_name() {
            if self.evaluator.options.features.delayed_name_removal {
                drop_name = true;
            } else {
                labels = without_metric_labels(&labels);
            }
        }
        let index = self.columns.index(labels, drop_name);
        if self.stamps.len() <= index {
            self.stamps.resize(index + 1, None);
        }
        index
    }

    fn duplicate(&self, group: &MatchGroup, first: usize, second: usize) -> QueryError {
        let side = if self.swapped { "left" } else { "right" };
        let show =
            |index: usize| self.one.get(index).map_or_else(String::new, |column| braces(&column.labels));
        let mut series = [show(first), show(second)];
        series.sort();
        QueryError::execution(format!(
            "found duplicate series for the match group {} on the {side} hand-side of the operation: [{}];\
             many-to-many matching not allowed: matching labels must be unique on one side",
            braces(&group.signature),
            series.join(", "),
        ))
    }
}

/// The labels of what comes of a series of each side, the metric's name not yet dropped.
pub(crate) fn result_labels(matching: &Matching, many: &Labels, one: &Labels) -> Labels {
    let mut builder = many.to_builder();
    match (&matching.group, &matching.labels) {
        (None, MatchingLabels::On(names)) => {
            builder.retain(|label| names.contains(&label.name));
        }
        (None, MatchingLabels::Ignoring(names)) => {
            builder.retain(|label| !names.contains(&label.name));
        }
        (Some(group), _) => {
            for name in &group.include {
                builder.set(name.clone(), one.get(name).cloned().unwrap_or_default());
            }
        }
    }
    builder.build()
}

/// Labels with the metric's name among the others, as Prometheus prints them in errors.
fn braces(labels: &Labels) -> String {
    let pairs: Vec<String> =
        labels.iter().map(|label| format!("{}={:?}", label.name, label.value.as_str())).collect();
    format!("{{{}}}", pairs.join(", "))
}
