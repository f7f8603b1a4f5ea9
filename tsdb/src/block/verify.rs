//! All that a block says held against all that it has, for operators and for tests that damage files. Questions verify
//! checksums alone, and those of the pages they read.

use std::collections::BTreeMap;
use std::ops::Range;

use crowsnest_api::{Labels, Timestamp};
use crowsnest_promql::Matcher;
use smol_str::SmolStr;

use super::meta::{Footer, Index, Section, Table};
use super::page::Directory;
use super::{Block, BlockIndex, ChunkRef, HEADER_BYTES, SeriesEntry, TRAILER_BYTES, read_footer};
use crate::samples::Samples;
use crate::server_sample::ServerSample;
use crate::varint::{Cursor, Damaged};

/// Something wrong with a file, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) offset: u64,
    pub(crate) what: String,
}

/// A stretch of a block's file that is checked by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    /// What the format calls it; all pages of a table have its name.
    pub(crate) name: &'static str,
    pub(crate) bytes: Range<u64>,
}

/// Where a file that is no block goes wrong.
pub(crate) fn place_of_damage(content: &[u8]) -> u64 {
    let length = content.len() as u64;
    match read_footer(content) {
        Err(super::BlockError::Damaged(damaged)) if damaged.what != "header" => {
            let trailer = length.saturating_sub(TRAILER_BYTES as u64);
            if damaged.what == "footer" { trailer.saturating_sub(footer_bytes(content)) } else { trailer }
        }
        _ => 0,
    }
}

/// How long the footer is, as the trailer says.
fn footer_bytes(content: &[u8]) -> u64 {
    let trailer = content.last_chunk::<TRAILER_BYTES>().map_or(&[][..], |trailer| trailer);
    Cursor::new(trailer, "trailer").u32().map_or(0, u64::from)
}

/// The tables of an index that lies in pages, in the order of their pages.
fn tables(index: &Index) -> Vec<(&'static str, Table)> {
    match *index {
        Index::Paged { times, symbols, series, pairs, lists } => vec![
            ("times", times),
            ("symbols", symbols),
            ("series", series),
            ("pairs", pairs),
            ("lists", lists),
        ],
        Index::Plain { .. } => Vec::new(),
    }
}

/// What lies outside of pages, header, footer and trailer.
fn sections(footer: &Footer) -> Vec<(&'static str, Section)> {
    let mut sections = vec![("directory", footer.sections.directory)];
    if let Index::Plain { symbols, series, postings } = footer.sections.index {
        sections.extend([("symbols", symbols), ("series", series), ("postings", postings)]);
    }
    sections
}

impl Block {
    /// The stretches of the file in their order, from its first byte to its last.
    pub(crate) fn stretches(&self) -> Vec<Stretch> {
        let (content, tables) = (self.content(), tables(&self.footer.sections.index));
        let length = content.len() as u64;
        let trailer = length.saturating_sub(TRAILER_BYTES as u64);
        let footer = trailer.saturating_sub(footer_bytes(content));
        let mut stretches = vec![Stretch { name: "header", bytes: 0..HEADER_BYTES as u64 }];
        if let Ok(directory) = Directory::of(content, &self.footer) {
            stretches.extend((0..self.pages.len() as u32).filter_map(|number| {
                let (entry, bytes) = directory.page(number).ok()?;
                let of =
                    tables.iter().find(|(_, table)| (table.page..table.page + table.pages).contains(&number));
                let name = of.map_or("chunks", |(name, _)| *name);
                Some(Stretch { name, bytes: entry.offset..entry.offset + bytes.len() as u64 })
            }));
        }
        stretches.extend(sections(&self.footer).into_iter().map(|(name, section)| {
            let bytes = section.offset..section.offset.saturating_add(section.bytes);
            Stretch { name, bytes }
        }));
        stretches.sort_by_key(|stretch| stretch.bytes.start);
        stretches.push(Stretch { name: "footer", bytes: footer..trailer });
        stretches.push(Stretch { name: "trailer", bytes: trailer..length });
        stretches
    }

