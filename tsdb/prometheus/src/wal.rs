//! The write-ahead log: a checkpoint, if there is one, then the segments after it.
//!
//! ```text
//! wal/checkpoint.00000007/00000000 …   what is still needed of the segments up to 7
//! wal/00000008 …                       segments: pages of 32 KiB
//! page      fragments, then zeros that are too few for another
//! fragment  u8: kind (1 whole record, 2 first, 3 middle, 4 last part; 0 = the page ends) + 8 if the record is compressed
//!           by snappy, + 16 if by zstd; u16 length; u32 CRC-32C; so many bytes
//! ```

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::Error;
use crate::bytes::{Damaged, Reader, verify};
use crate::record::Record;

const PAGE_BYTES: usize = 32 << 10;
const HEADER_BYTES: usize = 7;
/// A segment of Prometheus' is 128 MiB unless a flag makes it larger; a record does not span two.
const MAX_RECORD_BYTES: usize = 256 << 20;

/// The log of a data folder, read from its beginning.
#[derive(Debug)]
pub struct Log {
    /// Whether it is the log of samples that came out of order, whenever that was.
    pub late: bool,
    segments: VecDeque<PathBuf>,
    open: Option<Segment>,
}

/// The logs of a data folder: that of samples in order, then that of late ones, as far as there are any.
///
/// # Errors
/// When a folder cannot be read.
pub fn logs(data: &Path) -> Result<Vec<Log>, Error> {
    let folders = [(data.join("wal"), false), (data.join("wbl"), true)];
    let there = folders.into_iter().filter(|(dir, _)| dir.is_dir());
    there.map(|(dir, late)| Log::open(&dir, late)).collect()
}

impl Log {
    fn open(dir: &Path, late: bool) -> Result<Self, Error> {
        let mut checkpoint: Option<(u64, PathBuf)> = None;
        for (name, path) in entries(dir)? {
            let number = name.strip_prefix("checkpoint.").and_then(|number| number.parse().ok());
            checkpoint = checkpoint.max(number.map(|number| (number, path)));
        }
        let mut segments = Vec::new();
        let covered = match checkpoint {
            Some((number, dir)) => {
                segments = numbered(&dir)?;
                Some(number)
            }
            None => None,
        };
        segments.extend(numbered(dir)?.into_iter().filter(|&(number, _)| Some(number) > covered));
        Ok(Self { late, segments: segments.into_iter().map(|(_, path)| path).collect(), open: None })
    }

    fn next_record(&mut self) -> Result<Option<Record>, Error> {
        loop {
            if let Some(segment) = &mut self.open {
                // What follows a torn record in the last segment was never acknowledged.
                let is_last = self.segments.is_empty();
                match segment.next_record() {
                    Ok(None) => {}
                    Err(Error::Damaged { .. }) if is_last && segment.is_torn() => {}
                    record => return record,
                }
            }
            let Some(path) = self.segments.pop_front() else { return Ok(None) };
            self.open = Some(Segment::open(path)?);
        }
    }
}

impl Iterator for Log {
    type Item = Result<Record, Error>;

    /// The records, in order. After an error there are none: what lies behind damage cannot be told from it.
    fn next(&mut self) -> Option<Self::Item> {
        let next = self.next_record();
        if next.is_err() {
            self.segments.clear();
            self.open = None;
        }
        next.transpose()
    }
}

/// A segment in memory.
#[derive(Debug)]
struct Segment {
    path: PathBuf,
    bytes: Vec<u8>,
    at: usize,
}

impl Segment {
    fn open(path: PathBuf) -> Result<Self, Error> {
        let bytes = fs::read(&path).map_err(Error::io(&path))?;
        Ok(Self { path, bytes, at: 0 })
    }

    fn next_record(&mut self) -> Result<Option<Record>, Error> {
        let start = self.at;
        let record = self.assemble().and_then(|record| match record {
            Some((bytes, compression)) => Record::decode(&expand(bytes, compression)?).map(Some),
            None => Ok(None),
        });
        record.map_err(Error::damaged(&self.path, start as u64))
    }

