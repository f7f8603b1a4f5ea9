//! Writing a block, series by series in the order of labels.

use std::collections::BTreeMap;
use std::io;

use crowsnest_api::{Labels, Sample, Timestamp};
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use super::meta::{Footer, Sections};
use super::page::{PAGE_BYTES, PageEntry};
use super::series::{NewChunk, NewEntry};
use super::{BlockMeta, END_MAGIC, Section, VERSION, postings, series, symbols};
use crate::chunk::Chunk;
use crate::disk::WriteFile;
use crate::server_sample::ServerSample;

/// Samples of a chunk: what a series scraped every 15 s has in two hours.
const CHUNK_SAMPLES: usize = 480;
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
            for run in samples.chunks(CHUNK_SAMPLES) {
                // `chunks` gives no empty and no oversized run.
                if let Some(chunk) = Chunk::encode(run) {
                    chunks.push(self.put_chunk(source, &chunk)?);
                }
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
        self.sort_symbols();
        let mut directory = Vec::new();
        self.pages.iter().for_each(|page| page.put(&mut directory));
        let directory = self.put_section(&directory)?;

        let mut texts: Vec<SmolStr> = std::mem::take(&mut self.symbols).into_keys().collect();
        texts.sort_unstable();
        let mut section = Vec::new();
        let mut fits = symbols::put(&texts, &mut section);
        let symbols = self.put_section(&section)?;

        section.clear();
        fits &= series::put(&self.entries, self.meta.min_time, &mut section);
        let series = self.put_section(&section)?;

        let mut lists: BTreeMap<(u32, u32), Vec<u32>> = BTreeMap::new();
        for (number, entry) in self.entries.iter().enumerate() {
            for &pair in &entry.pairs {
                lists.entry(pair).or_default().push(number as u32);
            }
        }
        section.clear();
        fits &= postings::put(&lists, &mut section);
        if !fits {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the block's index exceeds 4 GiB"));
        }
        let postings = self.put_section(&section)?;

        let footer =
            Footer { meta: self.meta.clone(), sections: Sections { directory, symbols, series, postings } };
        let footer = serde_json::to_vec(&footer)?;
        self.buffer.extend_from_slice(&footer);
        self.buffer.extend_from_slice(&(footer.len() as u32).to_le_bytes());
        self.buffer.extend_from_slice(&crc32fast::hash(&footer).to_le_bytes());
        self.buffer.extend_from_slice(END_MAGIC);
        self.flush()?;
        self.file.sync()?;
        Ok(self.meta)
    }

    fn put_chunk(&mut self, source: u32, chunk: &Chunk) -> io::Result<NewChunk> {
        if !self.page.is_empty() && self.page.len() + chunk.bytes.len() > PAGE_BYTES {
            self.end_page()?;
        }
        let placed = NewChunk {
            source,
            min: chunk.min,
            max: chunk.max,
            page: self.pages.len() as u32,
            offset: self.page.len() as u32,
            bytes: chunk.bytes.len() as u32,
        };
        self.page.extend_from_slice(&chunk.bytes);
        self.widen(chunk.min, chunk.max);
        self.meta.chunks += 1;
        self.meta.samples += u64::from(chunk.count);
        Ok(placed)
    }

    fn end_page(&mut self) -> io::Result<()> {
        if self.page.is_empty() {
            return Ok(());
        }
        let compressed = self.compressor.compress(&self.page)?;
        self.pages.push(PageEntry {
            offset: self.position(),
            bytes: compressed.len() as u32,
            raw_bytes: self.page.len() as u32,
            crc32: crc32fast::hash(&compressed),
        });
        self.page.clear();
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

    /// Renumbers all symbols in the order of their texts.
    fn sort_symbols(&mut self) {
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
            entry.chunks.iter_mut().for_each(|chunk| renumber(&mut chunk.source));
        }
    }
}
