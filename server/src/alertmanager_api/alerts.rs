//! `alerts` and `alerts/groups`.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use crowsnest_alerting::dispatch::{Alert, Mutes, PostedAlert};
use crowsnest_api::Labels;
use serde::Deserialize;
use serde_json::{Value, json};
use smol_str::SmolStr;

use super::filter::Filter;
use super::{Refused, read_time, time};
use crate::api_v1::Seen;
use crate::clock;
use crate::http::AppState;

/// An alert as it is posted.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Posted {
    labels: BTreeMap<SmolStr, SmolStr>,
    annotations: BTreeMap<SmolStr, String>,
    starts_at: String,
    ends_at: String,
    #[serde(rename = "generatorURL")]
    generator_url: String,
}

/// `GET alerts`: those that fire.
pub(crate) async fn list(
    State(app): State<AppState>,
    seen: Seen,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Refused> {
    let filter = Filter::read(query.as_deref())?;
    let now = clock::now();
    let dispatcher = app.notifier.dispatcher();
    let mutes = dispatcher.mutes(now);
    let mut alerts = Vec::new();
    let takes = |alert: &&Alert| filter.takes(&alert.labels) && seen.confinement().admits(&alert.labels);
    for alert in dispatcher.alerts.firing(now).filter(takes) {
        let receivers = dispatcher.receivers_of(&alert.labels);
        if receivers.iter().any(|name| filter.takes_receiver(name)) {
            alerts.extend(shown(alert, &receivers, &[], &mutes, &filter));
        }
    }
    Ok(Json(Value::Array(alerts)))
}

/// `GET alerts/groups`: the same by group.
pub(crate) async fn groups(
    State(app): State<AppState>,
    seen: Seen,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Refused> {
    let filter = Filter::read(query.as_deref())?;
    let now = clock::now();
    let dispatcher = app.notifier.dispatcher();
    let mutes = dispatcher.mutes(now);
    let mut groups = Vec::new();
    let mut all = dispatcher.groups();
    all.sort_by(|a, b| a.labels.cmp(b.labels).then_with(|| a.receiver.cmp(b.receiver)));
    for group in all.iter().filter(|group| filter.takes_receiver(group.receiver)) {
        let muted_by = mutes.muted_by_time(group.route);
        let takes = |labels: &Labels| filter.takes(labels) && seen.confinement().admits(labels);
        let firing = group.alerts.iter().filter(|alert| !alert.is_resolved(now) && takes(&alert.labels));
        let alerts: Vec<Value> =
            firing.filter_map(|alert| shown(alert, &[group.receiver], &muted_by, &mutes, &filter)).collect();
        if !alerts.is_empty() {
            groups.push(
                json!({"alerts": alerts, "labels": group.labels, "receiver": {"name": group.receiver}}),
            );
        }
    }
    Ok(Json(Value::Array(groups)))
}

fn shown(
    alert: &Alert,
    receivers: &[&str],
    muted_by: &[String],
    mutes: &Mutes<'_>,
    filter: &Filter,
) -> Option<Value> {
    let inhibited: Vec<String> = mutes.inhibited_by(&alert.labels).iter().map(ToString::to_string).collect();
    let silenced: Vec<String> = mutes.silenced_by(&alert.labels).map(|silence| silence.id.clone()).collect();
    let is_active = inhibited.is_empty() && silenced.is_empty();
    let is_hidden = (!inhibited.is_empty() && !filter.wants("inhibited"))
        || (!silenced.is_empty() && !filter.wants("silenced"))
        || (is_active && !filter.wants("active"));
    if is_hidden {
        return None;
    }
    let is_suppressed = !is_active || !muted_by.is_empty();
    let mut shown = json!({
        "annotations": alert.annotations,
        "endsAt": time(alert.ends_at),
        "fingerprint": alert.fingerprint().to_string(),
        "receivers": receivers.iter().map(|name| json!({"name": name})).collect::<Vec<_>>(),
        "startsAt": time(alert.starts_at),
        "status": {
            "inhibitedBy": inhibited,
            "mutedBy": muted_by,
            "silencedBy": silenced,
            "state": if is_suppressed { "suppressed" } else { "active" },
        },
        "updatedAt": time(alert.updated_at),
        "labels": alert.labels,
    });
    if !alert.generator_url.is_empty()
        && let Some(fields) = shown.as_object_mut()
    {
        fields.insert("generatorURL".to_owned(), Value::String(alert.generator_url.clone()));
    }
    Some(shown)
}

/// `POST alerts`: those that are right are taken, and what is wrong with the others is told.
pub(crate) async fn post(State(app): State<AppState>, body: Bytes) -> Result<(), Refused> {
    let posted: Vec<Posted> = serde_json::from_slice(&body)
        .map_err(|error| Refused::bad(format!("parsing alerts body: {error}")))?;
    let now = clock::now();
    let resolve_timeout = app.notifier.dispatcher().config().resolve_timeout;
    let (mut alerts, mut wrong) = (Vec::new(), Vec::new());
    for one in posted {
        let posted = PostedAlert {
            labels: Labels::from_pairs(one.labels),
            annotations: one.annotations.into_iter().filter(|(_, text)| !text.is_empty()).collect(),
            starts_at: read_time(&one.starts_at)?,
            ends_at: read_time(&one.ends_at)?,
            generator_url: one.generator_url,
        };
        match posted.into_alert(now, resolve_timeout) {
            Ok(alert) => alerts.push(alert),
            Err(error) => wrong.push(error),
        }
    }
    app.notifier.take(alerts, now);
    if wrong.is_empty() { Ok(()) } else { Err(Refused::bad(wrong.join("; "))) }
}
