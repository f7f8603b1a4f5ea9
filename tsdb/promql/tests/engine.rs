//! The engine from outside: limits, cancellation, switched-off features, and what it asks of a store.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail at any line")]

#[path = "engine/confined.rs"]
mod confined;
#[path = "engine/cost.rs"]
mod cost;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crowsnest_api::{Labels, Sample, Timestamp, stale_nan};
use crowsnest_promql::{
    Control, Engine, EngineOptions, Evaluation, FUNCTIONS, Features, MemoryStore, QueryError, QueryResult,
    Queryable, RangeParams, Scope, Selection, SeriesSet, StorageError, Value, parse,
};
use proptest::prelude::*;
use smol_str::SmolStr;

/// Ten counters with a sample every fifteen seconds for ten minutes.
fn store() -> MemoryStore {
    let mut store = MemoryStore::default();
    for n in 0..10 {
        let labels = Labels::from_pairs([("__name__", "c_total".to_owned()), ("n", n.to_string())]);
        for i in 0..40 {
            assert!(store.append(&labels, Sample::new(i * 15_000, (i * n) as f64)));
        }
    }
    store
}

fn ten_minutes() -> RangeParams {
    RangeParams::new(Timestamp::from_millis(0), Timestamp::from_millis(600_000), Duration::from_secs(15))
        .unwrap()
}

fn range_with(engine: &Engine, query: &str, control: &Control) -> Result<QueryResult, QueryError> {
    engine.range(&store(), &parse(query).unwrap(), ten_minutes(), control)
}

fn instant(query: &str) -> Result<QueryResult, QueryError> {
    let at = Timestamp::from_millis(300_000);
    Engine::default().instant(&store(), &parse(query).unwrap(), at, &Control::unlimited())
}

#[track_caller]
fn check_error(result: Result<QueryResult, QueryError>, error_type: &str, text: &str) {
    let Err(error) = result else { panic!("no error, expected {text:?}") };
    assert_eq!(error.error_type(), error_type, "{error}");
    assert!(error.to_string().contains(text), "{error}");
}

