//! Snapshots: all that was acknowledged, nothing that came later, and a store that goes on.

use crowsnest_api::{Sample, Timestamp};
use crowsnest_promql::{Matcher, Queryable as _, Selection};

use super::support::*;
use crate::disk::faulty::{Fault, Operation};
use crate::{Newest, Options, Tsdb, restore};

fn filled() -> Rig {
    let mut rig = Rig::new();
    rig.push_minutes("a", 45);
    rig.settle();
    rig.push_minutes("a", 3);
    rig
}

#[test]
fn a_snapshot_is_the_store_at_that_moment() {
    let mut rig = filled();
    rig.store().snapshot("one", Newest::Included).unwrap();
    rig.push_minutes("a", 40);
    rig.settle();
    rig.delete("a", i64::MIN, i64::MAX).unwrap();
    rig.store().snapshot("two", Newest::Included).unwrap();
    rig.crash(0);
    assert_eq!(rig.open_snapshot("one").minutes("a"), (1..=48).collect::<Vec<_>>());
    assert_eq!(rig.open_snapshot("two").minutes("a"), Vec::<i64>::new());
    assert_eq!(rig.minutes("a"), Vec::<i64>::new());
}

#[test]
fn without_the_newest_samples_it_is_blocks_alone() {
    let rig = filled();
    rig.store().snapshot("one", Newest::LeftOut).unwrap();
    let minutes = rig.open_snapshot("one").minutes("a");
    assert!(!minutes.is_empty() && minutes.len() < 45, "{minutes:?}");
    assert_eq!(minutes, (1..=minutes.len() as i64).collect::<Vec<_>>());
}

#[test]
fn what_was_answered_with_an_error_is_in_no_snapshot() {
    let mut rig = Rig::new();
    rig.push_minutes("a", 2);
    rig.disk.fail(Operation::Sync, 0, Fault::Error);
    rig.try_push(source("s"), "a", &[Sample::new(rig.now + MINUTE, 1.0)]).unwrap_err();
    rig.store().snapshot("one", Newest::Included).unwrap();
    assert_eq!(rig.open_snapshot("one").minutes("a"), [1, 2]);
}

#[test]
fn a_snapshot_that_fails_does_no_harm_and_the_next_one_works() {
    for operation in
        [Operation::Create, Operation::Write, Operation::Sync, Operation::Rename, Operation::SyncDir]
    {
        for successes in 0..4 {
            let mut rig = filled();
            rig.disk.fail(operation, successes, Fault::Error);
            let first = rig.store().snapshot("one", Newest::Included);
            rig.disk.heal();
            rig.push_minutes("a", 1);
            rig.store().snapshot("two", Newest::Included).unwrap();
            rig.crash(0);
            assert_eq!(rig.minutes("a"), (1..=49).collect::<Vec<_>>());
            assert_eq!(rig.open_snapshot("two").minutes("a"), (1..=49).collect::<Vec<_>>());
            if first.is_ok() {
                assert_eq!(rig.open_snapshot("one").minutes("a"), (1..=48).collect::<Vec<_>>());
            }
        }
    }
}

#[test]
fn a_snapshot_is_restored_into_an_empty_folder_only() {
    let folder = tempfile::tempdir().unwrap();
    let open = |name: &str| {
        let tree = sled::Config::new().temporary(true).open().unwrap().open_tree("blocks").unwrap();
        Tsdb::open(&folder.path().join(name), tree, Options::default(), Timestamp::from_millis(START))
            .unwrap()
            .0
    };
    let store = open("store");
    let batch = |at| crate::Batch {
        origin: source("s"),
        received: Timestamp::from_millis(at),
        series: vec![crate::SeriesBatch::of_floats(labels("a"), vec![Sample::new(at, 1.0)])],
        metadata: Vec::new(),
    };
    use crate::Appender as _;
    store.append(batch(START)).unwrap();
    let snapshot = store.snapshot("one", Newest::Included).unwrap();
    store.append(batch(START + 1)).unwrap();
    let to = folder.path().join("restored");
    restore(&snapshot, &to).unwrap();
    assert!(restore(&snapshot, &to).unwrap_err().to_string().ends_with("is not empty"));
    let matchers = [Matcher::equal("__name__", "a")];
    let (start, end) = (Timestamp::MIN, Timestamp::MAX);
    let restored = open("restored");
    let mut found = restored.select(&Selection::new(&matchers, start, end)).unwrap().series;
    assert_eq!(found.next().unwrap().unwrap().samples, [Sample::new(START, 1.0)]);
}
