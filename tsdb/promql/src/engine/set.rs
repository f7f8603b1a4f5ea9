//! `and`, `or`, `unless`: sets of series, step by step.

use std::collections::HashMap;

use crowsnest_api::Labels;

use super::QueryError;
use super::column::{Column, Columns};
use super::matching::signature;
use crate::BinaryOp;
use crate::ast::{Binary, MatchingLabels};

/// Evaluates a set operation.
pub(crate) fn combine(
    operation: &Binary,
    left: Vec<Column>,
    right: Vec<Column>,
    steps: usize,
) -> Result<Vec<Column>, QueryError> {
    let labels = &operation.matching.labels;
    let kept = |columns: Vec<Column>, others: &Presence<'_>, wanted: bool| {
        columns
            .into_iter()
            .map(move |mut column| {
                let other = others.of(&column.labels);
                for (step, slot) in column.values.iter_mut().enumerate() {
                    let present = other.is_some_and(|steps| steps.get(step).copied().unwrap_or_default());
                    if present != wanted {
                        *slot = None;
                    }
                }
                column
            })
            .collect::<Vec<_>>()
    };
    let result = match operation.op {
        BinaryOp::And => kept(left, &Presence::new(&right, labels, steps), true),
        BinaryOp::Unless => kept(left, &Presence::new(&right, labels, steps), false),
        _ => {
            let added = kept(right, &Presence::new(&left, labels, steps), false);
            left.into_iter().chain(added).collect()
        }
    };
    let mut columns = Columns::new(steps);
    for column in result {
        let index = columns.index(column.labels, column.drop_name);
        for (step, value) in column.values.into_iter().enumerate() {
            if let Some(value) = value {
                columns.set(index, step, value)?;
            }
        }
    }
    Ok(columns.finish())
}

/// At which steps a side has any series with a signature.
struct Presence<'a> {
    matching: &'a MatchingLabels,
    steps: HashMap<Labels, Vec<bool>>,
}

impl<'a> Presence<'a> {
    fn new(columns: &[Column], matching: &'a MatchingLabels, steps: usize) -> Self {
        let mut by_signature: HashMap<Labels, Vec<bool>> = HashMap::new();
        for column in columns {
            let present =
                by_signature.entry(signature(&column.labels, matching)).or_insert_with(|| vec![false; steps]);
            for (slot, value) in present.iter_mut().zip(&column.values) {
                *slot |= value.is_some();
            }
        }
        Self { matching, steps: by_signature }
    }

    fn of(&self, labels: &Labels) -> Option<&Vec<bool>> {
        self.steps.get(&signature(labels, self.matching))
    }
}
