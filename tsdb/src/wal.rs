//! The write-ahead log: what the head holds and no block does yet.
//!
//! A segment is a header and records. It can be read without any other: a series is defined in each segment that
//! mentions it, and metadata is repeated at the beginning. Within a segment a record builds on those before it. One
//! write and one `fdatasync` cover all records of a group of appends.
//!
//! ```text
//! wal/0000000001.wal
//! header   8  magic "CNESTWAL"
//!          4  format version, u32 = 3; 1 and 2 are read too
//!          4  number of this segment, u32
//!          8  valid length of the segment before this one, u64; all ones = unknown, read what is readable
//!          4  CRC-32 of the 24 bytes before
//! record   4  payload length n, u32, 1 ..= 64 MiB
//!          4  CRC-32 of the payload
//!          n  payload (see `record`)
//! ```
//! Integers are little-endian, the CRC is that of zlib. The valid length is what had been synced when the log went on
//! to the next segment: bytes behind it were never acknowledged and are not replayed.

mod encoder;
mod record;
mod record_v1;
mod replay;
mod row;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crowsnest_api::{Labels, Timestamp};

pub(crate) use record::{Record, RecordOrigin, RecordRow};
pub(crate) use replay::{oldest_segment, replay};

use crate::appender::Metadata;
use crate::disk::{Disk, WriteFile};
use crate::head::{SeriesRef, Staged};
use encoder::Encoder;

const MAGIC: &[u8; 8] = b"CNESTWAL";
const VERSION: u32 = 3;
/// The oldest format that is still read.
const OLDEST_VERSION: u32 = 1;
const HEADER_BYTES: usize = 28;
const FRAME_BYTES: usize = 8;
/// Larger payloads are refused by writer and reader.
const MAX_PAYLOAD: usize = 64 << 20;
/// Valid length of a segment about which nothing is known.
const UNKNOWN_LENGTH: u64 = u64::MAX;

/// What is known of a segment on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) bytes: u64,
    /// How much of it may be replayed; see [`UNKNOWN_LENGTH`].
    pub(crate) valid: u64,
    /// Its newest sample.
    pub(crate) max_time: Option<Timestamp>,
}

/// The segment that is being written.
struct Open {
    number: u32,
    file: Box<dyn WriteFile>,
}

/// Sizes and counters of the log.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WalStatus {
    pub(crate) segments: u64,
    pub(crate) bytes: u64,
    pub(crate) records: u64,
    pub(crate) syncs: u64,
    pub(crate) failures: u64,
}

/// The log as it was at one moment, in files that do not change any more.
pub(crate) struct Sealed {
    /// The segments.
    pub(crate) segments: Vec<PathBuf>,
    /// The name of the segment after them.
    pub(crate) end_name: String,
    /// Its header, which says how much of the last one is valid.
    pub(crate) end: Vec<u8>,
}

/// What a new segment has to repeat.
pub(crate) trait Known {
    /// The labels of a series in the head.
    fn labels(&self, series: SeriesRef) -> Option<Labels>;
    /// What is known about metric families.
    fn metadata(&self) -> Vec<Metadata>;
}

/// The writing end of the log.
pub(crate) struct Wal {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    segment_bytes: u64,
    segments: BTreeMap<u32, Segment>,
    open: Option<Open>,
    next: u32,
    /// Segments were removed that a power cut may bring back.
    removing: bool,
    /// A group failed of which a power cut may leave something, whole, in the last segment.
    doubtful: bool,
    encoder: Encoder,
    counters: WalStatus,
}

impl Wal {
    /// A log that goes on after `segments`, in a new segment whose number is at least `first`: what blocks say about
    /// earlier segments must not be taken to mean later ones, should segments have been deleted by hand.
    pub(crate) fn new(
        disk: Arc<dyn Disk>,
        dir: PathBuf,
        segment_bytes: u64,
        segments: BTreeMap<u32, Segment>,
        first: u32,
    ) -> Self {
        let next = segments.last_key_value().map_or(1, |(&last, _)| last.saturating_add(1)).max(first);
        Self {
            disk,
            dir,
            segment_bytes,
            segments,
            open: None,
            next,
            removing: false,
            doubtful: false,
            encoder: Encoder::default(),
            counters: WalStatus::default(),
        }
    }

    /// Writes one record a batch, all of them in one frame if they are not large, and syncs once. A new segment begins with all metadata that is known. After an
    /// error nothing of the group will be replayed, and the next call starts afresh: on a full disk by cutting off what
    /// was half written, after a failed sync in a new segment.
    pub(crate) fn commit(&mut self, group: &[&Staged], known: &impl Known) -> io::Result<()> {
        let result = self.try_commit(group, known);
        if result.is_err() {
            self.counters.failures += 1;
            // What the failed group defined is not on disk.
            self.encoder.restart();
        }
        result
    }

    /// Sees to it that of groups that failed nothing comes back, whatever happens: until the next group is there, a power cut may still leave what
    /// was written of them, which is no harm unless somebody deletes it meanwhile.
    pub(crate) fn disown_failed(&mut self, known: &impl Known) -> io::Result<()> {
        if self.doubtful { self.commit(&[], known) } else { Ok(()) }
    }

