//! Folders that earlier formats wrote: a server that was killed, with blocks and a log.
#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

use std::fs;
use std::path::Path;

use crowsnest_api::{STALE_NAN_BITS, Sample};
use crowsnest_promql::{Matcher, Queryable, Selection};
use crowsnest_tsdb::{Appender, Batch, Maintenance, Options, Origin, SeriesBatch, Tsdb};

use crate::support::{labels, manifest, ms};

/// Its first sample; more follow every six minutes for six hours.
const START: i64 = 1_795_865_443_000;
const STEP: i64 = 360_000;
const TICKS: i64 = 60;

fn bits(store: &Tsdb, name: &str) -> Vec<(i64, u64)> {
    let matchers = [Matcher::equal("__name__", name)];
    let set = store.select(&Selection::new(&matchers, ms(0), ms(i64::MAX))).unwrap();
    assert!(set.warnings.is_empty(), "{:?}", set.warnings);
    let samples = set.series.flat_map(|series| series.unwrap().samples);
    samples.map(|sample: Sample| (sample.timestamp.millis(), sample.value.to_bits())).collect()
}

fn ticks(count: i64, value: impl Fn(i64) -> f64) -> Vec<(i64, u64)> {
    (0..count).map(|tick| (START + tick * STEP, value(tick).to_bits())).collect()
}

fn check(store: &Tsdb) {
    assert_eq!(bits(store, "counter"), ticks(TICKS, |tick| (tick * 6 * 17) as f64));
    assert_eq!(bits(store, "constant"), ticks(TICKS, |_| 42.5));
    let specials = [f64::NAN, f64::INFINITY, -0.0, 5e-324];
    assert_eq!(bits(store, "special"), ticks(TICKS, |tick| specials[tick as usize % 4]));
    assert_eq!(bits(store, "gauge").len(), TICKS as usize);
    let ended = bits(store, "ended");
    assert_eq!((ended.len(), ended[30].1), (31, STALE_NAN_BITS));
    assert_eq!(bits(store, "late").len(), 60);
    assert_eq!(store.metadata().first().map(|entry| entry.help.as_str()), Some("Counts."));
}

#[test]
fn a_folder_of_the_first_format_opens_and_goes_on() {
    open_and_go_on("format-1", 3, 1);
}

#[test]
fn a_folder_of_the_second_format_opens_and_goes_on() {
    open_and_go_on("format-2", 3, 2);
}

#[track_caller]
fn open_and_go_on(format: &str, blocks: usize, segments: usize) {
    let dir = tempfile::tempdir().unwrap();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/store").join(format);
    for folder in ["blocks", "wal"] {
        fs::create_dir(dir.path().join(folder)).unwrap();
        for file in fs::read_dir(fixture.join(folder)).unwrap().map(Result::unwrap) {
            fs::copy(file.path(), dir.path().join(folder).join(file.file_name())).unwrap();
        }
    }
    let (manifest, end) = (manifest(), START + TICKS * STEP);
    let open = || Tsdb::open(dir.path(), manifest.clone(), Options::default(), ms(end)).unwrap();
    let (store, recovery) = open();
    assert_eq!((recovery.warnings, recovery.blocks, recovery.segments), (Vec::new(), blocks, segments));
    check(&store);
    let series = vec![SeriesBatch::of_floats(labels("new", "a"), vec![Sample::new(end, 1.0)])];
    let origin = Origin::Source("new".into());
    store.append(Batch { origin, received: ms(end), series, metadata: Vec::new() }).unwrap();
    drop(store);
    // A log of old and new segments, and what it becomes in blocks.
    let (store, recovery) = open();
    assert_eq!((recovery.warnings, recovery.segments), (Vec::new(), segments + 1));
    check(&store);
    while store.maintain(ms(end)).unwrap() != Maintenance::default() {}
    check(&store);
    assert_eq!(bits(&store, "new").len(), 1);
}
