//! From the bytes of an `io.prometheus.write.v2.Request` to series.
//!
//! Labels are places in a list of symbols, so a small request could name gigabytes of them: what it names is counted.

use std::collections::BTreeMap;

use crowsnest_api::remote_write::v2;
use crowsnest_api::remote_write::{Histogram, MetricType};
use crowsnest_api::{METRIC_NAME, Sample, Timestamp};
use crowsnest_tsdb::{Metadata, WireLabel};
use prost::Message as _;
use smol_str::SmolStr;

use super::super::wire::{Kind, Message};
use super::{Decoded, MAX_HELP_CHARS, MAX_METADATA, MAX_NAME_BYTES, Reading, malformed, series};
use crate::http::{ApiError, ErrorKind};

/// What the labels of all series may come to.
const MAX_LABELS: usize = 2_000_000;
const MAX_LABEL_BYTES: usize = 64 << 20;
const MAX_SYMBOLS: usize = 2_000_000;

/// Numbers of fields, of `Request` …
const SYMBOL: u32 = 4;
const TIMESERIES: u32 = 5;
/// … `TimeSeries` …
const LABEL_REFS: u32 = 1;
const SAMPLE: u32 = 2;
const HISTOGRAM: u32 = 3;
const METADATA: u32 = 5;
/// Before samples had start timestamps of their own, a series had one for all of them.
const CREATED_TIMESTAMP: u32 = 6;
/// … and `Sample`.
const VALUE: u32 = 1;
const TIMESTAMP: u32 = 2;
const START_TIMESTAMP: u32 = 3;

/// Kinds of families whose series have other names than the family, and what these end in.
const SUFFIXES: &[(MetricType, &[&str])] = &[
    (MetricType::Histogram, &["_bucket", "_count", "_sum"]),
    (MetricType::GaugeHistogram, &["_bucket", "_gcount", "_gsum"]),
    (MetricType::Summary, &["_count", "_sum"]),
];

/// Reads a request. Bad bytes fail the push as a whole.
pub(in super::super) fn decode(request: &[u8]) -> Result<Decoded<'_>, ApiError> {
    let mut reader = Reader { symbols: symbols(request)?, ..Reader::default() };
    let mut request = Message(request);
    while let Some((field, kind)) = request.field()? {
        match (field, kind) {
            (TIMESERIES, Kind::Bytes) => {
                reader.add(series(&mut request)?)?;
            }
            _ => request.skip(kind)?,
        }
    }
    let Reader { mut decoded, families, .. } = reader;
    decoded.metadata = families.into_values().collect();
    Ok(decoded)
}

fn symbols(request: &[u8]) -> Result<Vec<&[u8]>, ApiError> {
    let mut symbols = Vec::new();
    let mut request = Message(request);
    while let Some((field, kind)) = request.field()? {
        match (field, kind) {
            (SYMBOL, Kind::Bytes) if symbols.len() >= MAX_SYMBOLS => {
                return Err(ApiError::new(ErrorKind::TooLarge, format!("more than {MAX_SYMBOLS} symbols")));
            }
            (SYMBOL, Kind::Bytes) => symbols.push(request.bytes()?),
            _ => request.skip(kind)?,
        }
    }
    Ok(symbols)
}

#[derive(Default)]
struct Reader<'a> {
    symbols: Vec<&'a [u8]>,
    decoded: Decoded<'a>,
    label_bytes: usize,
    families: BTreeMap<SmolStr, Metadata>,
}

