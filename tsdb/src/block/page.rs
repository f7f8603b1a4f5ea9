//! Pages: consecutive chunks compressed together, so that series that resemble each other share their texture (above
//! all their timestamps).
//!
//! ```text
//! page       one zstd frame of concatenated chunks; 64 KiB before compression, more only for a single larger chunk
//! directory  per page:  8  offset of the page in the file, u64
//!                       4  its length there, u32
//!                       4  its length when decompressed, u32
//!                       4  CRC-32 of the compressed bytes
//! ```

use rustc_hash::FxHashMap;

use super::BlockId;
use super::meta::Footer;
use crate::varint::{Cursor, Damaged};

pub(super) const ENTRY_BYTES: usize = 20;
/// Uncompressed size at which a page is full.
pub(super) const PAGE_BYTES: usize = 64 << 10;
/// No writer makes larger ones; a reader refuses them.
const MAX_PAGE_BYTES: usize = 1 << 20;

/// One line of the directory.
#[derive(Clone, Copy, Debug)]
pub(super) struct PageEntry {
    pub(super) offset: u64,
    pub(super) bytes: u32,
    pub(super) raw_bytes: u32,
    pub(super) crc32: u32,
}

impl PageEntry {
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.offset.to_le_bytes());
        out.extend_from_slice(&self.bytes.to_le_bytes());
        out.extend_from_slice(&self.raw_bytes.to_le_bytes());
        out.extend_from_slice(&self.crc32.to_le_bytes());
    }
}

/// The directory of a block, and the file it points into.
pub(super) struct Directory<'a> {
    content: &'a [u8],
    entries: &'a [u8],
}

impl<'a> Directory<'a> {
    pub(super) fn of(content: &'a [u8], footer: &Footer) -> Result<Self, Damaged> {
        Ok(Self { content, entries: footer.sections.directory.of(content)? })
    }

    fn page(&self, number: u32) -> Result<(PageEntry, &'a [u8]), Damaged> {
        const MISSING: Damaged = Damaged::new("page reference");
        let at = (number as usize).checked_mul(ENTRY_BYTES).ok_or(MISSING)?;
        let mut entry = Cursor::new(self.entries.get(at..).ok_or(MISSING)?, "page reference");
        let entry = PageEntry {
            offset: entry.u64()?,
            bytes: entry.u32()?,
            raw_bytes: entry.u32()?,
            crc32: entry.u32()?,
        };
        let start = usize::try_from(entry.offset).map_err(|_| MISSING)?;
        let bytes =
            self.content.get(start..).and_then(|rest| rest.get(..entry.bytes as usize)).ok_or(MISSING)?;
        Ok((entry, bytes))
    }

    pub(super) fn verify(&self, number: u32) -> Result<(), Damaged> {
        let (entry, bytes) = self.page(number)?;
        if crc32fast::hash(bytes) == entry.crc32 { Ok(()) } else { Err(Damaged::new("page")) }
    }

    /// The chunks of a page that has been verified.
    pub(super) fn decompress(&self, number: u32) -> Result<Vec<u8>, Damaged> {
        let (entry, bytes) = self.page(number)?;
        let length = entry.raw_bytes as usize;
        if length > MAX_PAGE_BYTES {
            return Err(Damaged::new("page reference"));
        }
        zstd::bulk::decompress(bytes, length).map_err(|_| Damaged::new("page"))
    }
}

/// The last page read of each block. Series come in the order of their chunks, so one page a block is enough.
#[derive(Default)]
pub(crate) struct PageCache {
    pages: FxHashMap<BlockId, (u32, Vec<u8>)>,
}

impl PageCache {
    /// The page, by `read` when it is not the last one.
    pub(super) fn page(
        &mut self,
        block: BlockId,
        page: u32,
        read: impl FnOnce() -> Result<Vec<u8>, Damaged>,
    ) -> Result<&[u8], Damaged> {
        let entry = self.pages.entry(block).or_insert((u32::MAX, Vec::new()));
        if entry.0 != page {
            *entry = (page, read()?);
        }
        Ok(&entry.1)
    }
}
