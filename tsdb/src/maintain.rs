//! What keeps a store in shape: cutting the head into blocks, merging small blocks, and retention.

mod delete;
mod merge;
mod retention;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crowsnest_api::{Sample, Timestamp};
use smol_str::SmolStr;

pub use delete::Deletion;

use crate::block::{Block, BlockId, BlockMeta, BlockWriter, Cut};
use crate::db::Tsdb;
use crate::head::FrozenSeries;
use crate::report::{MaintainError, Maintenance};

/// What maintenance remembers from one run to the next.
#[derive(Debug, Default)]
pub(crate) struct MaintainState {
    /// Everything before this instant was cut last time.
    boundary: Option<Timestamp>,
    /// When that was.
    cut_at: Option<Timestamp>,
    /// A deletion left samples out of a cut that failed: the log may still have them.
    log_has_deleted: bool,
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
            .expire(now, &mut done)
            .and_then(|()| self.cut_if_due(now, &mut state, &mut done))
            .and_then(|()| self.merge_some(&mut done));
        let mut counters = self.counters.lock();
        counters.cuts += u64::from(!done.cut.is_empty());
        counters.merges += done.merged.len() as u64;
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
        self.cut(boundary, &Deletion::NOTHING, done)?;
        (state.boundary, state.cut_at) = (Some(boundary), Some(now));
        Ok(())
    }

    /// Moves everything before `boundary` from the head into blocks, except for what is to be deleted.
    fn cut(
        &self,
        boundary: Timestamp,
        without: &Deletion<'_>,
        done: &mut Maintenance,
    ) -> Result<(), MaintainError> {
        let (segment, boundary) = {
            // With the log held, what is frozen is exactly what the segments before the next one hold.
            let mut wal = self.committer.wal();
            let segment = wal.rotate();
            // A cut that failed may have gone further.
            (segment, self.head.write().freeze(boundary))
        };
        let frozen = self.head.read().frozen();
        let mut written = Vec::new();
        for (from, to) in windows(&frozen, self.block_millis(), boundary) {
            let cut = Cut { segment, from, to };
            let block = self.blocks.write(
                |id| new_block(id, Vec::new(), vec![cut]),
                |writer| fill(writer, &frozen, cut, without),
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
    }
}

/// The beginning of the aligned window of `millis` in which `at` lies.
pub(crate) fn window(at: Timestamp, millis: i64) -> Timestamp {
    Timestamp::from_millis(at.millis().div_euclid(millis).saturating_mul(millis))
}

/// How many first blocks are merged into one: what is cut late enough is written as that at once.
const BACKLOG_SPAN: i64 = merge::SPANS[1];

/// Beginnings and ends of all windows before `boundary` in which there may be samples: of `millis`, or larger ones where
/// they are over.
fn windows(frozen: &[FrozenSeries], millis: i64, boundary: Timestamp) -> BTreeSet<(Timestamp, Timestamp)> {
    let large = millis.saturating_mul(BACKLOG_SPAN);
    let around = |at: Timestamp| {
        let (from, small) = (window(at, large), window(at, millis));
        let end = from.plus_millis(large);
        if end <= boundary { (from, end) } else { (small, small.plus_millis(millis).min(boundary)) }
    };
    let mut windows = BTreeSet::new();
    for series in frozen {
        for (_, chunk) in &series.chunks {
            let mut at = chunk.min;
            while at <= chunk.max {
                let window = around(at);
                windows.insert(window);
                at = window.1;
            }
        }
        windows.extend(series.server.iter().map(|sample| around(sample.at())));
    }
    windows
}

/// Writes what lies in the cut's window and is not to be deleted.
fn fill(
    writer: &mut BlockWriter,
    frozen: &[FrozenSeries],
    cut: Cut,
    without: &Deletion<'_>,
) -> Result<(), MaintainError> {
    let last = cut.to.plus_millis(-1);
    for series in frozen {
        let deleted = without.of(&series.labels);
        let wanted = |at: Timestamp| {
            (cut.from..=last).contains(&at) && !deleted.as_ref().is_some_and(|gone| gone.contains(&at))
        };
        let mut lanes: BTreeMap<&SmolStr, Vec<Sample>> = BTreeMap::new();
        for (source, chunk) in series.chunks.iter().filter(|(_, chunk)| chunk.overlaps(cut.from, last)) {
            let samples = chunk.decode().map_err(|damaged| MaintainError::Damaged {
                object: series.labels.to_string(),
                reason: damaged.to_string(),
            })?;
            let wanted = samples.into_iter().filter(|sample| wanted(sample.timestamp));
            lanes.entry(source).or_default().extend(wanted);
        }
        for samples in lanes.values_mut() {
            samples.sort_by_key(|sample| sample.timestamp);
            samples.dedup_by_key(|sample| sample.timestamp);
        }
        let server = series.server.iter().filter(|sample| wanted(sample.at())).copied().collect();
        let lanes = lanes.iter().map(|(source, samples)| (*source, samples.as_slice()));
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
    use crowsnest_api::Labels;

    use super::*;
    use crate::chunk::Chunk;

    #[test]
    fn what_is_long_over_is_cut_into_larger_windows() {
        let samples: Vec<Sample> = (0..17).map(|index| Sample::new(index * 10, 0.0)).collect();
        let chunk = Arc::new(Chunk::encode(&samples).unwrap());
        let frozen =
            FrozenSeries { labels: Labels::empty(), chunks: vec![("s".into(), chunk)], server: Vec::new() };
        let windows = windows(&[frozen], 20, Timestamp::from_millis(170));
        let windows: Vec<(i64, i64)> =
            windows.into_iter().map(|(from, to)| (from.millis(), to.millis())).collect();
        assert_eq!(windows, [(0, 120), (120, 140), (140, 160), (160, 170)]);
    }
}