#[test]
fn labels_that_a_query_makes_stay_within_bounds() {
    let doubled = |times: usize| {
        let start = r#"label_replace(c_total, "a", "xxxxxxxx", "", "")"#.to_owned();
        (0..times).fold(start, |query, _| format!(r#"label_join({query}, "a", "", "a", "a")"#))
    };
    assert!(instant(&doubled(10)).is_ok());
    check_error(instant(&doubled(40)), "execution", "label_join() would make a label of");
    let longest = doubled(13);
    let expand = format!(r#"label_replace({longest}, "b", "$0$0", "a", ".*")"#);
    check_error(instant(&expand), "execution", "label_replace() would make a label of 131076 bytes");
    let long_name = format!(r#"label_replace(c_total, "{}", "x", "", "")"#, "x".repeat(100_000));
    check_error(instant(&long_name), "execution", "at most 65536 are allowed");
    let long_name = format!(r#"count_values("{}", c_total)"#, "x".repeat(100_000));
    check_error(instant(&long_name), "execution", "at most 65536 are allowed");
    // Each within its bound, but more and more of them.
    let many = (0..100).fold(longest, |query, n| format!(r#"label_join({query}, "l{n}", "", "a")"#));
    let few_samples = Engine::new(EngineOptions { max_samples: 1_000_000, ..EngineOptions::default() });
    let labels = range_with(&few_samples, &many, &Control::unlimited());
    check_error(labels, "execution", "too many samples");
}

#[test]
fn counted_values_are_held_against_the_limit() {
    let few_samples = Engine::new(EngineOptions { max_samples: 1000, ..EngineOptions::default() });
    // 41 steps with a value of their own each: 41 series, most of whose steps are empty.
    let query = r#"count_values("v", vector(time()))"#;
    check_error(range_with(&few_samples, query, &Control::unlimited()), "execution", "too many samples");
}

#[test]
fn a_cancelled_query_ends() {
    let control = Control::unlimited();
    control.cancel();
    check_error(range_with(&Engine::default(), "c_total", &control), "canceled", "query was canceled");
}

#[test]
fn a_query_ends_in_mid_work_when_its_time_is_over() {
    // The clock jumps on the tenth look.
    let looks = AtomicUsize::new(0);
    let clock = move || match looks.fetch_add(1, Ordering::Relaxed) {
        0..10 => Duration::ZERO,
        _ => Duration::from_secs(120),
    };
    let control = Control::new(Arc::default(), clock);
    check_error(range_with(&Engine::default(), "rate(c_total[5m])", &control), "timeout", "query timed out");
}

#[test]
fn a_query_that_would_hold_too_many_samples_is_refused() {
    let engine = Engine::new(EngineOptions { max_samples: 300, ..EngineOptions::default() });
    let unlimited = Control::unlimited();
    for query in ["c_total", "sum by (n) (rate(c_total[5m]))", "sum_over_time(vector(1)[1y:1s])"] {
        check_error(range_with(&engine, query, &unlimited), "execution", "too many samples");
    }
    // Series that stream into a few groups are never held together; evaluated plainly, they are.
    let sum = "sum(rate(c_total[5m]))";
    assert!(range_with(&engine, sum, &unlimited).is_ok());
    let plain = Engine::new(EngineOptions { evaluation: Evaluation::Plain, ..*engine.options() });
    check_error(range_with(&plain, sum, &unlimited), "execution", "too many samples");
    assert!(range_with(&engine, "c_total{n='1'} + c_total{n='2'}", &unlimited).is_ok());
}

#[test]
fn samples_are_counted_only_while_they_are_held() {
    let engine = Engine::new(EngineOptions { max_samples: 300, ..EngineOptions::default() });
    let chain = vec!["sum(c_total{n='1'})"; 30].join(" + ");
    assert!(range_with(&engine, &chain, &Control::unlimited()).is_ok());
}

#[test]
fn experimental_functions_must_be_switched_on() {
    for query in ["sum(mad_over_time(c_total[5m]))", "limitk(1, c_total)"] {
        check_error(
            instant(query),
            "bad_data",
            "must be enabled with --enable-feature=promql-experimental-functions",
        );
        let features = Features { experimental_functions: true, ..Features::default() };
        let engine = Engine::new(EngineOptions { features, ..EngineOptions::default() });
        assert!(range_with(&engine, query, &Control::unlimited()).is_ok());
    }
}

#[test]
fn extended_ranges_must_be_switched_on() {
    let query = "increase(c_total[1m] smoothed)";
    check_error(
        instant(query),
        "bad_data",
        "must be enabled with --enable-feature=promql-extended-range-selectors",
    );
    let features = Features { extended_ranges: true, ..Features::default() };
    let engine = Engine::new(EngineOptions { features, ..EngineOptions::default() });
    assert!(range_with(&engine, query, &Control::unlimited()).is_ok());
}

#[test]
fn a_bad_regular_expression_is_told_with_its_place() {
    let query = "sum(c_total) +\n c_total{n=~'('}";
    let error = instant(query).unwrap_err().located(query);
    assert_eq!(error.error_type(), "bad_data");
    let text = error.to_string();
    assert!(
        text.starts_with("invalid parameter \"query\": 2:10: parse error: invalid regular expression"),
        "{text}"
    );
}

#[test]
fn a_selector_that_would_select_everything_is_refused() {
    check_error(instant("{n=~'[0-9]*'}"), "bad_data", "must contain at least one non-empty matcher");
}

#[test]
fn a_range_query_gives_no_strings_and_no_range_vectors() {
    for query in ["'text'", "c_total[5m]"] {
        let result = range_with(&Engine::default(), query, &Control::unlimited());
        check_error(result, "bad_data", "for range query, must be Scalar or instant Vector");
    }
}

#[test]
fn names_are_dropped_at_once_unless_their_removal_is_delayed() {
    let names = |result: QueryResult| match result.value {
        Value::Vector(elements) => {
            elements.iter().map(|element| element.labels.to_string()).collect::<Vec<_>>()
        }
        other => panic!("{other:?} is no vector"),
    };
    let query =
        r#"sum by (__name__) (-c_total) or label_replace(-c_total{n="1"}, "__name__", "kept", "", "")"#;
    let at = Timestamp::from_millis(300_000);
    let expr = parse(query).unwrap();
    let delayed = Features { delayed_name_removal: true, ..Features::default() };
    let delayed = Engine::new(EngineOptions { features: delayed, ..EngineOptions::default() });
    let delayed = delayed.instant(&store(), &expr, at, &Control::unlimited()).unwrap();
    assert_eq!(names(delayed), ["{}", "kept{n=\"1\"}"]);
    assert_eq!(names(instant(query).unwrap()), ["{}", "kept{n=\"1\"}"]);
    assert!(matches!(instant("-{__name__=~'c.*'}").unwrap().value, Value::Vector(all) if all.len() == 10));
}

/// Counts selections and warns at each.
struct Watched {
    inner: MemoryStore,
    selections: AtomicUsize,
}

impl Queryable for Watched {
    fn select<'a>(&'a self, selection: &Selection<'_>) -> Result<SeriesSet<'a>, StorageError> {
        self.selections.fetch_add(1, Ordering::Relaxed);
        let mut set = self.inner.select(selection)?;
        set.warnings.push("one block could not be read".to_owned());
        Ok(set)
    }

    fn series(&self, scope: &Scope<'_>) -> Result<Vec<Labels>, StorageError> {
        self.inner.series(scope)
    }

    fn label_names(&self, scope: &Scope<'_>) -> Result<Vec<SmolStr>, StorageError> {
        self.inner.label_names(scope)
    }

    fn label_values(&self, name: &str, scope: &Scope<'_>) -> Result<Vec<SmolStr>, StorageError> {
        self.inner.label_values(name, scope)
    }
}

#[test]
fn each_selector_is_read_once_for_all_steps_and_the_stores_warnings_are_passed_on() {
    let store = Watched { inner: store(), selections: AtomicUsize::new(0) };
    let query = "rate(c_total[5m]) / c_total > 0 or max_over_time(sum(c_total)[5m:30s])";
    let result = Engine::default()
        .range(&store, &parse(query).unwrap(), ten_minutes(), &Control::unlimited())
        .unwrap();
    assert_eq!(store.selections.load(Ordering::Relaxed), 3);
    assert_eq!(result.annotations.warning_texts(query), ["one block could not be read"]);
}

#[test]
fn deeply_nested_queries_are_evaluated_on_a_small_stack() {
    let nested = format!("{}c_total{}", "-(".repeat(60), ")".repeat(60));
    let chain = vec!["c_total"; 150].join(" + ");
    let work = move || {
        for query in [nested, chain] {
            range_with(&Engine::default(), &query, &Control::unlimited()).unwrap();
        }
    };
    std::thread::Builder::new().stack_size(2 << 20).spawn(work).unwrap().join().unwrap();
}

/// Samples with gaps, restarts, NaN and staleness markers at times off the grid.
fn ragged_store() -> impl Strategy<Value = MemoryStore> {
    let value = prop_oneof![
        8 => (0..50_i32).prop_map(f64::from),
        1 => Just(f64::NAN),
        1 => Just(stale_nan()),
        1 => Just(f64::INFINITY),
    ];
    let series = prop::collection::vec((1..40_000_i64, value), 0..40);
    prop::collection::vec(series, 4).prop_map(|all| {
        let mut store = MemoryStore::default();
        for (n, gaps) in all.into_iter().enumerate() {
            let bound = ["1", "2", "5", "+Inf"].get(n).copied().unwrap_or_default();
            let n = n.to_string();
            let labels = Labels::from_pairs([("__name__", "c_total"), ("n", n.as_str()), ("le", bound)]);
            let mut at = 0;
            for (gap, value) in gaps {
                at += gap;
                store.append(&labels, Sample::new(at, value));
            }
        }
        store
    })
}

/// One query for each way in which steps could influence each other.
const LAWFUL: &[&str] = &[
    "c_total",
    "c_total offset -17s",
    "rate(c_total[1m])",
    "increase(c_total[1m] smoothed)",
    "resets(c_total[90s] anchored)",
    "quantile_over_time(0.3, c_total[70s])",
    "predict_linear(c_total[2m], 30)",
    "avg(c_total) by (n) + on (n) group_right c_total",
    "c_total > on (n) c_total offset 1m or c_total{n='2'}",
    "c_total unless c_total < 20",
    "topk(2, c_total)",
    "count_values('v', c_total)",
    "histogram_quantile(0.7, c_total)",
    "absent(c_total > 40)",
    "stddev(c_total) - stdvar(c_total)",
    "max_over_time(sum(c_total)[2m:13s] offset 5s)",
    "timestamp(c_total)",
    "label_replace(c_total, 'm', '$1', 'n', '(.)')",
    "day_of_week() + scalar(c_total{n='1'}) + time()",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn a_range_query_gives_at_each_step_what_an_instant_query_gives(
        store in ragged_store(),
        start in 0..60_000_i64,
        step in 1_000..70_000_i64,
        query in prop::sample::select(LAWFUL),
    ) {
        let features = Features { extended_ranges: true, ..Features::default() };
        let engine = Engine::new(EngineOptions { features, ..EngineOptions::default() });
        let expr = parse(query).unwrap();
        let end = Timestamp::from_millis(start + 10 * step);
        let range = RangeParams::new(Timestamp::from_millis(start), end, Duration::from_millis(step as u64)).unwrap();
        let Ok(result) = engine.range(&store, &expr, range, &Control::unlimited()) else { return Ok(()) };
        let Value::Matrix(series) = result.value else { panic!("a range query gave no matrix") };
        for i in 0..=10 {
            let at = Timestamp::from_millis(start + i * step);
            let in_range: Vec<(Labels, u64)> = series
                .iter()
                .filter_map(|series| {
                    let sample = series.samples.iter().find(|sample| sample.timestamp == at)?;
                    Some((series.labels.clone(), bits(sample.value)))
                })
                .collect();
            let instant = engine.instant(&store, &expr, at, &Control::unlimited()).unwrap();
            let mut instant: Vec<(Labels, u64)> = match instant.value {
                Value::Vector(elements) => {
                    elements.into_iter().map(|element| (element.labels, bits(element.value.float().unwrap()))).collect()
                }
                other => panic!("{other:?} is no vector"),
            };
            instant.sort();
            prop_assert_eq!(in_range, instant, "{} at {}", query, at);
        }
    }
}

/// For comparison; all NaN are alike.
fn bits(value: f64) -> u64 {
    if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() }
}

/// Queries of all shapes, most of them without sense.
fn any_query() -> impl Strategy<Value = String> {
    let time = prop_oneof![Just("1m"), Just("1ms"), Just("290y"), Just("-290y"), Just("0")];
    let selector = (prop::sample::select(vec!["c_total", "{n=~'1|2'}", "none"]), time)
        .prop_map(|(selector, offset)| format!("{selector} offset {offset}"));
    let names: Vec<&str> = FUNCTIONS.iter().map(|function| function.name).collect();
    let leaf = prop_oneof![
        selector,
        Just("c_total".to_owned()),
        Just("time()".to_owned()),
        Just("-1e300".to_owned())
    ];
    leaf.prop_recursive(4, 24, 3, move |inner| {
        let ops = vec!["+", "/ on (n)", "> bool", "and", "or", "^", "% on (n) group_left (le)", "* fill (1)"];
        prop_oneof![
            (inner.clone(), prop::sample::select(ops), inner.clone())
                .prop_map(|(a, op, b)| format!("({a}) {op} ({b})")),
            (prop::sample::select(names.clone()), inner.clone()).prop_map(|(name, a)| format!("{name}({a})")),
            (prop::sample::select(names.clone()), inner.clone())
                .prop_map(|(name, a)| format!("{name}(({a})[1m:7s])")),
            (prop::sample::select(names.clone()), inner.clone(), inner.clone())
                .prop_map(|(name, a, b)| format!("{name}({a}, ({b})[5m:])")),
            inner.clone().prop_map(|a| format!("avg without (n) ({a})")),
            inner.clone().prop_map(|a| format!("bottomk(2, {a})")),
            inner.clone().prop_map(|a| format!("rate(({a})[290y:290y] @ 9e15)")),
            inner.prop_map(|a| format!("-({a})")),
        ]
    })
}

proptest! {
    #[test]
    fn no_query_makes_the_engine_panic(
        store in ragged_store(),
        query in any_query(),
        at in prop_oneof![0..600_000_i64, any::<i64>()],
    ) {
        let Ok(expr) = parse(&query) else { return Ok(()) };
        let features = Features { experimental_functions: true, extended_ranges: true, delayed_name_removal: at % 2 == 0 };
        let engine = Engine::new(EngineOptions { features, max_samples: 100_000, ..EngineOptions::default() });
        let at = Timestamp::from_millis(at);
        let _ = engine.instant(&store, &expr, at, &Control::unlimited());
        if let Ok(range) = RangeParams::new(at, at.plus_millis(60_000), Duration::from_millis(7_001)) {
            let _ = engine.range(&store, &expr, range, &Control::unlimited());
        }
    }
}
