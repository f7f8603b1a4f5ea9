//! Prometheus's own PromQL tests about native histograms and start timestamps, answered by the store on disk: each `eval` must
//! come out as it does with samples in memory.
#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

use std::path::Path;
use std::time::Duration;

use crowsnest_api::{Labels, Timestamp};
use crowsnest_promql::promqltest::{Verdict, run, run_on};
use crowsnest_promql::{MemoryStore, Queryable, Scope, Selection, Series, SeriesSet, StorageError};
use crowsnest_tsdb::{Appender, Batch, Extras, Maintenance, Options, Origin, SeriesBatch, Tsdb};
use smol_str::SmolStr;
use tempfile::TempDir;

use crate::support::{manifest, ms};

/// Files in which histograms or starts matter.
const FILES: [&str; 4] = ["native_histograms", "start_timestamps", "histograms", "extended_vectors"];

/// A store with its folder.
struct OnDisk(Tsdb, #[expect(dead_code, reason = "removed in the end")] TempDir);

impl Queryable for OnDisk {
    fn select<'a>(&'a self, selection: &Selection<'_>) -> Result<SeriesSet<'a>, StorageError> {
        self.0.select(selection)
    }

    fn series(&self, scope: &Scope<'_>) -> Result<Vec<Labels>, StorageError> {
        self.0.series(scope)
    }

    fn label_names(&self, scope: &Scope<'_>) -> Result<Vec<SmolStr>, StorageError> {
        self.0.label_names(scope)
    }

    fn label_values(&self, name: &str, scope: &Scope<'_>) -> Result<Vec<SmolStr>, StorageError> {
        self.0.label_values(name, scope)
    }
}

/// What is in memory on disk: most of it in blocks, the rest in the head.
fn on_disk(memory: &MemoryStore) -> OnDisk {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { block_duration: Duration::from_secs(600), ..Options::default() };
    let (store, _) = Tsdb::open(dir.path(), manifest(), options, ms(0)).unwrap();
    let everything = Selection::new(&[], Timestamp::MIN, Timestamp::MAX);
    let (mut series, mut newest) = (Vec::new(), ms(0));
    for one in memory.select(&everything).unwrap().series {
        let Series { labels, samples, histograms, starts, .. } = one.unwrap();
        newest = newest.max(samples.last().map_or(newest, |sample| sample.timestamp));
        newest = newest.max(histograms.last().map_or(newest, |(at, _)| *at));
        series.push(SeriesBatch { labels, samples, extras: Extras { histograms, starts } });
    }
    let origin = Origin::Source("promqltest".into());
    let appended = store.append(Batch { origin, received: newest, series, metadata: Vec::new() }).unwrap();
    assert_eq!(appended.rejected, []);
    while store.maintain(newest).unwrap() != Maintenance::default() {}
    OnDisk(store, dir)
}

#[test]
fn prometheus_own_tests_of_histograms_and_starts_pass_on_disk_as_in_memory() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let corpus = std::env::var_os("CROWSNEST_CORPUS");
    let folder = corpus.map_or_else(|| root.join("../shared/corpus"), |folder| root.join(folder));
    let folder = folder.join("promqltest");
    if !folder.is_dir() {
        println!("corpus absent: set CROWSNEST_CORPUS to run Prometheus's own PromQL tests");
        return;
    }
    for file in FILES {
        let text = std::fs::read_to_string(folder.join(file).with_extension("test")).unwrap();
        let (memory, disk) =
            (run(&text).unwrap(), run_on(&text, |memory| Box::new(on_disk(memory))).unwrap());
        for (memory, disk) in memory.iter().zip(&disk) {
            assert!(
                memory.verdict != Verdict::Passed || disk.verdict == Verdict::Passed,
                "{file}.test:{disk}"
            );
        }
        println!("{file}.test: {} evals", disk.len());
    }
}
