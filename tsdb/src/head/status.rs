//! What the head holds, for `/api/v1/status/tsdb`. Walks posting lists, not series.

use crowsnest_api::METRIC_NAME;

use super::{Head, MemSeries, OfSource};
use crate::report::{HeadStatus, NamedCount, named};

impl Head {
    /// Counts, and the `top` largest of each list.
    pub(crate) fn status(&self, top: usize) -> HeadStatus {
        let names = || self.postings.names();
        let pairs =
            names().flat_map(|(name, values)| values.map(move |(value, count)| (name, value, count as u64)));
        HeadStatus {
            series: self.len() as u64,
            label_pairs: names().map(|(_, values)| values.len() as u64).sum(),
            chunks: self.chunk_count(),
            min_time: self.min_time,
            max_time: self.max_time,
            series_by_metric: largest(
                top,
                self.postings.values(METRIC_NAME).map(|(name, count)| named(name.clone(), count as u64)),
            ),
            values_by_label: largest(
                top,
                names().map(|(name, values)| named(name.clone(), values.len() as u64)),
            ),
            bytes_by_label: largest(
                top,
                names().map(|(name, values)| {
                    let bytes = values.map(|(value, count)| (value.len() * count) as u64).sum();
                    named(name.clone(), bytes)
                }),
            ),
            series_by_pair: largest(
                top,
                pairs.map(|(name, value, count)| named(format!("{name}={value}"), count)),
            ),
            series_by_source: self.largest_sources(top, |of| of.series as u64),
            refused_by_source: self.largest_sources(top, |of| of.refused),
        }
    }

    /// How many series each source has here.
    pub(crate) fn series_by_source(&self) -> Vec<NamedCount> {
        self.largest_sources(usize::MAX, |of| of.series as u64)
    }

    fn largest_sources(&self, top: usize, count: impl Fn(&OfSource) -> u64) -> Vec<NamedCount> {
        let counts = self.by_source.iter().map(|(&id, of)| (id, count(of))).filter(|(_, count)| *count > 0);
        largest(top, counts.map(|(id, count)| named(self.sources.name(id), count)))
    }

    /// Compressed and open chunks.
    pub(crate) fn chunk_count(&self) -> u64 {
        let count = |memory: &MemSeries| {
            memory.chunks().count()
                + memory.open().filter(|open| !open.is_empty()).count()
                + memory.open_extra().filter(|open| !open.is_empty()).count()
        };
        self.series.iter().flatten().map(|memory| count(memory) as u64).sum()
    }
}

/// The `top` entries with the largest counts, ties by name.
fn largest(top: usize, entries: impl Iterator<Item = NamedCount>) -> Vec<NamedCount> {
    let mut entries: Vec<NamedCount> = entries.collect();
    entries.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.name.cmp(&b.name)));
    entries.truncate(top);
    entries
}
