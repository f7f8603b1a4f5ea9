//! Writing a block, series by series in the order of labels.

use std::io;

use crowsnest_api::{Labels, Timestamp};
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use super::drafts::Drafts;
use super::meta::{Footer, Index, Sections, Table};
use super::page::PageEntry;
use super::postings::NewLists;
use super::series::{Entry, NewChunk, Times};
use super::times::NewColumns;
use super::{BlockMeta, END_MAGIC, RAW_VERSION, Section, VERSION, postings, symbols};
use crate::chunk::{self, Chunk, Run, Values, histogram_runs};
use crate::disk::WriteFile;
use crate::samples::Samples;
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

/// A block that is being written. Holds the index in memory, encoded, and samples only until their page is full.
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
    drafts: Drafts,
    last_labels: Option<Labels>,
}

impl BlockWriter {
    /// A block of the identity given by `meta`, whose bounds and counts are filled in here.
    pub(crate) fn new(file: Box<dyn WriteFile>, meta: BlockMeta) -> io::Result<Self> {
        let mut buffer = Vec::with_capacity(BUFFER_BYTES + (BUFFER_BYTES >> 2));
        let header = super::header(meta.resolution.map_or(RAW_VERSION, |_| VERSION));
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
            drafts: Drafts::new(),
            last_labels: None,
        })
    }

    /// Adds a series: what each source pushed, ascending by time, and what the server wrote. Series come in the order
    /// of labels, each once; one without samples is left out.
    pub(crate) fn add<'a>(
        &mut self,
        labels: &Labels,
        lanes: impl Iterator<Item = (&'a SmolStr, &'a Samples)>,
        server: Vec<ServerSample>,
    ) -> io::Result<()> {
        debug_assert!(self.last_labels.as_ref().is_none_or(|last| last < labels));
        let mut chunks = Vec::new();
        let last_instant = self.meta.resolution.map_or(LastInstant::OfNext, |_| LastInstant::OfWindow);
        for (source, samples) in lanes {
            let source = self.symbol(source);
            for run in runs(samples, last_instant) {
                chunks.extend(self.put_chunk(source, &run)?);
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
        self.drafts.push(&Entry { pairs, chunks, server });
        self.last_labels = Some(labels.clone());
        Ok(())
    }

    /// Whether anything has been added.
    pub(crate) fn is_empty(&self) -> bool {
        self.meta.series == 0
    }

    /// Completes the file and syncs it.
    pub(crate) fn finish(mut self) -> io::Result<BlockMeta> {
        self.end_page()?;
        let numbers = self.symbol_numbers();
        let base = self.meta.min_time;

        let new_number = |old: u32| numbers.get(old as usize).copied().unwrap_or_default();
        let (pages, items) = std::mem::take(&mut self.columns).into_pages(base, new_number);
        let times = self.put_table(pages.into_iter().map(Ok), items)?;

        let mut texts: Vec<SmolStr> = std::mem::take(&mut self.symbols).into_keys().collect();
        texts.sort_unstable();
        let mut fits = true;
        let pages = texts.chunks(symbols::A_PAGE).map(|texts| {
            let mut page = Vec::new();
            fits &= symbols::put(texts, &mut page);
            Ok(page)
        });
        let symbols = self.put_table(pages, texts.len())?;
        drop(texts);

        let mut lists = NewLists::default();
        let drafts = std::mem::replace(&mut self.drafts, Drafts::new());
        let series = drafts.len();
        let series = self.put_table(drafts.into_pages(base, &numbers, &mut lists), series)?;
        let Some((pairs, lists)) = lists.into_tables().filter(|_| fits) else {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the block's index exceeds 4 GiB"));
        };

        let items = postings::pairs(&pairs);
        let pairs = self.put_table(pairs.chunks(postings::PAIR_PAGE_BYTES).map(Ok), items)?;
        let items = lists.len();
        let lists = self.put_table(lists.chunks(postings::LIST_BYTES).map(Ok), items)?;

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
    fn put_chunk(&mut self, source: u32, run: &Run<'_>) -> io::Result<Option<NewChunk>> {
        let Some((min, max)) = run.range() else { return Ok(None) };
        let mut values = std::mem::take(&mut self.values);
        values.clear();
        let times = match self.columns.number(source, &run.times()) {
            Some(column) => {
                chunk::encode_values(run, &mut values);
                Times::Shared(column)
            }
            None => {
                values.extend(Chunk::of(run).into_iter().flat_map(|chunk| chunk.bytes));
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

    fn put_table<P: AsRef<[u8]>>(
        &mut self,
        pages: impl IntoIterator<Item = io::Result<P>>,
        items: usize,
    ) -> io::Result<Table> {
        let first = self.pages.len();
        for page in pages {
            self.put_page(page?.as_ref())?;
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
        let compressed = if cfg!(fuzzing) { raw.to_vec() } else { self.compressor.compress(raw)? };
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

    /// A symbol, numbered in the order of first use until [`Self::symbol_numbers`].
    fn symbol(&mut self, text: &SmolStr) -> u32 {
        let next = self.symbols.len() as u32;
        match self.symbols.get(text) {
            Some(&known) => known,
            None => *self.symbols.entry(text.clone()).or_insert(next),
        }
    }

    /// The numbers of all symbols in the order of their texts, by those in the order of first use.
    fn symbol_numbers(&self) -> Vec<u32> {
        let mut texts: Vec<(&SmolStr, u32)> =
            self.symbols.iter().map(|(text, &symbol)| (text, symbol)).collect();
        texts.sort_unstable();
        let mut numbers = vec![0; texts.len()];
        for (new, &(_, old)) in texts.iter().enumerate() {
            if let Some(number) = numbers.get_mut(old as usize) {
                *number = new as u32;
            }
        }
        numbers
    }
}

/// To which window of time the instant belongs at which one ends and the next begins.
#[derive(Clone, Copy)]
enum LastInstant {
    OfNext,
    /// As to a bucket.
    OfWindow,
}

/// What becomes one chunk each, in the order of time. `samples` ascend by time.
fn runs(samples: &Samples, last_instant: LastInstant) -> Vec<Run<'_>> {
    let Samples { floats, histograms, starts } = samples;
    let within = move |at: Timestamp| match last_instant {
        LastInstant::OfNext => at,
        LastInstant::OfWindow => at.plus_millis(-1),
    };
    let floats = windows(floats, move |sample| within(sample.timestamp)).map(Values::Floats);
    let histograms =
        windows(histograms, move |(at, _)| within(*at)).flat_map(histogram_runs).map(Values::Histograms);
    let mut runs: Vec<Run<'_>> = floats.chain(histograms).map(|values| Run { values, starts }).collect();
    // Histograms may lie before or between floats.
    if !runs.is_sorted_by_key(Run::range) {
        runs.sort_by_key(Run::range);
    }
    runs
}

/// Samples in parts as long as a chunk may be.
fn windows<T>(samples: &[T], at: impl Fn(&T) -> Timestamp + Copy) -> impl Iterator<Item = &[T]> {
    let window = chunk_window(samples, at);
    let window_of = move |sample: &T| at(sample).millis().div_euclid(window);
    let same = move |a: &T, b: &T| window_of(a) == window_of(b);
    samples.chunk_by(same).flat_map(|run| run.chunks(chunk::MAX_SAMPLES))
}

/// The largest window that has about [`CHUNK_SAMPLES`] of these.
fn chunk_window<T>(samples: &[T], at: impl Fn(&T) -> Timestamp) -> i64 {
    let span = match samples {
        [first, .., last] => at(last).millis().saturating_sub(at(first).millis()),
        _ => 0,
    };
    let spacing = span / (samples.len() as i64).max(2).saturating_sub(1);
    let fits = |window: &&i64| spacing.saturating_mul(CHUNK_SAMPLES) >= **window;
    CHUNK_WINDOWS.iter().rev().find(fits).copied().unwrap_or(MINUTE)
}

#[cfg(test)]
mod tests {
    use crowsnest_api::Sample;

    use super::*;
    use LastInstant::{OfNext, OfWindow};

    /// The lengths of the chunks of `count` samples, one every `spacing` seconds, from `start` seconds on.
    #[track_caller]
    fn check(start: i64, spacing: i64, count: i64, expected: &[usize]) {
        let samples: Vec<Sample> =
            (0..count).map(|index| Sample::new((start + index * spacing) * 1000, 0.0)).collect();
        let samples = Samples::of_floats(samples);
        assert_eq!(runs(&samples, OfNext).iter().map(Run::len).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn the_last_bucket_of_a_day_lies_with_the_others() {
        let day = (1..=288).map(|bucket| Sample::new(bucket * 300_000, 0.0)).collect();
        assert_eq!(runs(&Samples::of_floats(day), OfWindow).len(), 1);
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
        let samples = Samples::of_floats((0..5000).map(|at| Sample::new(at, 0.0)).collect());
        assert!(runs(&samples, OfNext).iter().all(|run| run.len() <= chunk::MAX_SAMPLES));
        assert_eq!(runs(&samples, OfNext).iter().map(Run::len).sum::<usize>(), samples.len());
    }
}
