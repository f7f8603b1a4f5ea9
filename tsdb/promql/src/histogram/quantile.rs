//! Quantiles, and the share of the observations between two values.

use super::FloatHistogram;

/// A quantile, and what NaN observations did to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Quantile {
    /// As it should be.
    Exact(f64),
    /// NaN observations count as the highest ones, so it is higher than without them.
    Skewed(f64),
    /// It lies among the NaN observations.
    Lost,
}

impl FloatHistogram {
    /// The φ-quantile, interpolated within its bucket.
    ///
    /// It is searched from the nearer end, so that quantiles of both ends have the same precision.
    pub(crate) fn quantile(&self, phi: f64) -> Quantile {
        if phi < 0.0 {
            return Quantile::Exact(f64::NEG_INFINITY);
        }
        if phi > 1.0 {
            return Quantile::Exact(f64::INFINITY);
        }
        if self.count == 0.0 || phi.is_nan() {
            return Quantile::Exact(f64::NAN);
        }
        let has_nan = self.sum.is_nan();
        let from_below = has_nan || phi < 0.5;
        let rank = if from_below { phi } else { 1.0 - phi } * self.count;
        let mut seen = 0.0;
        let mut reached = None;
        let mut visit = |bucket: super::Bucket| {
            seen += bucket.count;
            reached = Some(bucket);
            seen >= rank
        };
        if from_below {
            self.likely_buckets().any(&mut visit);
        } else {
            self.likely_buckets().rev().any(&mut visit);
        }
        let result = |value| if has_nan { Quantile::Skewed(value) } else { Quantile::Exact(value) };
        let Some(bucket) = reached else {
            return if has_nan { Quantile::Lost } else { Quantile::Exact(f64::NAN) };
        };
        let seen = seen.min(self.count);
        if seen < rank && has_nan {
            return Quantile::Lost;
        }
        if self.has_custom_bounds() {
            // Of a bucket without end only the other end is known.
            if bucket.lower == f64::NEG_INFINITY {
                return result(bucket.upper);
            }
            if bucket.upper == f64::INFINITY {
                return result(bucket.lower);
            }
        }
        if seen < rank {
            return result(bucket.upper);
        }
        let within = if from_below { rank - (seen - bucket.count) } else { seen - rank };
        let share = within / bucket.count;
        if self.is_linear_in(&bucket) {
            return result(bucket.lower + (bucket.upper - bucket.lower) * share);
        }
        let (lower, upper) = (bucket.lower.abs().log2(), bucket.upper.abs().log2());
        result(if bucket.lower > 0.0 {
            (lower + (upper - lower) * share).exp2()
        } else {
            -(upper + (lower - upper) * (1.0 - share)).exp2()
        })
    }

    /// The share of the observations between two values, interpolated within buckets. NaN observations are in none.
    pub fn fraction(&self, lower: f64, upper: f64) -> f64 {
        if self.count == 0.0 || lower.is_nan() || upper.is_nan() {
            return f64::NAN;
        }
        if lower >= upper {
            return 0.0;
        }
        (self.rank_of(upper) - self.rank_of(lower)) / self.count
    }

    /// How many observations lie below a value.
    fn rank_of(&self, value: f64) -> f64 {
        let mut rank = 0.0;
        for bucket in self.likely_buckets() {
            if bucket.lower >= value {
                return rank;
            }
            if bucket.upper > value {
                let share = if bucket.lower == f64::NEG_INFINITY {
                    // Nothing is known about where they lie; all of them count as passed.
                    1.0
                } else if self.is_linear_in(&bucket) {
                    bucket.linear_share(value)
                } else {
                    bucket.logarithmic_share(value)
                };
                return (rank + bucket.count * share).min(self.count);
            }
            rank += bucket.count;
        }
        if self.sum.is_nan() { rank } else { self.count }
    }
}
