//! Writing a block, series by series in the order of labels.

use std::collections::BTreeMap;
use std::io;

use crowsnest_api::{Labels, Sample, Timestamp};
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use super::meta::{Footer, Index, Sections, Table};
use super::page::PageEntry;
use super::series::{NewChunk, NewEntry, Times};
use super::times::NewColumns;
use super::{BlockMeta, END_MAGIC, Section, VERSION, postings, series, symbols};
use crate::chunk::{self, Chunk};
use crate::disk::WriteFile;
use crate::server_sample::ServerSample;

/// Samples of a chunk, for most: chunks longer than this hardly become smaller, and more is read for less.
const CHUNK_SAMPLES: i64 = 512;
/// The windows of time of which chunks have one each, so that those of series pushed together begin and end together.
const MINUTE: i64 = 60_000;
const CHUNK_WINDOWS: [i64; 10] = [
    MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    60 * MINUTE,
    120 * MINUTE,
    240 * MINUTE,
    480 * MINUTE,
    1440 * MINUTE,
    10_080 * MINUTE,
];
/// Uncompressed size at which a page of chunks is full.
const PAGE_BYTES: usize = 128 << 10;
/// Bytes gathered before they are written.
const BUFFER_BYTES: usize = 1 << 20;

/// A block that is being written. Holds the index in memory, samples only until their page is full.
pub(crate) struct BlockWriter {
    file: Box<dyn WriteFile>,
    meta: BlockMeta,
    buffer: Vec<u8>,
    written: u64,
    page: Vec<u8>,
    pages: Vec<PageEntry>,
    compressor: zstd::bulk::Compressor<'static>,
    symbols: FxHashMap<SmolStr, u32>,
    pub(super) columns: NewColumns,
    values: Vec<u8>,
    entries: Vec<NewEntry>,
    last_labels: Option<Labels>,
}

impl BlockWriter {
    /// A block of the identity given by `meta`, whose bounds and counts are filled in here.
    pub(crate) fn new(file: Box<dyn WriteFile>, meta: BlockMeta) -> io::Result<Self> {
        let mut buffer = Vec::with_capacity(BUFFER_BYTES + (BUFFER_BYTES >> 2));
        let header = super::header(VERSION);
        buffer.extend_from_slice(&header);
        buffer.extend_from_slice(&crc32fast::hash(&header).to_le_bytes());
        Ok(Self {
            file,
            meta: BlockMeta {
                min_time: Timestamp::MAX,
                max_time: Timestamp::MIN,
                series: 0,
                chunks: 0,
                samples: 0,
                server_samples: 0,
                ..meta
            },
            buffer,
            written: 0,
            page: Vec::with_capacity(PAGE_BYTES * 2),
            pages: Vec::new(),
            compressor: zstd::bulk::Compressor::new(3)?,
            symbols: FxHashMap::default(),
            columns: NewColumns::default(),
            values: Vec::new(),
            entries: Vec::new(),
            last_labels: None,
        })
    }

