//! `parse_query` and `format_query`: a query as a tree and in its usual layout. Neither looks at data.

mod tree;

use axum::response::{IntoResponse as _, Response};

use super::answer::plain;
use super::params::Params;
use crate::http::ApiError;

/// `parse_query`: the syntax tree as JSON.
pub(crate) async fn parse(params: Params) -> Result<Response, ApiError> {
    let (_, expr) = params.expr()?;
    Ok(plain(tree::of(&expr)).into_response())
}

/// `format_query`: the query as Prometheus lays it out, over several lines when it is long.
pub(crate) async fn format(params: Params) -> Result<Response, ApiError> {
    let (_, expr) = params.expr()?;
    Ok(plain(crowsnest_promql::pretty(&expr)).into_response())
}
