//! From OTLP's data points to series, as Prometheus translates them.

use std::sync::Arc;
use std::time::Duration;

use crowsnest_api::{Labels, METRIC_NAME, Timestamp, stale_nan};
use crowsnest_promql::histogram::Scheme;
use crowsnest_promql::{FloatHistogram, SampleValue};
use crowsnest_tsdb::{Metadata, RejectReason};

use super::attributes::{LabelMap, labels, of_resource};
use super::deltas::{Adding, NotAdded};
use super::names::{self, Nature};
use super::wire::{
    Buckets, Data, ExponentialPoint, ExportRequest, HistogramPoint, KeyValue, Metric, Number, NumberPoint,
    ResourceMetrics, SummaryPoint, Temporality,
};
use crate::api_v1::write::Pushed;

/// What `flags` say of a point without value: its series ends.
const NO_VALUE: u32 = 1;
/// The width of the zero bucket of those that have none, as in Prometheus.
const ZERO_THRESHOLD: f64 = 1e-128;
/// The coarsest and the finest scales that there is a place for; what is finer than the store keeps is reduced.
const SCALES: std::ops::RangeInclusive<i32> = -4..=52;
const FINEST: i8 = 8;
/// How often `target_info` is told: twice within the time for which a sample counts.
const INFO_EVERY: Duration = Duration::from_secs(150);

/// Whether a request has values that are to be added up.
pub(super) fn has_deltas(request: &ExportRequest) -> bool {
    let metrics = request.resource_metrics.iter().flat_map(|of| &of.scope_metrics).flat_map(|of| &of.metrics);
    metrics.filter_map(|metric| metric.data.as_ref()).any(|data| temporality(data) == Temporality::Delta)
}

fn temporality(data: &Data) -> Temporality {
    let told = match data {
        Data::Gauge(_) | Data::Summary(_) => return Temporality::Cumulative,
        Data::Sum(sum) => sum.aggregation_temporality,
        Data::Histogram(histogram) => histogram.aggregation_temporality,
        Data::ExponentialHistogram(histogram) => histogram.aggregation_temporality,
    };
    Temporality::try_from(told).unwrap_or(Temporality::Unspecified)
}

/// The series of a request.
pub(super) fn translate(request: &ExportRequest, adding: &mut Adding<'_>) -> Pushed {
    let mut pushed = Pushed::default();
    for of in &request.resource_metrics {
        resource(of, &mut pushed, adding);
    }
    pushed
}

fn resource(of: &ResourceMetrics, pushed: &mut Pushed, adding: &mut Adding<'_>) {
    let attributes = of.resource.as_ref().map(|resource| resource.attributes.as_slice()).unwrap_or_default();
    let (identity, info) = of_resource(attributes);
    let mut times = None;
    for metric in of.scope_metrics.iter().flat_map(|scope| &scope.metrics) {
        let mut translation = Translation { metric, identity: &identity, pushed, adding, times: &mut times };
        translation.metric();
    }
    if let Some((first, last)) = times.filter(|_| !identity.is_empty() && !info.is_empty()) {
        tell_info(pushed, identity, info, first, last);
    }
}

/// Writes `target_info` of a resource for the time of its points.
fn tell_info(pushed: &mut Pushed, identity: LabelMap, info: LabelMap, first: Timestamp, last: Timestamp) {
    const NAME: &str = "target_info";
    let named = (METRIC_NAME.to_owned(), NAME.to_owned());
    let labels = Labels::from_pairs(info.into_iter().chain(identity).chain([named]));
    let every = INFO_EVERY.as_millis() as i64;
    // A push of years of history has no more of it than of anything else.
    let from = first.max(last.plus_millis(-every * 1000));
    let mut at = from;
    while at < last {
        pushed.float(&labels, at, 1.0, None);
        at = at.plus_millis(every);
    }
    pushed.float(&labels, last, 1.0, None);
    let help = "Target metadata".to_owned();
    pushed.describe(Metadata { family: NAME.into(), kind: "gauge".into(), help, unit: "".into() });
}

/// One metric of a resource on its way.
struct Translation<'a, 'b> {
    metric: &'a Metric,
    identity: &'a LabelMap,
    pushed: &'a mut Pushed,
    adding: &'a mut Adding<'b>,
    /// First and last point of the resource so far.
    times: &'a mut Option<(Timestamp, Timestamp)>,
}

/// When a point was made, and since when it counts.
#[derive(Clone, Copy)]
struct When {
    at: Timestamp,
    start: Option<Timestamp>,
    temporality: Temporality,
}

