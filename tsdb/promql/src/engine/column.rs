//! Intermediate results: what a node of the tree evaluates to, for all steps.

use std::collections::HashMap;

use crowsnest_api::{Label, Labels, METRIC_NAME};

use smol_str::SmolStr;

use super::{QueryError, SampleValue};
use crate::Series;
use crate::ast::Edges;

/// The labels that describe a metric rather than a series of it; what calculates with values drops them.
pub(crate) const METRIC_LABELS: [&str; 3] = [METRIC_NAME, "__type__", "__unit__"];

/// What a node evaluates to.
#[derive(Debug)]
pub(crate) enum Computed {
    /// A number for each step.
    Scalar(Vec<f64>),
    /// The same bytes at each step.
    String(Vec<u8>),
    /// Series with a value, or none, at each step.
    Vector(Vec<Column>),
    /// Series with a window of samples at each step.
    Range(RangeVector),
}

/// A series with its value at each step of the grid it was evaluated on.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) labels: Labels,
    /// The name will be dropped at the end of the query; set only with delayed name removal.
    pub(crate) drop_name: bool,
    pub(crate) values: Vec<Option<SampleValue>>,
}

/// Series with samples, and the window that each step looks at.
#[derive(Debug)]
pub(crate) struct RangeVector {
    pub(crate) series: Vec<RangeSeries>,
    /// Where each step's window ends, inclusive; ascending.
    pub(crate) ends: Vec<i64>,
    /// How far windows reach back, exclusive, in milliseconds.
    pub(crate) range: i64,
    /// How the edges of windows are treated, when not as usual; the series then reach beyond the windows.
    pub(crate) edges: Option<Edges>,
}

/// A series with all samples that any window may need, without staleness markers.
#[derive(Debug)]
pub(crate) struct RangeSeries {
    pub(crate) series: Series,
    pub(crate) drop_name: bool,
}

impl Computed {
    /// What it holds.
    pub(crate) fn held(&self) -> Held {
        match self {
            Self::Scalar(values) => Held::of_samples(values.len()),
            Self::String(_) => Held::of_samples(1),
            Self::Vector(columns) => {
                columns.iter().map(|column| Held::of_series(&column.labels, column.weight())).sum()
            }
            Self::Range(range) => {
                let series = range.series.iter().map(|series| &series.series);
                series.map(|series| Held::of_series(&series.labels, series.weight())).sum()
            }
        }
    }
}

/// How much is held in memory.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Held {
    /// A native histogram counts as the floats that take as much memory.
    pub(crate) samples: usize,
    /// Those of samples and labels, as an estimate.
    pub(crate) bytes: usize,
}

impl Held {
    pub(crate) fn of_samples(samples: usize) -> Self {
        Self { samples, bytes: samples.saturating_mul(size_of::<Option<SampleValue>>()) }
    }

    pub(crate) fn of_series(labels: &Labels, samples: usize) -> Self {
        let Self { samples, bytes } = Self::of_samples(samples);
        // Short names and values lie within the label itself.
        let outside = |text: &SmolStr| if text.is_heap_allocated() { text.len() } else { 0 };
        let labels =
            labels.iter().map(|label| size_of::<Label>() + outside(&label.name) + outside(&label.value));
        let labels = labels.fold(size_of::<Column>(), usize::saturating_add);
        Self { samples, bytes: bytes.saturating_add(labels) }
    }
}

impl std::iter::Sum for Held {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            samples: sum.samples.saturating_add(one.samples),
            bytes: sum.bytes.saturating_add(one.bytes),
        })
    }
}

impl Column {
    /// The same series with other values.
    pub(crate) fn with_values(&self, values: Vec<Option<SampleValue>>) -> Self {
        Self { labels: self.labels.clone(), drop_name: self.drop_name, values }
    }

    /// A series without labels.
    pub(crate) fn unlabelled(values: impl IntoIterator<Item = Option<f64>>) -> Self {
        let values = values.into_iter().map(|value| value.map(SampleValue::Float)).collect();
        Self { labels: Labels::empty(), drop_name: false, values }
    }

    /// How many floats take as much memory as its values.
    fn weight(&self) -> usize {
        let histograms = self.values.iter().flatten().filter_map(SampleValue::histogram);
        self.values.len() + histograms.map(|histogram| histogram.weight()).sum::<usize>()
    }

    /// Its value at a step.
    pub(crate) fn at(&self, step: usize) -> Option<&SampleValue> {
        self.values.get(step)?.as_ref()
    }

