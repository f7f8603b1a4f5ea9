//! The Prometheus HTTP API below `/api/v1`.

pub(crate) mod query;
pub(crate) mod write;
