//! A metric family: the series of one metric with its type and help text.

use crowsnest_api::remote_write::MetricType;
use crowsnest_api::{Labels, LabelsBuilder, METRIC_NAME, Timestamp, format_value};
use smol_str::SmolStr;

/// The series of one metric at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// The family's name; without `_bucket`, `_sum` and `_count`, with `_total`.
    pub name: SmolStr,
    /// What the family is; `Unknown` is the text format's `untyped`.
    pub kind: MetricType,
    /// One sentence for people; may be empty.
    pub help: SmolStr,
    /// The values, in the order in which they are written.
    pub samples: Vec<MetricSample>,
}

/// One value of a family.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricSample {
    /// The series' identity, `__name__` included.
    pub labels: Labels,
    /// The value.
    pub value: f64,
    /// When it was observed, if the exposition says so; otherwise the time of the scrape counts.
    pub timestamp: Option<Timestamp>,
}

impl Family {
    /// A family without samples.
    pub fn new(name: impl Into<SmolStr>, kind: MetricType, help: impl Into<SmolStr>) -> Self {
        Self { name: name.into(), kind, help: help.into(), samples: Vec::new() }
    }

    /// A counter without samples; its name ends in `_total` by convention.
    pub fn counter(name: impl Into<SmolStr>, help: impl Into<SmolStr>) -> Self {
        Self::new(name, MetricType::Counter, help)
    }

    /// A gauge without samples.
    pub fn gauge(name: impl Into<SmolStr>, help: impl Into<SmolStr>) -> Self {
        Self::new(name, MetricType::Gauge, help)
    }

    /// A family of no stated type without samples.
    pub fn unknown(name: impl Into<SmolStr>, help: impl Into<SmolStr>) -> Self {
        Self::new(name, MetricType::Unknown, help)
    }

    /// This family with one more sample; for families that are built in one expression.
    #[must_use]
    pub fn with(mut self, labels: &[(&str, &str)], value: f64) -> Self {
        self.push(labels, value);
        self
    }

    /// Adds a sample. Labels with an empty value are left out, for that means "absent".
    pub fn push(&mut self, labels: &[(&str, &str)], value: f64) {
        let labels = series(self.name.clone(), labels).build();
        self.samples.push(MetricSample { labels, value, timestamp: None });
    }

    /// Adds the series of one histogram: a `_bucket` for each pair of upper bound and cumulative count, the `+Inf`
    /// bucket (equal to `count`), `_sum` and `_count`. Bounds ascend; the last need not be infinite.
    pub fn push_histogram(&mut self, labels: &[(&str, &str)], buckets: &[(f64, u64)], sum: f64, count: u64) {
        let finite = buckets.iter().copied().filter(|(bound, _)| bound.is_finite());
        for (bound, cumulative) in finite.chain([(f64::INFINITY, count)]) {
            let mut builder = series(self.suffixed("_bucket"), labels);
            builder.set("le", format_value(bound));
            self.samples.push(MetricSample {
                labels: builder.build(),
                value: cumulative as f64,
                timestamp: None,
            });
        }
        for (suffix, value) in [("_sum", sum), ("_count", count as f64)] {
            let labels = series(self.suffixed(suffix), labels).build();
            self.samples.push(MetricSample { labels, value, timestamp: None });
        }
    }

    /// Whether a series named `series` belongs to this family: its own name, or for histograms and summaries one of
    /// the derived names.
    pub fn owns(&self, series: &str) -> bool {
        let Some(suffix) = series.strip_prefix(self.name.as_str()) else { return false };
        match self.kind {
            _ if suffix.is_empty() => true,
            MetricType::Histogram | MetricType::GaugeHistogram => {
                matches!(suffix, "_bucket" | "_sum" | "_count")
            }
            MetricType::Summary => matches!(suffix, "_sum" | "_count"),
            _ => false,
        }
    }

    fn suffixed(&self, suffix: &str) -> SmolStr {
        smol_str::format_smolstr!("{}{suffix}", self.name)
    }
}

fn series(name: SmolStr, labels: &[(&str, &str)]) -> LabelsBuilder {
    let mut builder = LabelsBuilder::default();
    builder.set(METRIC_NAME, name);
    for (name, value) in labels {
        builder.set(*name, *value);
    }
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_always_ends_with_the_infinite_bucket_sum_and_count() {
        let mut family = Family::new("wait_seconds", MetricType::Histogram, "");
        family.push_histogram(&[("queue", "a")], &[(0.5, 1), (f64::INFINITY, 3)], 4.5, 3);
        let lines: Vec<String> =
            family.samples.iter().map(|sample| format!("{} {}", sample.labels, sample.value)).collect();
        assert_eq!(
            lines,
            [
                r#"wait_seconds_bucket{le="0.5", queue="a"} 1"#,
                r#"wait_seconds_bucket{le="+Inf", queue="a"} 3"#,
                r#"wait_seconds_sum{queue="a"} 4.5"#,
                r#"wait_seconds_count{queue="a"} 3"#,
            ]
        );
    }

    #[test]
    fn only_histograms_and_summaries_own_derived_names() {
        let histogram = Family::new("h", MetricType::Histogram, "");
        assert!(histogram.owns("h_bucket") && histogram.owns("h_count") && !histogram.owns("h_total"));
        let summary = Family::new("s", MetricType::Summary, "");
        assert!(summary.owns("s") && summary.owns("s_sum") && !summary.owns("s_bucket"));
        assert!(!Family::gauge("g", "").owns("g_count"));
    }
}
