//! Native histograms: counts of observations in buckets whose bounds follow a scheme instead of labels.
//!
//! Semantics are those of Prometheus's float histograms. Buckets without observations are never kept, so two histograms
//! with the same contents are equal whatever they were made from. The contents are generic in the number they count
//! with: plain floats for samples, compensated sums while many histograms are added up.

mod add;
mod amount;
mod bucket;
mod buckets;
mod moments;
mod quantile;
mod reset;
mod scheme;
mod show;
mod total;
mod trim;

pub use add::{Added, Incompatible};
pub use amount::Amount;
pub use bucket::{Bound, Bucket};
pub(crate) use buckets::Buckets;
pub(crate) use quantile::Quantile;
pub use scheme::Scheme;
pub(crate) use total::{Goal, Total};
pub use trim::Keep;

/// A native histogram as samples have it.
pub type FloatHistogram = Histogram<f64>;

/// A native histogram whose amounts are numbers of type `T`.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram<T> {
    /// What is known about restarts of the counter behind it.
    pub hint: ResetHint,
    /// Where the bounds of its buckets lie.
    pub scheme: Scheme,
    /// Observations this close to zero, inclusive, are in the zero bucket.
    pub zero_threshold: f64,
    /// How many observations are in the zero bucket.
    pub zero_count: T,
    /// How many observations there are; more than in all buckets when some were NaN.
    pub count: T,
    /// The sum of the observations.
    pub sum: T,
    /// Buckets above zero, or all of them with custom bounds.
    pub(crate) positive: Buckets<T>,
    /// Buckets below zero, by the index of their mirror image.
    pub(crate) negative: Buckets<T>,
}

/// What is known about restarts of the counter behind a histogram.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResetHint {
    /// Nothing: it must be compared with the sample before.
    #[default]
    Unknown,
    /// The counter restarted before this sample.
    Reset,
    /// The counter did not restart since the sample before.
    NotReset,
    /// It is not a counter.
    Gauge,
}

impl<T: Amount> Default for Histogram<T> {
    fn default() -> Self {
        Self::new(Scheme::Exponential(0))
    }
}

impl<T: Amount> Histogram<T> {
    /// A histogram without observations.
    pub fn new(scheme: Scheme) -> Self {
        Self {
            hint: ResetHint::default(),
            scheme,
            zero_threshold: 0.0,
            zero_count: T::default(),
            count: T::default(),
            sum: T::default(),
            positive: Buckets::default(),
            negative: Buckets::default(),
        }
    }

    /// Whether its bounds are listed rather than calculated.
    pub fn has_custom_bounds(&self) -> bool {
        matches!(self.scheme, Scheme::Custom(_))
    }

    /// Another kind of number for the same amounts.
    pub(crate) fn convert<U: Amount>(&self, of: impl Fn(T) -> U) -> Histogram<U> {
        Histogram {
            hint: self.hint,
            scheme: self.scheme.clone(),
            zero_threshold: self.zero_threshold,
            zero_count: of(self.zero_count),
            count: of(self.count),
            sum: of(self.sum),
            positive: self.positive.convert(&of),
            negative: self.negative.convert(&of),
        }
    }

