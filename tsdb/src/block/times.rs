//! Columns of times, each once: the series of a source are pushed together, and so are the times of their chunks.
//!
//! ```text
//! page     columns, one after the other, up to 64 KiB
//! column   uvarint  symbol of the source
//!          ivarint  first timestamp, since the block's first
//!          uvarint  last timestamp, since the column's first
//!          bytes    codec and column as at the beginning of a chunk (see `chunk`)
//! ```
//! A column's number is its place.

use crowsnest_api::{Sample, Timestamp};
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use super::Block;
use super::meta::Table;
use super::symbols::Symbols;
use crate::chunk;
use crate::varint::{Cursor, Damaged, put_bytes, put_ivarint, put_uvarint};

const DAMAGED: Damaged = Damaged::new("columns of times");
/// Uncompressed size at which a page is full.
const PAGE_BYTES: usize = 64 << 10;
/// What a writer remembers of columns; beyond it chunks keep their times to themselves.
const MAX_BYTES: usize = 8 << 20;

/// A column that has been found.
pub(crate) struct Column {
    pub(super) source: SmolStr,
    pub(super) min: Timestamp,
    pub(super) max: Timestamp,
    page: u32,
    offset: u32,
    bytes: u32,
}

/// Finds all columns of a block.
pub(super) fn columns(
    block: &Block,
    table: Table,
    symbols: &Symbols<'_>,
    base: Timestamp,
) -> Result<Vec<Column>, Damaged> {
    let mut columns = Vec::new();
    for page in 0..table.pages {
        let page = table.nth(page as usize)?;
        let bytes = block.page(page)?;
        let mut cursor = Cursor::new(&bytes, "columns of times");
        while !cursor.is_empty() {
            let source = symbols.text(cursor.uvarint32()?)?;
            let min = base.millis().wrapping_add(cursor.ivarint()?);
            let max = min.wrapping_add(cursor.uvarint()? as i64);
            let column = cursor.bytes()?;
            columns.push(Column {
                source,
                min: Timestamp::from_millis(min),
                max: Timestamp::from_millis(max),
                page,
                offset: (bytes.len() - cursor.remaining() - column.len()) as u32,
                bytes: column.len() as u32,
            });
        }
    }
    if columns.len() == table.items as usize { Ok(columns) } else { Err(DAMAGED) }
}

impl Column {
    /// Appends a sample without a value for each time.
    pub(super) fn read(&self, block: &Block, out: &mut Vec<Sample>) -> Result<(), Damaged> {
        chunk::decode_times(self.of(&block.page(self.page)?)?, out)
    }

    /// How many times there are.
    pub(super) fn count(&self, block: &Block) -> Result<u64, Damaged> {
        chunk::count_times(self.of(&block.page(self.page)?)?)
    }

    fn of<'p>(&self, page: &'p [u8]) -> Result<&'p [u8], Damaged> {
        let end = (self.offset as usize).saturating_add(self.bytes as usize);
        page.get(self.offset as usize..end).ok_or(DAMAGED)
    }
}

/// Columns on their way into a block.
#[derive(Default)]
pub(super) struct NewColumns {
    /// By source and bytes.
    known: FxHashMap<(u32, Box<[u8]>), u32>,
    /// Source, first and last time, in the order of their numbers.
    columns: Vec<(u32, Timestamp, Timestamp)>,
    bytes: usize,
    encoded: Vec<u8>,
}

impl NewColumns {
    /// One that has no room for any column.
    #[cfg(test)]
    pub(super) fn full() -> Self {
        Self { bytes: MAX_BYTES, ..Self::default() }
    }

    /// The column with these times; `None` when there are too many columns already.
    pub(super) fn number(&mut self, source: u32, samples: &[Sample]) -> Option<u32> {
        let (first, last) = (samples.first()?.timestamp, samples.last()?.timestamp);
        self.encoded.clear();
        chunk::encode_times(samples, &mut self.encoded);
        let key = (source, Box::from(self.encoded.as_slice()));
        if let Some(&known) = self.known.get(&key) {
            return Some(known);
        }
        if self.bytes >= MAX_BYTES {
            return None;
        }
        // What it takes in memory, in the map and beside it.
        self.bytes += self.encoded.len() + 64;
        let number = self.columns.len() as u32;
        self.known.insert(key, number);
        self.columns.push((source, first, last));
        Some(number)
    }

    /// The pages, and how many columns they hold. `symbol` turns a source into its symbol.
    pub(super) fn into_pages(self, base: Timestamp, symbol: impl Fn(u32) -> u32) -> (Vec<Vec<u8>>, usize) {
        let mut bytes: Vec<Box<[u8]>> = vec![Box::default(); self.columns.len()];
        for ((_, column), number) in self.known {
            if let Some(place) = bytes.get_mut(number as usize) {
                *place = column;
            }
        }
        let mut pages: Vec<Vec<u8>> = Vec::new();
        for ((source, first, last), bytes) in self.columns.iter().zip(&bytes) {
            if pages.last().is_none_or(|page| page.len() + bytes.len() > PAGE_BYTES) {
                pages.push(Vec::new());
            }
            let Some(page) = pages.last_mut() else { continue };
            put_uvarint(page, u64::from(symbol(*source)));
            put_ivarint(page, first.millis().wrapping_sub(base.millis()));
            put_uvarint(page, last.millis().wrapping_sub(first.millis()) as u64);
            put_bytes(page, bytes);
        }
        (pages, self.columns.len())
    }
}
