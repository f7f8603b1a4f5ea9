//! `targets` and its relatives. A target here is a source that pushes: its job is the scrape pool, the time of its last
//! push the last scrape, and its health whether it has fallen silent.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use crowsnest_api::{INSTANCE, JOB, Labels, METRIC_NAME, Timestamp};
use crowsnest_promql::{Matcher, Queryable, Scope, StorageError};
use crowsnest_tsdb::Metadata;
use serde::Serialize;
use smol_str::SmolStr;

use super::answer::{Found, answer, plain};
use super::families::MetricNames;
use super::params::Params;
use crate::clock;
use crate::http::{ApiError, AppState};
use crate::sources::SourceState;
use crate::units::format_duration;

/// How long before its last push a series of a source may have had its last sample and still be the source's.
const LATELY: Duration = Duration::from_secs(300);

/// `data` of `targets`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Targets {
    active_targets: Vec<Target>,
    /// Nothing that pushes is turned away by relabelling.
    dropped_targets: Vec<()>,
    dropped_target_counts: BTreeMap<String, u64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Target {
    discovered_labels: Labels,
    labels: Labels,
    scrape_pool: String,
    /// Nobody is asked: what pushes has no address that is known here.
    scrape_url: &'static str,
    global_url: &'static str,
    last_error: String,
    last_scrape: String,
    last_scrape_duration: f64,
    health: &'static str,
    scrape_interval: String,
    scrape_timeout: String,
}

impl From<SourceState> for Target {
    fn from(state: SourceState) -> Self {
        let mut labels = state.up.to_builder();
        labels.remove(METRIC_NAME);
        let discovered = [(JOB, state.source.job.as_str()), ("__address__", state.source.instance.as_str())];
        Self {
            discovered_labels: Labels::from_pairs(discovered),
            labels: labels.build(),
            scrape_pool: state.source.job.to_string(),
            scrape_url: "",
            global_url: "",
            last_error: if state.silent { "has not pushed for more than 2.5 intervals" } else { "" }
                .to_owned(),
            last_scrape: clock::rfc3339(state.arrived),
            last_scrape_duration: 0.0,
            health: if state.silent { "down" } else { "up" },
            scrape_interval: format_duration(state.interval),
            scrape_timeout: format_duration(state.interval),
        }
    }
}

/// `targets`: who pushes, by job and instance.
pub(crate) async fn targets(State(app): State<AppState>, params: Params) -> Response {
    let state = params.get("state").unwrap_or_default().to_lowercase();
    // As in Prometheus, a state that does not exist is that of no target.
    let active = ["", "any", "active"].contains(&state.as_str());
    let pool = params.get("scrapePool");
    let sources = if active { app.sources.list() } else { Vec::new() };
    let active_targets = sources
        .into_iter()
        .filter(|state| pool.is_none_or(|pool| state.source.job == pool))
        .map(Target::from)
        .collect();
    let targets =
        Targets { active_targets, dropped_targets: Vec::new(), dropped_target_counts: BTreeMap::new() };
    plain(targets).into_response()
}

/// `data` of `scrape_pools`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ScrapePools {
    scrape_pools: Vec<String>,
}

/// `scrape_pools`: the jobs.
pub(crate) async fn scrape_pools(State(app): State<AppState>) -> Response {
    let mut scrape_pools: Vec<String> =
        app.sources.list().into_iter().map(|state| state.source.job.to_string()).collect();
    scrape_pools.sort();
    scrape_pools.dedup();
    plain(ScrapePools { scrape_pools }).into_response()
}

/// An entry of `targets/metadata`.
#[derive(Debug, Serialize)]
struct TargetMetadata {
    target: Labels,
    /// The family; left out where only one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    metric: Option<SmolStr>,
    r#type: SmolStr,
    help: String,
    unit: SmolStr,
}

