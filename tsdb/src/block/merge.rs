//! Several blocks into one: a walk over all of them in the order of labels, one series in memory at a time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::io;
use std::sync::Arc;

use crowsnest_api::{Labels, Timestamp};
use crowsnest_promql::Resolution;
use smol_str::SmolStr;

use super::{Block, BlockIndex, BlockWriter, SeriesEntry};
use crate::maintain::Without;
use crate::samples::Samples;
use crate::server_sample::{self, ServerSample};
use crate::tier::{Buckets, Nature};
use crate::varint::Damaged;

/// Why merging stopped.
pub(crate) enum MergeError {
    /// A source is damaged.
    Damaged(Arc<Block>, Damaged),
    /// The new block cannot be written.
    Io(io::Error),
}

/// Whether a series has a pushed sample between two instants, wherever in the store.
type PushedBefore<'a> = dyn Fn(&Labels, Timestamp, Timestamp) -> bool + 'a;

/// Writes everything that `blocks` of raw samples hold, except for what is to be deleted. Where two have a sample of one
/// source at one timestamp, that of the block mentioned first stays.
pub(crate) fn merge_into(
    writer: &mut BlockWriter,
    blocks: &[Arc<Block>],
    without: &Without<'_>,
) -> Result<(), MergeError> {
    each_series(blocks, |labels, parts| {
        let (lanes, server) = raw(labels, parts, without)?;
        writer.add(labels, lanes.iter(), server).map_err(MergeError::Io)
    })
}

/// Writes what `blocks` hold in buckets, except for what is to be deleted. None has wider ones already.
pub(crate) fn fold_into(
    writer: &mut BlockWriter,
    blocks: &[Arc<Block>],
    resolution: Resolution,
    without: &Without<'_>,
    pushed_before: &PushedBefore<'_>,
) -> Result<(), MergeError> {
    each_series(blocks, |labels, parts| {
        let nature = Nature::of(labels);
        let (tiers, parts): (Vec<_>, Vec<_>) =
            parts.into_iter().partition(|part| part.block.resolution().is_some());
        let (lanes, server) = raw(labels, parts, without)?;
        let mut pushed = Samples::default();
        lanes.values().for_each(|lane| pushed.extend(lane));
        pushed.tidy();
        let samples = server_sample::resolve(pushed, &server, |from, to| pushed_before(labels, from, to));
        let mut buckets = Buckets::of_samples(&samples, resolution, nature);
        for part in tiers {
            let read = part.block.read_buckets(&part.entry.chunks);
            let mut read = read.map_err(|damaged| MergeError::Damaged(part.block.clone(), damaged))?;
            without(labels).iter().for_each(|deleted| read.remove(deleted));
            buckets.add(read.widened(resolution, nature));
        }
        let lanes = buckets.widened(resolution, nature).lanes();
        writer.add(labels, lanes.iter(), Vec::new()).map_err(MergeError::Io)
    })
}

/// The raw samples of one series that are not to be deleted: what each source pushed, and the server's own.
fn raw(
    labels: &Labels,
    parts: Vec<Part<'_>>,
    without: &Without<'_>,
) -> Result<(BTreeMap<SmolStr, Samples>, Vec<ServerSample>), MergeError> {
    let mut lanes: BTreeMap<SmolStr, Samples> = BTreeMap::new();
    let mut server: Vec<ServerSample> = Vec::new();
    for Part { block, entry } in parts {
        for chunk in &entry.chunks {
            let lane = lanes.entry(chunk.source.clone()).or_default();
            block.read_chunk(chunk, lane).map_err(|damaged| MergeError::Damaged(block.clone(), damaged))?;
        }
        for sample in entry.server {
            server_sample::insert(&mut server, sample);
        }
    }
    if let Some(deleted) = without(labels) {
        lanes.values_mut().for_each(|lane| lane.retain(|at| !deleted.contains(&at)));
        server.retain(|sample| !deleted.contains(&sample.at()));
    }
    lanes.values_mut().for_each(Samples::tidy);
    Ok((lanes, server))
}

/// What one of the blocks has of a series.
struct Part<'a> {
    block: &'a Arc<Block>,
    entry: SeriesEntry,
}

/// Calls back with each series of the blocks, in the order of labels.
fn each_series<'a>(
    blocks: &'a [Arc<Block>],
    mut take: impl FnMut(&Labels, Vec<Part<'a>>) -> Result<(), MergeError>,
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
        let mut parts = Vec::with_capacity(numbers.len());
        for number in numbers {
            let Some(walk) = walks.get_mut(number) else { continue };
            parts.extend(walk.entry.take().map(|entry| Part { block: walk.block, entry }));
            if let Some(labels) = walk.advance()? {
                heads.push(Reverse((labels, number)));
            }
        }
        take(&labels, parts)?;
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
        let damaged = |damaged| MergeError::Damaged(self.block.clone(), damaged);
        let entry = self.index.entry(self.next).map_err(damaged)?;
        self.next += 1;
        let labels = entry.labels.clone();
        self.entry = Some(entry);
        Ok(Some(labels))
    }
}
