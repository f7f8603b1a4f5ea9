//! `targets` and its relatives. A target is what the server scrapes, or a source that pushes: of that its job is the scrape pool,
//! the time of its last push the last scrape, and its health whether it has fallen silent.

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
use crate::scraping::TargetState;
use crate::sources::SourceState;
use crate::units::format_duration;

/// How long before its last push a series of a source may have had its last sample and still be the source's.
const LATELY: Duration = Duration::from_secs(300);

/// `data` of `targets`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Targets {
    active_targets: Vec<Target>,
    /// What relabelling turns away of what is scraped; some of it.
    dropped_targets: Vec<Dropped>,
    dropped_target_counts: BTreeMap<String, u64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Dropped {
    discovered_labels: Labels,
    scrape_pool: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Target {
    discovered_labels: Labels,
    labels: Labels,
    scrape_pool: String,
    /// Empty of what pushes, whose address is not known here.
    scrape_url: String,
    global_url: String,
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
            scrape_url: String::new(),
            global_url: String::new(),
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

/// When something happened that has not, as Go writes it.
const NEVER: &str = "0001-01-01T00:00:00Z";

impl From<TargetState> for Target {
    fn from(state: TargetState) -> Self {
        let TargetState { pool, target, health } = state;
        let url = target.url();
        Self {
            discovered_labels: target.discovered,
            labels: target.labels,
            scrape_pool: pool,
            scrape_url: url.clone(),
            global_url: url,
            last_scrape: health.at.map_or_else(|| NEVER.to_owned(), clock::rfc3339),
            last_scrape_duration: health.seconds,
            health: match (health.at, health.error.as_str()) {
                (None, _) => "unknown",
                (Some(_), "") => "up",
                (Some(_), _) => "down",
            },
            last_error: health.error,
            scrape_interval: format_duration(target.interval),
            scrape_timeout: format_duration(target.timeout),
        }
    }
}

/// `targets`: what is scraped, and who pushes, each by job and instance.
pub(crate) async fn targets(State(app): State<AppState>, params: Params) -> Response {
    let state = params.get("state").unwrap_or_default().to_lowercase();
    // As in Prometheus, a state that does not exist is that of no target.
    let active = ["", "any", "active"].contains(&state.as_str());
    let pool = params.get("scrapePool");
    let dropped = ["", "any", "dropped"].contains(&state.as_str());
    let all = app.scraping.targets().into_iter().map(Target::from);
    let all = all.chain(app.sources.list().into_iter().map(Target::from));
    let is_wanted = |target: &Target| active && pool.is_none_or(|pool| target.scrape_pool == pool);
    let active_targets = all.filter(is_wanted).collect();
    let (mut dropped_targets, mut dropped_target_counts) = (Vec::new(), BTreeMap::new());
    for (scrape_pool, some, count) in app.scraping.dropped() {
        if dropped && pool.is_none_or(|pool| scrape_pool == pool) {
            dropped_targets.extend(
                some.into_iter()
                    .map(|discovered_labels| Dropped { discovered_labels, scrape_pool: scrape_pool.clone() }),
            );
        }
        dropped_target_counts.insert(scrape_pool, count);
    }
    plain(Targets { active_targets, dropped_targets, dropped_target_counts }).into_response()
}

/// `data` of `scrape_pools`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ScrapePools {
    scrape_pools: Vec<String>,
}

/// `scrape_pools`: the jobs, of what is scraped and of who pushes.
pub(crate) async fn scrape_pools(State(app): State<AppState>) -> Response {
    let mut scrape_pools: Vec<String> =
        app.sources.list().into_iter().map(|state| state.source.job.to_string()).collect();
    scrape_pools.extend(app.scraping.pool_names());
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

/// `targets/metadata`: what is known of the metric families that each target has had lately. The store keeps the
/// newest that anybody told of a family.
pub(crate) async fn metadata(State(app): State<AppState>, params: Params) -> Result<Response, ApiError> {
    // As in Prometheus, the limit is looked at before each target, and a target's families are not torn apart.
    let limit = params.number("limit")?.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    let metric = params.get("metric").map(str::to_owned);
    let selector =
        params.get("match_target").map(|selector| params.selector("match_target", selector)).transpose()?;
    let pushing = app.sources.list().into_iter().map(|state| {
        let since = state.arrived.minus(state.interval.saturating_add(LATELY));
        (Target::from(state).labels, since)
    });
    let scraped = app.scraping.targets().into_iter().filter_map(|state| {
        let since = state.health.at?.minus(state.target.interval.saturating_add(LATELY));
        Some((state.target.labels, since))
    });
    let targets: Vec<(Labels, Timestamp)> = scraped.chain(pushing).collect();
    let (store, queryable) = (Arc::clone(&app.storage.local), Arc::clone(&app.storage.queryable));
    answer(&app, None, move |control| {
        let wanted = |family: &Metadata| metric.as_deref().is_none_or(|metric| family.family == metric);
        let families: Vec<Metadata> = store.metadata().into_iter().filter(wanted).collect();
        let mut found = Vec::new();
        for (target, since) in targets {
            if found.len() >= limit {
                break;
            }
            control.check_running()?;
            if selector.iter().flatten().any(|matcher| !matcher.matches(&target)) {
                continue;
            }
            let names = names_of(&*queryable, &target, since)?;
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

/// The names of the series that a target has had since then.
fn names_of(store: &dyn Queryable, target: &Labels, since: Timestamp) -> Result<MetricNames, StorageError> {
    let of = |name: &str| Matcher::equal(name, target.get(name).cloned().unwrap_or_default());
    let scope = Scope { matcher_sets: &[vec![of(JOB), of(INSTANCE)]], start: since, end: Timestamp::MAX };
    Ok(MetricNames::of(store.label_values(METRIC_NAME, &scope)?))
}

/// `targets/relabel_steps`: what relabelling does to a target, step by step. Rules are not told.
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
    use crate::sources::{SourceId, Tally};

    #[test]
    fn a_source_is_a_target_and_its_silence_bad_health() {
        let source = SourceId { pusher: "p".into(), job: "j".into(), instance: "i:1".into() };
        let state = |silent| SourceState {
            source: source.clone(),
            up: Labels::from_pairs([(METRIC_NAME, "up"), (JOB, "j"), (INSTANCE, "i:1"), ("node", "n")]),
            since: Timestamp::from_millis(0),
            arrived: Timestamp::from_millis(1500),
            interval: Duration::from_secs(90),
            silent,
            reports_up: false,
            lag: None,
            tally: Tally::default(),
        };
        let json = serde_json::to_value(Target::from(state(false))).unwrap();
        assert_eq!(json["labels"], serde_json::json!({"instance": "i:1", "job": "j", "node": "n"}));
        assert_eq!(json["discoveredLabels"], serde_json::json!({"__address__": "i:1", "job": "j"}));
        assert_eq!(json["lastScrape"], "1970-01-01T00:00:01.5Z");
        assert_eq!((&json["health"], &json["scrapeInterval"]), (&"up".into(), &"1m30s".into()));
        assert_eq!(Target::from(state(true)).health, "down");
    }
}
