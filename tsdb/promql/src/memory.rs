//! A store in memory, for tests and for the promqltest runner.

use std::collections::{BTreeMap, BTreeSet};

use crowsnest_api::{Labels, Sample, Timestamp};
use smol_str::SmolStr;

use crate::{Matcher, Queryable, Scope, Selection, Series, SeriesSet, StorageError};

/// Series in memory. Samples of a series are appended in the order of their timestamps.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    series: BTreeMap<Labels, Vec<Sample>>,
}

impl MemoryStore {
    /// Adds a sample. Returns false, and changes nothing, when it is not newer than the newest one of the series.
    pub fn append(&mut self, labels: &Labels, sample: Sample) -> bool {
        if !self.series.contains_key(labels) {
            self.series.insert(labels.clone(), Vec::new());
        }
        let Some(samples) = self.series.get_mut(labels) else { return false };
        let newer = samples.last().is_none_or(|last| last.timestamp < sample.timestamp);
        if newer {
            samples.push(sample);
        }
        newer
    }

    fn in_scope(&self, scope: &Scope<'_>) -> impl Iterator<Item = &Labels> {
        let Scope { matcher_sets, start, end } = *scope;
        let matches = |set: &Vec<Matcher>, labels| set.iter().all(|matcher| matcher.matches(labels));
        self.series
            .iter()
            .filter(move |(labels, samples)| {
                let wanted = matcher_sets.is_empty() || matcher_sets.iter().any(|set| matches(set, labels));
                wanted && !between(samples, start, end).is_empty()
            })
            .map(|(labels, _)| labels)
    }
}

fn between(samples: &[Sample], start: Timestamp, end: Timestamp) -> &[Sample] {
    let from = samples.partition_point(|sample| sample.timestamp < start);
    let to = samples.partition_point(|sample| sample.timestamp <= end);
    samples.get(from..to).unwrap_or_default()
}

impl Queryable for MemoryStore {
    fn select<'a>(&'a self, selection: &Selection<'_>) -> Result<SeriesSet<'a>, StorageError> {
        let Selection { matchers, start, end } = *selection;
        let series =
            self.series.iter().filter(|(labels, _)| matchers.iter().all(|matcher| matcher.matches(labels)));
        let series = series.map(|(labels, samples)| Series {
            labels: labels.clone(),
            samples: between(samples, start, end).to_vec(),
        });
        Ok(SeriesSet::from_sorted(series.filter(|series| !series.samples.is_empty()).collect()))
    }

    fn series(&self, scope: &Scope<'_>) -> Result<Vec<Labels>, StorageError> {
        Ok(self.in_scope(scope).cloned().collect())
    }

    fn label_names(&self, scope: &Scope<'_>) -> Result<Vec<SmolStr>, StorageError> {
        let names: BTreeSet<_> =
            self.in_scope(scope).flat_map(|labels| labels.iter().map(|label| label.name.clone())).collect();
        Ok(names.into_iter().collect())
    }

    fn label_values(&self, name: &str, scope: &Scope<'_>) -> Result<Vec<SmolStr>, StorageError> {
        let values: BTreeSet<_> =
            self.in_scope(scope).filter_map(|labels| labels.get(name).cloned()).collect();
        Ok(values.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> MemoryStore {
        let mut store = MemoryStore::default();
        for (job, at) in [("b", 10), ("a", 10), ("a", 20)] {
            assert!(store.append(&Labels::from_pairs([("job", job)]), Sample::new(at, 1.0)));
        }
        store
    }

    #[test]
    fn a_selection_is_sorted_and_limited_in_time() {
        let store = store();
        let selection =
            Selection { matchers: &[], start: Timestamp::from_millis(11), end: Timestamp::from_millis(20) };
        let series: Vec<_> = store.select(&selection).unwrap().series.map(Result::unwrap).collect();
        assert_eq!(
            series,
            [Series { labels: Labels::from_pairs([("job", "a")]), samples: vec![Sample::new(20, 1.0)] }]
        );
    }

    #[test]
    fn names_and_values_are_those_of_series_in_scope() {
        let scope = Scope { matcher_sets: &[], start: Timestamp::MIN, end: Timestamp::MAX };
        assert_eq!(store().label_names(&scope).unwrap(), ["job"]);
        assert_eq!(store().label_values("job", &scope).unwrap(), ["a", "b"]);
        assert_eq!(store().series(&Scope { start: Timestamp::from_millis(15), ..scope }).unwrap().len(), 1);
    }

    #[test]
    fn an_old_sample_is_refused() {
        assert!(!store().append(&Labels::from_pairs([("job", "a")]), Sample::new(20, 2.0)));
    }
}
