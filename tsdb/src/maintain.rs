//! What keeps a store in shape: cutting the head into blocks, merging small blocks, and retention.

mod delete;
mod fold;
mod merge;
mod retention;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use crowsnest_api::{Labels, Timestamp};
use smol_str::SmolStr;

pub use delete::Deletion;

use crate::block::{Block, BlockId, BlockMeta, BlockWriter, Cut};
use crate::db::Tsdb;
use crate::head::FrozenSeries;
use crate::report::{MaintainError, Maintenance};
use crate::samples::Samples;

/// The instants at which samples of a series are left out of what is written.
pub(crate) type Without<'a> = dyn Fn(&Labels) -> Option<RangeInclusive<Timestamp>> + 'a;

/// Leaves out no sample.
const NOTHING: fn(&Labels) -> Option<RangeInclusive<Timestamp>> = |_| None;

/// What maintenance remembers from one run to the next.
#[derive(Debug, Default)]
pub(crate) struct MaintainState {
    /// Everything before this instant was cut last time.
    boundary: Option<Timestamp>,
    /// When that was.
    cut_at: Option<Timestamp>,
    /// A deletion left samples out of a cut that failed: the log may still have them.
    log_has_deleted: bool,
    /// Of blocks that may hold samples past their retention: how many of the retentions had passed when that was looked into.
    passed: HashMap<BlockId, usize>,
    /// Blocks of which no series is to be down-sampled.
    only_ruled: HashSet<BlockId>,
}

impl Tsdb {
    /// Applies retention, cuts the head into blocks when it spans long enough, and merges small blocks. Cheap when there
    /// is nothing to do; call it every few seconds. Appends and queries go on meanwhile.
    ///
    /// # Errors
    /// When a step fails. Nothing is lost, and the next call tries again.
    pub fn maintain(&self, now: Timestamp) -> Result<Maintenance, MaintainError> {
        let mut state = self.maintenance.lock();
        let mut done = Maintenance::default();
        let outcome = self
            .expire(now, &mut state, &mut done)
            .and_then(|()| self.cut_if_due(now, &mut state, &mut done))
            .and_then(|()| self.fold_some(now, &mut state, &mut done))
            .and_then(|()| self.merge_some(&mut done));
        let mut counters = self.counters.lock();
        counters.cuts += u64::from(!done.cut.is_empty());
        counters.merges += done.merged.len() as u64;
        counters.folds += done.folded.len() as u64;
        counters.expired += done.expired.len() as u64;
        counters.failures += u64::from(outcome.is_err());
        outcome.map(|()| done)
    }

    fn cut_if_due(
        &self,
        now: Timestamp,
        state: &mut MaintainState,
        done: &mut Maintenance,
    ) -> Result<(), MaintainError> {
        let Some((oldest, newest)) = self.head.read().time_range() else { return Ok(()) };
        let duration = self.block_millis();
        // The newest half of a block's duration stays: late samples still find their neighbours in memory.
        let boundary = window(newest.plus_millis(-duration / 2), duration);
        let span = newest.millis().saturating_sub(oldest.millis());
        if oldest >= boundary || span <= duration + duration / 2 {
            return Ok(());
        }
        // A backlog that trickles in would otherwise be cut into a block every few seconds.
        let recently = state.cut_at.is_some_and(|at| now < at.plus_millis(duration / 2) && now >= at);
        if recently && state.boundary >= Some(boundary) {
            return Ok(());
        }
        self.cut(boundary, &NOTHING, done)?;
        (state.boundary, state.cut_at) = (Some(boundary), Some(now));
        Ok(())
    }

    /// Moves everything before `boundary` from the head into blocks, except for what is to be deleted.
    fn cut(
        &self,
        boundary: Timestamp,
        without: &Without<'_>,
        done: &mut Maintenance,
    ) -> Result<(), MaintainError> {
        let (segment, boundary) = {
            // With the log held, what is frozen is exactly what the segments before the next one hold.
            let mut wal = self.committer.wal();
            let segment = wal.rotate();
            // A cut that failed may have gone further.
            (segment, self.head.write().freeze(boundary))
        };
        let (frozen, windows) = {
            let head = self.head.read();
            let mut windows = Windows::new(self.block_millis(), boundary);
            head.each_frozen_time(|min, max| windows.add(min, max));
            (head.frozen(), windows.found)
        };
        let mut written = Vec::new();
        for (from, to) in windows {
            let cut = Cut { segment, from, to };
            let block = self.blocks.write(
                |id| new_block(id, Vec::new(), vec![cut]),
                |writer| {
                    // One at a time: together they would be as large as the head.
                    let each = frozen.iter().filter_map(|&series| self.head.read().frozen_of(series));
                    fill(writer, each, cut, without)
                },
            );
            match block {
                Ok(block) => written.extend(block),
                Err(error) => {
                    // The next attempt writes all of them again; on a full disk these would be in its way.
                    self.blocks.abandon(&written);
                    return Err(error);
                }
            }
        }
        done.cut.extend(written.iter().map(|block| block.id().to_string()));
        // From here on the samples are in both places, so that no reader finds them in neither.
        self.blocks.publish(written, &[])?;
        let mut wal = self.committer.wal();
        let gone = self.head.write().drop_frozen();
        wal.forget(&gone);
        done.segments_removed += wal.remove_before(segment, boundary).map_err(|source| {
            MaintainError::Io { action: "remove log segments from", path: self.dir.join("wal"), source }
        })?;
        Ok(())
    }

