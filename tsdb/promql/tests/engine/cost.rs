//! What a query costs, and when it costs too much.

use super::*;
use crowsnest_promql::{NodeStats, QueryStats, StatsDetail};

/// One series of the name `one` and three of the name `three`, with a sample every ten seconds.
fn every_ten_seconds() -> MemoryStore {
    let mut store = MemoryStore::default();
    let three = |n| Labels::from_pairs([("__name__", "three"), ("n", n)]);
    for labels in [Labels::from_pairs([("__name__", "one")]), three("1"), three("2"), three("3")] {
        for at in (0..=1000).step_by(10) {
            assert!(store.append(&labels, Sample::new(at * 1000, 1.0)));
        }
    }
    store
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

fn stats(query: &str, range: Option<(i64, i64, u64)>, detail: StatsDetail) -> QueryStats {
    let (store, expr, engine) = (every_ten_seconds(), parse(query).unwrap(), Engine::default());
    let query = engine.query(&store, &expr).with_stats(detail);
    let result = match range {
        None => query.instant(at(201)),
        Some((start, end, step)) => {
            query.range(RangeParams::new(at(start), at(end), Duration::from_secs(step)).unwrap())
        }
    };
    result.unwrap().stats
}

#[test]
fn samples_are_counted_as_prometheus_counts_them() {
    for (query, samples) in [
        ("one", 1),
        ("one + three", 4),
        ("timestamp(three)", 3),
        ("one[60s]", 6),
        ("max_over_time(one[59s])", 6),
        ("one[60s] @ 30", 4),
        ("sum_over_time(one[60s] offset 30s)", 6),
        ("max_over_time(one[59s])[20s:5s]", 24),
        ("sum by (n) (max_over_time(three[60s:5s]))", 36),
        ("sum(one) + 1 + time()", 1),
        ("none", 0),
    ] {
        assert_eq!(stats(query, None, StatsDetail::Totals).samples, samples, "{query}");
    }
    let range = Some((201, 220, 5));
    for (query, samples) in [
        ("three", 12),
        ("max_over_time(three[60s])", 72),
        // The same at every step, and counted at every step.
        ("max_over_time(three[60s] @ 30)", 48),
        ("max_over_time(three[60s:5s]) + max_over_time(three[60s:5s])", 288),
    ] {
        assert_eq!(stats(query, range, StatsDetail::Totals).samples, samples, "{query}");
    }
}

#[test]
fn each_step_is_counted_by_itself_when_asked_for() {
    let all = stats("sum_over_time(one[60s])", Some((10, 60, 25)), StatsDetail::All);
    assert_eq!(all.samples_per_step, [(at(10), 2), (at(35), 4), (at(60), 6)]);
    assert!(stats("one", None, StatsDetail::Totals).samples_per_step.is_empty());
    assert_eq!(stats("one[20s:5s]", None, StatsDetail::All).samples_per_step, [(at(201), 4)]);
}

#[test]
fn each_part_tells_what_came_of_it() {
    let query = "sum(rate(three[60s])) / 2";
    let all = stats(query, Some((201, 220, 5)), StatsDetail::All);
    fn show(node: &NodeStats, query: &str) -> String {
        let children: Vec<String> = node.children.iter().map(|child| show(child, query)).collect();
        format!("{}={}x{}[{}]", node.span.of(query), node.series, node.samples, children.join(","))
    }
    let shown = show(&all.root.unwrap(), query);
    assert_eq!(
        shown,
        "sum(rate(three[60s])) / 2=1x4[sum(rate(three[60s]))=1x4[rate(three[60s])=3x12[three[60s]=3x21[]]],2=0x4[]]"
    );
    assert_eq!((all.series, all.peak_samples), (3, 21));
    assert_eq!(stats(query, None, StatsDetail::Least).root, None);
}

#[test]
fn time_is_taken_from_the_clock_that_is_handed_in() {
    let looks = std::sync::Mutex::new(0);
    let clock = move || {
        let mut looks = looks.lock().unwrap();
        *looks += 1;
        Duration::from_millis(*looks)
    };
    let (store, expr) = (every_ten_seconds(), parse("sum(three) + one").unwrap());
    let control = Control::new(Arc::default(), clock);
    let engine = Engine::default();
    let query = engine.query(&store, &expr).controlled(&control).with_stats(StatsDetail::All);
    let stats = query.instant(at(201)).unwrap().stats;
    let root = stats.root.unwrap();
    assert!(root.elapsed > root.children.iter().map(|child| child.elapsed).sum());
    assert!(stats.evaluation > root.elapsed);
    assert!(stats.preparation > Duration::ZERO && stats.sorting > Duration::ZERO);
}

#[test]
fn series_and_memory_have_limits() {
    let engine = |max_series, max_bytes| {
        Engine::new(EngineOptions { max_series, max_bytes, ..EngineOptions::default() })
    };
    let told = |engine: Engine, query: &str| range_with(&engine, query, &Control::unlimited());
    assert!(told(engine(10, usize::MAX), "c_total").is_ok());
    check_error(told(engine(9, usize::MAX), "c_total"), "execution", "would load too many series");
    check_error(told(engine(19, usize::MAX), "c_total + c_total"), "execution", "the limit is 19");
    assert!(told(engine(100, 20_000), "c_total").is_ok());
    check_error(told(engine(100, 5_000), "c_total"), "execution", "would take too much memory");
    // Long labels take memory, too.
    let long = format!("label_replace(c_total, 'a', '{}', '', '')", "x".repeat(2_000));
    check_error(told(engine(100, 20_000), &long), "execution", "would take too much memory");
}
