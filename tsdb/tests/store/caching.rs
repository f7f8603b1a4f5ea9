//! Answers that are kept are those that would be given anew.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails where it stands")]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use crowsnest_promql::{
    Cacheable, Confinement, Control, Engine, EngineOptions, Expr, Features, Matcher, QueryResult, RangeCache,
    RangeParams, Receipt, Receipts, Value, parse,
};
use crowsnest_tsdb::{Deletion, Options, Tsdb};
use proptest::prelude::*;

use crate::support::*;

const SECOND: i64 = 1000;
/// Queries whose steps rest on what lies before them, and some whose do not.
const QUERIES: &[&str] = &[
    "a",
    "a + on (instance) b",
    "sum by (job) ({__name__=~'a|b'})",
    "rate(a[90s])",
    "max_over_time(a[2m] offset 45s)",
    "absent(b)",
    "count_over_time(a[1m:7s])",
    "avg_over_time(rate(a[1m])[3m:20s])",
    "timestamp(a) - time()",
    "topk(1, {__name__=~'a|b'})",
    "12",
    "a offset -1m",
    "a @ end()",
    "max_over_time(b[1m] @ start())",
    "end() - start()",
    "increase(a[1m] smoothed)",
];

#[derive(Clone, Debug)]
enum Event {
    /// A sample of one of two series, so many seconds away from the present moment.
    Sample(bool, i64, u8),
    /// The server says that a series is silent.
    Silence(bool),
    Maintain,
    Delete(i64),
    /// A query over so many seconds up to so long ago.
    Ask {
        query: usize,
        step: i64,
        length: i64,
        ago: i64,
        confined: bool,
    },
    /// Time goes on.
    Pass(i64),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        8 => (any::<bool>(), -5i64..3, any::<u8>()).prop_map(|(b, at, value)| Event::Sample(b, at, value)),
        2 => (any::<bool>(), -300i64..0, any::<u8>()).prop_map(|(b, at, value)| Event::Sample(b, at, value)),
        1 => any::<bool>().prop_map(Event::Silence),
        1 => Just(Event::Maintain),
        1 => (-300i64..0).prop_map(Event::Delete),
        12 => (0..QUERIES.len(), 0usize..3, 1i64..40, 0i64..60, any::<bool>()).prop_map(
            |(query, step, steps, ago, confined)| {
                let step = [1, 15, 20][step];
                Event::Ask { query, step, length: steps * step, ago, confined }
            }
        ),
        8 => (1i64..20).prop_map(Event::Pass),
    ]
}

type Holding = (Receipt, RangeParams, Samples);
/// By series, in the order of time.
type Samples = BTreeMap<String, BTreeMap<i64, String>>;

struct Scene {
    store: Tsdb,
    engine: Engine,
    cache: RangeCache,
    receipts: Receipts,
    /// What somebody far away has: by query, step and confinement the receipt, the first and the last step, and samples by series.
    held: RefCell<BTreeMap<(usize, i64, bool), Holding>>,
    queries: Vec<Expr>,
    /// Seconds after the beginning of time in these tests.
    now: i64,
}

impl Scene {
    fn new(dir: &std::path::Path) -> Self {
        let options = Options {
            block_duration: Duration::from_secs(60),
            retention: Duration::from_secs(900),
            out_of_order_window: Duration::from_secs(200),
            max_future: Duration::from_secs(86_400),
            ..Options::default()
        };
        let features =
            Features { experimental_functions: true, extended_ranges: true, ..Features::default() };
        Self {
            store: open_with(dir, &manifest(), options).0,
            engine: Engine::new(EngineOptions { features, ..EngineOptions::default() }),
            cache: RangeCache::new(1 << 20),
            receipts: Receipts::default(),
            held: RefCell::default(),
            queries: QUERIES.iter().map(|query| parse(query).unwrap()).collect(),
            now: 0,
        }
    }

    fn play(&mut self, event: &Event) {
        let name = |b: bool| if b { "b" } else { "a" };
        match *event {
            Event::Sample(b, at, value) => {
                let at = (self.now + at) * SECOND;
                drop(push(&self.store, "s", &[(name(b), &[(at, f64::from(value))])]));
            }
            Event::Silence(b) => {
                drop(state(&self.store, Duration::from_secs(20), name(b), &[(self.now * SECOND, 0.0)]));
            }
            Event::Maintain => drop(self.store.maintain(ms(NOW + self.now * SECOND)).unwrap()),
            Event::Delete(at) => {
                let at = NOW + (self.now + at) * SECOND;
                let sets = [vec![Matcher::equal("__name__", "a")]];
                let deletion = Deletion { matcher_sets: &sets, start: ms(at), end: ms(at + 30 * SECOND) };
                drop(self.store.delete(&deletion).unwrap());
            }
            Event::Pass(seconds) => self.now += seconds,
            Event::Ask { query, step, length, ago, confined } => {
                // Graphs begin and end at multiples of their step.
                let end = (self.now - ago) / step * step;
                let range = RangeParams::new(
                    ms(NOW + (end - length) * SECOND),
                    ms(NOW + end * SECOND),
                    Duration::from_secs(step as u64),
                );
                self.ask(query, range.unwrap(), confined);
            }
        }
    }

