//! From the bytes of a push to series: snappy, then protobuf, one series at a time.
//!
//! The message is walked by hand: labels and samples go into two long lists, and the texts stay in the request. A few
//! megabytes of empty messages, decoded whole, would become gigabytes in memory.

mod v2;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crowsnest_api::remote_write::{Histogram, MetricMetadata};
use crowsnest_api::{Sample, Timestamp};
use crowsnest_tsdb::{Extras, Metadata, PushedLabels, PushedSeries, RejectReason, Rejection, WireLabel};
use prost::Message as _;

pub(super) use v2::decode as decode_v2;

use super::invalid_labels;
use super::wire::{Kind, Malformed, Message};
use crate::http::{ApiError, ErrorKind};
use crate::native;

/// The most that a push may decompress to.
pub(super) const MAX_DECOMPRESSED: usize = 32 << 20;
/// The most that one series with its samples may take.
const MAX_SERIES_BYTES: usize = 4 << 20;
/// The most native histograms in one push: of each some bytes become hundreds.
const MAX_HISTOGRAMS: usize = 100_000;
/// Metadata of more families in one push is left out.
pub(super) const MAX_METADATA: usize = 20_000;

/// Metadata of families with longer names or units is left out, and longer help is cut.
const MAX_NAME_BYTES: usize = 1024;
const MAX_HELP_CHARS: usize = 2048;

/// Numbers of fields, of `WriteRequest` …
const TIMESERIES: u32 = 1;
const METADATA: u32 = 3;
/// … `TimeSeries` …
const LABEL: u32 = 1;
const SAMPLE: u32 = 2;
const HISTOGRAM: u32 = 4;
/// … `Label` …
const NAME: u32 = 1;
const LABEL_VALUE: u32 = 2;
/// … and `Sample`.
const SAMPLE_VALUE: u32 = 1;
const TIMESTAMP: u32 = 2;

/// What a push carries.
#[derive(Debug, Default)]
pub(super) struct Decoded<'a> {
    labels: Vec<WireLabel<'a>>,
    samples: Vec<Sample>,
    /// Which labels and which samples each series has.
    spans: Vec<(Range<usize>, Range<usize>)>,
    /// What series have beyond floats, by their place.
    extras: BTreeMap<usize, Extras>,
    histograms: usize,
    pub(super) metadata: Vec<Metadata>,
    /// Series without labels, and what is no histogram.
    pub(super) rejected: Vec<Rejection>,
}

/// A series while it is read.
struct Reading {
    first_label: usize,
    first_sample: usize,
    extras: Extras,
    /// Why histograms were refused.
    refused: Vec<String>,
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

/// Reads a `prometheus.WriteRequest`. Bad bytes fail the push as a whole.
pub(super) fn decode(request: &[u8]) -> Result<Decoded<'_>, ApiError> {
    let mut decoded = Decoded::default();
    let mut request = Message(request);
    while let Some((field, kind)) = request.field()? {
        match (field, kind) {
            (TIMESERIES, Kind::Bytes) => {
                decoded.add(series(&mut request)?)?;
            }
            (METADATA, Kind::Bytes) => {
                let metadata = MetricMetadata::decode(request.bytes()?).map_err(malformed)?;
                if decoded.metadata.len() < MAX_METADATA {
                    decoded.metadata.extend(describe(metadata));
                }
            }
            _ => request.skip(kind)?,
        }
    }
    Ok(decoded)
}

/// The message of a series, unless it is too large.
fn series<'a>(request: &mut Message<'a>) -> Result<Message<'a>, ApiError> {
    let message = request.bytes()?;
    if message.len() > MAX_SERIES_BYTES {
        let limit = format!("one series has more than {MAX_SERIES_BYTES} bytes");
        return Err(ApiError::new(ErrorKind::TooLarge, limit));
    }
    Ok(Message(message))
}

fn malformed(error: impl std::fmt::Display) -> ApiError {
    ApiError::bad_request(format!("the body is not a prometheus.WriteRequest: {error}"))
}

impl From<Malformed> for ApiError {
    fn from(error: Malformed) -> Self {
        malformed(error)
    }
}

