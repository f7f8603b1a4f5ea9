//! The time-series store: an in-memory head behind a write-ahead log, immutable block files, and a manifest in sled.
//!
//! Knows series, samples and files; knows nothing of HTTP, protobuf, tokio or Kubernetes. Time comes in as a value.
//!
//! A batch is staged against the head (`head`), logged and synced together with others by one thread (`commit`, `wal`),
//! then applied to the head. [`Tsdb::maintain`] cuts the head into blocks (`maintain`, `block`), merges, down-samples (`tier`) and
//! expires them (`blocks`, `manifest`). Reading (`select`) merges the head and all blocks in range by timestamp. `docs/formats.md` has the files
//! byte by byte.
//!
//! ```
//! use crowsnest_api::{Labels, Sample, Timestamp};
//! use crowsnest_promql::{Matcher, Queryable, Selection};
//! use crowsnest_tsdb::{Appender, Batch, Options, Origin, SeriesBatch, Tsdb};
//!
//! # let dir = tempfile::tempdir()?;
//! # let catalog = sled::Config::new().temporary(true).open()?;
//! let now = Timestamp::from_seconds(1_700_000_000.0);
//! let (store, _recovery) = Tsdb::open(dir.path(), catalog.open_tree("blocks")?, Options::default(), now)?;
//! let labels = Labels::from_pairs([("__name__", "up"), ("job", "node-exporter")]);
//! store.append(Batch {
//!     origin: Origin::Source("node-1".into()),
//!     received: now,
//!     series: vec![SeriesBatch::of_floats(labels, vec![Sample { timestamp: now, value: 1.0 }])],
//!     metadata: Vec::new(),
//! })?;
//! let matchers = [Matcher::equal("__name__", "up")];
//! let mut answer = store.select(&Selection::new(&matchers, now, now))?.series;
//! assert_eq!(answer.next().unwrap()?.samples, [Sample { timestamp: now, value: 1.0 }]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod appender;
mod block;
mod blocks;
mod changes;
mod chunk;
mod commit;
mod db;
mod decimal;
mod disk;
#[cfg(fuzzing)]
pub mod fuzzing;
mod head;
mod import;
mod index;
mod inspect;
mod maintain;
mod manifest;
mod options;
mod replay;
mod report;
mod samples;
mod select;
mod server_sample;
mod snapshot;
mod source;
#[cfg(test)]
mod tests;
mod tier;
mod varint;
mod wal;

pub use appender::{
    AppendError, Appended, Appender, Batch, Done, Extras, Metadata, Origin, Push, PushedLabels, PushedSeries,
    RejectReason, Rejection, SeriesBatch, WireLabel,
};
pub use db::Tsdb;
pub use import::{ImportError, Imported};
pub use inspect::{
    BlockFacts, Contents, Costs, Dumped, Extract, Inspection, LabelCost, MetricCost, OnRecord, SegmentFacts,
};
pub use maintain::Deletion;
pub use options::{LabelLimits, Options, RetentionRule, Tier};
pub use report::{
    BlockStatus, Fault, HeadStatus, MaintainError, Maintenance, NamedCount, OpenError, Quarantined, Recovery,
    Status, StoreStatus,
};
pub use samples::HistogramSample;
pub use snapshot::{Newest, restore};