impl Translation<'_, '_> {
    fn metric(&mut self) {
        let Some(data) = &self.metric.data else { return };
        let (nature, kind) = match data {
            Data::Gauge(_) => (Nature::Gauge, "gauge"),
            Data::Sum(sum) if sum.is_monotonic => (Nature::Counter, "counter"),
            Data::Sum(_) => (Nature::Other, "gauge"),
            Data::Histogram(_) | Data::ExponentialHistogram(_) => (Nature::Other, "histogram"),
            Data::Summary(_) => (Nature::Other, "summary"),
        };
        let Metric { name, unit, description, .. } = self.metric;
        let name = names::metric(name, unit, nature);
        if name.is_empty() {
            let points = points(data);
            return self
                .pushed
                .reject(RejectReason::InvalidLabels, points, || "a metric without a name".into());
        }
        let temporality = temporality(data);
        if temporality == Temporality::Unspecified {
            let points = points(data);
            let why = || format!("{name}: neither cumulative nor delta");
            return self.pushed.reject(RejectReason::InvalidPoint, points, why);
        }
        match data {
            Data::Gauge(gauge) => self.numbers(&name, &gauge.data_points, temporality),
            Data::Sum(sum) => self.numbers(&name, &sum.data_points, temporality),
            Data::Histogram(of) => {
                of.data_points.iter().for_each(|point| self.classic(&name, point, temporality));
            }
            Data::ExponentialHistogram(of) => {
                of.data_points.iter().for_each(|point| self.exponential(&name, point, temporality));
            }
            Data::Summary(of) => of.data_points.iter().for_each(|point| self.summary(&name, point)),
        }
        let (kind, help) = (kind.into(), description.clone());
        self.pushed.describe(Metadata { family: name.into(), kind, help, unit: unit.as_str().into() });
    }

    fn when(&mut self, at: u64, start: u64, temporality: Temporality) -> When {
        let at = timestamp(at);
        let (first, last) = self.times.unwrap_or((at, at));
        *self.times = Some((first.min(at), last.max(at)));
        When { at, start: (start != 0).then(|| timestamp(start)), temporality }
    }

    /// The labels of a point; those of its target stay.
    fn labels(&self, attributes: &[KeyValue]) -> LabelMap {
        let mut labels = labels(attributes);
        labels.extend(self.identity.clone());
        labels
    }

    fn numbers(&mut self, name: &str, points: &[NumberPoint], temporality: Temporality) {
        for point in points {
            let when = self.when(point.time_unix_nano, point.start_time_unix_nano, temporality);
            let labels = self.labels(&point.attributes);
            let value = match point.value {
                _ if point.flags & NO_VALUE != 0 => stale_nan(),
                Some(Number::AsDouble(value)) => value,
                Some(Number::AsInt(value)) => value as f64,
                None => {
                    let why = || format!("{name} at {}: no value", when.at);
                    self.pushed.reject(RejectReason::InvalidPoint, 1, why);
                    continue;
                }
            };
            self.float(&named(labels, name, &[]), when, value);
        }
    }

    fn classic(&mut self, name: &str, point: &HistogramPoint, temporality: Temporality) {
        let when = self.when(point.time_unix_nano, point.start_time_unix_nano, temporality);
        let (counts, bounds) = (&point.bucket_counts, &point.explicit_bounds);
        // Without buckets there are count and sum alone.
        if !counts.is_empty() && counts.len() != bounds.len() + 1 {
            let why =
                || format!("{name} at {}: {} counts for {} bounds", when.at, counts.len(), bounds.len());
            return self.pushed.reject(RejectReason::InvalidPoint, 1, why);
        }
        let is_stale = point.flags & NO_VALUE != 0;
        let or_stale = |value: f64| if is_stale { stale_nan() } else { value };
        let labels = self.labels(&point.attributes);
        if let Some(sum) = point.sum {
            self.float(&named(labels.clone(), &format!("{name}_sum"), &[]), when, or_stale(sum));
        }
        self.float(&named(labels.clone(), &format!("{name}_count"), &[]), when, or_stale(point.count as f64));
        let bucket = format!("{name}_bucket");
        let mut below = 0_u64;
        for (bound, count) in bounds.iter().zip(counts).filter(|(bound, _)| **bound != f64::INFINITY) {
            below = below.saturating_add(*count);
            let labels = named(labels.clone(), &bucket, &[("le", &bound.to_string())]);
            self.float(&labels, when, or_stale(below as f64));
        }
        self.float(&named(labels, &bucket, &[("le", "+Inf")]), when, or_stale(point.count as f64));
    }

    fn summary(&mut self, name: &str, point: &SummaryPoint) {
        let when = self.when(point.time_unix_nano, point.start_time_unix_nano, Temporality::Cumulative);
        let is_stale = point.flags & NO_VALUE != 0;
        let or_stale = |value: f64| if is_stale { stale_nan() } else { value };
        let labels = self.labels(&point.attributes);
        self.float(&named(labels.clone(), &format!("{name}_sum"), &[]), when, or_stale(point.sum));
        self.float(&named(labels.clone(), &format!("{name}_count"), &[]), when, or_stale(point.count as f64));
        for of in &point.quantile_values {
            let labels = named(labels.clone(), name, &[("quantile", &of.quantile.to_string())]);
            self.float(&labels, When { start: None, ..when }, or_stale(of.value));
        }
    }

