//! Sums, means, variances and quantiles, with the rounding of Prometheus.

/// A sum that carries the rounding error along (Kahan's algorithm as improved by Neumaier).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Sum {
    sum: f64,
    compensation: f64,
}

impl Sum {
    pub(crate) fn add(&mut self, value: f64) {
        let total = self.sum + value;
        if total.is_infinite() {
            // The error of an infinite sum would be NaN and spoil it.
            self.compensation = 0.0;
        } else if self.sum.abs() >= value.abs() {
            self.compensation += (self.sum - total) + value;
        } else {
            self.compensation += (value - total) + self.sum;
        }
        self.sum = total;
    }

    pub(crate) fn total(self) -> f64 {
        self.sum + self.compensation
    }

    /// Adds another sum with its error.
    pub(crate) fn join(&mut self, other: Self) {
        self.add(other.sum);
        self.compensation += other.compensation;
    }

    /// Changes the sum and its error alike.
    pub(crate) fn map(self, of: impl Fn(f64) -> f64) -> Self {
        Self { sum: of(self.sum), compensation: of(self.compensation) }
    }
}

impl From<f64> for Sum {
    fn from(sum: f64) -> Self {
        Self { sum, compensation: 0.0 }
    }
}

/// The sum of `values`.
pub fn sum(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut sum = Sum::default();
    for value in values {
        sum.add(value);
    }
    sum.total()
}

/// A mean in the making: a sum, until that would overflow and is replaced by a running mean.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mean {
    sum: Sum,
    count: f64,
    /// `sum` is the mean itself.
    running: bool,
}

impl Mean {
    pub(crate) fn add(&mut self, value: f64) {
        if self.running {
            return self.run(value);
        }
        let mut next = self.sum;
        next.add(value);
        if next.sum.is_infinite() && self.count > 0.0 {
            self.running = true;
            self.sum = self.sum.map(|part| part / self.count);
            return self.run(value);
        }
        (self.sum, self.count) = (next, self.count + 1.0);
    }

    fn run(&mut self, value: f64) {
        self.count += 1.0;
        let mean = self.sum.sum;
        let stays_infinite = mean.is_infinite()
            && if value.is_infinite() { (mean > 0.0) == (value > 0.0) } else { !value.is_nan() };
        if !stays_infinite {
            let share = (self.count - 1.0) / self.count;
            self.sum = self.sum.map(|part| part * share);
            self.sum.add(value / self.count);
        }
    }

    /// The mean so far; NaN of nothing.
    pub(crate) fn value(self) -> f64 {
        match self.running {
            true => self.sum.total(),
            false => self.sum.sum / self.count + self.sum.compensation / self.count,
        }
    }
}

/// The mean of `values`; NaN without any.
pub(crate) fn mean(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut mean = Mean::default();
    values.into_iter().for_each(|value| mean.add(value));
    mean.value()
}

/// A population variance in the making, by Welford's method; NaN when the first value is not finite.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Variance {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Variance {
    pub(crate) fn add(&mut self, value: f64) {
        self.count += 1.0;
        if self.count == 1.0 {
            self.mean = value;
            self.squares = if value.is_finite() { 0.0 } else { f64::NAN };
        } else {
            let delta = value - self.mean;
            self.mean += delta / self.count;
            self.squares += delta * (value - self.mean);
        }
    }

    /// The variance so far; NaN of nothing.
    pub(crate) fn value(self) -> f64 {
        self.squares / self.count
    }
}

/// The population variance of `values`, as of [`Variance`].
pub(crate) fn variance(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut variance = Variance::default();
    values.into_iter().for_each(|value| variance.add(value));
    variance.value()
}

/// The population variance, with compensated sums.
pub(crate) fn compensated_variance(values: impl IntoIterator<Item = f64>) -> f64 {
    let (mut mean, mut squares) = (Sum::default(), Sum::default());
    let mut count = 0.0;
    for value in values {
        count += 1.0;
        let delta = value - mean.total();
        mean.add(delta / count);
        squares.add(delta * (value - mean.total()));
    }
    squares.total() / count
}

/// The larger, or the smaller, of the values; numbers win against NaN. `None` without any.
pub fn extreme(values: impl IntoIterator<Item = f64>, better: fn(&f64, &f64) -> bool) -> Option<f64> {
    values.into_iter().reduce(|best, value| if better(&value, &best) || best.is_nan() { value } else { best })
}

/// The φ-quantile, interpolated between neighbours. NaN counts as smaller than every number. Sorts the values.
pub(crate) fn quantile(phi: f64, values: &mut [f64]) -> f64 {
    if values.is_empty() || phi.is_nan() {
        return f64::NAN;
    }
    if phi < 0.0 {
        return f64::NEG_INFINITY;
    }
    if phi > 1.0 {
        return f64::INFINITY;
    }
    values.sort_by(|a, b| match (a.is_nan(), b.is_nan()) {
        (true, true) => std::cmp::Ordering::Equal,
        (true, false) => std::cmp::Ordering::Less,
        (false, true) => std::cmp::Ordering::Greater,
        (false, false) => a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal),
    });
    let rank = phi * (values.len() - 1) as f64;
    let lower = rank.floor() as usize;
    let upper = (lower + 1).min(values.len() - 1);
    let weight = rank - rank.floor();
    let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
    at(lower) * (1.0 - weight) + at(upper) * weight
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_keep_what_plain_addition_loses() {
        assert_eq!(sum([1e100, 1.0, -1e100]), 1.0);
        assert_eq!(sum([f64::INFINITY, 1.0]), f64::INFINITY);
        assert!(sum([f64::INFINITY, f64::NEG_INFINITY]).is_nan());
    }

    #[test]
    fn a_mean_does_not_overflow() {
        assert_eq!(mean([f64::MAX, f64::MAX]), f64::MAX);
        assert_eq!(mean([1.0, 2.0]), 1.5);
        assert_eq!(mean([1.0, f64::INFINITY]), f64::INFINITY);
        assert_eq!(mean([f64::INFINITY, 1.0]), f64::INFINITY);
        assert!(mean([f64::INFINITY, f64::NEG_INFINITY]).is_nan());
    }

    #[test]
    fn quantiles_interpolate_between_neighbours() {
        assert_eq!(quantile(0.5, &mut [4.0, 1.0]), 2.5);
        assert!(quantile(0.0, &mut [4.0, 1.0, f64::NAN]).is_nan());
        assert_eq!(quantile(-1.0, &mut [1.0]), f64::NEG_INFINITY);
        assert!(quantile(0.5, &mut []).is_nan());
    }

    #[test]
    fn both_variances_agree_on_plain_data() {
        let data = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0];
        assert_eq!(variance(data), 4.0);
        assert!((compensated_variance(data) - 4.0).abs() < 1e-12);
    }
}
