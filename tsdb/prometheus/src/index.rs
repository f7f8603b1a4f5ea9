//! A block's index: its symbols, and its series in the order of label sets.
//!
//! ```text
//! u32 magic 0xBAAAD700, u8 version 2
//! symbols   u32 length, u32 count, per symbol a text, u32 CRC-32C
//! series    each at a multiple of 16: uvarint length, body, u32 CRC-32C of the body
//!           body: labels, each two symbols (uvarints); chunks, each first timestamp, span, place
//! … tables that point into the series, which reading all of them does without …
//! contents  six u64: where symbols, series and the tables begin; u32 CRC-32C
//! ```

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use crowsnest_api::{Label, Labels, Timestamp};
use smol_str::SmolStr;

use crate::Error;
use crate::bytes::{Damaged, Reader, verify};

const MAGIC: u32 = 0xBAAA_D700;
const VERSION: u8 = 2;
const HEADER_BYTES: u64 = 5;
const CONTENTS_BYTES: u64 = 6 * 8 + 4;
const ALIGNMENT: u64 = 16;
/// A series of a month with a chunk every half hour takes some 20 KiB.
const MAX_SERIES_BYTES: u64 = 64 << 20;

/// What the index says about a series.
#[derive(Debug, PartialEq)]
pub(crate) struct IndexedSeries {
    /// How tombstones call it.
    pub(crate) number: u64,
    pub(crate) labels: Labels,
    /// Its chunks, oldest first.
    pub(crate) chunks: Vec<ChunkRef>,
}

/// A chunk of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ChunkRef {
    pub(crate) min_time: Timestamp,
    pub(crate) max_time: Timestamp,
    /// Where it is in the chunk files.
    pub(crate) place: u64,
}

/// Walks over the series of an index.
pub(crate) struct Index {
    path: PathBuf,
    file: File,
    symbols: Vec<SmolStr>,
    at: u64,
    end: u64,
}

impl Index {
    pub(crate) fn open(path: PathBuf) -> Result<Self, Error> {
        let file = File::open(&path).map_err(Error::io(&path))?;
        let length = file.metadata().map_err(Error::io(&path))?.len();
        let mut index = Self { path, file, symbols: Vec::new(), at: 0, end: 0 };
        index.check_header()?;
        let contents = index.contents(length)?;
        index.symbols = index.read_symbols(contents.symbols, length)?;
        (index.at, index.end) = (contents.series, contents.end_of_series);
        Ok(index)
    }

    /// The next series; `None` after the last.
    pub(crate) fn next_series(&mut self) -> Result<Option<IndexedSeries>, Error> {
        let at = self.at.next_multiple_of(ALIGNMENT);
        if at >= self.end {
            return Ok(None);
        }
        let mut head = [0; 10];
        let there = self.end - at;
        let head = head.get_mut(..there.min(10) as usize).unwrap_or_default();
        self.read_at(at, head)?;
        let mut reader = Reader::new(head);
        let length = reader.uvarint().map_err(Error::damaged(&self.path, at))?;
        let prefix = (head.len() - reader.remaining()) as u64;
        if length.saturating_add(prefix + 4) > there.min(MAX_SERIES_BYTES) {
            return Err(Error::damaged(&self.path, at)(Damaged("a series within its section")));
        }
        let mut body = vec![0; length as usize + 4];
        self.read_at(at + prefix, &mut body)?;
        self.at = at + prefix + length + 4;
        let series = self.parse(at / ALIGNMENT, &body);
        series.map(Some).map_err(Error::damaged(&self.path, at))
    }

    fn check_header(&self) -> Result<(), Error> {
        let mut header = [0; HEADER_BYTES as usize];
        self.read_at(0, &mut header)?;
        let mut reader = Reader::new(&header);
        if reader.u32() != Ok(MAGIC) {
            return Err(Error::damaged(&self.path, 0)(Damaged("the first bytes of an index")));
        }
        match reader.u8() {
            Ok(VERSION) => Ok(()),
            version => Err(Error::Version {
                path: self.path.clone(),
                version: version.unwrap_or_default().into(),
                known: VERSION.into(),
            }),
        }
    }

