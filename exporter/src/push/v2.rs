//! Remote write 2.0: the body of a 1.0 request as an `io.prometheus.write.v2.Request`.
//!
//! The queue keeps 1.0 bodies, which every receiver takes; which version a receiver takes is known only when it has
//! answered. Both messages have the same samples and histograms, so these are copied as they are; texts move into a table
//! of symbols, and what is known of families moves to their series.
//! Specification: <https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/>.

use std::collections::HashMap;

use prost::bytes::BufMut;
use prost::encoding::{encode_varint, encoded_len_varint};

/// Bytes that a body may have when it is unpacked; ours have a few hundred thousand.
const MAX_PLAIN_BYTES: usize = 64 << 20;

const VARINT: u8 = 0;
const FIXED_64: u8 = 1;
const LENGTH_DELIMITED: u8 = 2;
const FIXED_32: u8 = 5;

/// Fields of 1.0.
mod one {
    pub(super) const TIMESERIES: u32 = 1;
    pub(super) const METADATA: u32 = 3;
    pub(super) const LABELS: u32 = 1;
    pub(super) const SAMPLES: u32 = 2;
    pub(super) const HISTOGRAMS: u32 = 4;
    pub(super) const FAMILY_TYPE: u32 = 1;
    pub(super) const FAMILY_NAME: u32 = 2;
    pub(super) const FAMILY_HELP: u32 = 4;
    pub(super) const FAMILY_UNIT: u32 = 5;
}

/// Fields of 2.0.
mod two {
    pub(super) const SYMBOLS: u8 = 4;
    pub(super) const TIMESERIES: u8 = 5;
    pub(super) const LABELS_REFS: u8 = 1;
    pub(super) const SAMPLES: u8 = 2;
    pub(super) const HISTOGRAMS: u8 = 3;
    pub(super) const METADATA: u8 = 5;
    pub(super) const METADATA_TYPE: u8 = 1;
    pub(super) const METADATA_HELP: u8 = 3;
    pub(super) const METADATA_UNIT: u8 = 4;
}

/// The 2.0 form of a compressed 1.0 body; `None` for one that is not a 1.0 body.
pub(super) fn from_v1(body: &[u8]) -> Option<Vec<u8>> {
    let length = snap::raw::decompress_len(body).ok().filter(|length| *length <= MAX_PLAIN_BYTES)?;
    let mut plain = vec![0; length];
    snap::raw::Decoder::new().decompress(body, &mut plain).ok()?;
    snap::raw::Encoder::new().compress_vec(&transcode(&plain)?).ok()
}

fn transcode(request: &[u8]) -> Option<Vec<u8>> {
    let mut symbols = Symbols::new();
    let mut families: HashMap<&[u8], Family> = HashMap::new();
    for field in
        Fields(request).filter(|field| field.as_ref().is_none_or(|field| field.number == one::METADATA))
    {
        let (name, family) = Family::read(field?.bytes?, &mut symbols)?;
        families.insert(name, family);
    }
    let mut series = Vec::with_capacity(request.len() / 2);
    let mut scratch = Scratch::default();
    for field in Fields(request) {
        let field = field?;
        if field.number == one::TIMESERIES {
            scratch.read(field.bytes?, &mut symbols)?;
            scratch.write(&families, &mut series);
        }
    }
    let mut out = Vec::with_capacity(series.len() + symbols.bytes);
    for symbol in &symbols.texts {
        put_bytes(&mut out, two::SYMBOLS, symbol);
    }
    out.extend_from_slice(&series);
    Some(out)
}

/// All texts of a request, each once; the empty one is the first, as the specification wants it.
struct Symbols<'a> {
    places: HashMap<&'a [u8], u32>,
    texts: Vec<&'a [u8]>,
    bytes: usize,
}

impl<'a> Symbols<'a> {
    fn new() -> Self {
        let mut symbols = Self { places: HashMap::new(), texts: Vec::new(), bytes: 0 };
        symbols.place(b"");
        symbols
    }

    fn place(&mut self, text: &'a [u8]) -> u32 {
        let next = self.texts.len() as u32;
        *self.places.entry(text).or_insert_with(|| {
            self.texts.push(text);
            self.bytes += text.len() + 4;
            next
        })
    }
}

/// What 1.0 says of a family, as 2.0 says it of each of its series.
#[derive(Clone, Copy, Default)]
struct Family {
    kind: u64,
    help: u32,
    unit: u32,
}