    /// Multiplies every amount; times a negative number no counter is left.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        let mut scaled = self.convert(|amount| amount.scaled(factor));
        if factor < 0.0 {
            scaled.hint = ResetHint::Gauge;
        }
        scaled
    }

    /// Divides every amount; divided by zero nothing is left of the buckets.
    #[must_use]
    pub fn divided(&self, divisor: f64) -> Self {
        let mut divided = self.convert(|amount| amount.divided(divisor));
        if divisor < 0.0 {
            divided.hint = ResetHint::Gauge;
        }
        if divisor == 0.0 {
            divided.positive = Buckets::default();
            divided.negative = Buckets::default();
        }
        divided
    }

    /// Whether an amount has grown beyond what a float can hold.
    pub(crate) fn has_overflown(&self) -> bool {
        let buckets = self.positive.iter().chain(self.negative.iter()).map(|(_, amount)| amount);
        buckets.chain([self.zero_count, self.count, self.sum]).any(Amount::is_infinite)
    }

    /// The same observations in wider buckets; finer resolutions than the histogram's change nothing.
    pub fn reduce(&mut self, schema: i8) {
        if let Scheme::Exponential(own) = self.scheme
            && schema < own
        {
            let shift = u32::from(own.abs_diff(schema));
            self.positive.map_indices(|index| (index.saturating_sub(1) >> shift) + 1);
            self.negative.map_indices(|index| (index.saturating_sub(1) >> shift) + 1);
            self.scheme = Scheme::Exponential(schema);
        }
    }

    /// Widens the zero bucket to at least `threshold`. Buckets with observations are not split: where the threshold lies
    /// within one, it moves to that bucket's far end.
    pub(crate) fn widen_zero(&mut self, threshold: f64) {
        let mut threshold = threshold.max(self.zero_threshold);
        let scheme = self.scheme.clone();
        let ends = |index: i32| (scheme.lower(index), scheme.upper(index));
        loop {
            let indices = self.positive.iter().chain(self.negative.iter()).map(|(index, _)| index);
            let split = indices.map(ends).find(|(lower, upper)| *lower < threshold && threshold < *upper);
            match split {
                Some((_, upper)) => threshold = upper,
                None => break,
            }
        }
        for buckets in [&mut self.positive, &mut self.negative] {
            for amount in buckets.take(|index| ends(index).1 <= threshold) {
                self.zero_count.add(amount);
            }
        }
        self.zero_threshold = threshold;
    }

    /// Moves to bounds that are among its own.
    pub(crate) fn rebound(&mut self, bounds: &std::sync::Arc<[f64]>) {
        let old = self.scheme.clone();
        let new = Scheme::Custom(std::sync::Arc::clone(bounds));
        self.positive.map_indices(|index| {
            let upper = old.upper(index);
            i32::try_from(bounds.partition_point(|bound| *bound < upper)).unwrap_or(i32::MAX)
        });
        self.scheme = new;
    }
}

impl FloatHistogram {
    /// A histogram whose buckets are given by index; buckets without observations are left out.
    #[must_use]
    pub fn with_buckets(
        mut self,
        positive: impl IntoIterator<Item = (i32, f64)>,
        negative: impl IntoIterator<Item = (i32, f64)>,
    ) -> Self {
        self.positive = positive.into_iter().collect();
        self.negative = negative.into_iter().collect();
        self
    }

    /// Its buckets above zero by index, in order; with custom bounds all of them.
    pub fn positive_buckets(&self) -> impl Iterator<Item = (i32, f64)> + '_ {
        self.positive.iter()
    }

    /// Its buckets below zero by the index of their mirror image, in order.
    pub fn negative_buckets(&self) -> impl Iterator<Item = (i32, f64)> + '_ {
        self.negative.iter()
    }

    /// How many floats take as much memory, to count it against limits.
    pub(crate) fn weight(&self) -> usize {
        let buckets = self.positive.len() + self.negative.len();
        (size_of::<Self>() + buckets * size_of::<(i32, f64)>()).div_ceil(size_of::<crowsnest_api::Sample>())
    }

    /// Whether it marks the end of its series.
    pub fn is_stale(&self) -> bool {
        crowsnest_api::is_stale(self.sum)
    }

    /// The marker of a series' end.
    pub fn stale() -> Self {
        Self { sum: crowsnest_api::stale_nan(), ..Self::default() }
    }

    /// Whether both hold the same, hints aside; NaN equals itself here.
    pub fn holds_same(&self, other: &Self) -> bool {
        let same = |a: f64, b: f64| a == b || a.to_bits() == b.to_bits();
        self.scheme == other.scheme
            && self.zero_threshold == other.zero_threshold
            && same(self.zero_count, other.zero_count)
            && same(self.count, other.count)
            && same(self.sum, other.sum)
            && self.positive.matches(&other.positive, same)
            && self.negative.matches(&other.negative, same)
    }
}

#[cfg(test)]
mod tests;
