//! The time-series store: an in-memory head behind a write-ahead log, immutable block files, and a manifest in sled.
//!
//! Knows series, samples and files; knows nothing of HTTP, protobuf, tokio or Kubernetes. Time comes in as a value.

#![expect(dead_code, reason = "what blocks will need; they come next")]

mod appender;
mod chunk;
mod commit;
mod db;
mod disk;
mod head;
mod index;
mod options;
mod report;
mod select;
mod server_sample;
mod source;
mod varint;
mod wal;

pub use appender::{
    AppendError, Appended, Appender, Batch, Metadata, Origin, RejectReason, Rejection, SeriesBatch,
};
pub use db::Tsdb;
pub use options::{LabelLimits, Options};
pub use report::{
    HeadStatus, MaintainError, Maintenance, NamedCount, OpenError, Quarantined, Recovery, Status, StoreStatus,
};