    fn ask(&self, query: usize, range: RangeParams, confined: bool) {
        let confinement = if confined {
            Confinement::to(vec![Matcher::equal("__name__", "a")])
        } else {
            Confinement::none()
        };
        let (text, expr) = (QUERIES[query], &self.queries[query]);
        let evaluate = |range| {
            let query = self.engine.query(&self.store, expr).confined(&confinement);
            query.controlled(&Control::unlimited()).range(range)
        };
        let lookback = self.engine.options().lookback;
        let query = Cacheable { text, expr, confinement: &confinement, lookback, resolution: None, range };
        let kept = self.cache.range(&self.store, query, evaluate).unwrap();
        let anew = evaluate(range).unwrap();
        assert_eq!(told(&kept), told(&anew), "{text} {range:?}");
        self.tell_what_differs(query, (text, confined, range), &anew);
    }

    /// Somebody takes what is held until the step that the receipt is good for, and the steps after it.
    fn tell_what_differs(
        &self,
        query: Cacheable<'_>,
        (text, confined, range): (&str, bool, RangeParams),
        anew: &QueryResult,
    ) {
        let number = QUERIES.iter().position(|known| *known == text).unwrap();
        let key = (number, range.step_ms(), confined);
        let receipt = self.receipts.give(&self.store, &query);
        let mut held = self.held.borrow_mut();
        let before = held.remove(&key).and_then(|(receipt, of, samples)| {
            // No further than where its last sample is: after that it has nothing to take over.
            let last = samples.values().filter_map(|samples| samples.keys().last()).max();
            let last = last.map_or(of.start(), |at| ms(*at));
            let until = self.receipts.holds_until(&self.store, &query, receipt, (of.start(), last))?;
            Some((until.millis(), samples))
        });
        let all = samples(anew);
        if let Some((until, before)) = before {
            let mut joined = Samples::new();
            for (source, is_new) in [(&before, false), (&all, true)] {
                for (name, samples) in source {
                    let part = samples
                        .iter()
                        .filter(|(at, _)| **at >= range.start().millis() && (**at > until) == is_new);
                    joined
                        .entry(name.clone())
                        .or_default()
                        .extend(part.map(|(at, value)| (*at, value.clone())));
                }
            }
            joined.retain(|_, samples| !samples.is_empty());
            assert_eq!(joined, all, "{text} {range:?}, held until {until}");
        }
        if let Some(receipt) = receipt.filter(|_| anew.annotations.warnings.is_empty()) {
            held.insert(key, (receipt, range, all));
        }
    }
}

fn samples(result: &QueryResult) -> Samples {
    let Value::Matrix(series) = &result.value else { panic!("a range query gives a matrix") };
    let one = |sample: &crowsnest_api::Sample| (sample.timestamp.millis(), format!("{:.9e}", sample.value));
    let all =
        series.iter().map(|series| (series.labels.to_string(), series.samples.iter().map(one).collect()));
    all.collect()
}

/// Everything of an answer, NaN included; sums that slide may differ in their last digits.
fn told(result: &QueryResult) -> Vec<String> {
    let Value::Matrix(series) = &result.value else { panic!("a range query gives a matrix") };
    let mut told: Vec<String> = result.annotations.warning_texts("");
    for series in series {
        let samples =
            series.samples.iter().map(|s| format!("{}@{:.9e}", s.timestamp.millis() - NOW, s.value));
        told.push(format!("{} {}", series.labels, samples.collect::<Vec<_>>().join(" ")));
    }
    told
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn a_kept_answer_is_the_one_that_would_be_given_anew(events in prop::collection::vec(event(), 1..120)) {
        let dir = tempfile::tempdir().unwrap();
        let mut scene = Scene::new(dir.path());
        events.iter().for_each(|event| scene.play(event));
    }
}

#[test]
fn a_graph_that_moves_on_is_evaluated_at_its_new_steps_alone() {
    let dir = tempfile::tempdir().unwrap();
    let scene = Scene::new(dir.path());
    for minute in 0..30 {
        for at in (minute * 60..(minute + 1) * 60).step_by(15) {
            push(&scene.store, "s", &[("a", &[(at * SECOND, at as f64)])]);
        }
        let end = (minute + 1) * 60 * SECOND;
        let range =
            RangeParams::new(ms(NOW + end - 600 * SECOND), ms(NOW + end), Duration::from_secs(60)).unwrap();
        scene.ask(0, range, false);
        scene.ask(0, range, false);
    }
    let stats = scene.cache.stats();
    assert_eq!((stats.misses, stats.partial_hits, stats.hits), (1, 29, 30));
    assert!(stats.answers == 1 && stats.bytes < 4000, "{stats:?}");
}

#[test]
fn answers_give_way_when_there_is_no_room_and_nothing_is_kept_without_any() {
    let dir = tempfile::tempdir().unwrap();
    let mut scene = Scene::new(dir.path());
    push(&scene.store, "s", &[("a", &[(0, 1.0)])]);
    scene.cache = RangeCache::new(4000);
    let range =
        |seconds| RangeParams::new(ms(NOW), ms(NOW + 9 * SECOND), Duration::from_secs(seconds)).unwrap();
    (1..20).for_each(|step| scene.ask(0, range(step), false));
    let stats = scene.cache.stats();
    assert!(stats.answers > 1 && stats.answers < 19 && stats.bytes <= 4000, "{stats:?}");
    scene.cache = RangeCache::new(0);
    scene.ask(0, range(1), false);
    scene.ask(0, range(1), false);
    assert_eq!(scene.cache.stats().misses, 2);
}
