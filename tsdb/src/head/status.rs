//! What the head holds, for `/api/v1/status/tsdb`. Walks posting lists, not series.

use crowsnest_api::METRIC_NAME;

use super::{Head, MemSeries};
use crate::report::{HeadStatus, NamedCount, named};

impl Head {
    /// Counts, and the `top` largest of each list.
    pub(crate) fn status(&self, top: usize) -> HeadStatus {
        let names = self.postings.names();
        let by_metric = names.get(METRIC_NAME).into_iter().flatten();
        let pairs = names.iter().flat_map(|(name, values)| {
            values.iter().map(move |(value, list)| (name, value, list.len() as u64))
        });
        HeadStatus {
            series: self.len() as u64,
            label_pairs: names.values().map(|values| values.len() as u64).sum(),
            chunks: self.chunk_count(),
            min_time: self.min_time,
            max_time: self.max_time,
            series_by_metric: largest(
                top,
                by_metric.map(|(name, list)| named(name.clone(), list.len() as u64)),
            ),
            values_by_label: largest(
                top,
                names.iter().map(|(name, values)| named(name.clone(), values.len() as u64)),
            ),
            bytes_by_label: largest(
                top,
                names.iter().map(|(name, values)| {
                    let bytes = values.iter().map(|(value, list)| (value.len() * list.len()) as u64).sum();
                    named(name.clone(), bytes)
                }),
            ),
            series_by_pair: largest(
                top,
                pairs.map(|(name, value, count)| named(format!("{name}={value}"), count)),
            ),
        }
    }

    /// Compressed and open chunks.
    pub(crate) fn chunk_count(&self) -> u64 {
        let count = |memory: &MemSeries| {
            memory.chunks().count() + memory.open().filter(|open| !open.is_empty()).count()
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
