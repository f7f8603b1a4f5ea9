//! The series table, in the order of labels; a series' number is its place.
//!
//! ```text
//! 4          number of series n, u32
//! 4 (n + 1)  where each entry begins and the last ends, u32, counted from the first entry
//! entries    uvarint  labels; each: uvarint symbol of the name, uvarint symbol of the value
//!            uvarint  chunks, source by source, each source's in the order of time; each:
//!                       uvarint  symbol of the source
//!                       ivarint  first timestamp, since that of the chunk before, the first since the block's
//!                       uvarint  last timestamp, since the chunk's first
//!                       uvarint  page, uvarint offset in it, uvarint bytes
//!            uvarint  samples of the server, in the order of time; each:
//!                       ivarint  timestamp, since the one before, the first since the block's first
//!                       uvarint  silence, ms
//!                       8        value, its bits
//! ```

use std::time::Duration;

use crowsnest_api::{Label, Labels, Sample, Timestamp};
use smol_str::SmolStr;

use super::symbols::Symbols;
use crate::server_sample::ServerSample;
use crate::varint::{Cursor, Damaged, put_ivarint, put_uvarint};

const DAMAGED: Damaged = Damaged::new("series table");

/// Where a chunk is and what it covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChunkRef {
    pub(crate) source: SmolStr,
    pub(crate) min: Timestamp,
    pub(crate) max: Timestamp,
    pub(super) page: u32,
    pub(super) offset: u32,
    pub(super) bytes: u32,
}

impl ChunkRef {
    pub(crate) fn overlaps(&self, start: Timestamp, end: Timestamp) -> bool {
        self.min <= end && self.max >= start
    }

    pub(crate) fn page(&self) -> u32 {
        self.page
    }
}

/// A series of a block.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SeriesEntry {
    pub(crate) labels: Labels,
    pub(crate) chunks: Vec<ChunkRef>,
    pub(crate) server: Vec<ServerSample>,
}

impl SeriesEntry {
    /// Whether anything of this series may lie in `start ..= end`.
    pub(crate) fn overlaps(&self, start: Timestamp, end: Timestamp) -> bool {
        self.chunks.iter().any(|chunk| chunk.overlaps(start, end))
            || self.server.iter().any(|sample| (start..=end).contains(&sample.at()))
    }
}

/// A table in a file.
pub(super) struct SeriesTable<'a> {
    count: u32,
    offsets: &'a [u8],
    entries: &'a [u8],
}

impl<'a> SeriesTable<'a> {
    pub(super) fn new(section: &'a [u8]) -> Result<Self, Damaged> {
        let mut cursor = Cursor::new(section, "series table");
        let count = cursor.u32()?;
        let offsets =
            (count as usize).checked_add(1).and_then(|entries| entries.checked_mul(4)).ok_or(DAMAGED)?;
        Ok(Self { count, offsets: cursor.take(offsets)?, entries: cursor.take(cursor.remaining())? })
    }

    pub(super) fn len(&self) -> u32 {
        self.count
    }

    /// The series with these labels.
    pub(super) fn find(&self, pairs: &[(u32, u32)]) -> Result<Option<u32>, Damaged> {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.pairs(&mut self.cursor(middle)?)?.as_slice().cmp(pairs) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return Ok(Some(middle)),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        Ok(None)
    }

    pub(super) fn entry(
        &self,
        series: u32,
        symbols: &Symbols<'_>,
        base: Timestamp,
    ) -> Result<SeriesEntry, Damaged> {
        let mut cursor = self.cursor(series)?;
        let mut labels = Vec::new();
        for (name, value) in self.pairs(&mut cursor)? {
            labels.push(Label { name: symbols.text(name)?.into(), value: symbols.text(value)?.into() });
        }
        let labels = Labels::from_sorted(labels).ok_or(DAMAGED)?;
        let chunks = chunks(&mut cursor, symbols, base)?;
        let server = server_samples(&mut cursor, base)?;
        Ok(SeriesEntry { labels, chunks, server })
    }

