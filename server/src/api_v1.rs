//! The Prometheus HTTP API below `/api/v1`.
//!
//! Parameters, shapes and error texts follow <https://prometheus.io/docs/prometheus/latest/querying/api/>.

pub(crate) mod admin;
mod answer;
pub(crate) mod exemplars;
pub(crate) mod expression;
mod families;
pub(crate) mod features;
pub(crate) mod federate;
pub(crate) mod import;
pub(crate) mod labels;
pub(crate) mod metadata;
pub(crate) mod notifications;
pub(crate) mod openapi;
mod params;
pub(crate) mod query;
pub(crate) mod read;
pub(crate) mod rules;
mod seen;
pub(crate) mod status;
pub(crate) mod targets;
pub(crate) mod write;
mod written;

pub(crate) use answer::{pool_failed, query_failed};
pub(crate) use params::parse_time;
#[cfg(fuzzing)]
pub(crate) use params::read_any as read_form;
pub(crate) use seen::Seen;
