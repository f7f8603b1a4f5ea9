//! Readers beside writers and maintenance.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use crowsnest_tsdb::Options;

use crate::support::*;

#[test]
fn a_reader_misses_nothing_while_the_head_is_cut_and_blocks_are_merged() {
    let (dir, manifest) = (tempfile::tempdir().unwrap(), manifest());
    let options = Options {
        block_duration: Duration::from_secs(60),
        out_of_order_window: Duration::from_secs(10),
        retention: Duration::from_secs(365 * 86_400),
        wal_segment_bytes: 4000,
        ..Options::default()
    };
    let (store, _) = open_with(dir.path(), &manifest, options);
    const SAMPLES: i64 = 1200;
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (store, done) = (&store, &done);
        scope.spawn(move || {
            for i in 0..SAMPLES {
                let at = (i - SAMPLES) * 1000;
                push(store, "s", &[("a", &[(at, i as f64)])]);
            }
            done.store(true, Ordering::Release);
        });
        scope.spawn(move || {
            while !done.load(Ordering::Acquire) {
                store.maintain(ms(NOW)).unwrap();
            }
        });
        let mut seen = 0;
        while !done.load(Ordering::Acquire) {
            let samples = read(store, "a");
            let values: Vec<i64> = samples.iter().map(|&(_, value)| value as i64).collect();
            assert_eq!(values, (0..values.len() as i64).collect::<Vec<_>>(), "no gap, nothing twice");
            assert!(values.len() >= seen, "nothing disappears");
            seen = values.len();
        }
    });
    while store.maintain(ms(NOW)).unwrap() != crowsnest_tsdb::Maintenance::default() {}
    let status = store.store_status();
    assert!(status.cuts > 3 && status.merges > 0, "{status:?}");
    assert_eq!(read(&store, "a").len() as i64, SAMPLES);
    drop(store);
    let (store, recovery) = open(dir.path(), &manifest);
    assert_eq!((recovery.warnings, recovery.debris), (Vec::new(), Vec::new()));
    assert_eq!(read(&store, "a").len() as i64, SAMPLES);
}

#[test]
fn the_status_is_told_while_samples_arrive() {
    let (dir, manifest) = (tempfile::tempdir().unwrap(), manifest());
    let (store, _) = open(dir.path(), &manifest);
    let store = Arc::new(store);
    let (finished, waiting) = mpsc::channel();
    let writer = Arc::clone(&store);
    // Threads of their own, not scoped ones: two that wait for each other would never be joined.
    let done = finished.clone();
    std::thread::spawn(move || {
        for i in 0..2_000 {
            push(&writer, "s", &[("a", &[(i, 1.0)])]);
        }
        done.send(()).unwrap();
    });
    for _ in 0..3 {
        let (reader, done) = (Arc::clone(&store), finished.clone());
        std::thread::spawn(move || {
            for _ in 0..20_000 {
                assert!(reader.status(1).head.series <= 1);
            }
            done.send(()).unwrap();
        });
    }
    for _ in 0..4 {
        waiting.recv_timeout(Duration::from_secs(120)).expect("no thread waits for another for ever");
    }
}
