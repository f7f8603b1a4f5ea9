//! Who pushes samples, how they are doing, and what went wrong: `/api/crowsnest/v1/sources`.

use serde::{Deserialize, Serialize};

/// `GET`: everybody who pushes, by job, instance and pusher; and pushes that were refused as a whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sources {
    /// Those of whom something was stored.
    pub sources: Vec<Source>,
    /// Of each pusher that had any, the pushes of which nothing was stored; the newest trouble first.
    pub refused: Vec<RefusedPushes>,
    /// How much one may push.
    #[serde(default)]
    pub limits: Limits,
}

/// How much one may push.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Series that one source may have in memory.
    pub series_per_source: u64,
    /// Samples a second that one pusher may send, over some seconds; no limit when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples_per_second: Option<u64>,
}

/// How samples come in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// Prometheus remote write 1.0.
    #[default]
    RemoteWrite,
    /// Prometheus remote write 2.0.
    RemoteWrite2,
    /// OpenTelemetry's protocol over HTTP.
    OtlpHttp,
    /// OpenTelemetry's protocol over gRPC.
    OtlpGrpc,
    /// A page of Prometheus's text format or OpenMetrics.
    Text,
    /// The API of the Pushgateway.
    Pushgateway,
    /// Influx's line protocol.
    Influx,
}

impl Way {
    /// What people call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RemoteWrite => "remote write 1.0",
            Self::RemoteWrite2 => "remote write 2.0",
            Self::OtlpHttp => "OTLP/HTTP",
            Self::OtlpGrpc => "OTLP/gRPC",
            Self::Text => "Prometheus text",
            Self::Pushgateway => "Pushgateway",
            Self::Influx => "Influx",
        }
    }

    /// The value of a label that stands for it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::RemoteWrite => "remote_write",
            Self::RemoteWrite2 => "remote_write_2",
            Self::OtlpHttp => "otlp_http",
            Self::OtlpGrpc => "otlp_grpc",
            Self::Text => "text",
            Self::Pushgateway => "pushgateway",
            Self::Influx => "influx",
        }
    }

    /// Whether each sender is a process that may end at any time: when it falls silent it is not down.
    #[must_use]
    pub fn may_end(self) -> bool {
        !matches!(self, Self::RemoteWrite | Self::RemoteWrite2)
    }
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
    /// How its last push came.
    #[serde(default)]
    pub way: Way,
    /// The time between its pushes; absent of one that may end at any time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval_seconds: Option<f64>,
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
    /// Why, most first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused_by: Vec<RefusedSamples>,
    /// The last of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_refusal: Option<Refusal>,
}

/// Why samples were refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
    /// The pusher has sent more samples than it may, and is to come back later.
    Rate,
    /// The push as a whole: it could not be read, or not be stored now.
    Push,
}

/// Samples that were refused for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedSamples {
    /// Why.
    pub reason: RefusalReason,
    /// How many since the server started.
    pub samples: u64,
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
    /// How the last one came.
    #[serde(default)]
    pub way: Way,
    /// How many since the server started.
    pub pushes: u64,
    /// The last one.
    pub last: Refusal,
}
