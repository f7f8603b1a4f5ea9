//! Whether the counter behind a histogram restarted.

use super::add::align;
use super::{FloatHistogram, ResetHint, Scheme};

impl FloatHistogram {
    /// Whether a counter restarted between `previous` and this sample: because its hint says so or, without a telling
    /// hint, because any of its amounts decreased or its buckets became finer.
    pub fn is_reset_since(&self, previous: &Self) -> bool {
        match self.hint {
            ResetHint::Reset => return true,
            ResetHint::NotReset => return false,
            ResetHint::Unknown | ResetHint::Gauge => {}
        }
        self.has_decreased_since(previous)
    }

    /// As [`Self::is_reset_since`], without a look at the hint.
    pub(crate) fn has_decreased_since(&self, previous: &Self) -> bool {
        if self.count < previous.count {
            return true;
        }
        let (mut current, mut previous) = (self.clone(), previous.clone());
        if let (Scheme::Exponential(own), Scheme::Exponential(before)) = (&current.scheme, &previous.scheme) {
            if own > before || current.zero_threshold < previous.zero_threshold {
                return true;
            }
            previous.widen_zero(current.zero_threshold);
            if previous.zero_threshold != current.zero_threshold || current.zero_count < previous.zero_count {
                return true;
            }
        }
        if align(&mut current, &mut previous).is_err() {
            return true;
        }
        let decreased = |now: &super::Buckets<f64>, before: &super::Buckets<f64>| {
            before.iter().any(|(index, count)| now.get(index) < count)
        };
        decreased(&current.positive, &previous.positive) || decreased(&current.negative, &previous.negative)
    }
}
