//! `/metrics`: the server's own metrics in the Prometheus text format.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use crowsnest_scrape::text;
use http::HeaderValue;
use http::header::CONTENT_TYPE;

use super::{ApiError, AppState};
use crate::telemetry;

/// Everything that the server knows about itself.
pub(super) async fn metrics(State(app): State<AppState>) -> Result<Response, ApiError> {
    let page = tokio::task::spawn_blocking(move || {
        let mut page = String::new();
        text::encode(&mut page, &telemetry::families(&app));
        page
    });
    let page = page.await.map_err(ApiError::internal)?;
    Ok(([(CONTENT_TYPE, HeaderValue::from_static(text::CONTENT_TYPE))], page).into_response())
}
