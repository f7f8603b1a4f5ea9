//! A store on a faulty disk, and shorthand for filling and reading it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crowsnest_api::{Labels, Sample, Timestamp};
use crowsnest_promql::histogram::ResetHint;
use crowsnest_promql::{Matcher, Queryable, Selection, Series};

use crate::disk::Disk;
use crate::disk::faulty::FaultyDisk;
use crate::samples::{Extra, Samples};
use crate::{
    AppendError, Appended, Appender, Batch, Deletion, MaintainError, Maintenance, Options, Origin, Recovery,
    SeriesBatch, Tsdb,
};

/// Where the store believes it lies.
pub(super) const DIR: &str = "/store";
pub(super) const MINUTE: i64 = 60_000;
/// A window boundary for all block durations in use here.
pub(super) const START: i64 = 1_700_006_400_000;

/// A disk, a manifest, and the store on them while it is open.
pub(super) struct Rig {
    pub(super) disk: FaultyDisk,
    dir: PathBuf,
    pub(super) manifest: sled::Tree,
    pub(super) options: Options,
    pub(super) now: i64,
    store: Option<Tsdb>,
}

impl Rig {
    /// Blocks of ten minutes, a window of five, small log segments.
    pub(super) fn new() -> Self {
        let db = sled::Config::new().temporary(true).cache_capacity(1 << 20).open().unwrap();
        let options = Options {
            out_of_order_window: Duration::from_secs(300),
            block_duration: Duration::from_secs(600),
            wal_segment_bytes: 2000,
            ..Options::default()
        };
        let manifest = db.open_tree("blocks").unwrap();
        let mut rig =
            Self { disk: FaultyDisk::default(), dir: DIR.into(), manifest, options, now: START, store: None };
        rig.open();
        rig
    }

    /// The store that a snapshot is, without a manifest.
    pub(super) fn open_snapshot(&self, name: &str) -> Self {
        let db = sled::Config::new().temporary(true).cache_capacity(1 << 20).open().unwrap();
        let manifest = db.open_tree("blocks").unwrap();
        let dir = self.dir.join("snapshots").join(name);
        let mut rig = Self {
            disk: self.disk.clone(),
            dir,
            manifest,
            options: self.options.clone(),
            now: self.now,
            store: None,
        };
        rig.open();
        rig
    }

    pub(super) fn store(&self) -> &Tsdb {
        self.store.as_ref().unwrap()
    }

    pub(super) fn open(&mut self) -> Recovery {
        self.store = None;
        let disk: Arc<dyn Disk> = Arc::new(self.disk.clone());
        let opened = Tsdb::open_on(
            &disk,
            &self.dir,
            self.manifest.clone(),
            self.options.clone(),
            Timestamp::from_millis(self.now),
        );
        let (store, recovery) = opened.unwrap();
        self.store = Some(store);
        recovery
    }

    /// Drops the store without closing it, and whatever was not synced; then opens it again.
    pub(super) fn crash(&mut self, keep: u8) -> Recovery {
        self.disk.cut_power(keep);
        self.open()
    }

    /// Drops the store whose power has gone, and opens it again on what is left.
    pub(super) fn power_on(&mut self) -> Recovery {
        self.disk.power_on();
        self.open()
    }

    pub(super) fn try_push(
        &self,
        origin: Origin,
        series: &str,
        samples: &[Sample],
    ) -> Result<Appended, AppendError> {
        self.try_push_all(origin, SeriesBatch::of_floats(labels(series), samples.to_vec()))
    }

    pub(super) fn try_push_all(&self, origin: Origin, series: SeriesBatch) -> Result<Appended, AppendError> {
        let series = vec![series];
        self.store().append(Batch {
            origin,
            received: Timestamp::from_millis(self.now),
            series,
            metadata: Vec::new(),
        })
    }

