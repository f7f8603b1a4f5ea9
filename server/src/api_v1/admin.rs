//! `admin/tsdb/*`: what deletes series or copies the whole store. Off, as in Prometheus without
//! `--web.enable-admin-api`, and told in its words. So is what it has never had.

use crate::http::{ApiError, ErrorKind};

/// The answer of each of them.
pub(crate) async fn disabled() -> ApiError {
    ApiError::new(ErrorKind::Disabled, "admin APIs disabled")
}

/// The answer to `DELETE /api/v1/series`, which Prometheus has had a place for ever since.
pub(crate) async fn not_implemented() -> ApiError {
    ApiError::new(ErrorKind::NotImplemented, "not implemented")
}
