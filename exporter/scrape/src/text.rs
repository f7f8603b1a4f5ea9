//! The Prometheus text format, versions 0.0.4 and 1.0.0, and OpenMetrics 1.0, which is a dialect of it.
//!
//! One line a sample, `# HELP` and `# TYPE` before a family's first sample, times in milliseconds. Names outside the
//! classic character set are written in quotes inside the braces, as Prometheus 3 does: `{"http.requests",code="200"}`.
//! The format is described at <https://prometheus.io/docs/instrumenting/exposition_formats/>. OpenMetrics has times in
//! seconds, exemplars, units, more types, and an end: <https://prometheus.io/docs/specs/om/open_metrics_spec/>.

mod cursor;
mod encode;
mod error;
mod line;
mod parse;
pub(crate) mod reader;
pub(crate) mod series;

pub(crate) use encode::write_series;
pub use encode::{encode, encode_sample, encode_untyped};
pub use error::{ParseError, Problem};
pub use parse::{Limits, parse, parse_dialect};

/// Which of the two text formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Prometheus's own, 0.0.4 and 1.0.0.
    Prometheus,
    /// OpenMetrics, 1.0 and before.
    OpenMetrics,
}

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
