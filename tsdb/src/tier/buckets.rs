//! The buckets of one series.

use std::ops::RangeInclusive;

use crowsnest_api::{Sample, Timestamp, is_stale};
use crowsnest_promql::Resolution;
use crowsnest_promql::engine::{extreme, sum};

use super::keep::{Nature, keep};
use crate::samples::Samples;

/// What is known of the samples in one bucket that are no staleness markers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bucket {
    /// Its last instant.
    pub(super) end: Timestamp,
    /// How many samples there are, floats and histograms; not zero.
    pub(super) count: u64,
    /// What its floats come to, if it has some.
    pub(super) floats: Option<Totals>,
}

/// What floats come to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Totals {
    pub(super) min: f64,
    pub(super) max: f64,
    pub(super) sum: f64,
}

/// Down-sampled samples of one series.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Buckets {
    pub(super) resolution: Resolution,
    /// In the order of time; none is empty.
    pub(super) list: Vec<Bucket>,
    /// The samples that are kept as they are, staleness markers included.
    pub(super) kept: Samples,
}

impl PartialEq for Totals {
    fn eq(&self, other: &Self) -> bool {
        let bits = |totals: &Self| [totals.min, totals.max, totals.sum].map(f64::to_bits);
        bits(self) == bits(other)
    }
}

impl Totals {
    /// Of floats in the order of time; `None` without any.
    pub(super) fn of(values: impl Iterator<Item = f64> + Clone) -> Option<Self> {
        let min = extreme(values.clone(), f64::lt)?;
        Some(Self { min, max: extreme(values.clone(), f64::gt)?, sum: sum(values) })
    }

    fn join(self, later: Self) -> Self {
        Self {
            min: extreme([self.min, later.min], f64::lt).unwrap_or(self.min),
            max: extreme([self.max, later.max], f64::gt).unwrap_or(self.max),
            sum: self.sum + later.sum,
        }
    }
}

impl Bucket {
    fn join(&mut self, later: &Self) {
        self.count += later.count;
        self.floats = match (self.floats, later.floats) {
            (Some(own), Some(later)) => Some(own.join(later)),
            (own, later) => own.or(later),
        };
    }
}

impl Buckets {
    /// Those of raw samples.
    pub(crate) fn of_samples(samples: &Samples, resolution: Resolution, nature: Nature) -> Self {
        let end = |at| resolution.bucket_end(at);
        let floats = samples.floats.chunk_by(|a, b| end(a.timestamp) == end(b.timestamp));
        let floats = floats.filter_map(|samples| {
            let values = samples.iter().map(|sample| sample.value).filter(|value| !is_stale(*value));
            let count = values.clone().count() as u64;
            Some(Bucket { end: end(samples.first()?.timestamp), count, floats: Some(Totals::of(values)?) })
        });
        let histograms = samples.histograms.chunk_by(|(a, _), (b, _)| end(*a) == end(*b));
        let histograms = histograms.filter_map(|samples| {
            let count = samples.iter().filter(|(_, histogram)| !histogram.is_stale()).count() as u64;
            (count > 0).then_some(Bucket { end: end(samples.first()?.0), count, floats: None })
        });
        let list = joined(floats.chain(histograms).collect());
        let kept = keep(samples, resolution, nature, |end| count_at(&list, end));
        Self { resolution, list, kept }
    }

    /// How wide they are.
    pub(crate) fn resolution(&self) -> Resolution {
        self.resolution
    }

    /// Whether nothing is left.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty() && self.kept.floats.is_empty() && self.kept.histograms.is_empty()
    }

    /// Adds those of other samples of the series.
    pub(crate) fn add(&mut self, other: Self) {
        debug_assert_eq!(self.resolution, other.resolution);
        self.list.extend(other.list);
        self.list = joined(std::mem::take(&mut self.list));
        self.kept.extend(&other.kept);
        self.kept.tidy();
    }

    /// The same in buckets that are as wide or wider, with no more samples kept than they need.
    pub(crate) fn widened(mut self, resolution: Resolution, nature: Nature) -> Self {
        for bucket in &mut self.list {
            bucket.end = resolution.bucket_end(bucket.end);
        }
        let list = joined(self.list);
        let kept = keep(&self.kept, resolution, nature, |end| count_at(&list, end));
        Self { resolution, list, kept }
    }

    /// Leaves out each bucket that reaches into a span of time.
    pub(crate) fn remove(&mut self, gone: &RangeInclusive<Timestamp>) {
        let width = self.resolution.millis();
        let goes = |end: Timestamp| end >= *gone.start() && end.plus_millis(-width) < *gone.end();
        self.list.retain(|bucket| !goes(bucket.end));
        let resolution = self.resolution;
        self.kept.retain(|at| !goes(resolution.bucket_end(at)));
    }

    /// Leaves out what lies in buckets that end before `start` or after `end`, but keeps samples up to `end`.
    pub(crate) fn clip(&mut self, start: Timestamp, end: Timestamp) {
        self.list.retain(|bucket| (start..=end).contains(&bucket.end));
        let resolution = self.resolution;
        self.kept.retain(|at| resolution.bucket_end(at) >= start && at <= end);
    }
}

/// Buckets in the order of time, each once.
fn joined(mut list: Vec<Bucket>) -> Vec<Bucket> {
    // Parts of a bucket in the order in which they come: of equal extremes the first stays.
    list.sort_by_key(|bucket| bucket.end);
    list.dedup_by(|next, bucket| {
        let same = next.end == bucket.end;
        if same {
            bucket.join(next);
        }
        same
    });
    list
}

fn count_at(list: &[Bucket], end: Timestamp) -> u64 {
    let at = list.binary_search_by_key(&end, |bucket| bucket.end).ok();
    at.and_then(|at| list.get(at)).map_or(0, |bucket| bucket.count)
}

/// The part of a list that ascends by time which lies in the bucket that ends at `end`, the earlier ones passed over.
pub(super) fn within<'a>(rest: &mut &'a [Sample], end: Timestamp, resolution: Resolution) -> &'a [Sample] {
    let start = end.plus_millis(-resolution.millis());
    let list = *rest;
    let from = list.partition_point(|sample| sample.timestamp <= start);
    let to = list.partition_point(|sample| sample.timestamp <= end);
    *rest = list.get(to..).unwrap_or_default();
    list.get(from..to).unwrap_or_default()
}
