//! Reading the log when the store is opened, one record at a time.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;

use super::record::{Decoder, may_hold_records};
use super::{
    FRAME_BYTES, HEADER_BYTES, MAGIC, MAX_PAYLOAD, OLDEST_VERSION, Record, Segment, UNKNOWN_LENGTH, VERSION,
    segment_name, segment_number, segment_path,
};
use crate::disk::Disk;
use crate::report::{Fault, OpenError, Recovery};
use crate::varint::{Cursor, checksum_is};

/// Reads all records in the order in which they were written and hands each to `apply` with its segment's number;
/// `apply` answers with the newest sample in it. A last write that was never finished is left out; the next segment's
/// header will say so. Damage in the middle is reported, and the rest of that segment skipped.
///
/// # Errors
/// When the folder cannot be read, or a segment was written by a newer release.
pub(crate) fn replay(
    disk: &dyn Disk,
    dir: &Path,
    recovery: &mut Recovery,
    mut apply: impl FnMut(u32, Record) -> Option<crowsnest_api::Timestamp>,
) -> Result<BTreeMap<u32, Segment>, OpenError> {
    let lengths = list(disk, dir, recovery)?;
    let mut headers = BTreeMap::new();
    for &number in lengths.keys() {
        headers.insert(number, Header::read(disk, dir, number)?);
    }
    let mut segments = BTreeMap::new();
    let mut decoder = Decoder::default();
    for (&number, &length) in &lengths {
        let limit = match number.checked_add(1).and_then(|next| headers.get(&next)) {
            Some(Header::Good { before }) if *before != UNKNOWN_LENGTH => Some(*before),
            _ => None,
        };
        let segment = match headers.get(&number) {
            Some(Header::Good { .. }) => {
                let decoder = &mut decoder;
                let mut reader = Reader { disk, dir, number, length, limit, recovery, decoder };
                reader.run(|record| apply(number, record))?
            }
            header => {
                // Nothing in it was acknowledged when the log went on without it, or it never got more than its header, or
                // a power cut took its first page.
                let lost = limit.is_none() && matches!(header, Some(Header::Zeros));
                if limit.is_none_or(|limit| limit > 0) && length > HEADER_BYTES as u64 && !lost {
                    recovery
                        .warnings
                        .push(format!("log segment {number} has a damaged header; it is skipped"));
                    recovery.faults.push(fault(number, 0, "damaged header".to_owned()));
                } else {
                    recovery.torn_bytes += length;
                }
                Segment { bytes: length, valid: limit.unwrap_or(0), max_time: None }
            }
        };
        recovery.segments += 1;
        segments.insert(number, segment);
    }
    Ok(segments)
}

/// The number of the oldest segment in `dir`, if there is any.
pub(crate) fn oldest_segment(disk: &dyn Disk, dir: &Path) -> Result<Option<u32>, OpenError> {
    Ok(list(disk, dir, &mut Recovery::default())?.keys().next().copied())
}

/// Segments by number with their lengths.
fn list(disk: &dyn Disk, dir: &Path, recovery: &mut Recovery) -> Result<BTreeMap<u32, u64>, OpenError> {
    let mut lengths = BTreeMap::new();
    for file in disk.list(dir).map_err(|source| OpenError::Io { path: dir.to_owned(), source })? {
        match segment_number(&file.name) {
            Some(number) => {
                lengths.insert(number, file.bytes);
            }
            None => recovery.warnings.push(format!("file {} does not belong in the log's folder", file.name)),
        }
    }
    Ok(lengths)
}

/// The beginning of a segment.
enum Header {
    /// `before` is how much of the segment before it is valid.
    Good { before: u64 },
    /// Too short or damaged.
    Bad,
    /// A file system that grew the file and lost what was to be in it.
    Zeros,
}

impl Header {
    fn read(disk: &dyn Disk, dir: &Path, number: u32) -> Result<Self, OpenError> {
        let path = segment_path(dir, number);
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        disk.read(&path)
            .and_then(|file| file.take(HEADER_BYTES as u64).read_to_end(&mut bytes))
            .map_err(|source| OpenError::Io { path: path.clone(), source })?;
        let Some((content, checksum)) = bytes.split_last_chunk::<4>().filter(|_| bytes.len() == HEADER_BYTES)
        else {
            return Ok(Self::Bad);
        };
        if bytes.iter().all(|&byte| byte == 0) {
            return Ok(Self::Zeros);
        }
        if !checksum_is(content, u32::from_le_bytes(*checksum)) {
            return Ok(Self::Bad);
        }
        let mut cursor = Cursor::new(content, "log header");
        match (cursor.take(8), cursor.u32(), cursor.u32(), cursor.u64()) {
            (Ok(magic), Ok(found), ..) if magic == MAGIC && found > VERSION => {
                Err(OpenError::Version { path, found, known: VERSION })
            }
            (Ok(magic), Ok(OLDEST_VERSION..=VERSION), Ok(own), Ok(before))
                if magic == MAGIC && own == number =>
            {
                Ok(Self::Good { before })
            }
            _ => Ok(Self::Bad),
        }
    }
}

/// Reads one segment.
struct Reader<'a> {
    disk: &'a dyn Disk,
    dir: &'a Path,
    number: u32,
    length: u64,
    /// How much of it was synced, when the next segment says so.
    limit: Option<u64>,
    recovery: &'a mut Recovery,
    decoder: &'a mut Decoder,
}

