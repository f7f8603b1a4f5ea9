//! Amounts by bucket index.

use super::Amount;

/// Amounts by bucket index, in order, each index once, none of them zero.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Buckets<T>(Vec<(i32, T)>);

impl<T> Default for Buckets<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Amount> FromIterator<(i32, T)> for Buckets<T> {
    fn from_iter<I: IntoIterator<Item = (i32, T)>>(buckets: I) -> Self {
        let mut buckets = Self(buckets.into_iter().collect());
        buckets.tidy();
        buckets
    }
}

impl<T: Amount> Buckets<T> {
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (i32, T)> + '_ {
        self.0.iter().copied()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn convert<U: Amount>(&self, of: impl Fn(T) -> U) -> Buckets<U> {
        self.iter().map(|(index, amount)| (index, of(amount))).collect()
    }

    /// Moves every bucket to another index; those that meet are added up.
    pub(crate) fn map_indices(&mut self, to: impl Fn(i32) -> i32) {
        for (index, _) in &mut self.0 {
            *index = to(*index);
        }
        self.tidy();
    }

    /// Removes buckets and gives their amounts.
    pub(crate) fn take(&mut self, wanted: impl Fn(i32) -> bool) -> Vec<T> {
        let taken = self.iter().filter(|(index, _)| wanted(*index)).map(|(_, amount)| amount).collect();
        self.0.retain(|(index, _)| !wanted(*index));
        taken
    }

    /// Adds the amounts of others.
    pub(crate) fn add(&mut self, others: &Self) {
        self.0.extend(others.iter());
        self.tidy();
    }

    /// Whether both have the same buckets, amounts compared by `same`.
    pub(crate) fn matches(&self, other: &Self, same: impl Fn(T, T) -> bool) -> bool {
        self.0.len() == other.0.len()
            && self.iter().zip(other.iter()).all(|(a, b)| a.0 == b.0 && same(a.1, b.1))
    }

    /// Whether any bucket has less than in `before`.
    pub(crate) fn any_less(&self, before: &Self) -> bool
    where
        T: PartialOrd,
    {
        let mut now = self.iter().peekable();
        before.iter().any(|(index, amount)| {
            while now.next_if(|(own, _)| *own < index).is_some() {}
            now.next_if(|(own, _)| *own == index).map_or_else(T::default, |(_, own)| own) < amount
        })
    }

    fn tidy(&mut self) {
        // Stable, so that amounts meet in the order in which they came.
        self.0.sort_by_key(|(index, _)| *index);
        self.0.dedup_by(|(next, amount), (kept, into)| {
            let same = next == kept;
            if same {
                into.add(*amount);
            }
            same
        });
        self.0.retain(|(_, amount)| !amount.is_zero());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_that_meet_are_added_and_empty_ones_go() {
        let mut buckets: Buckets<f64> = [(3, 1.0), (1, 2.0), (2, 0.0), (4, 5.0)].into_iter().collect();
        buckets.map_indices(|index| (index - 1) / 2);
        assert_eq!(buckets.iter().collect::<Vec<_>>(), [(0, 2.0), (1, 6.0)]);
        buckets.add(&[(1, -6.0)].into_iter().collect());
        assert_eq!(buckets.iter().collect::<Vec<_>>(), [(0, 2.0)]);
    }
}
