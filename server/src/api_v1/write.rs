//! `write`: remote write 1.0.

use crate::http::{ApiError, ErrorKind};

/// Takes a push.
pub(crate) async fn push() -> ApiError {
    ApiError::new(ErrorKind::Unavailable, "the store is not connected yet")
}