    fn contents(&self, length: u64) -> Result<Contents, Error> {
        let at = length.saturating_sub(CONTENTS_BYTES);
        let mut bytes = [0; CONTENTS_BYTES as usize];
        self.read_at(at, &mut bytes)?;
        Contents::parse(&bytes, at).map_err(Error::damaged(&self.path, at))
    }

    fn read_symbols(&self, at: u64, file_length: u64) -> Result<Vec<SmolStr>, Error> {
        let mut head = [0; 4];
        self.read_at(at, &mut head)?;
        let length = u64::from(u32::from_be_bytes(head));
        if at + length + 8 > file_length {
            return Err(Error::damaged(&self.path, at)(Damaged("symbols within the file")));
        }
        let mut section = vec![0; length as usize + 4];
        self.read_at(at + 4, &mut section)?;
        parse_symbols(&section).map_err(Error::damaged(&self.path, at))
    }

    fn parse(&self, number: u64, with_crc: &[u8]) -> Result<IndexedSeries, Damaged> {
        let mut reader = checked(with_crc)?;
        let symbol = |reader: &mut Reader<'_>| -> Result<SmolStr, Damaged> {
            let number = usize::try_from(reader.uvarint()?).unwrap_or(usize::MAX);
            self.symbols.get(number).cloned().ok_or(Damaged("a symbol that exists"))
        };
        let mut labels = Vec::new();
        for _ in 0..reader.count(2)? {
            let (name, value) = (symbol(&mut reader)?, symbol(&mut reader)?);
            labels.push(Label { name, value });
        }
        let labels = Labels::from_sorted(labels).ok_or(Damaged("labels in the order of their names"))?;
        let mut chunks: Vec<ChunkRef> = Vec::new();
        for _ in 0..reader.count(3)? {
            let (first, place) = match chunks.last() {
                None => (reader.varint()?, 0),
                Some(last) => (last.max_time.millis().wrapping_add_unsigned(reader.uvarint()?), last.place),
            };
            let min_time = Timestamp::from_millis(first);
            let max_time = Timestamp::from_millis(first.wrapping_add_unsigned(reader.uvarint()?));
            let place = if chunks.is_empty() {
                reader.uvarint()?
            } else {
                place.wrapping_add_signed(reader.varint()?)
            };
            chunks.push(ChunkRef { min_time, max_time, place });
        }
        Ok(IndexedSeries { number, labels, chunks })
    }

    fn read_at(&self, at: u64, into: &mut [u8]) -> Result<(), Error> {
        self.file.read_exact_at(into, at).map_err(Error::io(&self.path))
    }
}

/// Where the sections are.
struct Contents {
    symbols: u64,
    series: u64,
    end_of_series: u64,
}

impl Contents {
    /// `at`: where the contents themselves begin.
    fn parse(bytes: &[u8], at: u64) -> Result<Self, Damaged> {
        let mut reader = checked(bytes)?;
        let (symbols, series) = (reader.u64()?, reader.u64()?);
        let mut end_of_series = at;
        while !reader.is_empty() {
            // A table that is not there is at 0.
            let table = reader.u64()?;
            if table > series {
                end_of_series = end_of_series.min(table);
            }
        }
        if symbols < HEADER_BYTES || symbols >= series || series > end_of_series {
            return Err(Damaged("sections in their order"));
        }
        Ok(Self { symbols, series, end_of_series })
    }
}

fn parse_symbols(with_crc: &[u8]) -> Result<Vec<SmolStr>, Damaged> {
    let mut reader = checked(with_crc)?;
    let count = reader.u32()? as usize;
    if count > reader.remaining() {
        return Err(Damaged("a count that fits the length"));
    }
    (0..count).map(|_| Ok(SmolStr::new(reader.text()?))).collect()
}

/// The bytes before a checksum, once they fit it.
fn checked(with_crc: &[u8]) -> Result<Reader<'_>, Damaged> {
    let (body, crc) = with_crc.split_last_chunk().ok_or(Damaged("a checksum"))?;
    verify(body, u32::from_be_bytes(*crc))?;
    Ok(Reader::new(body))
}
