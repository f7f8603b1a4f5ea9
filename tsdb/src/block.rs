//! A block: the samples of a span of time in one immutable file.
//!
//! ```text
//! blocks/0000000007.block
//! header     8  magic "CNESTBLK"
//!            4  format version, u32 = 1
//!            4  CRC-32 of the 12 bytes before
//! pages         compressed chunks, see `page`
//! directory     where the pages are, see `page`
//! symbols       every text once, see `symbols`
//! series        label sets, chunks and the server's own samples, see `series`
//! postings      which series carry which label, see `postings`
//! footer        JSON: what the manifest knows, and position and CRC-32 of each section, see `meta`
//! trailer    4  bytes of the footer, u32
//!            4  CRC-32 of the footer
//!            8  magic "CNESTEND"
//! ```
//! Integers are little-endian. Sections are verified when they are first used, pages each by itself. Blocks may overlap
//! in time; readers merge them.

mod merge;
mod meta;
mod page;
mod postings;
mod series;
mod symbols;
mod writer;

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

use crowsnest_api::{Labels, Sample, Timestamp};
use crowsnest_promql::Matcher;
use parking_lot::Mutex;

pub(crate) use merge::{MergeError, merge_into};
pub(crate) use meta::{BlockId, BlockMeta, Cut};
pub(crate) use page::PageCache;
pub(crate) use series::{ChunkRef, SeriesEntry};
pub(crate) use writer::BlockWriter;

use crate::disk::FileBytes;
use crate::index;
use crate::varint::{Cursor, Damaged};
use meta::{Footer, Section};
use page::Directory;
use postings::PostingsTable;
use series::SeriesTable;
use symbols::Symbols;

const MAGIC: &[u8; 8] = b"CNESTBLK";
const END_MAGIC: &[u8; 8] = b"CNESTEND";
/// The newest format that is known here.
pub(crate) const VERSION: u32 = 1;
const HEADER_BYTES: usize = 16;
const TRAILER_BYTES: usize = 16;

/// Why a file is not a block that can be served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BlockError {
    #[error("format version {0} is newer than {VERSION}")]
    Version(u32),
    #[error(transparent)]
    Damaged(#[from] Damaged),
    #[error("cannot read the file: {0}")]
    Io(#[from] io::Error),
}

/// An open block.
pub(crate) struct Block {
    footer: Footer,
    bytes: FileBytes,
    /// The outcome of verifying the index sections, once that has been done.
    verified: OnceLock<Result<(), Damaged>>,
    /// Per page: not looked at, good or damaged.
    pages: Vec<AtomicU8>,
    damage: Mutex<Option<String>>,
}

const UNSEEN: u8 = 0;
const GOOD: u8 = 1;
const BAD: u8 = 2;

impl Block {
    /// Reads header, trailer and footer; nothing else is touched yet.
    pub(crate) fn open(bytes: FileBytes) -> Result<Self, BlockError> {
        let footer = read_footer((*bytes).as_ref())?;
        let pages = footer.pages()?;
        Ok(Self {
            footer,
            bytes,
            verified: OnceLock::new(),
            pages: std::iter::repeat_with(|| AtomicU8::new(UNSEEN)).take(pages).collect(),
            damage: Mutex::new(None),
        })
    }

    pub(crate) fn meta(&self) -> &BlockMeta {
        &self.footer.meta
    }

    pub(crate) fn id(&self) -> BlockId {
        self.footer.meta.id
    }

    /// Bytes of the file.
    pub(crate) fn size(&self) -> u64 {
        self.content().len() as u64
    }

    pub(crate) fn overlaps(&self, start: Timestamp, end: Timestamp) -> bool {
        self.meta().min_time <= end && self.meta().max_time >= start
    }

    /// What has turned out to be damaged so far.
    pub(crate) fn damage(&self) -> Option<String> {
        self.damage.lock().clone()
    }

    /// The index, verified the first time.
    pub(crate) fn index(&self) -> Result<BlockIndex<'_>, Damaged> {
        let verified = self.verified.get_or_init(|| {
            let result = self.verify_index();
            if let Err(damaged) = &result {
                self.note(damaged.to_string());
            }
            result
        });
        verified.as_ref().map_err(|damaged| *damaged)?;
        BlockIndex::new(self.content(), &self.footer)
    }

    /// Checks everything there is to check.
    pub(crate) fn verify(&self) -> Result<(), Damaged> {
        self.index()?;
        (0..self.pages.len() as u32).try_for_each(|page| self.verify_page(page))
    }

    /// Checks the page's checksum the first time.
    pub(crate) fn verify_page(&self, page: u32) -> Result<(), Damaged> {
        const DAMAGED: Damaged = Damaged::new("page");
        let state = self.pages.get(page as usize).ok_or(DAMAGED)?;
        match state.load(Ordering::Relaxed) {
            GOOD => Ok(()),
            BAD => Err(DAMAGED),
            _ => {
                let intact = Directory::of(self.content(), &self.footer).and_then(|pages| pages.verify(page));
                state.store(if intact.is_ok() { GOOD } else { BAD }, Ordering::Relaxed);
                if intact.is_err() {
                    self.note(format!("damaged page {page}"));
                }
                intact
            }
        }
    }

    /// Appends a chunk's samples to `out`.
    pub(crate) fn read_chunk(
        &self,
        chunk: &ChunkRef,
        cache: &mut PageCache,
        out: &mut Vec<Sample>,
    ) -> Result<(), Damaged> {
        self.verify_page(chunk.page)?;
        let pages = Directory::of(self.content(), &self.footer)?;
        let page = cache.page(self.id(), chunk.page, || pages.decompress(chunk.page))?;
        let end = (chunk.offset as usize)
            .checked_add(chunk.bytes as usize)
            .ok_or(Damaged::new("chunk reference"))?;
        let bytes = page.get(chunk.offset as usize..end).ok_or(Damaged::new("chunk reference"))?;
        crate::chunk::decode_into(bytes, out)
    }

    fn content(&self) -> &[u8] {
        (*self.bytes).as_ref()
    }

    fn verify_index(&self) -> Result<(), Damaged> {
        let (content, sections) = (self.content(), &self.footer.sections);
        for section in [&sections.directory, &sections.symbols, &sections.series, &sections.postings] {
            section.verify(content)?;
        }
        Ok(())
    }

    fn note(&self, what: String) {
        self.damage.lock().get_or_insert(what);
    }
}

