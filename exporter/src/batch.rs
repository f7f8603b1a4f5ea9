//! From families to remote-write bodies: identity labels, one timestamp, staleness markers, metadata now and then.
//!
//! Pure: the time is handed in, nothing is sent from here.

use std::collections::HashSet;

use crowsnest_api::remote_write::{LabelPair, MetricMetadata, TimeSeries, WireSample, WriteRequest};
use crowsnest_api::{INSTANCE, JOB, Labels, Timestamp, stale_nan};
use crowsnest_scrape::Family;
use prost::Message;

use crate::queue::Record;

/// The job of host metrics, as node_exporter's dashboards and rules expect it.
const NODE_JOB: &str = "node-exporter";
/// Series in one body; Prometheus's own sender uses the same.
const SERIES_PER_BODY: usize = 2000;
/// Collections between two that carry the families' types and help.
const METADATA_EVERY: u64 = 20;

/// Turns collections into bodies that are ready to be sent.
pub struct Batcher {
    identity: [(&'static str, String); 3],
    /// The series of the last collection, without the identity labels.
    last: HashSet<Labels>,
    collections: u64,
    compressor: snap::raw::Encoder,
}

impl Batcher {
    /// A batcher whose series carry `job="node-exporter"`, `instance=<node>` and `node=<node>`.
    pub fn new(node: &str) -> Self {
        Self {
            identity: [(JOB, NODE_JOB.to_owned()), (INSTANCE, node.to_owned()), ("node", node.to_owned())],
            last: HashSet::new(),
            collections: 0,
            compressor: snap::raw::Encoder::new(),
        }
    }

    /// The bodies of one collection, all of whose samples happened `at` one instant.
    ///
    /// A series that was there last time and is not now gets a staleness marker, so that queries do not show its last
    /// value for another five minutes. There is none for series that were lost by a restart of the agent: the
    /// restarted agent will most likely send them again.
    pub fn batch(&mut self, families: &[Family], at: Timestamp) -> Vec<Record> {
        let current: Vec<(&Labels, f64)> = families
            .iter()
            .flat_map(|family| &family.samples)
            .map(|sample| (&sample.labels, sample.value))
            .collect();
        let seen: HashSet<Labels> = current.iter().map(|(labels, _)| (*labels).clone()).collect();
        let gone = self.last.difference(&seen).map(|labels| (labels, stale_nan()));
        let mut requests = vec![WriteRequest::default()];
        for (labels, value) in current.iter().copied().chain(gone) {
            let series = self.time_series(labels, value, at);
            match requests.last_mut() {
                Some(request) if request.timeseries.len() < SERIES_PER_BODY => {
                    request.timeseries.push(series);
                }
                _ => requests.push(WriteRequest { timeseries: vec![series], metadata: Vec::new() }),
            }
        }
        if let Some(first) = requests.first_mut()
            && self.collections.is_multiple_of(METADATA_EVERY)
        {
            first.metadata = families.iter().map(metadata).collect();
        }
        self.collections += 1;
        self.last = seen;
        requests.retain(|request| !request.timeseries.is_empty());
        requests.into_iter().filter_map(|request| self.pack(&request, at)).collect()
    }

    fn time_series(&self, labels: &Labels, value: f64, at: Timestamp) -> TimeSeries {
        let mut builder = labels.to_builder();
        for (name, value) in &self.identity {
            builder.set(*name, value);
        }
        let pair = |label: &crowsnest_api::Label| LabelPair {
            name: label.name.as_str().to_owned(),
            value: label.value.as_str().to_owned(),
        };
        TimeSeries {
            labels: builder.build().iter().map(pair).collect(),
            samples: vec![WireSample { value, timestamp: at.millis() }],
        }
    }

    /// `None` only for a body above snappy's limit of 4 GiB, which 2000 series do not reach.
    fn pack(&mut self, request: &WriteRequest, at: Timestamp) -> Option<Record> {
        let samples = u32::try_from(request.timeseries.len()).unwrap_or(u32::MAX);
        let body = self.compressor.compress_vec(&request.encode_to_vec()).ok()?;
        Some(Record { at, samples, body: body.into() })
    }
}

fn metadata(family: &Family) -> MetricMetadata {
    MetricMetadata {
        r#type: family.kind.into(),
        metric_family_name: family.name.as_str().to_owned(),
        help: family.help.as_str().to_owned(),
        unit: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crowsnest_api::is_stale;

    const AT: Timestamp = Timestamp::from_millis(15_000);

    fn unpack(record: &Record) -> WriteRequest {
        let plain = snap::raw::Decoder::new().decompress_vec(&record.body).unwrap();
        WriteRequest::decode(plain.as_slice()).unwrap()
    }

    fn names(request: &WriteRequest) -> Vec<String> {
        request
            .timeseries
            .iter()
            .map(|series| series.labels.iter().map(|l| format!("{}={} ", l.name, l.value)).collect())
            .collect()
    }

    #[test]
    fn series_carry_the_nodes_identity_in_sorted_labels_and_the_one_timestamp() {
        let families = [Family::gauge("a", "").with(&[("zone", "z")], 1.5)];
        let records = Batcher::new("n1").batch(&families, AT);
        let [record] = &records[..] else { panic!("one body") };
        let request = unpack(record);
        assert_eq!(names(&request), ["__name__=a instance=n1 job=node-exporter node=n1 zone=z "]);
        assert_eq!(request.timeseries[0].samples, [WireSample { value: 1.5, timestamp: 15_000 }]);
        assert_eq!((record.samples, record.at), (1, AT));
    }

    #[test]
    fn a_series_that_vanishes_gets_one_staleness_marker() {
        let mut batcher = Batcher::new("n1");
        let both = [Family::gauge("a", "").with(&[("x", "1")], 1.0).with(&[("x", "2")], 2.0)];
        let one = [Family::gauge("a", "").with(&[("x", "1")], 1.0)];
        let stale = |records: Vec<Record>| -> Vec<bool> {
            unpack(&records[0]).timeseries.iter().map(|series| is_stale(series.samples[0].value)).collect()
        };
        assert_eq!(stale(batcher.batch(&both, AT)), [false, false]);
        assert_eq!(stale(batcher.batch(&one, AT)), [false, true]);
        assert_eq!(stale(batcher.batch(&one, AT)), [false]);
    }

    #[test]
    fn metadata_is_sent_first_and_then_now_and_then() {
        let mut batcher = Batcher::new("n1");
        let families = [Family::counter("a_total", "Counts.").with(&[], 1.0)];
        let with_metadata: Vec<u64> = (0..=METADATA_EVERY)
            .filter(|_| !unpack(&batcher.batch(&families, AT)[0]).metadata.is_empty())
            .collect();
        assert_eq!(with_metadata, [0, METADATA_EVERY]);
    }

    #[test]
    fn large_collections_are_split_into_several_bodies() {
        let mut family = Family::gauge("a", "");
        for n in 0..SERIES_PER_BODY + 1 {
            family.push(&[("n", &n.to_string())], 0.0);
        }
        let samples: Vec<u32> =
            Batcher::new("n1").batch(&[family], AT).iter().map(|record| record.samples).collect();
        assert_eq!(samples, [2000, 1]);
    }

    #[test]
    fn nothing_collected_gives_no_body() {
        assert!(Batcher::new("n1").batch(&[], AT).is_empty());
    }
}
