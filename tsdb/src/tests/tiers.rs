//! Down-sampling of a store's blocks: its answers against those of a store that keeps everything.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crowsnest_api::{Sample, Timestamp, stale_nan};
use crowsnest_promql::{
    Control, Engine, EngineOptions, Evaluation, Matcher, Queryable as _, RangeParams, Resolution, Selection,
    Value, parse,
};
use proptest::prelude::*;

use super::support::*;
use crate::disk::Disk as _;
use crate::disk::faulty::{Fault, Operation};
use crate::{Inspection, Newest, Options, Origin, RetentionRule, Tier};

const HOUR: i64 = 60 * MINUTE;

const fn hours(hours: u64) -> Duration {
    Duration::from_secs(hours * 3600)
}

/// Raw samples for two hours, five minutes until six, hours until fifty.
fn tiered(options: &mut Options) {
    options.retention = hours(2);
    options.tiers = vec![
        Tier { resolution: Resolution::FiveMinutes, keep: hours(6) },
        Tier { resolution: Resolution::OneHour, keep: hours(50) },
    ];
}

/// A store with tiers, and one without that keeps everything.
struct Pair {
    tiered: Rig,
    raw: Rig,
}

impl Pair {
    fn new() -> Self {
        let (mut with_tiers, mut raw) = (Rig::new(), Rig::new());
        tiered(&mut with_tiers.options);
        raw.options.retention = hours(10_000);
        with_tiers.open();
        raw.open();
        Self { tiered: with_tiers, raw }
    }

    fn push(&mut self, series: &str, at: i64, value: f64) {
        for rig in [&mut self.tiered, &mut self.raw] {
            rig.now = rig.now.max(at);
            rig.try_push(source("s"), series, &[Sample::new(at, value)]).unwrap();
        }
    }

    /// Each minute a sample of a counter that restarts, of a gauge, and of a gauge that comes and goes.
    fn push_minutes(&mut self, minutes: std::ops::Range<i64>) {
        for minute in minutes {
            let at = START + minute * MINUTE;
            self.push("requests_total", at, (minute % 171 * 3) as f64);
            self.push("load", at - 7, (minute * 37 % 101) as f64);
            match minute % 90 {
                0..50 => self.push("queue", at + 13, (minute / 9 % 4) as f64),
                50 => self.push("queue", at + 13, stale_nan()),
                _ => {}
            }
            if minute % 20 == 0 {
                self.settle();
            }
        }
        self.settle();
    }

    fn settle(&mut self) {
        self.tiered.settle();
        self.raw.settle();
    }

    /// Compares the answers to a query at the ends of all whole buckets of a width.
    #[track_caller]
    fn check(&self, query: &str, from: i64, to: i64, width: i64) {
        let answers = [&self.tiered, &self.raw].map(|rig| ask(rig, query, from, to, width, None));
        assert_eq!(answers[0], answers[1], "{query}");
        assert!(!answers[0].is_empty(), "{query} has an answer");
    }
}

/// The answer to a range query, of both evaluators, by seconds.
#[track_caller]
fn ask(
    rig: &Rig,
    query: &str,
    from: i64,
    to: i64,
    step: i64,
    resolution: Option<Resolution>,
) -> Vec<(i64, f64)> {
    let at = Timestamp::from_millis;
    let range = RangeParams::new(at(from), at(to), Duration::from_millis(step as u64)).unwrap();
    let expr = parse(query).unwrap();
    let answers = [Evaluation::Streaming, Evaluation::Plain].map(|evaluation| {
        let engine = Engine::new(EngineOptions { evaluation, resolution, ..EngineOptions::default() });
        let answer = engine.range(rig.store(), &expr, range, &Control::unlimited()).unwrap();
        assert_eq!(answer.annotations.warnings, Vec::new());
        let Value::Matrix(series) = answer.value else { panic!("no matrix") };
        assert!(series.len() <= 1);
        let samples = series.into_iter().flat_map(|series| series.samples);
        samples.map(|sample| (sample.timestamp.millis() / 1000, sample.value)).collect::<Vec<_>>()
    });
    let [streamed, plain] = answers;
    assert_eq!(streamed, plain, "{query}");
    streamed
}

/// What is said of the samples behind an answer.
fn infos(rig: &Rig, query: &str, at: i64) -> Vec<String> {
    let at = Timestamp::from_millis(at);
    let answer = Engine::default().instant(rig.store(), &parse(query).unwrap(), at, &Control::unlimited());
    answer.unwrap().annotations.info_texts(query)
}

