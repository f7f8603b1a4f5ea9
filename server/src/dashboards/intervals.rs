//! How often the metrics that a dashboard asks for are scraped, found out from their samples.

use std::collections::BTreeMap;

use crowsnest_api::{METRIC_NAME, Timestamp};
use crowsnest_dashboards::Dashboard;
use crowsnest_dashboards::time::scrape::{ScrapeIntervals, metric_words};
use crowsnest_promql::{Matcher, Queryable, Scope, Selection, Series};

/// How often the agents push, and are scraped: the interval where nothing is stored yet.
pub(crate) const USUAL_MS: i64 = 15_000;
/// How far back samples are looked at: series of five minutes have some then.
const BACK_MS: i64 = 30 * 60_000;
/// Jobs of one metric that are looked at, and series of each: one may have just begun or ended.
const MOST_JOBS: usize = 8;
const MOST_SERIES: usize = 3;
/// Gaps that are enough to tell.
const ENOUGH: usize = 3;
const SECOND_MS: i64 = 1_000;

/// The intervals of the metrics that `dashboard` may ask for, as `store` has them at `now`. A few series of each job stand for the others.
pub(crate) fn scrape_intervals(
    dashboard: &Dashboard,
    store: &dyn Queryable,
    now: Timestamp,
) -> ScrapeIntervals {
    let found = metric_words(dashboard).into_iter().filter_map(|name| {
        let interval = interval(store, &name, now)?;
        Some((name, interval))
    });
    ScrapeIntervals::found(found.collect::<BTreeMap<_, _>>(), USUAL_MS)
}

/// The longest of its jobs; `None` where too little is stored.
fn interval(store: &dyn Queryable, metric: &str, now: Timestamp) -> Option<i64> {
    let start = now.plus_millis(-BACK_MS);
    let of_metric = vec![Matcher::equal(METRIC_NAME, metric)];
    let sets = [of_metric.clone()];
    let jobs = store.label_values("job", &Scope { matcher_sets: &sets, start, end: now }).ok()?;
    let matchers = |job: Option<&str>| {
        of_metric.iter().cloned().chain(job.map(|job| Matcher::equal("job", job))).collect::<Vec<_>>()
    };
    let mut selections: Vec<_> = jobs.iter().take(MOST_JOBS).map(|job| matchers(Some(job))).collect();
    if selections.is_empty() {
        selections.push(matchers(None));
    }
    let of_job = |matchers: &Vec<Matcher>| {
        let series = store.select(&Selection::new(matchers, start, now)).ok()?.series;
        series.take(MOST_SERIES).filter_map(|series| spacing(&series.ok()?)).max()
    };
    selections.iter().filter_map(of_job).max()
}

/// The usual distance of a series' samples, in whole seconds; what is missing now and then is not counted.
fn spacing(series: &Series) -> Option<i64> {
    let mut times: Vec<i64> = series.samples.iter().map(|sample| sample.timestamp.millis()).collect();
    times.extend(series.histograms.iter().map(|(at, _)| at.millis()));
    times.sort_unstable();
    let mut gaps: Vec<i64> =
        times.windows(2).filter_map(|pair| pair.last()?.checked_sub(*pair.first()?)).collect();
    gaps.sort_unstable();
    let median = gaps.get(gaps.len() / 2).filter(|_| gaps.len() >= ENOUGH)?;
    Some(((median + SECOND_MS / 2) / SECOND_MS).max(1) * SECOND_MS)
}

#[cfg(test)]
mod tests {
    use crowsnest_api::{Labels, Sample};
    use crowsnest_promql::MemoryStore;
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_795_247_100_000;

    fn series(name: &str, job: &str, interval: i64, count: i64) -> Series {
        let labels = Labels::from_pairs([(METRIC_NAME, name), ("job", job)]);
        // Pushes are never quite on time.
        let at = |n: i64| NOW - n * interval + (n % 3) * 90;
        let sample = |n: i64| Sample { timestamp: Timestamp::from_millis(at(n)), value: n as f64 };
        let samples = (0..count).rev().map(sample);
        Series::of_floats(labels, samples.collect())
    }

    fn found(series: &[Series], exprs: &[&str]) -> ScrapeIntervals {
        let targets: Vec<_> = exprs.iter().map(|expr| json!({"expr": expr})).collect();
        let dashboard = Dashboard::from_json(json!({"panels": [{"type": "timeseries", "targets": targets}]}));
        let mut store = MemoryStore::default();
        for one in series {
            one.samples.iter().for_each(|sample| assert!(store.append(&one.labels, *sample)));
        }
        scrape_intervals(&dashboard, &store, Timestamp::from_millis(NOW))
    }

    #[test]
    fn the_interval_is_that_of_the_samples() {
        let all = vec![series("a", "fast", 5_000, 100), series("b_total", "slow", 60_000, 20)];
        let found = found(&all, &["sum(rate(b_total[$__rate_interval]))", "a1 + aa", "unknown"]);
        assert_eq!(found, ScrapeIntervals::all(60_000));
    }

    #[test]
    fn of_two_jobs_with_one_metric_the_slower_one_counts() {
        let all = vec![
            series("up1", "fast", 15_000, 90),
            series("up1", "slow", 30_000, 30),
            series("up2", "fast", 15_000, 90),
        ];
        let found = found(&all, &["up1 or up2", "up2"]);
        assert_eq!((found.of("up1 or up2"), found.of("up2")), (30_000, 15_000));
    }

    #[test]
    fn a_gap_is_no_interval_and_two_samples_tell_nothing() {
        let mut gap = series("gone", "a", 30_000, 40);
        gap.samples.drain(3..12);
        let all = vec![gap, series("new", "a", 60_000, 3)];
        let found = found(&all, &["gone", "new"]);
        assert_eq!(found, ScrapeIntervals::all(30_000));
    }
}
