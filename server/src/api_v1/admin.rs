//! `admin/tsdb/*`: deletes samples, and takes snapshots of the store. Off unless `--web-enable-admin-api` is given, as in
//! Prometheus, and told in its words. So is what it has never had.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use crowsnest_api::Timestamp;
use crowsnest_tsdb::{Deletion, MaintainError, Newest, Tsdb};
use http::StatusCode;
use serde::Serialize;
use tracing::info;

use super::answer::plain;
use super::params::{Params, invalid};
use crate::http::{ApiError, App, AppState, ErrorKind};
use crate::{chance, clock};

/// `data` of `admin/tsdb/snapshot`.
#[derive(Debug, Serialize)]
struct Snapshot {
    /// Its folder in `<data-dir>/tsdb/snapshots`.
    name: String,
}

/// `delete_series`: answers 204 once the samples are gone from the disk.
pub(crate) async fn delete_series(
    State(app): State<AppState>,
    params: Params,
) -> Result<StatusCode, ApiError> {
    check_enabled(&app)?;
    if params.all("match[]").next().is_none() {
        return Err(ApiError::bad_request("no match[] parameter provided"));
    }
    let start = params.time("start")?.unwrap_or(Timestamp::MIN);
    let end = params.time("end")?.unwrap_or(Timestamp::MAX);
    let matcher_sets = params.matcher_sets().map_err(|what| invalid("match[]", &what))?;
    let selectors: Vec<String> = params.all("match[]").map(str::to_owned).collect();
    let done =
        on_store(&app, move |store| store.delete(&Deletion { matcher_sets: &matcher_sets, start, end }))
            .await?;
    info!(?selectors, %start, %end, cut = done.cut.len(), rewritten = done.merged.len(), "deleted samples");
    Ok(StatusCode::NO_CONTENT)
}

/// `clean_tombstones`: there are none, what is deleted is gone.
pub(crate) async fn clean_tombstones(State(app): State<AppState>) -> Result<StatusCode, ApiError> {
    check_enabled(&app)?;
    Ok(StatusCode::NO_CONTENT)
}

/// `snapshot`: links blocks and log into a folder beside them.
pub(crate) async fn snapshot(State(app): State<AppState>, params: Params) -> Result<Response, ApiError> {
    check_enabled(&app)?;
    let newest = if params.flag("skip_head")? { Newest::LeftOut } else { Newest::Included };
    let name = snapshot_name(clock::now());
    let made = name.clone();
    let folder = on_store(&app, move |store| store.snapshot(&name, newest)).await?;
    info!(folder = %folder.display(), "took a snapshot of the sample store");
    Ok(plain(Snapshot { name: made }).into_response())
}

/// The answer to `DELETE /api/v1/series`, which Prometheus has had a place for ever since.
pub(crate) async fn not_implemented() -> ApiError {
    ApiError::new(ErrorKind::NotImplemented, "not implemented")
}

fn check_enabled(app: &App) -> Result<(), ApiError> {
    if app.config.admin_api {
        return Ok(());
    }
    Err(ApiError::new(ErrorKind::Disabled, "admin APIs disabled"))
}

/// Runs what may take minutes where it holds up nobody. It goes on when the caller has left.
async fn on_store<T: Send + 'static>(
    app: &App,
    work: impl FnOnce(&Tsdb) -> Result<T, MaintainError> + Send + 'static,
) -> Result<T, ApiError> {
    let store = Arc::clone(&app.storage.local);
    let done = tokio::task::spawn_blocking(move || work(&store)).await.map_err(ApiError::internal)?;
    // The caller is an administrator, whom the name of a file tells something.
    done.map_err(|error| ApiError::new(ErrorKind::Internal, error.to_string()).caused_by(error))
}

/// `20261128T211500Z-` and sixteen hexadecimal digits, as in Prometheus.
fn snapshot_name(now: Timestamp) -> String {
    let time: String = clock::rfc3339(Timestamp::from_millis(now.millis() / 1000 * 1000))
        .chars()
        .filter(|char| !matches!(char, '-' | ':'))
        .collect();
    format!("{time}-{:016x}", chance::number())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshots_are_named_as_in_prometheus() {
        let name = snapshot_name(Timestamp::from_millis(1_512_940_332_123));
        assert!(name.starts_with("20171210T211212Z-") && name.len() == 33, "{name}");
    }
}
