//! The order in which a source names its series, which hardly ever changes from one push to the next.

use super::SeriesRef;

/// How far ahead in the order of the last push a series is looked for, when some have gone.
const LOOK_AHEAD: usize = 64;

/// Where one push is in the order of the one before it.
#[derive(Default)]
pub(super) struct Order {
    last: Vec<SeriesRef>,
    now: Vec<SeriesRef>,
    next: usize,
    changed: bool,
}

impl Order {
    /// A walk along the order of the last push.
    pub(super) fn new(last: Vec<SeriesRef>) -> Self {
        Self { now: Vec::with_capacity(last.len()), last, next: 0, changed: false }
    }

    /// The series that came next the last time.
    pub(super) fn guess(&self) -> Option<SeriesRef> {
        self.last.get(self.next).copied()
    }

    /// Takes note of the series that did come.
    pub(super) fn take(&mut self, series: SeriesRef) {
        self.now.push(series);
        if self.guess() == Some(series) {
            self.next += 1;
            return;
        }
        self.changed = true;
        let ahead = self.last.iter().skip(self.next).take(LOOK_AHEAD).position(|&known| known == series);
        self.next += ahead.map_or(0, |skipped| skipped + 1);
    }

    /// The order for the next push.
    pub(super) fn finish(self) -> Vec<SeriesRef> {
        if self.changed || self.next < self.last.len() { self.now } else { self.last }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many guesses are right when the second order is pushed after the first.
    #[track_caller]
    fn check(first: &[u32], second: &[u32], right: usize) {
        let refs = |numbers: &[u32]| numbers.iter().copied().map(SeriesRef).collect::<Vec<_>>();
        let mut order = Order::new(refs(first));
        let mut hits = 0;
        for series in refs(second) {
            hits += usize::from(order.guess() == Some(series));
            order.take(series);
        }
        assert_eq!(hits, right);
        assert_eq!(order.finish(), refs(second));
    }

    #[test]
    fn a_change_of_order_costs_guesses_only_where_it_is() {
        check(&[], &[1, 2, 3], 0);
        check(&[1, 2, 3], &[1, 2, 3], 3);
        check(&[1, 2, 3, 4], &[1, 2, 9, 3, 4], 4);
        check(&[1, 2, 3, 4, 5, 6], &[1, 4, 5, 6], 3);
        check(&[1, 2, 3], &[1, 2], 2);
        check(&[1, 2], &[1, 2, 3], 2);
    }
}
