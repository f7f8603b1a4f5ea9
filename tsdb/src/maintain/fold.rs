//! Down-sampling: a block whose samples are past their retention becomes one of a tier, of wider buckets, one block a run.
//!
//! Every sample is in one tier alone. A block that is down-sampled is replaced like one that is merged, so that a crash at any
//! point leaves either of the two. Where a rule keeps some of its series for longer, two blocks take its place: that of the
//! tier, written first, and one of the rest, which replaces it.

use std::ops::RangeInclusive;
use std::sync::Arc;

use crowsnest_api::{Labels, Timestamp};
use crowsnest_promql::Resolution;

use super::{MaintainState, healthy, new_block};
use crate::block::{Block, BlockMeta, Cut, MergeError, fold_into, merge_into};
use crate::db::Tsdb;
use crate::report::{MaintainError, Maintenance};
use crate::varint::Damaged;

/// All instants.
const ALWAYS: RangeInclusive<Timestamp> = Timestamp::MIN..=Timestamp::MAX;

impl Tsdb {
    /// Down-samples one block, if there is one whose turn it is.
    pub(super) fn fold_some(
        &self,
        now: Timestamp,
        state: &mut MaintainState,
        done: &mut Maintenance,
    ) -> Result<(), MaintainError> {
        let Some(present) = self.present(now) else { return Ok(()) };
        let list = self.blocks.list();
        state.only_ruled.retain(|id| list.iter().any(|block| block.id() == *id));
        // What is damaged stays as it is until the retention of its tiers has passed.
        let whole = list.iter().filter(|block| healthy(block));
        let due = whole.filter_map(|block| {
            let (resolution, after) = self.options.tier_after(block.resolution())?;
            (block.meta().max_time < present.minus(after)).then_some((block, resolution))
        });
        let mut due: Vec<_> = due.filter(|(block, _)| !state.only_ruled.contains(&block.id())).collect();
        // The oldest first, so that a tier grows at its end.
        due.sort_by_key(|(block, _)| (block.meta().max_time, block.id()));
        for (block, resolution) in due {
            let not_ruled = |labels: &Labels| self.options.rule_of(labels).is_none();
            if any_series(block, not_ruled).map_err(|reason| damaged(block, reason))? {
                let outcome = self.fold(block, resolution, present, done);
                self.everything_changed();
                return outcome;
            }
            state.only_ruled.insert(block.id());
        }
        Ok(())
    }

    fn fold(
        &self,
        block: &Arc<Block>,
        resolution: Resolution,
        present: Timestamp,
        done: &mut Maintenance,
    ) -> Result<(), MaintainError> {
        let ruled = |labels: &Labels| self.options.rule_of(labels).is_some();
        let any_ruled = any_series(block, ruled).map_err(|reason| damaged(block, reason))?;
        let oldest = self.committer.wal().oldest_segment();
        let cuts: Vec<Cut> = block.meta().cuts.iter().copied().filter(|cut| cut.segment > oldest).collect();
        let (source, id) = (std::slice::from_ref(block), block.id());
        let tier = self.blocks.write(
            |new| {
                let (replaces, takes) = if any_ruled { (vec![], vec![id]) } else { (vec![id], vec![]) };
                let cuts = if any_ruled { Vec::new() } else { cuts.clone() };
                BlockMeta { resolution: Some(resolution), takes, ..new_block(new, replaces, cuts) }
            },
            |writer| {
                let without = |labels: &Labels| ruled(labels).then_some(ALWAYS);
                let pushed_before = |labels: &Labels, from, to| self.has_pushed(labels, from, to);
                fold_into(writer, source, resolution, &without, &pushed_before).map_err(failed)
            },
        )?;
        let rest = if any_ruled { self.write_ruled(block, present, cuts) } else { Ok(None) };
        let rest = match rest {
            Ok(rest) => rest,
            Err(error) => {
                self.blocks.abandon(&Vec::from_iter(tier));
                return Err(error);
            }
        };
        let written: Vec<Arc<Block>> = tier.into_iter().chain(rest).collect();
        done.folded.extend(written.iter().map(|block| block.id().to_string()));
        if written.is_empty() {
            done.expired.push(id.to_string());
        }
        self.blocks.publish(written, &[id])?;
        // Were its file found again when no block says any longer that it replaces it, its samples would count twice.
        self.blocks.ensure_removed(&[id])
    }

    /// Writes what rules keep of a block.
    fn write_ruled(
        &self,
        block: &Arc<Block>,
        present: Timestamp,
        cuts: Vec<Cut>,
    ) -> Result<Option<Arc<Block>>, MaintainError> {
        let without = |labels: &Labels| {
            let kept_from = self.options.rule_of(labels).map(|rule| present.minus(rule.keep));
            let gone_until = kept_from.map_or(Timestamp::MAX, |from| from.plus_millis(-1));
            Some(Timestamp::MIN..=gone_until)
        };
        let id = block.id();
        self.blocks.write(
            |new| new_block(new, vec![id], cuts),
            |writer| merge_into(writer, std::slice::from_ref(block), &without).map_err(failed),
        )
    }
}

/// Whether a block has a series of a kind.
fn any_series(block: &Block, is_one: impl Fn(&Labels) -> bool) -> Result<bool, Damaged> {
    let index = block.index()?;
    for number in 0..index.len() {
        if is_one(&index.entry(number)?.labels) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What stopped writing a block of others.
pub(super) fn failed(error: MergeError) -> MaintainError {
    match error {
        MergeError::Io(source) => {
            MaintainError::Io { action: "write", path: "a merged block".into(), source }
        }
        MergeError::Damaged(block, reason) => damaged(&block, reason),
    }
}

fn damaged(block: &Block, reason: Damaged) -> MaintainError {
    MaintainError::Damaged { object: format!("block {}", block.id()), reason: reason.to_string() }
}