    /// Everything that is wrong with the file: checksums, bytes that belong to nothing, and, where those are right, what
    /// the parts say of each other.
    pub(crate) fn wrongs(&self) -> Vec<Wrong> {
        let mut check = Check { block: self, wrongs: Vec::new() };
        check.stretches();
        let index_is_whole = check.checksums();
        if index_is_whole {
            check.contents();
        }
        check.wrongs
    }

    /// The format version in the header.
    pub(crate) fn format(&self) -> u32 {
        let mut header = Cursor::new(self.content(), "header");
        header.take(8).and_then(|_| header.u32()).unwrap_or_default()
    }

    /// About how many bytes of the file a chunk takes: its share of the compressed page.
    pub(crate) fn share(&self, chunk: &ChunkRef) -> f64 {
        let entry = Directory::of(self.content(), &self.footer).and_then(|pages| pages.page(chunk.page));
        entry.map_or(0.0, |(entry, _)| {
            f64::from(chunk.bytes) * f64::from(entry.bytes) / f64::from(entry.raw_bytes.max(1))
        })
    }

    fn offset_of_page(&self, page: u32) -> u64 {
        let entry = Directory::of(self.content(), &self.footer).and_then(|pages| pages.page(page));
        entry.map_or(self.footer.sections.directory.offset, |(entry, _)| entry.offset)
    }
}

/// A check under way.
struct Check<'a> {
    block: &'a Block,
    wrongs: Vec<Wrong>,
}

