//! Native histograms on the wire: the message `Histogram` of remote write and of remote read.

/// A native histogram. Those with integer counts have deltas of buckets, the others have their counts.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Histogram {
    /// How many observations, of a histogram with integer counts.
    #[prost(uint64, optional, tag = "1")]
    pub count_int: Option<u64>,
    /// How many observations, of one with floats.
    #[prost(double, optional, tag = "2")]
    pub count_float: Option<f64>,
    /// Their sum.
    #[prost(double, tag = "3")]
    pub sum: f64,
    /// −4 to 8, exponential bounds; −53, custom ones.
    #[prost(sint32, tag = "4")]
    pub schema: i32,
    /// Observations this close to zero are in the zero bucket.
    #[prost(double, tag = "5")]
    pub zero_threshold: f64,
    /// Observations in the zero bucket, of a histogram with integer counts.
    #[prost(uint64, optional, tag = "6")]
    pub zero_count_int: Option<u64>,
    /// Observations in the zero bucket, of one with floats.
    #[prost(double, optional, tag = "7")]
    pub zero_count_float: Option<f64>,
    /// Which buckets below zero there are.
    #[prost(message, repeated, tag = "8")]
    pub negative_spans: Vec<BucketSpan>,
    /// Each one's count, less that of the one before it.
    #[prost(sint64, repeated, tag = "9")]
    pub negative_deltas: Vec<i64>,
    /// Each one's count.
    #[prost(double, repeated, tag = "10")]
    pub negative_counts: Vec<f64>,
    /// Which buckets above zero there are.
    #[prost(message, repeated, tag = "11")]
    pub positive_spans: Vec<BucketSpan>,
    /// Each one's count, less that of the one before it.
    #[prost(sint64, repeated, tag = "12")]
    pub positive_deltas: Vec<i64>,
    /// Each one's count.
    #[prost(double, repeated, tag = "13")]
    pub positive_counts: Vec<f64>,
    /// What is known about restarts.
    #[prost(enumeration = "ResetHint", tag = "14")]
    pub reset_hint: i32,
    /// Milliseconds since the Unix epoch.
    #[prost(int64, tag = "15")]
    pub timestamp: i64,
    /// Upper bounds, ascending.
    #[prost(double, repeated, tag = "16")]
    pub custom_values: Vec<f64>,
    /// When the counter started, ms since the epoch, of remote write 2.0 only; 0 = not told.
    #[prost(int64, tag = "17")]
    pub start_timestamp: i64,
}

/// Consecutive buckets.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct BucketSpan {
    /// How many buckets are missing since the span before; of the first span, the index of its first bucket.
    #[prost(sint32, tag = "1")]
    pub offset: i32,
    /// How many there are.
    #[prost(uint32, tag = "2")]
    pub length: u32,
}

/// What is known about restarts of the counter behind a histogram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum ResetHint {
    /// Nothing.
    Unknown = 0,
    /// It restarted before this sample.
    Yes = 1,
    /// It did not since the sample before.
    No = 2,
    /// It is not a counter.
    Gauge = 3,
}