impl Family {
    fn read<'a>(message: &'a [u8], symbols: &mut Symbols<'a>) -> Option<(&'a [u8], Self)> {
        let (mut name, mut family): (&[u8], _) = (b"", Self::default());
        for field in Fields(message) {
            let field = field?;
            match field.number {
                one::FAMILY_TYPE => family.kind = field.value,
                one::FAMILY_NAME => name = field.bytes?,
                one::FAMILY_HELP => family.help = symbols.place(field.bytes?),
                one::FAMILY_UNIT => family.unit = symbols.place(field.bytes?),
                _ => {}
            }
        }
        Some((name, family))
    }

    /// The family of a series: of its own name, or of that without what histograms and summaries add.
    fn of(name: &[u8], families: &HashMap<&[u8], Self>) -> Option<Self> {
        let endings: [&[u8]; 4] = [b"", b"_bucket", b"_sum", b"_count"];
        endings.iter().find_map(|ending| families.get(name.strip_suffix(*ending)?)).copied()
    }
}

/// One series, taken apart; kept so that its memory is used again.
#[derive(Default)]
struct Scratch<'a> {
    name: &'a [u8],
    refs: Vec<u32>,
    /// Samples and histograms with their fields of 2.0.
    points: Vec<(u8, &'a [u8])>,
    message: Vec<u8>,
}

impl<'a> Scratch<'a> {
    fn read(&mut self, message: &'a [u8], symbols: &mut Symbols<'a>) -> Option<()> {
        self.name = b"";
        self.refs.clear();
        self.points.clear();
        for field in Fields(message) {
            let field = field?;
            match field.number {
                one::LABELS => {
                    let (name, value) = label(field.bytes?)?;
                    if name == b"__name__" {
                        self.name = value;
                    }
                    self.refs.extend([symbols.place(name), symbols.place(value)]);
                }
                one::SAMPLES => self.points.push((two::SAMPLES, field.bytes?)),
                one::HISTOGRAMS => self.points.push((two::HISTOGRAMS, field.bytes?)),
                _ => {}
            }
        }
        Some(())
    }

    fn write(&mut self, families: &HashMap<&[u8], Family>, out: &mut Vec<u8>) {
        let message = &mut self.message;
        message.clear();
        let refs_bytes: usize = self.refs.iter().map(|place| encoded_len_varint(u64::from(*place))).sum();
        put_length(message, two::LABELS_REFS, refs_bytes);
        for place in &self.refs {
            encode_varint(u64::from(*place), message);
        }
        for (field, bytes) in &self.points {
            put_bytes(message, *field, bytes);
        }
        if let Some(family) = Family::of(self.name, families) {
            let places = [u64::from(family.help), u64::from(family.unit)];
            let numbers = [family.kind, places[0], places[1]];
            let bytes: usize = numbers.iter().map(|number| 1 + encoded_len_varint(*number)).sum();
            put_length(message, two::METADATA, bytes);
            let fields = [two::METADATA_TYPE, two::METADATA_HELP, two::METADATA_UNIT];
            for (field, number) in fields.into_iter().zip(numbers) {
                message.put_u8(field << 3 | VARINT);
                encode_varint(number, message);
            }
        }
        put_bytes(out, two::TIMESERIES, message);
    }
}

fn label(message: &[u8]) -> Option<(&[u8], &[u8])> {
    let (mut name, mut value): (&[u8], &[u8]) = (b"", b"");
    for field in Fields(message) {
        let field = field?;
        match field.number {
            1 => name = field.bytes?,
            2 => value = field.bytes?,
            _ => {}
        }
    }
    Some((name, value))
}

fn put_length(out: &mut Vec<u8>, field: u8, length: usize) {
    out.put_u8(field << 3 | LENGTH_DELIMITED);
    encode_varint(length as u64, out);
}

fn put_bytes(out: &mut Vec<u8>, field: u8, bytes: &[u8]) {
    put_length(out, field, bytes.len());
    out.put_slice(bytes);
}

/// A field of a message.
struct Field<'a> {
    number: u32,
    /// Of a varint; 0 for others.
    value: u64,
    /// Of a length-delimited field.
    bytes: Option<&'a [u8]>,
}

/// The fields of a message in order; `None` once, and last, where it is damaged.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Option<Field<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.read();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field)
    }
}

