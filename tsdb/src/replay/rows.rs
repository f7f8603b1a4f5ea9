//! Rows of sources that are gathered until they go into the head together.

use std::sync::Arc;

use crowsnest_api::Sample;
use rustc_hash::FxHashMap;

use crate::head::{Head, SeriesRef, StagedOrigin};
use crate::source::SourceId;

/// Rows after which those of a source go into the head: as many as a chunk has samples.
const ROWS: usize = 64;
/// Samples of all sources after which everything goes.
const MAX_SAMPLES: usize = 1 << 20;

/// What has been gathered.
#[derive(Default)]
pub(super) struct Rows {
    gathered: FxHashMap<SourceId, Gathered>,
    /// Whose a series is, of those in `gathered`.
    owners: FxHashMap<SeriesRef, SourceId>,
    samples: usize,
    column: Vec<Sample>,
}

/// The rows of one source, all of the same series.
struct Gathered {
    origin: StagedOrigin,
    numbers: Arc<[u32]>,
    series: Vec<SeriesRef>,
    /// One row after the other.
    samples: Vec<Sample>,
}

impl Rows {
    /// Whether a source's row is of the same series as those before it.
    pub(super) fn follows(&self, source: SourceId, numbers: &Arc<[u32]>) -> bool {
        self.gathered.get(&source).is_some_and(|gathered| Arc::ptr_eq(&gathered.numbers, numbers))
    }

    /// Begins to gather rows of these series; `false` when another source has one of them. Of two samples at
    /// one instant the first in the log counts, and gathering changes the order between sources.
    pub(super) fn begin(
        &mut self,
        source: SourceId,
        origin: StagedOrigin,
        numbers: Arc<[u32]>,
        series: Vec<SeriesRef>,
    ) -> bool {
        if series.iter().any(|series| self.owners.contains_key(series)) {
            return false;
        }
        self.owners.extend(series.iter().map(|&series| (series, source)));
        self.gathered.insert(source, Gathered { origin, numbers, series, samples: Vec::new() });
        true
    }

    /// Whether samples of a series may be among what has been gathered.
    pub(super) fn holds(&self, series: SeriesRef) -> bool {
        self.owners.contains_key(&series)
    }

    /// Adds a row of a source that has begun.
    pub(super) fn add(&mut self, head: &mut Head, source: SourceId, row: &[Sample]) {
        let Some(gathered) = self.gathered.get_mut(&source) else { return };
        gathered.samples.extend_from_slice(row);
        self.samples += row.len();
        if gathered.samples.len() >= ROWS * gathered.series.len() {
            self.samples -= gathered.apply(head, &mut self.column);
        }
        if self.samples > MAX_SAMPLES {
            for gathered in self.gathered.values_mut() {
                gathered.apply(head, &mut self.column);
            }
            self.samples = 0;
        }
    }

    /// Puts the rows of a source into the head, and forgets its series.
    pub(super) fn finish_source(&mut self, head: &mut Head, source: SourceId) {
        if let Some(mut gathered) = self.gathered.remove(&source) {
            self.samples -= gathered.apply(head, &mut self.column);
            for series in gathered.series {
                self.owners.remove(&series);
            }
        }
    }

    /// The same for all sources.
    pub(super) fn finish(&mut self, head: &mut Head) {
        for (_, mut gathered) in self.gathered.drain() {
            gathered.apply(head, &mut self.column);
        }
        self.owners.clear();
        self.samples = 0;
    }
}

impl Gathered {
    /// Puts the rows into the head and says how many samples that were.
    fn apply(&mut self, head: &mut Head, column: &mut Vec<Sample>) -> usize {
        let width = self.series.len().max(1);
        for (place, &series) in self.series.iter().enumerate() {
            column.clear();
            column.extend(self.samples.iter().skip(place).step_by(width));
            head.apply_series(series, &self.origin, column);
        }
        let samples = self.samples.len();
        self.samples.clear();
        samples
    }
}
