//! The time-series store: an in-memory head behind a write-ahead log, immutable block files, and a manifest in sled.
//!
//! Knows series, samples and files; knows nothing of HTTP, protobuf, tokio or Kubernetes. Time comes in as a value.

mod appender;
mod block;
mod blocks;
mod chunk;
mod commit;
mod db;
mod disk;
mod head;
mod index;
mod maintain;
mod manifest;
mod options;
mod replay;
mod report;
mod select;
mod server_sample;
mod source;
#[cfg(test)]
mod tests;
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
