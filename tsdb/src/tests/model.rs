//! The store against a map that remembers everything, through random pushes, cuts, merges, crashes and lost manifests.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crowsnest_api::{Sample, Timestamp};
use crowsnest_promql::{FloatHistogram, SampleValue};
use proptest::prelude::*;

use super::support::*;
use crate::samples::Extra;
use crate::{Origin, RejectReason, SeriesBatch};

const SERIES: [&str; 4] = ["a", "b", "c", "d"];
const SOURCES: [&str; 3] = ["s0", "s1", "s2"];

#[derive(Clone, Debug)]
enum Step {
    /// Samples of one series by one source: seconds before now, value, which kind.
    Push {
        source: usize,
        series: usize,
        samples: Vec<(i64, u8, u8)>,
    },
    /// A statement of the server: seconds before now, seconds of silence.
    State {
        series: usize,
        ago: i64,
        silence: u64,
    },
    /// The clock goes on, in seconds.
    Wait(i64),
    Maintain,
    /// Samples of one series go: seconds before now, and how many seconds.
    Delete {
        series: usize,
        ago: i64,
        seconds: i64,
    },
    /// Everything unsynced but some parts of 256 is lost.
    Crash(u8),
    /// The manifest is lost while the store is closed.
    LoseManifest,
}

fn step() -> impl Strategy<Value = Step> {
    let samples = prop::collection::vec((0i64..900, 0u8..4, 0u8..8), 1..12);
    prop_oneof![
        10 => (0usize..3, 0usize..4, samples).prop_map(|(source, series, mut samples)| {
            samples.sort_unstable_by_key(|&(ago, ..)| std::cmp::Reverse(ago));
            Step::Push { source, series, samples }
        }),
        3 => (0usize..4, 0i64..900, 0u64..1200).prop_map(|(series, ago, silence)| Step::State { series, ago, silence }),
        5 => (1i64..400).prop_map(Step::Wait),
        4 => Just(Step::Maintain),
        1 => (0usize..4, 0i64..4000, 0i64..1000)
            .prop_map(|(series, ago, seconds)| Step::Delete { series, ago, seconds }),
        1 => any::<u8>().prop_map(Step::Crash),
        1 => Just(Step::LoseManifest),
    ]
}

/// What one series should hold.
#[derive(Clone, Default)]
struct Expected {
    pushed: BTreeMap<i64, (Extra, &'static str)>,
    newest: Option<i64>,
    server: BTreeMap<i64, (Extra, i64)>,
}

impl Expected {
    /// What becomes of a pushed sample: `None` when it is taken.
    fn push(&mut self, source: &'static str, sample: Extra, window: i64) -> Option<RejectReason> {
        let at = sample.at.millis();
        if self.newest.is_some_and(|newest| at <= newest) {
            if let Some((known, owner)) = self.pushed.get(&at) {
                return (known.value != sample.value && *owner == source).then_some(RejectReason::Conflict);
            }
            if self.newest.is_some_and(|newest| at < newest - window) {
                return Some(RejectReason::TooOld);
            }
        }
        self.newest = self.newest.max(Some(at));
        self.pushed.insert(at, (sample, source));
        None
    }

    fn delete(&mut self, from: i64, to: i64) {
        self.pushed.retain(|at, _| !(from..=to).contains(at));
        self.server.retain(|at, _| !(from..=to).contains(at));
        self.newest = self.pushed.keys().next_back().copied();
    }