/// The header of a format version, without its checksum.
fn header(version: u32) -> Vec<u8> {
    [MAGIC.as_slice(), &version.to_le_bytes()].concat()
}

fn read_footer(content: &[u8]) -> Result<Footer, BlockError> {
    let mut header = Cursor::new(content, "header");
    let (magic, version) = (header.take(8)?, header.u32()?);
    if magic != MAGIC || header.u32()? != crc32fast::hash(&self::header(version)) {
        return Err(header.damaged().into());
    }
    match version {
        VERSION => {}
        newer if newer > VERSION => return Err(BlockError::Version(newer)),
        _ => return Err(header.damaged().into()),
    }
    let (rest, trailer) = content.split_last_chunk::<TRAILER_BYTES>().ok_or(Damaged::new("trailer"))?;
    let mut trailer = Cursor::new(trailer, "trailer");
    let (length, checksum) = (trailer.u32()? as usize, trailer.u32()?);
    if trailer.take(8)? != END_MAGIC {
        return Err(trailer.damaged().into());
    }
    let start =
        rest.len().checked_sub(length).filter(|&start| start >= HEADER_BYTES).ok_or(trailer.damaged())?;
    let footer = rest.get(start..).unwrap_or_default();
    if crc32fast::hash(footer) != checksum {
        return Err(Damaged::new("footer").into());
    }
    Ok(serde_json::from_slice(footer).map_err(|_| Damaged::new("footer"))?)
}

/// The verified index of a block.
pub(crate) struct BlockIndex<'a> {
    meta: &'a BlockMeta,
    symbols: Symbols<'a>,
    series: SeriesTable<'a>,
    postings: PostingsTable<'a>,
}

impl<'a> BlockIndex<'a> {
    fn new(content: &'a [u8], footer: &'a Footer) -> Result<Self, Damaged> {
        let sections = &footer.sections;
        Ok(Self {
            meta: &footer.meta,
            symbols: Symbols::new(sections.symbols.of(content)?)?,
            series: SeriesTable::new(sections.series.of(content)?)?,
            postings: PostingsTable::new(sections.postings.of(content)?)?,
        })
    }

    /// How many series there are.
    pub(crate) fn len(&self) -> u32 {
        self.series.len()
    }

    /// The numbers of the series that match, in the order of their labels.
    pub(crate) fn matching(&self, matchers: &[Matcher]) -> Result<Vec<u32>, Damaged> {
        index::matching(&self.postings.with(&self.symbols, self.series.len()), matchers)
    }

    /// A series with its chunks, by number.
    pub(crate) fn entry(&self, series: u32) -> Result<SeriesEntry, Damaged> {
        self.series.entry(series, &self.symbols, self.meta.min_time)
    }

    /// Calls back with each label name, sorted.
    pub(crate) fn each_label_name(&self, visit: &mut dyn FnMut(&str)) -> Result<(), Damaged> {
        self.postings.each_name(|name| self.symbols.text(name).map(&mut *visit))
    }

    /// Calls back with each value of a label, sorted.
    pub(crate) fn each_label_value(&self, name: &str, visit: &mut dyn FnMut(&str)) -> Result<(), Damaged> {
        let Some(name) = self.symbols.find(name)? else { return Ok(()) };
        self.postings.each_value(name, |value| self.symbols.text(value).map(&mut *visit))
    }

    /// A series by its labels.
    pub(crate) fn find(&self, labels: &Labels) -> Result<Option<SeriesEntry>, Damaged> {
        let Some(pairs) = self.symbols.pairs(labels)? else { return Ok(None) };
        match self.series.find(&pairs)? {
            Some(series) => self.entry(series).map(Some),
            None => Ok(None),
        }
    }
}
