//! Prometheus remote write 2.0: the messages of `io.prometheus.write.v2.Request`.
//!
//! Specification: <https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/>.

use super::Histogram;

/// `Content-Type` of a 2.0 request.
pub const CONTENT_TYPE: &str = "application/x-protobuf;proto=io.prometheus.write.v2.Request";
/// Value of the version header for 2.0.
pub const VERSION: &str = "2.0.0";
/// Headers of the answer: how many samples, histograms and exemplars were stored.
pub const WRITTEN_HEADERS: [&str; 3] = [
    "x-prometheus-remote-write-samples-written",
    "x-prometheus-remote-write-histograms-written",
    "x-prometheus-remote-write-exemplars-written",
];

/// One push.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Request {
    /// All texts, the empty one first.
    #[prost(string, repeated, tag = "4")]
    pub symbols: Vec<String>,
    /// The series with their new samples.
    #[prost(message, repeated, tag = "5")]
    pub timeseries: Vec<TimeSeries>,
}

/// One series with its new samples, oldest first.
#[derive(Clone, PartialEq, prost::Message)]
pub struct TimeSeries {
    /// Names and values in turn, as places among the symbols; sorted by name.
    #[prost(uint32, repeated, tag = "1")]
    pub labels_refs: Vec<u32>,
    /// Its floats.
    #[prost(message, repeated, tag = "2")]
    pub samples: Vec<Sample>,
    /// Its native histograms.
    #[prost(message, repeated, tag = "3")]
    pub histograms: Vec<Histogram>,
    /// About the series' family.
    #[prost(message, optional, tag = "5")]
    pub metadata: Option<Metadata>,
}

/// A float.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct Sample {
    /// Any bit pattern; staleness markers included.
    #[prost(double, tag = "1")]
    pub value: f64,
    /// Milliseconds since the Unix epoch.
    #[prost(int64, tag = "2")]
    pub timestamp: i64,
    /// When the counter started, likewise; 0 = not told.
    #[prost(int64, tag = "3")]
    pub start_timestamp: i64,
}

/// What a metric family is.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct Metadata {
    /// 0 = not told, 1 = counter, 2 = gauge, 3 = histogram, …; as in [`super::MetricType`].
    #[prost(int32, tag = "1")]
    pub r#type: i32,
    /// The help, as a place among the symbols.
    #[prost(uint32, tag = "3")]
    pub help_ref: u32,
    /// The unit, likewise.
    #[prost(uint32, tag = "4")]
    pub unit_ref: u32,
}
