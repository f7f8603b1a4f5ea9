//! The files that hold a block's chunks.
//!
//! ```text
//! u32 magic 0x85BD40DD, u8 version 1, three bytes of padding
//! per chunk: uvarint length of the data, u8 encoding, data, u32 CRC-32C of encoding and data
//! ```
//!
//! A chunk's place is the number of its file, counted from 0, in the upper 32 bits and its first byte in the lower.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use crowsnest_api::Sample;
use crowsnest_api::remote_write::Histogram;

use crate::bytes::{Damaged, Reader, verify};
use crate::histogram::{self, Counts};
use crate::{Error, xor};

const MAGIC: u32 = 0x85BD_40DD;
const VERSION: u8 = 1;
/// A length of at most five bytes, and the encoding.
const HEAD_BYTES: u64 = 6;
/// Prometheus cuts chunks of floats at 120 samples or 1 KiB; histograms are larger.
const MAX_CHUNK_BYTES: u64 = 4 << 20;
const ENCODING_XOR: u8 = 1;
const ENCODING_HISTOGRAM: u8 = 2;
const ENCODING_FLOAT_HISTOGRAM: u8 = 3;

/// The chunk files of a block.
pub(crate) struct Chunks {
    files: Vec<(PathBuf, File, u64)>,
}

impl Chunks {
    pub(crate) fn open(dir: &Path) -> Result<Self, Error> {
        let entries = fs::read_dir(dir).map_err(Error::io(dir))?;
        let mut paths: Vec<PathBuf> = Vec::new();
        for entry in entries {
            let path = entry.map_err(Error::io(dir))?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if name.len() == 6 && name.bytes().all(|byte| byte.is_ascii_digit()) {
                paths.push(path);
            }
        }
        paths.sort_unstable();
        Ok(Self { files: paths.into_iter().map(open).collect::<Result<_, _>>()? })
    }

    /// Appends the samples of the chunk at `place`. `false`: its encoding is not known, and it has been left out.
    pub(crate) fn read(
        &self,
        place: u64,
        samples: &mut Vec<Sample>,
        histograms: &mut Vec<Histogram>,
    ) -> Result<bool, Error> {
        let (number, at) = (place >> 32, place & u64::from(u32::MAX));
        let Some((path, file, length)) = self.files.get(number as usize) else {
            let path = PathBuf::from(format!("chunk file {:06}", number + 1));
            return Err(Error::damaged(&path, at)(Damaged("a file that is there")));
        };
        let damaged = Error::damaged(path, at);
        let there = length.saturating_sub(at);
        let mut head = [0; HEAD_BYTES as usize];
        let head = head.get_mut(..there.min(HEAD_BYTES) as usize).unwrap_or_default();
        file.read_exact_at(head, at).map_err(Error::io(path))?;
        let mut reader = Reader::new(head);
        let size = reader.uvarint().map_err(&damaged)?;
        let prefix = (head.len() - reader.remaining()) as u64;
        if size.saturating_add(prefix + 5) > there.min(MAX_CHUNK_BYTES) {
            return Err(damaged(Damaged("a chunk within its file")));
        }
        let mut chunk = vec![0; size as usize + 5];
        file.read_exact_at(&mut chunk, at + prefix).map_err(Error::io(path))?;
        decode(&chunk, samples, histograms).map_err(&damaged)
    }
}

fn open(path: PathBuf) -> Result<(PathBuf, File, u64), Error> {
    let file = File::open(&path).map_err(Error::io(&path))?;
    let length = file.metadata().map_err(Error::io(&path))?.len();
    let mut header = [0; 5];
    file.read_exact_at(&mut header, 0).map_err(Error::io(&path))?;
    let mut reader = Reader::new(&header);
    match (reader.u32(), reader.u8()) {
        (Ok(MAGIC), Ok(VERSION)) => Ok((path, file, length)),
        (Ok(MAGIC), Ok(version)) => {
            Err(Error::Version { path, version: version.into(), known: VERSION.into() })
        }
        _ => Err(Error::damaged(&path, 0)(Damaged("the first bytes of a chunk file"))),
    }
}

/// `chunk`: encoding, data, checksum.
fn decode(chunk: &[u8], samples: &mut Vec<Sample>, histograms: &mut Vec<Histogram>) -> Result<bool, Damaged> {
    let (body, crc) = chunk.split_last_chunk().ok_or(Damaged("a checksum"))?;
    verify(body, u32::from_be_bytes(*crc))?;
    let Some((&encoding, data)) = body.split_first() else { return Ok(false) };
    match encoding {
        ENCODING_XOR => xor::decode(data, samples)?,
        _ => return decode_histograms(encoding, data, histograms),
    }
    Ok(true)
}

/// Appends the native histograms of a chunk's data; `false` when the encoding is none of theirs.
pub(crate) fn decode_histograms(
    encoding: u8,
    data: &[u8],
    histograms: &mut Vec<Histogram>,
) -> Result<bool, Damaged> {
    let counts = match encoding {
        ENCODING_HISTOGRAM => Counts::Integer,
        ENCODING_FLOAT_HISTOGRAM => Counts::Float,
        _ => return Ok(false),
    };
    histogram::decode(counts, data, histograms).map(|()| true)
}
