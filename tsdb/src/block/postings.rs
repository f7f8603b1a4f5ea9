//! The posting lists of a block.
//!
//! ```text
//! pairs  sorted, 16 bytes each: symbol of the name, symbol of the value, where the list begins counted from the first
//!        list, length of the list; u32 each
//! lists  per pair: uvarint first series, then uvarint distance to the next …
//! ```
//! Format version 2 has 512 pairs a page, and cuts the lists, one after the other, into pages of 64 KiB. In version 1 one
//! section has it all: the number of pairs, u32, then pairs and lists.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::part::Part;
use super::symbols::Symbols;
use crate::index::Index;
use crate::varint::{Cursor, Damaged, put_uvarint};

const DAMAGED: Damaged = Damaged::new("posting lists");
const PAIR_BYTES: usize = 16;
/// Pairs of a page.
pub(super) const PAIRS_A_PAGE: usize = 512;
/// Bytes of a page of lists.
pub(super) const LIST_BYTES: usize = 64 << 10;

/// A table in a file.
pub(super) struct PostingsTable<'a> {
    pairs: Part<'a>,
    /// Its items are bytes.
    lists: Part<'a>,
}

struct Pair {
    name: u32,
    value: u32,
    offset: u32,
    len: u32,
}

impl<'a> PostingsTable<'a> {
    pub(super) fn new(pairs: Part<'a>, lists: Part<'a>) -> Self {
        Self { pairs, lists }
    }

    /// What format version 1 has.
    pub(super) fn plain(section: &'a [u8]) -> Result<Self, Damaged> {
        let mut cursor = Cursor::new(section, "posting lists");
        let items = cursor.u32()?;
        let bytes = (items as usize).checked_mul(PAIR_BYTES).ok_or(DAMAGED)?;
        let pairs = Part::Plain { bytes: cursor.take(bytes)?, items };
        let bytes = cursor.take(cursor.remaining())?;
        Ok(Self { pairs, lists: Part::Plain { bytes, items: bytes.len() as u32 } })
    }

    /// The table as an index, with what it needs to be one.
    pub(super) fn with<'b>(&'b self, symbols: &'b Symbols<'a>, series: u32) -> BlockPostings<'b, 'a> {
        BlockPostings { table: self, symbols, series }
    }

    fn pair(&self, at: u32) -> Result<Pair, Damaged> {
        let (page, at) = self.pairs.place(at)?;
        let mut cursor = Cursor::new(page.get(at as usize * PAIR_BYTES..).ok_or(DAMAGED)?, "posting lists");
        Ok(Pair { name: cursor.u32()?, value: cursor.u32()?, offset: cursor.u32()?, len: cursor.u32()? })
    }

    fn count(&self) -> u32 {
        self.pairs.items()
    }

    /// The first pair that is not before (`name`, `value`).
    fn lower_bound(&self, name: u32, value: u32) -> Result<u32, Damaged> {
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

    /// Appends the list of the pair at `at`.
    fn read_list(&self, at: u32, pair: &Pair, out: &mut Vec<u32>) -> Result<(), Damaged> {
        let last = at.saturating_add(1) == self.count();
        let end = if last { self.lists.items() } else { self.pair(at + 1)?.offset };
        let bytes = self.list_bytes(pair.offset, end)?;
        let mut cursor = Cursor::new(&bytes, "posting lists");
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

    /// What lies between two places of the lists, from as many pages as it may be in.
    fn list_bytes(&self, start: u32, end: u32) -> Result<Vec<u8>, Damaged> {
        if end > self.lists.items() {
            return Err(DAMAGED);
        }
        let (mut bytes, mut at) = (Vec::new(), start);
        while at < end {
            let (page, within) = self.lists.place(at)?;
            let rest = page.get(within as usize..).filter(|rest| !rest.is_empty()).ok_or(DAMAGED)?;
            let taken = rest.len().min((end - at) as usize);
            bytes.extend_from_slice(rest.get(..taken).unwrap_or_default());
            at += taken as u32;
        }
        Ok(bytes)
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
                    self.table.read_list(at, &pair, &mut list)?;
                }
            }
        }
        Ok(Cow::Owned(list))
    }

    fn accepted(
        &self,
        name: &str,
        beginning: &str,
        accept: &mut dyn FnMut(&str) -> bool,
    ) -> Result<Vec<u32>, Damaged> {
        let mut union = Vec::new();
        let Some(name) = self.symbols.find(name)? else { return Ok(union) };
        let first = self.symbols.lower_bound(beginning)?;
        for at in self.table.lower_bound(name, first)?..self.table.count() {
            let pair = self.table.pair(at)?;
            if pair.name != name {
                break;
            }
            let (begins_so, accepted) =
                self.symbols.read(pair.value, |value| (value.starts_with(beginning), accept(value)))?;
            if !begins_so {
                break;
            }
            if accepted {
                self.table.read_list(at, &pair, &mut union)?;
            }
        }
        union.sort_unstable();
        Ok(union)
    }
}

/// Posting lists on their way into a table, encoded as they grow.
#[derive(Default)]
pub(super) struct NewLists {
    by_pair: BTreeMap<(u32, u32), NewList>,
}

#[derive(Default)]
struct NewList {
    bytes: Vec<u8>,
    len: u32,
    last: u32,
}

impl NewLists {
    /// Adds a series that has the label; series ascend.
    pub(super) fn add(&mut self, pair: (u32, u32), series: u32) {
        let list = self.by_pair.entry(pair).or_default();
        put_uvarint(&mut list.bytes, u64::from(series - list.last));
        (list.len, list.last) = (list.len + 1, series);
    }

    /// Pairs and lists as they are to be paged; `None` when the lists would be larger than 4 GiB.
    pub(super) fn into_tables(self) -> Option<(Vec<u8>, Vec<u8>)> {
        let (mut pairs, mut lists) = (Vec::new(), Vec::new());
        for ((name, value), list) in self.by_pair {
            for field in [name, value, u32::try_from(lists.len()).ok()?, list.len] {
                pairs.extend_from_slice(&field.to_le_bytes());
            }
            lists.extend_from_slice(&list.bytes);
        }
        u32::try_from(lists.len()).ok()?;
        Some((pairs, lists))
    }
}

/// How many pairs there are in what [`NewLists::into_tables`] made.
pub(super) fn pairs(pairs: &[u8]) -> usize {
    pairs.len() / PAIR_BYTES
}

/// Bytes of a page of pairs.
pub(super) const PAIR_PAGE_BYTES: usize = PAIRS_A_PAGE * PAIR_BYTES;
