//! Buckets as the columns of a block of a tier, and back.
//!
//! ```text
//! kept    the samples that a bucket keeps, at their times, staleness markers included
//! count   per bucket, at its end: how many samples it has that are no staleness markers
//! min     per bucket of which it is not the smallest of the floats it keeps, at its end: its smallest float
//! max     the same of its largest
//! sum     per bucket of which it does not follow from the others, at its end: the sum of its floats
//! ```
//! A sum follows when all samples of a bucket are kept, as their sum, and when the smallest float has the bits of the
//! largest, as that times their number. Where a column would hold more than a quarter of the buckets, it holds all that have
//! floats: times that all columns share are cheaper than few of one's own.

use std::collections::BTreeMap;

use crowsnest_api::{Sample, Timestamp, is_stale};
use crowsnest_promql::Resolution;
use crowsnest_promql::engine::sum;
use smol_str::SmolStr;

use super::buckets::{Bucket, Buckets, Totals, within};
use crate::samples::Samples;
use crate::varint::Damaged;

/// The column of samples that are as they were pushed.
pub(crate) const KEPT: &str = "kept";
const COUNT: &str = "count";
const MIN: &str = "min";
const MAX: &str = "max";
const SUM: &str = "sum";

const DAMAGED: Damaged = Damaged::new("column of a tier");

/// The columns by name, where others have sources.
pub(crate) type Lanes = BTreeMap<SmolStr, Samples>;

impl Buckets {
    /// The columns of these.
    pub(crate) fn lanes(&self) -> Lanes {
        let at = |end, value| Sample { timestamp: end, value };
        let mut columns = [MIN, MAX, SUM].map(|name| (name, Vec::new()));
        let mut rest = self.kept.floats.as_slice();
        for bucket in &self.list {
            let kept = within(&mut rest, bucket.end, self.resolution);
            let Some(floats) = bucket.floats else { continue };
            let derived = Derived::of(kept, bucket.count, !self.kept.histograms.is_empty());
            let says = [
                (floats.min, derived.min),
                (floats.max, derived.max),
                (floats.sum, derived.sum(floats.min, floats.max)),
            ];
            for ((_, column), (value, derived)) in columns.iter_mut().zip(says) {
                let needed = derived.is_none_or(|derived| derived.to_bits() != value.to_bits());
                column.push((at(bucket.end, value), needed));
            }
        }
        let counts = self.list.iter().map(|bucket| at(bucket.end, bucket.count as f64)).collect();
        let mut lanes =
            Lanes::from([(KEPT.into(), self.kept.clone()), (COUNT.into(), Samples::of_floats(counts))]);
        for (name, column) in columns {
            let needed = column.iter().filter(|(_, needed)| *needed).count();
            let all = needed * 4 > column.len();
            let column: Vec<Sample> =
                column.into_iter().filter(|(_, needed)| all || *needed).map(|(sample, _)| sample).collect();
            lanes.insert(name.into(), Samples::of_floats(column));
        }
        lanes.retain(|_, lane| !(lane.floats.is_empty() && lane.histograms.is_empty()));
        lanes
    }

    /// What [`Self::lanes`] gave, or a part of it in time. Each column is in order.
    pub(crate) fn of_lanes(mut lanes: Lanes, resolution: Resolution) -> Result<Self, Damaged> {
        let kept = lanes.remove(KEPT).unwrap_or_default();
        let mut column = |name| lanes.remove(name).map(|lane| lane.floats).unwrap_or_default();
        let [counts, min, max, sums] = [COUNT, MIN, MAX, SUM].map(&mut column);
        if !lanes.is_empty() {
            return Err(DAMAGED);
        }
        let mut list = Vec::with_capacity(counts.len());
        let mut rest = kept.floats.as_slice();
        for Sample { timestamp: end, value } in counts {
            let whole = (1.0..=u64::MAX as f64).contains(&value) && value.fract() == 0.0;
            if !whole || resolution.bucket_end(end) != end {
                return Err(DAMAGED);
            }
            let count = value as u64;
            let derived = Derived::of(within(&mut rest, end, resolution), count, !kept.histograms.is_empty());
            let min = find(&min, end).or(derived.min);
            let max = find(&max, end).or(derived.max);
            let floats = min.zip(max).and_then(|(min, max)| {
                Some(Totals { min, max, sum: find(&sums, end).or(derived.sum(min, max))? })
            });
            list.push(Bucket { end, count, floats });
        }
        Ok(Self { resolution, list, kept })
    }
}

fn find(column: &[Sample], end: Timestamp) -> Option<f64> {
    let at = column.binary_search_by_key(&end, |sample| sample.timestamp).ok()?;
    column.get(at).map(|sample| sample.value)
}

/// What follows from what is kept of a bucket and how many samples it had.
struct Derived {
    min: Option<f64>,
    max: Option<f64>,
    /// The sum of those that are kept, when these are all.
    sum: Option<f64>,
    /// How many floats there were, if that is known.
    count: Option<u64>,
}

impl Derived {
    fn of(kept: &[Sample], count: u64, may_be_mixed: bool) -> Self {
        let values = kept.iter().map(|sample| sample.value).filter(|value| !is_stale(*value));
        let totals = Totals::of(values.clone());
        let all = values.clone().count() as u64 == count;
        Self {
            min: totals.map(|totals| totals.min),
            max: totals.map(|totals| totals.max),
            sum: all.then(|| sum(values)),
            count: (!may_be_mixed).then_some(count),
        }
    }

    fn sum(&self, min: f64, max: f64) -> Option<f64> {
        let same = || (min.to_bits() == max.to_bits()).then_some(min);
        self.sum.or_else(|| Some(same()? * self.count? as f64))
    }
}
