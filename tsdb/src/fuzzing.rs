//! Doors for `fuzz/`, and what it begins with. Compiled for it only; see `docs/fuzzing.md`.
#![allow(clippy::unwrap_used, reason = "what a fuzzer cannot set up, it should not pass over")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crowsnest_api::{Labels, Sample, Timestamp};
use crowsnest_promql::Matcher;

use crate::block::Block;
use crate::chunk::{self, Chunk};
use crate::disk::Disk;
use crate::disk::faulty::FaultyDisk;
use crate::head::Head;
use crate::replay::Replayer;
use crate::samples::Samples;
use crate::varint::{Cursor, put_ivarint, put_uvarint};
use crate::{Appender as _, Batch, Metadata, Options, Origin, Recovery, SeriesBatch, Tsdb, wal};

const START: i64 = 1_700_006_400_000;

/// Primitives, one after the other.
pub fn varints(bytes: &[u8]) {
    let mut cursor = Cursor::new(bytes, "fuzz");
    while !cursor.is_empty() {
        let before = cursor.clone();
        let Ok(value) = cursor.uvarint() else { break };
        let mut again = Vec::new();
        put_uvarint(&mut again, value);
        assert_eq!(Cursor::new(&again, "fuzz").uvarint(), Ok(value));
        let signed = before.clone().ivarint().unwrap();
        again.clear();
        put_ivarint(&mut again, signed);
        assert_eq!(Cursor::new(&again, "fuzz").ivarint(), Ok(signed));
        // Refusing is an answer.
        let _ = (before.clone().uvarint32(), before.clone().str().is_ok(), before.clone().count(3));
    }
}

/// A chunk, whole and column by column. Floats that can be read are encoded and read again.
pub fn chunk(bytes: &[u8]) {
    let mut samples = Samples::default();
    if chunk::decode_into(bytes, &mut samples).is_ok() && samples.histograms.is_empty() {
        let again = Chunk::encode(&samples.floats).unwrap().decode().unwrap();
        let bits = |samples: &[Sample]| -> Vec<(i64, u64)> {
            samples.iter().map(|sample| (sample.timestamp.millis(), sample.value.to_bits())).collect()
        };
        assert_eq!(bits(&again.floats), bits(&samples.floats));
    }
    let mut times = Vec::new();
    // Refusing is an answer.
    let _ = chunk::decode_times(bytes, &mut times);
    let _ = chunk::decode_values(bytes, &mut Samples::of_floats(times), 0);
}

/// A block: everything in it is read and held against everything else, then asked for as questions do.
pub fn block(bytes: &[u8]) {
    let Ok(block) = Block::open(Arc::new(bytes.to_vec()), Arc::default()) else { return };
    let _ = block.wrongs();
    let Ok(index) = block.index() else { return };
    for matchers in [vec![Matcher::equal("__name__", "a")], vec![Matcher::equal("no", "")], Vec::new()] {
        for number in index.matching(&matchers).unwrap_or_default() {
            let Ok(entry) = index.entry(number) else { continue };
            let _ = index.find(&entry.labels);
            let mut samples = Samples::default();
            let _ = entry.chunks.iter().try_for_each(|chunk| block.read_chunk(chunk, &mut samples));
        }
    }
    let _ = index.each_label_name(&mut |_| {});
    let _ = index.each_label_value("job", &mut |_| {});
}

/// A segment of the log, into a head.
pub fn log_segment(bytes: &[u8]) {
    let (disk, dir) = (FaultyDisk::default(), Path::new("/wal"));
    disk.create(&dir.join("0000000001.wal")).unwrap().write_all(bytes).unwrap();
    let options = Options::default();
    let (mut head, mut replayer) = (Head::default(), Replayer::new(&options, Vec::new()));
    let read = wal::replay(&disk, dir, &mut Recovery::default(), |segment, record| {
        replayer.apply(&mut head, segment, &record)
    });
    replayer.finish(&mut head);
    let _ = read;
    let _ = head.select(&[], Timestamp::MIN, Timestamp::MAX);
}

/// What is in the stream of a segment: batches.
pub fn log_batches(bytes: &[u8]) {
    let options = Options::default();
    let (mut head, mut replayer) = (Head::default(), Replayer::new(&options, Vec::new()));
    wal::read_batches(bytes, |record| {
        replayer.apply(&mut head, 1, &record);
    });
    replayer.finish(&mut head);
}

/// What to begin with: names of the functions above, and inputs that they like.
pub fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let mut seeds = Vec::new();
    let mut numbers = Vec::new();
    for value in [0, 1, 127, 128, 300, u64::MAX] {
        put_uvarint(&mut numbers, value);
    }
    seeds.push(("varints", numbers));
    for samples in runs() {
        seeds.push(("chunk", Chunk::encode(&samples).unwrap().bytes.into_vec()));
        let mut times = Vec::new();
        chunk::encode_times(&samples, &mut times);
        seeds.push(("chunk", times));
    }
    let disk = filled();
    for (target, folder) in [("block", "/store/blocks"), ("log_segment", "/store/wal")] {
        for file in disk.list(Path::new(folder)).unwrap() {
            let content = disk.map(&Path::new(folder).join(file.name)).unwrap();
            seeds.push((target, (*content).as_ref().to_vec()));
        }
    }
    seeds
}

/// Samples of each kind that codecs tell apart.
fn runs() -> Vec<Vec<Sample>> {
    let run =
        |value: &dyn Fn(i64) -> f64| (0..60).map(|n| Sample::new(START + n * 15_000, value(n))).collect();
    let mut uneven: Vec<Sample> = run(&|n| (n * n) as f64);
    uneven.iter_mut().zip(0i64..).for_each(|(sample, n)| {
        sample.timestamp = sample.timestamp.plus_millis(n * n % 7);
    });
    vec![run(&|_| 1.0), run(&|n| n as f64 / 10.0), run(&|n| (n as f64).sin()), run(&|_| f64::NAN), uneven]
}

/// A store with blocks, and a log of several segments.
fn filled() -> FaultyDisk {
    let disk = FaultyDisk::default();
    let manifest = sled::Config::new().temporary(true).open().unwrap().open_tree("blocks").unwrap();
    let options =
        Options { block_duration: Duration::from_secs(600), wal_segment_bytes: 4000, ..Options::default() };
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let at = |minute: i64| Timestamp::from_millis(START + minute * 60_000);
    let (store, _) = Tsdb::open_on(&shared, Path::new("/store"), manifest, options, at(0)).unwrap();
    for minute in 0..45 {
        let series = |name: &str, value: f64| {
            let labels = Labels::from_pairs([("__name__", name), ("job", "node"), ("instance", "a:9100")]);
            SeriesBatch::of_floats(labels, vec![Sample { timestamp: at(minute), value }])
        };
        let late = SeriesBatch {
            samples: (0..3).map(|n| Sample::new(at(minute - 9).millis() + n, n as f64)).collect(),
            ..series("late", 0.0)
        };
        let metadata =
            Metadata { family: "a".into(), kind: "gauge".into(), help: "Help.".to_owned(), unit: "".into() };
        for (origin, series) in [
            (Origin::Source("s".into()), vec![series("a", minute as f64), series("b", 0.5), late]),
            (Origin::Server { silence: Duration::from_secs(60) }, vec![series("up", 0.0)]),
        ] {
            let metadata = vec![metadata.clone()];
            store.append(Batch { origin, received: at(minute), series, metadata }).unwrap();
        }
    }
    while store.maintain(at(45)).unwrap() != crate::Maintenance::default() {}
    disk
}
