//! The symbol table: label names, label values and sources, each once, sorted; a symbol's number is its place.
//!
//! ```text
//! 4          number of symbols n, u32
//! 4 (n + 1)  where each text begins and the last ends, u32, counted from the first text
//! ...        the texts, UTF-8
//! ```
//! Format version 1 has one such table, version 2 one a page, of 256 symbols. Numbers compare as their texts do.

use std::cell::RefCell;

use crowsnest_api::Labels;
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use super::part::Part;
use crate::varint::{Cursor, Damaged};

const DAMAGED: Damaged = Damaged::new("symbol table");
/// Symbols of a page.
pub(super) const A_PAGE: usize = 256;

/// A table in a file.
pub(super) struct Symbols<'a> {
    part: Part<'a>,
    /// What has been looked up: neighbours share most of their texts.
    known: RefCell<FxHashMap<u32, SmolStr>>,
}

impl<'a> Symbols<'a> {
    pub(super) fn new(part: Part<'a>) -> Self {
        Self { part, known: RefCell::default() }
    }

    /// The text of a symbol.
    pub(super) fn text(&self, symbol: u32) -> Result<SmolStr, Damaged> {
        if let Some(known) = self.known.borrow().get(&symbol) {
            return Ok(known.clone());
        }
        let text = self.read(symbol, |text| SmolStr::new(text))?;
        self.known.borrow_mut().insert(symbol, text.clone());
        Ok(text)
    }

    /// The symbol of a text.
    pub(super) fn find(&self, text: &str) -> Result<Option<u32>, Damaged> {
        let at = self.lower_bound(text)?;
        let found = at < self.part.items() && self.read(at, |found| found == text)?;
        Ok(found.then_some(at))
    }

    /// The first symbol whose text is not before this one.
    pub(super) fn lower_bound(&self, text: &str) -> Result<u32, Damaged> {
        let (mut low, mut high) = (0, self.part.items());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.read(middle, |middle| middle < text)? {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }

    /// A label set in symbols; `None` when the table lacks one of its texts.
    pub(super) fn pairs(&self, labels: &Labels) -> Result<Option<Vec<(u32, u32)>>, Damaged> {
        let mut pairs = Vec::with_capacity(labels.len());
        for label in labels {
            let (Some(name), Some(value)) = (self.find(&label.name)?, self.find(&label.value)?) else {
                return Ok(None);
            };
            pairs.push((name, value));
        }
        Ok(Some(pairs))
    }

    /// Calls back with the text of a symbol that is not to be kept.
    pub(super) fn read<T>(&self, symbol: u32, read: impl FnOnce(&str) -> T) -> Result<T, Damaged> {
        if symbol >= self.part.items() {
            return Err(DAMAGED);
        }
        let (table, symbol) = self.part.place(symbol)?;
        let mut cursor = Cursor::new(&table, "symbol table");
        let count = cursor.u32()?;
        if symbol >= count {
            return Err(DAMAGED);
        }
        let offsets =
            (count as usize).checked_add(1).and_then(|entries| entries.checked_mul(4)).ok_or(DAMAGED)?;
        let (offsets, texts) = (cursor.take(offsets)?, cursor.take(cursor.remaining())?);
        let mut bounds = Cursor::new(offsets.get(symbol as usize * 4..).ok_or(DAMAGED)?, "symbol table");
        let (start, end) = (bounds.u32()? as usize, bounds.u32()? as usize);
        let text = texts.get(start..end).ok_or(DAMAGED)?;
        std::str::from_utf8(text).map(read).map_err(|_| DAMAGED)
    }
}

/// Writes the table of texts that are sorted; `false` when it would be larger than 4 GiB.
pub(super) fn put(texts: &[SmolStr], out: &mut Vec<u8>) -> bool {
    out.extend_from_slice(&(texts.len() as u32).to_le_bytes());
    out.extend_from_slice(&0u32.to_le_bytes());
    let mut end = 0;
    for text in texts {
        end += text.len();
        let Ok(end) = u32::try_from(end) else { return false };
        out.extend_from_slice(&end.to_le_bytes());
    }
    for text in texts {
        out.extend_from_slice(text.as_bytes());
    }
    true
}
