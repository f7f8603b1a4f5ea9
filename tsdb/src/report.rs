//! What the store tells its operator: what opening found, what maintenance did, what it holds, what is damaged.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crowsnest_api::Timestamp;
use smol_str::SmolStr;

/// Why a store could not be opened. Damaged data is no reason; see [`Recovery`].
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has the folder open.
    #[error("data folder {0} is in use by another process")]
    InUse(PathBuf),
    /// The folder cannot be read or written.
    #[error("cannot open {path}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system says.
        #[source]
        source: io::Error,
    },
    /// A file was written by a newer release.
    #[error("{path} has format version {found}, this release reads up to {known}")]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The newest version known here.
        known: u32,
    },
    /// There are samples where others were to be restored.
    #[error("{0} is not empty")]
    NotEmpty(PathBuf),
    /// The manifest's database fails.
    #[error("cannot read the block manifest")]
    Manifest(#[source] sled::Error),
}

/// What opening a store found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Blocks that serve.
    pub blocks: usize,
    /// Blocks that were complete on disk but unknown to the manifest.
    pub adopted: Vec<String>,
    /// Files removed because no finished write stands behind them.
    pub debris: Vec<String>,
    /// Write-ahead log segments read.
    pub segments: usize,
    /// Records replayed.
    pub records: u64,
    /// Samples replayed.
    pub samples: u64,
    /// Bytes at the end of the log that were left out: their write was never finished, and so never acknowledged.
    pub torn_bytes: u64,
    /// Damage to the log; blocks tell of theirs by [`crate::Tsdb::quarantined`].
    pub faults: Vec<Fault>,
    /// What an operator should look at: skipped parts of the log, files that do not belong here.
    pub warnings: Vec<String>,
}

/// A place in a file that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file, as seen from the store's folder.
    pub file: String,
    /// Where in it, in bytes.
    pub offset: u64,
    /// What is wrong there.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}: {}", self.file, self.offset, self.what)
    }
}

/// A block that serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockStatus {
    /// Its number as text; later blocks have larger ones.
    pub id: String,
    /// The oldest sample.
    pub min_time: Timestamp,
    /// The newest sample.
    pub max_time: Timestamp,
    /// Series in it.
    pub series: u64,
    /// Chunks in it.
    pub chunks: u64,
    /// Samples in it, the server's own included.
    pub samples: u64,
    /// The size of its file.
    pub bytes: u64,
}

/// A block that does not serve, or not in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// The block.
    pub block: String,
    /// What is wrong with it.
    pub reason: String,
}

/// What a call of [`crate::Tsdb::maintain`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Maintenance {
    /// Blocks cut from the head.
    pub cut: Vec<String>,
    /// Blocks merged out of others.
    pub merged: Vec<String>,
    /// Blocks of wider buckets, and of what is not down-sampled, made out of others.
    pub folded: Vec<String>,
    /// Blocks removed because retention has passed them.
    pub expired: Vec<String>,
    /// Write-ahead log segments removed because blocks hold their samples.
    pub segments_removed: usize,
}

/// Maintenance stopped; nothing is lost, the next call tries again.
#[derive(Debug, thiserror::Error)]
pub enum MaintainError {
    /// A file operation failed.
    #[error("cannot {action} {path}")]
    Io {
        /// What was being done.
        action: &'static str,
        /// To which file or folder.
        path: PathBuf,
        /// What the operating system says.
        #[source]
        source: io::Error,
    },
    /// A source block or chunk turned out to be damaged.
    #[error("cannot read {object}: {reason}")]
    Damaged {
        /// The block or series.
        object: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The manifest's database fails.
    #[error("cannot record blocks in the manifest")]
    Manifest(#[source] sled::Error),
}

/// A name and a number, for lists of the largest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedCount {
    /// What is counted.
    pub name: String,
    /// How many, or how many bytes.
    pub count: u64,
}

/// What the head holds: the data of `/api/v1/status/tsdb`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeadStatus {
    /// Series with samples in the head.
    pub series: u64,
    /// Distinct pairs of label name and value.
    pub label_pairs: u64,
    /// Compressed chunks and open ones.
    pub chunks: u64,
    /// The oldest sample, or `None` when the head is empty.
    pub min_time: Option<Timestamp>,
    /// The newest sample, or `None` when the head is empty.
    pub max_time: Option<Timestamp>,
    /// Series a metric name, most first.
    pub series_by_metric: Vec<NamedCount>,
    /// Values a label name, most first.
    pub values_by_label: Vec<NamedCount>,
    /// Bytes of values a label name, summed over series, most first.
    pub bytes_by_label: Vec<NamedCount>,
    /// Series a `name=value`, most first.
    pub series_by_pair: Vec<NamedCount>,
    /// Series a source, most first.
    pub series_by_source: Vec<NamedCount>,
    /// Samples refused of sources that have as many series as they may, since the store was opened; most first.
    pub refused_by_source: Vec<NamedCount>,
}

/// Sizes and counters, for the server's own metrics. Counters start at zero when the store is opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreStatus {
    /// Series in the head.
    pub head_series: u64,
    /// Series that came into the head.
    pub head_series_created: u64,
    /// Series that left the head.
    pub head_series_removed: u64,
    /// Chunks in the head.
    pub head_chunks: u64,
    /// Samples stored.
    pub samples_appended: u64,
    /// Samples refused, by reason.
    pub samples_rejected: Vec<(crate::RejectReason, u64)>,
    /// Segments of the write-ahead log.
    pub wal_segments: u64,
    /// Bytes of the write-ahead log.
    pub wal_bytes: u64,
    /// Records written.
    pub wal_records: u64,
    /// Syncs of the log; several appends may share one.
    pub wal_syncs: u64,
    /// Writes and syncs of the log that failed.
    pub wal_failures: u64,
    /// Places in the log that could not be read when the store was opened.
    pub wal_faults: u64,
    /// Bytes at the end of the log that were left out then, as those of a write that was never finished.
    pub wal_torn_bytes: u64,
    /// Blocks that serve.
    pub blocks: u64,
    /// Bytes of blocks.
    pub block_bytes: u64,
    /// Samples in blocks; overlapping blocks count theirs twice.
    pub block_samples: u64,
    /// Blocks that do not serve, or not in full.
    pub blocks_quarantined: u64,
    /// Oldest sample in the store.
    pub min_time: Option<Timestamp>,
    /// Cuts of the head.
    pub cuts: u64,
    /// Merges of blocks.
    pub merges: u64,
    /// Blocks made by down-sampling others.
    pub folds: u64,
    /// Blocks removed by retention.
    pub blocks_expired: u64,
    /// Maintenance runs that stopped with an error.
    pub maintenance_failures: u64,
}

/// Everything [`crate::Tsdb::status`] knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The head.
    pub head: HeadStatus,
    /// Sizes and counters.
    pub store: StoreStatus,
}

/// A label name or value as a list entry.
pub(crate) fn named(name: impl Into<SmolStr>, count: u64) -> NamedCount {
    NamedCount { name: name.into().to_string(), count }
}
