//! The payload of a record: one push.
//!
//! ```text
//! 1  kind: 1 = batch as it is, 2 = batch compressed by zstd
//! kind 2: 4  length of the batch, u32, at most 128 MiB; then one zstd frame
//!
//! batch    ivarint  received, ms
//!          1        origin: 0 = source, 1 = server, 2 = none (metadata alone)
//!          bytes    origin 0: the source's name
//!          uvarint  origin 1: silence, ms
//!          uvarint  definitions; each: uvarint series number, uvarint labels, per label: bytes name, bytes value
//!          uvarint  series; each: uvarint series number, uvarint samples, per sample:
//!                     ivarint  ms since the sample before it, the first since `received`
//!                     8        value, its bits
//!          uvarint  metadata; each: bytes family, bytes kind, bytes help, bytes unit
//! ```
//! A number means the series of its latest definition in the same segment.

use std::io;
use std::time::Duration;

use crowsnest_api::{Label, Labels, Sample, Timestamp};
use rustc_hash::FxHashSet;
use smol_str::SmolStr;

use super::{FRAME_BYTES, MAX_PAYLOAD};
use crate::appender::Metadata;
use crate::head::{SeriesRef, Staged, StagedOrigin};
use crate::varint::{Cursor, Damaged, put_bytes, put_ivarint, put_uvarint};

const PLAIN: u8 = 1;
const COMPRESSED: u8 = 2;
const FROM_SOURCE: u8 = 0;
const FROM_SERVER: u8 = 1;
const FROM_NOBODY: u8 = 2;
/// Below this compression does not pay.
const COMPRESS_FROM: usize = 512;
const MAX_BATCH: usize = 128 << 20;

/// A push as it comes back out of the log.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record {
    pub(crate) received: Timestamp,
    pub(crate) origin: RecordOrigin,
    pub(crate) definitions: Vec<(u32, Labels)>,
    /// Series numbers, each with how many of `samples` are its own.
    counts: Vec<(u32, usize)>,
    /// The samples of all series, one series after the other.
    samples: Vec<Sample>,
    pub(crate) metadata: Vec<Metadata>,
}

/// Who wrote a record.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RecordOrigin {
    Source(SmolStr),
    Server { silence: Duration },
    Nobody,
}

/// Writes records; keeps its buffer and zstd's.
#[derive(Default)]
pub(super) struct Encoder {
    batch: Vec<u8>,
    compressor: Option<zstd::bulk::Compressor<'static>>,
}

/// Reads records; keeps zstd's buffers.
#[derive(Default)]
pub(super) struct Decoder {
    decompressor: Option<zstd::bulk::Decompressor<'static>>,
}

impl Encoder {
    /// Appends the record of a batch, with definitions of the series that are not in `defined` yet.
    pub(super) fn batch(
        &mut self,
        staged: &Staged,
        defined: &mut FxHashSet<SeriesRef>,
        out: &mut Vec<u8>,
    ) -> io::Result<()> {
        let entries = || staged.entries.iter().filter(|entry| !entry.samples.is_empty());
        let batch = &mut self.batch;
        batch.clear();
        put_ivarint(batch, staged.received.millis());
        match &staged.origin {
            StagedOrigin::Source { name, .. } => {
                batch.push(FROM_SOURCE);
                put_bytes(batch, name.as_bytes());
            }
            StagedOrigin::Server { silence } => {
                batch.push(FROM_SERVER);
                put_uvarint(batch, silence.as_millis() as u64);
            }
        }
        let new: Vec<_> = entries().filter(|entry| defined.insert(entry.series)).collect();
        put_uvarint(batch, new.len() as u64);
        for entry in new {
            put_uvarint(batch, u64::from(entry.series.0));
            put_uvarint(batch, entry.labels.len() as u64);
            for label in &entry.labels {
                put_bytes(batch, label.name.as_bytes());
                put_bytes(batch, label.value.as_bytes());
            }
        }
        put_uvarint(batch, entries().count() as u64);
        for entry in entries() {
            put_uvarint(batch, u64::from(entry.series.0));
            put_uvarint(batch, entry.samples.len() as u64);
            let mut before = staged.received.millis();
            for sample in &entry.samples {
                put_ivarint(batch, sample.timestamp.millis().wrapping_sub(before));
                before = sample.timestamp.millis();
                batch.extend_from_slice(&sample.value.to_bits().to_le_bytes());
            }
        }
        put_metadata(batch, &staged.metadata);
        self.frame(out)
    }

