//! What has been deleted from a block and is still in its chunks.
//!
//! ```text
//! u32 magic 0x0130BA30, u8 version 1
//! per interval: series (uvarint), first and last timestamp (varints)
//! u32 CRC-32C of what lies between version and here
//! ```

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;

use crowsnest_api::Timestamp;

use crate::Error;
use crate::bytes::{Damaged, Reader, verify};

const MAGIC: u32 = 0x0130_BA30;
const VERSION: u8 = 1;

/// Deleted intervals by series.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Tombstones(HashMap<u64, Vec<(Timestamp, Timestamp)>>);

impl Tombstones {
    /// Those of the block in `dir`; none if there is no file.
    pub(crate) fn open(dir: &Path) -> Result<Self, Error> {
        let path = dir.join("tombstones");
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            bytes => bytes.map_err(Error::io(&path))?,
        };
        match decode(&bytes).map_err(Error::damaged(&path, 0))? {
            Ok(tombstones) => Ok(tombstones),
            Err(version) => Err(Error::Version { path, version: version.into(), known: VERSION.into() }),
        }
    }

    /// Whether a series' sample at an instant has been deleted.
    pub(crate) fn has_deleted(&self, series: u64, at: Timestamp) -> bool {
        let deleted = self.0.get(&series).map(Vec::as_slice).unwrap_or_default();
        deleted.iter().any(|&(first, last)| (first..=last).contains(&at))
    }
}

fn decode(bytes: &[u8]) -> Result<Result<Tombstones, u8>, Damaged> {
    let mut reader = Reader::new(bytes);
    if reader.u32()? != MAGIC {
        return Err(Damaged("the first bytes of tombstones"));
    }
    let version = reader.u8()?;
    if version != VERSION {
        return Ok(Err(version));
    }
    let length = reader.remaining().checked_sub(4).ok_or(Damaged("a checksum"))?;
    let body = reader.take(length)?;
    verify(body, reader.u32()?)?;
    let mut tombstones = Tombstones::default();
    let mut reader = Reader::new(body);
    while !reader.is_empty() {
        let series = reader.uvarint()?;
        let interval = (Timestamp::from_millis(reader.varint()?), Timestamp::from_millis(reader.varint()?));
        tombstones.0.entry(series).or_default().push(interval);
    }
    Ok(Ok(tombstones))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::write;

    #[test]
    fn deleted_samples_are_left_out_and_only_of_their_series() {
        let mut body = Vec::new();
        write::uvarint(&mut body, 7);
        write::varint(&mut body, 10);
        write::varint(&mut body, 20);
        let mut bytes = [&MAGIC.to_be_bytes()[..], &[VERSION], &body].concat();
        bytes.extend_from_slice(&crc32c::crc32c(&body).to_be_bytes());
        let tombstones = decode(&bytes).unwrap().unwrap();
        let deleted =
            |series| [9, 10, 20, 21].map(|at| tombstones.has_deleted(series, Timestamp::from_millis(at)));
        assert_eq!(deleted(7), [false, true, true, false]);
        assert_eq!(deleted(8), [false; 4]);
    }

    #[test]
    fn a_flipped_bit_is_noticed() {
        let mut bytes = [&MAGIC.to_be_bytes()[..], &[VERSION]].concat();
        bytes.extend_from_slice(&(crc32c::crc32c(&[]) ^ 1).to_be_bytes());
        assert!(decode(&bytes).is_err());
    }
}
