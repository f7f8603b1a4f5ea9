//! Reading blocks of tiers: chunks into buckets.

use super::{Block, ChunkRef};
use crate::tier::{Buckets, Lanes};
use crate::varint::Damaged;

impl Block {
    /// The buckets of a series, of all of its chunks or those that overlap a span of time.
    pub(crate) fn read_buckets<'c>(
        &self,
        chunks: impl IntoIterator<Item = &'c ChunkRef>,
    ) -> Result<Buckets, Damaged> {
        let resolution = self.resolution().ok_or(Damaged::new("tier"))?;
        let mut lanes = Lanes::default();
        for chunk in chunks {
            self.read_chunk(chunk, lanes.entry(chunk.source.clone()).or_default())?;
        }
        if !lanes.values().all(crate::samples::Samples::is_in_order) {
            return Err(Damaged::new("tier"));
        }
        Buckets::of_lanes(lanes, resolution)
    }
}
