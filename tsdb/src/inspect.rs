//! A store's folder seen from outside: what lies in it, whether it is whole, what its series cost, and the samples themselves.
//!
//! Files are read and never written, and nothing is locked: this works beside a running server, too. Blocks do not change
//! once they have their names. Of the log, what had been written when it was listed is read. Files that a server removes
//! meanwhile are passed over.

mod cost;
mod dump;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crowsnest_api::Timestamp;
use crowsnest_promql::Resolution;

pub use cost::{Costs, LabelCost, MetricCost};
pub use dump::{Dumped, Extract};

use crate::block::{Block, BlockError, BlockId, PageCache, place_of_damage};
use crate::disk::{Disk, RealDisk};
use crate::maintain;
use crate::manifest::Manifest;
use crate::options::Options;
use crate::report::{Fault, OpenError, Recovery};
use crate::wal::{self, Record, RecordOrigin};

/// How often reading the log starts again when a server removes segments meanwhile.
const ATTEMPTS: usize = 5;

/// A folder with a store in it, or a snapshot of one.
pub struct Inspection {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    cache: Arc<PageCache>,
}

/// What lies in a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Blocks that can be opened, by number.
    pub blocks: Vec<BlockFacts>,
    /// Segments of the log, the oldest first.
    pub segments: Vec<SegmentFacts>,
    /// What is wrong at first sight: blocks that cannot be opened, places in the log that cannot be read.
    pub faults: Vec<Fault>,
    /// Bytes at the end of the log of a write that was not finished, or is under way.
    pub torn_bytes: u64,
    /// Files that are neither blocks nor segments.
    pub others: Vec<String>,
}

/// A block's summary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockFacts {
    /// Its number as text; later blocks have larger ones.
    pub id: String,
    /// The file, as seen from the store's folder.
    pub file: String,
    /// The version of its format.
    pub format: u32,
    /// 1 for the shortest span that blocks have, larger for those they are merged into.
    pub level: usize,
    /// How wide the buckets are that it has; `None` for raw samples.
    pub resolution: Option<Resolution>,
    /// The oldest sample.
    pub min_time: Timestamp,
    /// The newest sample.
    pub max_time: Timestamp,
    /// Series in it.
    pub series: u64,
    /// Chunks in it.
    pub chunks: u64,
    /// Samples in it, the server's own included.
    pub samples: u64,
    /// The size of its file.
    pub bytes: u64,
}

/// A log segment's summary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SegmentFacts {
    /// The file, as seen from the store's folder.
    pub file: String,
    /// The size of the file.
    pub bytes: u64,
    /// Pushes in it.
    pub records: u64,
    /// Samples in it, those that are in blocks by now included.
    pub samples: u64,
    /// The oldest and the newest of them.
    pub range: Option<(Timestamp, Timestamp)>,
}

/// What the catalogue says of the blocks that are there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OnRecord {
    /// How many it knows.
    pub blocks: usize,
    /// Those of them that are not there.
    pub missing: Vec<Fault>,
    /// Files of blocks that it does not know, or knows otherwise: they are taken in when the store is opened.
    pub unknown: Vec<String>,
}

impl Inspection {
    /// Of the store in `dir`, which has the folders `blocks` and `wal`.
    pub fn new(dir: &Path) -> Self {
        Self::on(Arc::new(RealDisk), dir)
    }

    pub(crate) fn on(disk: Arc<dyn Disk>, dir: &Path) -> Self {
        Self { disk, dir: dir.to_owned(), cache: Arc::default() }
    }

    /// What lies in the folder. Footers of blocks are read, the log whole.
    ///
    /// # Errors
    /// When a folder or file cannot be read, or the log is of a newer release.
    pub fn contents(&self) -> Result<Contents, OpenError> {
        let mut contents = Contents::default();
        self.each_block(|file, block| match block {
            Found::Block(block) => contents.blocks.push(facts(file, &block)),
            Found::Damaged(fault) => contents.faults.push(fault),
            Found::Other => contents.others.push(file.to_owned()),
        })?;
        let (segments, recovery) = self.log()?;
        contents.segments = segments;
        contents.faults.extend(recovery.faults);
        contents.torn_bytes = recovery.torn_bytes;
        Ok(contents)
    }

    /// Everything that is wrong. Every byte is read: checksums are compared, all chunks decoded, the order of series and
    /// samples, posting lists and the counts in footers checked.
    ///
    /// # Errors
    /// As [`Self::contents`].
    pub fn verify(&self) -> Result<Vec<Fault>, OpenError> {
        let mut faults = Vec::new();
        self.each_block(|file, block| match block {
            Found::Block(block) => faults.extend(block.wrongs().into_iter().map(|wrong| Fault {
                file: file.to_owned(),
                offset: wrong.offset,
                what: wrong.what,
            })),
            Found::Damaged(fault) => faults.push(fault),
            Found::Other => {}
        })?;
        faults.extend(self.log()?.1.faults);
        Ok(faults)
    }

