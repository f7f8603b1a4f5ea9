//! `GET /api/crowsnest/v1/events`: what happened in the cluster, for marks over charts.

use serde::{Deserialize, Serialize};

/// What happened, as far as the caller may read it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Events {
    /// By time.
    pub events: Vec<Event>,
    /// What could not be read, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
}

/// Something that happened to an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When it happened last, in milliseconds since the epoch.
    pub at: i64,
    /// The object's namespace; empty for those of the whole cluster.
    pub namespace: String,
    /// Its kind, as in `Pod`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// One word for it, `BackOff`.
    pub reason: String,
    /// A sentence.
    pub message: String,
    /// Whether it is a warning.
    pub is_warning: bool,
}
