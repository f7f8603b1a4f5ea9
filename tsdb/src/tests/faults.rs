//! Failing writes, syncs and renames, and a full disk.

use std::collections::BTreeMap;
use std::error::Error;
use std::io;

use crowsnest_api::Sample;
use proptest::prelude::*;

use super::support::*;
use crate::AppendError;
use crate::disk::faulty::{Fault, Operation};

fn io_error(error: &AppendError) -> &io::Error {
    error.source().and_then(|source| source.downcast_ref()).expect("a log error has a cause")
}

#[test]
fn every_append_is_synced_before_it_returns() {
    let mut rig = Rig::new();
    for pushed in 1..=20 {
        rig.push_minutes("a", 1);
        assert_eq!(rig.disk.count(Operation::Sync), pushed);
    }
}

#[test]
fn after_a_failed_sync_nothing_of_the_batch_is_kept_and_the_next_goes_to_a_new_segment() {
    let mut rig = Rig::new();
    rig.push_minutes("a", 1);
    rig.disk.fail(Operation::Sync, 0, Fault::Error);
    let at = rig.now + 1;
    let error = rig.try_push(source("first"), "a", &[Sample::new(at, 1.0)]).unwrap_err();
    assert_eq!(error.to_string(), "cannot extend the write-ahead log");
    assert_eq!(rig.minutes("a"), [1]);
    assert_eq!(rig.store().store_status().wal_failures, 1);

    // Were the first batch to come back from its file, it would hide what was acknowledged after it.
    rig.try_push(source("second"), "a", &[Sample::new(at, 2.0)]).unwrap();
    assert_eq!(rig.files("wal").len(), 2);
    rig.open();
    assert_eq!(rig.read("a", at, at), [(at, 2.0f64.to_bits())]);
    rig.crash(255);
    assert_eq!(rig.read("a", at, at), [(at, 2.0f64.to_bits())]);
}

#[test]
fn a_half_written_record_is_cut_off_and_the_segment_goes_on() {
    let mut rig = Rig::new();
    rig.push_minutes("a", 2);
    rig.disk.fail(Operation::Write, 0, Fault::Short);
    rig.try_push(source("s"), "a", &[Sample::new(rig.now + 1, 1.0)]).unwrap_err();
    rig.push_minutes("a", 1);
    assert_eq!(rig.files("wal").len(), 1);
    let recovery = rig.crash(0);
    assert_eq!((recovery.torn_bytes, recovery.warnings.len()), (0, 0));
    assert_eq!(rig.minutes("a"), [1, 2, 3]);
}

#[test]
fn a_full_disk_refuses_samples_answers_queries_and_recovers_without_a_restart() {
    let mut rig = Rig::new();
    rig.push_minutes("a", 20);
    rig.disk.set_capacity(Some(rig.disk.used() + 10));
    for _ in 0..50 {
        let error = rig.try_push(source("s"), "a", &[Sample::new(rig.now + 1, 1.0)]).unwrap_err();
        assert_eq!(io_error(&error).kind(), io::ErrorKind::StorageFull);
    }
    rig.maintain().unwrap_err();
    assert_eq!(rig.minutes("a"), (1..=20).collect::<Vec<_>>());
    rig.disk.set_capacity(None);
    rig.push_minutes("a", 1);
    rig.settle();
    assert_eq!(rig.minutes("a"), (1..=21).collect::<Vec<_>>());
    rig.crash(0);
    assert_eq!(rig.minutes("a"), (1..=21).collect::<Vec<_>>());
}

#[test]
fn a_cut_that_fails_at_any_step_loses_nothing_and_succeeds_later() {
    for operation in
        [Operation::Create, Operation::Write, Operation::Sync, Operation::Rename, Operation::SyncDir]
    {
        for successes in 0..8 {
            let mut rig = Rig::new();
            rig.push_minutes("a", 45);
            rig.push_minutes("b", 1);
            let (a, b) = (rig.minutes("a"), rig.minutes("b"));
            rig.disk.fail(operation, successes, Fault::Error);
            let failed = rig.maintain().is_err();
            rig.disk.heal();
            let what = format!("{operation:?} after {successes}");
            assert_eq!((rig.minutes("a"), rig.minutes("b")), (a.clone(), b.clone()), "{what}");
            if failed {
                assert_eq!(rig.files("blocks"), Vec::<std::path::PathBuf>::new(), "{what}");
                // Late samples after the failed cut do not get lost between what is frozen and what is not.
                let late = rig.now - 4 * MINUTE + 1;
                rig.try_push(source("s"), "b", &[Sample::new(late, 1.0)]).unwrap();
                assert_eq!(rig.read("b", late, late).len(), 1, "{what}");
            }
            let b = rig.minutes("b");
            rig.crash(0);
            assert_eq!((rig.minutes("a"), rig.minutes("b")), (a.clone(), b.clone()), "{what}, after a crash");
            rig.settle();
            assert!(!rig.files("blocks").is_empty());
            assert_eq!((rig.minutes("a"), rig.minutes("b")), (a, b), "{what}, after success");
        }
    }
}

