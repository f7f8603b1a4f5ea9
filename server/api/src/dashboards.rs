//! Bodies of `/api/crowsnest/v1/dashboards` and what is below it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Where a dashboard comes from. Only what is stored can be changed here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// It was saved here.
    Stored,
    /// A file in the provisioning folder.
    File,
    /// A ConfigMap with the label `grafana_dashboard`.
    ConfigMap,
    /// It came with the server.
    BuiltIn,
}

/// A line of the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Listed {
    /// Its name in URLs.
    pub uid: String,
    /// What people call it.
    pub title: String,
    /// The folder: a namespace, or `crowsnest` for what belongs to the whole cluster.
    pub folder: String,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Where it comes from.
    pub source: Source,
    /// Panels, those of closed rows included.
    pub panels: usize,
    /// Its latest version; 0 of what is not stored here.
    pub version: u64,
    /// When it was saved, in seconds since the epoch; 0 of what came with the server.
    pub updated: f64,
    /// Who saved it.
    pub by: String,
    /// Whether the reader has a star on it.
    pub starred: bool,
    /// Whether the reader may save and delete it.
    pub may_change: bool,
}

/// All that the reader may see.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Listing {
    /// By folder, then by title.
    pub dashboards: Vec<Listed>,
    /// Folders in which the reader may make dashboards.
    pub folders: Vec<String>,
    /// Files and ConfigMaps that give none, and why; only for those who administer the server.
    pub faults: Vec<Fault>,
}

/// What gives no dashboard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The file, or the ConfigMap with its key.
    pub place: String,
    /// What is wrong.
    pub message: String,
}

/// A dashboard with its JSON in the form of today.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Opened {
    /// As it stands in the list.
    #[serde(flatten)]
    pub listed: Listed,
    /// Classic schema, version 42.
    pub dashboard: Value,
    /// How far apart samples are, in milliseconds: what `$__rate_interval` is made of.
    pub scrape_interval_ms: i64,
    /// The same by name of the metric, where they differ among those that the dashboard asks for.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub metric_intervals_ms: BTreeMap<String, i64>,
}

/// What is sent to make a dashboard.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Making {
    /// The file as text, in any form that Grafana writes.
    pub text: String,
    /// The number of a dashboard in Grafana's collection, which the server fetches; instead of a text.
    pub gnet_id: Option<u64>,
    /// The folder; `crowsnest` when it is empty.
    pub folder: String,
    /// Values for the file's `__inputs`, by their names.
    pub answers: std::collections::BTreeMap<String, String>,
    /// What the version is for.
    pub message: String,
    /// Whether one of the same uid, in the same folder, gets a new version. Otherwise that is refused.
    pub overwrite: bool,
    /// Whether nothing is stored and only the report is wanted.
    pub dry_run: bool,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Made {
    /// Its name in URLs.
    pub uid: String,
    /// Its title.
    pub title: String,
    /// The version; 0 when nothing was stored.
    pub version: u64,
    /// Whether one of this uid was there before.
    pub existed: bool,
    /// The file's questions, and how each is answered.
    pub inputs: Vec<Question>,
    /// What became of each panel.
    pub report: Report,
}

/// A question of a file: a data source, or a constant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Question {
    /// `DS_PROMETHEUS`
    pub name: String,
    /// What the file calls it.
    pub label: String,
    /// Whether it is a data source, which is always ours.
    pub data_source: bool,
    /// What it says until somebody says otherwise.
    pub value: String,
}

/// A report of an import, as it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Report {
    /// One a panel, in the order of the dashboard.
    pub panels: Vec<PanelReport>,
    /// About the dashboard as a whole.
    pub remarks: Vec<String>,
}

/// What became of one panel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PanelReport {
    /// Its title; may be empty.
    pub title: String,
    /// In one word.
    pub outcome: PanelOutcome,
    /// In words, with what is shown instead.
    pub words: String,
    /// Details.
    pub remarks: Vec<String>,
}

/// What became of one panel, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PanelOutcome {
    /// As it was.
    TakenOver,
    /// An old kind, now another.
    Converted,
    /// Kept, but not drawn as it was meant.
    Unsupported,
}

/// What is sent to save a new version.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Saving {
    /// The whole dashboard.
    pub dashboard: Value,
    /// The version that was changed. When it is no longer the latest, the save is refused with 409.
    pub version: u64,
    /// The folder that it goes to; empty where it is.
    pub folder: String,
    /// What the version is for.
    pub message: String,
}

/// One version of a dashboard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Version {
    /// From 1.
    pub version: u64,
    /// When it was saved, in seconds since the epoch.
    pub at: f64,
    /// Who saved it.
    pub by: String,
    /// What it was for.
    pub message: String,
}
