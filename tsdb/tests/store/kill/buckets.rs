//! What a store has of samples in buckets.

use std::collections::HashMap;

use crowsnest_promql::{Fold, Queryable as _, Selection, Series};
use crowsnest_tsdb::Tsdb;

use super::load::BUCKETS;
use crate::support::ms;

/// What one series has in a bucket.
#[derive(Debug)]
pub(super) struct Bucket {
    pub(super) series: String,
    /// Its last instant.
    pub(super) end: i64,
    pub(super) count: u64,
    pub(super) sum: f64,
}

/// The end of the bucket in which an instant lies.
pub(super) fn end_of(at: i64) -> i64 {
    BUCKETS.bucket_end(ms(at)).millis()
}

/// The last instant before the bucket that ends at `end`.
pub(super) fn start_of(end: i64) -> i64 {
    end - BUCKETS.millis()
}

/// All that end at `until` or before.
pub(super) fn buckets(store: &Tsdb, until: i64) -> Vec<Bucket> {
    let everything = Selection::new(&[], ms(0), ms(until));
    let selection = Selection { fold: Some(Fold::Sum), resolution: Some(BUCKETS), ..everything };
    let set = store.select(&selection).unwrap();
    assert_eq!(set.warnings, Vec::<String>::new());
    set.series.flat_map(|series| of_series(&series.unwrap())).collect()
}

/// Whether there are samples that have been down-sampled for good.
pub(super) fn any(store: &Tsdb) -> bool {
    let set = store.select(&Selection::new(&[], ms(0), ms(i64::MAX))).unwrap();
    !set.downsampled.is_empty()
}

fn of_series(series: &Series) -> Vec<Bucket> {
    let more = series.downsampled.iter().flat_map(|told| &told.more);
    let more: HashMap<i64, u64> = more.map(|(end, more)| (end.millis(), *more)).collect();
    let bucket = |at: i64, sum: f64| Bucket {
        series: series.labels.metric_name().to_owned(),
        end: at,
        count: 1 + more.get(&at).copied().unwrap_or_default(),
        sum,
    };
    series.samples.iter().map(|sample| bucket(sample.timestamp.millis(), sample.value)).collect()
}