fn resolutions(rig: &Rig) -> Vec<Option<Resolution>> {
    let mut found: Vec<_> = rig.store().blocks.list().iter().map(|block| block.resolution()).collect();
    found.sort_unstable();
    found.dedup();
    found
}

const FUNCTIONS: [&str; 8] = [
    "min_over_time(SELECTOR)",
    "max_over_time(SELECTOR)",
    "sum_over_time(SELECTOR)",
    "count_over_time(SELECTOR)",
    "avg_over_time(SELECTOR)",
    "last_over_time(SELECTOR)",
    "first_over_time(SELECTOR)",
    "delta(SELECTOR)",
];

#[test]
fn windows_of_whole_buckets_have_the_answers_of_raw_samples_in_every_tier() {
    let mut pair = Pair::new();
    pair.push_minutes(1..12 * 60);
    let [raw, five, hour] = [None, Some(Resolution::FiveMinutes), Some(Resolution::OneHour)];
    assert_eq!(resolutions(&pair.tiered), [raw, five, hour]);
    let end = START + 12 * HOUR;
    for series in ["requests_total", "load", "queue"] {
        for function in FUNCTIONS {
            pair.check(&function.replace("SELECTOR", &format!("{series}[1h]")), START, end, HOUR);
            pair.check(&function.replace("SELECTOR", &format!("{series}[3h]")), START, end, HOUR);
            let fine = function.replace("SELECTOR", &format!("{series}[10m]"));
            pair.check(&fine, end - 5 * HOUR, end, 5 * MINUTE);
        }
    }
    for function in ["increase", "rate", "resets"] {
        pair.check(&format!("{function}(requests_total[2h])"), START, end, HOUR);
        pair.check(&format!("{function}(requests_total[15m])"), end - 5 * HOUR, end, 5 * MINUTE);
    }
    // At the ends of buckets and in between a series is as old as its newest sample that is kept, and gone when it has ended.
    pair.check("queue", START + HOUR, end, HOUR);
    pair.check("count_over_time((queue * 0 + 1)[12h:5m])", end, end, HOUR);
}

#[test]
fn what_is_down_sampled_is_told_and_other_windows_are_those_of_whole_buckets() {
    let mut pair = Pair::new();
    pair.push_minutes(1..10 * 60);
    let hour = START + 2 * HOUR;
    let answer = |query: &str, at: i64| ask(&pair.tiered, query, at, at, HOUR, None)[0].1;
    let right = |query: &str, at: i64| ask(&pair.raw, query, at, at, HOUR, None)[0].1;
    assert_eq!(answer("max_over_time(load[5m])", hour + 20 * MINUTE), right("max_over_time(load[1h])", hour));
    assert_eq!(
        answer("rate(requests_total[5m])", hour + 59 * MINUTE),
        right("rate(requests_total[1h])", hour)
    );
    assert_eq!(answer("count_over_time(load[5m])", hour + 1), 5.0, "as if they were spread evenly");
    let info = infos(&pair.tiered, "max_over_time(load[5m])", hour);
    assert_eq!(info.len(), 1, "{info:?}");
    assert!(info[0].contains("down-sampled to 1h: windows there are"), "{info:?}");
    let newest = START + 10 * HOUR;
    assert_eq!(infos(&pair.tiered, "max_over_time(load[5m])", newest), Vec::<String>::new());
    assert_eq!(infos(&pair.tiered, "max_over_time(load[9h])", newest).len(), 2);
}

#[test]
fn coarser_samples_are_answered_on_request_and_told() {
    let mut pair = Pair::new();
    pair.push_minutes(1..90);
    let (from, to) = (START + HOUR, START + 90 * MINUTE);
    let hourly = |query: &str| ask(&pair.raw, query, from, to, 10 * MINUTE, Some(Resolution::OneHour));
    let answers = hourly("sum_over_time(load[1h])");
    let first = ask(&pair.raw, "sum_over_time(load[1h])", from, from, HOUR, None)[0].1;
    assert_eq!(answers, [0, 10, 20, 30].map(|minutes| (from / 1000 + minutes * 60, first)));
    let at = Timestamp::from_millis(to);
    let engine = Engine::default().with_resolution(Some(Resolution::FiveMinutes));
    let answer =
        engine.instant(pair.raw.store(), &parse("load").unwrap(), at, &Control::unlimited()).unwrap();
    let texts = answer.annotations.info_texts("load");
    assert!(texts[0].contains("samples are down-sampled to 5m"), "{texts:?}");
}

