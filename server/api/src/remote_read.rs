//! Prometheus remote read: the messages of `prometheus.ReadRequest` and both kinds of answers.
//!
//! Bodies: snappy block format around protobuf, but for the frames of a streamed answer, which are each preceded by
//! their length and checksum; see <https://prometheus.io/docs/prometheus/latest/querying/remote_read_api/>.

use crate::remote_write::{LabelPair, TimeSeries};

/// `Content-Type` of a request, and of an answer in samples.
pub const CONTENT_TYPE: &str = "application/x-protobuf";
/// `Content-Type` of an answer in streamed chunks.
pub const STREAMED_CONTENT_TYPE: &str =
    "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse";

/// What is asked for.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ReadRequest {
    /// Answered in this order.
    #[prost(message, repeated, tag = "1")]
    pub queries: Vec<Query>,
    /// What the caller can read, best first; none means samples.
    #[prost(enumeration = "ResponseType", repeated, tag = "2")]
    pub accepted_response_types: Vec<i32>,
}

/// The forms of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum ResponseType {
    /// One message with every sample.
    Samples = 0,
    /// Frames of compressed chunks.
    StreamedXorChunks = 1,
}

/// One question.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Query {
    /// First timestamp wanted, inclusive.
    #[prost(int64, tag = "1")]
    pub start_timestamp_ms: i64,
    /// Last timestamp wanted, inclusive.
    #[prost(int64, tag = "2")]
    pub end_timestamp_ms: i64,
    /// All must hold.
    #[prost(message, repeated, tag = "3")]
    pub matchers: Vec<LabelMatcher>,
}

/// A condition on a label.
#[derive(Clone, PartialEq, prost::Message)]
pub struct LabelMatcher {
    /// How to compare.
    #[prost(enumeration = "MatchType", tag = "1")]
    pub r#type: i32,
    /// The label.
    #[prost(string, tag = "2")]
    pub name: String,
    /// What to compare with.
    #[prost(string, tag = "3")]
    pub value: String,
}

/// How a matcher compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum MatchType {
    /// `=`
    Equal = 0,
    /// `!=`
    NotEqual = 1,
    /// `=~`
    Regex = 2,
    /// `!~`
    NotRegex = 3,
}

/// An answer in samples.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ReadResponse {
    /// In the order of the queries.
    #[prost(message, repeated, tag = "1")]
    pub results: Vec<QueryResult>,
}

/// The series of one query.
#[derive(Clone, PartialEq, prost::Message)]
pub struct QueryResult {
    /// In the order of their labels.
    #[prost(message, repeated, tag = "1")]
    pub timeseries: Vec<TimeSeries>,
}

/// One frame of a streamed answer.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ChunkedReadResponse {
    /// Series; one that is long goes on in the next frames.
    #[prost(message, repeated, tag = "1")]
    pub chunked_series: Vec<ChunkedSeries>,
    /// Which query it answers, counted from zero.
    #[prost(int64, tag = "2")]
    pub query_index: i64,
}

/// A series, or a part of one.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ChunkedSeries {
    /// Sorted by name.
    #[prost(message, repeated, tag = "1")]
    pub labels: Vec<LabelPair>,
    /// Oldest first.
    #[prost(message, repeated, tag = "2")]
    pub chunks: Vec<Chunk>,
}

/// Compressed samples.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Chunk {
    /// The first timestamp.
    #[prost(int64, tag = "1")]
    pub min_time_ms: i64,
    /// The last timestamp.
    #[prost(int64, tag = "2")]
    pub max_time_ms: i64,
    /// How they are compressed.
    #[prost(enumeration = "Encoding", tag = "3")]
    pub r#type: i32,
    /// The chunk.
    #[prost(bytes = "vec", tag = "4")]
    pub data: Vec<u8>,
}

/// How a chunk is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum Encoding {
    /// Not said.
    Unknown = 0,
    /// Floats, as in Facebook's Gorilla paper.
    Xor = 1,
    /// Native histograms with integer counts.
    Histogram = 2,
    /// Native histograms with float counts.
    FloatHistogram = 3,
}
