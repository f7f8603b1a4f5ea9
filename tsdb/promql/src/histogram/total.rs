//! The sum, or the mean, of many histograms.

use super::{FloatHistogram, Histogram, Incompatible, ResetHint};
use crate::engine::stats::Sum;

/// What many histograms are folded into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    /// All observations of all of them.
    Sum,
    /// The same, divided by how many histograms there were.
    Mean,
}

/// Histograms added up with compensated sums.
#[derive(Debug)]
pub(crate) struct Total {
    goal: Goal,
    total: Histogram<Sum>,
    histograms: f64,
    /// The total is a running mean, since the sum would be too large.
    is_mean: bool,
    /// Custom bounds had to be reconciled.
    pub(crate) reconciled: bool,
    reset: bool,
    not_reset: bool,
}

impl Total {
    pub(crate) fn new(goal: Goal, first: &FloatHistogram) -> Self {
        let mut total = Self {
            goal,
            total: first.convert(Sum::from),
            histograms: 1.0,
            is_mean: false,
            reconciled: false,
            reset: false,
            not_reset: false,
        };
        total.see(first.hint);
        total
    }

    pub(crate) fn add(&mut self, histogram: &FloatHistogram) -> Result<(), Incompatible> {
        self.histograms += 1.0;
        self.see(histogram.hint);
        if !self.is_mean {
            let mut sum = self.total.clone();
            self.reconciled |= sum.add(&histogram.convert(Sum::from))?.reconciled;
            if self.goal == Goal::Sum || !sum.has_overflown() {
                self.total = sum;
                return Ok(());
            }
            self.is_mean = true;
            self.total = self.total.divided(self.histograms - 1.0);
        }
        self.total = self.total.scaled((self.histograms - 1.0) / self.histograms);
        let share = histogram.divided(self.histograms).convert(Sum::from);
        self.reconciled |= self.total.add(&share)?.reconciled;
        Ok(())
    }

    /// Some had restarted, others had not.
    pub(crate) fn hints_collide(&self) -> bool {
        self.reset && self.not_reset
    }

    pub(crate) fn finish(self) -> FloatHistogram {
        let divides = self.goal == Goal::Mean && !self.is_mean;
        let total = if divides { self.total.divided(self.histograms) } else { self.total };
        total.convert(Sum::total)
    }

    fn see(&mut self, hint: ResetHint) {
        self.reset |= hint == ResetHint::Reset;
        self.not_reset |= hint == ResetHint::NotReset;
    }
}