#[test]
fn tiers_are_dropped_after_their_own_retention() {
    let mut pair = Pair::new();
    pair.tiered.options.tiers.truncate(1);
    pair.tiered.open();
    pair.push_minutes(1..12 * 60);
    let left = pair.tiered.minutes("load");
    assert!((6 * 60 - 30..=6 * 60).contains(&left[0]), "{}", left[0]);
    pair.tiered.options.tiers.clear();
    pair.tiered.open();
    pair.tiered.settle();
    assert!(
        pair.tiered.minutes("load")[0] >= 10 * 60 - 30,
        "without tiers there is nothing beyond raw samples"
    );
}

/// A minute's samples for so long that the next maintenance down-samples a block.
fn about_to_fold(rules: Vec<RetentionRule>) -> (Rig, Vec<i64>) {
    let mut rig = Rig::new();
    rig.options.retention = hours(100);
    rig.options.retention_rules = rules;
    rig.open();
    for _ in 0..200 {
        rig.push_minutes("a", 1);
        rig.try_push(source("s"), "b", &[Sample::new(rig.now, 0.5)]).unwrap();
        rig.maintain().unwrap();
    }
    rig.settle();
    let minutes = rig.minutes("b");
    rig.options.retention = hours(2);
    rig.options.tiers = vec![Tier { resolution: Resolution::FiveMinutes, keep: hours(60) }];
    rig.open();
    (rig, minutes)
}

fn keep_b() -> Vec<RetentionRule> {
    let matchers = vec![Matcher::equal("__name__", "b")];
    vec![RetentionRule { matchers, keep: hours(80) }]
}

#[test]
fn down_sampling_that_fails_at_any_step_neither_loses_samples_nor_counts_them_twice() {
    let count = |rig: &Rig, series: &str| {
        let end = START + 240 * MINUTE;
        ask(rig, &format!("count_over_time({series}[4h])"), end, end, HOUR, None)
    };
    for operation in
        [Operation::Create, Operation::Write, Operation::Sync, Operation::Rename, Operation::SyncDir]
    {
        for (successes, ruled, crash) in
            (0..6).flat_map(|n| [(n, true, true), (n, false, true), (n, true, false)])
        {
            let (mut rig, minutes) = about_to_fold(if ruled { keep_b() } else { Vec::new() });
            let all = count(&rig, "a");
            assert_eq!(all.len(), 1);
            rig.disk.fail(operation, successes, Fault::Error);
            let _ = rig.maintain();
            let what = format!("{operation:?} after {successes}, {ruled}, {crash}");
            rig.disk.heal();
            assert_eq!(count(&rig, "a"), all, "{what}");
            if crash {
                let recovery = rig.crash(0);
                assert_eq!(recovery.warnings, Vec::<String>::new(), "{what}");
                assert_eq!(count(&rig, "a"), all, "{what}, after a crash");
            }
            rig.settle();
            assert_eq!(resolutions(&rig), [None, Some(Resolution::FiveMinutes)], "{what}");
            for _ in 0..2 {
                assert_eq!(
                    (count(&rig, "a"), count(&rig, "b")),
                    (all.clone(), all.clone()),
                    "{what}, at last"
                );
                if ruled {
                    assert_eq!(rig.minutes("b"), minutes, "{what}");
                }
                rig.open();
            }
        }
    }
}

#[test]
fn series_of_rules_stay_as_they_are_beside_tiers() {
    let (rig, minutes) = about_to_fold(keep_b());
    rig.settle();
    assert_eq!(rig.minutes("b"), minutes);
    assert!(rig.minutes("a").len() < minutes.len());
    let set = rig.store().select(&Selection::new(&[], Timestamp::MIN, Timestamp::MAX)).unwrap();
    let down_sampled = set.series.map(|series| series.unwrap().downsampled.is_some());
    assert_eq!(down_sampled.collect::<Vec<_>>(), [true, false]);
}

