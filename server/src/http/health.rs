//! Liveness and readiness, for probes that carry no credentials; and reload.

use std::sync::atomic::Ordering;

use axum::extract::State;

use super::{ApiError, AppState, ErrorKind};

/// The process answers.
pub(super) async fn healthy() -> &'static str {
    "crowsnest is healthy\n"
}

/// The server takes samples and queries.
pub(super) async fn ready(State(app): State<AppState>) -> Result<&'static str, ApiError> {
    if app.ready.load(Ordering::Relaxed) {
        Ok("crowsnest is ready\n")
    } else {
        Err(ApiError::new(ErrorKind::Unavailable, "crowsnest is starting or shutting down"))
    }
}

/// Reads users, ingest tokens, rules and alertmanager.yml again, and says what is wrong with them.
pub(super) async fn reload(State(app): State<AppState>) -> Result<&'static str, ApiError> {
    let reloaded = tokio::task::spawn_blocking(move || app.reload());
    let reloaded = reloaded.await.map_err(ApiError::internal)?;
    reloaded.map_err(|error| ApiError::bad_request(format!("cannot reload: {error:#}")))?;
    Ok("reloaded\n")
}
