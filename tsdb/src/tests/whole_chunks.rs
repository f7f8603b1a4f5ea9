//! Chunks of one value that are answered without being decoded.

use crowsnest_api::{Sample, Timestamp, stale_nan};
use crowsnest_promql::{
    Control, Engine, EngineOptions, Evaluation, Features, Fold, Matcher, Queryable as _, Selection, Value,
    Windows, parse,
};
use proptest::prelude::*;

use super::support::*;
use crate::Origin;

const FUNCTIONS: [&str; 9] = [
    "min_over_time",
    "max_over_time",
    "sum_over_time",
    "avg_over_time",
    "count_over_time",
    "ts_of_min_over_time",
    "ts_of_max_over_time",
    "stddev_over_time",
    "present_over_time",
];

/// The bits of an answer of one evaluator; the plain one looks at every sample.
fn bits(rig: &Rig, evaluation: Evaluation, query: &str, at: i64) -> Vec<u64> {
    let features = Features { experimental_functions: true, ..Features::default() };
    let engine = Engine::new(EngineOptions { evaluation, features, ..EngineOptions::default() });
    let (expr, at) = (parse(query).unwrap(), Timestamp::from_millis(at));
    let answer = engine.instant(rig.store(), &expr, at, &Control::unlimited()).unwrap();
    let Value::Vector(elements) = answer.value else { panic!("no vector") };
    elements.into_iter().map(|element| element.value.float().unwrap().to_bits()).collect()
}

#[track_caller]
fn check(rig: &Rig, at: i64, minutes: i64) {
    for function in FUNCTIONS {
        let query = format!("{function}(a[{minutes}m])");
        let plain = bits(rig, Evaluation::Plain, &query, at);
        assert_eq!(bits(rig, Evaluation::Streaming, &query, at), plain, "{query} at {at}");
    }
}

/// How many samples the store answers for a window that holds everything.
fn answered(rig: &Rig, fold: Fold) -> usize {
    let matchers = [Matcher::equal("__name__", "a")];
    let everything = Selection::new(&matchers, Timestamp::MIN, Timestamp::MAX);
    let selection = Selection { fold: Some(fold), windows: Windows::One, ..everything };
    let series = rig.store().select(&selection).unwrap().series;
    series.map(|series| series.unwrap().samples.len()).sum()
}

fn rig(values: impl IntoIterator<Item = f64>) -> Rig {
    let mut rig = Rig::new();
    for (minute, value) in values.into_iter().enumerate() {
        rig.now = START + (minute as i64 + 1) * MINUTE;
        rig.try_push(source("s"), "a", &[Sample::new(rig.now, value)]).unwrap();
        if minute % 40 == 0 {
            rig.settle();
        }
    }
    rig.settle();
    rig
}

#[test]
fn a_chunk_of_one_value_is_one_sample_in_a_window_that_holds_it() {
    let rig = rig(vec![1.0; 300]);
    assert!(answered(&rig, Fold::Sum) < 60, "{}", answered(&rig, Fold::Sum));
    assert_eq!(answered(&rig, Fold::Samples), 300);
    check(&rig, rig.now, 299);
    check(&rig, rig.now, 290);
    // A statement of the server stands where there is no sample: then all are needed.
    let silence = std::time::Duration::from_secs(30);
    let at = rig.now - 10 * MINUTE - 1;
    rig.try_push(Origin::Server { silence }, "a", &[Sample::new(at, 0.0)]).unwrap();
    assert_eq!(answered(&rig, Fold::Sum), 301);
    check(&rig, rig.now, 299);
}

#[test]
fn sums_that_are_not_exact_are_taken_sample_by_sample() {
    for value in [0.1, f64::INFINITY, f64::NAN, 9e15] {
        let rig = rig(vec![value; 100]);
        assert_eq!(answered(&rig, Fold::Sum), 100, "{value}");
        assert!(answered(&rig, Fold::Max) < 60, "{value}");
        check(&rig, rig.now, 99);
    }
    // One chunk is exact, and what comes after is not.
    let rig = rig((0..200).map(|minute| if minute < 150 { 3.0 } else { f64::from(minute) * 0.1 }));
    assert_eq!(answered(&rig, Fold::Sum), 200);
    check(&rig, rig.now, 199);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn answers_are_those_of_all_samples_to_the_last_bit(
        runs in prop::collection::vec((1usize..90, 0usize..9), 1..12),
        windows in prop::collection::vec((0i64..600, 1i64..600), 1..12),
    ) {
        let of = [0.0, -0.0, 1.0, 17.0, -3.0, 0.1, f64::NAN, f64::INFINITY, stale_nan()];
        let rig = rig(runs.into_iter().flat_map(|(length, kind)| vec![of[kind]; length]));
        for (end, minutes) in windows {
            check(&rig, START + end * MINUTE, minutes);
        }
    }
}
