//! Down-sampled parts of an answer: how far back they reach, and how they and raw samples come together.

use std::collections::BTreeMap;
use std::sync::Arc;

use crowsnest_api::{Labels, Timestamp};
use crowsnest_promql::{Downsampled, Fold, Resolution, Selection, Windows};

use super::Parts;
use crate::block::{Block, ChunkRef};
use crate::samples::Samples;
use crate::tier::{Buckets, Nature, answer};
use crate::varint::Damaged;

/// What a selection wants of each series.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    /// The first instant to be read where samples are down-sampled: that at which a bucket begins.
    pub(super) from: Timestamp,
    /// The first instant asked for.
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
    fold: Option<Fold>,
    windows: Windows,
    resolution: Option<Resolution>,
    /// Up to when there are buckets of the widths of [`Resolution::ALL`].
    until: [Timestamp; 2],
}

impl Wanted {
    /// Windows of whole buckets begin up to two of their widths before those asked for, and the beginning of a bucket that
    /// is read has to be read, too.
    pub(super) fn of(selection: &Selection<'_>, blocks: &[Arc<Block>]) -> Self {
        let &Selection { start, end, fold, windows, resolution, .. } = selection;
        let reach = |resolution: Resolution| {
            let from = start.plus_millis(-2 * resolution.millis());
            resolution.bucket_end(from).plus_millis(-resolution.millis())
        };
        let tiers = blocks.iter().filter_map(|block| Some((block, reach(block.resolution()?))));
        let overlapping = tiers.filter(|(block, from)| block.overlaps(*from, end)).map(|(_, from)| from);
        let from = overlapping.chain(resolution.map(reach)).min().unwrap_or(start);
        let until = Resolution::ALL.map(|resolution| {
            let tier = blocks.iter().filter(|block| block.resolution() == Some(resolution));
            tier.map(|block| block.meta().max_time).max().unwrap_or(Timestamp::MIN)
        });
        Self { from, start, end, fold, windows, resolution, until }
    }

    /// The samples of a series of which a part is down-sampled, or is to be.
    pub(super) fn downsampled(
        &self,
        labels: &Labels,
        mut raw: Samples,
        parts: &Parts,
    ) -> Result<(Samples, Downsampled), Damaged> {
        let nature = Nature::of(labels);
        let mut tiers: BTreeMap<Resolution, Buckets> = BTreeMap::new();
        let mut add = |buckets: Buckets| {
            let wanted =
                self.resolution.map_or(buckets.resolution(), |least| least.max(buckets.resolution()));
            let buckets =
                if wanted > buckets.resolution() { buckets.widened(wanted, nature) } else { buckets };
            match tiers.get_mut(&wanted) {
                Some(known) => known.add(buckets),
                None => drop(tiers.insert(wanted, buckets)),
            }
        };
        for (block, chunks) in &parts.tiers {
            add(block.read_buckets(chunks)?);
        }
        if let Some(resolution) = self.resolution {
            add(Buckets::of_samples(&std::mem::take(&mut raw), resolution, nature));
        }
        let mut tiers: Vec<Buckets> = tiers.into_values().collect();
        for buckets in &mut tiers {
            buckets.clip(self.from.plus_millis(1), self.end);
        }
        let (mut samples, mut told) = answer(raw, &tiers, self.fold.unwrap_or_default());
        told.spans = self.spans(|_| true);
        if self.fold.is_none() {
            samples.clip(self.start, self.end);
        }
        Ok((samples, told))
    }

    /// What becomes of samples, should they all go into one window and be needed for nothing else.
    pub(super) fn of_one_window(&self) -> Option<Fold> {
        self.fold.filter(|fold| self.windows == Windows::One && *fold != Fold::Samples)
    }

    /// Whether a series is answered by [`Self::downsampled`].
    pub(super) fn concerns(&self, parts: &Parts) -> bool {
        self.resolution.is_some() || !parts.tiers.is_empty()
    }

    /// Up to which instants there are buckets of which width, of those widths that are looked for; the widest first.
    fn spans(&self, is_there: impl Fn(Resolution) -> bool) -> Vec<(Timestamp, Resolution)> {
        let tiers = self.until.into_iter().zip(Resolution::ALL).rev();
        let wider = |of: Resolution| self.resolution.is_none_or(|asked| of > asked);
        let tiers = tiers.filter(|(until, of)| *until > Timestamp::MIN && wider(*of) && is_there(*of));
        tiers.chain(self.resolution.map(|resolution| (Timestamp::MAX, resolution))).collect()
    }

    /// The same of the buckets in some series.
    pub(super) fn spans_of<'p>(
        &self,
        parts: impl Iterator<Item = &'p (Arc<Block>, Vec<ChunkRef>)>,
    ) -> Vec<(Timestamp, Resolution)> {
        let mut found: Vec<Resolution> = parts.filter_map(|(block, _)| block.resolution()).collect();
        found.dedup();
        self.spans(|resolution| found.contains(&resolution))
    }
}