impl<'a> Decoded<'a> {
    /// The series; samples of each are in the order of time.
    pub(super) fn series(&self) -> impl ExactSizeIterator<Item = PushedSeries<'_>> {
        self.spans.iter().enumerate().map(|(place, (labels, samples))| PushedSeries {
            labels: PushedLabels::Wire(self.labels.get(labels.clone()).unwrap_or_default()),
            samples: self.samples.get(samples.clone()).unwrap_or_default(),
            extras: self.extras.get(&place),
        })
    }

    fn add(&mut self, mut series: Message<'a>) -> Result<(), ApiError> {
        let mut reading = self.begin();
        while let Some((field, kind)) = series.field()? {
            match (field, kind) {
                (LABEL, Kind::Bytes) => {
                    let label = label(series.bytes()?)?;
                    // An empty value means that the label is absent.
                    if !label.value.is_empty() {
                        self.labels.push(label);
                    }
                }
                (SAMPLE, Kind::Bytes) => self.samples.push(sample(Message(series.bytes()?))?),
                (HISTOGRAM, Kind::Bytes) => {
                    let histogram = Histogram::decode(series.bytes()?).map_err(malformed)?;
                    // The field is of 2.0 only.
                    self.add_histogram(&mut reading, &Histogram { start_timestamp: 0, ..histogram })?;
                }
                _ => series.skip(kind)?,
            }
        }
        self.end(reading);
        Ok(())
    }

    fn begin(&self) -> Reading {
        let (first_label, first_sample) = (self.labels.len(), self.samples.len());
        Reading { first_label, first_sample, extras: Extras::default(), refused: Vec::new() }
    }

    fn add_histogram(&mut self, reading: &mut Reading, wire: &Histogram) -> Result<(), ApiError> {
        self.histograms += 1;
        if self.histograms > MAX_HISTOGRAMS {
            let limit =
                format!("more than {MAX_HISTOGRAMS} native histograms in one push; send smaller ones");
            return Err(ApiError::new(ErrorKind::TooLarge, limit));
        }
        let at = Timestamp::from_millis(wire.timestamp);
        match native::from_wire(wire) {
            Ok(histogram) => {
                reading.extras.histograms.push((at, Arc::new(histogram)));
                reading.add_start(at, wire.start_timestamp);
            }
            Err(why) => reading.refused.push(format!("at {at}: {why}")),
        }
        Ok(())
    }

    /// Takes note of when all samples of a series started, when that is told and they do not say it themselves.
    fn start_all(&self, reading: &mut Reading, start: i64) {
        if start == 0 || !reading.extras.starts.is_empty() {
            return;
        }
        let samples = self.samples.get(reading.first_sample..).unwrap_or_default();
        let times: Vec<Timestamp> = samples.iter().map(|sample| sample.timestamp).collect();
        let histograms: Vec<Timestamp> = reading.extras.histograms.iter().map(|(at, _)| *at).collect();
        for at in times.into_iter().chain(histograms) {
            reading.add_start(at, start);
        }
    }

    /// Takes the series, or passes over it when it has no samples, or counts it as refused when it has no labels.
    fn end(&mut self, reading: Reading) {
        let Reading { first_label, first_sample, mut extras, refused } = reading;
        let samples = self.samples.len() - first_sample + extras.histograms.len();
        if self.labels.len() == first_label {
            let samples = samples + refused.len();
            super::add(&mut self.rejected, invalid_labels(samples, "a series without labels".to_owned()));
            self.samples.truncate(first_sample);
            return;
        }
        if let Some(why) = refused.first() {
            let labels = self.labels.get(first_label..).unwrap_or_default();
            let example = format!("{} {why}", shown(labels));
            let (reason, samples) = (RejectReason::InvalidHistogram, refused.len() as u64);
            super::add(&mut self.rejected, Rejection { reason, samples, example });
        }
        if samples == 0 {
            self.labels.truncate(first_label);
            return;
        }
        if let Some(own) = self.samples.get_mut(first_sample..).filter(|own| own.len() > 1) {
            own.sort_by_key(|sample| sample.timestamp);
        }
        if !extras.is_empty() {
            extras.histograms.sort_by_key(|(at, _)| *at);
            extras.starts.sort_by_key(|(at, _)| *at);
            self.extras.insert(self.spans.len(), extras);
        }
        self.spans.push((first_label..self.labels.len(), first_sample..self.samples.len()));
    }
}

impl Reading {
    /// Takes note of when a counter started, when that is told.
    fn add_start(&mut self, at: Timestamp, start: i64) {
        if start != 0 {
            self.extras.starts.push((at, Timestamp::from_millis(start)));
        }
    }
}

/// Labels for people; of long ones the beginning.
fn shown(labels: &[WireLabel<'_>]) -> String {
    let labels = PushedLabels::Wire(labels).to_labels().map_or_else(|why| why, |labels| labels.to_string());
    labels.chars().take(300).collect()
}

fn label(message: &[u8]) -> Result<WireLabel<'_>, ApiError> {
    let (name, value) = match Message(message).two_short_texts() {
        Some(label) => label,
        None => any_label(Message(message))?,
    };
    // Nearly all labels are ASCII throughout, their lengths and field keys included.
    if !message.is_ascii() && [name, value].iter().any(|text| std::str::from_utf8(text).is_err()) {
        return Err(malformed("a label is not UTF-8"));
    }
    Ok(WireLabel { name, value })
}

