//! The series table, in the order of labels, 256 series a page; a series' number is its place.
//!
//! ```text
//! page     uvarint  page of the page's first chunk, uvarint offset of that chunk in it
//!          entries, one after the other:
//! entry    uvarint  labels; each: uvarint symbol of the name, uvarint symbol of the value
//!          uvarint  chunks, source by source, each source's in the order of time; each:
//!                     uvarint  0 = the chunk has times of its own, and there follow: uvarint symbol of the source,
//!                                  ivarint first timestamp since the block's first, uvarint last since the first
//!                              else 1 + the zigzag form of its time column, counted from the one after the column of
//!                                  the chunk before; from column 0 for the first in the page
//!                     uvarint  bytes · 2 + n; n = 1: it is the first of the next page
//!          uvarint  samples of the server, in the order of time; each:
//!                     ivarint  timestamp, since the one before, the first since the block's first
//!                     uvarint  silence, ms
//!                     8        value, its bits
//! ```
//! Chunks lie in the pages in the order of this table, so that their places need not be written. A page is read from its
//! beginning; questions ask for ascending series, and so go through it once.

use std::cell::RefCell;
use std::sync::Arc;

use crowsnest_api::{Label, Labels, Timestamp};
use smol_str::SmolStr;

use super::Block;
use super::meta::Table;
use super::symbols::Symbols;
use super::times::Column;
use crate::server_sample::{self, ServerSample};
use crate::varint::{Cursor, Damaged, put_ivarint, put_uvarint};

const DAMAGED: Damaged = Damaged::new("series table");
/// Series of a page.
pub(super) const A_PAGE: usize = 256;
/// In place of a column: the chunk has times of its own.
const OWN_TIMES: u64 = 0;

/// Where a chunk is and what it covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChunkRef {
    pub(crate) source: SmolStr,
    pub(crate) min: Timestamp,
    pub(crate) max: Timestamp,
    pub(super) page: u32,
    pub(super) offset: u32,
    pub(super) bytes: u32,
    /// The column of times that it shares, if it does.
    pub(super) column: Option<u32>,
}

impl ChunkRef {
    /// Bytes, decompressed.
    pub(crate) fn size(&self) -> usize {
        self.bytes as usize
    }

    pub(crate) fn overlaps(&self, start: Timestamp, end: Timestamp) -> bool {
        self.min <= end && self.max >= start
    }

    pub(crate) fn page(&self) -> u32 {
        self.page
    }

    /// Its bytes in its page.
    pub(super) fn within<'p>(&self, page: &'p [u8]) -> Result<&'p [u8], Damaged> {
        let end = (self.offset as usize).checked_add(self.bytes as usize);
        let bytes = end.and_then(|end| page.get(self.offset as usize..end));
        bytes.ok_or(Damaged::new("chunk reference"))
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
pub(super) struct SeriesPages<'a> {
    block: &'a Block,
    table: Table,
    columns: &'a [Column],
    base: Timestamp,
    /// Where reading stopped.
    walk: RefCell<Walk>,
}

/// An entry as it is written: labels and sources as symbols.
#[derive(Default)]
pub(super) struct Entry {
    pub(super) pairs: Vec<(u32, u32)>,
    pub(super) chunks: Vec<NewChunk>,
    pub(super) server: Vec<ServerSample>,
}

/// A walk along a page.
#[derive(Default)]
pub(super) struct Walk {
    page: Option<u32>,
    bytes: Arc<Vec<u8>>,
    /// Where the next entry begins, and its number in the page.
    at: usize,
    next: u32,
    /// Where the next chunk is, unless it begins a page.
    chunk_page: u32,
    chunk_offset: u32,
    /// The column after that of the last chunk.
    column: u32,
    /// The entry before `next`.
    entry: Entry,
}

impl<'a> SeriesPages<'a> {
    pub(super) fn new(block: &'a Block, table: Table, columns: &'a [Column], base: Timestamp) -> Self {
        Self { block, table, columns, base, walk: RefCell::default() }
    }

    pub(super) fn len(&self) -> u32 {
        self.table.items
    }

