//! Answering questions: the head and all blocks in range as one store.

use std::collections::BTreeSet;

use crowsnest_api::{Labels, Sample, Timestamp};
use crowsnest_promql::{Matcher, Queryable, Scope, Selection, Series, SeriesSet, StorageError};
use smol_str::SmolStr;

use crate::db::Tsdb;
use crate::head::HeadSeries;
use crate::server_sample;

impl Queryable for Tsdb {
    fn select<'a>(&'a self, selection: &Selection<'_>) -> Result<SeriesSet<'a>, StorageError> {
        let (start, end) = (selection.start, selection.end);
        let mut parts = self.head.read().select(selection.matchers, start, end);
        parts.sort_by(|a, b| a.labels.cmp(&b.labels));
        self.check_limit(parts.len())?;
        let series = parts.into_iter().filter_map(move |part| {
            let samples = self.read_series(&part, start, end);
            (!samples.is_empty()).then(|| Ok(Series { labels: part.labels, samples }))
        });
        Ok(SeriesSet { series: Box::new(series), warnings: Vec::new() })
    }

    fn series(&self, scope: &Scope<'_>) -> Result<Vec<Labels>, StorageError> {
        let mut found = BTreeSet::new();
        self.visit(scope, |labels| {
            found.insert(labels.clone());
        });
        self.check_limit(found.len())?;
        Ok(found.into_iter().collect())
    }

    fn label_names(&self, scope: &Scope<'_>) -> Result<Vec<SmolStr>, StorageError> {
        let mut names = BTreeSet::new();
        self.visit(scope, |labels| {
            for label in labels {
                if !names.contains(&label.name) {
                    names.insert(label.name.clone());
                }
            }
        });
        Ok(names.into_iter().collect())
    }

    fn label_values(&self, name: &str, scope: &Scope<'_>) -> Result<Vec<SmolStr>, StorageError> {
        let mut values = BTreeSet::new();
        self.visit(scope, |labels| {
            if let Some(value) = labels.get(name).filter(|value| !values.contains(*value)) {
                values.insert(value.clone());
            }
        });
        Ok(values.into_iter().collect())
    }
}

impl Tsdb {
    fn read_series(&self, part: &HeadSeries, start: Timestamp, end: Timestamp) -> Vec<Sample> {
        let mut pushed = Vec::new();
        part.read_into(start, end, &mut pushed);
        pushed.sort_by_key(|sample| sample.timestamp);
        pushed.dedup_by_key(|sample| sample.timestamp);
        let before =
            |from, to| Ok::<_, std::convert::Infallible>(self.head.read().has_pushed(&part.labels, from, to));
        match server_sample::resolve(pushed, &part.server, before) {
            Ok(samples) => samples,
            Err(never) => match never {},
        }
    }

    /// Calls back with the labels of the series in scope, perhaps more than once each.
    fn visit(&self, scope: &Scope<'_>, mut visit: impl FnMut(&Labels)) {
        const EVERY_SERIES: &[Vec<Matcher>] = &[Vec::new()];
        let sets = if scope.matcher_sets.is_empty() { EVERY_SERIES } else { scope.matcher_sets };
        let head = self.head.read();
        for matchers in sets {
            let in_range = head.matching(matchers).filter(|series| series.overlaps(scope.start, scope.end));
            in_range.for_each(|series| visit(series.labels()));
        }
    }

    fn check_limit(&self, series: usize) -> Result<(), StorageError> {
        let limit = self.options.max_selected_series;
        if series > limit {
            let message =
                format!("query touches {series} series, the limit is {limit}: use narrower matchers");
            return Err(StorageError::LimitExceeded(message));
        }
        Ok(())
    }
}