    /// The blocks beside those on record in `manifest`, which is the tree that [`crate::Tsdb::open`] takes.
    ///
    /// # Errors
    /// When the folder or the manifest cannot be read.
    pub fn compare(&self, manifest: &sled::Tree) -> Result<OnRecord, OpenError> {
        let mut known = Manifest::new(manifest.clone()).blocks().map_err(OpenError::Manifest)?;
        let mut on_record = OnRecord { blocks: known.len(), ..OnRecord::default() };
        self.each_block(|file, found| match found {
            Found::Block(block) => {
                if known.remove(&block.id()).as_ref() != Some(block.meta()) {
                    on_record.unknown.push(file.to_owned());
                }
            }
            Found::Damaged(_) => {
                let id = file.strip_prefix("blocks/").and_then(BlockId::of_file);
                known.retain(|known, _| Some(*known) != id);
            }
            Found::Other => {}
        })?;
        on_record.missing.extend(
            known
                .keys()
                .map(|id| fault(&format!("blocks/{}", id.file_name()), 0, "the file is missing".to_owned())),
        );
        Ok(on_record)
    }

    /// Calls back with what each file of the blocks' folder is.
    fn each_block(&self, mut visit: impl FnMut(&str, Found)) -> Result<(), OpenError> {
        let dir = self.dir.join("blocks");
        for entry in self.disk.list(&dir).map_err(failed(&dir))? {
            let file = format!("blocks/{}", entry.name);
            match BlockId::of_file(&entry.name) {
                Some(id) => {
                    if let Some(found) = self.open_block(&file, id) {
                        visit(&file, found);
                    }
                }
                // Perhaps one that is being written.
                None => visit(&file, Found::Other),
            }
        }
        Ok(())
    }

    /// `None`: it has gone meanwhile.
    fn open_block(&self, file: &str, id: BlockId) -> Option<Found> {
        let damaged = |at, what| Some(Found::Damaged(fault(file, at, what)));
        let bytes = match self.disk.map(&self.dir.join(file)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => return damaged(0, format!("cannot read the file: {error}")),
        };
        match Block::open(bytes.clone(), self.cache.clone()) {
            Ok(block) if block.id() == id => Some(Found::Block(Box::new(block))),
            Ok(block) => damaged(0, format!("it is block {} under another name", block.id())),
            Err(error @ BlockError::Version(_)) => damaged(8, error.to_string()),
            Err(error) => damaged(place_of_damage((*bytes).as_ref()), error.to_string()),
        }
    }

    /// The segments, and what reading them found.
    fn log(&self) -> Result<(Vec<SegmentFacts>, Recovery), OpenError> {
        self.retry(|| {
            let mut facts: Vec<SegmentFacts> = Vec::new();
            let (mut recovery, mut current) = (Recovery::default(), None);
            let dir = self.dir.join("wal");
            let mut records: Vec<(u32, SegmentFacts)> = Vec::new();
            let segments = wal::replay(&*self.disk, &dir, &mut recovery, |segment, record| {
                if current != Some(segment) {
                    current = Some(segment);
                    records.push((segment, SegmentFacts::default()));
                }
                if let Some((_, facts)) = records.last_mut() {
                    facts.count(&record);
                }
                None
            })?;
            let mut records = records.into_iter().peekable();
            for (number, segment) in segments {
                let counted = records.next_if(|(of, _)| *of == number).map(|(_, facts)| facts);
                let file = format!("wal/{}", wal::segment_name(number));
                facts.push(SegmentFacts { file, bytes: segment.bytes, ..counted.unwrap_or_default() });
            }
            Ok((facts, recovery))
        })
    }

    /// Reads the log, again when a segment has gone meanwhile.
    fn retry<T>(&self, mut read: impl FnMut() -> Result<T, OpenError>) -> Result<T, OpenError> {
        let mut left = ATTEMPTS;
        loop {
            left -= 1;
            match read() {
                Err(OpenError::Io { source, path })
                    if left > 0
                        && source.kind() == io::ErrorKind::NotFound
                        && path != self.dir.join("wal") => {}
                other => return other,
            }
        }
    }
}

/// What a file of the blocks' folder is.
enum Found {
    Block(Box<Block>),
    Damaged(Fault),
    Other,
}

fn facts(file: &str, block: &Block) -> BlockFacts {
    let meta = block.meta();
    BlockFacts {
        id: meta.id.to_string(),
        file: file.to_owned(),
        format: block.format(),
        level: maintain::level(meta, Options::default().block_duration),
        resolution: meta.resolution,
        min_time: meta.min_time,
        max_time: meta.max_time,
        series: meta.series.into(),
        chunks: meta.chunks,
        samples: meta.samples + meta.server_samples,
        bytes: block.size(),
    }
}

impl SegmentFacts {
    fn count(&mut self, record: &Record) {
        // Metadata that is repeated at the beginning is no push.
        self.records += u64::from(record.origin != RecordOrigin::Nobody);
        let several = record.several().flat_map(|(_, samples)| samples);
        let floats = record.row.samples.iter().chain(several).map(|sample| sample.timestamp);
        for at in floats.chain(record.extras.iter().map(|(_, extra)| extra.at)) {
            self.samples += 1;
            let (min, max) = self.range.unwrap_or((at, at));
            self.range = Some((min.min(at), max.max(at)));
        }
    }
}

fn fault(file: &str, offset: u64, what: String) -> Fault {
    Fault { file: file.to_owned(), offset, what }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> OpenError {
    let path = path.to_owned();
    move |source| OpenError::Io { path, source }
}
