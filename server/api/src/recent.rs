//! `GET /api/crowsnest/v1/recent`: what was rolled out lately, and by whom, as far as that can be told.

use serde::{Deserialize, Serialize};

/// The newest rollouts of the namespaces that were asked about.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Recent {
    /// The newest first.
    pub rollouts: Vec<Rollout>,
    /// What could not be read, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
}

/// A new revision of a workload.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rollout {
    /// The workload's kind: `Deployment`, `StatefulSet`, `DaemonSet`.
    pub kind: String,
    /// Where it is.
    pub namespace: String,
    /// What it is called.
    pub name: String,
    /// The revision's number, where it has one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub revision: String,
    /// When it was made, in seconds since the epoch.
    pub at: f64,
    /// The program that changed the workload just before, by the name under which it manages fields.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub manager: String,
    /// The user who did so through this server, for those who may read its audit log.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user: String,
}
