//! Which samples of a bucket stay as they are.

use crowsnest_api::{Labels, Sample, Timestamp, is_stale};
use crowsnest_promql::Resolution;
use crowsnest_promql::histogram::ResetHint;

use crate::samples::{HistogramSample, Samples, start_of};

/// Restarts in a bucket that are kept, whatever it holds; beyond that, one to so many samples.
const RESTARTS: u64 = 4;

/// What the name of a series says about its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nature {
    /// They only grow, unless the counter restarts.
    Counter,
    /// Nothing.
    Unknown,
}

impl Nature {
    /// By the conventions of Prometheus.
    pub(crate) fn of(labels: &Labels) -> Self {
        const SUFFIXES: [&str; 4] = ["_total", "_sum", "_count", "_bucket"];
        let name = labels.metric_name();
        if SUFFIXES.iter().any(|suffix| name.ends_with(suffix)) { Self::Counter } else { Self::Unknown }
    }
}

/// What lies between a sample and the one before it.
enum Step {
    /// Nothing of note.
    Plain,
    /// Both are needed.
    Edge,
    /// A value that is smaller than before; `surely` as after a restart.
    Drop { surely: bool },
}

/// The samples that stay. `count` tells how many samples a bucket has that ends at that time.
pub(super) fn keep(
    samples: &Samples,
    resolution: Resolution,
    nature: Nature,
    count: impl Fn(Timestamp) -> u64,
) -> Samples {
    let end = |at| resolution.bucket_end(at);
    let new_start = |a, b| {
        let (a, b) = (start_of(&samples.starts, a), start_of(&samples.starts, b));
        b.is_some() && a != b
    };
    let mut kept = Samples::default();
    for bucket in samples.floats.chunk_by(|a, b| end(a.timestamp) == end(b.timestamp)) {
        let count = bucket.first().map_or(0, |first| count(end(first.timestamp)));
        let step = |a: &Sample, b: &Sample| match () {
            () if a.value.is_nan() != b.value.is_nan() => Step::Edge,
            () if new_start(a.timestamp, b.timestamp) => Step::Drop { surely: true },
            () if b.value < a.value => Step::Drop { surely: b.value >= 0.0 && b.value * 2.0 <= a.value },
            () => Step::Plain,
        };
        choose(
            bucket,
            nature,
            count,
            |sample| is_stale(sample.value),
            step,
            |sample| kept.floats.push(*sample),
        );
    }
    for bucket in samples.histograms.chunk_by(|(a, _), (b, _)| end(*a) == end(*b)) {
        let count = bucket.first().map_or(0, |first| count(end(first.0)));
        let step = |(at, a): &HistogramSample, (bt, b): &HistogramSample| match () {
            () if (a.hint == ResetHint::Gauge) != (b.hint == ResetHint::Gauge) => Step::Edge,
            () if b.hint == ResetHint::Gauge => Step::Plain,
            () if new_start(*at, *bt) || b.is_reset_since(a) => Step::Drop { surely: true },
            () => Step::Plain,
        };
        let take = |sample: &HistogramSample| kept.histograms.push(sample.clone());
        choose(bucket, nature, count, |(_, histogram)| histogram.is_stale(), step, take);
    }
    let there = |at| {
        kept.floats.binary_search_by_key(&at, |sample| sample.timestamp).is_ok()
            || kept.histograms.binary_search_by_key(&at, |(at, _)| *at).is_ok()
    };
    kept.starts = samples.starts.iter().copied().filter(|(at, _)| there(*at)).collect();
    kept
}

/// Takes of one bucket the first and the last sample, the first of each row of staleness markers and the sample after it,
/// and those around restarts, unless there are so many that it cannot be a counter.
fn choose<T>(
    samples: &[T],
    nature: Nature,
    count: u64,
    stale: impl Fn(&T) -> bool,
    step: impl Fn(&T, &T) -> Step,
    take: impl FnMut(&T),
) {
    let mut keep = vec![false; samples.len()];
    let mut mark = |index: usize| keep.get_mut(index).into_iter().for_each(|keep| *keep = true);
    let mut drops = Vec::new();
    let mut all_surely = true;
    let mut before: Option<(usize, &T)> = None;
    let mut after_marker = false;
    for (index, sample) in samples.iter().enumerate() {
        if stale(sample) {
            if !after_marker {
                mark(index);
            }
            after_marker = true;
            continue;
        }
        match before.map(|(last, before)| (last, step(before, sample))) {
            None => mark(index),
            Some((last, Step::Edge)) => [last, index].into_iter().for_each(&mut mark),
            Some((last, Step::Drop { surely })) => {
                drops.push((last, index));
                all_surely &= surely;
            }
            Some((_, Step::Plain)) if after_marker => mark(index),
            Some((_, Step::Plain)) => {}
        }
        if after_marker {
            mark(index);
        }
        before = Some((index, sample));
        after_marker = false;
    }
    before.into_iter().for_each(|(last, _)| mark(last));
    let counts = nature == Nature::Counter || all_surely;
    if counts && drops.len() as u64 <= RESTARTS.max(count / RESTARTS) {
        drops.into_iter().flat_map(|(last, next)| [last, next]).for_each(mark);
    }
    samples.iter().zip(keep).filter(|(_, keep)| *keep).map(|(sample, _)| sample).for_each(take);
}