#[test]
fn a_deletion_that_fails_at_any_step_succeeds_when_it_is_done_again_and_stays_done() {
    for operation in
        [Operation::Create, Operation::Write, Operation::Sync, Operation::Rename, Operation::SyncDir]
    {
        // The first minute of what is left, whether there is a crash in between, and when it fails.
        let cases = (0..8).flat_map(|n| [(5, true, n), (5, false, n), (1, true, n), (1, false, n)]);
        for (first, crash, successes) in cases {
            let mut rig = Rig::new();
            rig.push_minutes("a", 45);
            rig.settle();
            rig.push_minutes("b", 3);
            let left: Vec<i64> = (1..first).chain([45]).collect();
            let (from, to) = (START + first * MINUTE, START + 44 * MINUTE);
            rig.disk.fail(operation, successes, Fault::Error);
            let failed = rig.delete("a", from, to).is_err();
            rig.disk.heal();
            let what = format!("{operation:?} after {successes}, {first}, {crash}");
            if failed {
                if crash {
                    rig.crash(0);
                }
                let minutes = rig.minutes("a");
                assert!(left.iter().all(|minute| minutes.contains(minute)), "{what}: {minutes:?}");
                rig.delete("a", from, to).unwrap();
            }
            rig.crash(0);
            assert_eq!(rig.minutes("a"), left, "{what}");
            rig.settle();
            assert_eq!(rig.minutes("a"), left, "{what}");
            assert_eq!(rig.minutes("b"), [46, 47, 48], "{what}");
        }
    }
}

#[test]
fn what_a_failed_push_left_in_the_log_is_gone_once_its_time_was_deleted() {
    for seed in 0..32 {
        let mut rig = Rig::new();
        rig.push_minutes("a", 3);
        let at = rig.now + 1;
        rig.disk.fail(Operation::Sync, 0, Fault::Error);
        rig.try_push(source("s"), "a", &[Sample::new(at, 1.0)]).unwrap_err();
        rig.delete("a", at, at).unwrap();
        // The power goes with the next change; what was written and never synced is there afterwards, or not.
        rig.disk.cut_power_after(0, seed);
        rig.try_push(source("s"), "a", &[Sample::new(at + 1, 2.0)]).unwrap_err();
        rig.power_on();
        assert_eq!(rig.read("a", at, at), [], "{seed}");
        assert_eq!(rig.minutes("a"), [1, 2, 3], "{seed}");
    }
}

#[derive(Clone, Debug)]
enum Step {
    Push(u8),
    Fail(Operation, u64, Fault),
    Maintain,
    /// Minutes before now, and how many.
    Delete(i64, i64),
    Full(usize),
    Heal,
    Crash(u8),
    /// The power goes after so many changes on the disk, and chance decides what was not synced.
    CutPowerAfter(u64, u64),
}

fn step() -> impl Strategy<Value = Step> {
    let operation = prop::sample::select(vec![
        Operation::Create,
        Operation::Write,
        Operation::Sync,
        Operation::Rename,
        Operation::SyncDir,
    ]);
    prop_oneof![
        20 => any::<u8>().prop_map(Step::Push),
        2 => (operation, 0u64..4, prop::sample::select(vec![Fault::Error, Fault::Short]))
            .prop_map(|(operation, successes, fault)| Step::Fail(operation, successes, fault)),
        2 => Just(Step::Maintain),
        2 => (0i64..120, 0i64..20).prop_map(|(ago, minutes)| Step::Delete(ago, minutes)),
        1 => (0usize..300).prop_map(Step::Full),
        2 => Just(Step::Heal),
        1 => any::<u8>().prop_map(Step::Crash),
        2 => (0u64..60, any::<u64>()).prop_map(|(changes, seed)| Step::CutPowerAfter(changes, seed)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn what_was_acknowledged_is_there_and_nothing_is_that_was_never_sent(steps in prop::collection::vec(step(), 1..250)) {
        let mut rig = Rig::new();
        let mut acknowledged: BTreeMap<i64, u64> = BTreeMap::new();
        let mut sent: BTreeMap<i64, u64> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Push(value) => {
                    rig.now += MINUTE / 2;
                    let sample = Sample::new(rig.now, f64::from(value));
                    sent.insert(rig.now, sample.value.to_bits());
                    if rig.try_push(source("s"), "a", &[sample]).is_ok() {
                        acknowledged.insert(rig.now, sample.value.to_bits());
                    }
                }
                Step::Fail(operation, successes, fault) => rig.disk.fail(operation, successes, fault),
                Step::Maintain => {
                    let _ = rig.maintain();
                }
                Step::Delete(ago, minutes) => {
                    let (from, to) = (rig.now - ago * MINUTE, rig.now - (ago - minutes) * MINUTE);
                    let deleted = rig.delete("a", from, to);
                    acknowledged.retain(|at, _| !(from..=to).contains(at));
                    if deleted.is_ok() {
                        sent.retain(|at, _| !(from..=to).contains(at));
                    }
                }
                Step::Full(room) => rig.disk.set_capacity(Some(rig.disk.used() + room)),
                Step::Heal => {
                    rig.disk.heal();
                    rig.disk.set_capacity(None);
                }
                Step::Crash(keep) => {
                    rig.disk.heal();
                    let recovery = rig.crash(keep);
                    prop_assert_eq!(recovery.warnings, Vec::<String>::new());
                }
                Step::CutPowerAfter(changes, seed) => rig.disk.cut_power_after(changes, seed),
            }
            if rig.disk.is_off() {
                rig.disk.heal();
                let recovery = rig.power_on();
                prop_assert_eq!(recovery.warnings, Vec::<String>::new());
            }
            let read: BTreeMap<i64, u64> = rig.read("a", i64::MIN, i64::MAX).into_iter().collect();
            prop_assert!(acknowledged.iter().all(|(at, bits)| read.get(at) == Some(bits)), "an acknowledged sample is missing");
            prop_assert!(read.iter().all(|(at, bits)| sent.get(at) == Some(bits)), "a sample was invented");
        }
        prop_assert_eq!(rig.store().quarantined(), Vec::new());
    }
}
