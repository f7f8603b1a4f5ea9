//! From families to remote-write bodies: identity labels, one timestamp, staleness markers, metadata now and then.
//!
//! Pure: the time is handed in, nothing is sent from here.

mod encode;

use std::collections::HashSet;

use bytes::Bytes;
use crowsnest_api::remote_write::{MetricMetadata, WriteRequest};
use crowsnest_api::{INSTANCE, JOB, Labels, Timestamp, stale_nan};
use crowsnest_scrape::Family;
use prost::Message;

use self::encode::{Identity, push_series};
use crate::queue::Record;

/// The job of host metrics, as node_exporter's dashboards and rules expect it.
const NODE_JOB: &str = "node-exporter";
/// Series in one body; Prometheus's own sender uses the same.
const SERIES_PER_BODY: usize = 2000;
/// Collections between two that carry the families' types and help.
const METADATA_EVERY: u64 = 20;

/// Turns collections into bodies that are ready to be sent.
pub struct Batcher {
    identity: Identity,
    /// The series of the last collection, in its order, without the identity labels.
    last: Vec<Labels>,
    collections: u64,
    compressor: snap::raw::Encoder,
    /// The body that is being written, and its compressed form: kept so that their memory is used again.
    plain: Vec<u8>,
    packed: Vec<u8>,
}

impl Batcher {
    /// A batcher whose series carry `job="node-exporter"`, `instance=<node>` and `node=<node>`.
    pub fn new(node: &str) -> Self {
        Self {
            identity: [(INSTANCE, node.to_owned()), (JOB, NODE_JOB.to_owned()), ("node", node.to_owned())],
            last: Vec::new(),
            collections: 0,
            compressor: snap::raw::Encoder::new(),
            plain: Vec::new(),
            packed: Vec::new(),
        }
    }

    /// The bodies of one collection, all of whose samples happened `at` one instant.
    ///
    /// A series that was there last time and is not now gets a staleness marker, so that queries do not show its last
    /// value for another five minutes. There is none for series that were lost by a restart of the agent: the
    /// restarted agent will most likely send them again.
    pub fn batch(&mut self, families: &[Family], at: Timestamp) -> Vec<Record> {
        let samples = || families.iter().flat_map(|family| &family.samples);
        let gone = self.replace_last(samples().map(|sample| &sample.labels));
        let current = samples().map(|sample| (&sample.labels, sample.value));
        let all: Vec<(&Labels, f64)> =
            current.chain(gone.iter().map(|labels| (labels, stale_nan()))).collect();
        if self.collections.is_multiple_of(METADATA_EVERY) && !all.is_empty() {
            let metadata = families.iter().map(metadata).collect();
            self.plain = WriteRequest { timeseries: Vec::new(), metadata }.encode_to_vec();
        }
        self.collections += 1;
        all.chunks(SERIES_PER_BODY).filter_map(|series| self.body(series, at)).collect()
    }

    /// Keeps the series of this collection and gives those of the last that are not among them. Nearly always both are
    /// the same in the same order.
    fn replace_last<'a>(&mut self, current: impl Iterator<Item = &'a Labels> + Clone) -> Vec<Labels> {
        if current.clone().eq(&self.last) {
            return Vec::new();
        }
        let seen: HashSet<&Labels> = current.clone().collect();
        let gone = self.last.iter().filter(|labels| !seen.contains(labels)).cloned().collect();
        self.last = current.cloned().collect();
        gone
    }

    /// A body with these series, behind what has been written already. `None` only for one above snappy's limit of
    /// 4 GiB, which 2000 series do not reach.
    fn body(&mut self, series: &[(&Labels, f64)], at: Timestamp) -> Option<Record> {
        for (labels, value) in series {
            push_series(&mut self.plain, labels, &self.identity, *value, at);
        }
        self.packed.resize(snap::raw::max_compress_len(self.plain.len()), 0);
        let length = self.compressor.compress(&self.plain, &mut self.packed);
        self.plain.clear();
        let body = Bytes::copy_from_slice(self.packed.get(..length.ok()?)?);
        Some(Record { at, samples: u32::try_from(series.len()).unwrap_or(u32::MAX), body })
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
    use crowsnest_api::remote_write::WireSample;

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
    fn a_series_that_says_its_job_keeps_it_and_gets_the_rest() {
        let families = [Family::gauge("a", "").with(&[("job", "kubelet"), ("node", "other")], 1.0)];
        let records = Batcher::new("n1").batch(&families, AT);
        assert_eq!(names(&unpack(&records[0])), ["__name__=a instance=n1 job=kubelet node=n1 "]);
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
