//! The seam above the store: how samples come in.

use std::time::Duration;

use crowsnest_api::{Labels, Sample, Timestamp};
use smol_str::SmolStr;

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
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesBatch {
    /// The series.
    pub labels: Labels,
    /// Its new samples.
    pub samples: Vec<Sample>,
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
    /// The labels are not a series: no name, bad name, unsorted, too many or too long.
    #[error("invalid labels")]
    InvalidLabels,
    /// The store holds as many series as it may.
    #[error("series limit reached")]
    SeriesLimit,
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

/// Takes samples. Synchronous; callers choose the thread.
pub trait Appender: Send + Sync {
    /// Stores a batch and returns once what it wrote survives `kill -9` and a power cut.
    ///
    /// # Errors
    /// When nothing was stored. Samples that are refused one by one are in [`Appended::rejected`].
    fn append(&self, batch: Batch) -> Result<Appended, AppendError>;
}