/// `targets/metadata`: what is known of the metric families that each target has pushed lately. The store keeps the
/// newest that anybody told of a family.
pub(crate) async fn metadata(State(app): State<AppState>, params: Params) -> Result<Response, ApiError> {
    // As in Prometheus, the limit is looked at before each target, and a target's families are not torn apart.
    let limit = params.number("limit")?.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    let metric = params.get("metric").map(str::to_owned);
    let selector =
        params.get("match_target").map(|selector| params.selector("match_target", selector)).transpose()?;
    let targets = app.sources.list();
    let (store, queryable) = (Arc::clone(&app.storage.local), Arc::clone(&app.storage.queryable));
    answer(&app, None, move |control| {
        let wanted = |family: &Metadata| metric.as_deref().is_none_or(|metric| family.family == metric);
        let families: Vec<Metadata> = store.metadata().into_iter().filter(wanted).collect();
        let mut found = Vec::new();
        for state in targets {
            if found.len() >= limit {
                break;
            }
            control.check_running()?;
            let target = Target::from(state.clone()).labels;
            if selector.iter().flatten().any(|matcher| !matcher.matches(&target)) {
                continue;
            }
            let names = pushed_names(&*queryable, &state)?;
            found.extend(families.iter().filter(|family| names.have(&family.family)).map(|family| {
                TargetMetadata {
                    target: target.clone(),
                    metric: metric.is_none().then(|| family.family.clone()),
                    r#type: family.kind.clone(),
                    help: family.help.clone(),
                    unit: family.unit.clone(),
                }
            }));
        }
        Ok(Found::plain(found))
    })
    .await
}

/// The names of the series that a source had when it last pushed.
fn pushed_names(store: &dyn Queryable, state: &SourceState) -> Result<MetricNames, StorageError> {
    let source = [(JOB, &state.source.job), (INSTANCE, &state.source.instance)];
    let matchers: Vec<Matcher> =
        source.into_iter().map(|(name, value)| Matcher::equal(name, value.clone())).collect();
    let scope = Scope {
        matcher_sets: &[matchers],
        start: state.arrived.minus(state.interval.saturating_add(LATELY)),
        end: Timestamp::MAX,
    };
    Ok(MetricNames::of(store.label_values(METRIC_NAME, &scope)?))
}

/// `targets/relabel_steps`: what relabelling does to a target, step by step. No pool has rules here.
pub(crate) async fn relabel_steps(params: Params) -> Result<Response, ApiError> {
    let required = |name: &str| {
        params.get(name).ok_or_else(|| ApiError::bad_request(format!("no {name} parameter provided")))
    };
    let pool = required("scrapePool")?;
    let labels = required("labels")?;
    serde_json::from_str::<BTreeMap<String, String>>(labels)
        .map_err(|error| ApiError::bad_request(format!("error parsing labels: {error}")))?;
    let what = format!("scrape pool {pool:?} not found");
    Err(ApiError::bad_request(format!("error retrieving scrape config: {what}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::SourceId;

    #[test]
    fn a_source_is_a_target_and_its_silence_bad_health() {
        let source = SourceId { pusher: "p".into(), job: "j".into(), instance: "i:1".into() };
        let state = |silent| SourceState {
            source: source.clone(),
            up: Labels::from_pairs([(METRIC_NAME, "up"), (JOB, "j"), (INSTANCE, "i:1"), ("node", "n")]),
            arrived: Timestamp::from_millis(1500),
            interval: Duration::from_secs(90),
            silent,
        };
        let json = serde_json::to_value(Target::from(state(false))).unwrap();
        assert_eq!(json["labels"], serde_json::json!({"instance": "i:1", "job": "j", "node": "n"}));
        assert_eq!(json["discoveredLabels"], serde_json::json!({"__address__": "i:1", "job": "j"}));
        assert_eq!(json["lastScrape"], "1970-01-01T00:00:01.5Z");
        assert_eq!((&json["health"], &json["scrapeInterval"]), (&"up".into(), &"1m30s".into()));
        assert_eq!(Target::from(state(true)).health, "down");
    }
}
