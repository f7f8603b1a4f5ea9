//! Several blocks into one: a walk over all of them in the order of labels, one series in memory at a time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::io;
use std::sync::Arc;

use crowsnest_api::{Labels, Sample};
use smol_str::SmolStr;

use super::{Block, BlockIndex, BlockWriter, SeriesEntry};
use crate::maintain::Deletion;
use crate::server_sample::{self, ServerSample};
use crate::varint::Damaged;

/// Why merging stopped.
pub(crate) enum MergeError {
    /// A source is damaged.
    Damaged(Arc<Block>, Damaged),
    /// The new block cannot be written.
    Io(io::Error),
}

/// Writes everything that `blocks` hold, except for what is to be deleted. Where two have a sample of one source at one timestamp, that of the block
/// mentioned first stays.
pub(crate) fn merge_into(
    writer: &mut BlockWriter,
    blocks: &[Arc<Block>],
    without: &Deletion<'_>,
) -> Result<(), MergeError> {
    let mut walks = Vec::with_capacity(blocks.len());
    let mut heads = BinaryHeap::new();
    for (number, block) in blocks.iter().enumerate() {
        let index = block.index().map_err(|damaged| MergeError::Damaged(block.clone(), damaged))?;
        let mut walk = Walk { block, index, next: 0, entry: None };
        if let Some(labels) = walk.advance()? {
            heads.push(Reverse((labels, number)));
        }
        walks.push(walk);
    }
    while let Some(Reverse((labels, number))) = heads.pop() {
        let mut numbers = vec![number];
        while heads.peek().is_some_and(|Reverse((next, _))| *next == labels) {
            numbers.extend(heads.pop().map(|Reverse((_, number))| number));
        }
        let mut lanes: BTreeMap<SmolStr, Vec<Sample>> = BTreeMap::new();
        let mut server: Vec<ServerSample> = Vec::new();
        for number in numbers {
            let Some(walk) = walks.get_mut(number) else { continue };
            if let Some(entry) = walk.entry.take() {
                walk.read(&entry, &mut lanes)?;
                for sample in entry.server {
                    server_sample::insert(&mut server, sample);
                }
            }
            if let Some(labels) = walk.advance()? {
                heads.push(Reverse((labels, number)));
            }
        }
        if let Some(deleted) = without.of(&labels) {
            lanes.values_mut().for_each(|lane| lane.retain(|sample| !deleted.contains(&sample.timestamp)));
            server.retain(|sample| !deleted.contains(&sample.at()));
        }
        for samples in lanes.values_mut() {
            samples.sort_by_key(|sample| sample.timestamp);
            samples.dedup_by_key(|sample| sample.timestamp);
        }
        let lanes = lanes.iter().map(|(source, samples)| (source, samples.as_slice()));
        writer.add(&labels, lanes, server).map_err(MergeError::Io)?;
    }
    Ok(())
}

/// A place in one of the blocks.
struct Walk<'a> {
    block: &'a Arc<Block>,
    index: BlockIndex<'a>,
    next: u32,
    entry: Option<SeriesEntry>,
}

impl Walk<'_> {
    /// Goes on to the next series and says which it is.
    fn advance(&mut self) -> Result<Option<Labels>, MergeError> {
        if self.next >= self.index.len() {
            return Ok(None);
        }
        let entry = self.index.entry(self.next).map_err(|damaged| self.damaged(damaged))?;
        self.next += 1;
        let labels = entry.labels.clone();
        self.entry = Some(entry);
        Ok(Some(labels))
    }

    fn read(
        &self,
        entry: &SeriesEntry,
        lanes: &mut BTreeMap<SmolStr, Vec<Sample>>,
    ) -> Result<(), MergeError> {
        for chunk in &entry.chunks {
            let lane = lanes.entry(chunk.source.clone()).or_default();
            self.block.read_chunk(chunk, lane).map_err(|damaged| self.damaged(damaged))?;
        }
        Ok(())
    }

    fn damaged(&self, damaged: Damaged) -> MergeError {
        MergeError::Damaged(self.block.clone(), damaged)
    }
}
