//! The seam above the store: how samples come in.

use std::hash::Hasher as _;
use std::time::Duration;

use crowsnest_api::{Label, Labels, Sample, Timestamp};
use rustc_hash::FxHasher;
use smol_str::SmolStr;

use crate::samples::HistogramSample;

/// Who wrote a batch, which decides what happens when two values meet at one timestamp.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// A pushing identity together with `job` and `instance`. The same source with another value at the same
    /// timestamp is refused; from another source the first value stays.
    Source(SmolStr),
    /// The server itself, about a silence that has lasted `silence` when the sample is written (`up 0`, staleness
    /// markers). Such a sample neither counts as its series' newest nor conflicts, and it is void as soon as a sample
    /// of a source lies in the `silence` before it, its own timestamp included: a backfill replaces it.
    Server {
        /// How long the source had been silent.
        silence: Duration,
    },
}

/// New samples of one series, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SeriesBatch {
    /// The series.
    pub labels: Labels,
    /// Its new samples that are floats.
    pub samples: Vec<Sample>,
    /// What it has beyond these.
    pub extras: Extras,
}

/// What samples of a series are beyond floats. What the server itself writes has none of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Extras {
    /// Native histograms, oldest first.
    pub histograms: Vec<HistogramSample>,
    /// When the counters behind samples started, by the samples' timestamps, which ascend. Samples that are not
    /// mentioned have no known start.
    pub starts: Vec<(Timestamp, Timestamp)>,
}

impl Extras {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.histograms.is_empty() && self.starts.is_empty()
    }
}

/// Type, help and unit of a metric family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// The family's name.
    pub family: SmolStr,
    /// `counter`, `gauge`, …
    pub kind: SmolStr,
    /// One sentence for people.
    pub help: String,
    /// The unit, often empty.
    pub unit: SmolStr,
}

/// One push.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Who wrote it.
    pub origin: Origin,
    /// When the server received it: bounds samples in the far future, and says what retention has passed.
    pub received: Timestamp,
    /// The samples.
    pub series: Vec<SeriesBatch>,
    /// What the push says about metric families.
    pub metadata: Vec<Metadata>,
}

/// A batch whose labels and samples are borrowed, for example from the bytes of a request.
///
/// A source that names the same series in the same order as in its push before costs least: each series is then found
/// by its place, and its labels are only compared.
#[derive(Clone, Debug)]
pub struct Push<'a> {
    /// Who wrote it.
    pub origin: Origin,
    /// As in [`Batch`].
    pub received: Timestamp,
    /// The samples.
    pub series: Vec<PushedSeries<'a>>,
    /// What the push says about metric families.
    pub metadata: Vec<Metadata>,
}

/// New samples of one series, oldest first.
#[derive(Clone, Copy, Debug)]
pub struct PushedSeries<'a> {
    /// The series.
    pub labels: PushedLabels<'a>,
    /// Its new samples that are floats.
    pub samples: &'a [Sample],
    /// What it has beyond these, if anything.
    pub extras: Option<&'a Extras>,
}

/// The labels of a pushed series.
#[derive(Clone, Copy, Debug)]
pub enum PushedLabels<'a> {
    /// A label set.
    Set(&'a Labels),
    /// What a request calls a label set; none of its values is empty.
    Wire(&'a [WireLabel<'a>]),
}

/// A label as it came in: perhaps out of order, perhaps repeated, perhaps not UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WireLabel<'a> {
    /// Its name.
    pub name: &'a [u8],
    /// Its value, not empty.
    pub value: &'a [u8],
}

impl PushedLabels<'_> {
    /// Whether these are labels that are known.
    pub(crate) fn are<'k>(&self, known: impl ExactSizeIterator<Item = &'k Label>) -> bool {
        match self {
            Self::Set(labels) => labels.iter().eq(known),
            Self::Wire(labels) => {
                labels.len() == known.len()
                    && labels.iter().zip(known).all(|(wire, known)| {
                        wire.value == known.value.as_bytes() && wire.name == known.name.as_bytes()
                    })
            }
        }
    }

    /// Equal for equal labels.
    pub(crate) fn hash(&self) -> u64 {
        match self {
            Self::Set(labels) => {
                hash_labels(labels.iter().map(|label| (label.name.as_bytes(), label.value.as_bytes())))
            }
            Self::Wire(labels) => hash_labels(labels.iter().map(|label| (label.name, label.value))),
        }
    }

    /// A label set, or why there is none.
    ///
    /// # Errors
    /// What is wrong with them, for people.
    pub fn to_labels(self) -> Result<Labels, String> {
        let wire = match self {
            Self::Set(labels) => return Ok(labels.clone()),
            Self::Wire(wire) => wire,
        };
        let text = |bytes| std::str::from_utf8(bytes).map_err(|_| "a label that is not UTF-8".to_owned());
        let mut labels = Vec::with_capacity(wire.len());
        for label in wire {
            labels.push(Label { name: text(label.name)?.into(), value: text(label.value)?.into() });
        }
        if labels.is_empty() {
            return Err("a series without labels".to_owned());
        }
        let names = |labels: &[Label]| {
            let names = labels.iter().take(8).map(|label| label.name.chars().take(40).collect());
            names.collect::<Vec<String>>().join(", ")
        };
        let excerpt = names(&labels);
        Labels::from_sorted(labels).ok_or_else(|| format!("labels unsorted or repeated: {excerpt}"))
    }
}