    pub(crate) fn block_millis(&self) -> i64 {
        i64::try_from(self.options.block_duration.as_millis()).unwrap_or(i64::MAX).max(1)
    }
}

/// A block's identity; the writer fills in the rest.
pub(crate) fn new_block(id: BlockId, replaces: Vec<BlockId>, cuts: Vec<Cut>) -> BlockMeta {
    BlockMeta {
        id,
        min_time: Timestamp::MAX,
        max_time: Timestamp::MIN,
        series: 0,
        chunks: 0,
        samples: 0,
        server_samples: 0,
        replaces,
        cuts,
        resolution: None,
        takes: Vec::new(),
    }
}

/// How large the windows are of which one holds the block: 1 for those of a first block, larger for what blocks are merged
/// into.
pub(crate) fn level(meta: &BlockMeta, block_duration: Duration) -> usize {
    let duration = i64::try_from(block_duration.as_millis()).unwrap_or(i64::MAX).max(1);
    let fits = |span: &i64| {
        let span = duration.saturating_mul(*span);
        window(meta.min_time, span) == window(meta.newest_in_windows(), span)
    };
    1 + merge::SPANS.iter().position(fits).unwrap_or(merge::SPANS.len())
}

/// The beginning of the aligned window of `millis` in which `at` lies.
pub(crate) fn window(at: Timestamp, millis: i64) -> Timestamp {
    Timestamp::from_millis(at.millis().div_euclid(millis).saturating_mul(millis))
}

/// How many first blocks are merged into one: what is cut late enough is written as that at once.
const BACKLOG_SPAN: i64 = merge::SPANS[1];

/// Beginnings and ends of the windows before a boundary in which there may be samples.
struct Windows {
    millis: i64,
    boundary: Timestamp,
    found: BTreeSet<(Timestamp, Timestamp)>,
}

impl Windows {
    /// Windows of `millis`, or larger ones where they are over.
    fn new(millis: i64, boundary: Timestamp) -> Self {
        Self { millis, boundary, found: BTreeSet::new() }
    }

    fn around(&self, at: Timestamp) -> (Timestamp, Timestamp) {
        let large = self.millis.saturating_mul(BACKLOG_SPAN);
        let (from, small) = (window(at, large), window(at, self.millis));
        let end = from.plus_millis(large);
        if end <= self.boundary {
            (from, end)
        } else {
            (small, small.plus_millis(self.millis).min(self.boundary))
        }
    }

    /// Adds those of samples from `min` to `max`.
    fn add(&mut self, min: Timestamp, max: Timestamp) {
        let mut at = min;
        while at <= max {
            let window = self.around(at);
            self.found.insert(window);
            at = window.1;
        }
    }
}

/// Writes what lies in the cut's window and is not to be deleted.
fn fill(
    writer: &mut BlockWriter,
    frozen: impl Iterator<Item = FrozenSeries>,
    cut: Cut,
    without: &Without<'_>,
) -> Result<(), MaintainError> {
    let last = cut.to.plus_millis(-1);
    for series in frozen {
        let deleted = without(&series.labels);
        let wanted = |at: Timestamp| {
            (cut.from..=last).contains(&at) && !deleted.as_ref().is_some_and(|gone| gone.contains(&at))
        };
        let mut lanes: BTreeMap<&SmolStr, Samples> = BTreeMap::new();
        let chunks =
            series.chunks.iter().flat_map(|(source, chunks)| chunks.iter().map(move |chunk| (source, chunk)));
        for (source, chunk) in chunks.filter(|(_, chunk)| chunk.overlaps(cut.from, last)) {
            let mut samples = chunk.decode().map_err(|damaged| MaintainError::Damaged {
                object: series.labels.to_string(),
                reason: damaged.to_string(),
            })?;
            samples.retain(wanted);
            lanes.entry(source).or_default().extend(&samples);
        }
        lanes.values_mut().for_each(Samples::tidy);
        let server = series.server.iter().filter(|sample| wanted(sample.at())).copied().collect();
        let lanes = lanes.iter().map(|(source, samples)| (*source, samples));
        writer.add(&series.labels, lanes, server).map_err(|source| MaintainError::Io {
            action: "write",
            path: "a block".into(),
            source,
        })?;
    }
    Ok(())
}

/// Whether nothing is known to be wrong with a block.
fn healthy(block: &Arc<Block>) -> bool {
    block.damage().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_long_over_is_cut_into_larger_windows() {
        let mut windows = Windows::new(20, Timestamp::from_millis(170));
        windows.add(Timestamp::from_millis(0), Timestamp::from_millis(160));
        let windows: Vec<(i64, i64)> =
            windows.found.into_iter().map(|(from, to)| (from.millis(), to.millis())).collect();
        assert_eq!(windows, [(0, 120), (120, 140), (140, 160), (160, 170)]);
    }
}
