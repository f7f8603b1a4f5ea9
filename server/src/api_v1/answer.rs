//! From a job in the query pool to a JSON body.

use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::response::{IntoResponse as _, Response};
use crowsnest_api::prometheus;
use crowsnest_promql::{Control, QueryError, StorageError};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde::Serialize;

use crate::http::{ApiError, App, ErrorKind};
use crate::query_pool::{Job, PoolError};

/// What a job found out.
pub(super) struct Found<T> {
    pub(super) data: T,
    pub(super) warnings: Vec<String>,
    pub(super) infos: Vec<String>,
}

impl<T> Found<T> {
    /// Data and nothing to add.
    pub(super) fn plain(data: T) -> Self {
        Self { data, warnings: Vec::new(), infos: Vec::new() }
    }
}

impl<T> Found<Vec<T>> {
    /// Cuts a list to `limit` entries and says so.
    pub(super) fn cut(mut list: Vec<T>, limit: Option<usize>) -> Self {
        let cut = limit.is_some_and(|limit| list.len() > limit);
        list.truncate(limit.unwrap_or(usize::MAX));
        let warnings = if cut { vec!["results truncated due to limit".to_owned()] } else { Vec::new() };
        Self { data: list, warnings, infos: Vec::new() }
    }
}

/// An answer that needs no search.
pub(super) fn plain<T>(data: T) -> Json<prometheus::Response<T>> {
    Json(prometheus::Response::Success { data, warnings: Vec::new(), infos: Vec::new() })
}

/// Runs `job` in the pool and turns what it finds into a body there as well, since large answers take their time.
pub(super) async fn answer<T: Serialize>(
    app: &App,
    timeout: Option<Duration>,
    job: impl FnOnce(&Control) -> Result<Found<T>, QueryError> + Send + 'static,
) -> Result<Response, ApiError> {
    answer_query(app, "", timeout, move |running| job(&running.control)).await
}

/// The same for a query, whose `text` is shown in the list of active ones.
pub(super) async fn answer_query<T: Serialize>(
    app: &App,
    text: &str,
    timeout: Option<Duration>,
    job: impl FnOnce(&Job) -> Result<Found<T>, QueryError> + Send + 'static,
) -> Result<Response, ApiError> {
    let body = app.pool.run(text, timeout, move |running| {
        let Found { data, warnings, infos } = job(running).map_err(query_failed)?;
        let body = prometheus::Response::Success { data, warnings, infos };
        serde_json::to_vec(&body).map_err(ApiError::internal)
    });
    let body = body.await.map_err(pool_failed)??;
    Ok(([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], Bytes::from(body)).into_response())
}

pub(crate) fn query_failed(error: QueryError) -> ApiError {
    let kind = match &error {
        QueryError::Query { .. } | QueryError::Parameter(_) => ErrorKind::BadRequest,
        QueryError::Execution(_)
        | QueryError::TooManySamples
        | QueryError::Storage(StorageError::LimitExceeded(_)) => ErrorKind::Execution,
        QueryError::Canceled => ErrorKind::Canceled,
        QueryError::Timeout => ErrorKind::QueryTimeout,
        QueryError::Storage(StorageError::Read(_)) => return ApiError::internal(error),
    };
    ApiError::new(kind, error.to_string())
}

pub(crate) fn pool_failed(error: PoolError) -> ApiError {
    let message = error.to_string();
    match error {
        PoolError::Full => ApiError::new(ErrorKind::Unavailable, message).retry_after(Duration::from_secs(1)),
        PoolError::Killed => ApiError::new(ErrorKind::Canceled, message),
        PoolError::QueuedTooLong => ApiError::new(ErrorKind::QueryTimeout, message),
        PoolError::Panicked(_) => ApiError::internal(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_list_says_so() {
        assert!(Found::cut(vec![1, 2], Some(2)).warnings.is_empty());
        let cut = Found::cut(vec![1, 2, 3], Some(2));
        assert_eq!((cut.data.len(), cut.warnings.len()), (2, 1));
        assert_eq!(Found::cut(vec![1, 2, 3], None).data.len(), 3);
    }
}
