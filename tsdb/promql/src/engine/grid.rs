//! The times at which an expression is evaluated.

/// Evenly spaced times in milliseconds. An instant query has one, a subquery a grid of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Grid {
    start: i64,
    step: i64,
    len: usize,
}

impl Grid {
    /// One time.
    pub(crate) fn instant(at: i64) -> Self {
        Self { start: at, step: 0, len: 1 }
    }

    /// From `start` in steps of `step` milliseconds while not after `end`; none at all when the end lies before the start.
    pub(crate) fn range(start: i64, end: i64, step: i64) -> Self {
        let length = end.checked_sub(start).filter(|length| *length >= 0);
        let steps = length.and_then(|length| length.checked_div(step)).map(|steps| steps.saturating_add(1));
        Self { start, step, len: usize::try_from(steps.unwrap_or(0)).unwrap_or(usize::MAX) }
    }

    /// Its first time alone.
    pub(crate) fn first(&self) -> Self {
        Self::instant(self.start)
    }

    /// How many times there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The times in order.
    pub(crate) fn times(&self) -> impl ExactSizeIterator<Item = i64> + use<> {
        let Self { start, step, len } = *self;
        (0..len).map(move |i| start.saturating_add(step.saturating_mul(i64::try_from(i).unwrap_or(i64::MAX))))
    }

    /// Whether there is one time only, as in an instant query.
    pub(crate) fn is_instant(&self) -> bool {
        self.len == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_ends_at_or_before_its_end() {
        assert_eq!(Grid::range(-5, 6, 5).times().collect::<Vec<_>>(), [-5, 0, 5]);
        assert_eq!(Grid::range(3, 3, 5).times().collect::<Vec<_>>(), [3]);
        assert_eq!(Grid::range(3, 2, 5).len(), 0);
        assert_eq!(Grid::instant(7).times().collect::<Vec<_>>(), [7]);
    }
}
