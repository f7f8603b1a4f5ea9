//! The posting lists of a block.
//!
//! ```text
//! 4      number of pairs n, u32
//! 16 n   pairs, sorted: symbol of the name, symbol of the value, where the list begins counted from the first list,
//!        length of the list; u32 each
//! lists  per pair: uvarint first series, then uvarint distance to the next …
//! ```

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::symbols::Symbols;
use crate::index::Index;
use crate::varint::{Cursor, Damaged, put_uvarint};

const DAMAGED: Damaged = Damaged::new("posting lists");
const PAIR_BYTES: usize = 16;

/// A table in a file.
pub(super) struct PostingsTable<'a> {
    pairs: &'a [u8],
    lists: &'a [u8],
}

struct Pair {
    name: u32,
    value: u32,
    offset: u32,
    len: u32,
}

impl<'a> PostingsTable<'a> {
    pub(super) fn new(section: &'a [u8]) -> Result<Self, Damaged> {
        let mut cursor = Cursor::new(section, "posting lists");
        let bytes = (cursor.u32()? as usize).checked_mul(PAIR_BYTES).ok_or(DAMAGED)?;
        Ok(Self { pairs: cursor.take(bytes)?, lists: cursor.take(cursor.remaining())? })
    }

    /// The table as an index, with what it needs to be one.
    pub(super) fn with<'b>(&'b self, symbols: &'b Symbols<'a>, series: u32) -> BlockPostings<'b, 'a> {
        BlockPostings { table: self, symbols, series }
    }

    fn pair(&self, at: usize) -> Result<Pair, Damaged> {
        let mut cursor = Cursor::new(self.pairs.get(at * PAIR_BYTES..).ok_or(DAMAGED)?, "posting lists");
        Ok(Pair { name: cursor.u32()?, value: cursor.u32()?, offset: cursor.u32()?, len: cursor.u32()? })
    }

    fn count(&self) -> usize {
        self.pairs.len() / PAIR_BYTES
    }

    /// The first pair that is not before (`name`, `value`).
    fn lower_bound(&self, name: u32, value: u32) -> Result<usize, Damaged> {
        let (mut low, mut high) = (0, self.count());
        while low < high {
            let middle = low + (high - low) / 2;
            let pair = self.pair(middle)?;
            if (pair.name, pair.value) < (name, value) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }

    /// Calls back with the symbol of each label name.
    pub(super) fn each_name(&self, mut visit: impl FnMut(u32) -> Result<(), Damaged>) -> Result<(), Damaged> {
        let mut at = 0;
        while at < self.count() {
            let name = self.pair(at)?.name;
            visit(name)?;
            match name.checked_add(1) {
                Some(next) => at = self.lower_bound(next, 0)?,
                None => break,
            }
        }
        Ok(())
    }

    /// Calls back with the symbol of each value of a label.
    pub(super) fn each_value(
        &self,
        name: u32,
        mut visit: impl FnMut(u32) -> Result<(), Damaged>,
    ) -> Result<(), Damaged> {
        for at in self.lower_bound(name, 0)?..self.count() {
            let pair = self.pair(at)?;
            if pair.name != name {
                break;
            }
            visit(pair.value)?;
        }
        Ok(())
    }

    fn read_list(&self, pair: &Pair, out: &mut Vec<u32>) -> Result<(), Damaged> {
        let mut cursor = Cursor::new(self.lists.get(pair.offset as usize..).ok_or(DAMAGED)?, "posting lists");
        if pair.len as usize > cursor.remaining() {
            return Err(DAMAGED);
        }
        out.reserve(pair.len as usize);
        let mut series = 0u32;
        for _ in 0..pair.len {
            series = series.checked_add(cursor.uvarint32()?).ok_or(DAMAGED)?;
            out.push(series);
        }
        Ok(())
    }
}

/// Posting lists by text.
pub(super) struct BlockPostings<'b, 'a> {
    table: &'b PostingsTable<'a>,
    symbols: &'b Symbols<'a>,
    series: u32,
}

impl Index for BlockPostings<'_, '_> {
    fn all(&self) -> Result<Cow<'_, [u32]>, Damaged> {
        Ok(Cow::Owned((0..self.series).collect()))
    }

    fn exact(&self, name: &str, value: &str) -> Result<Cow<'_, [u32]>, Damaged> {
        let mut list = Vec::new();
        if let (Some(name), Some(value)) = (self.symbols.find(name)?, self.symbols.find(value)?) {
            let at = self.table.lower_bound(name, value)?;
            if at < self.table.count() {
                let pair = self.table.pair(at)?;
                if (pair.name, pair.value) == (name, value) {
                    self.table.read_list(&pair, &mut list)?;
                }
            }
        }
        Ok(Cow::Owned(list))
    }

    fn accepted(&self, name: &str, accept: &mut dyn FnMut(&str) -> bool) -> Result<Vec<u32>, Damaged> {
        let mut union = Vec::new();
        let Some(name) = self.symbols.find(name)? else { return Ok(union) };
        for at in self.table.lower_bound(name, 0)?..self.table.count() {
            let pair = self.table.pair(at)?;
            if pair.name != name {
                break;
            }
            if accept(self.symbols.text(pair.value)?) {
                self.table.read_list(&pair, &mut union)?;
            }
        }
        union.sort_unstable();
        Ok(union)
    }
}

/// Writes the table; `false` when it would be larger than 4 GiB.
pub(super) fn put(postings: &BTreeMap<(u32, u32), Vec<u32>>, out: &mut Vec<u8>) -> bool {
    let mut lists = Vec::new();
    out.extend_from_slice(&(postings.len() as u32).to_le_bytes());
    for (&(name, value), list) in postings {
        let Ok(offset) = u32::try_from(lists.len()) else { return false };
        for field in [name, value, offset, list.len() as u32] {
            out.extend_from_slice(&field.to_le_bytes());
        }
        let mut before = 0;
        for &series in list {
            put_uvarint(&mut lists, u64::from(series - before));
            before = series;
        }
    }
    out.extend_from_slice(&lists);
    true
}
