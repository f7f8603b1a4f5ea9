//! Where the bounds of buckets lie.

use std::sync::Arc;

/// Where the bounds of buckets lie.
#[derive(Clone, Debug, PartialEq)]
pub enum Scheme {
    /// At powers of two to the power of two to the minus this, which is -4 to 8: bucket 0 ends at 1.
    Exponential(i8),
    /// At these upper bounds, ascending; a last bucket up to +Inf is implied. Bucket 0 begins at -Inf.
    Custom(Arc<[f64]>),
}

/// Prometheus's number for custom bounds.
const CUSTOM: i8 = -53;

impl Scheme {
    /// Prometheus's number for it.
    pub fn schema(&self) -> i8 {
        match self {
            Self::Exponential(schema) => *schema,
            Self::Custom(_) => CUSTOM,
        }
    }

    /// The bounds of a custom scheme, none for others.
    pub fn custom_bounds(&self) -> &[f64] {
        match self {
            Self::Exponential(_) => &[],
            Self::Custom(bounds) => bounds,
        }
    }

    /// Where the bucket ends, inclusive.
    pub fn upper(&self, index: i32) -> f64 {
        match self {
            Self::Exponential(schema) => power(*schema, index),
            Self::Custom(bounds) => usize::try_from(index)
                .map_or(f64::NEG_INFINITY, |index| bounds.get(index).copied().unwrap_or(f64::INFINITY)),
        }
    }

    /// Where the bucket begins, exclusive.
    pub fn lower(&self, index: i32) -> f64 {
        self.upper(index.saturating_sub(1))
    }
}

/// `2^(index · 2^-schema)`; the last bound before infinity is the largest float.
fn power(schema: i8, index: i32) -> f64 {
    let resolution = f64::from(schema).exp2();
    let exponent = f64::from(index) / resolution;
    let whole = exponent.floor();
    if whole == 1024.0 && exponent == whole {
        return f64::MAX;
    }
    // Whole powers of two come out exactly this way.
    (exponent - whole).exp2() * whole.exp2()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_grow_by_the_resolution() {
        assert_eq!([-1, 0, 1, 2].map(|index| Scheme::Exponential(0).upper(index)), [0.5, 1.0, 2.0, 4.0]);
        assert_eq!(Scheme::Exponential(-1).upper(2), 16.0);
        assert!((Scheme::Exponential(2).upper(1) - 2.0_f64.powf(0.25)).abs() < 1e-15);
        assert_eq!(Scheme::Exponential(0).upper(1024), f64::MAX);
        assert_eq!(Scheme::Exponential(0).upper(1025), f64::INFINITY);
        assert_eq!(Scheme::Exponential(0).lower(-1073), f64::from_bits(1));
    }

    #[test]
    fn custom_bounds_are_open_at_both_ends() {
        let scheme = Scheme::Custom([5.0, 10.0].into());
        assert_eq!((scheme.lower(0), scheme.upper(0)), (f64::NEG_INFINITY, 5.0));
        assert_eq!((scheme.lower(2), scheme.upper(2)), (10.0, f64::INFINITY));
    }
}