    /// Its value at a step, if that is a float.
    pub(crate) fn float_at(&self, step: usize) -> Option<f64> {
        self.at(step)?.float()
    }
}

/// The labels without those that describe the metric.
pub(crate) fn without_metric_labels(labels: &Labels) -> Labels {
    labels.filtered(|label| !METRIC_LABELS.contains(&label.name.as_str()))
}

/// Builds columns value by value, one column for each label set.
pub(crate) struct Columns {
    steps: usize,
    columns: Vec<Column>,
    by_labels: HashMap<Labels, usize>,
}

impl Columns {
    pub(crate) fn new(steps: usize) -> Self {
        Self { steps, columns: Vec::new(), by_labels: HashMap::new() }
    }

    /// The column of a series, added when it is new.
    pub(crate) fn index(&mut self, labels: Labels, drop_name: bool) -> usize {
        let next = self.columns.len();
        let index = *self.by_labels.entry(labels.clone()).or_insert(next);
        if index == next {
            self.columns.push(Column { labels, drop_name, values: vec![None; self.steps] });
        }
        index
    }

    /// How many columns there are.
    pub(crate) fn len(&self) -> usize {
        self.columns.len()
    }

    /// Sets a value that must not be there yet.
    pub(crate) fn set(
        &mut self,
        index: usize,
        step: usize,
        value: impl Into<SampleValue>,
    ) -> Result<(), QueryError> {
        match self.columns.get_mut(index).and_then(|column| column.values.get_mut(step)) {
            Some(slot @ None) => {
                *slot = Some(value.into());
                Ok(())
            }
            _ => Err(same_labels()),
        }
    }

    /// Adds one to a value, which is zero when it is not there yet.
    pub(crate) fn count(&mut self, index: usize, step: usize) {
        if let Some(slot) = self.columns.get_mut(index).and_then(|column| column.values.get_mut(step)) {
            let count = slot.as_ref().and_then(SampleValue::float).unwrap_or(0.0);
            *slot = Some(SampleValue::Float(count + 1.0));
        }
    }

    /// Marks a column's name to be dropped.
    pub(crate) fn mark(&mut self, index: usize, drop_name: bool) {
        if let Some(column) = self.columns.get_mut(index) {
            column.drop_name |= drop_name;
        }
    }

    /// The columns that have a value, in the order in which they were added.
    pub(crate) fn finish(mut self) -> Vec<Column> {
        self.columns.retain(|column| column.values.iter().any(Option::is_some));
        self.columns
    }
}

/// Joins columns that have come to have the same labels; they must not share a step.
pub(crate) fn merge_same(columns: Vec<Column>) -> Result<Vec<Column>, QueryError> {
    let mut merged: Vec<Column> = Vec::with_capacity(columns.len());
    let mut by_labels: HashMap<Labels, usize> = HashMap::with_capacity(columns.len());
    for column in columns {
        let next = merged.len();
        match merged.get_mut(*by_labels.entry(column.labels.clone()).or_insert(next)) {
            None => merged.push(column),
            Some(into) => {
                for (slot, value) in into.values.iter_mut().zip(column.values) {
                    match (&*slot, value) {
                        (Some(_), Some(_)) => return Err(same_labels()),
                        (None, Some(value)) => *slot = Some(value),
                        (_, None) => {}
                    }
                }
            }
        }
    }
    Ok(merged)
}

pub(crate) fn same_labels() -> QueryError {
    QueryError::execution("vector cannot contain metrics with the same labelset")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, values: &[Option<f64>]) -> Column {
        Column {
            labels: Labels::from_pairs([("a", name)]),
            drop_name: false,
            ..Column::unlabelled(values.to_vec())
        }
    }

    #[test]
    fn series_with_the_same_labels_merge_when_they_never_meet() {
        let merged = merge_same(vec![
            column("x", &[Some(1.0), None]),
            column("y", &[None, None]),
            column("x", &[None, Some(2.0)]),
        ])
        .unwrap();
        assert_eq!(merged.len(), 2);
        assert_eq!(merged.first().unwrap().values, Column::unlabelled([Some(1.0), Some(2.0)]).values);
        assert!(merge_same(vec![column("x", &[Some(1.0)]), column("x", &[Some(1.0)])]).is_err());
    }

    #[test]
    fn the_labels_of_the_metric_go_together() {
        let labels =
            Labels::from_pairs([("__name__", "up"), ("__type__", "gauge"), ("__unit__", "s"), ("job", "x")]);
        assert_eq!(without_metric_labels(&labels).to_string(), r#"{job="x"}"#);
    }
}