    /// Appends a record of metadata alone; nothing when there is none.
    pub(super) fn metadata(&mut self, metadata: &[Metadata], out: &mut Vec<u8>) -> io::Result<()> {
        if metadata.is_empty() {
            return Ok(());
        }
        self.batch.clear();
        put_ivarint(&mut self.batch, 0);
        self.batch.push(FROM_NOBODY);
        put_uvarint(&mut self.batch, 0);
        put_uvarint(&mut self.batch, 0);
        put_metadata(&mut self.batch, metadata);
        self.frame(out)
    }

    fn frame(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        let too_large =
            || io::Error::new(io::ErrorKind::InvalidInput, "batch is too large for one log record");
        if self.batch.len() > MAX_BATCH {
            return Err(too_large());
        }
        let start = out.len();
        out.extend_from_slice(&[0; FRAME_BYTES]);
        if self.batch.len() < COMPRESS_FROM {
            out.push(PLAIN);
            out.extend_from_slice(&self.batch);
        } else {
            out.push(COMPRESSED);
            out.extend_from_slice(&(self.batch.len() as u32).to_le_bytes());
            let compressor = match &mut self.compressor {
                Some(ready) => ready,
                None => self.compressor.insert(zstd::bulk::Compressor::new(1)?),
            };
            out.extend_from_slice(&compressor.compress(&self.batch)?);
        }
        let (_, payload) = out.split_at(start + FRAME_BYTES);
        if payload.len() > MAX_PAYLOAD {
            out.truncate(start);
            return Err(too_large());
        }
        let (length, crc) = (payload.len() as u32, crc32fast::hash(payload));
        let frame = length.to_le_bytes().into_iter().chain(crc.to_le_bytes());
        out.iter_mut().skip(start).zip(frame).for_each(|(byte, value)| *byte = value);
        Ok(())
    }
}

fn put_metadata(batch: &mut Vec<u8>, metadata: &[Metadata]) {
    put_uvarint(batch, metadata.len() as u64);
    for entry in metadata {
        put_bytes(batch, entry.family.as_bytes());
        put_bytes(batch, entry.kind.as_bytes());
        put_bytes(batch, entry.help.as_bytes());
        put_bytes(batch, entry.unit.as_bytes());
    }
}

impl Decoder {
    /// Reads a payload whose checksum is right.
    pub(super) fn decode(&mut self, payload: &[u8]) -> Result<Record, Damaged> {
        let mut cursor = Cursor::new(payload, "log record");
        match cursor.u8()? {
            PLAIN => Record::decode_batch(cursor),
            COMPRESSED => {
                let length = cursor.u32()? as usize;
                if length > MAX_BATCH {
                    return Err(cursor.damaged());
                }
                let frame = cursor.take(cursor.remaining())?;
                let decompressor = match &mut self.decompressor {
                    Some(ready) => ready,
                    None => self
                        .decompressor
                        .insert(zstd::bulk::Decompressor::new().map_err(|_| cursor.damaged())?),
                };
                let batch = decompressor.decompress(frame, length).map_err(|_| cursor.damaged())?;
                Record::decode_batch(Cursor::new(&batch, "log record"))
            }
            _ => Err(cursor.damaged()),
        }
    }
}

impl Record {
    /// The series with their samples.
    pub(crate) fn series(&self) -> impl Iterator<Item = (u32, &[Sample])> {
        let mut rest = self.samples.as_slice();
        self.counts.iter().map_while(move |&(number, count)| {
            let (samples, after) = rest.split_at_checked(count)?;
            rest = after;
            Some((number, samples))
        })
    }

    fn decode_batch(mut cursor: Cursor<'_>) -> Result<Self, Damaged> {
        let received = Timestamp::from_millis(cursor.ivarint()?);
        let origin = match cursor.u8()? {
            FROM_SOURCE => RecordOrigin::Source(cursor.str()?.into()),
            FROM_SERVER => RecordOrigin::Server { silence: Duration::from_millis(cursor.uvarint()?) },
            FROM_NOBODY => RecordOrigin::Nobody,
            _ => return Err(cursor.damaged()),
        };
        let mut definitions = Vec::with_capacity(cursor.clone().count(2)?);
        for _ in 0..cursor.count(2)? {
            definitions.push((cursor.uvarint32()?, decode_labels(&mut cursor)?));
        }
        let mut counts = Vec::with_capacity(cursor.clone().count(2)?);
        let mut samples = Vec::with_capacity(counts.capacity());
        for _ in 0..cursor.count(2)? {
            let number = cursor.uvarint32()?;
            counts.push((number, decode_samples(&mut cursor, received, &mut samples)?));
        }
        let mut metadata = Vec::with_capacity(cursor.clone().count(4)?);
        for _ in 0..cursor.count(4)? {
            let (family, kind) = (cursor.str()?.into(), cursor.str()?.into());
            metadata.push(Metadata {
                family,
                kind,
                help: cursor.str()?.to_owned(),
                unit: cursor.str()?.into(),
            });
        }
        if cursor.is_empty() {
            Ok(Self { received, origin, definitions, counts, samples, metadata })
        } else {
            Err(cursor.damaged())
        }
    }
}

