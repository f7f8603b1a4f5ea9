//! `/api/crowsnest/v1/sources`: who pushes, how much, and what went wrong.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use crowsnest_api::Timestamp;
use crowsnest_api::sources as wire;

use super::AppState;
use crate::clock;
use crate::sources::{Refusal, SenderState, SourceId, SourceState, Tally};

/// `GET`: everybody.
pub(super) async fn list(State(app): State<AppState>) -> Json<wire::Sources> {
    let now = clock::now();
    let by_source = app.storage.local.series_by_source().into_iter();
    let series: HashMap<String, u64> = by_source.map(|source| (source.name, source.count)).collect();
    let series = |source: &SourceId| series.get(&source.key()).copied().unwrap_or_default();
    // Sorted by source: those of one stand together.
    let states = app.sources.list();
    let states = states.chunk_by(|a, b| a.source == b.source);
    let watched = states.filter_map(|states| {
        let state = states.first()?.clone();
        let series = series(&state.source);
        Some(wire::Source { targets: states.len() as u64, series, ..watched(state, now) })
    });
    let senders = app.sources.senders(now).into_iter().map(|state| {
        let series = series(&state.source);
        wire::Source { series, ..sender(state, now) }
    });
    let mut sources: Vec<_> = watched.chain(senders).collect();
    sources.sort_by(|a, b| (&a.job, &a.instance, &a.pusher).cmp(&(&b.job, &b.instance, &b.pusher)));
    let refused = app.sources.refused_pushes().into_iter().map(|(pusher, refused)| wire::RefusedPushes {
        pusher: pusher.to_string(),
        way: refused.way,
        pushes: refused.pushes,
        last: refusal(refused.last),
    });
    let limits = wire::Limits {
        series_per_source: app.config.max_series_per_source as u64,
        samples_per_second: app.writes.pace.rate(),
    };
    Json(wire::Sources { sources, refused: refused.collect(), limits })
}

/// One whose silence would be told.
fn watched(state: SourceState, now: Timestamp) -> wire::Source {
    wire::Source {
        node: state.up.get("node").map(ToString::to_string),
        since: state.since.seconds(),
        last_push: state.arrived.seconds(),
        interval_seconds: Some(state.interval.as_secs_f64()),
        silent: state.silent,
        reports_up: state.reports_up,
        lag_seconds: state.lag.map(|lag| lag as f64 / 1e3),
        ..counted(&state.source, state.tally, now)
    }
}

/// One that may end at any time.
fn sender(state: SenderState, now: Timestamp) -> wire::Source {
    wire::Source {
        since: state.since.seconds(),
        last_push: state.arrived.seconds(),
        ..counted(&state.source, state.tally, now)
    }
}

fn counted(source: &SourceId, tally: Tally, now: Timestamp) -> wire::Source {
    let samples_per_second = tally.samples_per_second(now);
    let mut by = tally.refused;
    by.sort_by_key(|(_, samples)| std::cmp::Reverse(*samples));
    wire::Source {
        pusher: source.pusher.to_string(),
        job: source.job.to_string(),
        instance: source.instance.to_string(),
        way: tally.way,
        pushes: tally.pushes,
        samples: tally.samples,
        samples_per_second,
        refused: by.iter().map(|(_, samples)| samples).sum(),
        refused_by: by
            .into_iter()
            .map(|(reason, samples)| wire::RefusedSamples { reason, samples })
            .collect(),
        last_refusal: tally.last_refusal.map(refusal),
        ..wire::Source::default()
    }
}

fn refusal(refusal: Refusal) -> wire::Refusal {
    wire::Refusal { at: refusal.at.seconds(), reason: refusal.reason, message: refusal.message }
}
