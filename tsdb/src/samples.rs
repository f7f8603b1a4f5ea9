//! Samples of one series of both kinds, floats and native histograms, with when their counters started where that is known.

use std::ops::Range;
use std::sync::Arc;

use crowsnest_api::{Sample, Timestamp};
use crowsnest_promql::{FloatHistogram, SampleValue};

/// A native histogram at an instant.
pub type HistogramSample = (Timestamp, Arc<FloatHistogram>);

/// Most buckets and custom bounds that a histogram of the store has together: it has to fit into a page of a block.
pub(crate) const MAX_BUCKETS: usize = 16_384;

/// Why the store cannot take a histogram.
pub(crate) fn refusal(histogram: &FloatHistogram) -> Option<String> {
    let buckets = histogram.positive_buckets().count() + histogram.negative_buckets().count();
    let size = buckets + histogram.scheme.custom_bounds().len();
    (size > MAX_BUCKETS).then(|| format!("{size} buckets and custom bounds, at most {MAX_BUCKETS}"))
}

/// Whether two values are the same, so that one repeats the other: floats bit for bit, histograms but for their hints.
pub(crate) fn same(a: &SampleValue, b: &SampleValue) -> bool {
    match (a, b) {
        (SampleValue::Float(a), SampleValue::Float(b)) => a.to_bits() == b.to_bits(),
        (SampleValue::Histogram(a), SampleValue::Histogram(b)) => a.holds_same(b),
        _ => false,
    }
}

/// A sample that is more than a number: a native histogram, or one of whose counter the start is known.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Extra {
    pub(crate) at: Timestamp,
    pub(crate) value: SampleValue,
    pub(crate) start: Option<Timestamp>,
}

/// Samples of one series. Each list ascends by time unless it is said otherwise, and no float has a histogram's timestamp.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Samples {
    pub(crate) floats: Vec<Sample>,
    pub(crate) histograms: Vec<HistogramSample>,
    /// When the counter behind a sample started, by the sample's timestamp.
    pub(crate) starts: Vec<(Timestamp, Timestamp)>,
}

/// How many samples there were.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark(usize, usize, usize);

impl Samples {
    /// Floats of which nothing more is known.
    pub(crate) fn of_floats(floats: Vec<Sample>) -> Self {
        Self { floats, ..Self::default() }
    }

    /// Samples that ascend by time.
    pub(crate) fn of_extras(extras: &[Extra]) -> Self {
        let mut samples = Self::default();
        for extra in extras {
            match &extra.value {
                SampleValue::Float(value) => {
                    samples.floats.push(Sample { timestamp: extra.at, value: *value });
                }
                SampleValue::Histogram(histogram) => {
                    samples.histograms.push((extra.at, Arc::clone(histogram)));
                }
            }
            samples.starts.extend(extra.start.map(|start| (extra.at, start)));
        }
        samples
    }

    /// The same one by one, ascending by time.
    pub(crate) fn into_extras(self) -> Vec<Extra> {
        let Self { floats, histograms, starts } = self;
        let start = |at| start_of(&starts, at);
        let floats = floats.into_iter().map(|sample| (sample.timestamp, SampleValue::Float(sample.value)));
        let histograms = histograms.into_iter().map(|(at, of)| (at, SampleValue::Histogram(of)));
        let extra = |(at, value)| Extra { at, value, start: start(at) };
        let mut extras: Vec<Extra> = floats.chain(histograms).map(extra).collect();
        extras.sort_by_key(|extra| extra.at);
        extras
    }

