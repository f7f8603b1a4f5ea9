//! From the bytes of a push to series: snappy, then protobuf, one series at a time.
//!
//! The message is walked by hand instead of being decoded whole: a few megabytes of empty messages would otherwise
//! become gigabytes in memory.

use crowsnest_api::remote_write::{MetricMetadata, TimeSeries};
use crowsnest_api::{Label, Labels, Sample};
use crowsnest_tsdb::{Metadata, Rejection, SeriesBatch};
use prost::Message as _;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

use super::invalid_labels;
use crate::http::{ApiError, ErrorKind};

/// The most that a push may decompress to.
pub(super) const MAX_DECOMPRESSED: usize = 32 << 20;
/// The most that one series with its samples may take.
const MAX_SERIES_BYTES: usize = 4 << 20;
/// Metadata of more families in one push is left out.
const MAX_METADATA: usize = 20_000;

/// Metadata of families with longer names or units is left out, and longer help is cut.
const MAX_NAME_BYTES: usize = 1024;
const MAX_HELP_CHARS: usize = 2048;

const TIMESERIES: u32 = 1;
const METADATA: u32 = 3;

/// What a push carries.
#[derive(Debug, Default)]
pub(super) struct Decoded {
    pub(super) series: Vec<SeriesBatch>,
    pub(super) metadata: Vec<Metadata>,
    /// Series whose labels make no series.
    pub(super) rejected: Vec<Rejection>,
}

/// Undoes snappy's block format. What the body says it will become is checked before memory is taken for it.
pub(super) fn decompress(body: &[u8]) -> Result<Vec<u8>, ApiError> {
    let bad =
        |error: snap::Error| ApiError::bad_request(format!("the body is not snappy's block format: {error}"));
    let declared = snap::raw::decompress_len(body).map_err(bad)?;
    if declared > MAX_DECOMPRESSED {
        return Err(ApiError::new(
            ErrorKind::TooLarge,
            format!(
                "the push decompresses to {declared} bytes, at most {MAX_DECOMPRESSED} are allowed; send smaller ones"
            ),
        ));
    }
    snap::raw::Decoder::new().decompress_vec(body).map_err(bad)
}

/// Reads a `prometheus.WriteRequest`. Series with bad labels are put aside; bad bytes fail the push as a whole.
pub(super) fn decode(mut request: &[u8]) -> Result<Decoded, ApiError> {
    let mut decoded = Decoded::default();
    let buf = &mut request;
    while !buf.is_empty() {
        let (field, wire) = decode_key(buf).map_err(|error| malformed(&error))?;
        match (field, wire) {
            (TIMESERIES, WireType::LengthDelimited) => {
                let message = length_delimited(buf)?;
                if message.len() > MAX_SERIES_BYTES {
                    let limit = format!("one series has more than {MAX_SERIES_BYTES} bytes");
                    return Err(ApiError::new(ErrorKind::TooLarge, limit));
                }
                decoded.add(TimeSeries::decode(message).map_err(|error| malformed(&error))?);
            }
            (METADATA, WireType::LengthDelimited) => {
                let metadata =
                    MetricMetadata::decode(length_delimited(buf)?).map_err(|error| malformed(&error))?;
                if decoded.metadata.len() < MAX_METADATA {
                    decoded.metadata.extend(describe(metadata));
                }
            }
            (other, wire) => {
                skip_field(wire, other, buf, DecodeContext::default()).map_err(|error| malformed(&error))?;
            }
        }
    }
    Ok(decoded)
}

fn malformed(error: &prost::DecodeError) -> ApiError {
    ApiError::bad_request(format!("the body is not a prometheus.WriteRequest: {error}"))
}

fn length_delimited<'a>(buf: &mut &'a [u8]) -> Result<&'a [u8], ApiError> {
    let length = decode_varint(buf).map_err(|error| malformed(&error))?;
    let split = usize::try_from(length).ok().and_then(|length| buf.split_at_checked(length));
    let (message, rest) = split.ok_or_else(|| {
        ApiError::bad_request("the body is not a prometheus.WriteRequest: it ends in mid-message")
    })?;
    *buf = rest;
    Ok(message)
}

impl Decoded {
    fn add(&mut self, series: TimeSeries) {
        let mut samples: Vec<Sample> =
            series.samples.iter().map(|sample| Sample::new(sample.timestamp, sample.value)).collect();
        // An empty value means that the label is absent.
        let pairs = series.labels.into_iter().filter(|label| !label.value.is_empty());
        let labels: Vec<Label> =
            pairs.map(|label| Label { name: label.name.into(), value: label.value.into() }).collect();
        if labels.is_empty() {
            self.reject(samples.len(), "a series without labels".to_owned());
        } else if !labels.is_sorted_by(|a, b| a.name < b.name) {
            self.reject(samples.len(), format!("labels unsorted or repeated: {}", excerpt(&labels)));
        } else if let Some(labels) = Labels::from_sorted(labels).filter(|_| !samples.is_empty()) {
            samples.sort_by_key(|sample| sample.timestamp);
            self.series.push(SeriesBatch { labels, samples });
        }
    }