    fn read(&self, from: i64, to: i64) -> Vec<Extra> {
        let mut all: BTreeMap<i64, &Extra> = BTreeMap::new();
        for (&at, &(ref sample, silence)) in &self.server {
            let void =
                self.pushed.contains_key(&at) || self.pushed.range(at - silence + 1..at + 1).next().is_some();
            if !void {
                all.insert(at, sample);
            }
        }
        all.extend(self.pushed.iter().map(|(&at, (sample, _))| (at, sample)));
        all.range(from..=to).map(|(_, &sample)| sample.clone()).collect()
    }
}

/// A push of samples that ascend by time, and what each of them is, at one time floats first.
fn pushed(series: &str, now: i64, samples: &[(i64, u8, u8)]) -> (SeriesBatch, Vec<Extra>) {
    let at = |ago: i64| Timestamp::from_millis(now - ago * 1000);
    let mut batch = SeriesBatch { labels: labels(series), ..SeriesBatch::default() };
    let mut starts = BTreeMap::new();
    let mut all = Vec::new();
    for &(ago, value, kind) in samples {
        let value = f64::from(value);
        if kind < 5 {
            batch.samples.push(Sample { timestamp: at(ago), value });
            all.push((at(ago), SampleValue::Float(value)));
        }
        if kind % 2 == 1 {
            starts.insert(at(ago), at(1_000 * (1 + i64::from(kind))));
        }
    }
    for &(ago, value, _) in samples.iter().filter(|(.., kind)| *kind >= 5) {
        let count = f64::from(value);
        let mut histogram = FloatHistogram::default();
        (histogram.count, histogram.sum) = (count, 0.1 * count);
        let histogram = Arc::new(histogram.with_buckets([(i32::from(value), count)], [(3, 0.5)]));
        batch.extras.histograms.push((at(ago), Arc::clone(&histogram)));
        all.push((at(ago), SampleValue::Histogram(histogram)));
    }
    let all = all.into_iter().map(|(at, value)| Extra { at, value, start: starts.get(&at).copied() });
    let mut all: Vec<Extra> = all.collect();
    all.sort_by_key(|extra| extra.at);
    batch.extras.starts = starts.into_iter().collect();
    (batch, all)
}

fn check(rig: &Rig, expected: &[Expected; 4], probe: (i64, i64)) {
    for (name, expected) in SERIES.iter().zip(expected) {
        let all = rig.read_all(name, i64::MIN, i64::MAX);
        assert_eq!(all, expected.read(i64::MIN, i64::MAX), "all of {name}");
        let (from, to) = (rig.now - probe.0, rig.now - probe.0 + probe.1);
        assert_eq!(rig.read_all(name, from, to), expected.read(from, to), "{name} in {from} ..= {to}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn the_store_answers_as_a_map_that_remembers_everything(
        steps in prop::collection::vec(step(), 1..120),
        probe in (0i64..4_000_000, 0i64..2_000_000),
    ) {
        let mut rig = Rig::new();
        let window = rig.options.out_of_order_window.as_millis() as i64;
        let mut expected: [Expected; 4] = std::array::from_fn(|_| Expected::default());
        for step in steps {
            match step {
                Step::Push { source: number, series, samples } => {
                    let (batch, samples) = pushed(SERIES[series], rig.now, &samples);
                    let outcome = rig.try_push_all(source(SOURCES[number]), batch).unwrap();
                    let mut refused: BTreeMap<RejectReason, u64> = BTreeMap::new();
                    for sample in &samples {
                        if let Some(reason) = expected[series].push(SOURCES[number], sample.clone(), window) {
                            *refused.entry(reason).or_default() += 1;
                        }
                    }
                    let got: BTreeMap<_, _> = outcome.rejected.iter().map(|r| (r.reason, r.samples)).collect();
                    prop_assert_eq!(outcome.written, samples.len() as u64 - refused.values().sum::<u64>());
                    prop_assert_eq!(got, refused);
                }
                Step::State { series, ago, silence } => {
                    let at = rig.now - ago * 1000;
                    let origin = Origin::Server { silence: Duration::from_secs(silence) };
                    rig.try_push(origin, SERIES[series], &[Sample::new(at, 0.0)]).unwrap();
                    let sample = Extra {
                        at: Timestamp::from_millis(at),
                        value: SampleValue::Float(0.0),
                        start: None,
                    };
                    expected[series].server.entry(at).or_insert((sample, silence as i64 * 1000));
                }
                Step::Wait(seconds) => rig.now += seconds * 1000,
                Step::Maintain => {
                    rig.maintain().unwrap();
                }
                Step::Delete { series, ago, seconds } => {
                    let (from, to) = (rig.now - ago * 1000, rig.now - (ago - seconds) * 1000);
                    rig.delete(SERIES[series], from, to).unwrap();
                    expected[series].delete(from, to);
                    check(&rig, &expected, probe);
                }
                Step::Crash(keep) => {
                    let recovery = rig.crash(keep);
                    prop_assert_eq!(recovery.warnings, Vec::<String>::new());
                    check(&rig, &expected, probe);
                }
                Step::LoseManifest => {
                    rig.manifest.clear().unwrap();
                    rig.open();
                    check(&rig, &expected, probe);
                }
            }
        }
        check(&rig, &expected, probe);
        rig.settle();
        check(&rig, &expected, probe);
        rig.open();
        check(&rig, &expected, probe);
    }
}
