//! What a question is answered of down-sampled and raw samples together.

use crowsnest_api::{Sample, Timestamp, is_stale};
use crowsnest_promql::{Downsampled, Fold};

use super::buckets::{Buckets, Totals};
use crate::samples::Samples;

/// The samples for a fold, ascending by time, and what else there were, up to when is for others to say. Each sample has gone
/// into `raw` or one of the `tiers`.
pub(crate) fn answer(raw: Samples, tiers: &[Buckets], fold: Fold) -> (Samples, Downsampled) {
    let mut told = Downsampled::default();
    let mut samples = Samples::default();
    for tier in tiers {
        samples.extend(&tier.kept);
    }
    let mut floats: Vec<(Sample, u64)> = Vec::new();
    if fold != Fold::Samples {
        samples.floats.clear();
        samples.starts.clear();
        let live = raw.floats.iter().filter(|sample| !is_stale(sample.value));
        floats.extend(live.map(|sample| (*sample, 1)));
    }
    for tier in tiers {
        for bucket in &tier.list {
            let kept = kept_of(tier, bucket.end);
            let value = bucket.floats.filter(|_| fold != Fold::Samples).map(|totals| of(fold, totals));
            let others = bucket.count.saturating_sub(kept.1);
            match value {
                Some(value) => floats.push((Sample { timestamp: bucket.end, value }, others)),
                None if fold == Fold::Samples => told.more.push((bucket.end, others.saturating_sub(kept.0))),
                None => told.more.push((bucket.end, others)),
            }
        }
    }
    samples.extend(&Samples { floats: if fold == Fold::Samples { raw.floats } else { Vec::new() }, ..raw });
    samples.tidy();
    for (sample, count) in in_order(floats, fold) {
        samples.floats.push(sample);
        told.more.push((sample.timestamp, count.saturating_sub(1)));
    }
    told.more.retain(|(_, more)| *more > 0);
    told.more.sort_unstable();
    samples.find_hints();
    (samples, told)
}

/// How many floats and histograms that are no staleness markers a bucket keeps.
fn kept_of(tier: &Buckets, end: Timestamp) -> (u64, u64) {
    let start = end.plus_millis(1 - tier.resolution.millis());
    let floats = crate::samples::between(&tier.kept.floats, start, end, |sample| sample.timestamp);
    let histograms = crate::samples::between(&tier.kept.histograms, start, end, |(at, _)| *at);
    let live = floats.iter().filter(|sample| !is_stale(sample.value)).count();
    (live as u64, histograms.iter().filter(|(_, histogram)| !histogram.is_stale()).count() as u64)
}

fn of(fold: Fold, totals: Totals) -> f64 {
    match fold {
        Fold::Min => totals.min,
        Fold::Max => totals.max,
        Fold::Sum | Fold::Samples => totals.sum,
    }
}

/// Values with the number of samples behind each, in the order of time, one at a time.
fn in_order(mut floats: Vec<(Sample, u64)>, fold: Fold) -> Vec<(Sample, u64)> {
    floats.sort_by_key(|(sample, _)| sample.timestamp);
    floats.dedup_by(|(next, more), (sample, count)| {
        let same = next.timestamp == sample.timestamp;
        if same {
            *count += *more;
            let values = [sample.value, next.value];
            sample.value = match fold {
                Fold::Min => crowsnest_promql::engine::extreme(values, f64::lt).unwrap_or(sample.value),
                Fold::Max => crowsnest_promql::engine::extreme(values, f64::gt).unwrap_or(sample.value),
                Fold::Sum | Fold::Samples => sample.value + next.value,
            };
        }
        same
    });
    floats
}