    /// The series with these labels.
    pub(super) fn find(&self, pairs: &[(u32, u32)]) -> Result<Option<u32>, Damaged> {
        let first_of = |page: u32| self.with(page * A_PAGE as u32, |entry| entry.pairs.as_slice() <= pairs);
        let (mut low, mut high) = (0, self.table.pages);
        while low < high {
            let middle = low + (high - low) / 2;
            if first_of(middle)? {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let Some(page) = low.checked_sub(1) else { return Ok(None) };
        let first = page.saturating_mul(A_PAGE as u32);
        for series in first..first.saturating_add(A_PAGE as u32).min(self.table.items) {
            match self.with(series, |entry| entry.pairs.as_slice().cmp(pairs))? {
                std::cmp::Ordering::Less => {}
                std::cmp::Ordering::Equal => return Ok(Some(series)),
                std::cmp::Ordering::Greater => break,
            }
        }
        Ok(None)
    }

    pub(super) fn entry(&self, series: u32, symbols: &Symbols<'_>) -> Result<SeriesEntry, Damaged> {
        self.with(series, |raw| {
            let mut labels = Vec::with_capacity(raw.pairs.len());
            for &(name, value) in &raw.pairs {
                labels.push(Label { name: symbols.text(name)?, value: symbols.text(value)? });
            }
            let labels = Labels::from_sorted(labels).ok_or(DAMAGED)?;
            let chunks =
                raw.chunks.iter().map(|chunk| self.chunk(chunk, symbols)).collect::<Result<_, _>>()?;
            Ok(SeriesEntry { labels, chunks, server: raw.server.clone() })
        })?
    }

    fn chunk(&self, chunk: &NewChunk, symbols: &Symbols<'_>) -> Result<ChunkRef, Damaged> {
        let &NewChunk { page, offset, bytes, ref times } = chunk;
        Ok(match *times {
            Times::Own { source, min, max } => {
                ChunkRef { source: symbols.text(source)?, min, max, page, offset, bytes, column: None }
            }
            Times::Shared(column) => {
                let &Column { ref source, min, max, .. } =
                    self.columns.get(column as usize).ok_or(DAMAGED)?;
                ChunkRef { source: source.clone(), min, max, page, offset, bytes, column: Some(column) }
            }
        })
    }

    /// Goes to a series and looks at it.
    fn with<T>(&self, series: u32, look: impl FnOnce(&Entry) -> T) -> Result<T, Damaged> {
        if series >= self.table.items {
            return Err(DAMAGED);
        }
        let (page, within) = (series / A_PAGE as u32, series % A_PAGE as u32);
        let walk = &mut *self.walk.borrow_mut();
        if walk.page != Some(page) || walk.next > within + 1 {
            walk.start(page, self.block.page(self.table.nth(page as usize)?)?)?;
        }
        while walk.next <= within {
            if let Err(damaged) = walk.step(self.base) {
                walk.page = None;
                return Err(damaged);
            }
        }
        Ok(look(&walk.entry))
    }
}

impl Walk {
    pub(super) fn start(&mut self, page: u32, bytes: Arc<Vec<u8>>) -> Result<(), Damaged> {
        let mut cursor = Cursor::new(&bytes, "series table");
        (self.chunk_page, self.chunk_offset) = (cursor.uvarint32()?, cursor.uvarint32()?);
        (self.at, self.next, self.column) = (bytes.len() - cursor.remaining(), 0, 0);
        (self.page, self.bytes) = (Some(page), bytes);
        Ok(())
    }

    /// Reads the next entry.
    pub(super) fn step(&mut self, base: Timestamp) -> Result<&mut Entry, Damaged> {
        let bytes = self.bytes.clone();
        let mut cursor = Cursor::new(bytes.get(self.at..).ok_or(DAMAGED)?, "series table");
        self.entry.pairs.clear();
        for _ in 0..cursor.count(2)? {
            self.entry.pairs.push((cursor.uvarint32()?, cursor.uvarint32()?));
        }
        self.entry.chunks.clear();
        for _ in 0..cursor.count(2)? {
            let chunk = self.chunk(&mut cursor, base)?;
            self.entry.chunks.push(chunk);
        }
        self.entry.server = server_sample::read(&mut cursor, base)?;
        self.at = bytes.len() - cursor.remaining();
        self.next += 1;
        Ok(&mut self.entry)
    }

    fn chunk(&mut self, cursor: &mut Cursor<'_>, base: Timestamp) -> Result<NewChunk, Damaged> {
        let times = match cursor.uvarint()? {
            OWN_TIMES => {
                let source = cursor.uvarint32()?;
                let min = base.millis().wrapping_add(cursor.ivarint()?);
                let max = min.wrapping_add(cursor.uvarint()? as i64);
                Times::Own { source, min: Timestamp::from_millis(min), max: Timestamp::from_millis(max) }
            }
            distance => {
                let raw = distance - 1;
                let distance = (raw >> 1) as i64 ^ -((raw & 1) as i64);
                let column = i64::from(self.column).checked_add(distance);
                let column = column.and_then(|column| u32::try_from(column).ok()).ok_or(DAMAGED)?;
                self.column = column.checked_add(1).ok_or(DAMAGED)?;
                Times::Shared(column)
            }
        };
        let size = cursor.uvarint32()?;
        if size & 1 == 1 {
            self.chunk_page = self.chunk_page.checked_add(1).ok_or(DAMAGED)?;
            self.chunk_offset = 0;
        }
        let (page, offset, bytes) = (self.chunk_page, self.chunk_offset, size >> 1);
        self.chunk_offset = offset.checked_add(bytes).ok_or(DAMAGED)?;
        Ok(NewChunk { times, page, offset, bytes })
    }
}

/// A chunk as the table has it.
pub(super) struct NewChunk {
    pub(super) times: Times,
    pub(super) page: u32,
    pub(super) offset: u32,
    pub(super) bytes: u32,
}

/// The times of a chunk.
pub(super) enum Times {
    /// A column of the block.
    Shared(u32),
    /// In the chunk itself; `source` is a symbol.
    Own { source: u32, min: Timestamp, max: Timestamp },
}

/// Writes entries, one after the other.
pub(super) struct EntryWriter {
    base: Timestamp,
    /// Where the next chunk would be: page and offset.
    next: (u32, u32),
    /// The column after that of the last chunk.
    column: u32,
}

impl EntryWriter {
    /// Times are counted from `base`; the first chunk lies at the beginning of the first page.
    pub(super) fn new(base: Timestamp) -> Self {
        Self { base, next: (0, 0), column: 0 }
    }

    pub(super) fn begin_page(&mut self, out: &mut Vec<u8>) {
        put_uvarint(out, u64::from(self.next.0));
        put_uvarint(out, u64::from(self.next.1));
        self.column = 0;
    }

    pub(super) fn put(&mut self, entry: &Entry, out: &mut Vec<u8>) {
        put_uvarint(out, entry.pairs.len() as u64);
        for &(name, value) in &entry.pairs {
            put_uvarint(out, u64::from(name));
            put_uvarint(out, u64::from(value));
        }
        put_uvarint(out, entry.chunks.len() as u64);
        entry.chunks.iter().for_each(|chunk| self.put_chunk(chunk, out));
        server_sample::put(&entry.server, self.base, out);
    }

    fn put_chunk(&mut self, chunk: &NewChunk, out: &mut Vec<u8>) {
        match chunk.times {
            Times::Own { source, min, max } => {
                put_uvarint(out, OWN_TIMES);
                put_uvarint(out, u64::from(source));
                put_ivarint(out, min.millis().wrapping_sub(self.base.millis()));
                put_uvarint(out, max.millis().wrapping_sub(min.millis()) as u64);
            }
            Times::Shared(own) => {
                let distance = i64::from(own) - i64::from(self.column);
                put_uvarint(out, 1 + ((distance << 1) ^ (distance >> 63)) as u64);
                self.column = own + 1;
            }
        }
        let begins_page = chunk.page != self.next.0;
        let expected = if begins_page { (self.next.0 + 1, 0) } else { self.next };
        debug_assert_eq!((chunk.page, chunk.offset), expected);
        put_uvarint(out, u64::from(chunk.bytes) << 1 | u64::from(begins_page));
        self.next = (chunk.page, chunk.offset + chunk.bytes);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>, base: i64) {
            let mut walk = Walk::default();
            if walk.start(0, Arc::new(bytes)).is_ok() {
                while walk.step(Timestamp::from_millis(base)).is_ok() && walk.next < 1000 {}
            }
        }
    }
}
