//! Alerts with all that is known of them, silences, rules, and what receivers were told.

use std::collections::BTreeMap;

use crowsnest_api::Labels;
use crowsnest_api::alerts::{
    Alerts, Explained, Notification, Notifications, Routing, SavingRouting, Summary,
};
use crowsnest_api::prometheus::Response;
use serde::{Deserialize, Serialize};
use web_sys::AbortSignal;

use super::{ApiError, Client, Refusal};
use crate::alerts::Condition;
use crate::router::encode;

const PATH: &str = "api/crowsnest/v1/alerts";
const ROUTING: &str = "api/crowsnest/v1/routing";
const SILENCES: &str = "alertmanager/api/v2/silences";

/// Those that the user may see.
pub(crate) async fn fetch_all_alerts(client: Client, abort: AbortSignal) -> Result<Alerts, ApiError> {
    client.get(PATH, "", Some(&abort)).await
}

/// How many fire.
pub(crate) async fn fetch_alert_summary(client: Client, abort: AbortSignal) -> Result<Summary, ApiError> {
    client.get(&format!("{PATH}/summary"), "", Some(&abort)).await
}

/// One of them, and why its receivers were told of it or not.
pub(crate) async fn fetch_explained(
    client: Client,
    fingerprint: &str,
    abort: AbortSignal,
) -> Result<Explained, ApiError> {
    client.get(&format!("{PATH}/one/{}", encode(fingerprint)), "", Some(&abort)).await
}

/// What receivers were told, the newest first.
pub(crate) async fn fetch_notifications(
    client: Client,
    abort: AbortSignal,
) -> Result<Vec<Notification>, ApiError> {
    let all: Notifications = client.get("api/crowsnest/v1/notifications", "", Some(&abort)).await?;
    Ok(all.notifications)
}

/// A silence, as Alertmanager writes it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Silence {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) id: String,
    #[serde(default, skip_serializing)]
    pub(crate) status: SilenceStatus,
    pub(crate) matchers: Vec<Condition>,
    /// In RFC 3339, as the next one.
    pub(crate) starts_at: String,
    pub(crate) ends_at: String,
    pub(crate) created_by: String,
    pub(crate) comment: String,
}

/// Whether a silence mutes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct SilenceStatus {
    /// `active`, `pending` or `expired`.
    pub(crate) state: String,
}

/// All silences that the user may see: active ones, those to come, those that are over.
pub(crate) async fn fetch_silences(client: Client, abort: AbortSignal) -> Result<Vec<Silence>, ApiError> {
    client.get(SILENCES, "", Some(&abort)).await
}

/// Makes a silence, or changes the one of its id.
pub(crate) async fn save_silence(client: Client, silence: &Silence) -> Result<(), Refusal> {
    let body = serde_json::to_string(silence).unwrap_or_default();
    client.send("POST", SILENCES, "application/json", &body).await.map(drop)
}

/// Ends a silence now.
pub(crate) async fn expire_silence(client: Client, id: &str) -> Result<(), Refusal> {
    client.send("DELETE", &format!("alertmanager/api/v2/silence/{}", encode(id)), "", "").await.map(drop)
}

/// Who says who is told of alerts.
pub(crate) async fn fetch_routing(client: Client, abort: AbortSignal) -> Result<Routing, ApiError> {
    client.get(ROUTING, "", Some(&abort)).await
}

/// Has what was typed count from now on.
pub(crate) async fn save_routing(client: Client, saving: &SavingRouting) -> Result<(), Refusal> {
    let body = serde_json::to_string(saving).unwrap_or_default();
    client.send("PUT", ROUTING, "application/json", &body).await.map(drop)
}

/// A group of rules, as Prometheus writes it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RuleGroup {
    pub(crate) name: String,
    pub(crate) file: String,
    pub(crate) rules: Vec<Rule>,
    /// In seconds, as the next one.
    pub(crate) interval: f64,
    pub(crate) evaluation_time: f64,
    pub(crate) last_evaluation: String,
}

/// A rule.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Rule {
    /// Of alerting rules: `firing`, `pending`, `inactive` or `unknown`.
    pub(crate) state: Option<String>,
    pub(crate) name: String,
    pub(crate) query: String,
    /// In seconds: how long its condition must hold.
    pub(crate) duration: f64,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) annotations: BTreeMap<String, String>,
    /// `ok`, `err` or `unknown`.
    pub(crate) health: String,
    pub(crate) last_error: Option<String>,
    pub(crate) evaluation_time: f64,
}

#[derive(Deserialize)]
struct Groups {
    groups: Vec<RuleGroup>,
}

/// All rules that the user may see.
pub(crate) async fn fetch_alert_rules(
    client: Client,
    abort: AbortSignal,
) -> Result<Vec<RuleGroup>, ApiError> {
    match client.get::<Response<Groups>>("api/v1/rules", "exclude_alerts=true", Some(&abort)).await? {
        Response::Success { data, .. } => Ok(data.groups),
        Response::Error { error, .. } => Err(ApiError::Query(error)),
    }
}

/// A query for when the alerts of a rule were pending or fired.
pub(crate) fn history_query(rule: &str) -> String {
    let labels = Labels::from_pairs([("alertname", rule)]);
    format!("ALERTS{labels}")
}
