//! The numbers a histogram counts with.

use crate::engine::stats::Sum;

/// A number that can be added up: a float, or a sum that carries its rounding error along.
pub trait Amount: Copy + Default + PartialEq {
    /// Adds another amount.
    fn add(&mut self, other: Self);
    /// This amount times a factor.
    #[must_use]
    fn scaled(self, factor: f64) -> Self;
    /// This amount divided.
    #[must_use]
    fn divided(self, divisor: f64) -> Self;
    /// Whether it is as large as a float can be.
    fn is_infinite(self) -> bool;
    /// Whether nothing was counted.
    fn is_zero(self) -> bool {
        self == Self::default()
    }
}

impl Amount for f64 {
    fn add(&mut self, other: Self) {
        *self += other;
    }

    fn scaled(self, factor: f64) -> Self {
        self * factor
    }

    fn divided(self, divisor: f64) -> Self {
        self / divisor
    }

    fn is_infinite(self) -> bool {
        self.is_infinite()
    }
}

impl Amount for Sum {
    fn add(&mut self, other: Self) {
        self.join(other);
    }

    fn scaled(self, factor: f64) -> Self {
        self.map(|part| part * factor)
    }

    fn divided(self, divisor: f64) -> Self {
        self.map(|part| part / divisor)
    }

    fn is_infinite(self) -> bool {
        self.total().is_infinite()
    }
}
