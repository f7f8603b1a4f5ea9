//! `/api/crowsnest/v1/sources`: who pushes, how much, and what went wrong.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use crowsnest_api::Timestamp;
use crowsnest_api::sources::{self as wire, RefusalReason};
use crowsnest_tsdb::RejectReason;

use super::AppState;
use crate::clock;
use crate::sources::{Refusal, SourceState};

/// `GET`: everybody.
pub(super) async fn list(State(app): State<AppState>) -> Json<wire::Sources> {
    let now = clock::now();
    let series: HashMap<String, u64> =
        app.storage.local.series_by_source().into_iter().map(|source| (source.name, source.count)).collect();
    let source = |states: &[SourceState]| {
        let state = states.first()?;
        let series = series.get(&state.source.key()).copied().unwrap_or_default();
        Some(describe(state.clone(), states.len() as u64, series, now))
    };
    // Sorted by source: those of one stand together.
    let states = app.sources.list();
    let sources = states.chunk_by(|a, b| a.source == b.source).filter_map(source).collect();
    let refused = app.sources.refused_pushes().into_iter().map(|(pusher, pushes, last)| {
        wire::RefusedPushes { pusher: pusher.to_string(), pushes, last: refusal(last) }
    });
    Json(wire::Sources { sources, refused: refused.collect() })
}

fn describe(state: SourceState, targets: u64, series: u64, now: Timestamp) -> wire::Source {
    let SourceState { source, up, since, arrived, interval, silent, reports_up, lag, tally } = state;
    wire::Source {
        pusher: source.pusher.to_string(),
        job: source.job.to_string(),
        instance: source.instance.to_string(),
        node: up.get("node").map(ToString::to_string),
        since: since.seconds(),
        last_push: arrived.seconds(),
        interval_seconds: interval.as_secs_f64(),
        silent,
        reports_up,
        lag_seconds: lag.map(|lag| lag as f64 / 1e3),
        targets,
        pushes: tally.pushes,
        samples: tally.samples,
        samples_per_second: tally.samples_per_second(now),
        series,
        refused: tally.refused,
        last_refusal: tally.last_refusal.map(refusal),
    }
}

fn refusal(refusal: Refusal) -> wire::Refusal {
    let reason = match refusal.reason {
        None => RefusalReason::Push,
        Some(RejectReason::TooOld) => RefusalReason::TooOld,
        Some(RejectReason::BeyondRetention) => RefusalReason::BeyondRetention,
        Some(RejectReason::TooNew) => RefusalReason::TooNew,
        Some(RejectReason::Conflict) => RefusalReason::Conflict,
        Some(RejectReason::InvalidHistogram) => RefusalReason::InvalidHistogram,
        Some(RejectReason::InvalidPoint) => RefusalReason::InvalidPoint,
        Some(RejectReason::InvalidLabels) => RefusalReason::InvalidLabels,
        Some(RejectReason::SeriesLimit) => RefusalReason::SeriesLimit,
        Some(RejectReason::SourceSeriesLimit) => RefusalReason::SourceSeriesLimit,
    };
    wire::Refusal { at: refusal.at.seconds(), reason, message: refusal.message }
}