fn any_label(mut label: Message<'_>) -> Result<(&[u8], &[u8]), Malformed> {
    let (mut name, mut value): (&[u8], &[u8]) = (&[], &[]);
    while let Some((field, kind)) = label.field()? {
        match (field, kind) {
            (NAME, Kind::Bytes) => name = label.bytes()?,
            (LABEL_VALUE, Kind::Bytes) => value = label.bytes()?,
            _ => label.skip(kind)?,
        }
    }
    Ok((name, value))
}

fn sample(mut message: Message<'_>) -> Result<Sample, Malformed> {
    let (mut value, mut timestamp) = (0, 0);
    while let Some((field, kind)) = message.field()? {
        match (field, kind) {
            (SAMPLE_VALUE, Kind::Fixed64) => value = message.fixed64()?,
            (TIMESTAMP, Kind::Varint) => timestamp = message.varint()?,
            _ => message.skip(kind)?,
        }
    }
    Ok(Sample::new(timestamp as i64, f64::from_bits(value)))
}

fn describe(metadata: MetricMetadata) -> Option<Metadata> {
    let kind = metadata.r#type().as_str().into();
    let (family, unit) = (metadata.metric_family_name.into(), metadata.unit.into());
    bounded(Metadata { family, kind, help: metadata.help, unit })
}

/// Leaves out what has absurd names, and cuts long help.
pub(super) fn bounded(mut metadata: Metadata) -> Option<Metadata> {
    if metadata.family.len().max(metadata.unit.len()) > MAX_NAME_BYTES {
        return None;
    }
    if let Some((end, _)) = metadata.help.char_indices().nth(MAX_HELP_CHARS) {
        metadata.help.truncate(end);
        metadata.help.shrink_to_fit();
    }
    Some(metadata)
}

#[cfg(test)]
mod tests {
    use crowsnest_api::Labels;
    use crowsnest_api::remote_write::{LabelPair, TimeSeries, WireSample, WriteRequest};

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
            histograms: Vec::new(),
        }
    }

    fn encode(timeseries: Vec<TimeSeries>) -> Vec<u8> {
        WriteRequest { timeseries, metadata: vec![] }.encode_to_vec()
    }

    #[test]
    fn a_push_is_read_with_samples_in_order_of_time() {
        let request = encode(vec![series(&[("__name__", "up"), ("job", "a")], &[(2, 2.0), (1, 1.0)])]);
        let decoded = decode(&request).unwrap();
        let pushed = decoded.series().next().unwrap();
        assert_eq!(pushed.labels.to_labels().unwrap().to_string(), r#"up{job="a"}"#);
        assert_eq!(pushed.samples, [Sample::new(1, 1.0), Sample::new(2, 2.0)]);
        assert!(decoded.rejected.is_empty());
    }

    #[test]
    fn series_without_labels_are_counted_and_those_without_samples_passed_over() {
        let request = encode(vec![
            series(&[], &[(1, 1.0), (2, 1.0)]),
            series(&[("empty", "")], &[(1, 1.0)]),
            series(&[("__name__", "idle")], &[]),
            series(&[("__name__", "good"), ("empty", "")], &[(1, 1.0)]),
        ]);
        let decoded = decode(&request).unwrap();
        let kept: Vec<_> = decoded.series().map(|series| series.labels.to_labels().unwrap()).collect();
        assert_eq!(kept, [Labels::from_pairs([("__name__", "good")])]);
        assert_eq!((decoded.rejected.len(), decoded.rejected[0].samples), (1, 3));
    }

    #[test]
    fn a_label_that_is_not_utf8_fails_the_push() {
        let good = encode(vec![series(&[("__name__", "\u{e9}")], &[(1, 1.0)])]);
        assert!(decode(&good).is_ok());
        let bad: Vec<u8> = good.iter().map(|&byte| if byte == 0xa9 { b'x' } else { byte }).collect();
        assert!(decode(&bad).is_err());
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
        assert_eq!(decode(&request).unwrap().series().len(), 1);
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
        let request = WriteRequest { timeseries: vec![], metadata }.encode_to_vec();
        let decoded = decode(&request).unwrap();
        assert_eq!(decoded.metadata.len(), 1);
        assert_eq!(decoded.metadata[0].help, "é".repeat(MAX_HELP_CHARS));
    }

    #[test]
    fn millions_of_empty_series_do_not_fill_the_memory() {
        let request = [0x0a, 0x00].repeat(1 << 20);
        let decoded = decode(&request).unwrap();
        assert_eq!(decoded.series().len(), 0);
        assert_eq!(decoded.rejected[0].samples, 1 << 20);
    }
}
