//! The seam below the evaluator: what a store must answer.

mod confined;
mod tiers;

use std::sync::Arc;

pub use confined::{Confined, Confinement};
use crowsnest_api::{Labels, Sample, Timestamp};
use smol_str::SmolStr;
pub use tiers::{Downsampled, Fold, Resolution, Windows};

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
    /// What becomes of the samples, where who asks moves windows to whole buckets: down-sampled samples are then answered
    /// for that, from the bucket on in which such a window may begin. Without it they are those that buckets keep, within the
    /// range alone.
    pub fold: Option<Fold>,
    /// Into how many windows they go.
    pub windows: Windows,
    /// The finest buckets wanted, also where there are raw samples.
    pub resolution: Option<Resolution>,
}

impl<'a> Selection<'a> {
    /// All that is in a range of time, as fine as there is.
    pub const fn new(matchers: &'a [Matcher], start: Timestamp, end: Timestamp) -> Self {
        Self { matchers, start, end, fold: None, windows: Windows::Several, resolution: None }
    }
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
    /// How a part of it is down-sampled, if one is, and what else samples stand for.
    pub downsampled: Option<Box<Downsampled>>,
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
    pub fn weight(&self) -> usize {
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
    /// Up to which instants some of the samples are down-sampled how far.
    pub downsampled: Vec<(Timestamp, Resolution)>,
}

impl<'a> SeriesSet<'a> {
    /// A set that is in memory already. `series` must be in label order.
    pub fn from_sorted(series: Vec<Series>) -> Self {
        debug_assert!(series.is_sorted_by(|a, b| a.labels < b.labels));
        Self { series: Box::new(series.into_iter().map(Ok)), warnings: Vec::new(), downsampled: Vec::new() }
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

    /// A number that grows with every change of samples, for answers to be kept as long as what they rest on; `None` where
    /// changes are not counted.
    fn version(&self) -> Option<u64> {
        None
    }

    /// The oldest time at which samples may have come or gone since a version: what lies before it is as it was then.
    fn changed_since(&self, _version: u64) -> Timestamp {
        Timestamp::MIN
    }

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
