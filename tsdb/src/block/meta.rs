//! What is known of a block without reading it: the same in its footer and in the manifest.

use std::fmt;

use crowsnest_api::Timestamp;
use crowsnest_promql::Resolution;
use serde::{Deserialize, Serialize};

use super::page;
use crate::varint::{Damaged, checksum_is};

/// A block's number. Later blocks have larger ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct BlockId(pub(crate) u64);

impl BlockId {
    /// The file of this block.
    pub(crate) fn file_name(self) -> String {
        format!("{self}.block")
    }

    /// The file of this block while it is being written.
    pub(crate) fn temporary_name(self) -> String {
        format!("{self}.tmp")
    }

    /// The number in a block's file name.
    pub(crate) fn of_file(name: &str) -> Option<Self> {
        let digits = name.strip_suffix(".block").filter(|digits| digits.len() >= 10)?;
        digits.parse().ok().map(Self)
    }
}

impl fmt::Display for BlockId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:010}", self.0)
    }
}

/// "What segments before `segment` hold of `from .. to` is in this block": the log need not be replayed for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cut {
    pub(crate) segment: u32,
    /// First instant.
    pub(crate) from: Timestamp,
    /// The instant after the last.
    pub(crate) to: Timestamp,
}

/// A block's summary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct BlockMeta {
    pub(crate) id: BlockId,
    /// The oldest sample, the server's own included.
    pub(crate) min_time: Timestamp,
    /// The newest sample, the server's own included.
    pub(crate) max_time: Timestamp,
    pub(crate) series: u32,
    pub(crate) chunks: u64,
    pub(crate) samples: u64,
    pub(crate) server_samples: u64,
    /// Blocks that this one replaces: their files are debris.
    pub(crate) replaces: Vec<BlockId>,
    pub(crate) cuts: Vec<Cut>,
    /// How wide the buckets are of which a block of a tier consists; `None` for raw samples.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "resolution")]
    pub(crate) resolution: Option<Resolution>,
    /// Blocks of which this one has taken some series, and another block the rest: as long as one of them is there, the
    /// other has not come to be, and this one is debris.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) takes: Vec<BlockId>,
}

impl BlockMeta {
    /// The newest sample, or the last instant but one of the newest bucket: that lies in the window in which it ends.
    pub(crate) fn newest_in_windows(&self) -> Timestamp {
        self.max_time.plus_millis(if self.resolution.is_some() { -1 } else { 0 })
    }
}

/// A resolution as its name.
mod resolution {
    use crowsnest_promql::Resolution;
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(of: &Option<Resolution>, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(of.map_or("", Resolution::name))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Resolution>, D::Error> {
        let name = String::deserialize(from)?;
        let unknown = || de::Error::custom(format!("no resolution is called {name:?}"));
        Resolution::of_name(&name).map(Some).ok_or_else(unknown)
    }
}

/// Where a section lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Section {
    pub(super) offset: u64,
    pub(super) bytes: u64,
    pub(super) crc32: u32,
}

/// A part of the index that lies in pages: which they are, and how many items they hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Table {
    pub(super) page: u32,
    pub(super) pages: u32,
    pub(super) items: u32,
}

/// Where the parts of a block are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sections {
    pub(super) directory: Section,
    #[serde(flatten)]
    pub(super) index: Index,
}

/// The parts of the index, as the format version has them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Index {
    /// Version 2: all of it in pages.
    Paged { times: Table, symbols: Table, series: Table, pairs: Table, lists: Table },
    /// Version 1: as it is used.
    Plain { symbols: Section, series: Section, postings: Section },
}

/// A block's last words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Footer {
    #[serde(flatten)]
    pub(super) meta: BlockMeta,
    pub(super) sections: Sections,
}

impl Section {
    /// The section's bytes.
    pub(super) fn of<'a>(&self, content: &'a [u8]) -> Result<&'a [u8], Damaged> {
        const OUTSIDE: Damaged = Damaged::new("section table");
        let start = usize::try_from(self.offset).map_err(|_| OUTSIDE)?;
        let length = usize::try_from(self.bytes).map_err(|_| OUTSIDE)?;
        content.get(start..).and_then(|rest| rest.get(..length)).ok_or(OUTSIDE)
    }

    pub(super) fn verify(&self, content: &[u8]) -> Result<(), Damaged> {
        let intact = checksum_is(self.of(content)?, self.crc32);
        if intact { Ok(()) } else { Err(Damaged::new("index")) }
    }
}

impl Table {
    /// The page with this number within the table.
    pub(super) fn nth(&self, page: usize) -> Result<u32, Damaged> {
        let number = u32::try_from(page).ok().filter(|&page| page < self.pages);
        number.and_then(|page| self.page.checked_add(page)).ok_or(Damaged::new("index"))
    }
}

impl Footer {
    /// How many pages the directory lists.
    pub(super) fn pages(&self) -> Result<usize, Damaged> {
        usize::try_from(self.sections.directory.bytes / page::ENTRY_BYTES as u64)
            .map_err(|_| Damaged::new("directory"))
    }
}