impl<'a> Reader<'a> {
    fn add(&mut self, mut series: Message<'a>) -> Result<(), ApiError> {
        let mut reading = self.decoded.begin();
        let (mut metadata, mut created, mut name) = (None, 0, None);
        while let Some((field, kind)) = series.field()? {
            match (field, kind) {
                (LABEL_REFS, Kind::Bytes) => {
                    let mut places = Message(series.bytes()?);
                    while !places.0.is_empty() {
                        self.add_place(&mut name, places.varint()?)?;
                    }
                }
                // Protobuf allows numbers one by one, too.
                (LABEL_REFS, Kind::Varint) => self.add_place(&mut name, series.varint()?)?,
                (SAMPLE, Kind::Bytes) => {
                    let (sample, start) = sample(Message(series.bytes()?))?;
                    self.decoded.samples.push(sample);
                    reading.add_start(sample.timestamp, start);
                }
                (HISTOGRAM, Kind::Bytes) => {
                    let histogram = Histogram::decode(series.bytes()?).map_err(malformed)?;
                    self.decoded.add_histogram(&mut reading, &histogram)?;
                }
                (METADATA, Kind::Bytes) => {
                    metadata = Some(v2::Metadata::decode(series.bytes()?).map_err(malformed)?);
                }
                (CREATED_TIMESTAMP, Kind::Varint) => created = series.varint()? as i64,
                _ => series.skip(kind)?,
            }
        }
        if name.is_some() {
            return Err(malformed("a label without a value"));
        }
        self.decoded.start_all(&mut reading, created);
        if let Some(metadata) = metadata {
            self.describe(&reading, metadata)?;
        }
        self.decoded.end(reading);
        Ok(())
    }

    fn symbol(&self, place: u64) -> Result<&'a [u8], ApiError> {
        let symbol = usize::try_from(place).ok().and_then(|place| self.symbols.get(place));
        symbol.copied().ok_or_else(|| malformed(format!("there is no symbol {place}")))
    }

    fn text(&self, place: u32) -> Result<&'a str, ApiError> {
        std::str::from_utf8(self.symbol(u64::from(place))?).map_err(|_| malformed("a symbol is not UTF-8"))
    }

    /// Takes the next place: of a label's name, or of its value.
    fn add_place(&mut self, name: &mut Option<&'a [u8]>, place: u64) -> Result<(), ApiError> {
        let symbol = self.symbol(place)?;
        let Some(name) = name.take() else {
            *name = Some(symbol);
            return Ok(());
        };
        let value = symbol;
        if [name, value].iter().any(|text| std::str::from_utf8(text).is_err()) {
            return Err(malformed("a label is not UTF-8"));
        }
        self.label_bytes += name.len() + value.len();
        if self.decoded.labels.len() >= MAX_LABELS || self.label_bytes > MAX_LABEL_BYTES {
            let limit = format!("more than {MAX_LABELS} labels or {MAX_LABEL_BYTES} bytes of them");
            return Err(ApiError::new(ErrorKind::TooLarge, limit));
        }
        // An empty value means that the label is absent.
        if !value.is_empty() {
            self.decoded.labels.push(WireLabel { name, value });
        }
        Ok(())
    }

    /// Takes note of what a series says about its family; the first word counts.
    fn describe(&mut self, reading: &Reading, metadata: v2::Metadata) -> Result<(), ApiError> {
        let kind = MetricType::try_from(metadata.r#type).unwrap_or(MetricType::Unknown);
        let (help, unit) = (self.text(metadata.help_ref)?, self.text(metadata.unit_ref)?);
        let labels = self.decoded.labels.get(reading.first_label..).unwrap_or_default();
        let name = labels.iter().find(|label| label.name == METRIC_NAME.as_bytes());
        let name = name.and_then(|label| std::str::from_utf8(label.value).ok()).unwrap_or_default();
        let nothing = kind == MetricType::Unknown && help.is_empty() && unit.is_empty();
        let absurd = name.len().max(unit.len()) > MAX_NAME_BYTES || self.families.len() >= MAX_METADATA;
        if name.is_empty() || nothing || absurd {
            return Ok(());
        }
        let suffixes = SUFFIXES.iter().find(|(of, _)| *of == kind).map_or(&[][..], |(_, suffixes)| suffixes);
        let family = suffixes.iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name);
        if !self.families.contains_key(family) {
            let metadata = Metadata {
                family: family.into(),
                kind: kind.as_str().into(),
                help: help.chars().take(MAX_HELP_CHARS).collect(),
                unit: unit.into(),
            };
            self.families.insert(family.into(), metadata);
        }
        Ok(())
    }
}

/// A sample, and when its counter started; 0 when that is not told.
fn sample(mut message: Message<'_>) -> Result<(Sample, i64), ApiError> {
    let (mut value, mut timestamp, mut start) = (0, 0, 0);
    while let Some((field, kind)) = message.field()? {
        match (field, kind) {
            (VALUE, Kind::Fixed64) => value = message.fixed64()?,
            (TIMESTAMP, Kind::Varint) => timestamp = message.varint()?,
            (START_TIMESTAMP, Kind::Varint) => start = message.varint()?,
            _ => message.skip(kind)?,
        }
    }
    let timestamp = Timestamp::from_millis(timestamp as i64);
    Ok((Sample { timestamp, value: f64::from_bits(value) }, start as i64))
}

