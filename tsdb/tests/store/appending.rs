//! Which samples are taken, which are refused, and what is left of both after a restart.

use std::time::Duration;

use crowsnest_tsdb::{Appended, LabelLimits, Metadata, NamedCount, Options, RejectReason, Tsdb};

use crate::support::*;

const SECOND: i64 = 1000;
const HOUR: i64 = 3_600_000;

#[track_caller]
fn check(outcome: &Appended, written: u64, rejected: &[(RejectReason, u64)]) {
    assert_eq!(outcome.written, written);
    let got: Vec<_> =
        outcome.rejected.iter().map(|rejection| (rejection.reason, rejection.samples)).collect();
    assert_eq!(got, rejected);
}

fn push_one(store: &Tsdb, source: &str, name: &str, at: i64) -> Appended {
    push(store, source, &[(name, &[(at, 0.0)])])
}

#[test]
fn what_is_appended_is_read_back_and_survives_a_restart_without_close() {
    let (dir, manifest) = (tempfile::tempdir().unwrap(), manifest());
    let samples: Vec<_> = (0..1000).map(|i| (i * 15 * SECOND - HOUR, i as f64)).collect();
    let (store, _) = open(dir.path(), &manifest);
    for chunk in samples.chunks(7) {
        check(&push(&store, "s", &[("a", chunk), ("b", &chunk[..1])]), chunk.len() as u64 + 1, &[]);
        if chunk[0].0 > 0 {
            break;
        }
    }
    let before = read(&store, "a");
    assert_eq!(before, samples[..before.len()]);
    drop(store);
    let (store, recovery) = open(dir.path(), &manifest);
    assert_eq!(recovery.warnings, Vec::<String>::new());
    assert_eq!(recovery.samples as usize, before.len() + before.len().div_ceil(7));
    assert_eq!(read(&store, "a"), before);
    assert_eq!(read_range(&store, "a", -HOUR, 15 * SECOND - HOUR), samples[..2]);
}

#[test]
fn a_repeat_is_taken_and_a_contradiction_by_the_same_source_is_not() {
    let (dir, manifest) = (tempfile::tempdir().unwrap(), manifest());
    let (store, _) = open(dir.path(), &manifest);
    check(&push(&store, "s", &[("a", &[(0, 1.0), (10, f64::NAN)])]), 2, &[]);
    check(&push(&store, "s", &[("a", &[(0, 1.0), (10, f64::NAN)])]), 2, &[]);
    check(&push(&store, "s", &[("a", &[(0, 2.0), (20, 3.0)])]), 1, &[(RejectReason::Conflict, 1)]);
    check(&push(&store, "s", &[("a", &[(30, 3.0)]), ("a", &[(30, 4.0)])]), 1, &[(RejectReason::Conflict, 1)]);
    check(&push(&store, "other", &[("a", &[(0, 2.0), (5, 7.0)])]), 2, &[]);
    check(&push(&store, "s", &[("a", &[(5, 8.0)])]), 1, &[]);
    let got: Vec<_> = read(&store, "a").into_iter().filter(|(_, value)| !value.is_nan()).collect();
    assert_eq!(got, [(0, 1.0), (5, 7.0), (20, 3.0), (30, 3.0)]);
}

#[test]
fn late_samples_are_taken_within_the_window_of_their_own_series() {
    let (dir, manifest) = (tempfile::tempdir().unwrap(), manifest());
    let (store, _) = open(dir.path(), &manifest);
    check(&push(&store, "s", &[("a", &[(0, 0.0)]), ("b", &[(-50 * HOUR, 0.0)])]), 2, &[]);
    check(&push(&store, "s", &[("a", &[(-HOUR, 1.0)])]), 1, &[]);
    check(&push(&store, "s", &[("a", &[(-HOUR - 1, 1.0)])]), 0, &[(RejectReason::TooOld, 1)]);
    check(&push(&store, "s", &[("b", &[(-49 * HOUR, 1.0), (-48 * HOUR, 2.0)])]), 2, &[]);
    assert_eq!(read(&store, "a"), [(-HOUR, 1.0), (0, 0.0)]);
}

