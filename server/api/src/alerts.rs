//! Alerts, why somebody was told of them or not, and what was told: `/api/crowsnest/v1/alerts…` and `…/notifications`.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Labels;

/// `GET alerts`: those that are pending or fire, as far as the caller may see them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Alerts {
    /// In order of their labels.
    pub alerts: Vec<Alert>,
    /// How many rules look for some.
    pub rules: usize,
    /// Whether there is a configuration that says who is told.
    pub is_routed: bool,
}

/// `GET alerts/summary`: how many there are, and which.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Those that fire and are not muted.
    pub firing: usize,
    /// Of these, how many are critical.
    pub critical: usize,
    /// Those that fire, the youngest first, [`Summary::MOST`] at most.
    #[serde(default)]
    pub alerts: Vec<Brief>,
    /// Whether these are all that there are: none is left out, and the server has been there for long enough to have heard of all.
    #[serde(default)]
    pub is_whole: bool,
}

impl Summary {
    /// Alerts that are named.
    pub const MOST: usize = 100;
}

/// An alert that fires, in few words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brief {
    /// Alertmanager's name for it.
    pub fingerprint: String,
    /// What alerts of its kind are called.
    pub name: String,
    /// What it says of itself, or its name.
    pub words: String,
    /// Whether somebody is needed at once.
    pub critical: bool,
    /// Whether somebody does not want to hear of it, or another one says the same.
    pub muted: bool,
}

/// What somebody can make of an alert.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertState {
    /// It fires, and its receivers are told.
    #[default]
    Firing,
    /// It will fire when its condition holds for long enough.
    Pending,
    /// It fires, and somebody does not want to hear of it.
    Silenced,
    /// It fires, and so does another that says the same.
    Inhibited,
    /// It fires at a time at which none of its routes notifies.
    Muted,
}

/// An alert.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Alertmanager's name for it.
    pub fingerprint: String,
    /// Who it is.
    pub labels: Labels,
    /// Texts for people.
    pub annotations: BTreeMap<String, String>,
    /// How far it has come.
    pub state: AlertState,
    /// Since when its condition holds, in seconds since the epoch.
    pub since: f64,
    /// Since when it fires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fires_since: Option<f64>,
    /// The value of its series, as PromQL prints it; of alerts that others send there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Receivers that it goes to.
    pub receivers: Vec<String>,
    /// Who was told of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<Told>,
    /// The rule that found it, where it is one of ours that the caller may see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleOf>,
    /// Where another server says that it comes from.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub generator_url: String,
}

/// A receiver that was told of an alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// Its name.
    pub receiver: String,
    /// By which way: `slack`, `webhook`, …
    pub kind: String,
    /// When, in seconds since the epoch.
    pub at: f64,
}

/// The rule of an alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuleOf {
    /// The file of its group.
    pub file: String,
    /// Its group.
    pub group: String,
    /// What it asks.
    pub query: String,
    /// How long its condition must hold.
    pub hold_seconds: f64,
    /// What can be drawn of it, where its query compares something with a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Threshold>,
}

/// A query, and the number that its answer is compared with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Threshold {
    /// What is compared.
    pub query: String,
    /// How: `>`, `<`, …
    pub op: String,
    /// With what.
    pub value: f64,
}

/// `GET alerts/one/{fingerprint}`: an alert, and why its receivers were told of it or not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Explained {
    /// The alert.
    pub alert: Alert,
    /// The routes that were looked at, in order.
    pub steps: Vec<Step>,
    /// Those that it ends in.
    pub ways: Vec<Way>,
    /// Silences that mute it.
    pub silences: Vec<SilencedBy>,
    /// Alerts that mute it.
    pub inhibited_by: Vec<InhibitedBy>,
    /// How many silences are active, and how many rules of inhibition there are.
    pub looked_at: (usize, usize),
}

/// A route that was looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// How far below the root.
    pub depth: usize,
    /// What alerts must match: `{severity="page"}`.
    pub matchers: String,
    /// Who is notified.
    pub receiver: String,
    /// Whether routes after it get the alert, too.
    pub continues: bool,
    /// Whether the alert matches.
    pub is_taken: bool,
}