/// The hash of label names and values, for finding series in memory.
pub(crate) fn hash_labels<'a>(labels: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> u64 {
    let mut hasher = FxHasher::default();
    for (name, value) in labels {
        hasher.write(name);
        hasher.write(value);
    }
    hasher.finish()
}

impl SeriesBatch {
    /// Floats and nothing else.
    pub fn of_floats(labels: Labels, samples: Vec<Sample>) -> Self {
        Self { labels, samples, extras: Extras::default() }
    }

    /// The same, borrowed.
    pub fn as_pushed(&self) -> PushedSeries<'_> {
        PushedSeries {
            labels: PushedLabels::Set(&self.labels),
            samples: &self.samples,
            extras: Some(&self.extras).filter(|extras| !extras.is_empty()),
        }
    }
}

impl Batch {
    /// The same, borrowed.
    pub(crate) fn as_push(&self) -> Push<'_> {
        Push {
            origin: self.origin.clone(),
            received: self.received,
            series: self.series.iter().map(SeriesBatch::as_pushed).collect(),
            metadata: self.metadata.clone(),
        }
    }
}

/// Why a sample was not stored although its batch was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum RejectReason {
    /// Older than the out-of-order window of its series.
    #[error("out of order sample beyond the out-of-order window")]
    TooOld,
    /// Older than retention.
    #[error("sample older than retention")]
    BeyondRetention,
    /// Too far in the future.
    #[error("sample too far in the future")]
    TooNew,
    /// The same source wrote another value at this timestamp before.
    #[error("duplicate sample for timestamp with another value")]
    Conflict,
    /// It is no native histogram: buckets and counts contradict each other, or it has too many.
    #[error("invalid native histogram")]
    InvalidHistogram,
    /// It has no value, or none of the kind that its sender says it is.
    #[error("invalid data point")]
    InvalidPoint,
    /// The labels are not a series: no name, bad name, unsorted, too many or too long.
    #[error("invalid labels")]
    InvalidLabels,
    /// The store holds as many series as it may.
    #[error("series limit reached")]
    SeriesLimit,
    /// The source has as many series in the store as one may have.
    #[error("series limit of the source reached")]
    SourceSeriesLimit,
}

/// Samples that were not stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Rejection {
    /// The reason.
    pub reason: RejectReason,
    /// How many samples.
    pub samples: u64,
    /// One of the series, as an example, with its detail.
    pub example: String,
}

/// What became of a batch. Everything in `written` is durable.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Appended {
    /// Samples stored, repeats of what was there already included.
    pub written: u64,
    /// How many of them are native histograms.
    pub histograms: u64,
    /// Samples refused, one entry a reason.
    pub rejected: Vec<Rejection>,
}

/// Nothing of a batch was stored; the sender may repeat it.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The write-ahead log cannot be extended (disk full, permission lost, failed sync).
    #[error("cannot extend the write-ahead log")]
    Wal(#[source] std::io::Error),
    /// The store is shutting down or has become read-only.
    #[error("the store does not take samples: {0}")]
    Closed(&'static str),
}

/// Called once with what became of a push, on a thread of the store's: it must not block.
pub type Done = Box<dyn FnOnce(Result<Appended, AppendError>) + Send>;

/// Takes samples.
pub trait Appender: Send + Sync {
    /// Sorts out a push and returns; `done` is called once what it wrote survives `kill -9` and a power cut. Samples
    /// that are refused one by one are in [`Appended::rejected`]. May read files, for new series and late samples.
    fn push(&self, push: &Push<'_>, done: Done);

    /// The same, but reads no files: gives `done` back when that would be needed, and has done nothing.
    fn push_quickly(&self, push: &Push<'_>, done: Done) -> Option<Done>;

    /// Stores a batch and returns once it is as safe as that.
    ///
    /// # Errors
    /// When nothing was stored.
    fn append(&self, batch: Batch) -> Result<Appended, AppendError> {
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        self.push(&batch.as_push(), Box::new(move |outcome| drop(sender.send(outcome))));
        receiver.recv().unwrap_or(Err(AppendError::Closed("its writer is gone")))
    }
}
