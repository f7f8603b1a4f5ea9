//! The store against a map that remembers everything, through random pushes, cuts, merges, crashes and lost manifests.

use std::collections::BTreeMap;
use std::time::Duration;

use crowsnest_api::Sample;
use proptest::prelude::*;

use super::support::*;
use crate::{Origin, RejectReason};

const SERIES: [&str; 4] = ["a", "b", "c", "d"];
const SOURCES: [&str; 3] = ["s0", "s1", "s2"];

#[derive(Clone, Debug)]
enum Step {
    /// Samples of one series by one source: seconds before now, value.
    Push {
        source: usize,
        series: usize,
        samples: Vec<(i64, u8)>,
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
    let samples = prop::collection::vec((0i64..900, 0u8..4), 1..12);
    prop_oneof![
        10 => (0usize..3, 0usize..4, samples).prop_map(|(source, series, mut samples)| {
            samples.sort_unstable_by_key(|&(ago, _)| std::cmp::Reverse(ago));
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
    pushed: BTreeMap<i64, (u64, &'static str)>,
    newest: Option<i64>,
    server: BTreeMap<i64, (u64, i64)>,
}

impl Expected {
    /// What becomes of a pushed sample: `None` when it is taken.
    fn push(&mut self, source: &'static str, at: i64, bits: u64, window: i64) -> Option<RejectReason> {
        if self.newest.is_some_and(|newest| at <= newest) {
            if let Some(&(known, owner)) = self.pushed.get(&at) {
                return (known != bits && owner == source).then_some(RejectReason::Conflict);
            }
            if self.newest.is_some_and(|newest| at < newest - window) {
                return Some(RejectReason::TooOld);
            }
        }
        self.newest = self.newest.max(Some(at));
        self.pushed.insert(at, (bits, source));
        None
    }

    fn delete(&mut self, from: i64, to: i64) {
        self.pushed.retain(|at, _| !(from..=to).contains(at));
        self.server.retain(|at, _| !(from..=to).contains(at));
        self.newest = self.pushed.keys().next_back().copied();
    }

    fn read(&self, from: i64, to: i64) -> Vec<(i64, u64)> {
        let mut all: BTreeMap<i64, u64> = BTreeMap::new();
        for (&at, &(bits, silence)) in &self.server {
            let void =
                self.pushed.contains_key(&at) || self.pushed.range(at - silence + 1..at + 1).next().is_some();
            if !void {
                all.insert(at, bits);
            }
        }
        all.extend(self.pushed.iter().map(|(&at, &(bits, _))| (at, bits)));
        all.range(from..=to).map(|(&at, &bits)| (at, bits)).collect()
    }
}

fn check(rig: &Rig, expected: &[Expected; 4], probe: (i64, i64)) {
    for (name, expected) in SERIES.iter().zip(expected) {
        assert_eq!(rig.read(name, i64::MIN, i64::MAX), expected.read(i64::MIN, i64::MAX), "all of {name}");
        let (from, to) = (rig.now - probe.0, rig.now - probe.0 + probe.1);
        assert_eq!(rig.read(name, from, to), expected.read(from, to), "{name} in {from} ..= {to}");
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
                    let samples: Vec<_> =
                        samples.into_iter().map(|(ago, value)| Sample::new(rig.now - ago * 1000, f64::from(value))).collect();
                    let outcome = rig.try_push(source(SOURCES[number]), SERIES[series], &samples).unwrap();
                    let mut refused: BTreeMap<RejectReason, u64> = BTreeMap::new();
                    for sample in &samples {
                        let (at, bits) = (sample.timestamp.millis(), sample.value.to_bits());
                        if let Some(reason) = expected[series].push(SOURCES[number], at, bits, window) {
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
                    expected[series].server.entry(at).or_insert((0, silence as i64 * 1000));
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
