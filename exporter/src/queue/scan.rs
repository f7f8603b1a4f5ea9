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

/// What a look through a segment finds.
#[derive(Default)]
pub(super) struct Scan {
    /// Bytes up to the end of the last whole record.
    pub(super) good: u64,
    /// Whole records at and after the cursor.
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
        let mut magic = [0; MAGIC.len()];
        folder.read(number, 0, &mut magic).map_err(OpenError::Read)?;
        if magic != MAGIC {
            return Err(OpenError::Format { segment: number });
        }
        scan.good = FIRST_OFFSET;
        let mut waiting = Vec::new();
        while let Some(record) = next_record(folder, Cursor { segment: number, offset: scan.good }, length)? {
            waiting.push((scan.good, record.samples));
            scan.good += record.stored_bytes();
        }
        if cursor.segment == number {
            let on_record = waiting.iter().any(|(offset, _)| *offset == cursor.offset);
            if cursor.offset >= scan.good {
                cursor.offset = scan.good;
            } else if !on_record {
                cursor.offset = FIRST_OFFSET;
            }
        }
        waiting.retain(|(offset, _)| Cursor { segment: number, offset: *offset } >= *cursor);
        scan.records = waiting.len() as u64;
        scan.samples = waiting.iter().map(|(_, samples)| u64::from(*samples)).sum();
        Ok(scan)
    }
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