    /// How many samples there are.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.floats.len() + self.histograms.len()
    }

    /// First and last timestamp.
    pub(crate) fn time_range(&self) -> Option<(Timestamp, Timestamp)> {
        let floats = self.floats.first().zip(self.floats.last());
        let floats = floats.map(|(first, last)| (first.timestamp, last.timestamp));
        let histograms = self.histograms.first().zip(self.histograms.last());
        let histograms = histograms.map(|(first, last)| (first.0, last.0));
        match (floats, histograms) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
            (a, b) => a.or(b),
        }
    }

    /// The value at an instant.
    pub(crate) fn find(&self, at: Timestamp) -> Option<SampleValue> {
        if let Ok(index) = self.floats.binary_search_by_key(&at, |sample| sample.timestamp) {
            return self.floats.get(index).map(|sample| SampleValue::Float(sample.value));
        }
        let index = self.histograms.binary_search_by_key(&at, |(at, _)| *at).ok()?;
        self.histograms.get(index).map(|(_, histogram)| SampleValue::Histogram(Arc::clone(histogram)))
    }

    /// The timestamp of the last sample at or before an instant.
    pub(crate) fn last_until(&self, at: Timestamp) -> Option<Timestamp> {
        let floats = self.floats.partition_point(|sample| sample.timestamp <= at).checked_sub(1);
        let float = floats.and_then(|last| self.floats.get(last)).map(|sample| sample.timestamp);
        let histograms = self.histograms.partition_point(|(of, _)| *of <= at).checked_sub(1);
        float.max(histograms.and_then(|last| self.histograms.get(last)).map(|(of, _)| *of))
    }

    /// Whether any sample lies in `start ..= end`.
    pub(crate) fn any_in(&self, start: Timestamp, end: Timestamp) -> bool {
        self.floats.iter().any(|sample| (start..=end).contains(&sample.timestamp))
            || self.histograms.iter().any(|(at, _)| (start..=end).contains(at))
    }

    /// Keeps the samples at the instants that are wanted.
    pub(crate) fn retain(&mut self, wanted: impl Fn(Timestamp) -> bool) {
        self.floats.retain(|sample| wanted(sample.timestamp));
        self.histograms.retain(|(at, _)| wanted(*at));
        self.starts.retain(|(at, _)| wanted(*at));
    }

    /// Keeps what lies in `start ..= end`.
    pub(crate) fn clip(&mut self, start: Timestamp, end: Timestamp) {
        clip(&mut self.floats, start, end, |sample| sample.timestamp);
        clip(&mut self.histograms, start, end, |(at, _)| *at);
        clip(&mut self.starts, start, end, |(at, _)| *at);
    }

    /// Adds all of another's; the lists need not ascend after that.
    pub(crate) fn extend(&mut self, other: &Self) {
        self.floats.extend_from_slice(&other.floats);
        self.histograms.extend_from_slice(&other.histograms);
        self.starts.extend_from_slice(&other.starts);
    }

    /// Whether the lists ascend by time, and no float has a histogram's timestamp.
    pub(crate) fn is_in_order(&self) -> bool {
        let free = |at: &Timestamp| self.floats.binary_search_by_key(at, |sample| sample.timestamp).is_err();
        self.floats.is_sorted_by(|a, b| a.timestamp < b.timestamp)
            && self.histograms.is_sorted_by(|a, b| a.0 < b.0)
            && self.starts.is_sorted_by(|a, b| a.0 < b.0)
            && self.histograms.iter().all(|(at, _)| free(at))
    }

    /// Brings samples that came in any order into that of time. Of several at one timestamp the first stays, a float
    /// rather than a histogram.
    pub(crate) fn tidy(&mut self) {
        self.floats.sort_by_key(|sample| sample.timestamp);
        self.floats.dedup_by_key(|sample| sample.timestamp);
        self.histograms.sort_by_key(|(at, _)| *at);
        self.histograms.dedup_by_key(|(at, _)| *at);
        if !self.histograms.is_empty() && !self.floats.is_empty() {
            let floats = &self.floats;
            let free = |at| floats.binary_search_by_key(&at, |sample| sample.timestamp).is_err();
            self.histograms.retain(|(at, _)| free(*at));
        }
        self.starts.sort_by_key(|(at, _)| *at);
        self.starts.dedup_by_key(|(at, _)| *at);
    }

    /// Tells of each histogram what is known about restarts since the sample before it.
    pub(crate) fn find_hints(&mut self) {
        let mut before: Option<(Timestamp, Arc<FloatHistogram>)> = None;
        let floats = &self.floats;
        for (at, histogram) in &mut self.histograms {
            let follows = |from: &Timestamp| !any_between(floats, *from, *at);
            let last = before.take().filter(|(from, _)| follows(from)).map(|(_, histogram)| histogram);
            let own = Arc::clone(histogram);
            let hint = histogram.hint_after(last.as_deref());
            if hint != histogram.hint {
                Arc::make_mut(histogram).hint = hint;
            }
            before = Some((*at, own));
        }
    }

    /// Where the lists end now, to come back to with [`Self::back_to`].
    pub(crate) fn mark(&self) -> Mark {
        Mark(self.floats.len(), self.histograms.len(), self.starts.len())
    }

    /// Drops what has been added since.
    pub(crate) fn back_to(&mut self, Mark(floats, histograms, starts): Mark) {
        self.floats.truncate(floats);
        self.histograms.truncate(histograms);
        self.starts.truncate(starts);
    }
}

/// When the counter behind the sample at `at` started. `starts` ascend by time.
pub(crate) fn start_of(starts: &[(Timestamp, Timestamp)], at: Timestamp) -> Option<Timestamp> {
    let index = starts.binary_search_by_key(&at, |(at, _)| *at).ok()?;
    starts.get(index).map(|(_, start)| *start)
}

/// What lies in `start ..= end` of a list that ascends by time.
pub(crate) fn between<T>(list: &[T], start: Timestamp, end: Timestamp, at: impl Fn(&T) -> Timestamp) -> &[T] {
    list.get(range(list, start, end, at)).unwrap_or_default()
}

fn clip<T>(list: &mut Vec<T>, start: Timestamp, end: Timestamp, at: impl Fn(&T) -> Timestamp) {
    let Range { start, end } = range(list, start, end, at);
    list.truncate(end);
    list.drain(..start.min(end));
}