#[cfg(test)]
mod tests {
    use crowsnest_api::remote_write::BucketSpan;

    use super::*;

    const SYMBOLS: [&str; 8] = ["", "__name__", "up_count", "job", "a", "Is it there?", "seconds", "\u{e9}"];

    fn series() -> v2::TimeSeries {
        v2::TimeSeries {
            labels_refs: vec![1, 2, 3, 4],
            samples: vec![
                v2::Sample { value: 2.0, timestamp: 20, start_timestamp: 5 },
                v2::Sample { value: 1.0, timestamp: 10, start_timestamp: 0 },
            ],
            histograms: vec![Histogram {
                count_int: Some(1),
                sum: 1.0,
                positive_spans: vec![BucketSpan { offset: 0, length: 1 }],
                positive_deltas: vec![1],
                timestamp: 30,
                start_timestamp: 6,
                ..Histogram::default()
            }],
            metadata: Some(v2::Metadata { r#type: 5, help_ref: 5, unit_ref: 6 }),
        }
    }

    fn encode(timeseries: Vec<v2::TimeSeries>) -> Vec<u8> {
        v2::Request { symbols: SYMBOLS.map(str::to_owned).to_vec(), timeseries }.encode_to_vec()
    }

    #[test]
    fn a_push_is_read_with_histograms_and_starts() {
        let request = encode(vec![series()]);
        let decoded = decode(&request).unwrap();
        let pushed = decoded.series().next().unwrap();
        assert_eq!(pushed.labels.to_labels().unwrap().to_string(), r#"up_count{job="a"}"#);
        assert_eq!(pushed.samples, [Sample::new(10, 1.0), Sample::new(20, 2.0)]);
        let extras = pushed.extras.unwrap();
        assert_eq!((extras.histograms[0].0.millis(), extras.histograms[0].1.count), (30, 1.0));
        let starts: Vec<_> = extras.starts.iter().map(|(at, start)| (at.millis(), start.millis())).collect();
        assert_eq!(starts, [(20, 5), (30, 6)]);
        let [metadata] = decoded.metadata.as_slice() else { panic!("one family") };
        assert_eq!((metadata.family.as_str(), metadata.kind.as_str()), ("up", "summary"));
        assert_eq!((metadata.help.as_str(), metadata.unit.as_str()), ("Is it there?", "seconds"));
    }

    /// Written by hand from the specification, so that a mistake in our own message types would show.
    #[rustfmt::skip]
    const GOLDEN: &[u8] = &[
        // symbols: field 4, texts
        0x22, 0, 0x22, 8, b'_', b'_', b'n', b'a', b'm', b'e', b'_', b'_', 0x22, 3, b'r', b'_', b't', 0x22, 1, b'h',
        // timeseries: field 5, 61 bytes
        0x2a, 61,
            // labels_refs: field 1, packed
            0x0a, 2, 1, 2,
            // samples: field 2: value 1.5, timestamp 1000, start_timestamp 300
            0x12, 15, 0x09, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 0x10, 0xe8, 0x07, 0x18, 0xac, 0x02,
            // exemplars: field 4: labels_refs, value 1, timestamp 1000; there is no place for them
            0x22, 16, 0x0a, 2, 1, 2, 0x11, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0x18, 0xe8, 0x07,
            // metadata: field 5: type counter, help_ref 3, unit_ref 0
            0x2a, 4, 0x08, 1, 0x18, 3,
            // samples: the staleness marker at 2000
            0x12, 12, 0x09, 2, 0, 0, 0, 0, 0, 0xf0, 0x7f, 0x10, 0xd0, 0x0f,
            // a field that nobody knows
            0x78, 1,
    ];

    #[test]
    fn bytes_written_from_the_specification_are_read() {
        let decoded = decode(GOLDEN).unwrap();
        let pushed = decoded.series().next().unwrap();
        assert_eq!(pushed.labels.to_labels().unwrap().to_string(), "r_t");
        let [first, second] = pushed.samples else { panic!("two samples: {:?}", pushed.samples) };
        assert_eq!((first.timestamp.millis(), first.value), (1000, 1.5));
        assert_eq!((second.timestamp.millis(), second.value.to_bits()), (2000, 0x7ff0_0000_0000_0002));
        let starts = &pushed.extras.unwrap().starts;
        assert_eq!(starts.as_slice(), [(Timestamp::from_millis(1000), Timestamp::from_millis(300))]);
        let [metadata] = decoded.metadata.as_slice() else { panic!("one family") };
        assert_eq!(
            (metadata.family.as_str(), metadata.kind.as_str(), &*metadata.help),
            ("r_t", "counter", "h")
        );
    }

    #[test]
    fn a_start_of_the_series_is_that_of_its_samples_as_senders_had_it_before() {
        // created_timestamp: field 6.
        let with = |mut series: v2::TimeSeries, created: u8| {
            series.metadata = None;
            let mut message = series.encode_to_vec();
            message.extend([0x30, created]);
            let symbols = SYMBOLS.map(str::to_owned).to_vec();
            let mut request = v2::Request { symbols, timeseries: Vec::new() }.encode_to_vec();
            request.extend([0x2a, u8::try_from(message.len()).unwrap()]);
            request.extend(message);
            request
        };
        let starts = |request: &[u8]| {
            let decoded = decode(request).unwrap();
            let extras = decoded.series().next().unwrap().extras.cloned().unwrap_or_default();
            extras.starts.iter().map(|(at, start)| (at.millis(), start.millis())).collect::<Vec<_>>()
        };
        let mut untold = series();
        untold.samples.iter_mut().for_each(|sample| sample.start_timestamp = 0);
        untold.histograms[0].start_timestamp = 0;
        assert_eq!(starts(&with(untold, 4)), [(10, 4), (20, 4), (30, 4)]);
        assert_eq!(starts(&with(series(), 4)), [(20, 5), (30, 6)], "what samples say themselves counts");
        assert_eq!(starts(&with(series(), 0)), [(20, 5), (30, 6)]);
    }

    #[test]
    fn places_of_labels_may_come_one_by_one() {
        let mut request = vec![0x22, 0, 0x22, 8];
        request.extend(b"__name__");
        request.extend([
            0x22, 1, b'a', 0x2a, 17, 0x08, 1, 0x08, 2, 0x12, 11, 0x09, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 5,
        ]);
        let decoded = decode(&request).unwrap();
        assert_eq!(decoded.series().next().unwrap().labels.to_labels().unwrap().to_string(), "a");
    }

    #[test]
    fn a_histogram_that_is_none_is_counted_with_its_series() {
        let mut bad = series();
        bad.samples.clear();
        bad.histograms[0].positive_deltas = vec![-1];
        let request = encode(vec![bad, series()]);
        let decoded = decode(&request).unwrap();
        assert_eq!(decoded.series().len(), 1);
        let [rejection] = decoded.rejected.as_slice() else { panic!("one reason") };
        assert_eq!(
            (rejection.samples, rejection.example.as_str()),
            (1, r#"up_count{job="a"} at 0.03: positive bucket number 1 has a count of -1"#)
        );
    }

    #[test]
    fn places_that_do_not_exist_fail_the_push() {
        for refs in [vec![1, 99], vec![1], vec![u32::MAX, 1]] {
            assert!(decode(&encode(vec![v2::TimeSeries { labels_refs: refs, ..series() }])).is_err());
        }
        let metadata = Some(v2::Metadata { help_ref: 99, ..v2::Metadata::default() });
        assert!(decode(&encode(vec![v2::TimeSeries { metadata, ..series() }])).is_err());
    }

    #[test]
    fn a_small_request_cannot_name_gigabytes_of_labels() {
        let symbols = vec![String::new(), "x".repeat(1 << 20)];
        let labels_refs = [1, 1].repeat(50);
        let timeseries = vec![v2::TimeSeries { labels_refs, ..v2::TimeSeries::default() }];
        assert!(decode(&v2::Request { symbols, timeseries }.encode_to_vec()).is_err());
    }

    #[test]
    fn every_prefix_of_a_push_is_read_or_refused_without_a_panic() {
        let whole = encode(vec![series()]);
        for end in 0..whole.len() {
            drop(decode(&whole[..end]));
        }
        assert!(decode(&whole[..whole.len() - 1]).is_err());
    }
}
