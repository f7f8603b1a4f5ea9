//! The series table of format version 1, which is read and no longer written.
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

use crowsnest_api::{Label, Labels, Timestamp};
use smol_str::SmolStr;

use super::series::{ChunkRef, SeriesEntry};
use super::symbols::Symbols;
use crate::server_sample;
use crate::varint::{Cursor, Damaged};

const DAMAGED: Damaged = Damaged::new("series table");

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
            labels.push(Label { name: symbols.text(name)?, value: symbols.text(value)? });
        }
        let labels = Labels::from_sorted(labels).ok_or(DAMAGED)?;
        let chunks = chunks(&mut cursor, symbols, base)?;
        let server = server_sample::read(&mut cursor, base)?;
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
            source = (symbol, symbols.text(symbol)?);
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
            column: None,
        });
    }
    Ok(chunks)
}
