//! The Prometheus HTTP API below `/api/v1`.
//!
//! Parameters, shapes and error texts follow <https://prometheus.io/docs/prometheus/latest/querying/api/>.

mod answer;
pub(crate) mod labels;
pub(crate) mod metadata;
mod params;
pub(crate) mod query;
pub(crate) mod status;
pub(crate) mod write;
