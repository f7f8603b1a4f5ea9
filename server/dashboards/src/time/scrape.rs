//! How often the metrics that queries name are scraped.

use std::collections::{BTreeMap, BTreeSet};

use crate::Dashboard;

/// The most names that are looked up for one dashboard.
const MOST_NAMES: usize = 1_000;

/// How far apart samples of metrics are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScrapeIntervals {
    /// Of those that are not told apart, in milliseconds.
    pub usual_ms: i64,
    /// By name of the metric, in milliseconds.
    pub by_metric: BTreeMap<String, i64>,
}

impl ScrapeIntervals {
    /// The same for all metrics.
    pub fn all(ms: i64) -> Self {
        Self { usual_ms: ms, by_metric: BTreeMap::new() }
    }

    /// Those that were found; the one that most metrics have is also that of metrics of which nothing is known, and all there is to say when there is no
    /// other.
    pub fn found(by_metric: BTreeMap<String, i64>, otherwise_ms: i64) -> Self {
        let mut counts = BTreeMap::<i64, usize>::new();
        for ms in by_metric.values() {
            *counts.entry(*ms).or_default() += 1;
        }
        // Of two that are as frequent the longer one: a window that is too long has samples.
        let usual_ms = counts.iter().max_by_key(|(ms, count)| (**count, **ms)).map(|(ms, _)| *ms);
        let by_metric = if counts.len() > 1 { by_metric } else { BTreeMap::new() };
        Self { usual_ms: usual_ms.unwrap_or(otherwise_ms), by_metric }
    }

    /// That of the metrics that `expr` names; of several the longest.
    pub fn of(&self, expr: &str) -> i64 {
        words(expr).filter_map(|word| self.by_metric.get(word)).max().copied().unwrap_or(self.usual_ms)
    }
}

/// The words in the queries and marks of a dashboard that may be names of metrics. Variables are not filled in: what they stand for is
/// not known yet.
pub fn metric_words(dashboard: &Dashboard) -> BTreeSet<String> {
    let panels = dashboard.panels();
    let targets = panels.iter().flat_map(|panel| &panel.targets).map(|target| target.expr.as_str());
    let annotations = dashboard.annotations();
    let all = targets.chain(annotations.iter().map(|source| source.expr.as_str()));
    let words: BTreeSet<String> = all.flat_map(words).map(str::to_owned).collect();
    words.into_iter().take(MOST_NAMES).collect()
}

fn words(expr: &str) -> impl Iterator<Item = &str> {
    let all = expr.split(|char: char| !(char.is_ascii_alphanumeric() || char == '_' || char == ':'));
    all.filter(|word| word.len() > 1 && !word.starts_with(|char: char| char.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(all: &[(&str, i64)]) -> ScrapeIntervals {
        ScrapeIntervals::found(all.iter().map(|(name, ms)| ((*name).to_owned(), *ms)).collect(), 15_000)
    }

    #[test]
    fn a_query_goes_by_the_slowest_of_its_metrics() {
        let found = of(&[("a_total", 60_000), ("b_total", 5_000), ("c_total", 5_000)]);
        assert_eq!(found.usual_ms, 5_000);
        assert_eq!(found.of("rate(b_total{x=\"1\"}[$__rate_interval])"), 5_000);
        assert_eq!(found.of("rate(b_total[1m]) / rate({__name__=\"a_total\"}[1m])"), 60_000);
        assert_eq!(found.of("rate($metric[1m])"), 5_000);
    }

    #[test]
    fn one_interval_of_all_is_said_once_and_none_is_what_it_was() {
        assert_eq!(of(&[("a", 30_000), ("b", 30_000)]), ScrapeIntervals::all(30_000));
        assert_eq!(of(&[]), ScrapeIntervals::all(15_000));
        assert_eq!(of(&[("a", 30_000), ("b", 10_000)]).usual_ms, 30_000);
    }

    #[test]
    fn names_are_those_of_queries_in_closed_rows_and_of_marks() {
        let dashboard = Dashboard::from_json(json!({
            "annotations": {"list": [{"expr": "changes(boot_time[5m])"}]},
            "panels": [{"type": "row", "collapsed": true, "panels": [
                {"id": 2, "type": "stat", "targets": [{"expr": "sum by (le) (rate(x:y_bucket[5m]))"}]}]}]}));
        let words = metric_words(&dashboard);
        assert!(
            words.contains("boot_time") && words.contains("x:y_bucket") && !words.contains("5m"),
            "{words:?}"
        );
    }
}
