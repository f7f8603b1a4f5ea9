//! Rows on their way into the store.

use std::ops::Range;

use crowsnest_api::{JOB, METRIC_NAME, Sample, Timestamp};
use crowsnest_cluster_metrics::Row;
use crowsnest_tsdb::{PushedLabels, PushedSeries, WireLabel};

/// What kube-state-metrics is scraped as.
pub(super) const KUBE_STATE_METRICS: &str = "kube-state-metrics";

/// Rows, their text in one place.
#[derive(Default)]
pub(super) struct Batch {
    text: Vec<u8>,
    /// Name and value of each label, sorted by name within a row.
    labels: Vec<(Range<usize>, Range<usize>)>,
    /// Where the labels of each row end, and its value.
    rows: Vec<(usize, f64)>,
}

impl Batch {
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.labels.clear();
        self.rows.clear();
    }

    /// Adds a row, with the labels that all have.
    pub(super) fn add(&mut self, row: Row<'_>) {
        let begin = self.labels.len();
        let own = [(METRIC_NAME, row.name), (JOB, KUBE_STATE_METRICS)];
        for &(name, value) in own.iter().chain(row.labels) {
            // An empty value means that there is no such label.
            if !value.is_empty() {
                let label = (self.store(name), self.store(value));
                self.labels.push(label);
            }
        }
        let text = &self.text;
        if let Some(labels) = self.labels.get_mut(begin..) {
            labels.sort_by(|(a, _), (b, _)| text.get(a.clone()).cmp(&text.get(b.clone())));
        }
        self.rows.push((self.labels.len(), row.value));
    }

    fn store(&mut self, text: &str) -> Range<usize> {
        let begin = self.text.len();
        self.text.extend_from_slice(text.as_bytes());
        begin..self.text.len()
    }

    /// Labels as the store takes them.
    pub(super) fn wire(&self) -> Vec<WireLabel<'_>> {
        let text = |range: &Range<usize>| self.text.get(range.clone()).unwrap_or_default();
        self.labels.iter().map(|(name, value)| WireLabel { name: text(name), value: text(value) }).collect()
    }

    /// A sample of each row.
    pub(super) fn samples(&self, timestamp: Timestamp) -> Vec<Sample> {
        self.rows.iter().map(|&(_, value)| Sample { timestamp, value }).collect()
    }

    /// Every row with its labels and its sample.
    pub(super) fn series<'a>(
        &self,
        wire: &'a [WireLabel<'a>],
        samples: &'a [Sample],
    ) -> Vec<PushedSeries<'a>> {
        let mut begin = 0;
        let rows = self.rows.iter().zip(samples.chunks(1));
        let series = rows.map(|(&(end, _), samples)| {
            let labels = wire.get(begin..end).unwrap_or_default();
            begin = end;
            PushedSeries { labels: PushedLabels::Wire(labels), samples, extras: None }
        });
        series.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_sorted_complete_and_never_empty() {
        let mut batch = Batch::default();
        batch.add(Row { name: "kube_x", labels: &[("zone", "z"), ("empty", ""), ("app", "a")], value: 2.0 });
        batch.add(Row { name: "kube_y", labels: &[], value: 3.0 });
        let (wire, samples) = (batch.wire(), batch.samples(Timestamp::from_millis(5)));
        let series = batch.series(&wire, &samples);
        let told: Vec<String> =
            series.iter().map(|one| one.labels.to_labels().unwrap().to_string()).collect();
        assert_eq!(
            told,
            [r#"kube_x{app="a", job="kube-state-metrics", zone="z"}"#, r#"kube_y{job="kube-state-metrics"}"#,]
        );
        assert_eq!(series[0].samples, [Sample { timestamp: Timestamp::from_millis(5), value: 2.0 }]);
    }
}