    /// Whether the segment ends within the record that begins where the last one ended.
    fn is_torn(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// The next record's bytes, and the flags of its compression.
    fn assemble(&mut self) -> Result<Option<(Vec<u8>, u8)>, Damaged> {
        let mut record = Vec::new();
        loop {
            let in_page = PAGE_BYTES - self.at % PAGE_BYTES;
            let Some(rest) = self.bytes.get(self.at..).filter(|rest| !rest.is_empty()) else {
                return if record.is_empty() { Ok(None) } else { Err(Damaged("the rest of a record")) };
            };
            let page = rest.get(..in_page).unwrap_or(rest);
            if in_page < HEADER_BYTES || page.first() == Some(&0) {
                if page.iter().any(|&byte| byte != 0) {
                    return Err(Damaged("zeros to the end of the page"));
                }
                self.at += page.len();
                continue;
            }
            // Whatever goes wrong from here on, a fragment that runs to the end of the file is a torn one.
            let mut reader = Reader::new(page);
            let fragment = fragment(&mut reader).inspect_err(|_| self.at += page.len())?;
            self.at += page.len() - reader.remaining();
            let is_first = matches!(fragment.kind, 1 | 2);
            if is_first != record.is_empty() || record.len() + fragment.data.len() > MAX_RECORD_BYTES {
                return Err(Damaged("the parts of a record in their order"));
            }
            record.extend_from_slice(fragment.data);
            if matches!(fragment.kind, 1 | 4) {
                return Ok(Some((record, fragment.compression)));
            }
        }
    }
}

struct Fragment<'a> {
    kind: u8,
    compression: u8,
    data: &'a [u8],
}

fn fragment<'a>(reader: &mut Reader<'a>) -> Result<Fragment<'a>, Damaged> {
    let flags = reader.u8()?;
    let (length, crc) = (reader.u16()?, reader.u32()?);
    let data = reader.take(length.into())?;
    verify(data, crc)?;
    match flags & 7 {
        kind @ 1..=4 => Ok(Fragment { kind, compression: flags & !7, data }),
        _ => Err(Damaged("a part of a record")),
    }
}

fn expand(record: Vec<u8>, compression: u8) -> Result<Vec<u8>, Damaged> {
    match compression {
        0 => Ok(record),
        8 => {
            let length = snap::raw::decompress_len(&record).unwrap_or(usize::MAX);
            if length > MAX_RECORD_BYTES {
                return Err(Damaged("a record of at most 256 MiB"));
            }
            snap::raw::Decoder::new()
                .decompress_vec(&record)
                .map_err(|_| Damaged("bytes compressed by snappy"))
        }
        16 => {
            let decoder = zstd::stream::Decoder::new(record.as_slice());
            let mut bytes = Vec::new();
            decoder
                .and_then(|decoder| {
                    io::Read::read_to_end(
                        &mut io::Read::take(decoder, MAX_RECORD_BYTES as u64 + 1),
                        &mut bytes,
                    )
                })
                .map_err(|_| Damaged("bytes compressed by zstd"))?;
            if bytes.len() > MAX_RECORD_BYTES {
                Err(Damaged("a record of at most 256 MiB"))
            } else {
                Ok(bytes)
            }
        }
        _ => Err(Damaged("a compression that is known")),
    }
}

fn entries(dir: &Path) -> Result<Vec<(String, PathBuf)>, Error> {
    let entries = fs::read_dir(dir).map_err(Error::io(dir))?;
    entries
        .map(|entry| {
            let entry = entry.map_err(Error::io(dir))?;
            Ok((entry.file_name().to_string_lossy().into_owned(), entry.path()))
        })
        .collect()
}

/// The segments of a folder, in order.
fn numbered(dir: &Path) -> Result<Vec<(u64, PathBuf)>, Error> {
    let mut segments: Vec<(u64, PathBuf)> =
        entries(dir)?.into_iter().filter_map(|(name, path)| Some((name.parse().ok()?, path))).collect();
    segments.sort_unstable();
    Ok(segments)
}

#[cfg(test)]
mod tests {
    use crowsnest_api::{Labels, Sample, Timestamp};

    use super::*;
    use crate::record::{self, LoggedSample, LoggedSeries};

