//! A block: the samples of a span of time in one immutable file.
//!
//! ```text
//! blocks/0000000007.block
//! header     8  magic "CNESTBLK"
//!            4  format version, u32 = 2, or 3 for blocks of tiers; 1 is read too
//!            4  CRC-32 of the 12 bytes before
//! pages         compressed, see `page`: first the chunks, then, table by table,
//!                 times      columns of times that chunks share, see `times`
//!                 symbols    every text once, see `symbols`
//!                 series     label sets, chunks and the server's own samples, see `series`
//!                 postings   which series carry which label: pairs, then lists, see `postings`
//! directory     where the pages are, see `page`
//! footer        JSON: what the manifest knows, which pages are which, and where the directory is, see `meta`
//! trailer    4  bytes of the footer, u32
//!            4  CRC-32 of the footer
//!            8  magic "CNESTEND"
//! ```
//! In version 3 the samples are down-sampled: the footer says how far, and what are sources elsewhere are the columns of
//! buckets, see `tier`. In version 1 only chunks were in pages; symbols, series and postings were sections as they are used. Integers are
//! little-endian. The index is verified when it is first used, pages of chunks each by itself. Blocks may overlap in time;
//! readers merge them.

mod drafts;
mod merge;
mod meta;
mod page;
mod part;
mod postings;
mod series;
mod series_v1;
mod symbols;
#[cfg(test)]
mod tests;
mod tier;
mod times;
mod verify;
mod writer;

use std::io;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};

use crowsnest_api::{Labels, Timestamp};
use crowsnest_promql::{Matcher, Resolution};
use parking_lot::Mutex;

pub(crate) use merge::{MergeError, fold_into, merge_into};
pub(crate) use meta::{BlockId, BlockMeta, Cut};
pub(crate) use page::PageCache;
pub(crate) use series::{ChunkRef, SeriesEntry};
#[cfg(test)]
pub(crate) use verify::Stretch;
pub(crate) use verify::place_of_damage;
pub(crate) use writer::BlockWriter;

use crate::chunk;
use crate::disk::FileBytes;
use crate::index;
use crate::samples::Samples;
use crate::tier::KEPT;
use crate::varint::{Cursor, Damaged, checksum_is};
use meta::{Footer, Index, Section, Table};
use page::Directory;
use part::Part;
use postings::PostingsTable;
use series::SeriesPages;
use symbols::Symbols;
use times::Column;

