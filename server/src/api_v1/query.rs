//! `query` and `query_range`.

use axum::Json;
use crowsnest_api::prometheus::{QueryData, Response};

use crate::http::ApiError;

/// `query`.
pub(crate) async fn instant() -> Result<Json<Response<QueryData>>, ApiError> {
    Ok(Json(Response::Success { data: QueryData::Vector(vec![]), warnings: vec![], infos: vec![] }))
}

/// `query_range`.
pub(crate) async fn range() -> Result<Json<Response<QueryData>>, ApiError> {
    Ok(Json(Response::Success { data: QueryData::Matrix(vec![]), warnings: vec![], infos: vec![] }))
}
