//! Adding and subtracting.

use std::sync::Arc;

use super::{Amount, Histogram, ResetHint, Scheme};

/// What had to be done to add two histograms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// Their custom bounds differed; only those that both had were kept.
    pub reconciled: bool,
    /// One had restarted, the other had not.
    pub hints_collide: bool,
}

/// Histograms of which one has custom bounds and the other has not cannot be combined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("one histogram has custom bounds, the other has exponential ones")]
pub struct Incompatible;

impl<T: Amount> Histogram<T> {
    /// Adds another histogram. The result is as coarse as it must be: with the lower resolution, the wider zero bucket,
    /// the common bounds.
    ///
    /// # Errors
    /// See [`Incompatible`]; then nothing is changed.
    pub fn add(&mut self, other: &Self) -> Result<Added, Incompatible> {
        let hints_collide = matches!(
            (self.hint, other.hint),
            (ResetHint::Reset, ResetHint::NotReset) | (ResetHint::NotReset, ResetHint::Reset)
        );
        let mut other = other.clone();
        let reconciled = align(self, &mut other)?;
        self.hint = match (self.hint, other.hint) {
            (own, other) if own == other => own,
            (ResetHint::Gauge, _) | (_, ResetHint::Gauge) => ResetHint::Gauge,
            _ => ResetHint::Unknown,
        };
        self.zero_count.add(other.zero_count);
        self.count.add(other.count);
        self.sum.add(other.sum);
        self.positive.add(&other.positive);
        self.negative.add(&other.negative);
        Ok(Added { reconciled, hints_collide })
    }

    /// Subtracts another histogram. The result is a gauge.
    ///
    /// # Errors
    /// As [`Self::add`].
    pub fn subtract(&mut self, other: &Self) -> Result<Added, Incompatible> {
        let negative = other.convert(|amount| amount.scaled(-1.0));
        let added = self.add(&negative)?;
        self.hint = ResetHint::Gauge;
        Ok(added)
    }
}

/// Gives both the same buckets; tells whether custom bounds had to be reconciled.
pub(super) fn align<T: Amount>(a: &mut Histogram<T>, b: &mut Histogram<T>) -> Result<bool, Incompatible> {
    match (a.scheme.clone(), b.scheme.clone()) {
        (Scheme::Exponential(of_a), Scheme::Exponential(of_b)) => {
            while a.zero_threshold != b.zero_threshold {
                if a.zero_threshold < b.zero_threshold {
                    a.widen_zero(b.zero_threshold);
                } else if b.zero_threshold < a.zero_threshold {
                    b.widen_zero(a.zero_threshold);
                } else {
                    // NaN, which nothing can be widened to.
                    break;
                }
            }
            a.reduce(of_a.min(of_b));
            b.reduce(of_a.min(of_b));
            Ok(false)
        }
        (Scheme::Custom(of_a), Scheme::Custom(of_b)) if of_a == of_b => Ok(false),
        (Scheme::Custom(of_a), Scheme::Custom(of_b)) => {
            let common: Arc<[f64]> = of_a.iter().filter(|bound| of_b.contains(bound)).copied().collect();
            a.rebound(&common);
            b.rebound(&common);
            Ok(true)
        }
        _ => Err(Incompatible),
    }
}
