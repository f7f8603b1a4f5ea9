//! Dropping whole blocks, by age and by size.

use crowsnest_api::Timestamp;

use crate::block::BlockId;
use crate::db::Tsdb;
use crate::report::{MaintainError, Maintenance};

/// A block as retention sees it.
struct Candidate {
    id: BlockId,
    newest: Timestamp,
    bytes: u64,
}

impl Tsdb {
    /// Removes blocks that retention has passed.
    pub(super) fn expire(&self, now: Timestamp, done: &mut Maintenance) -> Result<(), MaintainError> {
        let mut candidates = self.candidates();
        let Some(newest) = self.newest_sample() else { return Ok(()) };
        // Age counts from the newest sample when the clock is ahead of it: a clock that jumps must not empty the store.
        let oldest_kept = now.min(newest).minus(self.options.retention);
        let mut gone: Vec<BlockId> = Vec::new();
        candidates.retain(|block| {
            let keep = block.newest >= oldest_kept;
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
        if gone.is_empty() {
            return Ok(());
        }
        done.expired.extend(gone.iter().map(BlockId::to_string));
        self.blocks.publish(Vec::new(), &gone)
    }

    fn candidates(&self) -> Vec<Candidate> {
        let list = self.blocks.list();
        let serving = list.iter().map(|block| Candidate {
            id: block.id(),
            newest: block.meta().max_time,
            bytes: block.size(),
        });
        let lost = self.blocks.lost().into_iter().filter_map(|lost| {
            Some(Candidate { id: lost.id, newest: lost.meta?.max_time, bytes: lost.bytes })
        });
        serving.chain(lost).collect()
    }

    fn newest_sample(&self) -> Option<Timestamp> {
        let head = self.head.read().time_range().map(|(_, newest)| newest);
        head.max(self.blocks.newest())
    }
}
