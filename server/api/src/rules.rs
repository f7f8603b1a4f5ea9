//! Alerting rules that are made here, and what would have come of one: `/api/crowsnest/v1/rules…`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Labels;
use crate::alerts::Threshold;

/// An alerting rule, as a rule file has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleText {
    /// The alert's name.
    pub alert: String,
    /// PromQL.
    pub expr: String,
    /// How long the expression must give a series before its alert fires, in Prometheus's notation; at once when empty.
    #[serde(rename = "for", default)]
    pub hold: String,
    /// How long an alert goes on after that.
    #[serde(default)]
    pub keep_firing_for: String,
    /// Labels, which may be templates.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Texts for people, which may be templates.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
}

/// `GET rules`: those that were made here, as far as the caller may read them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// In order of folders, then of names.
    pub rules: Vec<Written>,
    /// Folders in which the caller may make some.
    pub folders: Vec<String>,
    /// What is wrong with rules that are objects of the cluster.
    pub faults: Vec<Fault>,
}

/// Something that is wrong with a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// What it is: `PrometheusRule shop/web`.
    pub place: String,
    /// What is wrong, a line each.
    pub message: String,
}

/// A rule that was made here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// Never used again.
    pub id: String,
    /// A namespace, whose series alone it sees; or `crowsnest`, for all.
    pub folder: String,
    /// What it says.
    pub rule: RuleText,
    /// Counted from 1.
    pub version: u64,
    /// Whose rights it has.
    pub by: String,
    /// When that was, in seconds since the epoch.
    pub at: i64,
    /// Whether the caller may change it.
    #[serde(default)]
    pub may_change: bool,
    /// Why it is not evaluated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
}

/// `POST rules` and `PUT rules/{id}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saving {
    /// What it is to say.
    pub rule: RuleText,
    /// Where it is.
    pub folder: String,
    /// The version that is changed, which must still be the latest; 0 for a new rule.
    #[serde(default)]
    pub version: u64,
}

/// What has been saved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// Which rule.
    pub id: String,
    /// Its latest version.
    pub version: u64,
}

/// `POST rules/preview`: what would have come of a rule, and what would be told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asking {
    /// The rule.
    pub rule: RuleText,
    /// Where it would be.
    pub folder: String,
    /// Of a rule that is changed, its id: it is no duplicate of itself.
    #[serde(default)]
    pub id: String,
    /// How far back, in hours.
    pub hours: u32,
}

/// The answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Preview {
    /// The span that was looked at, in seconds since the epoch.
    pub span: (f64, f64),
    /// How many seconds lie between two looks.
    pub step: f64,
    /// How often it would have fired.
    pub fired: usize,
    /// When alerts would have been pending and firing, in order of time; the first of very many.
    pub firings: Vec<Firing>,
    /// What the expression compares, where it is of that sort.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Threshold>,
    /// Rules that are called the same or ask the same.
    pub duplicates: Vec<Duplicate>,
    /// Selectors that match no series in this span.
    pub never: Vec<String>,
    /// The alert that `told` is about.
    pub example: Example,
    /// What each integration of its receivers would get.
    pub told: Vec<Rehearsed>,
}

/// An alert as it would have been.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Firing {
    /// Who it is.
    pub labels: Labels,
    /// Since when its condition held, in seconds since the epoch.
    pub since: f64,
    /// Since when it fired, if it did.
    pub fires_since: Option<f64>,
    /// Until when; `None` for one that still does.
    pub until: Option<f64>,
}

/// A rule like the one that is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duplicate {
    /// Where it is.
    pub file: String,
    /// Its group.
    pub group: String,
    /// Its name.
    pub name: String,
    /// Whether it is its query that is the same, and not its name alone.
    pub same_query: bool,
}

/// An alert for the rehearsal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// Who it is.
    pub labels: Labels,
    /// What it says.
    pub annotations: BTreeMap<String, String>,
    /// Whether it is made up, since none would have fired.
    pub made_up: bool,
}

/// What an integration would get.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rehearsed {
    /// The receiver.
    pub receiver: String,
    /// The integration's kind: `slack`, `email`; empty for a receiver that has none.
    pub kind: String,
    /// Where it would go to.
    pub target: String,
    /// What would be sent, with secrets as `***`; or why nothing could be.
    pub payload: String,
    /// Whether it could be made.
    pub failed: bool,
}