/// A route that the alert ends in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Way {
    /// Who is notified.
    pub receiver: String,
    /// The labels that make the group.
    pub group_labels: Labels,
    /// How long a new group waits, a known one between notifications, and before it is told of again, in seconds.
    pub waits: (f64, f64, f64),
    /// How many alerts are in the group; `None` as long as there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alerts: Option<usize>,
    /// When the group is due, in seconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<f64>,
    /// Whether it still waits for its first notification.
    pub is_new: bool,
    /// Names of times because of which it does not notify now.
    pub muted_by: Vec<String>,
    /// What its receiver was told, integration by integration.
    pub told: Vec<Outcome>,
}

/// What an integration was told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// By which way: `slack`, `webhook`, …
    pub kind: String,
    /// When it was last told of the group, in seconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<f64>,
    /// Whether the alert was in it.
    pub has_alert: bool,
    /// The last attempt, where it is remembered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Notification>,
}

/// A silence that mutes an alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SilencedBy {
    /// Its id; empty where the caller may not see it.
    pub id: String,
    /// Who made it.
    pub created_by: String,
    /// Why.
    pub comment: String,
    /// Until when, in seconds since the epoch.
    pub ends_at: f64,
}

/// An alert that mutes another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InhibitedBy {
    /// Alertmanager's name for it.
    pub fingerprint: String,
    /// Who it is; `None` where the caller may not see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<Labels>,
}

/// `GET notifications`: what receivers were told and what they said, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Notifications {
    /// As far as the caller may see all alerts in them.
    pub notifications: Vec<Notification>,
}

/// A notification: one way of one receiver, told once, in as many tries as it took.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Notification {
    /// When the first try began, in seconds since the epoch.
    pub at: f64,
    /// The receiver.
    pub receiver: String,
    /// By which way: `slack`, `webhook`, …
    pub kind: String,
    /// Its number among those of its kind in the receiver.
    pub index: usize,
    /// The group, in Alertmanager's words.
    pub group_key: String,
    /// Why it was told.
    pub reason: String,
    /// Who the alerts are.
    pub alerts: Vec<Labels>,
    /// How many of them fire.
    pub firing: usize,
    /// Where to: scheme and host, as the rest may be secret.
    pub target: String,
    /// What was sent, with secrets masked and cut where it is long.
    pub payload: String,
    /// How many tries there were.
    pub tries: u32,
    /// When the last one ended, in seconds since the epoch.
    pub last_try: f64,
    /// How it went.
    pub result: Delivery,
    /// The status of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What the receiver said, or why there is no answer.
    pub answer: String,
}

/// How a notification went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Delivery {
    /// It is on its way.
    #[default]
    Trying,
    /// The receiver took it.
    Sent,
    /// It did not, and the group is told of again when it is due.
    Failed,
}

/// The first of the annotations that rules use for saying what is wrong.
pub fn said<N: Borrow<str> + Ord>(annotations: &BTreeMap<N, String>) -> Option<&str> {
    let names = ["summary", "description", "message"];
    names.iter().find_map(|name| annotations.get(*name)).map(String::as_str)
}

/// `GET routing`: who says who is told of alerts, and what they say as far as it is for the caller.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routing {
    /// Who does.
    pub source: RoutingSource,
    /// What was typed here, for those who may change it.
    pub text: String,
    /// The version of that; 0 where there is none.
    pub version: u64,
    /// Who typed it.
    pub by: String,
    /// When, in seconds since the epoch.
    pub at: i64,
    /// Whether the caller may change it.
    pub may_change: bool,
}

/// Who says who is told of alerts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RoutingSource {
    /// Nobody.
    #[default]
    Nobody,
    /// `alertmanager.yml`.
    File,
    /// Somebody, in the interface.
    Typed,
    /// Other Alertmanagers.
    Forwarded,
}

/// `PUT routing`: what is to count from now on; an empty text takes it away.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavingRouting {
    /// A configuration as Alertmanager reads it, with secrets by name.
    pub text: String,
    /// The version that is changed, 0 for the first one.
    pub version: u64,
}

/// Whether the label `severity` says that somebody is needed at once.
pub fn is_critical(labels: &Labels) -> bool {
    labels.get("severity").is_some_and(|severity| ["critical", "page"].contains(&severity.as_str()))
}

/// Whether it is an alert that always fires, so that somebody notices when it stops.
pub fn is_watchdog(labels: &Labels) -> bool {
    labels.get("alertname").is_some_and(|name| ["Watchdog", "DeadMansSwitch"].contains(&name.as_str()))
}
