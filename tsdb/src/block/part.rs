//! A part of an index: items in pages of equally many, or, in format version 1, all of them in one stretch of the file.

use std::ops::Deref;
use std::sync::Arc;

use super::Block;
use super::meta::Table;
use crate::varint::Damaged;

/// Bytes of a part.
pub(super) enum Bytes<'a> {
    Mapped(&'a [u8]),
    Page(Arc<Vec<u8>>),
}

impl Deref for Bytes<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Mapped(bytes) => bytes,
            Self::Page(bytes) => bytes,
        }
    }
}

/// Where a part lies.
#[derive(Clone, Copy)]
pub(super) enum Part<'a> {
    /// As it is used.
    Plain { bytes: &'a [u8], items: u32 },
    /// In pages of `per_page` items, the last one with fewer.
    Paged { block: &'a Block, table: Table, per_page: u32 },
}

impl<'a> Part<'a> {
    /// How many items there are.
    pub(super) fn items(&self) -> u32 {
        match self {
            Self::Plain { items, .. } => *items,
            Self::Paged { table, .. } => table.items,
        }
    }

    /// The bytes among which an item is, and its number there.
    pub(super) fn place(&self, item: u32) -> Result<(Bytes<'a>, u32), Damaged> {
        match *self {
            Self::Plain { bytes, .. } => Ok((Bytes::Mapped(bytes), item)),
            Self::Paged { block, table, per_page } => {
                let page = table.nth((item / per_page) as usize)?;
                Ok((Bytes::Page(block.page(page)?), item % per_page))
            }
        }
    }
}
