//! Reading segment files: one record, and a look through a whole segment when the queue is opened.
//!
//! ```text
//! offset  bytes  field
//!      0      8  "CNQUEUE" and the format's version, 1
//!      8         records to the end of the file, one after the other (see record.rs)
//! ```

use std::io;

use super::cursor::Cursor;
use super::disk::OpenError;
use super::record::{HEADER_BYTES, Header};
use super::{Folder, Record};

/// Name and version of the format.
pub(super) const MAGIC: [u8; 8] = *b"CNQUEUE\x01";
/// Where a segment's first record starts.
pub(super) const FIRST_OFFSET: u64 = MAGIC.len() as u64;

/// Reads the record at `place`; `None` if it is damaged.
pub(super) fn read_record(folder: &dyn Folder, place: Cursor) -> io::Result<Option<Record>> {
    let mut header = [0; HEADER_BYTES];
    folder.read(place.segment, place.offset, &mut header)?;
    let Some(header) = Header::decode(header) else { return Ok(None) };
    let mut body = vec![0; header.body_bytes];
    folder.read(place.segment, place.offset + HEADER_BYTES as u64, &mut body)?;
    Ok(header.into_record(body))
}

/// What a look through a segment finds. Damage in its midst does not hide what comes behind it.
#[derive(Default)]
pub(super) struct Scan {
    /// Bytes up to the end of the last whole record.
    pub(super) good: u64,
    /// Whole records at and after the cursor.
    pub(super) records: u64,
    /// Their samples.
    pub(super) samples: u64,
}

/// Damage behind which there is more.
pub(super) struct Gap {
    /// Where the next whole record is.
    pub(super) end: u64,
    /// Whole records from there on.
    pub(super) records: u64,
    /// Their samples.
    pub(super) samples: u64,
}

impl Scan {
    /// Looks through a segment. A `cursor` into it that does not point to a record is moved: to the end if it lies
    /// behind it, else to the first record, for twice is better than not at all.
    pub(super) fn run(
        folder: &dyn Folder,
        number: u64,
        length: u64,
        cursor: &mut Cursor,
    ) -> Result<Self, OpenError> {
        let mut scan = Self::default();
        if length < FIRST_OFFSET {
            return Ok(scan);
        }
        let first = Cursor { segment: number, offset: FIRST_OFFSET };
        let mut magic = [0; MAGIC.len()];
        folder.read(number, 0, &mut magic).map_err(OpenError::Read)?;
        // Were it of another format, there would be no record of ours where the first one is.
        if magic != MAGIC && next_record(folder, first, length)?.is_none() {
            return Err(OpenError::Format { segment: number });
        }
        scan.good = FIRST_OFFSET;
        let mut waiting = whole_records(folder, first, length)?;
        if let Some((offset, bytes, _)) = waiting.last() {
            scan.good = offset + bytes;
        }
        if cursor.segment == number {
            let on_record = waiting.iter().any(|(offset, ..)| *offset == cursor.offset);
            if cursor.offset >= scan.good {
                cursor.offset = scan.good;
            } else if !on_record {
                cursor.offset = FIRST_OFFSET;
            }
        }
        waiting.retain(|(offset, ..)| Cursor { segment: number, offset: *offset } >= *cursor);
        scan.records = waiting.len() as u64;
        scan.samples = waiting.iter().map(|(.., samples)| u64::from(*samples)).sum();
        Ok(scan)
    }
}

impl Gap {
    /// The gap that begins at `place`, where a record should be; `None` when nothing whole comes behind it.
    pub(super) fn at(folder: &dyn Folder, place: Cursor, length: u64) -> Option<Self> {
        // What cannot be read is as good as damaged.
        let end = next_whole(folder, place, length).ok()??;
        let records = whole_records(folder, Cursor { offset: end, ..place }, length).ok()?;
        let samples = records.iter().map(|(.., samples)| u64::from(*samples)).sum();
        Some(Self { end, records: records.len() as u64, samples })
    }
}

/// The whole records from `place` on, those behind gaps included: offset, bytes, samples.
fn whole_records(
    folder: &dyn Folder,
    mut place: Cursor,
    length: u64,
) -> Result<Vec<(u64, u64, u32)>, OpenError> {
    let mut found = Vec::new();
    loop {
        match next_record(folder, place, length)? {
            Some(record) => {
                found.push((place.offset, record.stored_bytes(), record.samples));
                place.offset += record.stored_bytes();
            }
            None => match next_whole(folder, place, length)? {
                Some(offset) => place.offset = offset,
                None => return Ok(found),
            },
        }
    }
}

/// About how many bytes of checksums the search for a record may cost.
const CHECKED_BYTES: usize = 64 << 20;

/// Where the first whole record behind `place` is.
fn next_whole(folder: &dyn Folder, place: Cursor, length: u64) -> Result<Option<u64>, OpenError> {
    let mut rest = vec![0; usize::try_from(length.saturating_sub(place.offset)).unwrap_or(0)];
    folder.read(place.segment, place.offset, &mut rest).map_err(OpenError::Read)?;
    let mut left = CHECKED_BYTES;
    let found = (1..rest.len()).find(|&at| {
        let Some((header, body)) = rest.get(at..).and_then(<[u8]>::split_first_chunk::<HEADER_BYTES>) else {
            return false;
        };
        let Some(header) = Header::decode(*header).filter(|header| header.body_bytes <= left) else {
            return false;
        };
        let Some(body) = body.get(..header.body_bytes) else { return false };
        left -= body.len();
        header.into_record(body.to_vec()).is_some()
    });
    Ok(found.map(|at| place.offset + at as u64))
}

/// The record at `place` in a segment of `length` bytes; `None` at the end, and where the rest is no whole record.
fn next_record(folder: &dyn Folder, place: Cursor, length: u64) -> Result<Option<Record>, OpenError> {
    if place.offset >= length {
        return Ok(None);
    }
    match read_record(folder, place) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        read => read.map_err(OpenError::Read),
    }
}
