//! `admin/tsdb/*`: what deletes series or copies the whole store. Off, as in Prometheus without
//! `--web.enable-admin-api`, and told in its words.

use crate::http::{ApiError, ErrorKind};

/// The answer of each of them.
pub(crate) async fn disabled() -> ApiError {
    ApiError::new(ErrorKind::Disabled, "admin APIs disabled")
}
