//! The payload of a frame: pushes, column by column.
//!
//! ```text
//! 1  kind: 5 = a zstd stream begins, 6 = it goes on (1 to 4: formats before, see below and `record_v1`)
//!    uvarint  bytes that this payload adds to the stream, at most 129 MiB
//!    the stream, flushed at the end of the payload: batches, each as bytes
//!
//! batch    ivarint  received, ms
//!          1        origin: 0 = a source that was named before in this segment, 1 = server, 2 = none (metadata alone),
//!                   3 = a source that is named here
//!          uvarint  origin 0 and 3: the source's number;  3: bytes its name;  origin 1: uvarint silence, ms
//!          uvarint  definitions; each: uvarint series number, uvarint labels, per label: bytes name, bytes value
//!          row      the series with one sample, see `row`
//!          uvarint  series with several samples; each: uvarint series number, uvarint samples, per sample:
//!                     ivarint  ms since the sample before it, the first since `received`
//!                     8        value, its bits
//!          uvarint  metadata; each: bytes family, bytes kind, bytes help, bytes unit
//!          unless the batch ends here, samples that are more than floats:
//!          row      floats of whose counters the start is known, of series with one sample of that kind
//!          row      when these counters started, ms since the epoch, as floats: of the same series, at the same times
//!          uvarint  chunks of all others; each: uvarint series number, bytes the chunk, see `chunk`
//! ```
//! Each of the three rows builds on its own like before.
//!
//! A number means the series, or the source, of its latest definition in the same segment. A stream goes on to the end of
//! the segment, or until a write has failed; its window is 128 KiB.
//!
//! 7 = padding: zeros.
//!
//! Format version 2 had one batch a payload: 3 = as it is, 4 = 4 bytes with its length, u32, then one zstd frame.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use crowsnest_api::{Label, Labels, Sample, Timestamp};
use crowsnest_promql::SampleValue;
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use super::record_v1;
use super::row::{Layout, Rows};
use crate::appender::Metadata;
use crate::chunk;
use crate::samples::{Extra, Samples};
use crate::varint::{Cursor, Damaged, put_bytes, put_uvarint};

/// Format version 2.
const PLAIN: u8 = 3;
const COMPRESSED: u8 = 4;
pub(super) const BEGUN: u8 = 5;
pub(super) const CONTINUED: u8 = 6;
pub(super) const PADDING: u8 = 7;
/// Log₂ of how far back the stream refers.
pub(super) const WINDOW_LOG: u32 = 17;
/// A frame ends when this much has gathered for it.
pub(super) const FRAME_CONTENT: usize = 1 << 20;
pub(super) const FROM_SOURCE: u8 = 0;
pub(super) const FROM_SERVER: u8 = 1;
pub(super) const FROM_NOBODY: u8 = 2;
pub(super) const FROM_NAMED: u8 = 3;
pub(super) const MAX_BATCH: usize = 128 << 20;

/// Whether a payload that begins with this byte may hold records.
pub(super) fn may_hold_records(kind: u8) -> bool {
    (record_v1::PLAIN..PADDING).contains(&kind)
}

/// A push as it comes back out of the log.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record {
    pub(crate) received: Timestamp,
    pub(crate) origin: RecordOrigin,
    pub(crate) definitions: Vec<(u32, Labels)>,
    pub(crate) row: RecordRow,
    /// Further series, each with how many of `samples` are its own.
    pub(super) counts: Vec<(u32, usize)>,
    /// The samples of all series, one series after the other.
    pub(super) samples: Vec<Sample>,
    /// Samples that are more than floats, with the number of their series; those of one series ascend by time.
    pub(crate) extras: Vec<(u32, Extra)>,
    pub(crate) metadata: Vec<Metadata>,
}

/// The series of which a push has one sample each.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct RecordRow {
    /// The same allocation as in the source's row before when they are the same.
    pub(crate) numbers: Arc<[u32]>,
    /// One for each number.
    pub(crate) samples: Vec<Sample>,
}

/// Who wrote a record.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RecordOrigin {
    Source(SmolStr),
    Server { silence: Duration },
    Nobody,
}

impl Record {
    /// The series with any number of samples.
    pub(crate) fn several(&self) -> impl Iterator<Item = (u32, &[Sample])> {
        let mut rest = self.samples.as_slice();
        self.counts.iter().map_while(move |&(number, count)| {
            let (samples, after) = rest.split_at_checked(count)?;
            rest = after;
            Some((number, samples))
        })
    }
}

/// Reads the records of one segment, in their order; keeps zstd's buffers.
#[derive(Default)]
pub(super) struct Decoder {
    decompressor: Option<zstd::bulk::Decompressor<'static>>,
    stream: Option<zstd::stream::write::Decoder<'static, Bounded>>,
    sources: FxHashMap<u32, SmolStr>,
    rows: Rows,
    started: Rows,
    starts: Rows,
}