#[test]
fn deletions_take_whole_buckets_out_of_tiers_and_snapshots_have_them() {
    let (rig, _) = about_to_fold(Vec::new());
    rig.settle();
    let count = |rig: &Rig, series: &str| {
        let (from, end) = (START + 10 * MINUTE, START + 40 * MINUTE);
        let counts = ask(rig, &format!("count_over_time({series}[10m])"), from, end, 10 * MINUTE, None);
        counts.into_iter().map(|(_, count)| count).collect::<Vec<_>>()
    };
    assert_eq!(count(&rig, "a"), [10.0; 4]);
    rig.delete("a", START + 17 * MINUTE, START + 22 * MINUTE).unwrap();
    assert_eq!((count(&rig, "a"), count(&rig, "b")), (vec![10.0, 5.0, 5.0, 10.0], vec![10.0; 4]));
    rig.store().snapshot("one", Newest::Included).unwrap();
    let snapshot = rig.open_snapshot("one");
    assert_eq!((count(&snapshot, "a"), count(&snapshot, "b")), (vec![10.0, 5.0, 5.0, 10.0], vec![10.0; 4]));
    let disk = Arc::new(snapshot.disk);
    assert_eq!(Inspection::on(disk, Path::new(DIR)).verify().unwrap(), Vec::new());
}

#[test]
fn what_the_server_wrote_itself_is_down_sampled_unless_it_gave_way() {
    let mut rig = Rig::new();
    rig.options.retention = hours(100);
    rig.open();
    rig.push_minutes("up", 10);
    let silence = Duration::from_secs(120);
    for minutes in [5, 11, 13, 14] {
        let at = START + minutes * MINUTE;
        rig.try_push(Origin::Server { silence }, "up", &[Sample::new(at, 0.0)]).unwrap();
    }
    rig.push_minutes("other", 300);
    rig.settle();
    let count = |rig: &Rig| {
        let (from, to) = (START + 10 * MINUTE, START + 15 * MINUTE);
        ask(rig, "count_over_time(up[5m])", from, to, 5 * MINUTE, None)
    };
    let before = count(&rig);
    assert_eq!(before.iter().map(|(_, count)| *count).collect::<Vec<_>>(), [5.0, 2.0]);
    tiered(&mut rig.options);
    rig.options.tiers.remove(1);
    rig.open();
    rig.settle();
    assert_eq!(resolutions(&rig), [None, Some(Resolution::FiveMinutes)]);
    assert_eq!(count(&rig), before);
}

#[test]
fn a_damaged_block_is_not_down_sampled_and_hinders_no_other() {
    let (mut rig, _) = about_to_fold(Vec::new());
    let oldest = rig.files("blocks").remove(0);
    rig.disk.corrupt(&oldest, |content| content[20] ^= 1);
    rig.open();
    let _ = rig.maintain();
    rig.push_minutes("a", 100);
    rig.settle();
    assert_eq!(resolutions(&rig), [None, Some(Resolution::FiveMinutes)]);
    assert!(
        rig.disk
            .list(&Path::new(DIR).join("blocks"))
            .unwrap()
            .iter()
            .any(|file| oldest.ends_with(&file.name))
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn random_series_have_their_raw_answers_over_whole_buckets(
        steps in prop::collection::vec((1i64..120, 0u8..30, 0u32..60), 300..500),
    ) {
        let mut pair = Pair::new();
        let (mut at, mut counter) = (START, 0.0);
        for (number, (seconds, event, by)) in steps.into_iter().enumerate() {
            // Now and then at the very end of a bucket.
            at = if event == 0 { (at / MINUTE + 5) / 5 * 5 * MINUTE } else { at + seconds * 1000 };
            counter = if event == 1 { f64::from(by / 20) } else { counter + f64::from(by) };
            let stale = event == 2;
            pair.push("requests_total", at, if stale { stale_nan() } else { counter });
            pair.push("load", at, f64::from(by));
            if number % 25 == 0 {
                pair.settle();
            }
        }
        pair.push_minutes((at - START) / MINUTE + 2..(at - START) / MINUTE + 200);
        let end = at / HOUR * HOUR + 4 * HOUR;
        for function in FUNCTIONS {
            for series in ["requests_total[1h]", "load[2h]"] {
                pair.check(&function.replace("SELECTOR", series), START, end, HOUR);
            }
        }
        pair.check("increase(requests_total[1h])", START, end, HOUR);
        pair.check("rate(requests_total[3h])", START, end, HOUR);
        pair.check("requests_total", START, end, HOUR);
    }
}