const MAGIC: &[u8; 8] = b"CNESTBLK";
const END_MAGIC: &[u8; 8] = b"CNESTEND";
/// The newest format that is known here: that of tiers.
pub(crate) const VERSION: u32 = 3;
/// The newest format of raw samples.
const RAW_VERSION: u32 = 2;
/// The oldest format that is still read.
const OLDEST_VERSION: u32 = 1;
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
    cache: Arc<PageCache>,
    /// The columns of times, once they have been looked for.
    columns: OnceLock<Result<Vec<Column>, Damaged>>,
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
    pub(crate) fn open(bytes: FileBytes, cache: Arc<PageCache>) -> Result<Self, BlockError> {
        let footer = read_footer((*bytes).as_ref())?;
        let pages = footer.pages()?;
        Ok(Self {
            footer,
            bytes,
            cache,
            columns: OnceLock::new(),
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

    /// How wide the buckets are that it has instead of raw samples.
    pub(crate) fn resolution(&self) -> Option<Resolution> {
        self.footer.meta.resolution
    }

    /// The chunks of a series in this block that have samples as they were pushed.
    pub(crate) fn pushed<'e>(&self, entry: &'e SeriesEntry) -> impl Iterator<Item = &'e ChunkRef> + use<'e> {
        let is_tier = self.resolution().is_some();
        entry.chunks.iter().filter(move |chunk| !is_tier || chunk.source == KEPT)
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

    /// The index, verified the first time. To be kept for as long as a question lasts: it remembers what it has read.
    pub(crate) fn index(&self) -> Result<BlockIndex<'_>, Damaged> {
        let verified = self.verified.get_or_init(|| {
            let result = self.verify_index();
            if let Err(damaged) = &result {
                self.note(damaged.to_string());
            }
            result
        });
        verified.as_ref().map_err(|damaged| *damaged)?;
        BlockIndex::new(self).inspect_err(|damaged| self.note(damaged.to_string()))
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

    /// Of a chunk all of whose samples have the same float, that and how many there are, without decoding it; `None` for
    /// others.
    pub(crate) fn only_value(&self, chunk: &ChunkRef) -> Result<Option<(f64, u64)>, Damaged> {
        let page = self.page(chunk.page)?;
        let value = chunk::only_value(chunk.within(&page)?);
        let Some((value, column)) = value.zip(chunk.column) else { return Ok(None) };
        let column = self.columns()?.get(column as usize).ok_or(Damaged::new("chunk reference"))?;
        Ok(Some((value, column.count(self)?)))
    }

    /// Appends a chunk's samples to `out`.
    pub(crate) fn read_chunk(&self, chunk: &ChunkRef, out: &mut Samples) -> Result<(), Damaged> {
        let page = self.page(chunk.page)?;
        let bytes = chunk.within(&page)?;
        let Some(column) = chunk.column else { return crate::chunk::decode_into(bytes, out) };
        let (before, first) = (out.mark(), out.floats.len());
        let column = self.columns()?.get(column as usize).ok_or(Damaged::new("chunk reference"))?;
        let read =
            column.read(self, &mut out.floats).and_then(|()| crate::chunk::decode_values(bytes, out, first));
        if read.is_err() {
            out.back_to(before);
        }
        read
    }

    /// A page, verified and decompressed.
    fn page(&self, page: u32) -> Result<Arc<Vec<u8>>, Damaged> {
        self.verify_page(page)?;
        let read = || Directory::of(self.content(), &self.footer)?.decompress(page);
        self.cache.page(self.id(), page, read)
    }

    /// The columns of times that chunks share.
    fn columns(&self) -> Result<&[Column], Damaged> {
        let columns = self.columns.get_or_init(|| match self.footer.sections.index {
            Index::Plain { .. } => Ok(Vec::new()),
            Index::Paged { times, symbols, .. } => {
                let symbols = Symbols::new(self.part(symbols, symbols::A_PAGE));
                times::columns(self, times, &symbols, self.meta().min_time)
            }
        });
        columns.as_deref().map_err(|damaged| *damaged)
    }

    fn part(&self, table: Table, per_page: usize) -> Part<'_> {
        Part::Paged { block: self, table, per_page: per_page as u32 }
    }

    fn content(&self) -> &[u8] {
        (*self.bytes).as_ref()
    }

    fn verify_index(&self) -> Result<(), Damaged> {
        let (content, sections) = (self.content(), &self.footer.sections);
        sections.directory.verify(content)?;
        match &sections.index {
            Index::Plain { symbols, series, postings } => {
                [symbols, series, postings].into_iter().try_for_each(|section| section.verify(content))
            }
            Index::Paged { times, symbols, series, pairs, lists } => {
                let mut pages = [times, symbols, series, pairs, lists]
                    .into_iter()
                    .flat_map(|table| table.page..table.page.saturating_add(table.pages));
                pages.try_for_each(|page| self.verify_page(page).map_err(|_| Damaged::new("index")))
            }
        }
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
    if magic != MAGIC || !checksum_is(&self::header(version), header.u32()?) {
        return Err(header.damaged().into());
    }
    match version {
        OLDEST_VERSION..=VERSION => {}
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
    if !checksum_is(footer, checksum) {
        return Err(Damaged::new("footer").into());
    }
    let footer: Footer = serde_json::from_slice(footer).map_err(|_| Damaged::new("footer"))?;
    if footer.meta.resolution.is_some() != (version > RAW_VERSION) {
        return Err(Damaged::new("footer").into());
    }
    Ok(footer)
}

/// The verified index of a block.
pub(crate) struct BlockIndex<'a> {
    symbols: Symbols<'a>,
    series: SeriesTable<'a>,
    postings: PostingsTable<'a>,
}

/// The series, as the format version has them.
enum SeriesTable<'a> {
    Paged(SeriesPages<'a>),
    Plain(series_v1::SeriesTable<'a>, Timestamp),
}

impl<'a> BlockIndex<'a> {
    fn new(block: &'a Block) -> Result<Self, Damaged> {
        let (content, base) = (block.content(), block.meta().min_time);
        Ok(match &block.footer.sections.index {
            Index::Plain { symbols, series, postings } => {
                let symbols = symbols.of(content)?;
                let items = Cursor::new(symbols, "symbol table").u32()?;
                let series = series_v1::SeriesTable::new(series.of(content)?)?;
                Self {
                    symbols: Symbols::new(Part::Plain { bytes: symbols, items }),
                    series: SeriesTable::Plain(series, base),
                    postings: PostingsTable::plain(postings.of(content)?)?,
                }
            }
            &Index::Paged { symbols, series, pairs, lists, .. } => Self {
                symbols: Symbols::new(block.part(symbols, symbols::A_PAGE)),
                series: SeriesTable::Paged(SeriesPages::new(block, series, block.columns()?, base)),
                postings: PostingsTable::new(
                    block.part(pairs, postings::PAIRS_A_PAGE),
                    block.part(lists, postings::LIST_BYTES),
                ),
            },
        })
    }

    /// How many series there are.
    pub(crate) fn len(&self) -> u32 {
        match &self.series {
            SeriesTable::Paged(series) => series.len(),
            SeriesTable::Plain(series, _) => series.len(),
        }
    }

    /// The numbers of the series that match, in the order of their labels.
    pub(crate) fn matching(&self, matchers: &[Matcher]) -> Result<Vec<u32>, Damaged> {
        index::matching(&self.postings.with(&self.symbols, self.len()), matchers)
    }

    /// A series with its chunks, by number. Quickest in ascending order.
    pub(crate) fn entry(&self, series: u32) -> Result<SeriesEntry, Damaged> {
        match &self.series {
            SeriesTable::Paged(table) => table.entry(series, &self.symbols),
            SeriesTable::Plain(table, base) => table.entry(series, &self.symbols, *base),
        }
    }

    /// Calls back with each label name, sorted.
    pub(crate) fn each_label_name(&self, visit: &mut dyn FnMut(&str)) -> Result<(), Damaged> {
        self.postings.each_name(|name| self.symbols.text(name).map(|name| visit(&name)))
    }

    /// Calls back with each value of a label, sorted.
    pub(crate) fn each_label_value(&self, name: &str, visit: &mut dyn FnMut(&str)) -> Result<(), Damaged> {
        let Some(name) = self.symbols.find(name)? else { return Ok(()) };
        self.postings.each_value(name, |value| self.symbols.text(value).map(|value| visit(&value)))
    }

    /// A series by its labels.
    pub(crate) fn find(&self, labels: &Labels) -> Result<Option<SeriesEntry>, Damaged> {
        let Some(pairs) = self.symbols.pairs(labels)? else { return Ok(None) };
        let found = match &self.series {
            SeriesTable::Paged(table) => table.find(&pairs)?,
            SeriesTable::Plain(table, _) => table.find(&pairs)?,
        };
        found.map(|series| self.entry(series)).transpose()
    }
}
