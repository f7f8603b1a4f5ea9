//! `status/runtimeinfo` and `status/walreplay`: the process, and how it started.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use tokio::runtime::Handle;

use crate::api_v1::answer::plain;
use crate::clock;
use crate::http::AppState;
use crate::units::{format_bytes, format_duration};

/// `data` of `status/runtimeinfo`. What only a Go program has is empty.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RuntimeInfo {
    start_time: String,
    #[serde(rename = "CWD")]
    working_folder: String,
    hostname: String,
    server_time: String,
    reload_config_success: bool,
    last_config_time: String,
    corruption_count: u64,
    /// Tasks: the nearest thing to goroutines here.
    goroutine_count: usize,
    #[serde(rename = "GOMAXPROCS")]
    threads: usize,
    #[serde(rename = "GOMEMLIMIT")]
    memory_limit: u64,
    #[serde(rename = "GOGC")]
    gc: &'static str,
    #[serde(rename = "GODEBUG")]
    debug: &'static str,
    storage_retention: String,
}

/// `status/runtimeinfo`.
pub(crate) async fn runtime_info(State(app): State<AppState>) -> Response {
    let reload = app.notices.last_reload();
    let runtime = Handle::current();
    let folder = std::env::current_dir().unwrap_or_default();
    let by_size = app.config.retention_bytes.map(format_bytes);
    let by_age = format_duration(app.config.retention);
    plain(RuntimeInfo {
        start_time: clock::rfc3339(app.started),
        working_folder: folder.display().to_string(),
        hostname: nix::unistd::gethostname().unwrap_or_default().to_string_lossy().into_owned(),
        server_time: clock::rfc3339(clock::now()),
        reload_config_success: reload.success,
        last_config_time: clock::rfc3339(reload.at),
        corruption_count: app.storage.local.quarantined().len() as u64,
        goroutine_count: runtime.metrics().num_alive_tasks(),
        threads: runtime.metrics().num_workers(),
        memory_limit: 0,
        gc: "",
        debug: "",
        storage_retention: by_size.map_or(by_age.clone(), |size| format!("{by_age} or {size}")),
    })
    .into_response()
}

/// `data` of `status/walreplay`, in segments of the log.
#[derive(Debug, Serialize)]
struct WalReplay {
    min: usize,
    max: usize,
    current: usize,
}

/// `status/walreplay`: what was read when the store was opened; it is never asked before that is done.
pub(crate) async fn wal_replay(State(app): State<AppState>) -> Response {
    let last = app.storage.replayed_segments.saturating_sub(1);
    plain(WalReplay { min: 0, max: last, current: last }).into_response()
}
