//! Series as bytes of a remote-write 1.0 request, written straight from label sets.
//!
//! Building the request's structures first and encoding them afterwards takes three allocations a label; this takes none.
//! Field numbers are those of `prometheus.WriteRequest`; the test holds the bytes against the structures.

use crowsnest_api::{JOB, Labels, Timestamp};
use prost::bytes::BufMut;
use prost::encoding::{encode_varint, encoded_len_varint};

/// Field number and wire type: length-delimited, varint, 64 bits.
const fn key(field: u8, wire_type: u8) -> u8 {
    field << 3 | wire_type
}

const REQUEST_TIMESERIES: u8 = key(1, 2);
const SERIES_LABELS: u8 = key(1, 2);
const SERIES_SAMPLES: u8 = key(2, 2);
const LABEL_NAME: u8 = key(1, 2);
const LABEL_VALUE: u8 = key(2, 2);
const SAMPLE_VALUE: u8 = key(1, 1);
const SAMPLE_TIMESTAMP: u8 = key(2, 0);

/// The labels that every series gets, sorted by name.
pub(super) type Identity = [(&'static str, String); 3];

/// Appends one series with one sample. Labels of the identity replace those of the series, but for a job that the
/// series says itself: containers are known by the job of the kubelet, whoever reports them.
pub(super) fn push_series(
    buffer: &mut Vec<u8>,
    labels: &Labels,
    identity: &Identity,
    value: f64,
    at: Timestamp,
) {
    // Protobuf has no varint for negative numbers but the ten bytes of their two's complement.
    let at = at.millis().cast_unsigned();
    let sample_bytes = 1 + 8 + 1 + encoded_len_varint(at);
    let labels_bytes: usize = merged(labels, identity).map(|label| field_bytes(label_bytes(label))).sum();
    buffer.put_u8(REQUEST_TIMESERIES);
    encode_varint((labels_bytes + field_bytes(sample_bytes)) as u64, buffer);
    for label in merged(labels, identity) {
        let (name, value) = label;
        buffer.put_u8(SERIES_LABELS);
        encode_varint(label_bytes(label) as u64, buffer);
        for (key, text) in [(LABEL_NAME, name), (LABEL_VALUE, value)] {
            buffer.put_u8(key);
            encode_varint(text.len() as u64, buffer);
            buffer.put_slice(text.as_bytes());
        }
    }
    buffer.put_u8(SERIES_SAMPLES);
    encode_varint(sample_bytes as u64, buffer);
    // Zero is not left out: to a receiver it is all the same, and a request's size does not depend on values.
    buffer.put_u8(SAMPLE_VALUE);
    buffer.put_f64_le(value);
    buffer.put_u8(SAMPLE_TIMESTAMP);
    encode_varint(at, buffer);
}

/// Bytes of a length-delimited field with this much in it.
fn field_bytes(content: usize) -> usize {
    1 + encoded_len_varint(content as u64) + content
}

fn label_bytes((name, value): (&str, &str)) -> usize {
    field_bytes(name.len()) + field_bytes(value.len())
}

/// The labels of a series with those of the identity, sorted by name.
fn merged<'a>(labels: &'a Labels, identity: &'a Identity) -> impl Iterator<Item = (&'a str, &'a str)> {
    let has_job = labels.get(JOB).is_some();
    let mut own = labels.iter().map(|label| (label.name.as_str(), label.value.as_str())).peekable();
    let identity = identity.iter().map(|(name, value)| (*name, value.as_str()));
    let mut given = identity.filter(move |(name, _)| *name != JOB || !has_job).peekable();
    std::iter::from_fn(move || {
        let next = match (own.peek(), given.peek()) {
            (Some((own, _)), Some((given, _))) => own.cmp(given),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, _) => std::cmp::Ordering::Greater,
        };
        match next {
            std::cmp::Ordering::Less => own.next(),
            std::cmp::Ordering::Equal => {
                own.next();
                given.next()
            }
            std::cmp::Ordering::Greater => given.next(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crowsnest_api::remote_write::{LabelPair, TimeSeries, WireSample, WriteRequest};
    use prost::Message;

    #[test]
    fn the_bytes_are_those_of_the_requests_structures() {
        let identity: Identity =
            [("instance", "n1".to_owned()), ("job", "node".to_owned()), ("node", "n1".to_owned())];
        let long = "x".repeat(300);
        let sets = [
            Labels::from_pairs([("__name__", "up")]),
            Labels::from_pairs([("__name__", "a"), ("zone", long.as_str()), ("node", "other")]),
            Labels::from_pairs([("__name__", "a"), ("job", "kubelet")]),
        ];
        let expected = [
            vec![("__name__", "up"), ("instance", "n1"), ("job", "node"), ("node", "n1")],
            vec![("__name__", "a"), ("instance", "n1"), ("job", "node"), ("node", "n1"), ("zone", &long)],
            vec![("__name__", "a"), ("instance", "n1"), ("job", "kubelet"), ("node", "n1")],
        ];
        let mut bytes = Vec::new();
        for labels in &sets {
            push_series(&mut bytes, labels, &identity, 1.5, Timestamp::from_millis(1_700_000_000_123));
        }
        let series = |labels: &Vec<(&str, &str)>| TimeSeries {
            labels: labels
                .iter()
                .map(|(name, value)| LabelPair { name: (*name).to_owned(), value: (*value).to_owned() })
                .collect(),
            samples: vec![WireSample { value: 1.5, timestamp: 1_700_000_000_123 }],
            histograms: Vec::new(),
        };
        let request =
            WriteRequest { timeseries: expected.iter().map(series).collect(), metadata: Vec::new() };
        assert_eq!(bytes, request.encode_to_vec());
    }

    #[test]
    fn zeros_and_times_before_the_epoch_are_read_back() {
        let identity: Identity =
            [("instance", String::new()), ("job", String::new()), ("node", String::new())];
        let mut bytes = Vec::new();
        push_series(&mut bytes, &Labels::empty(), &identity, 0.0, Timestamp::from_millis(-1));
        let request = WriteRequest::decode(bytes.as_slice()).unwrap();
        assert_eq!(request.timeseries[0].samples, [WireSample { value: 0.0, timestamp: -1 }]);
    }
}