    /// Adds a series: what each source pushed, ascending by time, and what the server wrote. Series come in the order
    /// of labels, each once; one without samples is left out.
    pub(crate) fn add<'a>(
        &mut self,
        labels: &Labels,
        lanes: impl Iterator<Item = (&'a SmolStr, &'a [Sample])>,
        server: Vec<ServerSample>,
    ) -> io::Result<()> {
        debug_assert!(self.last_labels.as_ref().is_none_or(|last| last < labels));
        let mut chunks = Vec::new();
        for (source, samples) in lanes {
            let source = self.symbol(source);
            for run in runs(samples) {
                chunks.extend(self.put_chunk(source, run)?);
            }
        }
        if chunks.is_empty() && server.is_empty() {
            return Ok(());
        }
        for at in server.iter().map(ServerSample::at) {
            self.widen(at, at);
        }
        self.meta.server_samples += server.len() as u64;
        self.meta.series += 1;
        let pairs =
            labels.iter().map(|label| (self.symbol(&label.name), self.symbol(&label.value))).collect();
        self.entries.push(NewEntry { pairs, chunks, server });
        self.last_labels = Some(labels.clone());
        Ok(())
    }

    /// Whether anything has been added.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Completes the file and syncs it.
    pub(crate) fn finish(mut self) -> io::Result<BlockMeta> {
        self.end_page()?;
        let numbers = self.sort_symbols();
        let base = self.meta.min_time;

        let new_number = |old: u32| numbers.get(old as usize).copied().unwrap_or_default();
        let (pages, items) = std::mem::take(&mut self.columns).into_pages(base, new_number);
        let times = self.put_table(pages, items)?;

        let mut texts: Vec<SmolStr> = std::mem::take(&mut self.symbols).into_keys().collect();
        texts.sort_unstable();
        let mut fits = true;
        let pages = texts.chunks(symbols::A_PAGE).map(|texts| {
            let mut page = Vec::new();
            fits &= symbols::put(texts, &mut page);
            page
        });
        let pages: Vec<Vec<u8>> = pages.collect();
        let symbols = self.put_table(pages, texts.len())?;

        let mut lists: BTreeMap<(u32, u32), Vec<u32>> = BTreeMap::new();
        for (number, entry) in self.entries.iter().enumerate() {
            for &pair in &entry.pairs {
                lists.entry(pair).or_default().push(number as u32);
            }
        }
        let postings = postings::put(&lists).filter(|_| fits);
        let Some((pairs, lists)) = postings else {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the block's index exceeds 4 GiB"));
        };

        let entries = std::mem::take(&mut self.entries);
        let mut next = (0, 0);
        let pages = entries.chunks(series::A_PAGE).map(|entries| {
            let mut page = Vec::new();
            series::put_page(entries, base, &mut next, &mut page);
            page
        });
        let series = self.put_table(pages, entries.len())?;
        drop(entries);

        let pages = |bytes: &[u8], size| bytes.chunks(size).map(<[u8]>::to_vec).collect::<Vec<_>>();
        let items = postings::pairs(&pairs);
        let pairs = self.put_table(pages(&pairs, postings::PAIR_PAGE_BYTES), items)?;
        let items = lists.len();
        let lists = self.put_table(pages(&lists, postings::LIST_BYTES), items)?;

        let mut directory = Vec::new();
        self.pages.iter().for_each(|page| page.put(&mut directory));
        let directory = self.put_section(&directory)?;
        let index = Index::Paged { times, symbols, series, pairs, lists };
        let footer = Footer { meta: self.meta.clone(), sections: Sections { directory, index } };
        let footer = serde_json::to_vec(&footer)?;
        self.buffer.extend_from_slice(&footer);
        self.buffer.extend_from_slice(&(footer.len() as u32).to_le_bytes());
        self.buffer.extend_from_slice(&crc32fast::hash(&footer).to_le_bytes());
        self.buffer.extend_from_slice(END_MAGIC);
        self.flush()?;
        self.file.sync()?;
        Ok(self.meta)
    }

    /// Adds a run of at least one sample and at most [`chunk::MAX_SAMPLES`].
    fn put_chunk(&mut self, source: u32, run: &[Sample]) -> io::Result<Option<NewChunk>> {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { return Ok(None) };
        let (min, max) = (first.timestamp, last.timestamp);
        let mut values = std::mem::take(&mut self.values);
        values.clear();
        let times = match self.columns.number(source, run) {
            Some(column) => {
                chunk::encode_values(run, &mut values);
                Times::Shared(column)
            }
            None => {
                values.extend(Chunk::encode(run).into_iter().flat_map(|chunk| chunk.bytes));
                Times::Own { source, min, max }
            }
        };
        if !self.page.is_empty() && self.page.len() + values.len() > PAGE_BYTES {
            self.end_page()?;
        }
        let placed = NewChunk {
            times,
            page: self.pages.len() as u32,
            offset: self.page.len() as u32,
            bytes: values.len() as u32,
        };
        self.page.extend_from_slice(&values);
        self.values = values;
        self.widen(min, max);
        self.meta.chunks += 1;
        self.meta.samples += run.len() as u64;
        Ok(Some(placed))
    }

    fn put_table(&mut self, pages: impl IntoIterator<Item = Vec<u8>>, items: usize) -> io::Result<Table> {
        let first = self.pages.len();
        for page in pages {
            self.put_page(&page)?;
        }
        let too_many = || io::Error::new(io::ErrorKind::FileTooLarge, "the block has too many pages");
        let number = |count: usize| u32::try_from(count).map_err(|_| too_many());
        Ok(Table { page: number(first)?, pages: number(self.pages.len() - first)?, items: number(items)? })
    }

    fn end_page(&mut self) -> io::Result<()> {
        if self.page.is_empty() {
            return Ok(());
        }
        let mut page = std::mem::take(&mut self.page);
        self.put_page(&page)?;
        page.clear();
        self.page = page;
        Ok(())
    }

    fn put_page(&mut self, raw: &[u8]) -> io::Result<()> {
        let compressed = self.compressor.compress(raw)?;
        self.pages.push(PageEntry {
            offset: self.position(),
            bytes: compressed.len() as u32,
            raw_bytes: raw.len() as u32,
            crc32: crc32fast::hash(&compressed),
        });
        self.buffer.extend_from_slice(&compressed);
        if self.buffer.len() >= BUFFER_BYTES { self.flush() } else { Ok(()) }
    }

    fn put_section(&mut self, bytes: &[u8]) -> io::Result<Section> {
        let section =
            Section { offset: self.position(), bytes: bytes.len() as u64, crc32: crc32fast::hash(bytes) };
        self.flush()?;
        self.file.write_all(bytes)?;
        self.written += bytes.len() as u64;
        Ok(section)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.write_all(&self.buffer)?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    fn position(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    fn widen(&mut self, min: Timestamp, max: Timestamp) {
        self.meta.min_time = self.meta.min_time.min(min);
        self.meta.max_time = self.meta.max_time.max(max);
    }

    /// A symbol, numbered in the order of first use until [`Self::sort_symbols`].
    fn symbol(&mut self, text: &SmolStr) -> u32 {
        let next = self.symbols.len() as u32;
        match self.symbols.get(text) {
            Some(&known) => known,
            None => *self.symbols.entry(text.clone()).or_insert(next),
        }
    }

    /// Renumbers all symbols in the order of their texts, and gives back the new numbers by the old ones.
    fn sort_symbols(&mut self) -> Vec<u32> {
        let mut texts: Vec<(&SmolStr, u32)> =
            self.symbols.iter().map(|(text, &symbol)| (text, symbol)).collect();
        texts.sort_unstable();
        let mut numbers = vec![0; texts.len()];
        for (new, &(_, old)) in texts.iter().enumerate() {
            if let Some(number) = numbers.get_mut(old as usize) {
                *number = new as u32;
            }
        }
        let renumber =
            |symbol: &mut u32| *symbol = numbers.get(*symbol as usize).copied().unwrap_or_default();
        for entry in &mut self.entries {
            for (name, value) in &mut entry.pairs {
                renumber(name);
                renumber(value);
            }
            for chunk in &mut entry.chunks {
                if let Times::Own { source, .. } = &mut chunk.times {
                    renumber(source);
                }
            }
        }
        numbers
    }
}

/// What becomes one chunk each. `samples` ascend by time.
fn runs(samples: &[Sample]) -> impl Iterator<Item = &[Sample]> {
    let window = chunk_window(samples);
    let window_of = move |sample: &Sample| sample.timestamp.millis().div_euclid(window);
    let same = move |a: &Sample, b: &Sample| window_of(a) == window_of(b);
    samples.chunk_by(same).flat_map(|run| run.chunks(chunk::MAX_SAMPLES))
}

/// The largest window that has about [`CHUNK_SAMPLES`] of these.
fn chunk_window(samples: &[Sample]) -> i64 {
    let span = match samples {
        [first, .., last] => last.timestamp.millis().saturating_sub(first.timestamp.millis()),
        _ => 0,
    };
    let spacing = span / (samples.len() as i64).max(2).saturating_sub(1);
    let fits = |window: &&i64| spacing.saturating_mul(CHUNK_SAMPLES) >= **window;
    CHUNK_WINDOWS.iter().rev().find(fits).copied().unwrap_or(MINUTE)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lengths of the chunks of `count` samples, one every `spacing` seconds, from `start` seconds on.
    #[track_caller]
    fn check(start: i64, spacing: i64, count: i64, expected: &[usize]) {
        let samples: Vec<Sample> =
            (0..count).map(|index| Sample::new((start + index * spacing) * 1000, 0.0)).collect();
        assert_eq!(runs(&samples).map(<[Sample]>::len).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn chunks_begin_where_windows_do() {
        check(7200, 15, 960, &[480, 480]);
        check(7200 - 150, 15, 970, &[10, 480, 480]);
        check(86_400, 60, 1440, &[480, 480, 480]);
        check(0, 1, 900, &[300, 300, 300]);
        check(0, 15, 1, &[1]);
        check(0, 0, 0, &[]);
    }

    #[test]
    fn no_chunk_is_longer_than_a_reader_accepts() {
        let samples: Vec<Sample> = (0..5000).map(|at| Sample::new(at, 0.0)).collect();
        assert!(runs(&samples).all(|run| run.len() <= chunk::MAX_SAMPLES));
        assert_eq!(runs(&samples).map(<[Sample]>::len).sum::<usize>(), samples.len());
    }
}