impl Decoder {
    /// Forgets what the segment before defined.
    pub(super) fn start_segment(&mut self) {
        self.stream = None;
        self.sources.clear();
        self.rows.clear();
        self.started.clear();
        self.starts.clear();
    }

    /// Reads a payload whose checksum is right, and hands on what it holds.
    pub(super) fn decode(&mut self, payload: &[u8], mut take: impl FnMut(Record)) -> Result<(), Damaged> {
        let mut cursor = Cursor::new(payload, "log record");
        let kind = cursor.u8()?;
        if matches!(kind, BEGUN | CONTINUED) {
            let content = self.go_on(kind, &mut cursor)?;
            return self.decode_content(&content, take);
        }
        if kind == PADDING {
            return Ok(());
        }
        let unpacked;
        if matches!(kind, COMPRESSED | record_v1::COMPRESSED) {
            unpacked = self.decompress(&mut cursor)?;
            cursor = Cursor::new(&unpacked, "log record");
        }
        let record = match kind {
            PLAIN | COMPRESSED => self.decode_batch(Layout::Interleaved, &mut cursor)?,
            record_v1::PLAIN | record_v1::COMPRESSED => record_v1::decode_batch(&mut cursor)?,
            _ => return Err(cursor.damaged()),
        };
        if !cursor.is_empty() {
            return Err(cursor.damaged());
        }
        take(record);
        Ok(())
    }

    /// Reads what a payload adds to the stream: batches.
    pub(super) fn decode_content(
        &mut self,
        content: &[u8],
        mut take: impl FnMut(Record),
    ) -> Result<(), Damaged> {
        let mut cursor = Cursor::new(content, "log record");
        while !cursor.is_empty() {
            let mut batch = Cursor::new(cursor.bytes()?, "log record");
            let record = self.decode_batch(Layout::Apart, &mut batch)?;
            if !batch.is_empty() {
                return Err(batch.damaged());
            }
            take(record);
        }
        Ok(())
    }

    /// What a payload adds to the stream.
    fn go_on(&mut self, kind: u8, cursor: &mut Cursor<'_>) -> Result<Vec<u8>, Damaged> {
        let length = usize::try_from(cursor.uvarint()?).map_err(|_| cursor.damaged())?;
        if length > MAX_BATCH + FRAME_CONTENT {
            return Err(cursor.damaged());
        }
        let compressed = cursor.take(cursor.remaining())?;
        if kind == BEGUN {
            self.stream = None;
        }
        let damaged = |_: io::Error| Damaged::new("log record");
        let stream = match &mut self.stream {
            Some(stream) => stream,
            None if kind == BEGUN => {
                let mut stream = zstd::stream::write::Decoder::new(Bounded::default()).map_err(damaged)?;
                stream.window_log_max(WINDOW_LOG).map_err(damaged)?;
                self.stream.insert(stream)
            }
            None => return Err(cursor.damaged()),
        };
        *stream.get_mut() = Bounded { bytes: Vec::new(), limit: length };
        stream.write_all(compressed).and_then(|()| stream.flush()).map_err(damaged)?;
        let content = std::mem::take(stream.get_mut()).bytes;
        if content.len() == length { Ok(content) } else { Err(cursor.damaged()) }
    }

    fn decompress(&mut self, cursor: &mut Cursor<'_>) -> Result<Vec<u8>, Damaged> {
        let length = cursor.u32()? as usize;
        if length > MAX_BATCH {
            return Err(cursor.damaged());
        }
        let frame = cursor.take(cursor.remaining())?;
        let decompressor = match &mut self.decompressor {
            Some(ready) => ready,
            None => self.decompressor.insert(zstd::bulk::Decompressor::new().map_err(|_| cursor.damaged())?),
        };
        decompressor.decompress(frame, length).map_err(|_| cursor.damaged())
    }

    fn decode_batch(&mut self, layout: Layout, cursor: &mut Cursor<'_>) -> Result<Record, Damaged> {
        let received = Timestamp::from_millis(cursor.ivarint()?);
        let mut own_row = None;
        let origin = match cursor.u8()? {
            FROM_SOURCE => {
                let number = cursor.uvarint32()?;
                own_row = Some(number);
                RecordOrigin::Source(self.sources.get(&number).ok_or(cursor.damaged())?.clone())
            }
            FROM_NAMED => {
                let (number, name) = (cursor.uvarint32()?, SmolStr::new(cursor.str()?));
                own_row = Some(number);
                self.sources.insert(number, name.clone());
                self.rows.forget(number);
                self.started.forget(number);
                self.starts.forget(number);
                RecordOrigin::Source(name)
            }
            FROM_SERVER => RecordOrigin::Server { silence: Duration::from_millis(cursor.uvarint()?) },
            FROM_NOBODY => RecordOrigin::Nobody,
            _ => return Err(cursor.damaged()),
        };
        let definitions = read_definitions(cursor)?;
        let row = self.rows.read(own_row, received, layout, cursor)?;
        let (counts, samples) = read_series(cursor, received)?;
        let metadata = read_metadata(cursor)?;
        let extras = match layout {
            Layout::Apart if !cursor.is_empty() => self.read_extras(own_row, received, cursor)?,
            _ => Vec::new(),
        };
        Ok(Record { received, origin, definitions, row, counts, samples, extras, metadata })
    }

