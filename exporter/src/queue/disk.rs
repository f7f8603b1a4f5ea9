//! The part of the queue that is on disk.
//!
//! Segments are numbered upwards, and only the newest grows. A segment whose last record is torn (the process was
//! killed while writing) is cut behind its last whole record when the queue is opened.

use std::collections::VecDeque;
use std::error::Error;
use std::io;

use super::cursor::Cursor;
use super::record::{HEADER_BYTES, Header};
use super::scan::{FIRST_OFFSET, Gap, MAGIC, Scan, read_record};
use super::{Depth, Folder, Record};

/// Largest segment; the unit in which space is given back.
const MAX_SEGMENT_BYTES: u64 = 1 << 20;
/// Segments that a full queue has at least; smaller queues have smaller segments.
const MIN_SEGMENTS: u64 = 8;

/// Why a queue folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be read.
    #[error("cannot read the queue folder")]
    Read(#[source] io::Error),
    /// The folder cannot be brought into order.
    #[error("cannot cut the torn end of segment {segment} of the queue")]
    Cut {
        /// The segment.
        segment: u64,
        /// Why not.
        source: io::Error,
    },
    /// A segment is of another format.
    #[error(
        "segment {segment} of the queue has a format that this version does not know; move it away or use another folder"
    )]
    Format {
        /// The segment.
        segment: u64,
    },
}

/// What is known of a segment without reading it.
#[derive(Clone, Copy, Debug)]
struct Segment {
    number: u64,
    /// Bytes that hold whole records, the magic included. Bytes past it are debris of a failed append.
    length: u64,
    /// Records that wait.
    records: u64,
    /// Samples that wait.
    samples: u64,
}

pub(super) struct DiskQueue {
    folder: Box<dyn Folder>,
    max_bytes: u64,
    segments: VecDeque<Segment>,
    /// Where the first waiting record is.
    cursor: Cursor,
    /// Number of the first waiting record, in this process's counting.
    first: u64,
    /// Number of the next new segment.
    next_segment: u64,
}

impl DiskQueue {
    /// Opens the queue with what an earlier process left: torn ends cut, the place of the first waiting record found. Says
    /// how many samples were lost at ends that should not be torn, at least.
    pub(super) fn open(mut folder: Box<dyn Folder>, max_bytes: u64) -> Result<(Self, u64), OpenError> {
        let saved = folder.read_cursor().ok().and_then(|bytes| Cursor::decode(&bytes));
        let found = folder.list().map_err(OpenError::Read)?;
        let newest = found.last().map_or(0, |(number, _)| *number);
        let mut cursor = saved.unwrap_or_default();
        let next_segment = newest.max(cursor.segment) + 1;
        if cursor.segment > newest {
            // The segments it speaks of are gone: whatever is left waits.
            cursor = Cursor::default();
        }
        let (mut segments, mut damaged) = (VecDeque::new(), 0);
        for (number, length) in found {
            let scan = Scan::run(&*folder, number, length, &mut cursor)?;
            let cut = |source| OpenError::Cut { segment: number, source };
            if scan.good < FIRST_OFFSET {
                folder.remove(number).map_err(cut)?;
                continue;
            }
            if scan.good < length {
                tracing::info!(
                    segment = number,
                    bytes = length - scan.good,
                    "cut the torn end of a segment of the queue"
                );
                // Only the newest was being written when the process ended.
                damaged += u64::from(number != newest);
                folder.truncate(number, scan.good).map_err(cut)?;
            }
            segments.push_back(Segment {
                number,
                length: scan.good,
                records: scan.records,
                samples: scan.samples,
            });
        }
        let mut queue = Self { folder, max_bytes, segments, cursor, first: 0, next_segment };
        queue.skip_finished();
        Ok((queue, damaged))
    }

    /// Appends `record`; gives the number of samples that had to be dropped for it. After an error the queue is as
    /// before.
    pub(super) fn append(&mut self, record: &Record) -> io::Result<u64> {
        let too_large =
            || io::Error::new(io::ErrorKind::InvalidInput, "the body is larger than the queue takes");
        let bytes = record.encode().ok_or_else(too_large)?;
        let added = bytes.len() as u64;
        if FIRST_OFFSET + added > self.max_bytes {
            return Err(too_large());
        }
        let full = |segment: &Segment| segment.length + added > self.segment_bytes();
        let fresh = self.segments.back().is_none_or(full);
        let growth = if fresh { FIRST_OFFSET + added } else { added };
        let mut lost = 0;
        while self.disk_bytes() + growth > self.max_bytes {
            match self.drop_oldest() {
                Some(samples) => lost += samples,
                None => break,
            }
        }
        // Dropping may have taken the segment that was to grow.
        if fresh || self.segments.is_empty() {
            self.start_segment(&bytes, record)?;
        } else if let Some(segment) = self.segments.back_mut() {
            let written = self.folder.append(segment.number, segment.length, &bytes);
            if let Err(error) = written {
                // What cannot be cut now is cut when the queue is opened again, or overwritten by the next append.
                let _ = self.folder.truncate(segment.number, segment.length);
                return Err(error);
            }
            segment.length += added;
            segment.records += 1;
            segment.samples += u64::from(record.samples);
        }
        Ok(lost)
    }

