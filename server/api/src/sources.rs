//! Who pushes samples, how they are doing, and what went wrong: `/api/crowsnest/v1/sources`.

use serde::{Deserialize, Serialize};

/// `GET`: everybody who pushes, by job, instance and pusher; and pushes that were refused as a whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sources {
    /// Those of whom something was stored.
    pub sources: Vec<Source>,
    /// Of each pusher that had any, the pushes of which nothing was stored; the newest trouble first.
    pub refused: Vec<RefusedPushes>,
}

/// A pushing identity with a `job` and an `instance`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// Who pushes: the name of an ingest token, a ServiceAccount, or `user:` and a name.
    pub pusher: String,
    /// The label `job` of its series; may be empty.
    pub job: String,
    /// The label `instance` of its series; may be empty.
    pub instance: String,
    /// The label `node` of its series `up`, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// When it was first seen, in seconds since the epoch.
    pub since: f64,
    /// When its last push arrived, in seconds since the epoch.
    pub last_push: f64,
    /// The time between its pushes.
    pub interval_seconds: f64,
    /// Whether it has not pushed for 2.5 intervals.
    pub silent: bool,
    /// Whether it writes its series `up` itself.
    pub reports_up: bool,
    /// Between its samples' own times and their arrival, the least of its last pushes. Below zero its clock is ahead of the server's;
    /// far above, it is behind, or all that it sends is late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lag_seconds: Option<f64>,
    /// How many such series it has: one for each target that it scrapes.
    pub targets: u64,
    /// Pushes since the server started.
    pub pushes: u64,
    /// Samples stored since then.
    pub samples: u64,
    /// Samples stored a second, over about a minute.
    pub samples_per_second: f64,
    /// Series that are in memory now.
    pub series: u64,
    /// Samples refused since the server started.
    pub refused: u64,
    /// The last of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_refusal: Option<Refusal>,
}

/// Why samples were refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalReason {
    /// Older than the out-of-order window of their series.
    TooOld,
    /// Older than retention.
    BeyondRetention,
    /// Too far in the future.
    TooNew,
    /// Another value was stored at that timestamp before.
    Conflict,
    /// No native histogram.
    InvalidHistogram,
    /// No value of the kind that it says it is.
    InvalidPoint,
    /// No series' labels.
    InvalidLabels,
    /// The store holds as many series as it may.
    SeriesLimit,
    /// The source has as many series as one may have.
    SourceSeriesLimit,
    /// The push as a whole: it could not be read, or not be stored now.
    Push,
}

/// Something that was refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refusal {
    /// When, in seconds since the epoch.
    pub at: f64,
    /// Why.
    pub reason: RefusalReason,
    /// What the sender was told; of samples one as an example.
    pub message: String,
}

/// Pushes of which nothing was stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RefusedPushes {
    /// Whose.
    pub pusher: String,
    /// How many since the server started.
    pub pushes: u64,
    /// The last one.
    pub last: Refusal,
}