impl Check<'_> {
    fn wrong(&mut self, offset: u64, what: impl Into<String>) {
        self.wrongs.push(Wrong { offset, what: what.into() });
    }

    /// Every byte belongs to exactly one stretch.
    fn stretches(&mut self) {
        let mut end = 0;
        for Stretch { name, bytes } in self.block.stretches() {
            if bytes.start != end {
                self.wrong(end, format!("{name} should begin here and begins at byte {}", bytes.start));
            }
            end = bytes.end;
        }
    }

    /// Checksums of everything; says whether those of the index are right.
    fn checksums(&mut self) -> bool {
        let (block, content) = (self.block, self.block.content());
        let index_from =
            tables(&block.footer.sections.index).first().map_or(u32::MAX, |(_, table)| table.page);
        let mut index_is_whole = true;
        for (name, section) in sections(&block.footer) {
            if section.verify(content).is_err() {
                index_is_whole = false;
                self.wrong(section.offset, format!("wrong checksum of the {name}"));
            }
        }
        if !index_is_whole {
            // Where the pages are is not known, or not what is in them.
            return false;
        }
        for page in 0..block.pages.len() as u32 {
            let checked = Directory::of(content, &block.footer).and_then(|pages| {
                pages.verify(page)?;
                let whole = pages.decompress(page)?.len() == pages.page(page)?.0.raw_bytes as usize;
                if whole { Ok(()) } else { Err(Damaged::new("page reference")) }
            });
            if let Err(damaged) = checked {
                index_is_whole &= page < index_from;
                self.wrong(block.offset_of_page(page), format!("page {page}: {damaged}"));
            }
        }
        index_is_whole
    }

    fn contents(&mut self) {
        let block = self.block;
        let at = block.footer.sections.directory.offset;
        let index = match block.index() {
            Ok(index) => index,
            Err(damaged) => return self.wrong(at, damaged.to_string()),
        };
        let mut counted = Counted::default();
        for number in 0..index.len() {
            match index.entry(number) {
                Ok(entry) => self.series(number, &entry, &mut counted),
                Err(damaged) => return self.wrong(at, format!("series {number}: {damaged}")),
            }
        }
        self.counts(&counted);
        if let Err(damaged) = self.postings(&index, &counted.postings) {
            self.wrong(at, damaged.to_string());
        }
    }

    /// Decodes what a series has.
    fn series(&mut self, number: u32, entry: &SeriesEntry, counted: &mut Counted) {
        let block = self.block;
        if counted.last.as_ref().is_some_and(|last| *last >= entry.labels) {
            let what = format!("series {number}, {}, is not in the order of labels", entry.labels);
            self.wrong(block.footer.sections.directory.offset, what);
        }
        for chunk in &entry.chunks {
            counted.chunks += 1;
            if let Some(what) = self.chunk(chunk, counted) {
                self.wrong(block.offset_of_page(chunk.page), format!("{}: {what}", entry.labels));
            }
        }
        if !entry.server.is_sorted_by(|a, b| a.at() < b.at()) {
            let what = format!("{}: samples of the server are not in order", entry.labels);
            self.wrong(block.footer.sections.directory.offset, what);
        }
        counted.server_samples += entry.server.len() as u64;
        entry.server.iter().map(ServerSample::at).for_each(|at| counted.widen(at));
        for label in &entry.labels {
            counted.postings.entry((label.name.clone(), label.value.clone())).or_default().push(number);
        }
        counted.series += 1;
        counted.last = Some(entry.labels.clone());
    }

    /// What is wrong with a chunk; nothing when that of its page has been told.
    fn chunk(&self, chunk: &ChunkRef, counted: &mut Counted) -> Option<String> {
        if self.block.verify_page(chunk.page).is_err() {
            counted.unknown = true;
            return None;
        }
        let mut samples = Samples::default();
        if let Err(damaged) = self.block.read_chunk(chunk, &mut samples) {
            counted.unknown = true;
            return Some(damaged.to_string());
        }
        counted.samples += (samples.floats.len() + samples.histograms.len()) as u64;
        let range = samples.time_range();
        range.into_iter().for_each(|(min, max)| {
            counted.widen(min);
            counted.widen(max);
        });
        (range != Some((chunk.min, chunk.max)))
            .then(|| format!("a chunk of {} to {} has samples of other times", chunk.min, chunk.max))
    }

    /// The footer counts as we do.
    fn counts(&mut self, counted: &Counted) {
        let meta = self.block.meta();
        let length = self.block.size();
        let footer = length.saturating_sub(TRAILER_BYTES as u64 + footer_bytes(self.block.content()));
        let mut compare = |what: &str, says: i64, is: i64, always: bool| {
            if says != is && (always || !counted.unknown) {
                self.wrong(footer, format!("the footer says {what} {says}, and it is {is}"));
            }
        };
        compare("series", i64::from(meta.series), counted.series as i64, true);
        compare("chunks", meta.chunks as i64, counted.chunks as i64, true);
        compare("samples", meta.samples as i64, counted.samples as i64, false);
        compare("server_samples", meta.server_samples as i64, counted.server_samples as i64, true);
        if let Some((min, max)) = counted.range {
            compare("min_time", meta.min_time.millis(), min.millis(), false);
            compare("max_time", meta.max_time.millis(), max.millis(), false);
        }
    }

    /// The posting lists are those of the series.
    fn postings(&mut self, index: &BlockIndex<'_>, expected: &Postings) -> Result<(), Damaged> {
        let at = self.block.footer.sections.directory.offset;
        let mut pairs: Vec<(SmolStr, SmolStr)> = Vec::with_capacity(expected.len());
        let mut names: Vec<SmolStr> = Vec::new();
        index.each_label_name(&mut |name| names.push(name.into()))?;
        for name in names {
            index.each_label_value(&name, &mut |value| pairs.push((name.clone(), value.into())))?;
        }
        if !pairs.iter().eq(expected.keys()) {
            self.wrong(at, "the posting lists are not those of the series' labels");
        }
        for ((name, value), numbers) in expected {
            if index.matching(&[Matcher::equal(name.as_str(), value.as_str())])? != *numbers {
                self.wrong(at, format!("the posting list of {name}={value:?} is wrong"));
            }
        }
        Ok(())
    }
}

type Postings = BTreeMap<(SmolStr, SmolStr), Vec<u32>>;

/// What the series have turned out to hold.
#[derive(Default)]
struct Counted {
    last: Option<Labels>,
    series: u64,
    chunks: u64,
    samples: u64,
    server_samples: u64,
    range: Option<(Timestamp, Timestamp)>,
    postings: Postings,
    /// Something could not be read, so that not all samples are counted.
    unknown: bool,
}

impl Counted {
    fn widen(&mut self, at: Timestamp) {
        let (min, max) = self.range.unwrap_or((at, at));
        self.range = Some((min.min(at), max.max(at)));
    }
}