    fn cursor(&self, series: u32) -> Result<Cursor<'a>, Damaged> {
        let mut bounds = Cursor::new(self.offsets.get(series as usize * 4..).ok_or(DAMAGED)?, "series table");
        let (start, end) = (bounds.u32()? as usize, bounds.u32()? as usize);
        Ok(Cursor::new(self.entries.get(start..end).ok_or(DAMAGED)?, "series table"))
    }

    fn pairs(&self, cursor: &mut Cursor<'_>) -> Result<Vec<(u32, u32)>, Damaged> {
        let count = cursor.count(2)?;
        let mut pairs = Vec::with_capacity(count);
        for _ in 0..count {
            pairs.push((cursor.uvarint32()?, cursor.uvarint32()?));
        }
        Ok(pairs)
    }
}

fn chunks(cursor: &mut Cursor<'_>, symbols: &Symbols<'_>, base: Timestamp) -> Result<Vec<ChunkRef>, Damaged> {
    let count = cursor.count(6)?;
    let mut chunks = Vec::with_capacity(count);
    let mut source: (u32, SmolStr) = (u32::MAX, SmolStr::default());
    let mut min = base.millis();
    for _ in 0..count {
        let symbol = cursor.uvarint32()?;
        if symbol != source.0 {
            source = (symbol, symbols.text(symbol)?.into());
        }
        min = min.wrapping_add(cursor.ivarint()?);
        let max = min.wrapping_add(cursor.uvarint()? as i64);
        chunks.push(ChunkRef {
            source: source.1.clone(),
            min: Timestamp::from_millis(min),
            max: Timestamp::from_millis(max),
            page: cursor.uvarint32()?,
            offset: cursor.uvarint32()?,
            bytes: cursor.uvarint32()?,
        });
    }
    Ok(chunks)
}

fn server_samples(cursor: &mut Cursor<'_>, base: Timestamp) -> Result<Vec<ServerSample>, Damaged> {
    let count = cursor.count(10)?;
    let mut samples = Vec::with_capacity(count);
    let mut at = base.millis();
    for _ in 0..count {
        at = at.wrapping_add(cursor.ivarint()?);
        let silence = Duration::from_millis(cursor.uvarint()?);
        samples.push(ServerSample { sample: Sample::new(at, f64::from_bits(cursor.u64()?)), silence });
    }
    Ok(samples)
}

/// A series on its way into a table: labels and sources as symbols.
pub(super) struct NewEntry {
    pub(super) pairs: Vec<(u32, u32)>,
    pub(super) chunks: Vec<NewChunk>,
    pub(super) server: Vec<ServerSample>,
}

/// A chunk on its way into a table.
pub(super) struct NewChunk {
    pub(super) source: u32,
    pub(super) min: Timestamp,
    pub(super) max: Timestamp,
    pub(super) page: u32,
    pub(super) offset: u32,
    pub(super) bytes: u32,
}

/// Writes the table; `false` when it would be larger than 4 GiB.
pub(super) fn put(entries: &[NewEntry], base: Timestamp, out: &mut Vec<u8>) -> bool {
    let mut body = Vec::new();
    out.extend_from_slice(&(entries.len() as u32).to_le_bytes());
    out.extend_from_slice(&0u32.to_le_bytes());
    for entry in entries {
        put_entry(entry, base, &mut body);
        let Ok(end) = u32::try_from(body.len()) else { return false };
        out.extend_from_slice(&end.to_le_bytes());
    }
    out.extend_from_slice(&body);
    true
}

fn put_entry(entry: &NewEntry, base: Timestamp, out: &mut Vec<u8>) {
    put_uvarint(out, entry.pairs.len() as u64);
    for &(name, value) in &entry.pairs {
        put_uvarint(out, u64::from(name));
        put_uvarint(out, u64::from(value));
    }
    put_uvarint(out, entry.chunks.len() as u64);
    let mut before = base.millis();
    for chunk in &entry.chunks {
        let (min, max) = (chunk.min.millis(), chunk.max.millis());
        put_uvarint(out, u64::from(chunk.source));
        put_ivarint(out, min.wrapping_sub(before));
        put_uvarint(out, max.wrapping_sub(min) as u64);
        put_uvarint(out, u64::from(chunk.page));
        put_uvarint(out, u64::from(chunk.offset));
        put_uvarint(out, u64::from(chunk.bytes));
        before = min;
    }
    put_uvarint(out, entry.server.len() as u64);
    let mut before = base.millis();
    for server in &entry.server {
        put_ivarint(out, server.at().millis().wrapping_sub(before));
        put_uvarint(out, server.silence.as_millis() as u64);
        out.extend_from_slice(&server.sample.value.to_bits().to_le_bytes());
        before = server.at().millis();
    }
}