    fn reject(&mut self, samples: usize, example: String) {
        super::add(&mut self.rejected, invalid_labels(samples, example));
    }
}

fn excerpt(labels: &[Label]) -> String {
    let names: Vec<String> =
        labels.iter().take(8).map(|label| label.name.chars().take(40).collect()).collect();
    names.join(", ")
}

fn describe(metadata: MetricMetadata) -> Option<Metadata> {
    if metadata.metric_family_name.len().max(metadata.unit.len()) > MAX_NAME_BYTES {
        return None;
    }
    let kind = metadata.r#type().as_str();
    let mut help = metadata.help;
    if let Some((end, _)) = help.char_indices().nth(MAX_HELP_CHARS) {
        help.truncate(end);
        help.shrink_to_fit();
    }
    Some(Metadata {
        family: metadata.metric_family_name.into(),
        kind: kind.into(),
        help,
        unit: metadata.unit.into(),
    })
}

#[cfg(test)]
mod tests {
    use crowsnest_api::remote_write::{LabelPair, WireSample, WriteRequest};

    use super::*;

    fn series(labels: &[(&str, &str)], samples: &[(i64, f64)]) -> TimeSeries {
        TimeSeries {
            labels: labels
                .iter()
                .map(|(name, value)| LabelPair { name: (*name).into(), value: (*value).into() })
                .collect(),
            samples: samples
                .iter()
                .map(|(timestamp, value)| WireSample { timestamp: *timestamp, value: *value })
                .collect(),
        }
    }

    fn encode(timeseries: Vec<TimeSeries>) -> Vec<u8> {
        WriteRequest { timeseries, metadata: vec![] }.encode_to_vec()
    }

    #[test]
    fn a_push_is_read_with_samples_in_order_of_time() {
        let decoded =
            decode(&encode(vec![series(&[("__name__", "up"), ("job", "a")], &[(2, 2.0), (1, 1.0)])]))
                .unwrap();
        assert_eq!(decoded.series[0].labels.to_string(), r#"up{job="a"}"#);
        assert_eq!(decoded.series[0].samples, [Sample::new(1, 1.0), Sample::new(2, 2.0)]);
        assert!(decoded.rejected.is_empty());
    }

    #[test]
    fn bad_labels_reject_their_series_and_no_other() {
        let decoded = decode(&encode(vec![
            series(&[("job", "a"), ("__name__", "up")], &[(1, 1.0), (2, 1.0)]),
            series(&[("__name__", "up"), ("a", "1"), ("a", "2")], &[(1, 1.0)]),
            series(&[], &[]),
            series(&[("__name__", "good"), ("empty", "")], &[(1, 1.0)]),
        ]))
        .unwrap();
        assert_eq!(decoded.series.len(), 1);
        assert_eq!(decoded.rejected.len(), 1);
        assert_eq!(decoded.rejected[0].samples, 4);
    }

    #[test]
    fn every_prefix_of_a_push_is_read_or_refused_without_a_panic() {
        let whole = encode(vec![series(&[("__name__", "up"), ("job", "a")], &[(1, 1.0)])]);
        for end in 0..whole.len() {
            drop(decode(&whole[..end]));
        }
        assert!(decode(&whole[..whole.len() - 1]).is_err());
        assert!(decode(&[0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]).is_err(), "a length beyond the end");
    }

    #[test]
    fn fields_that_are_not_known_are_skipped() {
        let mut request = vec![0x7a, 0x03, 1, 2, 3];
        request.extend(encode(vec![series(&[("__name__", "up")], &[(1, 1.0)])]));
        assert_eq!(decode(&request).unwrap().series.len(), 1);
    }

    #[test]
    fn a_body_that_would_become_too_large_is_refused_before_it_does() {
        // A declared length of 4 GiB - 1 and nothing behind it.
        assert!(decompress(&[0xff, 0xff, 0xff, 0xff, 0x0f]).is_err());
        assert!(decompress(b"not snappy").is_err());
        assert!(decompress(&[]).is_err());
        let good = snap::raw::Encoder::new().compress_vec(b"hello").unwrap();
        assert_eq!(decompress(&good).unwrap(), b"hello");
    }

    #[test]
    fn help_is_cut_and_metadata_with_absurd_names_left_out() {
        let metadata = |name: &str, help: &str| MetricMetadata {
            metric_family_name: name.to_owned(),
            help: help.to_owned(),
            ..MetricMetadata::default()
        };
        let metadata = vec![
            metadata("up", &"é".repeat(MAX_HELP_CHARS + 1)),
            metadata(&"x".repeat(MAX_NAME_BYTES + 1), ""),
        ];
        let decoded = decode(&WriteRequest { timeseries: vec![], metadata }.encode_to_vec()).unwrap();
        assert_eq!(decoded.metadata.len(), 1);
        assert_eq!(decoded.metadata[0].help, "é".repeat(MAX_HELP_CHARS));
    }

    #[test]
    fn millions_of_empty_series_do_not_fill_the_memory() {
        let request = [0x0a, 0x00].repeat(1 << 20);
        let decoded = decode(&request).unwrap();
        assert!(decoded.series.is_empty());
        assert_eq!(decoded.rejected[0].samples, 1 << 20);
    }
}
