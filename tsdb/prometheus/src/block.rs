//! A block: a folder with an index, files of chunks, tombstones, and `meta.json`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crowsnest_api::remote_write::Histogram;
use crowsnest_api::{Labels, Sample, Timestamp};
use serde::Deserialize;

use crate::Error;
use crate::bytes::Damaged;
use crate::chunks::Chunks;
use crate::index::Index;
use crate::tombstones::Tombstones;

/// What `meta.json` says.
#[derive(Debug, Deserialize)]
struct Meta {
    ulid: String,
    version: u64,
    #[serde(rename = "minTime")]
    min_time: i64,
    /// The instant after the last.
    #[serde(rename = "maxTime")]
    max_time: i64,
    #[serde(default)]
    stats: Stats,
}

#[derive(Debug, Default, Deserialize)]
struct Stats {
    #[serde(default, rename = "numSamples")]
    samples: u64,
}

/// A block of Prometheus', opened for reading.
#[derive(Debug)]
pub struct Block {
    dir: PathBuf,
    meta: Meta,
}

/// The samples of one series of a block.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The series.
    pub labels: Labels,
    /// Its floats, ascending by time, without what has been deleted.
    pub samples: Vec<Sample>,
    /// Its native histograms, likewise.
    pub histograms: Vec<Histogram>,
    /// How many of its chunks have an encoding that is not known, and were left out.
    pub unknown_chunks: u64,
}

/// The blocks of a data folder of Prometheus', oldest first. Folders that it has not finished are left out, as it
/// leaves them out itself.
///
/// # Errors
/// When the folder or a `meta.json` cannot be read, or is of another version.
pub fn blocks(data: &Path) -> Result<Vec<Block>, Error> {
    let mut blocks = Vec::new();
    for entry in fs::read_dir(data).map_err(Error::io(data))? {
        let dir = entry.map_err(Error::io(data))?.path();
        let name = dir.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_ulid = name.len() == 26 && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if is_ulid && dir.join("meta.json").is_file() {
            blocks.push(Block::open(dir)?);
        }
    }
    blocks.sort_by(|a, b| (a.meta.min_time, &a.meta.ulid).cmp(&(b.meta.min_time, &b.meta.ulid)));
    Ok(blocks)
}

impl Block {
    fn open(dir: PathBuf) -> Result<Self, Error> {
        let path = dir.join("meta.json");
        let file = File::open(&path).map_err(Error::io(&path))?;
        let meta: Meta = serde_json::from_reader(file).map_err(|error| match error.io_error_kind() {
            Some(kind) => Error::io(&path)(kind.into()),
            None => Error::damaged(&path, 0)(Damaged("a JSON object with ulid, version, minTime, maxTime")),
        })?;
        if meta.version != 1 {
            return Err(Error::Version { path, version: meta.version, known: 1 });
        }
        Ok(Self { dir, meta })
    }

    /// Its ULID.
    pub fn id(&self) -> &str {
        &self.meta.ulid
    }

    /// The first instant of the span that it covers.
    pub fn min_time(&self) -> Timestamp {
        Timestamp::from_millis(self.meta.min_time)
    }

    /// The instant after the span that it covers.
    pub fn end_time(&self) -> Timestamp {
        Timestamp::from_millis(self.meta.max_time)
    }

    /// How many samples it says it has.
    pub fn samples(&self) -> u64 {
        self.meta.stats.samples
    }

    /// Walks over its series with what they have at `from ≤ t < to`, in the order of their labels, each once; those
    /// without such samples come, too.
    ///
    /// # Errors
    /// When the index or a chunk file cannot be opened.
    pub fn series(&self, from: Timestamp, to: Timestamp) -> Result<BlockSeries, Error> {
        Ok(BlockSeries {
            from,
            to,
            index: Index::open(self.dir.join("index"))?,
            chunks: Chunks::open(&self.dir.join("chunks"))?,
            tombstones: Tombstones::open(&self.dir)?,
        })
    }
}

/// The series of a block. Ends after the first error.
pub struct BlockSeries {
    from: Timestamp,
    to: Timestamp,
    index: Index,
    chunks: Chunks,
    tombstones: Tombstones,
}

impl BlockSeries {
    fn read_next(&mut self) -> Result<Option<Series>, Error> {
        let Some(indexed) = self.index.next_series()? else { return Ok(None) };
        let mut series =
            Series { labels: indexed.labels, samples: Vec::new(), histograms: Vec::new(), unknown_chunks: 0 };
        for chunk in indexed.chunks {
            let overlaps = chunk.min_time < self.to && chunk.max_time >= self.from;
            let (samples, histograms) = (&mut series.samples, &mut series.histograms);
            if overlaps && !self.chunks.read(chunk.place, samples, histograms)? {
                series.unknown_chunks += 1;
            }
        }
        series.samples.retain(|sample| (self.from..self.to).contains(&sample.timestamp));
        // Chunks of one block do not overlap, but nothing here depends on it.
        if !series.samples.is_sorted_by(|a, b| a.timestamp < b.timestamp) {
            series.samples.sort_by_key(|sample| sample.timestamp);
            series.samples.dedup_by_key(|sample| sample.timestamp);
        }
        let time = |histogram: &Histogram| Timestamp::from_millis(histogram.timestamp);
        series.histograms.retain(|histogram| (self.from..self.to).contains(&time(histogram)));
        series.histograms.sort_by_key(time);
        series.histograms.dedup_by_key(|histogram| time(histogram));
        let deleted = |at| self.tombstones.has_deleted(indexed.number, at);
        series.samples.retain(|sample| !deleted(sample.timestamp));
        series.histograms.retain(|histogram| !deleted(time(histogram)));
        Ok(Some(series))
    }
}

impl Iterator for BlockSeries {
    type Item = Result<Series, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read_next().transpose()
    }
}
