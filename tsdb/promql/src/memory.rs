//! A store in memory, for tests and for the promqltest runner.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crowsnest_api::{Labels, METRIC_NAME, Sample, Timestamp};
use smol_str::SmolStr;

use crate::{FloatHistogram, MatchOp, Matcher, Queryable, Scope, Selection, Series, SeriesSet, StorageError};

/// Series in memory. Samples of a series are appended in the order of their timestamps.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    /// By metric name, then by all labels.
    series: BTreeMap<SmolStr, BTreeMap<Labels, Series>>,
}

impl MemoryStore {
    /// Adds a sample. Returns false, and changes nothing, when it is not newer than the newest one of the series.
    pub fn append(&mut self, labels: &Labels, sample: Sample) -> bool {
        self.newer(labels, sample.timestamp).map(|series| series.samples.push(sample)).is_some()
    }

    /// Adds a native histogram, as [`Self::append`] adds a float.
    ///
    /// Its hint is found anew, see [`FloatHistogram::hint_after`].
    pub fn append_histogram(
        &mut self,
        labels: &Labels,
        timestamp: Timestamp,
        mut histogram: FloatHistogram,
    ) -> bool {
        let Some(series) = self.newer(labels, timestamp) else { return false };
        let newest_float = series.samples.last().map(|sample| sample.timestamp);
        let before = series.histograms.last().filter(|(timestamp, _)| Some(*timestamp) > newest_float);
        histogram.hint = histogram.hint_after(before.map(|(_, before)| &**before));
        series.histograms.push((timestamp, Arc::new(histogram)));
        true
    }

    /// Says when the counter behind the newest sample of a series started.
    pub fn set_start(&mut self, labels: &Labels, start: Timestamp) {
        if let Some(series) = self.series.get_mut(labels.metric_name()).and_then(|of| of.get_mut(labels))
            && let Some(newest) = newest(series)
        {
            series.starts.push((newest, start));
        }
    }

    /// The series, when its samples are all older than `timestamp`.
    fn newer(&mut self, labels: &Labels, timestamp: Timestamp) -> Option<&mut Series> {
        let series = self
            .series
            .entry(labels.metric_name().into())
            .or_default()
            .entry(labels.clone())
            .or_insert_with(|| Series { labels: labels.clone(), ..Series::default() });
        newest(series).is_none_or(|newest| newest < timestamp).then_some(series)
    }

    /// All series in label order.
    fn all(&self) -> Vec<(&Labels, &Series)> {
        let mut all: Vec<_> = self.series.values().flatten().collect();
        all.sort_unstable_by_key(|(labels, _)| *labels);
        all
    }

    fn in_scope(&self, scope: &Scope<'_>) -> impl Iterator<Item = &Labels> {
        let Scope { matcher_sets, start, end } = *scope;
        let matches = |set: &Vec<Matcher>, labels| set.iter().all(|matcher| matcher.matches(labels));
        self.series
            .values()
            .flatten()
            .filter(move |(labels, series)| {
                let wanted = matcher_sets.is_empty() || matcher_sets.iter().any(|set| matches(set, labels));
                let floats = between(&series.samples, start, end, |sample| sample.timestamp);
                let histograms = between(&series.histograms, start, end, |(timestamp, _)| *timestamp);
                wanted && !(floats.is_empty() && histograms.is_empty())
            })
            .map(|(labels, _)| labels)
    }
}

fn newest(series: &Series) -> Option<Timestamp> {
    let float = series.samples.last().map(|sample| sample.timestamp);
    float.max(series.histograms.last().map(|(timestamp, _)| *timestamp))
}

fn between<T>(samples: &[T], start: Timestamp, end: Timestamp, time: impl Fn(&T) -> Timestamp) -> &[T] {
    let from = samples.partition_point(|sample| time(sample) < start);
    let to = samples.partition_point(|sample| time(sample) <= end);
    samples.get(from..to).unwrap_or_default()
}

impl Queryable for MemoryStore {
    fn select<'a>(&'a self, selection: &Selection<'_>) -> Result<SeriesSet<'a>, StorageError> {
        let Selection { matchers, start, end, .. } = *selection;
        let is_name = |matcher: &&Matcher| matcher.name() == METRIC_NAME && matcher.op() == MatchOp::Equal;
        let named = matchers.iter().find(is_name).map(|matcher| self.series.get(matcher.value()));
        // Within one name they are in order; over several names they are to be sorted.
        let candidates: Vec<(&Labels, &Series)> = match named {
            Some(of_name) => of_name.into_iter().flatten().collect(),
            None => self.all(),
        };
        let series = candidates
            .into_iter()
            .filter(|(labels, _)| matchers.iter().all(|matcher| matcher.matches(labels)));
        let series = series.map(|(labels, series)| Series {
            labels: labels.clone(),
            samples: between(&series.samples, start, end, |sample| sample.timestamp).to_vec(),
            histograms: between(&series.histograms, start, end, |(timestamp, _)| *timestamp).to_vec(),
            starts: between(&series.starts, start, end, |(timestamp, _)| *timestamp).to_vec(),
            downsampled: None,
        });
        Ok(SeriesSet::from_sorted(series.filter(|series| !series.is_empty()).collect()))
    }

    fn series(&self, scope: &Scope<'_>) -> Result<Vec<Labels>, StorageError> {
        let mut labels: Vec<_> = self.in_scope(scope).cloned().collect();
        labels.sort_unstable();
        Ok(labels)
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
        let selection = Selection::new(&[], Timestamp::from_millis(11), Timestamp::from_millis(20));
        let series: Vec<_> = store.select(&selection).unwrap().series.map(Result::unwrap).collect();
        assert_eq!(
            series,
            [Series::of_floats(Labels::from_pairs([("job", "a")]), vec![Sample::new(20, 1.0)])]
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