    /// A segment as Prometheus writes it: records in fragments, pages padded.
    fn segment(records: &[(Vec<u8>, u8)]) -> Vec<u8> {
        let mut out = Vec::new();
        for (record, compression) in records {
            let mut rest = record.as_slice();
            let mut is_first = true;
            loop {
                let mut left = PAGE_BYTES - out.len() % PAGE_BYTES;
                if left <= HEADER_BYTES {
                    out.resize(out.len() + left, 0);
                    left = PAGE_BYTES;
                }
                let (data, after) = rest.split_at(rest.len().min(left - HEADER_BYTES));
                let kind = match (is_first, after.is_empty()) {
                    (true, true) => 1,
                    (true, false) => 2,
                    (false, false) => 3,
                    (false, true) => 4,
                };
                out.push(kind | compression);
                out.extend_from_slice(&(data.len() as u16).to_be_bytes());
                out.extend_from_slice(&crc32c::crc32c(data).to_be_bytes());
                out.extend_from_slice(data);
                (rest, is_first) = (after, false);
                if rest.is_empty() {
                    break;
                }
            }
        }
        out
    }

    fn samples(series: u64, count: i64) -> Vec<LoggedSample> {
        let sample = |at| Sample { timestamp: Timestamp::from_millis(at), value: at as f64 };
        (0..count).map(|at| LoggedSample { series, sample: sample(at) }).collect()
    }

    fn names(number: u64) -> Record {
        Record::Series(vec![LoggedSeries { number, labels: Labels::from_pairs([("__name__", "x")]) }])
    }

    fn bytes(record: &Record) -> Vec<u8> {
        match record {
            Record::Series(series) => record::write::series(series),
            Record::Samples(samples) => record::write::samples(samples),
            _ => unreachable!("only these are written here"),
        }
    }

    fn read(dir: &Path) -> Vec<Result<Record, String>> {
        let mut all = Vec::new();
        for log in logs(dir).unwrap() {
            all.extend(log.map(|record| record.map_err(|error| error.to_string())));
        }
        all
    }

    #[test]
    fn records_come_back_across_pages_and_compressions() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("wal")).unwrap();
        let records =
            [names(1), Record::Samples(samples(1, 20_000)), names(2), Record::Samples(samples(2, 3))];
        let snappy = snap::raw::Encoder::new().compress_vec(&bytes(&records[2])).unwrap();
        let zstd = zstd::bulk::compress(&bytes(&records[3]), 3).unwrap();
        let written = segment(&[(bytes(&records[0]), 0), (bytes(&records[1]), 0), (snappy, 8), (zstd, 16)]);
        fs::write(folder.path().join("wal/00000000"), written).unwrap();
        let expected: Vec<Result<Record, String>> = records.into_iter().map(Ok).collect();
        assert_eq!(read(folder.path()), expected);
    }

    #[test]
    fn segments_that_the_newest_checkpoint_covers_are_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let wal = folder.path().join("wal");
        let files = [
            ("checkpoint.00000003/00000000", 3),
            ("checkpoint.00000001/00000000", 1),
            ("00000003", 30),
            ("00000004", 4),
            ("00000010", 10),
        ];
        for (name, number) in files {
            let path = wal.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, segment(&[(bytes(&names(number)), 0)])).unwrap();
        }
        assert_eq!(read(folder.path()), [Ok(names(3)), Ok(names(4)), Ok(names(10))]);
    }

    #[test]
    fn a_torn_end_is_left_out_and_damage_elsewhere_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("wal")).unwrap();
        let path = folder.path().join("wal/00000000");
        let whole = segment(&[(bytes(&names(1)), 0), (bytes(&Record::Samples(samples(1, 9_000))), 0)]);
        for length in [whole.len() - 1, PAGE_BYTES, PAGE_BYTES + 3, 40] {
            fs::write(&path, &whole[..length]).unwrap();
            assert_eq!(read(folder.path()), [Ok(names(1))], "{length} bytes");
        }
        let mut flipped = whole;
        flipped[10] ^= 1;
        fs::write(&path, &flipped).unwrap();
        let outcome = read(folder.path());
        assert_eq!(outcome.len(), 1);
        assert!(outcome[0].as_ref().unwrap_err().contains("damaged at byte 0"), "{outcome:?}");
    }
}