/// How much of what may be torn is searched for frames, and about how many bytes of checksums that may take.
const SEARCHED_BYTES: u64 = 64 << 20;
const CHECKED_BYTES: usize = 256 << 20;

/// Whether a whole frame begins after the first of these bytes. One of padding says nothing: it may belong to the very write
/// that was not finished.
fn holds_a_frame(bytes: &[u8]) -> bool {
    let mut left = CHECKED_BYTES;
    (1..bytes.len().saturating_sub(FRAME_BYTES)).any(|at| {
        let mut cursor = Cursor::new(bytes.get(at..).unwrap_or_default(), "frame");
        let (Ok(length), Ok(checksum)) = (cursor.u32(), cursor.u32()) else { return false };
        let Ok(payload) = cursor.take(length as usize) else { return false };
        if !payload.first().is_some_and(|&kind| may_hold_records(kind)) || payload.len() > left {
            return false;
        }
        left -= payload.len();
        crc32fast::hash(payload) == checksum
    })
}

fn fault(segment: u32, offset: u64, what: String) -> Fault {
    Fault { file: format!("wal/{}", segment_name(segment)), offset, what }
}

/// Where reading a segment ended.
enum End {
    /// At the last byte, or at the limit.
    Clean,
    /// Where no whole frame is. In the last segment its write may not have been finished, of which any part may be there.
    Broken(String),
    /// In a whole frame that makes no sense.
    Damaged(String),
}

impl Reader<'_> {
    fn run(
        &mut self,
        mut apply: impl FnMut(Record) -> Option<crowsnest_api::Timestamp>,
    ) -> Result<Segment, OpenError> {
        let path = segment_path(self.dir, self.number);
        let io_error = |source| OpenError::Io { path: path.clone(), source };
        let mut file = io::BufReader::with_capacity(1 << 16, self.disk.read(&path).map_err(io_error)?);
        io::copy(&mut file.by_ref().take(HEADER_BYTES as u64), &mut io::sink()).map_err(io_error)?;
        let end = self.limit.unwrap_or(self.length).min(self.length);
        let mut at = HEADER_BYTES as u64;
        let mut segment = Segment { bytes: self.length, valid: end, max_time: None };
        self.decoder.start_segment();
        let how = loop {
            if at >= end {
                break End::Clean;
            }
            let mut records = 0;
            let mut newest = None;
            let frame = self.next_frame(&mut file, end - at, |record| {
                records += 1;
                newest = newest.max(apply(record));
            });
            self.recovery.records += records;
            segment.max_time = segment.max_time.max(newest);
            match frame {
                Ok(bytes) => at += bytes,
                Err(end) => break end,
            }
        };
        match how {
            End::Clean => {}
            // A write that has others behind it was finished.
            End::Broken(_) if self.limit.is_none() && !self.goes_on(at, end).map_err(io_error)? => {
                self.recovery.torn_bytes += end - at;
                segment.valid = at;
            }
            End::Broken(reason) | End::Damaged(reason) => {
                self.warn(at, end, &reason);
                segment.valid = self.limit.unwrap_or(UNKNOWN_LENGTH);
            }
        }
        Ok(segment)
    }

    fn warn(&mut self, at: u64, end: u64, reason: &str) {
        let number = self.number;
        self.recovery.warnings.push(format!(
            "log segment {number} is damaged at byte {at} ({reason}); {} bytes are skipped",
            end - at
        ));
        self.recovery.faults.push(fault(number, at, format!("{reason}; {} bytes are skipped", end - at)));
    }

    /// Whether a whole frame lies somewhere behind `at`, where none begins.
    fn goes_on(&self, at: u64, end: u64) -> io::Result<bool> {
        let mut file = self.disk.read(&segment_path(self.dir, self.number))?;
        io::copy(&mut file.by_ref().take(at), &mut io::sink())?;
        let mut rest = Vec::new();
        file.take((end - at).min(SEARCHED_BYTES)).read_to_end(&mut rest)?;
        Ok(holds_a_frame(&rest))
    }

    /// Hands on the records of the next frame, and says how long it is on disk.
    fn next_frame(&mut self, file: &mut dyn Read, left: u64, take: impl FnMut(Record)) -> Result<u64, End> {
        let mut frame = [0; FRAME_BYTES];
        let broken = |reason: &str| End::Broken(reason.to_owned());
        if left < FRAME_BYTES as u64 || file.read_exact(&mut frame).is_err() {
            return Err(broken("a frame is cut off"));
        }
        let mut cursor = Cursor::new(&frame, "frame");
        let (Ok(length), Ok(checksum)) = (cursor.u32(), cursor.u32()) else {
            return Err(broken("a frame is cut off"));
        };
        if length == 0 || length as usize > MAX_PAYLOAD {
            return Err(End::Broken(format!("impossible length {length}")));
        }
        let whole = FRAME_BYTES as u64 + u64::from(length);
        if whole > left {
            return Err(broken("a frame is cut off, or its length wrong"));
        }
        let mut payload = vec![0; length as usize];
        if file.read_exact(&mut payload).is_err() {
            return Err(broken("a frame is cut off"));
        }
        if !checksum_is(&payload, checksum) {
            return Err(broken("wrong checksum"));
        }
        match self.decoder.decode(&payload, take) {
            Ok(()) => Ok(whole),
            Err(error) => Err(End::Damaged(error.to_string())),
        }
    }
}
