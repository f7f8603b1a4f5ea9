//! The page as protobuf: messages `io.prometheus.client.MetricFamily`, each after its length. The only form that has
//! native histograms; as in Prometheus, those with custom bounds have none.

use crowsnest_api::Timestamp;
use crowsnest_promql::FloatHistogram;
use crowsnest_promql::histogram::ResetHint;
use prost::Message as _;

use crate::native::spans;

/// `Content-Type` of such a page.
pub(super) const CONTENT_TYPE: &str =
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

/// Series of one name and kind.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Family {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    /// Always written: zero would mean a counter.
    #[prost(enumeration = "Kind", optional, tag = "3")]
    pub(super) kind: Option<i32>,
    #[prost(message, repeated, tag = "4")]
    pub(super) metrics: Vec<Metric>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub(super) enum Kind {
    Counter = 0,
    Untyped = 3,
    Histogram = 4,
    GaugeHistogram = 5,
}

/// A series with one sample.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Metric {
    #[prost(message, repeated, tag = "1")]
    pub(super) labels: Vec<Pair>,
    #[prost(message, optional, tag = "5")]
    pub(super) untyped: Option<Untyped>,
    #[prost(int64, optional, tag = "6")]
    timestamp_ms: Option<i64>,
    #[prost(message, optional, tag = "7")]
    histogram: Option<Histogram>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Pair {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(string, tag = "2")]
    pub(super) value: String,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct Untyped {
    #[prost(double, optional, tag = "1")]
    value: Option<f64>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Histogram {
    #[prost(double, optional, tag = "2")]
    sample_sum: Option<f64>,
    #[prost(double, optional, tag = "4")]
    sample_count_float: Option<f64>,
    #[prost(sint32, optional, tag = "5")]
    schema: Option<i32>,
    #[prost(double, optional, tag = "6")]
    zero_threshold: Option<f64>,
    #[prost(double, optional, tag = "8")]
    zero_count_float: Option<f64>,
    #[prost(message, repeated, tag = "9")]
    negative_span: Vec<Span>,
    #[prost(double, repeated, packed = "false", tag = "11")]
    negative_count: Vec<f64>,
    #[prost(message, repeated, tag = "12")]
    positive_span: Vec<Span>,
    #[prost(double, repeated, packed = "false", tag = "14")]
    positive_count: Vec<f64>,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
struct Span {
    #[prost(sint32, optional, tag = "1")]
    offset: Option<i32>,
    #[prost(uint32, optional, tag = "2")]
    length: Option<u32>,
}

impl Metric {
    /// A float.
    pub(super) fn of_float(labels: Vec<Pair>, at: Timestamp, value: f64) -> Self {
        let untyped = Some(Untyped { value: Some(value) });
        Self { labels, untyped, timestamp_ms: Some(at.millis()), histogram: None }
    }

    /// A native histogram.
    pub(super) fn of_histogram(labels: Vec<Pair>, at: Timestamp, histogram: &FloatHistogram) -> Self {
        let side = |buckets: &mut dyn Iterator<Item = (i32, f64)>| {
            let (spans, counts) = spans(buckets);
            let spans =
                spans.iter().map(|span| Span { offset: Some(span.offset), length: Some(span.length) });
            (spans.collect(), counts)
        };
        let (positive_span, positive_count) = side(&mut histogram.positive_buckets());
        let (negative_span, negative_count) = side(&mut histogram.negative_buckets());
        let histogram = Histogram {
            sample_sum: Some(histogram.sum),
            sample_count_float: Some(histogram.count),
            schema: Some(i32::from(histogram.scheme.schema())),
            zero_threshold: Some(histogram.zero_threshold),
            zero_count_float: Some(histogram.zero_count),
            negative_span,
            negative_count,
            positive_span,
            positive_count,
        };
        Self { labels, untyped: None, timestamp_ms: Some(at.millis()), histogram: Some(histogram) }
    }
}

/// The kind of a family of such histograms.
pub(super) fn kind(histogram: &FloatHistogram) -> Kind {
    if histogram.hint == ResetHint::Gauge { Kind::GaugeHistogram } else { Kind::Histogram }
}

/// Appends a family to a page.
pub(super) fn put(page: &mut Vec<u8>, family: &Family) {
    page.extend_from_slice(&family.encode_length_delimited_to_vec());
}

#[cfg(test)]
mod tests {
    use crowsnest_promql::histogram::Scheme;

    use super::*;

    #[test]
    fn a_page_is_messages_after_their_lengths() {
        let mut histogram = FloatHistogram::new(Scheme::Exponential(1));
        (histogram.count, histogram.sum) = (3.0, 2.5);
        let histogram = histogram.with_buckets([(-1, 1.0), (1, 2.0)], []);
        let metric = Metric::of_histogram(Vec::new(), Timestamp::from_millis(7), &histogram);
        let family = Family { name: "a".into(), kind: Some(kind(&histogram).into()), metrics: vec![metric] };
        let mut page = Vec::new();
        put(&mut page, &family);
        put(&mut page, &family);
        let mut rest = page.as_slice();
        for _ in 0..2 {
            let read = Family::decode_length_delimited(&mut rest).unwrap();
            assert_eq!(read, family);
            let read = read.metrics[0].histogram.clone().unwrap();
            let spans = read.positive_span.iter().map(|span| (span.offset(), span.length()));
            assert_eq!(spans.collect::<Vec<_>>(), [(-1, 1), (1, 1)]);
        }
        assert!(rest.is_empty());
    }
}
