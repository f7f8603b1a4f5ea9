//! `query_exemplars`: the exemplars of the series that a query selects. None are kept yet, so there never are any.

use axum::response::{IntoResponse as _, Response};
use crowsnest_api::Timestamp;
use crowsnest_promql::ast::ExprKind;
use http::StatusCode;

use super::answer::plain;
use super::params::Params;
use crate::http::ApiError;

/// Checks what it is asked; the answer is an empty list, or nothing at all for a query without selectors.
pub(crate) async fn query(params: Params) -> Result<Response, ApiError> {
    let start = params.time("start")?.unwrap_or(Timestamp::MIN);
    let end = params.time("end")?.unwrap_or(Timestamp::MAX);
    if end < start {
        return Err(ApiError::bad_request("end timestamp must not be before start timestamp"));
    }
    // Here Prometheus does not name the parameter.
    let query = params.get("query").unwrap_or_default();
    let expr = crowsnest_promql::parse(query).map_err(|error| ApiError::bad_request(error.to_string()))?;
    let mut selects = false;
    expr.walk(&mut |node| selects |= matches!(node.kind, ExprKind::Selector(_)));
    if !selects {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    Ok(plain(Vec::<()>::new()).into_response())
}
