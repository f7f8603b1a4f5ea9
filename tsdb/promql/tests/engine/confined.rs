//! Who may not see a series gets the answers of a store that does not have it.

use super::*;
use crowsnest_promql::{Confinement, MatchOp, Matcher};

/// The half of a store that may be seen.
fn seen() -> Confinement {
    Confinement::to(vec![Matcher::new("n", MatchOp::Regex, "0|2").unwrap()])
}

fn features() -> Features {
    Features { experimental_functions: true, extended_ranges: true, delayed_name_removal: false }
}

/// A store without what may not be seen.
fn half(store: &MemoryStore) -> MemoryStore {
    let matchers = seen().matchers().to_vec();
    let all = Selection::new(&matchers, Timestamp::MIN, Timestamp::MAX);
    let mut half = MemoryStore::default();
    for series in store.select(&all).unwrap().series.map(Result::unwrap) {
        for sample in series.samples {
            assert!(half.append(&series.labels, sample));
        }
    }
    half
}

/// Refuses to be asked for anything that may not be seen.
struct Strict(MemoryStore);

impl Queryable for Strict {
    fn select<'a>(&'a self, selection: &Selection<'_>) -> Result<SeriesSet<'a>, StorageError> {
        let confines = |matcher: &Matcher| (matcher.name(), matcher.value()) == ("n", "0|2");
        assert!(selection.matchers.iter().any(confines), "{:?}", selection.matchers);
        self.0.select(selection)
    }

    fn series(&self, _: &Scope<'_>) -> Result<Vec<Labels>, StorageError> {
        Ok(Vec::new())
    }

    fn label_names(&self, _: &Scope<'_>) -> Result<Vec<SmolStr>, StorageError> {
        Ok(Vec::new())
    }

    fn label_values(&self, _: &str, _: &Scope<'_>) -> Result<Vec<SmolStr>, StorageError> {
        Ok(Vec::new())
    }
}

/// The answer or the error, to compare; NaN is like itself here.
fn told(result: Result<QueryResult, QueryError>) -> String {
    match result {
        Ok(QueryResult { value, annotations, .. }) => format!("{value:?} {annotations:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn no_way_to_write_a_selector_gets_around_a_confinement() {
    let engine = Engine::new(EngineOptions { features: features(), ..EngineOptions::default() });
    let at = Timestamp::from_millis(300_000);
    for query in [
        "c_total",
        "{n='1'}",
        "{__name__=~'.+', n=~'.*'} or {n='1'}",
        "count(c_total offset 1m) + sum(c_total @ 60) * absent(c_total{n='3'})",
        "rate(c_total[1m])",
        "increase(c_total[1m] smoothed) - resets(c_total[1m] anchored)",
        "c_total smoothed",
        "max_over_time(rate(c_total{n='1'}[1m])[2m:10s] @ end() offset 5s)",
        "timestamp(c_total)",
        "absent_over_time(c_total{n='1'}[5m])",
        "info(c_total, {__name__=~'c_.*', n=~'.+'})",
        "info(c_total)",
        "sum by (n) (label_replace(c_total, 'n', '1', '', ''))",
        "c_total[5m]",
        "scalar(c_total{n='1'})",
        "topk(100, c_total) and on () c_total{n='1'}",
        "histogram_quantile(0.5, {n='1'})",
    ] {
        let expr = parse(query).unwrap();
        let store = Strict(store());
        let asked = engine.query(&store, &expr).confined(&seen()).instant(at);
        let alone = engine.query(&half(&store.0), &expr).instant(at);
        assert_eq!(told(asked), told(alone), "{query}");
    }
}

proptest! {
    #[test]
    fn a_confined_query_answers_as_if_there_were_nothing_else(
        store in ragged_store(),
        query in prop_oneof![any_query(), prop::sample::select(LAWFUL).prop_map(str::to_owned)],
        at in 0..600_000_i64,
    ) {
        let Ok(expr) = parse(&query) else { return Ok(()) };
        let engine = Engine::new(EngineOptions { features: features(), max_samples: 100_000, ..EngineOptions::default() });
        let at = Timestamp::from_millis(at);
        let (half, store) = (half(&store), Strict(store));
        let confined = || engine.query(&store, &expr).confined(&seen());
        prop_assert_eq!(told(confined().instant(at)), told(engine.query(&half, &expr).instant(at)));
        let range = RangeParams::new(at, at.plus_millis(60_000), Duration::from_millis(7_001)).unwrap();
        prop_assert_eq!(told(confined().range(range)), told(engine.query(&half, &expr).range(range)));
    }
}
