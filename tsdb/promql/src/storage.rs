//! The seam below the evaluator: what a store must answer.

mod confined;

use std::sync::Arc;

pub use confined::{Confined, Confinement};
use crowsnest_api::{Labels, Sample, Timestamp};
use smol_str::SmolStr;

use crate::{FloatHistogram, Matcher, SampleValue};

/// What a selector asks a store for.
#[derive(Clone, Copy, Debug)]
pub struct Selection<'a> {
    /// All must hold.
    pub matchers: &'a [Matcher],
    /// First timestamp wanted, inclusive.
    pub start: Timestamp,
    /// Last timestamp wanted, inclusive.
    pub end: Timestamp,
}

/// Which series an index question is about.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// A series counts when all matchers of any one set hold; no sets at all means every series.
    pub matcher_sets: &'a [Vec<Matcher>],
    /// Only series with samples at or after this time need to be answered.
    pub start: Timestamp,
    /// Only series with samples at or before this time need to be answered.
    pub end: Timestamp,
}

/// A series and its samples within a selection, oldest first, staleness markers included, timestamps unique.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// The series.
    pub labels: Labels,
    /// Its samples that are floats.
    pub samples: Vec<Sample>,
    /// Its samples that are native histograms; no float has the same timestamp.
    pub histograms: Vec<(Timestamp, Arc<FloatHistogram>)>,
    /// When the counter behind a sample started, by the sample's timestamp, for those of which it is known.
    pub starts: Vec<(Timestamp, Timestamp)>,
}

impl Series {
    /// A series of floats of which nothing more is known.
    pub fn of_floats(labels: Labels, samples: Vec<Sample>) -> Self {
        Self { labels, samples, ..Self::default() }
    }

    /// How many samples it has.
    pub fn len(&self) -> usize {
        self.samples.len() + self.histograms.len()
    }

    /// The samples of both kinds, oldest first.
    pub(crate) fn merged(&self) -> Vec<(Timestamp, SampleValue)> {
        let floats = self.samples.iter().map(|sample| (sample.timestamp, SampleValue::Float(sample.value)));
        let histograms = self.histograms.iter();
        let histograms =
            histograms.map(|(time, histogram)| (*time, SampleValue::Histogram(Arc::clone(histogram))));
        let mut merged: Vec<_> = floats.chain(histograms).collect();
        merged.sort_by_key(|(time, _)| *time);
        merged
    }

    /// How many floats take as much memory as its samples, to count them against limits.
    pub(crate) fn weight(&self) -> usize {
        self.samples.len() + self.histograms.iter().map(|(_, histogram)| histogram.weight()).sum::<usize>()
    }

    /// Whether it has no samples at all.
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty() && self.histograms.is_empty()
    }
}

/// The answer to a [`Selection`]: series in the order of their labels, each once, those without samples left out.
pub struct SeriesSet<'a> {
    /// The series; after an error nothing follows.
    pub series: Box<dyn Iterator<Item = Result<Series, StorageError>> + 'a>,
    /// What could not be read, when the answer is worth having all the same.
    pub warnings: Vec<String>,
}

impl<'a> SeriesSet<'a> {
    /// A set that is in memory already. `series` must be in label order.
    pub fn from_sorted(series: Vec<Series>) -> Self {
        debug_assert!(series.is_sorted_by(|a, b| a.labels < b.labels));
        Self { series: Box::new(series.into_iter().map(Ok)), warnings: Vec::new() }
    }
}

/// A store could not answer.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// Reading failed.
    #[error("cannot read series")]
    Read(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The answer would be larger than the store's limit.
    #[error("{0}")]
    LimitExceeded(String),
}

/// A store of series that can be queried. Synchronous; callers choose the thread.
pub trait Queryable: Send + Sync {
    /// The series that match, with their samples in the range.
    ///
    /// # Errors
    /// When nothing useful can be read; partial answers carry warnings instead.
    fn select<'a>(&'a self, selection: &Selection<'_>) -> Result<SeriesSet<'a>, StorageError>;

    /// The label sets of the series in scope, sorted, each once.
    ///
    /// # Errors
    /// As [`Queryable::select`].
    fn series(&self, scope: &Scope<'_>) -> Result<Vec<Labels>, StorageError>;

    /// The names of labels on series in scope, sorted.
    ///
    /// # Errors
    /// As [`Queryable::select`].
    fn label_names(&self, scope: &Scope<'_>) -> Result<Vec<SmolStr>, StorageError>;

    /// The values of one label on series in scope, sorted.
    ///
    /// # Errors
    /// As [`Queryable::select`].
    fn label_values(&self, name: &str, scope: &Scope<'_>) -> Result<Vec<SmolStr>, StorageError>;
}