    fn read_extras(
        &mut self,
        source: Option<u32>,
        received: Timestamp,
        cursor: &mut Cursor<'_>,
    ) -> Result<Vec<(u32, Extra)>, Damaged> {
        let started = self.started.read(source, received, Layout::Apart, cursor)?;
        let starts = self.starts.read(source, received, Layout::Apart, cursor)?;
        if started.numbers != starts.numbers {
            return Err(cursor.damaged());
        }
        let both = started.numbers.iter().zip(started.samples).zip(starts.samples);
        let mut extras: Vec<(u32, Extra)> = both
            .map(|((&number, sample), start)| {
                let start = Some(Timestamp::from_millis(start.value as i64));
                let value = SampleValue::Float(sample.value);
                (number, Extra { at: sample.timestamp, value, start })
            })
            .collect();
        for _ in 0..cursor.count(2)? {
            let number = cursor.uvarint32()?;
            let mut samples = Samples::default();
            chunk::decode_into(cursor.bytes()?, &mut samples)?;
            extras.extend(samples.into_extras().into_iter().map(|extra| (number, extra)));
        }
        Ok(extras)
    }
}

/// Takes so many bytes and no more.
#[derive(Default)]
struct Bounded {
    bytes: Vec<u8>,
    limit: usize,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() > self.limit.saturating_sub(self.bytes.len()) {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) fn read_definitions(cursor: &mut Cursor<'_>) -> Result<Vec<(u32, Labels)>, Damaged> {
    let count = cursor.count(2)?;
    let mut definitions = Vec::with_capacity(count);
    for _ in 0..count {
        let number = cursor.uvarint32()?;
        let labels = cursor.count(2)?;
        let mut pairs = Vec::with_capacity(labels);
        for _ in 0..labels {
            pairs.push(Label { name: cursor.str()?.into(), value: cursor.str()?.into() });
        }
        definitions.push((number, Labels::from_sorted(pairs).ok_or(cursor.damaged())?));
    }
    Ok(definitions)
}

/// Series numbers, each with how many of the samples are its own.
type Several = (Vec<(u32, usize)>, Vec<Sample>);

/// Reads series with any number of samples each.
pub(super) fn read_series(cursor: &mut Cursor<'_>, received: Timestamp) -> Result<Several, Damaged> {
    let (mut counts, mut samples) = (Vec::new(), Vec::new());
    for _ in 0..cursor.count(2)? {
        let number = cursor.uvarint32()?;
        let count = cursor.count(9)?;
        counts.push((number, count));
        let mut at = received.millis();
        for _ in 0..count {
            at = at.wrapping_add(cursor.ivarint()?);
            samples.push(Sample::new(at, f64::from_bits(cursor.u64()?)));
        }
    }
    Ok((counts, samples))
}

pub(super) fn read_metadata(cursor: &mut Cursor<'_>) -> Result<Vec<Metadata>, Damaged> {
    let count = cursor.count(4)?;
    let mut metadata = Vec::with_capacity(count);
    for _ in 0..count {
        let (family, kind) = (cursor.str()?.into(), cursor.str()?.into());
        metadata.push(Metadata { family, kind, help: cursor.str()?.to_owned(), unit: cursor.str()?.into() });
    }
    Ok(metadata)
}

pub(super) fn put_definition(batch: &mut Vec<u8>, number: u32, labels: &Labels) {
    put_uvarint(batch, u64::from(number));
    put_uvarint(batch, labels.len() as u64);
    for label in labels {
        put_bytes(batch, label.name.as_bytes());
        put_bytes(batch, label.value.as_bytes());
    }
}

pub(super) fn put_metadata(batch: &mut Vec<u8>, metadata: &[Metadata]) {
    put_uvarint(batch, metadata.len() as u64);
    for entry in metadata {
        put_bytes(batch, entry.family.as_bytes());
        put_bytes(batch, entry.kind.as_bytes());
        put_bytes(batch, entry.help.as_bytes());
        put_bytes(batch, entry.unit.as_bytes());
    }
}