    /// Pushes one sample a minute for `minutes`, each in a batch of its own, and moves the clock along.
    pub(super) fn push_minutes(&mut self, series: &str, minutes: i64) {
        for _ in 0..minutes {
            self.now += MINUTE;
            let sample = Sample::new(self.now, (self.now % 7919) as f64);
            let outcome = self.try_push(source("s"), series, &[sample]).unwrap();
            assert_eq!((outcome.written, outcome.rejected), (1, Vec::new()));
        }
    }

    pub(super) fn maintain(&self) -> Result<Maintenance, MaintainError> {
        self.store().maintain(Timestamp::from_millis(self.now))
    }

    /// Maintains until there is nothing left to do.
    pub(super) fn settle(&self) {
        while self.maintain().unwrap() != Maintenance::default() {}
    }

    /// Deletes the samples of a series in `from ..= to`.
    pub(super) fn delete(&self, series: &str, from: i64, to: i64) -> Result<Maintenance, MaintainError> {
        let matcher_sets = [vec![Matcher::equal("__name__", series)]];
        let (start, end) = (Timestamp::from_millis(from), Timestamp::from_millis(to));
        self.store().delete(&Deletion { matcher_sets: &matcher_sets, start, end })
    }

    pub(super) fn read(&self, series: &str, from: i64, to: i64) -> Vec<(i64, u64)> {
        let (samples, warnings) = self.read_with_warnings(series, from, to);
        assert_eq!(warnings, Vec::<String>::new());
        samples
    }

    /// Timestamps in minutes after START.
    pub(super) fn minutes(&self, series: &str) -> Vec<i64> {
        self.read(series, i64::MIN, i64::MAX).into_iter().map(|(at, _)| (at - START) / MINUTE).collect()
    }

    pub(super) fn read_with_warnings(
        &self,
        series: &str,
        from: i64,
        to: i64,
    ) -> (Vec<(i64, u64)>, Vec<String>) {
        let (start, end) = (Timestamp::from_millis(from), Timestamp::from_millis(to));
        let matchers = [Matcher::equal("__name__", series)];
        let set = self.store().select(&Selection::new(&matchers, start, end)).unwrap();
        let samples = set.series.flat_map(|series| series.unwrap().samples);
        (samples.map(|sample| (sample.timestamp.millis(), sample.value.to_bits())).collect(), set.warnings)
    }

    /// Samples of all kinds in the order of time, without the hints of histograms.
    pub(super) fn read_all(&self, series: &str, from: i64, to: i64) -> Vec<Extra> {
        let (start, end) = (Timestamp::from_millis(from), Timestamp::from_millis(to));
        let matchers = [Matcher::equal("__name__", series)];
        let set = self.store().select(&Selection::new(&matchers, start, end)).unwrap();
        assert_eq!(set.warnings, Vec::<String>::new());
        let mut all = Vec::new();
        for series in set.series.map(Result::unwrap) {
            let Series { samples: floats, mut histograms, starts, .. } = series;
            for (_, histogram) in &mut histograms {
                Arc::make_mut(histogram).hint = ResetHint::Unknown;
            }
            all.extend(Samples { floats, histograms, starts }.into_extras());
        }
        all
    }

    pub(super) fn files(&self, folder: &str) -> Vec<PathBuf> {
        let dir = self.dir.join(folder);
        self.disk.list(&dir).unwrap().into_iter().map(|file| dir.join(file.name)).collect()
    }
}

pub(super) fn source(name: &str) -> Origin {
    Origin::Source(name.into())
}

pub(super) fn labels(name: &str) -> Labels {
    Labels::from_pairs([("__name__", name), ("job", "test"), ("instance", &format!("host of {name}"))])
}

/// Forty-five minutes of "a" and "b" in blocks, and some in the log.
pub(super) fn filled() -> Rig {
    let mut rig = Rig::new();
    for _ in 0..45 {
        rig.push_minutes("a", 1);
        rig.try_push(source("s"), "b", &[Sample::new(rig.now, 0.5)]).unwrap();
    }
    rig.settle();
    assert!(rig.files("blocks").len() > 2, "{:?}", rig.files("blocks"));
    rig
}
