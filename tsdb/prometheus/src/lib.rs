//! Reads what Prometheus keeps on disk: its blocks, and the write-ahead log of what is in none yet.
//!
//! Knows nothing of our store and writes nothing. The formats are those that Prometheus documents in `tsdb/docs/format`;
//! integers in them are big-endian, checksums CRC-32C. All versions since 2.0 are read except for the first index format
//! (version 1, before 2.2). Everything is bounded: no length in a file is believed beyond the file's own size, and
//! one series of one block, or one record of the log, is the most that is in memory, beside a block's symbols.
//!
//! Native histograms come as remote write has them; whether they are sound is for others to judge.

mod block;
mod bytes;
mod chunks;
mod histogram;
mod index;
mod record;
mod tombstones;
mod wal;
mod xor;

use std::io;
use std::path::{Path, PathBuf};

use crowsnest_api::remote_write::Histogram;

pub use block::{Block, BlockSeries, Series, blocks};
pub use record::{LoggedSample, LoggedSeries, Record};
pub use wal::{Log, logs};

/// The native histograms of a chunk's data, such as remote read carries it: encoding 2 has integer counts, 3 floats.
/// `None` for what is no such chunk.
pub fn histogram_chunk(encoding: u8, data: &[u8]) -> Option<Vec<Histogram>> {
    let mut histograms = Vec::new();
    chunks::decode_histograms(encoding, data, &mut histograms).ok()?.then_some(histograms)
}

/// Why a file of Prometheus' could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system said no.
    #[error("cannot read {}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What it said.
        #[source]
        source: io::Error,
    },
    /// The bytes are not what the format says.
    #[error("{} is damaged at byte {offset}: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where, as far as known: the beginning of what could not be read.
        offset: u64,
        /// What was expected there.
        what: &'static str,
    },
    /// The bytes are of a version that is not read here.
    #[error("{} has format version {version}, which is not read here: {known} is", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u64,
        /// The version that is.
        known: u64,
    },
}

impl Error {
    fn io(path: &Path) -> impl Fn(io::Error) -> Self {
        move |source| Self::Io { path: path.to_owned(), source }
    }

    fn damaged(path: &Path, offset: u64) -> impl Fn(bytes::Damaged) -> Self {
        move |bytes::Damaged(what)| Self::Damaged { path: path.to_owned(), offset, what }
    }
}
