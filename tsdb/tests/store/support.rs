//! Shorthand for tests of the whole store.
#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

use std::path::Path;
use std::time::Duration;

use crowsnest_api::{Labels, Sample, Timestamp};
use crowsnest_promql::{Matcher, Queryable, Selection};
use crowsnest_tsdb::{Appended, Appender, Batch, Options, Origin, Recovery, SeriesBatch, Tsdb};

/// The present, in every test.
pub(crate) const NOW: i64 = 1_700_000_000_000;

pub(crate) fn ms(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

/// A manifest that lives as long as the test.
pub(crate) fn manifest() -> sled::Tree {
    let db = sled::Config::new().temporary(true).open().unwrap();
    db.open_tree("blocks").unwrap()
}

pub(crate) fn open(dir: &Path, manifest: &sled::Tree) -> (Tsdb, Recovery) {
    open_with(dir, manifest, Options::default())
}

pub(crate) fn open_with(dir: &Path, manifest: &sled::Tree, options: Options) -> (Tsdb, Recovery) {
    Tsdb::open(dir, manifest.clone(), options, ms(NOW)).unwrap()
}

pub(crate) fn labels(name: &str, instance: &str) -> Labels {
    Labels::from_pairs([("__name__", name), ("instance", instance), ("job", "test")])
}

/// A push by source `source`: series by name, samples as milliseconds after NOW and value.
pub(crate) fn push(store: &Tsdb, source: &str, series: &[(&str, &[(i64, f64)])]) -> Appended {
    append(store, Origin::Source(source.into()), series)
}

/// A statement of the server.
pub(crate) fn state(store: &Tsdb, silence: Duration, name: &str, samples: &[(i64, f64)]) -> Appended {
    append(store, Origin::Server { silence }, &[(name, samples)])
}

fn append(store: &Tsdb, origin: Origin, series: &[(&str, &[(i64, f64)])]) -> Appended {
    let series = series.iter().map(|(name, samples)| {
        let samples = samples.iter().map(|&(at, value)| Sample::new(NOW + at, value)).collect();
        SeriesBatch::of_floats(labels(name, "a"), samples)
    });
    store.append(Batch { origin, received: ms(NOW), series: series.collect(), metadata: Vec::new() }).unwrap()
}

/// All samples of the series called `name`, as milliseconds after NOW and value.
pub(crate) fn read(store: &Tsdb, name: &str) -> Vec<(i64, f64)> {
    read_range(store, name, i64::MIN, i64::MAX)
}

pub(crate) fn read_range(store: &Tsdb, name: &str, from: i64, to: i64) -> Vec<(i64, f64)> {
    let matchers = [Matcher::equal("__name__", name)];
    let (start, end) = (ms(NOW.saturating_add(from)), ms(NOW.saturating_add(to)));
    let set = store.select(&Selection::new(&matchers, start, end)).unwrap();
    assert_eq!(set.warnings, Vec::<String>::new());
    let series: Vec<_> = set.series.map(Result::unwrap).collect();
    assert!(series.len() <= 1, "one series a name in these tests");
    let samples = series.into_iter().flat_map(|series| series.samples);
    samples.map(|sample| (sample.timestamp.millis() - NOW, sample.value)).collect()
}