fn range<T>(list: &[T], start: Timestamp, end: Timestamp, at: impl Fn(&T) -> Timestamp) -> Range<usize> {
    list.partition_point(|item| at(item) < start)..list.partition_point(|item| at(item) <= end)
}

fn any_between(floats: &[Sample], from: Timestamp, to: Timestamp) -> bool {
    let next = floats.partition_point(|sample| sample.timestamp <= from);
    floats.get(next).is_some_and(|sample| sample.timestamp < to)
}

#[cfg(test)]
pub(crate) mod arbitrary {
    //! Samples of all kinds, for tests.

    use crowsnest_promql::histogram::{ResetHint, Scheme};
    use proptest::prelude::*;

    use super::*;

    fn amount() -> impl Strategy<Value = f64> {
        prop_oneof![4 => (0u32..2000).prop_map(f64::from), 1 => 0.001f64..1e9, 1 => Just(9e15)]
    }

    fn buckets(indices: std::ops::Range<i32>) -> impl Strategy<Value = Vec<(i32, f64)>> {
        prop::collection::btree_map(indices, amount(), 0..12).prop_map(Vec::from_iter)
    }

    /// A native histogram of any scheme; its counts need not add up.
    pub(crate) fn histogram() -> impl Strategy<Value = FloatHistogram> {
        let hint = prop::sample::select(vec![
            ResetHint::Unknown,
            ResetHint::Reset,
            ResetHint::NotReset,
            ResetHint::Gauge,
        ]);
        let bounds = prop::collection::btree_set(-50i32..50, 0..6)
            .prop_map(|bounds| Scheme::Custom(bounds.into_iter().map(f64::from).collect()));
        let scheme = prop_oneof![5 => Just(Scheme::Exponential(3)), 2 => (-4i8..9).prop_map(Scheme::Exponential), 2 => bounds];
        let thresholds = prop_oneof![6 => Just(1e-128), 1 => 0.0f64..1.0];
        (hint, scheme, thresholds, [amount(), amount(), amount()], buckets(-20..20), buckets(-5..5)).prop_map(
            |(hint, scheme, zero_threshold, [zero_count, count, sum], positive, negative)| {
                let mut histogram = FloatHistogram::new(scheme);
                (histogram.hint, histogram.zero_threshold) = (hint, zero_threshold);
                (histogram.zero_count, histogram.count, histogram.sum) = (zero_count, count, sum);
                histogram.with_buckets(positive, negative)
            },
        )
    }

    /// What is more than a float, at different times that ascend.
    pub(crate) fn extras() -> impl Strategy<Value = Vec<Extra>> {
        let start = prop_oneof![Just(None), Just(Some(-5)), (-1_000_000i64..1_000_000).prop_map(Some)];
        let float = (-9e9f64..9e9).prop_map(SampleValue::Float);
        let value =
            prop_oneof![1 => float, 3 => histogram().prop_map(|of| SampleValue::Histogram(Arc::new(of)))];
        prop::collection::btree_map(-10_000i64..10_000, (value, start), 1..12).prop_map(|samples| {
            let extra = |(at, (value, start)): (i64, (SampleValue, Option<i64>))| {
                // A float of which no more is known is no such sample.
                let start = if value.float().is_some() { start.or(Some(0)) } else { start };
                Extra { at: Timestamp::from_millis(at), value, start: start.map(Timestamp::from_millis) }
            };
            samples.into_iter().map(extra).collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use crowsnest_promql::histogram::ResetHint;
    use proptest::prelude::*;

    use super::*;

    fn histogram(count: f64) -> Arc<FloatHistogram> {
        let mut histogram = FloatHistogram::default();
        histogram.count = count;
        Arc::new(histogram.with_buckets([(0, count)], []))
    }

    #[test]
    fn a_restart_is_found_between_histograms_that_follow_each_other() {
        let at = Timestamp::from_millis;
        let histograms = [(1, 1.0), (2, 3.0), (3, 2.0), (5, 9.0), (6, 9.0)];
        let mut samples = Samples {
            floats: vec![Sample::new(4, 1.0)],
            histograms: histograms.map(|(time, count)| (at(time), histogram(count))).to_vec(),
            starts: Vec::new(),
        };
        samples.find_hints();
        let hints: Vec<ResetHint> = samples.histograms.iter().map(|(_, histogram)| histogram.hint).collect();
        let (unknown, goes_on) = (ResetHint::Unknown, ResetHint::NotReset);
        assert_eq!(hints, [unknown, goes_on, unknown, unknown, goes_on]);
    }

    proptest! {
        #[test]
        fn samples_one_by_one_are_the_same_samples(extras in arbitrary::extras()) {
            let samples = Samples::of_extras(&extras);
            prop_assert!(samples.is_in_order());
            prop_assert_eq!(samples.time_range(), Some((extras[0].at, extras[extras.len() - 1].at)));
            prop_assert_eq!(samples.into_extras(), extras);
        }
    }
}
