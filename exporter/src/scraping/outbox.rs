//! From samples of a scrape to remote-write bodies in the queue. Labels are encoded once, when a series is first met.

use std::sync::{Arc, Mutex, PoisonError};

use crowsnest_api::remote_write::{LabelPair, MetricMetadata};
use crowsnest_api::{Labels, Timestamp};
use crowsnest_scrape::{FamilyFacts, Kept, Outgoing, Point};
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint, message};
use tokio::sync::Notify;
use tokio::task::spawn_blocking;

use crate::push::SharedQueue;
use crate::queue::Record;

/// Series in one body; Prometheus's own sender uses the same.
const SERIES_PER_BODY: u32 = 2000;
/// Field numbers of `WriteRequest` and `TimeSeries`.
const TIMESERIES: u32 = 1;
const METADATA: u32 = 3;
const LABELS: u32 = 1;
const SAMPLES: u32 = 2;
const HISTOGRAMS: u32 = 4;
/// Field numbers of `Sample`.
const VALUE: u32 = 1;
const TIME: u32 = 2;

/// The labels of a series as they stand in a `TimeSeries`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct EncodedLabels(Arc<[u8]>);

impl Kept for EncodedLabels {
    fn of(labels: Labels) -> Self {
        let mut bytes = Vec::new();
        for label in &labels {
            let pair =
                LabelPair { name: label.name.as_str().to_owned(), value: label.value.as_str().to_owned() };
            message::encode(LABELS, &pair, &mut bytes);
        }
        Self(bytes.into())
    }
}

/// Where bodies go.
pub(crate) struct Outbox {
    queue: SharedQueue,
    /// Told when something was added.
    added: Arc<Notify>,
    compressor: Mutex<snap::raw::Encoder>,
}

/// The bodies of one scrape.
#[derive(Default)]
pub(crate) struct Bodies {
    done: Vec<(u32, Vec<u8>)>,
    current: Vec<u8>,
    series: u32,
}

impl Outbox {
    /// One that fills this queue.
    pub(crate) fn new(queue: SharedQueue, added: Arc<Notify>) -> Self {
        Self { queue, added, compressor: Mutex::new(snap::raw::Encoder::new()) }
    }

    /// Queues the bodies of a scrape that was due `at` a time.
    pub(crate) async fn send(self: &Arc<Self>, mut bodies: Bodies, at: Timestamp) {
        bodies.close();
        if bodies.done.is_empty() {
            return;
        }
        let outbox = Arc::clone(self);
        // The queue writes to the disk. It fails only when the runtime is shut down, which ends everything.
        let _ = spawn_blocking(move || outbox.push(bodies, at)).await;
        self.added.notify_one();
    }

    fn push(&self, bodies: Bodies, at: Timestamp) {
        for (samples, body) in bodies.done {
            let mut compressor = self.compressor.lock().unwrap_or_else(PoisonError::into_inner);
            // Fails only for a body above snappy's limit of 4 GiB, which 2000 series do not reach.
            let Ok(body) = compressor.compress_vec(&body) else { continue };
            let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            queue.push(Record { at, samples, body: body.into() });
        }
    }
}

impl Bodies {
    /// Adds a sample.
    pub(crate) fn add(&mut self, sample: Outgoing<'_, EncodedLabels>) {
        let labels = &sample.series.0;
        let at = sample.at.millis();
        let body = &mut self.current;
        encode_key(TIMESERIES, WireType::LengthDelimited, body);
        match sample.point {
            Point::Float(value) => {
                // The value's key and eight bytes, the time's key and its varint.
                let time = at.cast_unsigned();
                let sample_len = 1 + 8 + 1 + encoded_len_varint(time);
                let len = labels.len() + 1 + encoded_len_varint(sample_len as u64) + sample_len;
                encode_varint(len as u64, body);
                body.extend_from_slice(labels);
                encode_key(SAMPLES, WireType::LengthDelimited, body);
                encode_varint(sample_len as u64, body);
                encode_key(VALUE, WireType::SixtyFourBit, body);
                body.extend_from_slice(&value.to_le_bytes());
                encode_key(TIME, WireType::Varint, body);
                encode_varint(time, body);
            }
            Point::Histogram(mut histogram) => {
                histogram.timestamp = at;
                encode_varint((labels.len() + message::encoded_len(HISTOGRAMS, &*histogram)) as u64, body);
                body.extend_from_slice(labels);
                message::encode(HISTOGRAMS, &*histogram, body);
            }
        }
        self.series += 1;
        if self.series >= SERIES_PER_BODY {
            self.close();
        }
    }

    /// Adds what is known of families.
    pub(crate) fn describe(&mut self, facts: &[FamilyFacts]) {
        for family in facts {
            let metadata = MetricMetadata {
                r#type: family.kind.into(),
                metric_family_name: family.name.as_str().to_owned(),
                help: family.help.as_str().to_owned(),
                unit: family.unit.as_str().to_owned(),
            };
            message::encode(METADATA, &metadata, &mut self.current);
        }
    }

    fn close(&mut self) {
        if !self.current.is_empty() {
            self.done.push((std::mem::take(&mut self.series), std::mem::take(&mut self.current)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crowsnest_api::remote_write::{Histogram, WriteRequest};
    use prost::Message as _;

    #[test]
    fn bodies_are_what_the_messages_would_be() {
        let labels = EncodedLabels::of(Labels::from_pairs([("__name__", "a"), ("x", "ö")]));
        let mut bodies = Bodies::default();
        let at = Timestamp::from_millis(1500);
        let histogram = Histogram { count_int: Some(3), sum: 2.5, ..Default::default() };
        for point in [Point::Float(1.5), Point::Float(0.0), Point::Histogram(Box::new(histogram))] {
            bodies.add(Outgoing { series: &labels, point, at });
        }
        let at = Timestamp::from_millis(-1);
        bodies.add(Outgoing { series: &labels, point: Point::Float(2.0), at });
        bodies.describe(&[FamilyFacts { name: "a".into(), help: "Help.".into(), ..Default::default() }]);
        bodies.close();
        let request = WriteRequest::decode(bodies.done[0].1.as_slice()).unwrap();
        let shown: Vec<String> = request
            .timeseries
            .iter()
            .map(|series| {
                let labels: Vec<String> =
                    series.labels.iter().map(|l| format!("{}={}", l.name, l.value)).collect();
                let floats: Vec<(f64, i64)> = series.samples.iter().map(|s| (s.value, s.timestamp)).collect();
                let native: Vec<_> = series.histograms.iter().map(|h| (h.count_int, h.timestamp)).collect();
                format!("{} {floats:?} {native:?}", labels.join(" "))
            })
            .collect();
        assert_eq!(
            shown,
            [
                "__name__=a x=ö [(1.5, 1500)] []",
                "__name__=a x=ö [(0.0, 1500)] []",
                "__name__=a x=ö [] [(Some(3), 1500)]",
                "__name__=a x=ö [(2.0, -1)] []",
            ]
        );
        assert_eq!(request.metadata[0].help, "Help.");
    }

    #[test]
    fn many_series_make_several_bodies() {
        let labels = EncodedLabels::of(Labels::from_pairs([("__name__", "a")]));
        let mut bodies = Bodies::default();
        for _ in 0..=SERIES_PER_BODY {
            let at = Timestamp::from_millis(0);
            bodies.add(Outgoing { series: &labels, point: Point::Float(1.0), at });
        }
        bodies.close();
        assert_eq!(bodies.done.iter().map(|(series, _)| *series).collect::<Vec<_>>(), [2000, 1]);
    }
}
