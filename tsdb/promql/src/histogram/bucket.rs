//! Buckets one by one, from the lowest to the highest.

use super::FloatHistogram;

/// One bucket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// Where it begins.
    pub lower: f64,
    /// Where it ends.
    pub upper: f64,
    /// How many observations it has.
    pub count: f64,
    /// Which of its ends belong to it.
    pub bounds: Bound,
}

/// Which ends of a bucket belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// The upper one: `(lower,upper]`.
    Upper,
    /// The lower one: `[lower,upper)`.
    Lower,
    /// Both: `[lower,upper]`.
    Both,
}

impl FloatHistogram {
    /// The buckets with observations, lowest first.
    pub fn buckets(&self) -> impl DoubleEndedIterator<Item = Bucket> + '_ {
        let scheme = &self.scheme;
        let negative = self.negative.iter().rev().map(|(index, count)| Bucket {
            lower: -scheme.upper(index),
            upper: -scheme.lower(index),
            count,
            bounds: Bound::Lower,
        });
        let zero = (self.zero_count != 0.0).then_some(Bucket {
            lower: -self.zero_threshold,
            upper: self.zero_threshold,
            count: self.zero_count,
            bounds: Bound::Both,
        });
        let positive = self.positive.iter().map(|(index, count)| Bucket {
            lower: scheme.lower(index),
            upper: scheme.upper(index),
            count,
            bounds: Bound::Upper,
        });
        negative.chain(zero).chain(positive)
    }

    /// The buckets as far as can be told where observations lie in them: the zero bucket reaches only to the side on
    /// which there are others, and with custom bounds the first one begins at zero when it ends above.
    pub(crate) fn likely_buckets(&self) -> impl DoubleEndedIterator<Item = Bucket> + '_ {
        let custom = self.has_custom_bounds();
        self.buckets().map(move |mut bucket| {
            if custom {
                if bucket.lower == f64::NEG_INFINITY && bucket.upper > 0.0 && bucket.upper.is_finite() {
                    bucket.lower = 0.0;
                }
            } else if bucket.bounds == Bound::Both {
                match (self.negative.is_empty(), self.positive.is_empty()) {
                    (true, false) => bucket.lower = 0.0,
                    (false, true) => bucket.upper = 0.0,
                    _ => {}
                }
            }
            bucket
        })
    }

    /// Whether observations within a bucket are taken to be spread evenly rather than by their logarithm.
    pub(crate) fn is_linear_in(&self, bucket: &Bucket) -> bool {
        self.has_custom_bounds() || bucket.bounds == Bound::Both
    }
}

impl Bucket {
    /// The share of an exponential bucket below `value`, which lies in it.
    pub(crate) fn logarithmic_share(&self, value: f64) -> f64 {
        let (lower, upper, value) = (self.lower.abs().log2(), self.upper.abs().log2(), value.abs().log2());
        if self.lower > 0.0 {
            (value - lower) / (upper - lower)
        } else {
            1.0 - (value - upper) / (lower - upper)
        }
    }

    /// The share of a bucket below `value`, which lies in it, with observations spread evenly.
    pub(crate) fn linear_share(&self, value: f64) -> f64 {
        (value - self.lower) / (self.upper - self.lower)
    }

    /// The value that stands for all observations in an exponential bucket.
    pub(crate) fn geometric_mean(&self) -> f64 {
        let mean = (self.lower * self.upper).sqrt();
        if self.upper <= 0.0 { -mean } else { mean }
    }
}
