//! Pages: consecutive chunks compressed together, so that series that resemble each other share their texture.
//!
//! ```text
//! page       one zstd frame: concatenated chunks, or a part of the index (from format version 2 on)
//! directory  per page:  8  offset of the page in the file, u64
//!                       4  its length there, u32
//!                       4  its length when decompressed, u32
//!                       4  CRC-32 of the compressed bytes
//! ```

use std::sync::Arc;

use parking_lot::Mutex;
use rustc_hash::FxHashMap;

use super::BlockId;
use super::meta::Footer;
use crate::varint::{Cursor, Damaged, checksum_is};

pub(super) const ENTRY_BYTES: usize = 20;
/// No writer makes larger ones; a reader refuses them.
const MAX_PAGE_BYTES: usize = 1 << 20;
/// What the decompressed pages of a store may take in memory.
const CACHE_BYTES: usize = 16 << 20;

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

    pub(super) fn page(&self, number: u32) -> Result<(PageEntry, &'a [u8]), Damaged> {
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
        if checksum_is(bytes, entry.crc32) { Ok(()) } else { Err(Damaged::new("page")) }
    }

    /// The chunks of a page that has been verified.
    pub(super) fn decompress(&self, number: u32) -> Result<Vec<u8>, Damaged> {
        let (entry, bytes) = self.page(number)?;
        let length = entry.raw_bytes as usize;
        if length > MAX_PAGE_BYTES {
            return Err(Damaged::new("page reference"));
        }
        if cfg!(fuzzing) {
            // Written so, too: what a fuzzer changes should be what is in the page.
            return Ok(bytes.to_vec());
        }
        zstd::bulk::decompress(bytes, length).map_err(|_| Damaged::new("page"))
    }
}

/// Decompressed pages of the blocks of a store. When there are too many, the half that was not used for longest goes.
#[derive(Default)]
pub(crate) struct PageCache {
    cached: Mutex<Cached>,
}

/// A block and a page of it.
type Key = (BlockId, u32);

#[derive(Default)]
struct Cached {
    /// Each with the number of its last use.
    pages: FxHashMap<Key, (Arc<Vec<u8>>, u64)>,
    bytes: usize,
    uses: u64,
}

impl PageCache {
    /// The page, by `read` when it is not here.
    pub(super) fn page(
        &self,
        block: BlockId,
        page: u32,
        read: impl FnOnce() -> Result<Vec<u8>, Damaged>,
    ) -> Result<Arc<Vec<u8>>, Damaged> {
        if let Some(known) = self.cached.lock().find((block, page)) {
            return Ok(known);
        }
        let bytes = Arc::new(read()?);
        self.cached.lock().insert((block, page), bytes.clone());
        Ok(bytes)
    }
}

impl Cached {
    fn find(&mut self, key: Key) -> Option<Arc<Vec<u8>>> {
        self.uses += 1;
        let (bytes, used) = self.pages.get_mut(&key)?;
        *used = self.uses;
        Some(bytes.clone())
    }

    fn insert(&mut self, key: Key, bytes: Arc<Vec<u8>>) {
        self.bytes += bytes.len();
        if let Some((before, _)) = self.pages.insert(key, (bytes, self.uses)) {
            self.bytes -= before.len();
        }
        if self.bytes > CACHE_BYTES {
            let mut uses: Vec<u64> = self.pages.values().map(|&(_, used)| used).collect();
            let middle = uses.len() / 2;
            let (_, &mut median, _) = uses.select_nth_unstable(middle);
            self.pages.retain(|_, (_, used)| *used > median);
            self.bytes = self.pages.values().map(|(bytes, _)| bytes.len()).sum();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_is_bounded_and_keeps_what_was_used_last() {
        let cache = PageCache::default();
        let read = |page| cache.page(BlockId(1), page, || Ok(vec![0; 1 << 20])).map(|page| page.len());
        for page in 0..100 {
            assert_eq!(read(page), Ok(1 << 20));
            assert!(cache.cached.lock().bytes <= CACHE_BYTES);
        }
        let there = |page| cache.cached.lock().pages.contains_key(&(BlockId(1), page));
        assert_eq!((there(99), there(0)), (true, false));
        let failed = cache.page(BlockId(2), 0, || Err(Damaged::new("page")));
        assert_eq!(failed, Err(Damaged::new("page")));
    }
}
