//! The Prometheus text format, version 0.0.4.
//!
//! One line a sample, `# HELP` and `# TYPE` before a family's first sample, times in milliseconds. Names outside the
//! classic character set are written in quotes inside the braces, as Prometheus 3 does: `{"http.requests",code="200"}`.
//! The format is described at <https://prometheus.io/docs/instrumenting/exposition_formats/>.

mod encode;
mod error;
mod parse;

pub use encode::{encode, encode_sample, encode_untyped};
pub use error::{ParseError, Problem};
pub use parse::{Limits, parse};

/// The `Content-Type` of a page in this format.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Whether `name` may stand without quotes as a metric's name: `[a-zA-Z_:][a-zA-Z0-9_:]*`.
pub fn is_plain_metric_name(name: &str) -> bool {
    is_plain(name, |c| c.is_ascii_alphanumeric() || c == '_' || c == ':')
}

/// Whether `name` may stand without quotes as a label's name: `[a-zA-Z_][a-zA-Z0-9_]*`.
pub fn is_plain_label_name(name: &str) -> bool {
    is_plain(name, |c| c.is_ascii_alphanumeric() || c == '_')
}

fn is_plain(name: &str, allowed: fn(char) -> bool) -> bool {
    !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(allowed)
}
