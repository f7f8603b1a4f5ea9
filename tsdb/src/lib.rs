//! The time-series store: an in-memory head behind a write-ahead log, immutable block files, and a manifest in sled.
//!
//! Knows series, samples and files; knows nothing of HTTP, protobuf, tokio or Kubernetes. Time comes in as a value.

mod appender;

pub use appender::{AppendError, Appended, Appender, Batch, Metadata, Origin, Rejection, RejectReason, SeriesBatch};
