//! Queries that run, wait, or took long: `/api/crowsnest/v1/queries`.

use serde::{Deserialize, Serialize};

/// `GET`: one's own queries, and those of all users for an administrator.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Queries {
    /// Those that run or wait for their turn, the oldest first.
    pub active: Vec<ActiveQuery>,
    /// Those that ran long, the newest first.
    pub slow: Vec<SlowQuery>,
}

/// A query that runs or waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActiveQuery {
    /// Its number; `DELETE …/queries/{id}` ends it.
    pub id: u64,
    /// Who asked; empty for the server itself.
    pub user: String,
    /// Its text, or the path of another question.
    pub query: String,
    /// When it was asked, in seconds since the epoch.
    pub since: f64,
    /// For how many seconds it has been running; absent while it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running_seconds: Option<f64>,
}

/// A query that ran long.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SlowQuery {
    /// Who asked; empty for the server itself.
    pub user: String,
    /// Its text, or the path of another question.
    pub query: String,
    /// When it was asked, in seconds since the epoch.
    pub since: f64,
    /// How long it waited.
    pub queued_seconds: f64,
    /// How long it ran.
    pub running_seconds: f64,
    /// What it cost; absent when it had no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<QueryCost>,
}

/// What a query cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryCost {
    /// Series that were read.
    pub series: usize,
    /// Samples that were looked at.
    pub samples: u64,
    /// The most samples held at once.
    pub peak_samples: usize,
}