    fn exponential(&mut self, name: &str, point: &ExponentialPoint, temporality: Temporality) {
        let when = self.when(point.time_unix_nano, point.start_time_unix_nano, temporality);
        let labels = named(self.labels(&point.attributes), name, &[]);
        let histogram = if point.flags & NO_VALUE != 0 { Ok(FloatHistogram::stale()) } else { native(point) };
        match histogram {
            Ok(histogram) => self.sample(&labels, when, SampleValue::Histogram(Arc::new(histogram))),
            Err(why) => {
                let why = || format!("{name} at {}: {why}", when.at);
                self.pushed.reject(RejectReason::InvalidHistogram, 1, why);
            }
        }
    }

    fn float(&mut self, labels: &Labels, when: When, value: f64) {
        self.sample(labels, when, SampleValue::Float(value));
    }

    fn sample(&mut self, labels: &Labels, when: When, value: SampleValue) {
        let When { at, start, temporality } = when;
        let is_stale = match &value {
            SampleValue::Float(value) => crowsnest_api::is_stale(*value),
            SampleValue::Histogram(histogram) => histogram.is_stale(),
        };
        if temporality != Temporality::Delta || is_stale {
            return self.pushed.sample(labels, at, value, start);
        }
        match self.adding.add(labels, start.unwrap_or(at), at, value) {
            Ok((sum, start)) => self.pushed.sample(labels, at, sum, Some(start)),
            Err(NotAdded::Late) => {
                self.pushed.reject(RejectReason::TooOld, 1, || format!("a delta of {labels} at {at}"));
            }
            Err(NotAdded::TooMany) => {
                self.pushed.reject(RejectReason::SeriesLimit, 1, || format!("a delta of {labels}"));
            }
            Err(NotAdded::Incompatible) => {
                self.pushed
                    .reject(RejectReason::InvalidPoint, 1, || format!("{labels} at {at}: another kind"));
            }
        }
    }
}

fn points(data: &Data) -> u64 {
    let points = match data {
        Data::Gauge(of) => of.data_points.len(),
        Data::Sum(of) => of.data_points.len(),
        Data::Histogram(of) => of.data_points.len(),
        Data::ExponentialHistogram(of) => of.data_points.len(),
        Data::Summary(of) => of.data_points.len(),
    };
    points as u64
}

fn named(labels: LabelMap, name: &str, more: &[(&str, &str)]) -> Labels {
    let mut labels = labels;
    for (name, value) in more.iter().chain(&[(METRIC_NAME, name)]) {
        labels.insert((*name).to_owned(), (*value).to_owned());
    }
    Labels::from_pairs(labels)
}

fn timestamp(nanoseconds: u64) -> Timestamp {
    Timestamp::from_millis((nanoseconds / 1_000_000) as i64)
}

/// A native histogram. OTLP's bucket `i` ends where the one of Prometheus with the number `i + 1` does.
fn native(point: &ExponentialPoint) -> Result<FloatHistogram, String> {
    if !SCALES.contains(&point.scale) {
        return Err(format!(
            "scale {} is not taken; {} to {} are",
            point.scale,
            SCALES.start(),
            SCALES.end()
        ));
    }
    let side = |side: Option<&Buckets>| -> Result<Vec<(i32, f64)>, String> {
        let Some(side) = side else { return Ok(Vec::new()) };
        let counts = side.bucket_counts.iter().zip(1_i64..).filter(|(count, _)| **count > 0);
        let numbered = counts.map(|(count, place)| {
            let number = i32::try_from(i64::from(side.offset) + place);
            number.map(|number| (number, *count as f64)).map_err(|_| format!("an offset of {}", side.offset))
        });
        numbered.collect()
    };
    let (positive, negative) = (side(point.positive.as_ref())?, side(point.negative.as_ref())?);
    let (count, zero_count) = (point.count as f64, point.zero_count as f64);
    let in_buckets = zero_count + positive.iter().chain(&negative).map(|(_, count)| count).sum::<f64>();
    if in_buckets != count {
        return Err(format!("{in_buckets} observations found in buckets, but the count is {count}"));
    }
    let scheme = Scheme::Exponential(point.scale as i8);
    let mut histogram = FloatHistogram::new(scheme).with_buckets(positive, negative);
    histogram.zero_threshold = if point.zero_threshold > 0.0 { point.zero_threshold } else { ZERO_THRESHOLD };
    (histogram.zero_count, histogram.count, histogram.sum) = (zero_count, count, point.sum.unwrap_or(0.0));
    histogram.reduce(FINEST);
    Ok(histogram)
}
