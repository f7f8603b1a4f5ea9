//! The part of a histogram on one side of a value.

use super::{Bound, Bucket, FloatHistogram};

/// Which side of a value is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// What lies below, `</`.
    Below,
    /// What lies above, `>/`.
    Above,
}

/// What is left of a bucket: how many observations, and the value that stands for them.
struct Part {
    count: f64,
    middle: f64,
}

impl FloatHistogram {
    /// The observations on one side of `value`.
    ///
    /// A bucket that the value lies in is split by interpolation; of buckets without end nothing is known, and none of
    /// their observations count as on the side of that end. Once anything is cut off, count and sum are estimated anew.
    #[must_use]
    pub fn trimmed(&self, keep: Keep, value: f64) -> Self {
        let part = |bucket: &Bucket| self.part(bucket, keep, value);
        let before = || self.likely_buckets();
        let parts: Vec<Part> = before().map(|bucket| part(&bucket)).collect();
        if before().zip(&parts).all(|(bucket, part)| bucket.count == part.count) {
            return self.clone();
        }
        let mut counts = parts.iter().map(|part| part.count);
        let mut trimmed = self.clone();
        let negative: Vec<i32> = self.negative.iter().rev().map(|(index, _)| index).collect();
        trimmed.negative = negative.into_iter().zip(&mut counts).collect();
        if self.zero_count != 0.0 {
            trimmed.zero_count = counts.next().unwrap_or_default();
        }
        trimmed.positive = self.positive.iter().map(|(index, _)| index).zip(counts).collect();
        trimmed.count = parts.iter().map(|part| part.count).sum();
        let kept = parts.iter().filter(|part| part.count != 0.0);
        trimmed.sum = kept.map(|part| part.count * part.middle).sum();
        trimmed
    }

    fn part(&self, bucket: &Bucket, keep: Keep, value: f64) -> Part {
        let whole = |bucket: Bucket| Part { count: bucket.count, middle: self.middle(&bucket) };
        let nothing = Part { count: 0.0, middle: 0.0 };
        match keep {
            Keep::Below if bucket.upper <= value => whole(*bucket),
            Keep::Above if self.begins_at(bucket) >= value => whole(*bucket),
            Keep::Below if bucket.lower >= value => nothing,
            Keep::Above if bucket.upper <= value => nothing,
            // The value lies within a bucket without end.
            Keep::Below if bucket.upper == f64::INFINITY => nothing,
            Keep::Above if self.begins_at(bucket) == f64::NEG_INFINITY && value <= bucket.lower.min(0.0) => {
                if bucket.lower == value {
                    whole(*bucket)
                } else {
                    nothing
                }
            }
            Keep::Above if bucket.lower == f64::NEG_INFINITY => nothing,
            Keep::Below if bucket.lower == f64::NEG_INFINITY => Part { count: bucket.count, middle: value },
            Keep::Above if bucket.upper == f64::INFINITY => Part { count: bucket.count, middle: value },
            _ => {
                let below = if self.is_linear_in(bucket) {
                    bucket.linear_share(value)
                } else {
                    bucket.logarithmic_share(value)
                };
                let (share, rest) = match keep {
                    Keep::Below => (below, Bucket { upper: value, ..*bucket }),
                    Keep::Above => (1.0 - below, Bucket { lower: value, ..*bucket }),
                };
                Part { count: bucket.count * share, middle: self.middle(&rest) }
            }
        }
    }

    /// Where a bucket really begins: that the first custom one begins at zero is only a guess.
    fn begins_at(&self, bucket: &Bucket) -> f64 {
        let first = self.scheme.custom_bounds().first();
        if self.has_custom_bounds() && first.is_none_or(|first| bucket.upper == *first) {
            f64::NEG_INFINITY
        } else {
            bucket.lower
        }
    }

    /// The value that stands for all observations in a bucket, or in a part of one.
    fn middle(&self, bucket: &Bucket) -> f64 {
        if bucket.lower == f64::NEG_INFINITY {
            bucket.upper
        } else if bucket.upper == f64::INFINITY {
            bucket.lower
        } else if self.has_custom_bounds() || bucket.bounds == Bound::Both {
            (bucket.lower + bucket.upper) / 2.0
        } else {
            bucket.geometric_mean()
        }
    }
}
