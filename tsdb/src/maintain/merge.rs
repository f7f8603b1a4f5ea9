//! Merging small neighbours into larger blocks, one merge a run.

use std::collections::BTreeMap;
use std::sync::Arc;

use crowsnest_api::Timestamp;
use crowsnest_promql::Resolution;

use super::fold::failed;
use super::{NOTHING, Without, healthy, new_block, window};
use crate::block::{Block, BlockId, BlockMeta, fold_into, merge_into};
use crate::db::Tsdb;
use crate::report::{MaintainError, Maintenance};

/// How many durations of the first blocks a block may come to span, smallest first: with twenty minutes, two hours, half a
/// day, a day and a week.
pub(super) const SPANS: [i64; 5] = [1, 6, 36, 72, 504];
/// Blocks are not merged into larger ones than this.
const MAX_BYTES: u64 = 2 << 30;

impl Tsdb {
    pub(super) fn merge_some(&self, done: &mut Maintenance) -> Result<(), MaintainError> {
        let list = self.blocks.list();
        let Some(group) = self.due(&list) else { return Ok(()) };
        self.rewrite(&group, &NOTHING, done)
    }

    /// Writes blocks of one resolution as one, without what is to be deleted, and lets it serve in their place.
    pub(super) fn rewrite(
        &self,
        group: &[Arc<Block>],
        without: &Without<'_>,
        done: &mut Maintenance,
    ) -> Result<(), MaintainError> {
        let replaces: Vec<BlockId> = group.iter().map(|block| block.id()).collect();
        let resolution = group.first().and_then(|block| block.resolution());
        let oldest = self.committer.wal().oldest_segment();
        let cuts = group.iter().flat_map(|block| block.meta().cuts.iter().copied());
        let cuts = cuts.filter(|cut| cut.segment > oldest).collect();
        let written = self.blocks.write(
            |id| BlockMeta { resolution, ..new_block(id, replaces.clone(), cuts) },
            |writer| match resolution {
                None => merge_into(writer, group, without).map_err(failed),
                // Blocks of tiers have no samples of the server of which others could make any void.
                Some(resolution) => {
                    fold_into(writer, group, resolution, without, &|_, _, _| false).map_err(failed)
                }
            },
        )?;
        done.merged.extend(written.iter().map(|block| block.id().to_string()));
        let nothing_left = written.is_none();
        self.blocks.publish(written.into_iter().collect(), &replaces)?;
        // No block says of the files that it replaces them: were they found again, they would serve again.
        if nothing_left { self.blocks.ensure_removed(&replaces) } else { Ok(()) }
    }

    /// The blocks that should become one, if any: those of a closed window, smallest windows first.
    fn due(&self, list: &[Arc<Block>]) -> Option<Vec<Arc<Block>>> {
        let duration = self.block_millis();
        let newest = list.iter().map(|block| block.meta().max_time).max()?;
        let closed = window(newest, duration).plus_millis(duration);
        let resolutions = [None].into_iter().chain(Resolution::ALL.map(Some));
        resolutions.into_iter().find_map(|resolution| {
            let list = || list.iter().filter(|block| block.resolution() == resolution && healthy(block));
            self.spans(resolution).find_map(|span| {
                let mut groups: BTreeMap<Timestamp, Vec<Arc<Block>>> = BTreeMap::new();
                for block in list() {
                    let from = window(block.meta().min_time, span);
                    let within = window(block.meta().newest_in_windows(), span) == from;
                    if within && from.plus_millis(span) <= closed {
                        groups.entry(from).or_default().push(block.clone());
                    }
                }
                groups.into_values().find(|group| worthwhile(group))
            })
        })
    }

    /// The spans of blocks of a tier, or of raw samples, ms, smallest first. As in Prometheus, no block spans more than a tenth
    /// of retention: it goes as a whole.
    fn spans(&self, resolution: Option<Resolution>) -> impl Iterator<Item = i64> + use<> {
        let duration = self.block_millis();
        let retention = self.options.retention_in(resolution);
        let longest = i64::try_from(retention.as_millis() / 10).unwrap_or(i64::MAX).max(duration);
        SPANS.into_iter().map(move |span| duration.saturating_mul(span)).filter(move |&span| span <= longest)
    }

    /// The span of the largest blocks, ms.
    pub(crate) fn longest_span(&self) -> i64 {
        self.spans(None).last().unwrap_or(self.block_millis())
    }
}

/// Whether merging changes enough for what it rewrites.
fn worthwhile(group: &[Arc<Block>]) -> bool {
    let sizes = || group.iter().map(|block| block.size());
    let (total, largest) = (sizes().sum::<u64>(), sizes().max().unwrap_or(0));
    group.len() >= 2 && total <= MAX_BYTES && (group.len() >= 4 || (total - largest) * 4 >= largest)
}
