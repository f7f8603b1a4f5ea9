//! Liveness and readiness, for probes that carry no credentials; and reload.

use std::sync::atomic::Ordering;

use axum::extract::State;

use super::{ApiError, AppState, ErrorKind};

/// The process answers.
pub(super) async fn healthy() -> &'static str {
    "crowsnest is healthy\n"
}

/// The server takes samples and queries. Damage does not keep it from that, and is told: how much, not what, for
/// anybody may ask.
pub(super) async fn ready(State(app): State<AppState>) -> Result<String, ApiError> {
    if app.ready.load(Ordering::Relaxed) {
        let damage = app.damage().to_string();
        let line_end = if damage.is_empty() { "" } else { "\n" };
        Ok(format!("crowsnest is ready\n{damage}{line_end}"))
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