    fn try_commit(&mut self, group: &[&Staged], known: &impl Known) -> io::Result<()> {
        let full = |segment: &Segment| segment.bytes >= self.segment_bytes;
        if self.open.as_ref().and_then(|open| self.segments.get(&open.number)).is_some_and(full) {
            self.rotate();
        }
        let mut buffer = Vec::new();
        if self.open.is_none() {
            self.start_segment()?;
            self.encoder.metadata(&known.metadata(), &mut buffer)?;
        }
        for staged in group {
            self.encoder.batch(staged, |series| known.labels(series), &mut buffer)?;
        }
        self.encoder.finish(&mut buffer)?;
        let open = self.open.as_ref().and_then(|open| self.segments.get(&open.number));
        encoder::pad(open.map_or(0, |segment| segment.bytes), &mut buffer);
        self.write_and_sync(&buffer)?;
        let newest = group.iter().filter_map(|staged| staged.newest()).max();
        if let Some(segment) = self.open.as_ref().and_then(|open| self.segments.get_mut(&open.number)) {
            segment.bytes += buffer.len() as u64;
            segment.valid = segment.bytes;
            segment.max_time = segment.max_time.max(newest);
        }
        self.counters.records += group.len() as u64;
        Ok(())
    }

    fn write_and_sync(&mut self, buffer: &[u8]) -> io::Result<()> {
        let Some(mut open) = self.open.take() else { return Err(io::ErrorKind::NotFound.into()) };
        self.doubtful = true;
        if let Err(error) = open.file.write_all(buffer) {
            let good = self.segments.get(&open.number).map_or(0, |segment| segment.bytes);
            // A segment that cannot be cut back is left behind; the next one says how much of it is valid.
            if open.file.truncate(good).is_ok() {
                self.open = Some(open);
            }
            return Err(error);
        }
        // After a failed sync the kernel may have dropped the pages and forgotten the error: never write there again.
        open.file.sync()?;
        self.counters.syncs += 1;
        self.doubtful = false;
        self.open = Some(open);
        Ok(())
    }

    fn start_segment(&mut self) -> io::Result<()> {
        let number = self.next;
        let path = self.path(number);
        self.next = number.checked_add(1).ok_or(io::ErrorKind::StorageFull)?;
        let header = self.header(number);
        let started = self.disk.create(&path).and_then(|mut file| {
            file.write_all(&header)?;
            self.disk.sync_dir(&self.dir)?;
            Ok(file)
        });
        match started {
            Ok(file) => {
                let bytes = header.len() as u64;
                self.segments.insert(number, Segment { bytes, valid: 0, max_time: None });
                self.encoder.restart();
                self.open = Some(Open { number, file });
                Ok(())
            }
            Err(error) => {
                if self.disk.remove(&path).is_ok() {
                    self.next = number;
                }
                Err(error)
            }
        }
    }

    fn header(&self, number: u32) -> Vec<u8> {
        let before = self.segments.get(&number.wrapping_sub(1)).map_or(0, |segment| segment.valid);
        let mut header = Vec::with_capacity(HEADER_BYTES);
        header.extend_from_slice(MAGIC);
        header.extend_from_slice(&VERSION.to_le_bytes());
        header.extend_from_slice(&number.to_le_bytes());
        header.extend_from_slice(&before.to_le_bytes());
        header.extend_from_slice(&crc32fast::hash(&header).to_le_bytes());
        header
    }

    /// Ends the open segment; the answer is the log up to here.
    pub(crate) fn seal(&mut self) -> Sealed {
        let next = self.rotate();
        Sealed {
            segments: self.segments.keys().map(|&number| self.path(number)).collect(),
            end_name: segment_name(next),
            end: self.header(next),
        }
    }

    /// Ends the open segment; the answer is the number of the next.
    pub(crate) fn rotate(&mut self) -> u32 {
        self.open = None;
        self.encoder.restart();
        self.next
    }

    /// Takes note that these numbers will be given to other series.
    pub(crate) fn forget(&mut self, series: &[SeriesRef]) {
        self.encoder.forget(series);
    }

    /// Removes the oldest segments that are older than `segment` and hold nothing at or after `before`.
    pub(crate) fn remove_before(&mut self, segment: u32, before: Timestamp) -> io::Result<usize> {
        let mut removed = 0;
        while let Some((&number, oldest)) = self.segments.first_key_value() {
            if number >= segment || oldest.max_time.is_some_and(|newest| newest >= before) {
                break;
            }
            self.disk.remove(&self.path(number))?;
            self.segments.remove(&number);
            self.removing = true;
            removed += 1;
        }
        if self.removing {
            self.disk.sync_dir(&self.dir)?;
            self.removing = false;
        }
        Ok(removed)
    }

    /// The oldest segment there is, or the one that will be written next.
    pub(crate) fn oldest_segment(&self) -> u32 {
        self.segments.first_key_value().map_or(self.next, |(&number, _)| number)
    }

    pub(crate) fn status(&self) -> WalStatus {
        WalStatus {
            segments: self.segments.len() as u64,
            bytes: self.segments.values().map(|segment| segment.bytes).sum(),
            ..self.counters
        }
    }

    fn path(&self, number: u32) -> PathBuf {
        segment_path(&self.dir, number)
    }
}

/// Reads batches as they are in the stream of a segment.
#[cfg(fuzzing)]
pub(crate) fn read_batches(content: &[u8], mut take: impl FnMut(Record)) {
    let mut decoder = record::Decoder::default();
    decoder.start_segment();
    // Refusing is an answer.
    let _ = decoder.decode_content(content, &mut take);
}

fn segment_path(dir: &Path, number: u32) -> PathBuf {
    dir.join(segment_name(number))
}

pub(crate) fn segment_name(number: u32) -> String {
    format!("{number:010}.wal")
}

/// The number in a segment's name.
fn segment_number(name: &str) -> Option<u32> {
    let digits = name.strip_suffix(".wal").filter(|digits| digits.len() == 10)?;
    digits.parse().ok()
}
