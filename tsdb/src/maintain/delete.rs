//! Deleting samples: what holds them is written anew without them.
//!
//! There are no tombstones. A head that holds samples to be deleted is cut as a whole, which leaves them out and empties the log;
//! then each block that holds some is replaced. Who reads or pushes is not held up. Everything is durable when
//! [`Tsdb::delete`] returns, or some of it is not deleted and it says so.

use std::ops::RangeInclusive;
use std::sync::Arc;

use crowsnest_api::{Labels, Timestamp};
use crowsnest_promql::Matcher;

use super::MaintainState;
use crate::block::Block;
use crate::db::Tsdb;
use crate::report::{MaintainError, Maintenance};
use crate::varint::Damaged;

/// What to delete: the samples in `start ..= end` of each series that a set of matchers takes. Without any set it is nothing.
#[derive(Clone, Copy, Debug)]
pub struct Deletion<'a> {
    /// One set of matchers must hold as a whole.
    pub matcher_sets: &'a [Vec<Matcher>],
    /// The first instant.
    pub start: Timestamp,
    /// The last instant.
    pub end: Timestamp,
}

impl Deletion<'_> {
    /// The instants at which samples of this series go.
    pub(crate) fn of(&self, labels: &Labels) -> Option<RangeInclusive<Timestamp>> {
        let takes = |matchers: &Vec<Matcher>| matchers.iter().all(|matcher| matcher.matches(labels));
        self.matcher_sets.iter().any(takes).then_some(self.start..=self.end)
    }

    /// Whether there is anything to delete in a block.
    fn concerns(&self, block: &Block) -> Result<bool, Damaged> {
        if !block.overlaps(self.start, self.end) {
            return Ok(false);
        }
        let index = block.index()?;
        for matchers in self.matcher_sets {
            for number in index.matching(matchers)? {
                if index.entry(number)?.overlaps(self.start, self.end) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

impl Tsdb {
    /// Deletes samples that are in the store now, durably; what comes later is kept, whatever its time. Writes every block anew
    /// that holds any, so it may take minutes in a large store and needs free space for the largest block; appends and queries
    /// go on meanwhile.
    ///
    /// # Errors
    /// When a file cannot be read or written: some of the samples may be deleted then and others not; to do it again does no
    /// harm. Blocks that are damaged stay as they are and are such an error, after all others have been dealt with.
    pub fn delete(&self, deletion: &Deletion<'_>) -> Result<Maintenance, MaintainError> {
        let mut state = self.maintenance.lock();
        let outcome = self.delete_where_found(deletion, &mut state);
        self.everything_changed();
        outcome
    }

    fn delete_where_found(
        &self,
        deletion: &Deletion<'_>,
        state: &mut MaintainState,
    ) -> Result<Maintenance, MaintainError> {
        // What an earlier one has not come to.
        self.blocks.ensure_removed(&[])?;
        // A push that failed may be in the log all the same, where nobody would look for what is to be deleted.
        self.committer.wal().disown_failed(&*self.head).map_err(|source| MaintainError::Io {
            action: "extend the log in",
            path: self.dir.join("wal"),
            source,
        })?;
        let mut done = Maintenance::default();
        let mut damaged = self.damage_in_the_way(deletion);
        let mut concerned = Vec::new();
        for block in self.blocks.list().iter() {
            match deletion.concerns(block) {
                Ok(true) => concerned.push(block.clone()),
                Ok(false) => {}
                Err(reason) => damaged = Some(damage(block, reason)),
            }
        }
        if state.log_has_deleted || self.head_is_concerned(deletion, &concerned) {
            // To the end of time: the log must not bring back what has been deleted, nor the head remember it as newest.
            state.log_has_deleted = true;
            self.cut(Timestamp::MAX, &|labels| deletion.of(labels), &mut done)?;
            state.log_has_deleted = false;
        }
        for block in concerned {
            match self.rewrite(&[block], &|labels| deletion.of(labels), &mut done) {
                Err(error @ MaintainError::Damaged { .. }) => damaged = Some(error),
                other => other?,
            }
        }
        damaged.map_or(Ok(done), Err)
    }

    /// Whether the head or the log knows of anything that is to be deleted there or from blocks.
    fn head_is_concerned(&self, deletion: &Deletion<'_>, blocks: &[Arc<Block>]) -> bool {
        let oldest = self.committer.wal().oldest_segment();
        let logged = |block: &Arc<Block>| block.meta().cuts.iter().any(|cut| cut.segment > oldest);
        let head = self.head.read();
        let mut series = deletion.matcher_sets.iter().flat_map(|matchers| head.matching(matchers));
        blocks.iter().any(logged)
            || series.any(|series| !blocks.is_empty() || series.overlaps(deletion.start, deletion.end))
    }

    /// A block that cannot be opened and may hold samples to be deleted.
    fn damage_in_the_way(&self, deletion: &Deletion<'_>) -> Option<MaintainError> {
        let lost = self.blocks.lost().into_iter().find(|lost| {
            lost.meta
                .as_ref()
                .is_none_or(|meta| meta.min_time <= deletion.end && meta.max_time >= deletion.start)
        })?;
        Some(MaintainError::Damaged { object: format!("block {}", lost.id), reason: lost.reason })
    }
}

fn damage(block: &Block, reason: Damaged) -> MaintainError {
    MaintainError::Damaged { object: format!("block {}", block.id()), reason: reason.to_string() }
}
