//! What crosses a process boundary: samples, labels, remote write, and the JSON bodies of the HTTP APIs.
//!
//! Knows serde and prost; does no I/O, keeps no state, and decides nothing. Parsing and printing of its own types is
//! all the logic it has.

pub mod about;
pub mod access;
pub mod alerts;
pub mod answers;
pub mod changes;
pub mod cluster;
pub mod credentials;
pub mod dashboards;
pub mod events;
pub mod forward;
pub mod gone;
pub mod kinds;
mod labels;
pub mod logs;
mod problem;
pub mod prometheus;
pub mod queries;
pub mod query_stats;
pub mod recent;
pub mod remote_read;
pub mod remote_write;
pub mod rules;
mod sample;
pub mod session;
pub mod snapshots;
pub mod sources;
pub mod stream;
pub mod terminal;

pub use labels::{INSTANCE, JOB, Label, Labels, LabelsBuilder, METRIC_NAME};
pub use problem::Problem;
pub use sample::{
    STALE_NAN_BITS, Sample, Timestamp, format_exponent, format_json_value, format_value, is_stale,
    parse_value, stale_nan, with_json_value,
};
