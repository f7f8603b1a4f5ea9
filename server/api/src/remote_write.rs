//! Prometheus remote write 1.0: the messages of `prometheus.WriteRequest`; [`v2`] has those of 2.0.
//!
//! Body: snappy block format around protobuf; headers in <https://prometheus.io/docs/specs/prw/remote_write_spec/>.

mod histogram;
pub mod v2;

pub use histogram::{BucketSpan, Histogram, ResetHint};

/// `Content-Type` of a 1.0 request.
pub const CONTENT_TYPE: &str = "application/x-protobuf";
/// Name of the header that carries [`VERSION`].
pub const VERSION_HEADER: &str = "x-prometheus-remote-write-version";
/// Value of the version header for 1.0.
pub const VERSION: &str = "0.1.0";

/// One push.
#[derive(Clone, PartialEq, prost::Message)]
pub struct WriteRequest {
    /// The series with their new samples.
    #[prost(message, repeated, tag = "1")]
    pub timeseries: Vec<TimeSeries>,
    /// Type, help and unit of metric families.
    #[prost(message, repeated, tag = "3")]
    pub metadata: Vec<MetricMetadata>,
}

/// One series with its new samples, oldest first.
#[derive(Clone, PartialEq, prost::Message)]
pub struct TimeSeries {
    /// Sorted by name, names unique.
    #[prost(message, repeated, tag = "1")]
    pub labels: Vec<LabelPair>,
    /// Oldest first.
    #[prost(message, repeated, tag = "2")]
    pub samples: Vec<WireSample>,
    /// Its native histograms, oldest first.
    #[prost(message, repeated, tag = "4")]
    pub histograms: Vec<Histogram>,
}

/// A label on the wire.
#[derive(Clone, PartialEq, prost::Message)]
pub struct LabelPair {
    /// The label's name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// The label's value.
    #[prost(string, tag = "2")]
    pub value: String,
}

/// A sample on the wire.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct WireSample {
    /// Any bit pattern; staleness markers included.
    #[prost(double, tag = "1")]
    pub value: f64,
    /// Milliseconds since the Unix epoch.
    #[prost(int64, tag = "2")]
    pub timestamp: i64,
}

/// What a metric family is.
#[derive(Clone, PartialEq, prost::Message)]
pub struct MetricMetadata {
    /// Counter, gauge, …
    #[prost(enumeration = "MetricType", tag = "1")]
    pub r#type: i32,
    /// The family's name.
    #[prost(string, tag = "2")]
    pub metric_family_name: String,
    /// One sentence for people.
    #[prost(string, tag = "4")]
    pub help: String,
    /// The unit, often empty.
    #[prost(string, tag = "5")]
    pub unit: String,
}

/// The kinds of metric families.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum MetricType {
    /// Not said.
    Unknown = 0,
    /// Only grows, but for restarts.
    Counter = 1,
    /// Goes up and down.
    Gauge = 2,
    /// Buckets of observations.
    Histogram = 3,
    /// Buckets of a momentary distribution.
    GaugeHistogram = 4,
    /// Quantiles computed by the sender.
    Summary = 5,
    /// Constant 1, labels carry the information.
    Info = 6,
    /// A set of booleans.
    StateSet = 7,
}

impl MetricType {
    /// The word that exposition formats and the HTTP API use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::GaugeHistogram => "gaugehistogram",
            Self::Summary => "summary",
            Self::Info => "info",
            Self::StateSet => "stateset",
        }
    }
}