#[test]
fn samples_beyond_retention_or_far_in_the_future_are_refused() {
    let (dir, manifest) = (tempfile::tempdir().unwrap(), manifest());
    let (store, _) = open(dir.path(), &manifest);
    let outcome =
        push(&store, "s", &[("a", &[(-15 * 24 * HOUR - 1, 0.0), (0, 1.0), (600 * SECOND + 1, 2.0)])]);
    check(&outcome, 1, &[(RejectReason::BeyondRetention, 1), (RejectReason::TooNew, 1)]);
    assert_eq!(outcome.rejected[1].example, r#"a{instance="a", job="test"} at 1700000600.001"#);
}

#[test]
fn the_series_limit_refuses_only_new_series() {
    let (dir, manifest) = (tempfile::tempdir().unwrap(), manifest());
    let (store, _) = open_with(dir.path(), &manifest, Options { max_series: 2, ..Options::default() });
    check(&push(&store, "s", &[("a", &[(0, 0.0)]), ("b", &[(0, 0.0)])]), 2, &[]);
    check(
        &push(&store, "s", &[("c", &[(0, 0.0), (1, 0.0)]), ("a", &[(1, 0.0)])]),
        1,
        &[(RejectReason::SeriesLimit, 2)],
    );
    assert_eq!(store.status(10).head.series, 2);
}

#[test]
fn the_limit_of_a_source_refuses_only_its_own_new_series_and_tells_whose_they_are() {
    let (dir, manifest) = (tempfile::tempdir().unwrap(), manifest());
    let options = Options { max_series_per_source: 2, ..Options::default() };
    let (store, _) = open_with(dir.path(), &manifest, options.clone());
    let one = |name, at| push_one(&store, "s", name, at);
    check(
        &push(&store, "s", &[("a", &[(-HOUR, 0.0)]), ("b", &[(-HOUR, 0.0)]), ("c", &[(-HOUR, 0.0)])]),
        2,
        &[(RejectReason::SourceSeriesLimit, 1)],
    );
    check(&one("c", 1 - HOUR), 0, &[(RejectReason::SourceSeriesLimit, 1)]);
    check(&one("a", 1 - HOUR), 1, &[]);
    check(&push_one(&store, "other", "c", 1 - HOUR), 1, &[]);
    check(&one("c", 2 - HOUR), 1, &[]);
    let status = store.status(10).head;
    let told = |list: &[NamedCount]| list.iter().map(|of| (of.name.clone(), of.count)).collect::<Vec<_>>();
    assert_eq!(told(&status.series_by_source), [("s".to_owned(), 3), ("other".to_owned(), 1)]);
    assert_eq!(told(&status.refused_by_source), [("s".to_owned(), 2)]);
    drop(store);
    let (store, _) = open_with(dir.path(), &manifest, options);
    check(&push_one(&store, "s", "d", 3 - HOUR), 0, &[(RejectReason::SourceSeriesLimit, 1)]);
    // An hour later its series have left the head for a block, but for one.
    check(&push_one(&store, "s", "a", 0), 1, &[]);
    store.maintain(ms(NOW)).unwrap();
    check(&push_one(&store, "s", "d", 0), 1, &[]);
}

#[test]
fn label_sets_beyond_the_limits_are_refused() {
    let (dir, manifest) = (tempfile::tempdir().unwrap(), manifest());
    let labels = LabelLimits { max_value_bytes: 4, ..LabelLimits::default() };
    let (store, _) = open_with(dir.path(), &manifest, Options { labels, ..Options::default() });
    let outcome = push(&store, "s", &[("longer", &[(0, 0.0)]), ("ok", &[(0, 0.0)])]);
    check(&outcome, 1, &[(RejectReason::InvalidLabels, 1)]);
    assert!(outcome.rejected[0].example.contains("6 bytes, at most 4"), "{:?}", outcome.rejected);
}

#[test]
fn what_the_server_wrote_gives_way_to_a_backfill() {
    let (dir, manifest) = (tempfile::tempdir().unwrap(), manifest());
    let (store, _) = open(dir.path(), &manifest);
    push(&store, "s", &[("up", &[(0, 1.0)])]);
    state(&store, Duration::from_secs(30), "up", &[(40 * SECOND, 0.0), (55 * SECOND, 0.0)]);
    assert_eq!(read(&store, "up"), [(0, 1.0), (40 * SECOND, 0.0), (55 * SECOND, 0.0)]);
    // The window starts behind the statement's silence: 10 s is not in (10 s, 40 s].
    push(&store, "s", &[("up", &[(10 * SECOND, 1.0)])]);
    assert_eq!(read(&store, "up").len(), 4);
    // In order although the server's own samples are newer.
    check(&push(&store, "s", &[("up", &[(20 * SECOND, 1.0)])]), 1, &[]);
    assert_eq!(read(&store, "up"), [(0, 1.0), (10 * SECOND, 1.0), (20 * SECOND, 1.0), (55 * SECOND, 0.0)]);
    // The answer does not depend on the range asked for.
    assert_eq!(read_range(&store, "up", 30 * SECOND, HOUR), [(55 * SECOND, 0.0)]);
    drop(store);
    let (store, _) = open(dir.path(), &manifest);
    assert_eq!(read_range(&store, "up", 30 * SECOND, HOUR), [(55 * SECOND, 0.0)]);
    check(&push(&store, "s", &[("up", &[(55 * SECOND, 1.0)])]), 1, &[]);
    assert_eq!(read_range(&store, "up", 30 * SECOND, HOUR), [(55 * SECOND, 1.0)]);
}

#[test]
fn metadata_is_kept_across_restarts() {
    use crowsnest_tsdb::{Appender, Batch, Origin};
    let (dir, manifest) = (tempfile::tempdir().unwrap(), manifest());
    let metadata =
        Metadata { family: "up".into(), kind: "gauge".into(), help: "Is it up?".into(), unit: "".into() };
    let batch = Batch {
        origin: Origin::Source("s".into()),
        received: ms(NOW),
        series: Vec::new(),
        metadata: vec![metadata.clone()],
    };
    let (store, _) = open(dir.path(), &manifest);
    store.append(batch).unwrap();
    drop(store);
    let (store, _) = open(dir.path(), &manifest);
    assert_eq!(store.metadata(), [metadata]);
}

#[test]
fn many_threads_append_at_once_and_share_syncs() {
    let (dir, manifest) = (tempfile::tempdir().unwrap(), manifest());
    let (store, _) = open(dir.path(), &manifest);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let store = &store;
            scope.spawn(move || {
                let name = format!("m{thread}");
                for i in 0..50 {
                    check(&push(store, &name, &[(&name, &[(i, i as f64)]), ("shared", &[(i, 1.0)])]), 2, &[]);
                }
            });
        }
    });
    let status = store.store_status();
    assert_eq!((status.wal_records, status.samples_appended), (400, 800));
    assert!(status.wal_syncs <= 400);
    drop(store);
    let (store, _) = open(dir.path(), &manifest);
    for thread in 0..8 {
        assert_eq!(read(&store, &format!("m{thread}")).len(), 50);
    }
    assert_eq!(read(&store, "shared").len(), 50);
}

#[test]
fn a_folder_in_use_is_refused_with_a_clear_message() {
    let (dir, manifest) = (tempfile::tempdir().unwrap(), manifest());
    let (store, _) = open(dir.path(), &manifest);
    let again = crowsnest_tsdb::Tsdb::open(dir.path(), manifest.clone(), Options::default(), ms(NOW));
    let message = again.map(|_| ()).unwrap_err().to_string();
    assert_eq!(message, format!("data folder {} is in use by another process", dir.path().display()));
    drop(store);
    open(dir.path(), &manifest);
}

#[test]
fn a_closed_store_takes_no_samples_and_answers_on() {
    use crowsnest_tsdb::{Appender, Batch, Origin};
    let (dir, manifest) = (tempfile::tempdir().unwrap(), manifest());
    let (store, _) = open(dir.path(), &manifest);
    push(&store, "s", &[("a", &[(0, 1.0)])]);
    store.close();
    let batch = Batch {
        origin: Origin::Source("s".into()),
        received: ms(NOW),
        series: Vec::new(),
        metadata: Vec::new(),
    };
    assert!(store.append(batch).is_err());
    assert_eq!(read(&store, "a"), [(0, 1.0)]);
}
