//! Mean and variance.

use super::FloatHistogram;
use crate::engine::stats::Sum;

impl FloatHistogram {
    /// The mean of the observations; NaN without any.
    pub fn mean(&self) -> f64 {
        self.sum / self.count
    }

    /// The estimated variance of the observations: each bucket counts as if all its observations were at its middle.
    pub fn variance(&self) -> f64 {
        let mean = self.mean();
        let mut squares = Sum::default();
        for bucket in self.buckets() {
            let middle = if self.has_custom_bounds() {
                (bucket.lower + bucket.upper) / 2.0
            } else if self.is_linear_in(&bucket) {
                0.0
            } else {
                bucket.geometric_mean()
            };
            let distance = middle - mean;
            squares.add(bucket.count * distance * distance);
        }
        squares.total() / self.count
    }
}
