//! The protobuf format: messages `io.prometheus.client.MetricFamily`, each after its length as a varint.
//!
//! Field numbers are those of <https://github.com/prometheus/client_model>. Each series is handed on as the text format would
//! write it, so that whoever reads pages need not know the difference.

use crowsnest_api::Timestamp;
use crowsnest_api::remote_write::{BucketSpan, Histogram as NativeHistogram, MetricType, ResetHint};
use prost::Message as _;
use smol_str::SmolStr;

use crate::format::Classic;
use crate::open_metrics_float;
use crate::page::{Fact, PageError, Point, Refusal, Sink};
use crate::scrape::ScrapeError;
use crate::text::write_series;

/// The longest message: one family with all its series.
const MAX_MESSAGE_BYTES: u64 = 64 << 20;
/// The longest varint of a length.
const MAX_LENGTH_BYTES: usize = 10;

#[derive(Clone, PartialEq, prost::Message)]
struct MetricFamily {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    help: String,
    #[prost(enumeration = "Kind", tag = "3")]
    r#type: i32,
    #[prost(message, repeated, tag = "4")]
    metric: Vec<Metric>,
    #[prost(string, tag = "5")]
    unit: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
enum Kind {
    Counter = 0,
    Gauge = 1,
    Summary = 2,
    Untyped = 3,
    Histogram = 4,
    GaugeHistogram = 5,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Metric {
    #[prost(message, repeated, tag = "1")]
    label: Vec<LabelPair>,
    #[prost(message, optional, tag = "2")]
    gauge: Option<Number>,
    #[prost(message, optional, tag = "3")]
    counter: Option<Number>,
    #[prost(message, optional, tag = "4")]
    summary: Option<Summary>,
    #[prost(message, optional, tag = "5")]
    untyped: Option<Number>,
    #[prost(message, optional, tag = "7")]
    histogram: Option<Histogram>,
    #[prost(int64, optional, tag = "6")]
    timestamp_ms: Option<i64>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct LabelPair {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

/// The messages `Counter`, `Gauge` and `Untyped` but for exemplars and start times.
#[derive(Clone, Copy, PartialEq, prost::Message)]
struct Number {
    #[prost(double, tag = "1")]
    value: f64,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Summary {
    #[prost(uint64, tag = "1")]
    sample_count: u64,
    #[prost(double, tag = "2")]
    sample_sum: f64,
    #[prost(message, repeated, tag = "3")]
    quantile: Vec<Quantile>,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
struct Quantile {
    #[prost(double, tag = "1")]
    quantile: f64,
    #[prost(double, tag = "2")]
    value: f64,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Histogram {
    #[prost(uint64, tag = "1")]
    sample_count: u64,
    #[prost(double, tag = "4")]
    sample_count_float: f64,
    #[prost(double, tag = "2")]
    sample_sum: f64,
    #[prost(message, repeated, tag = "3")]
    bucket: Vec<Bucket>,
    #[prost(sint32, tag = "5")]
    schema: i32,
    #[prost(double, tag = "6")]
    zero_threshold: f64,
    #[prost(uint64, tag = "7")]
    zero_count: u64,
    #[prost(double, tag = "8")]
    zero_count_float: f64,
    #[prost(message, repeated, tag = "9")]
    negative_span: Vec<BucketSpan>,
    #[prost(sint64, repeated, tag = "10")]
    negative_delta: Vec<i64>,
    #[prost(double, repeated, tag = "11")]
    negative_count: Vec<f64>,
    #[prost(message, repeated, tag = "12")]
    positive_span: Vec<BucketSpan>,
    #[prost(sint64, repeated, tag = "13")]
    positive_delta: Vec<i64>,
    #[prost(double, repeated, tag = "14")]
    positive_count: Vec<f64>,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
struct Bucket {
    #[prost(uint64, tag = "1")]
    cumulative_count: u64,
    #[prost(double, tag = "4")]
    cumulative_count_float: f64,
    #[prost(double, tag = "2")]
    upper_bound: f64,
}

/// A message, and what comes after it.
type Split<'b> = (&'b [u8], &'b [u8]);

/// Reads messages as they arrive; holds one of them at most.
#[derive(Debug)]
pub(crate) struct MessageReader {
    classic: Classic,
    /// What has come of the next message, its length included.
    partial: Vec<u8>,
    /// How many messages were read.
    read: usize,
    /// The text of a series; kept for its memory.
    series: String,
}

impl MessageReader {
    pub(crate) fn new(classic: Classic) -> Self {
        Self { classic, partial: Vec::new(), read: 0, series: String::new() }
    }

    pub(crate) fn feed(
        &mut self,
        piece: &[u8],
        sink: &mut impl Sink<Stop = ScrapeError>,
    ) -> Result<(), PageError> {
        self.partial.extend_from_slice(piece);
        let held = std::mem::take(&mut self.partial);
        let mut rest = held.as_slice();
        while let Some((message, after)) = self.split(rest)? {
            let family = MetricFamily::decode(message).map_err(|error| self.error(error.to_string()))?;
            self.read += 1;
            self.read_family(&family, sink)?;
            rest = after;
        }
        self.partial = if rest.len() == held.len() { held } else { rest.to_vec() };
        Ok(())
    }

    pub(crate) fn finish(&self) -> Result<(), PageError> {
        if self.partial.is_empty() { Ok(()) } else { Err(self.error("the page ends within it".to_owned())) }
    }

    /// The first message and what comes after it; `None` while it is not whole.
    fn split<'b>(&self, bytes: &'b [u8]) -> Result<Option<Split<'b>>, PageError> {
        let mut rest = bytes;
        if bytes.is_empty() || bytes.len() < MAX_LENGTH_BYTES && bytes.iter().all(|byte| byte & 0x80 != 0) {
            return Ok(None);
        }
        let length =
            prost::decode_length_delimiter(&mut rest).map_err(|error| self.error(error.to_string()))?;
        if length as u64 > MAX_MESSAGE_BYTES {
            return Err(self.error(format!("it has {length} bytes, more than {MAX_MESSAGE_BYTES}")));
        }
        Ok(rest.split_at_checked(length))
    }

    fn error(&self, why: String) -> PageError {
        PageError::Message { message: self.read + 1, why }
    }

    fn read_family(
        &mut self,
        family: &MetricFamily,
        sink: &mut impl Sink<Stop = ScrapeError>,
    ) -> Result<(), PageError> {
        let name = SmolStr::from(family.name.as_str());
        let kind = Kind::try_from(family.r#type).unwrap_or(Kind::Untyped);
        if !family.help.is_empty() {
            sink.fact(&name, Fact::Help(family.help.as_str().into()));
        }
        sink.fact(&name, Fact::Type(metric_type(kind)));
        if !family.unit.is_empty() {
            sink.fact(&name, Fact::Unit(family.unit.as_str().into()));
        }
        let mut series = std::mem::take(&mut self.series);
        let mut out = Out { family, series: &mut series, sink };
        let taken = family.metric.iter().try_for_each(|metric| out.metric(metric, kind, self.classic));
        self.series = series;
        taken.map_err(|refusal| match refusal {
            Refusal::Stop(error) => error.into(),
            Refusal::Series(_, problem) => {
                PageError::Message { message: self.read, why: format!("{}: {problem}", family.name) }
            }
        })
    }
}

/// Hands on the series of one family.
struct Out<'a, S> {
    family: &'a MetricFamily,
    series: &'a mut String,
    sink: &'a mut S,
}

impl<S: Sink<Stop = ScrapeError>> Out<'_, S> {
    fn metric(&mut self, metric: &Metric, kind: Kind, classic: Classic) -> Result<(), Refusal<ScrapeError>> {
        let number = match kind {
            Kind::Counter => metric.counter,
            Kind::Gauge => metric.gauge,
            Kind::Untyped => metric.untyped,
            Kind::Summary => return self.summary(metric),
            Kind::Histogram | Kind::GaugeHistogram => return self.histogram(metric, kind, classic),
        };
        number.map_or(Ok(()), |number| self.float(metric, "", None, number.value))
    }

    fn summary(&mut self, metric: &Metric) -> Result<(), Refusal<ScrapeError>> {
        let Some(summary) = &metric.summary else { return Ok(()) };
        for quantile in &summary.quantile {
            let label = Some(("quantile", quantile.quantile));
            self.float(metric, "", label, quantile.value)?;
        }
        self.float(metric, "_sum", None, summary.sample_sum)?;
        self.float(metric, "_count", None, summary.sample_count as f64)
    }

    fn histogram(
        &mut self,
        metric: &Metric,
        kind: Kind,
        classic: Classic,
    ) -> Result<(), Refusal<ScrapeError>> {
        let Some(histogram) = &metric.histogram else { return Ok(()) };
        if let Some(native) = native(histogram, kind) {
            self.write("", metric, None);
            self.sink.sample(self.series, Point::Histogram(Box::new(native)), time(metric))?;
            if classic == Classic::WhereAlone || histogram.bucket.is_empty() {
                return Ok(());
            }
        }
        let count = |int: u64, float: f64| if float > 0.0 { float } else { int as f64 };
        let all = count(histogram.sample_count, histogram.sample_count_float);
        let mut has_infinite = false;
        for bucket in &histogram.bucket {
            has_infinite |= bucket.upper_bound == f64::INFINITY;
            let value = count(bucket.cumulative_count, bucket.cumulative_count_float);
            self.float(metric, "_bucket", Some(("le", bucket.upper_bound)), value)?;
        }
        if !has_infinite {
            self.float(metric, "_bucket", Some(("le", f64::INFINITY)), all)?;
        }
        self.float(metric, "_sum", None, histogram.sample_sum)?;
        self.float(metric, "_count", None, all)
    }

    fn float(
        &mut self,
        metric: &Metric,
        suffix: &str,
        extra: Option<(&str, f64)>,
        value: f64,
    ) -> Result<(), Refusal<ScrapeError>> {
        self.write(suffix, metric, extra);
        self.sink.sample(self.series, Point::Float(value), time(metric))
    }

    /// The series as text.
    fn write(&mut self, suffix: &str, metric: &Metric, extra: Option<(&str, f64)>) {
        self.series.clear();
        let extra = extra.map(|(name, value)| (name, open_metrics_float(value)));
        let own = metric.label.iter().map(|label| (label.name.as_str(), label.value.as_str()));
        let labels = own.chain(extra.iter().map(|(name, value)| (*name, value.as_str())));
        if suffix.is_empty() {
            write_series(self.series, &self.family.name, labels);
        } else {
            write_series(self.series, &format!("{}{suffix}", self.family.name), labels);
        }
    }
}

fn metric_type(kind: Kind) -> MetricType {
    match kind {
        Kind::Counter => MetricType::Counter,
        Kind::Gauge => MetricType::Gauge,
        Kind::Summary => MetricType::Summary,
        Kind::Untyped => MetricType::Unknown,
        Kind::Histogram => MetricType::Histogram,
        Kind::GaugeHistogram => MetricType::GaugeHistogram,
    }
}

fn time(metric: &Metric) -> Option<Timestamp> {
    metric.timestamp_ms.filter(|millis| *millis != 0).map(Timestamp::from_millis)
}

/// The native form of a histogram, if it has one: then it has spans, or something in or about its zero bucket.
fn native(histogram: &Histogram, kind: Kind) -> Option<NativeHistogram> {
    let has_spans = !histogram.positive_span.is_empty() || !histogram.negative_span.is_empty();
    let has_zero =
        histogram.zero_threshold > 0.0 || histogram.zero_count > 0 || histogram.zero_count_float > 0.0;
    if !has_spans && !has_zero {
        return None;
    }
    let is_float = histogram.sample_count_float > 0.0 || histogram.zero_count_float > 0.0;
    let reset_hint = if kind == Kind::GaugeHistogram { ResetHint::Gauge } else { ResetHint::Unknown };
    // A span without buckets says only that this is a native histogram.
    let spans = |spans: &[BucketSpan]| -> Vec<BucketSpan> {
        spans.iter().filter(|span| span.length > 0 || span.offset != 0).copied().collect()
    };
    Some(NativeHistogram {
        count_int: (!is_float).then_some(histogram.sample_count),
        count_float: is_float.then_some(histogram.sample_count_float),
        sum: histogram.sample_sum,
        schema: histogram.schema,
        zero_threshold: histogram.zero_threshold,
        zero_count_int: (!is_float).then_some(histogram.zero_count),
        zero_count_float: is_float.then_some(histogram.zero_count_float),
        negative_spans: spans(&histogram.negative_span),
        negative_deltas: histogram.negative_delta.clone(),
        negative_counts: histogram.negative_count.clone(),
        positive_spans: spans(&histogram.positive_span),
        positive_deltas: histogram.positive_delta.clone(),
        positive_counts: histogram.positive_count.clone(),
        reset_hint: reset_hint.into(),
        timestamp: 0,
        custom_values: Vec::new(),
        start_timestamp: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Remembers what it is told.
    #[derive(Default)]
    struct Told(Vec<String>, Vec<NativeHistogram>);

    impl Sink for Told {
        type Stop = ScrapeError;

        fn fact(&mut self, family: &SmolStr, fact: Fact) {
            self.0.push(format!("{family} {fact:?}"));
        }

        fn sample(
            &mut self,
            series: &str,
            point: Point,
            timestamp: Option<Timestamp>,
        ) -> Result<(), Refusal<ScrapeError>> {
            let at = timestamp.map_or(String::new(), |at| format!(" @{at}"));
            match point {
                Point::Float(value) => self.0.push(format!("{series} {value}{at}")),
                Point::Histogram(histogram) => {
                    self.0.push(format!("{series} native{at}"));
                    self.1.push(*histogram);
                }
            }
            Ok(())
        }
    }

    fn family(name: &str, kind: Kind, metric: Metric) -> MetricFamily {
        MetricFamily {
            name: name.to_owned(),
            r#type: kind.into(),
            metric: vec![metric],
            ..Default::default()
        }
    }

    fn label(name: &str, value: &str) -> Vec<LabelPair> {
        vec![LabelPair { name: name.to_owned(), value: value.to_owned() }]
    }

    /// What is told of families, byte by byte.
    fn read(families: &[MetricFamily], classic: Classic) -> Told {
        let page: Vec<u8> = families.iter().flat_map(MetricFamily::encode_length_delimited_to_vec).collect();
        let (mut reader, mut told) = (MessageReader::new(classic), Told::default());
        for byte in page {
            reader.feed(&[byte], &mut told).unwrap();
        }
        reader.finish().unwrap();
        told
    }

    #[test]
    fn numbers_and_summaries_become_the_series_of_the_text_format() {
        let counter = Metric {
            label: label("code", "a\"b"),
            counter: Some(Number { value: 3.0 }),
            timestamp_ms: Some(1500),
            ..Default::default()
        };
        let quantile = vec![Quantile { quantile: 0.5, value: 7.0 }];
        let summary = Summary { sample_count: 2, sample_sum: 8.5, quantile };
        let summary = Metric { summary: Some(summary), ..Default::default() };
        let told = read(
            &[family("a_total", Kind::Counter, counter), family("s.s", Kind::Summary, summary)],
            Classic::WhereAlone,
        );
        assert_eq!(
            told.0,
            [
                "a_total Type(Counter)",
                "a_total{code=\"a\\\"b\"} 3 @1.5",
                "s.s Type(Summary)",
                "{\"s.s\",quantile=\"0.5\"} 7",
                "{\"s.s_sum\"} 8.5",
                "{\"s.s_count\"} 2",
            ]
        );
    }

    #[test]
    fn a_histogram_is_native_classic_or_both() {
        let bucket = vec![Bucket { cumulative_count: 2, cumulative_count_float: 0.0, upper_bound: 1.0 }];
        let both = Histogram {
            sample_count: 3,
            sample_sum: 4.5,
            bucket,
            schema: 3,
            zero_threshold: 0.001,
            positive_span: vec![BucketSpan { offset: -2, length: 2 }],
            positive_delta: vec![1, 1],
            ..Default::default()
        };
        let of = |histogram: Histogram, classic| {
            let metric = Metric { histogram: Some(histogram), ..Default::default() };
            read(&[family("h", Kind::Histogram, metric)], classic)
        };
        let classic = ["h_bucket{le=\"1.0\"} 2", "h_bucket{le=\"+Inf\"} 3", "h_sum 4.5", "h_count 3"];
        let told = of(both.clone(), Classic::WhereAlone);
        assert_eq!(told.0, ["h Type(Histogram)", "h native"]);
        assert_eq!((told.1[0].count_int, told.1[0].positive_deltas.as_slice()), (Some(3), &[1, 1][..]));
        assert_eq!(of(both.clone(), Classic::Always).0[2..], classic);
        let plain = Histogram { sample_count: 3, sample_sum: 4.5, bucket: both.bucket, ..Default::default() };
        assert_eq!(of(plain, Classic::WhereAlone).0[1..], classic);
        let float = Histogram {
            sample_count_float: 1.5,
            positive_span: vec![BucketSpan { offset: 0, length: 1 }],
            positive_count: vec![1.5],
            ..Default::default()
        };
        assert_eq!(of(float, Classic::WhereAlone).1[0].count_float, Some(1.5));
    }

    #[test]
    fn what_is_no_family_is_told_with_its_number() {
        let mut told = Told::default();
        let error = MessageReader::new(Classic::Always).feed(&[2, 0xff, 0xff], &mut told).unwrap_err();
        assert!(error.to_string().starts_with("message 1 of the page is no metric family"), "{error}");
        let mut reader = MessageReader::new(Classic::Always);
        reader.feed(&[5, 1], &mut told).unwrap();
        assert!(reader.finish().is_err());
        let huge = [0xff, 0xff, 0xff, 0xff, 0x7f];
        assert!(MessageReader::new(Classic::Always).feed(&huge, &mut told).is_err());
    }
}