impl<'a> Fields<'a> {
    fn read(&mut self) -> Option<Field<'a>> {
        let key = self.varint()?;
        let number = u32::try_from(key >> 3).ok()?;
        let mut field = Field { number, value: 0, bytes: None };
        match (key & 7) as u8 {
            VARINT => field.value = self.varint()?,
            FIXED_64 => drop(self.take(8)?),
            FIXED_32 => drop(self.take(4)?),
            LENGTH_DELIMITED => {
                let length = usize::try_from(self.varint()?).ok()?;
                field.bytes = Some(self.take(length)?);
            }
            _ => return None,
        }
        Some(field)
    }

    fn varint(&mut self) -> Option<u64> {
        prost::encoding::decode_varint(&mut self.0).ok()
    }

    fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crowsnest_api::remote_write::{
        Histogram, LabelPair, MetricMetadata, MetricType, TimeSeries, WireSample, WriteRequest, v2,
    };
    use prost::Message;

    fn series(labels: &[(&str, &str)]) -> TimeSeries {
        let labels = labels.iter();
        TimeSeries {
            labels: labels
                .map(|(name, value)| LabelPair { name: (*name).to_owned(), value: (*value).to_owned() })
                .collect(),
            samples: vec![WireSample { value: 1.5, timestamp: 1000 }],
            histograms: Vec::new(),
        }
    }

    /// Written by hand from the specification's message definitions: symbols (4), series (5) with packed references (1),
    /// samples (2) of a double (1) and an int64 (2), metadata (5) of an enumeration (1) and references to help (3) and
    /// unit (4).
    #[test]
    fn a_request_is_laid_out_as_the_specification_says() {
        let request = WriteRequest {
            timeseries: vec![
                series(&[("__name__", "up"), ("job", "a")]),
                series(&[("__name__", "x"), ("job", "a")]),
            ],
            metadata: vec![MetricMetadata {
                r#type: MetricType::Gauge.into(),
                metric_family_name: "up".to_owned(),
                help: "Up.".to_owned(),
                unit: String::new(),
            }],
        };
        #[rustfmt::skip]
        let golden: &[u8] = &[
            // symbols: 0 "", 1 "Up.", 2 "__name__", 3 "up", 4 "job", 5 "a", 6 "x"
            0x22, 0,
            0x22, 3, b'U', b'p', b'.',
            0x22, 8, b'_', b'_', b'n', b'a', b'm', b'e', b'_', b'_',
            0x22, 2, b'u', b'p',
            0x22, 3, b'j', b'o', b'b',
            0x22, 1, b'a',
            0x22, 1, b'x',
            // up{job="a"} with metadata
            0x2a, 28,
                0x0a, 4, 2, 3, 4, 5,
                0x12, 12, 0x09, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 0x10, 0xe8, 0x07,
                0x2a, 6, 0x08, 2, 0x18, 1, 0x20, 0,
            // x{job="a"} without
            0x2a, 20,
                0x0a, 4, 2, 6, 4, 5,
                0x12, 12, 0x09, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 0x10, 0xe8, 0x07,
        ];
        assert_eq!(transcode(&request.encode_to_vec()).unwrap(), golden);
    }

    #[test]
    fn the_receivers_structures_hold_the_same_samples_histograms_and_families() {
        let mut request = WriteRequest {
            timeseries: vec![
                series(&[("__name__", "wait_seconds_bucket"), ("le", "1")]),
                series(&[("__name__", "h")]),
            ],
            metadata: vec![MetricMetadata {
                r#type: MetricType::Histogram.into(),
                metric_family_name: "wait_seconds".to_owned(),
                help: "How long.".to_owned(),
                unit: "seconds".to_owned(),
            }],
        };
        let histogram = Histogram { timestamp: 7, ..Histogram::default() };
        request.timeseries[1].samples.clear();
        request.timeseries[1].histograms.push(histogram.clone());
        let packed = snap::raw::Encoder::new().compress_vec(&request.encode_to_vec()).unwrap();
        let plain = snap::raw::Decoder::new().decompress_vec(&from_v1(&packed).unwrap()).unwrap();
        let two = v2::Request::decode(plain.as_slice()).unwrap();
        let text = |place: u32| two.symbols[place as usize].as_str();
        let labels: Vec<Vec<&str>> = two
            .timeseries
            .iter()
            .map(|series| series.labels_refs.iter().map(|r| text(*r)).collect())
            .collect();
        assert_eq!(labels, [vec!["__name__", "wait_seconds_bucket", "le", "1"], vec!["__name__", "h"]]);
        assert_eq!(
            two.timeseries[0].samples,
            [v2::Sample { value: 1.5, timestamp: 1000, start_timestamp: 0 }]
        );
        assert_eq!(two.timeseries[1].histograms, [histogram]);
        let metadata = two.timeseries[0].metadata.unwrap();
        assert_eq!(metadata.r#type, i32::from(MetricType::Histogram));
        assert_eq!((text(metadata.help_ref), text(metadata.unit_ref)), ("How long.", "seconds"));
        assert_eq!(two.timeseries[1].metadata, None);
    }

    #[test]
    fn what_is_no_request_gives_nothing_and_no_panic() {
        let request = WriteRequest { timeseries: vec![series(&[("__name__", "up")])], metadata: Vec::new() };
        let bytes = request.encode_to_vec();
        for length in 1..bytes.len() {
            assert_eq!(transcode(&bytes[..length]), None, "{length}");
        }
        assert_eq!(from_v1(b"not snappy"), None);
        assert_eq!(from_v1(&[0xff, 0xff, 0xff, 0xff, 0x0f, 0]), None);
    }
}
