//! Dropping what is past its retention: whole blocks by age and by size, and series of a block that are kept for less time
//! than others. Where there are tiers, what retention passes in one goes on in the next (see `fold`), and is dropped after the
//! last.

use std::sync::Arc;

use crowsnest_api::{Labels, Timestamp};
use crowsnest_promql::Resolution;

use super::{MaintainState, healthy};
use crate::block::{Block, BlockId};
use crate::db::Tsdb;
use crate::report::{MaintainError, Maintenance};
use crate::varint::Damaged;

/// A block as retention sees it.
struct Candidate {
    id: BlockId,
    resolution: Option<Resolution>,
    newest: Timestamp,
    bytes: u64,
}

impl Tsdb {
    /// Removes what retention has passed: blocks, or the series of one block.
    pub(super) fn expire(
        &self,
        now: Timestamp,
        state: &mut MaintainState,
        done: &mut Maintenance,
    ) -> Result<(), MaintainError> {
        // What an earlier run has not come to.
        self.blocks.ensure_removed(&[])?;
        let Some(present) = self.present(now) else { return Ok(()) };
        let gone = self.expired_blocks(present);
        if !gone.is_empty() {
            done.expired.extend(gone.iter().map(BlockId::to_string));
            let outcome = self.blocks.publish(Vec::new(), &gone);
            self.everything_changed();
            outcome?;
        }
        self.expire_series(present, state, done)
    }

    /// Blocks in which nothing is to be kept any longer, and the oldest of those that there is no room for.
    fn expired_blocks(&self, present: Timestamp) -> Vec<BlockId> {
        let mut candidates = self.candidates();
        let mut gone: Vec<BlockId> = Vec::new();
        candidates.retain(|block| {
            let keep = block.newest >= present.minus(self.options.dropped_after(block.resolution));
            if !keep {
                gone.push(block.id);
            }
            keep
        });
        if let Some(limit) = self.options.retention_bytes {
            let mut total =
                self.committer.wal().status().bytes + candidates.iter().map(|block| block.bytes).sum::<u64>();
            candidates.sort_by_key(|block| block.newest);
            for block in candidates {
                if total <= limit {
                    break;
                }
                total -= block.bytes;
                gone.push(block.id);
            }
        }
        gone
    }

    /// Writes one block anew, if there is one all of whose samples of some series are older than those are kept for.
    fn expire_series(
        &self,
        present: Timestamp,
        state: &mut MaintainState,
        done: &mut Maintenance,
    ) -> Result<(), MaintainError> {
        let retentions = self.options.retentions();
        if self.options.retention_rules.is_empty() {
            return Ok(());
        }
        let list = self.blocks.list();
        state.passed.retain(|id, _| list.iter().any(|block| block.id() == *id));
        for block in list.iter().filter(|block| healthy(block)) {
            let newest = block.meta().max_time;
            let passed = retentions.iter().filter(|keep| newest < present.minus(**keep)).count();
            if passed <= state.passed.get(&block.id()).copied().unwrap_or_default() {
                continue;
            }
            // What is damaged has been taken note of, and stays.
            if self.has_expired_series(block, present).unwrap_or_default() {
                return self.rewrite_without_expired(block, present, done);
            }
            state.passed.insert(block.id(), passed);
        }
        Ok(())
    }

    fn has_expired_series(&self, block: &Block, present: Timestamp) -> Result<bool, Damaged> {
        let index = block.index()?;
        for number in 0..index.len() {
            let labels = index.entry(number)?.labels;
            let kept_from = present.minus(self.options.kept_for(&labels, block.resolution()));
            if block.meta().max_time < kept_from {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn rewrite_without_expired(
        &self,
        block: &Arc<Block>,
        present: Timestamp,
        done: &mut Maintenance,
    ) -> Result<(), MaintainError> {
        let merged = done.merged.len();
        let expired = |labels: &Labels| {
            let kept_from = present.minus(self.options.kept_for(labels, block.resolution()));
            Some(Timestamp::MIN..=kept_from.plus_millis(-1))
        };
        let outcome = self.rewrite(std::slice::from_ref(block), &expired, done);
        self.everything_changed();
        if outcome.is_ok() && done.merged.len() == merged {
            done.expired.push(block.id().to_string());
        }
        outcome
    }

    fn candidates(&self) -> Vec<Candidate> {
        let list = self.blocks.list();
        let serving = list.iter().map(|block| Candidate {
            id: block.id(),
            resolution: block.resolution(),
            newest: block.meta().max_time,
            bytes: block.size(),
        });
        let lost = self.blocks.lost().into_iter().filter_map(|lost| {
            let meta = lost.meta?;
            let (resolution, newest) = (meta.resolution, meta.max_time);
            Some(Candidate { id: lost.id, resolution, newest, bytes: lost.bytes })
        });
        serving.chain(lost).collect()
    }

    /// From when age counts: from the newest sample when the clock is ahead of it, as a clock that jumps must not empty the
    /// store.
    pub(super) fn present(&self, now: Timestamp) -> Option<Timestamp> {
        self.newest_sample().map(|newest| now.min(newest))
    }

    fn newest_sample(&self) -> Option<Timestamp> {
        let head = self.head.read().time_range().map(|(_, newest)| newest);
        head.max(self.blocks.newest())
    }
}