    /// The first waiting record with its number, and how many samples were lost to damage on the way.
    pub(super) fn front(&mut self) -> (Option<(u64, Record)>, u64) {
        let mut damaged = 0;
        loop {
            self.skip_finished();
            if self.segments.front().is_none_or(|segment| segment.records == 0) {
                return (None, damaged);
            }
            match read_record(&*self.folder, self.cursor) {
                Ok(Some(record)) => return (Some((self.first, record)), damaged),
                Ok(None) => {
                    tracing::warn!(at = ?self.cursor, "damaged record in the queue");
                }
                Err(error) => {
                    let err = &error as &dyn Error;
                    tracing::warn!(err, at = ?self.cursor, "unreadable record in the queue");
                }
            }
            damaged += self.skip_damage();
        }
    }

    /// Goes on behind a damaged record; gives the number of samples that were lost, at least one.
    fn skip_damage(&mut self) -> u64 {
        let Some(segment) = self.segments.front_mut() else { return 0 };
        let Some(gap) = Gap::at(&*self.folder, self.cursor, segment.length) else {
            return self.drop_oldest().unwrap_or(0).max(1);
        };
        let lost = segment.samples.saturating_sub(gap.samples);
        self.first += segment.records.saturating_sub(gap.records);
        (segment.records, segment.samples) = (gap.records, gap.samples);
        self.cursor.offset = gap.end;
        self.save_cursor();
        // What was damaged when the queue was opened was not counted then.
        lost.max(1)
    }

    /// Removes the first waiting record if its number is `number`.
    pub(super) fn acknowledge(&mut self, number: u64) {
        if number != self.first {
            return;
        }
        let mut header = [0; HEADER_BYTES];
        let Some(segment) = self.segments.front_mut().filter(|segment| segment.records > 0) else { return };
        let read = self.folder.read(self.cursor.segment, self.cursor.offset, &mut header);
        let Some(header) = read.ok().and_then(|()| Header::decode(header)) else {
            // It was readable a moment ago, when it was sent. Let `front` find the damage.
            return;
        };
        segment.records -= 1;
        segment.samples = segment.samples.saturating_sub(u64::from(header.samples));
        self.first += 1;
        self.cursor.offset += (HEADER_BYTES + header.body_bytes) as u64;
        self.save_cursor();
        self.skip_finished();
    }

    pub(super) fn depth(&self) -> Depth {
        Depth {
            records: self.segments.iter().map(|segment| segment.records).sum(),
            samples: self.segments.iter().map(|segment| segment.samples).sum(),
            disk_bytes: self.disk_bytes(),
            memory_bytes: 0,
        }
    }

    pub(super) fn sync(&mut self) {
        if let Some(segment) = self.segments.back()
            && let Err(error) = self.folder.sync(segment.number)
        {
            tracing::warn!(err = &error as &dyn Error, "cannot sync the queue folder");
        }
    }

    fn segment_bytes(&self) -> u64 {
        (self.max_bytes / MIN_SEGMENTS).min(MAX_SEGMENT_BYTES)
    }

    fn disk_bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.length).sum()
    }

    fn start_segment(&mut self, bytes: &[u8], record: &Record) -> io::Result<()> {
        let number = self.next_segment;
        let contents = [&MAGIC, bytes].concat();
        if let Err(error) = self.folder.append(number, 0, &contents) {
            // An empty or torn file is no harm: it is taken for a segment without records.
            let _ = self.folder.remove(number);
            return Err(error);
        }
        self.next_segment += 1;
        let length = contents.len() as u64;
        self.segments.push_back(Segment { number, length, records: 1, samples: u64::from(record.samples) });
        Ok(())
    }

    /// Deletes segments at the front that are acknowledged whole, the newest excepted, and moves the cursor to the first
    /// segment left.
    fn skip_finished(&mut self) {
        while self.segments.len() > 1
            && let Some(segment) = self.segments.pop_front_if(|segment| segment.records == 0)
        {
            self.delete(segment.number);
        }
        if let Some(segment) = self.segments.front()
            && self.cursor.segment != segment.number
        {
            self.cursor = Cursor { segment: segment.number, offset: FIRST_OFFSET };
            self.save_cursor();
        }
    }

    /// Gives up the oldest segment; gives the number of samples that still waited in it.
    fn drop_oldest(&mut self) -> Option<u64> {
        let segment = self.segments.pop_front()?;
        self.first += segment.records;
        self.delete(segment.number);
        self.skip_finished();
        Some(segment.samples)
    }

    fn delete(&mut self, segment: u64) {
        if let Err(error) = self.folder.remove(segment) {
            let err = &error as &dyn Error;
            tracing::warn!(
                err,
                segment,
                "cannot delete a segment of the queue; it will be sent again after a restart"
            );
        }
    }

    fn save_cursor(&mut self) {
        if let Err(error) = self.folder.write_cursor(&self.cursor.encode()) {
            let err = &error as &dyn Error;
            tracing::warn!(
                err,
                "cannot save the queue's cursor; after a restart some records will be sent again"
            );
        }
    }
}
