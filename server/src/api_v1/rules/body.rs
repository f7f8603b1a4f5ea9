//! The shapes of groups, rules and alerts.

use std::collections::BTreeMap;
use std::time::Duration;

use crowsnest_alerting::evaluation::{ActiveAlert, AlertState, GroupView, Health, RuleView};
use crowsnest_alerting::rules::{Rule, RuleKind};
use crowsnest_api::{Labels, Timestamp, format_exponent};
use serde::Serialize;
use smol_str::SmolStr;

use crate::clock;
use crate::rules::GroupKey;

/// When something was that was not yet, as Go writes it.
const NEVER: &str = "0001-01-01T00:00:00Z";

/// A group.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GroupBody {
    name: String,
    file: String,
    rules: Vec<RuleBody>,
    interval: f64,
    limit: usize,
    evaluation_time: f64,
    last_evaluation: String,
}

/// A rule.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RuleBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    name: String,
    query: String,
    #[serde(flatten)]
    alerting: Option<AlertingBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<BTreeMap<SmolStr, String>>,
    health: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<String>,
    evaluation_time: f64,
    last_evaluation: String,
    #[serde(rename = "type")]
    kind: &'static str,
}

/// What only alerting rules have.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AlertingBody {
    duration: f64,
    keep_firing_for: f64,
    annotations: BTreeMap<SmolStr, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alerts: Option<Vec<AlertBody>>,
}

/// An alert.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AlertBody {
    labels: Labels,
    annotations: BTreeMap<SmolStr, String>,
    state: &'static str,
    active_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    keep_firing_since: Option<String>,
    value: String,
}

impl GroupBody {
    pub(super) fn new(key: &GroupKey, view: &GroupView, interval: Duration, rules: Vec<RuleBody>) -> Self {
        Self {
            name: key.name.clone(),
            file: key.file.clone(),
            rules,
            interval: interval.as_secs_f64(),
            limit: view.group.limit,
            evaluation_time: view.took.as_secs_f64(),
            last_evaluation: time(view.evaluated),
        }
    }
}

impl RuleBody {
    pub(super) fn new(rule: &Rule, outcome: &RuleView, excludes_alerts: bool) -> Self {
        let labels = texts(&rule.labels);
        let (state, alerting, kind) = match &rule.kind {
            RuleKind::Record(_) => (None, None, "recording"),
            RuleKind::Alert(alert) => {
                let alerts = outcome.alerts.iter().map(AlertBody::new);
                let alerting = AlertingBody {
                    duration: alert.hold.as_secs_f64(),
                    keep_firing_for: alert.keep_firing.as_secs_f64(),
                    annotations: texts(&alert.annotations),
                    alerts: (!excludes_alerts).then(|| alerts.collect()),
                };
                let state = match outcome.health {
                    Health::Unknown if outcome.state() == AlertState::Inactive => "unknown",
                    _ => outcome.state().name(),
                };
                (Some(state), Some(alerting), "alerting")
            }
        };
        Self {
            state,
            name: rule.name().to_owned(),
            query: rule.query(),
            labels: (alerting.is_some() || !labels.is_empty()).then_some(labels),
            alerting,
            health: match outcome.health {
                Health::Unknown => "unknown",
                Health::Good => "ok",
                Health::Bad => "err",
            },
            last_error: outcome.last_error.clone(),
            evaluation_time: outcome.took.as_secs_f64(),
            last_evaluation: time(outcome.evaluated),
            kind,
        }
    }
}

impl AlertBody {
    pub(super) fn new(alert: &ActiveAlert) -> Self {
        Self {
            labels: alert.labels.clone(),
            annotations: alert.annotations.clone(),
            state: alert.state.name(),
            active_at: clock::rfc3339(alert.active_at),
            keep_firing_since: alert.keep_firing_since.map(clock::rfc3339),
            value: format_exponent(alert.value),
        }
    }
}

fn texts(templates: &[(SmolStr, crowsnest_alerting::template::RuleTemplate)]) -> BTreeMap<SmolStr, String> {
    templates.iter().map(|(name, template)| (name.clone(), template.text().to_owned())).collect()
}

fn time(at: Option<Timestamp>) -> String {
    at.map_or_else(|| NEVER.to_owned(), clock::rfc3339)
}
