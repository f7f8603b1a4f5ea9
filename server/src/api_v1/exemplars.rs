//! `query_exemplars`: the exemplars of the series that a query selects. None are kept yet, so there never are any.

use axum::response::{IntoResponse as _, Response};
use crowsnest_api::Timestamp;

use super::answer::plain;
use super::params::Params;
use crate::http::ApiError;

/// Checks what it is asked; the answer is an empty list.
pub(crate) async fn query(params: Params) -> Result<Response, ApiError> {
    let start = params.time("start")?.unwrap_or(Timestamp::MIN);
    let end = params.time("end")?.unwrap_or(Timestamp::MAX);
    if end < start {
        return Err(ApiError::bad_request("end timestamp must not be before start timestamp"));
    }
    params.expr()?;
    Ok(plain(Vec::<()>::new()).into_response())
}
