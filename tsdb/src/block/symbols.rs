//! The symbol table: label names, label values and sources, each once, sorted; a symbol's number is its place.
//!
//! ```text
//! 4          number of symbols n, u32
//! 4 (n + 1)  where each text begins and the last ends, u32, counted from the first text
//! ...        the texts, UTF-8
//! ```
//! Numbers compare as their texts do.

use crowsnest_api::Labels;
use smol_str::SmolStr;

use crate::varint::{Cursor, Damaged};

const DAMAGED: Damaged = Damaged::new("symbol table");

/// A table in a file.
pub(super) struct Symbols<'a> {
    count: u32,
    offsets: &'a [u8],
    texts: &'a [u8],
}

impl<'a> Symbols<'a> {
    pub(super) fn new(section: &'a [u8]) -> Result<Self, Damaged> {
        let mut cursor = Cursor::new(section, "symbol table");
        let count = cursor.u32()?;
        let offsets =
            (count as usize).checked_add(1).and_then(|entries| entries.checked_mul(4)).ok_or(DAMAGED)?;
        Ok(Self { count, offsets: cursor.take(offsets)?, texts: cursor.take(cursor.remaining())? })
    }

    /// The text of a symbol.
    pub(super) fn text(&self, symbol: u32) -> Result<&'a str, Damaged> {
        if symbol >= self.count {
            return Err(DAMAGED);
        }
        let mut bounds = Cursor::new(self.offsets.get(symbol as usize * 4..).ok_or(DAMAGED)?, "symbol table");
        let (start, end) = (bounds.u32()? as usize, bounds.u32()? as usize);
        std::str::from_utf8(self.texts.get(start..end).ok_or(DAMAGED)?).map_err(|_| DAMAGED)
    }

    /// The symbol of a text.
    pub(super) fn find(&self, text: &str) -> Result<Option<u32>, Damaged> {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.text(middle)?.cmp(text) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return Ok(Some(middle)),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        Ok(None)
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
