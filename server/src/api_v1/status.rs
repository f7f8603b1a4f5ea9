//! `status/*`: the build and the store; below, the process and its settings.

pub(crate) mod blocks;
pub(crate) mod process;
pub(crate) mod settings;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use crowsnest_api::prometheus;
use crowsnest_tsdb::NamedCount;
use serde::Serialize;

use super::answer::{Found, answer, plain};
use super::params::Params;
use crate::http::{ApiError, AppState};
use crate::sources::SourceId;

/// The release of Prometheus whose HTTP API and query language we follow. Clients such as Grafana decide by it what
/// they may ask.
const PROMETHEUS_LEVEL: &str = "3.14.0";
/// Entries a list of `status/tsdb` has unless `limit` says otherwise, as in Prometheus.
const DEFAULT_TOP: usize = 10;
/// The most entries a list may have.
const MAX_TOP: usize = 10_000;

/// `data` of `status/buildinfo`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BuildInfo {
    version: &'static str,
    revision: &'static str,
    branch: &'static str,
    build_user: &'static str,
    build_date: &'static str,
    go_version: &'static str,
    /// Our own version; not in Prometheus.
    crowsnest: &'static str,
}

/// `status/buildinfo`.
pub(crate) async fn build_info() -> Json<prometheus::Response<BuildInfo>> {
    plain(BuildInfo {
        version: PROMETHEUS_LEVEL,
        revision: "",
        branch: "",
        build_user: "",
        build_date: "",
        go_version: "",
        crowsnest: env!("CARGO_PKG_VERSION"),
    })
}

/// `data` of `status/tsdb`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct TsdbStatus {
    head_stats: HeadStats,
    series_count_by_metric_name: Vec<Count>,
    label_value_count_by_label_name: Vec<Count>,
    memory_in_bytes_by_label_name: Vec<Count>,
    series_count_by_label_value_pair: Vec<Count>,
    /// Ours alone: who pushes how many series, and of whom samples were refused because they were too many.
    series_count_by_source: Vec<Count>,
    refused_sample_count_by_source: Vec<Count>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct HeadStats {
    num_series: u64,
    num_label_pairs: u64,
    chunk_count: u64,
    /// Milliseconds since the epoch; of an empty head Prometheus's own odd value.
    min_time: i64,
    max_time: i64,
}

#[derive(Debug, Serialize)]
struct Count {
    name: String,
    value: u64,
}

/// `status/tsdb`: what the head holds.
pub(crate) async fn tsdb(State(app): State<AppState>, params: Params) -> Result<Response, ApiError> {
    let top = match params.get("limit").map(str::parse::<usize>) {
        None => DEFAULT_TOP,
        Some(Ok(top)) if top > MAX_TOP => {
            return Err(ApiError::bad_request(format!("limit must not exceed {MAX_TOP}")));
        }
        Some(Ok(top)) if top > 0 => top,
        Some(_) => return Err(ApiError::bad_request("limit must be a positive number")),
    };
    let store = Arc::clone(&app.storage.local);
    answer(&app, None, move |_| {
        let head = store.status(top).head;
        Ok(Found::plain(TsdbStatus {
            head_stats: HeadStats {
                num_series: head.series,
                num_label_pairs: head.label_pairs,
                chunk_count: head.chunks,
                min_time: head.min_time.map_or(i64::MAX, crowsnest_api::Timestamp::millis),
                max_time: head.max_time.map_or(i64::MIN, crowsnest_api::Timestamp::millis),
            },
            series_count_by_metric_name: counts(head.series_by_metric),
            label_value_count_by_label_name: counts(head.values_by_label),
            memory_in_bytes_by_label_name: counts(head.bytes_by_label),
            series_count_by_label_value_pair: counts(head.series_by_pair),
            series_count_by_source: counts(told(head.series_by_source)),
            refused_sample_count_by_source: counts(told(head.refused_by_source)),
        }))
    })
    .await
}

/// With the names of sources as people read them: who pushes, `job` and `instance`.
fn told(mut sources: Vec<NamedCount>) -> Vec<NamedCount> {
    sources.iter_mut().for_each(|source| source.name = SourceId::told(&source.name));
    sources
}

fn counts(list: Vec<NamedCount>) -> Vec<Count> {
    list.into_iter().map(|entry| Count { name: entry.name, value: entry.count }).collect()
}
