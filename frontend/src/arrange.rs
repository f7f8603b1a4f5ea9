//! Sorting, once for all types. The standard library's sorts are compiled anew for every type and order, to some kilobytes each; a page
//! has twenty of them and must be small. Here one sort of numbers serves all, and what is sorted is moved to its places afterwards.

use std::cmp::Ordering;

/// Stable sorting, as the standard library's methods of similar names do it.
pub(crate) trait Arrange<T> {
    /// In the order that `compare` gives.
    fn arrange_by(&mut self, compare: impl FnMut(&T, &T) -> Ordering);

    /// In the order of a key.
    fn arrange_by_key<K: Ord>(&mut self, key: impl FnMut(&T) -> K);

    /// In their own order.
    fn arrange(&mut self)
    where
        T: Ord;
}

impl<T> Arrange<T> for [T] {
    fn arrange_by(&mut self, mut compare: impl FnMut(&T, &T) -> Ordering) {
        let mut places = places(self.len(), &mut |a, b| match (self.get(a), self.get(b)) {
            (Some(a), Some(b)) => compare(a, b),
            // Both are within.
            _ => Ordering::Equal,
        });
        for at in 0..self.len() {
            // Each swap brings one to its place.
            while let Some(place) = places.get(at).copied().filter(|place| *place != at) {
                self.swap(at, place);
                places.swap(at, place);
            }
        }
    }

    fn arrange_by_key<K: Ord>(&mut self, mut key: impl FnMut(&T) -> K) {
        self.arrange_by(|a, b| key(a).cmp(&key(b)));
    }

    fn arrange(&mut self)
    where
        T: Ord,
    {
        self.arrange_by(T::cmp);
    }
}

/// Where each of `len` things belongs.
fn places(len: usize, compare: &mut dyn FnMut(usize, usize) -> Ordering) -> Vec<usize> {
    let mut order: Vec<usize> = (0..len).collect();
    order.sort_by(|a, b| compare(*a, *b));
    let mut places = vec![0; len];
    for (place, from) in order.into_iter().enumerate() {
        if let Some(slot) = places.get_mut(from) {
            *slot = place;
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_are_arranged_as_the_standard_library_sorts_them() {
        let mut seed = 7_u32;
        for len in 0..200 {
            let mut random = || {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                seed >> 28
            };
            let things: Vec<(u32, usize)> = (0..len).map(|at| (random(), at)).collect();
            let (mut ours, mut theirs) = (things.clone(), things.clone());
            ours.arrange_by_key(|thing| thing.0);
            theirs.sort_by_key(|thing| thing.0);
            assert_eq!(ours, theirs);
            ours.arrange_by(|a, b| b.cmp(a));
            theirs.sort_by(|a, b| b.cmp(a));
            assert_eq!(ours, theirs);
            ours.arrange();
            assert!(ours.is_sorted());
        }
    }
}
