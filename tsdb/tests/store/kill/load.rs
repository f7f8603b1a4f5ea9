//! What is pushed: a function of source and number, so that a ledger of numbers is one of samples.

use std::path::Path;
use std::time::{Duration, Instant};

use crowsnest_api::{Labels, Sample};
use crowsnest_promql::Resolution;
use crowsnest_tsdb::{Options, Recovery, SeriesBatch, Tier, Tsdb};

use crate::support::ms;

/// Sources that push at once.
pub(super) const SOURCES: usize = 3;
/// Time between two pushes of a source, in the time of the test, ms.
pub(super) const STEP: i64 = 15_000;
pub(super) const START: i64 = 1_700_006_400_000;
pub(super) const RETENTION: i64 = 2 * 3_600_000;
/// Of what is down-sampled, where anything is.
pub(super) const TIER_RETENTION: i64 = 5 * 3_600_000;
pub(super) const BUCKETS: Resolution = Resolution::FiveMinutes;
/// How far back late samples reach, ms.
pub(super) const LATE: i64 = 20 * 60_000;
/// Series of which each push has a sample.
const SERIES: usize = 12;

/// What becomes of samples that are older than [`RETENTION`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aging {
    /// They go.
    Expires,
    /// They are down-sampled, and go when they are older than [`TIER_RETENTION`].
    Downsamples,
}

/// Short blocks and segments, so that there is always something to cut and merge.
fn options(aging: Aging) -> Options {
    let keep = Duration::from_millis(TIER_RETENTION as u64);
    let tiers = match aging {
        Aging::Expires => Vec::new(),
        Aging::Downsamples => vec![Tier { resolution: BUCKETS, keep }],
    };
    Options {
        retention: Duration::from_millis(RETENTION as u64),
        tiers,
        block_duration: Duration::from_secs(600),
        wal_segment_bytes: 32 << 10,
        ..Options::default()
    }
}

/// Opens the store of the test; `now` is the present there.
pub(super) fn open(dir: &Path, aging: Aging, now: i64) -> (Tsdb, Recovery) {
    let manifest = catalogue(&dir.join("control")).open_tree("blocks").unwrap();
    Tsdb::open(&dir.join("tsdb"), manifest, options(aging), ms(now)).unwrap()
}

/// sled's own threads let go of the folder some time after the last handle to it is gone. It writes over a snapshot that was
/// not finished without emptying it first, and cannot read the outcome; the server removes such files, too.
fn catalogue(folder: &Path) -> sled::Db {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().ends_with(".generating") {
            std::fs::remove_file(entry.path()).unwrap();
        }
    }
    let patience = Instant::now() + Duration::from_secs(20);
    loop {
        match sled::Config::new().path(folder).mode(sled::Mode::LowSpace).cache_capacity(1 << 20).open() {
            Ok(db) => return db,
            Err(error) if Instant::now() > patience => panic!("cannot open the catalogue: {error}"),
            Err(_) => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// A sample of a series.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Written {
    pub(super) series: String,
    pub(super) at: i64,
    pub(super) bits: u64,
}

/// When a push is made.
pub(super) fn time(source: usize, number: i64) -> i64 {
    START + number * STEP + source as i64 * 10
}

/// The samples of a push.
pub(super) fn push(source: usize, number: i64) -> Vec<Written> {
    let at = time(source, number);
    let mut samples: Vec<Written> = (0..SERIES)
        .map(|series| Written {
            series: format!("s{source}_{series}"),
            at,
            bits: value(series, number).to_bits(),
        })
        .collect();
    // Series that come and go, and samples that are late.
    let churn = format!("s{source}_churn_{}", number / 50);
    samples.push(Written { series: churn, at, bits: value(2, number).to_bits() });
    if number % 8 == 0 {
        samples.extend((1..4).map(|n| Written {
            series: format!("s{source}_late"),
            at: at - LATE + n * 7,
            bits: value(3, number + n).to_bits(),
        }));
    }
    samples
}

/// Counters, constants, decimals, and bits that nothing can compress.
fn value(series: usize, number: i64) -> f64 {
    match series % 4 {
        0 => (number * 17) as f64,
        1 => 1.0,
        2 => (number % 100) as f64 / 10.0,
        _ => f64::from_bits(mixed((number as u64) << 8 | series as u64) & !(0x7ff << 52) | 0x3ff << 52),
    }
}

/// The samples by series, as they are pushed.
pub(super) fn batches(source: usize, samples: Vec<Written>) -> Vec<SeriesBatch> {
    let mut batches: Vec<SeriesBatch> = Vec::new();
    for Written { series, at, bits } in samples {
        let labels = Labels::from_pairs([("__name__", series), ("source", source.to_string())]);
        let sample = Sample::new(at, f64::from_bits(bits));
        match batches.last_mut().filter(|last| last.labels == labels) {
            Some(last) => last.samples.push(sample),
            None => batches.push(SeriesBatch::of_floats(labels, vec![sample])),
        }
    }
    batches
}

/// Random numbers that are the same each time.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `limit`.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.0) % limit
    }

    /// A time shorter than `longest`.
    pub(super) fn duration(&mut self, longest: Duration) -> Duration {
        Duration::from_micros(self.below(longest.as_micros() as u64))
    }
}

/// SplitMix64's finish.
fn mixed(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