fn decode_labels(cursor: &mut Cursor<'_>) -> Result<Labels, Damaged> {
    let count = cursor.count(2)?;
    let mut labels = Vec::with_capacity(count);
    for _ in 0..count {
        labels.push(Label { name: cursor.str()?.into(), value: cursor.str()?.into() });
    }
    Labels::from_sorted(labels).ok_or(cursor.damaged())
}

/// Appends the samples of one series to `out` and says how many there are.
fn decode_samples(
    cursor: &mut Cursor<'_>,
    received: Timestamp,
    out: &mut Vec<Sample>,
) -> Result<usize, Damaged> {
    let count = cursor.count(9)?;
    let mut at = received.millis();
    for _ in 0..count {
        at = at.wrapping_add(cursor.ivarint()?);
        out.push(Sample::new(at, f64::from_bits(cursor.u64()?)));
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::appender::Appended;
    use crate::head::StagedSeries;
    use crate::source::Sources;

    fn text() -> impl Strategy<Value = String> {
        prop_oneof!["[a-z]{1,8}", "\\PC{1,30}"]
    }

    prop_compose! {
        fn staged()(
            server in proptest::option::of(0u64..1_000_000),
            received in any::<i64>(),
            series in prop::collection::vec(
                (prop::collection::btree_map(text(), text(), 1..5), prop::collection::btree_map(any::<i64>(), any::<u64>(), 1..20)),
                0..20,
            ),
            metadata in prop::collection::vec((text(), text(), text()), 0..5),
        ) -> Staged {
            let name = SmolStr::new("source");
            let id = Sources::default().intern(&name);
            let entries = series.into_iter().enumerate().map(|(number, (labels, samples))| StagedSeries {
                series: SeriesRef(number as u32 * 3),
                labels: Labels::from_pairs(labels),
                samples: samples.into_iter().map(|(t, v)| Sample::new(t, f64::from_bits(v))).collect(),
            });
            Staged {
                origin: match server {
                    Some(ms) => StagedOrigin::Server { silence: Duration::from_millis(ms) },
                    None => StagedOrigin::Source { id, name },
                },
                received: Timestamp::from_millis(received),
                entries: entries.collect(),
                metadata: metadata.into_iter().map(|(family, kind, help)| {
                    Metadata { family: family.into(), kind: kind.into(), help, unit: "".into() }
                }).collect(),
                doubts: Vec::new(),
                outcome: Appended::default(),
            }
        }
    }

    fn bits(samples: &[Sample]) -> Vec<(i64, u64)> {
        samples.iter().map(|sample| (sample.timestamp.millis(), sample.value.to_bits())).collect()
    }

    proptest! {
        #[test]
        fn a_batch_reads_back_as_it_was_logged(staged in staged()) {
            let (mut out, mut defined) = (Vec::new(), FxHashSet::default());
            let mut encoder = Encoder::default();
            encoder.batch(&staged, &mut defined, &mut out).unwrap();
            let first = out.len();
            encoder.batch(&staged, &mut defined, &mut out).unwrap();

            let record = Decoder::default().decode(&out[FRAME_BYTES..first]).unwrap();
            prop_assert_eq!(record.received, staged.received);
            prop_assert_eq!(&record.metadata, &staged.metadata);
            prop_assert_eq!(record.definitions.len(), staged.entries.len());
            prop_assert_eq!(record.counts.len(), staged.entries.len());
            for ((entry, (number, labels)), (again, samples)) in
                staged.entries.iter().zip(&record.definitions).zip(record.series())
            {
                prop_assert_eq!((entry.series.0, &entry.labels), (*number, labels));
                prop_assert_eq!(again, *number);
                prop_assert_eq!(bits(samples), bits(&entry.samples));
            }
            let second = Decoder::default().decode(&out[first + FRAME_BYTES..]).unwrap();
            prop_assert!(second.definitions.is_empty());
        }

        #[test]
        fn any_payload_is_read_or_refused(payload: Vec<u8>) {
            let _ = Decoder::default().decode(&payload);
        }
    }
}
