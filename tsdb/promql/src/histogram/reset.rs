//! Whether the counter behind a histogram restarted.

use super::add::align;
use super::{FloatHistogram, ResetHint, Scheme};

impl FloatHistogram {
    /// What is to be said about restarts before this sample, when `before` is the sample right before it and a histogram.
    ///
    /// As Prometheus answers, which looks at how its chunks begin: a counter that goes on has not restarted, and of all
    /// others nothing is known, whatever their sender said.
    pub fn hint_after(&self, before: Option<&Self>) -> ResetHint {
        let goes_on = |before: &Self| {
            self.hint != ResetHint::Reset
                && before.hint != ResetHint::Gauge
                && !before.is_stale()
                && before.scheme == self.scheme
                && before.zero_threshold == self.zero_threshold
                && !self.has_decreased_since(before)
        };
        match before {
            _ if self.hint == ResetHint::Gauge => ResetHint::Gauge,
            Some(before) if goes_on(before) => ResetHint::NotReset,
            _ => ResetHint::Unknown,
        }
    }

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
        if self.scheme == previous.scheme && self.zero_threshold == previous.zero_threshold {
            // Nearly all are laid out as the one before.
            return self.zero_count < previous.zero_count
                || self.positive.any_less(&previous.positive)
                || self.negative.any_less(&previous.negative);
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
        current.positive.any_less(&previous.positive) || current.negative.any_less(&previous.negative)
    }
}
