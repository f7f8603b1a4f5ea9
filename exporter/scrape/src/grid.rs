//! When to collect or to scrape: at whole multiples of the interval, or so much after each of them.

use std::time::Duration;

use crowsnest_api::Timestamp;

/// The interval, at least one millisecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    interval_ms: i64,
}

/// What to do after waking up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// Collect, with this time.
    Collect(Timestamp),
    /// The clock was set, or the machine slept: plan again.
    Replan,
}

impl Grid {
    /// A grid of `interval`; `None` if that is shorter than a millisecond.
    pub fn new(interval: Duration) -> Option<Self> {
        let interval_ms = i64::try_from(interval.as_millis()).ok().filter(|&ms| ms > 0)?;
        Some(Self { interval_ms })
    }

    /// The next time to collect: the first multiple of the interval after `now`.
    pub fn after(self, now: Timestamp) -> Timestamp {
        let since = now.millis().rem_euclid(self.interval_ms);
        now.plus_millis(self.interval_ms - since)
    }

    /// The next time that is `offset` after a multiple of the interval.
    pub fn after_offset(self, now: Timestamp, offset: Duration) -> Timestamp {
        self.after(now.minus(offset)).plus(offset)
    }

    /// What to do at `now`, having slept until `due`. Up to half an interval late is a busy machine; more, or early by
    /// more than a clock drifts in one interval, is a clock that was set.
    pub fn wake(self, due: Timestamp, now: Timestamp) -> Wake {
        let late = now.millis().saturating_sub(due.millis());
        let early = -late;
        if late <= self.interval_ms / 2 && early <= self.interval_ms / 10 {
            Wake::Collect(due)
        } else {
            Wake::Replan
        }
    }

    /// How many points of the grid lie between two others.
    pub fn points_between(self, earlier: Timestamp, later: Timestamp) -> u64 {
        let steps = later.millis().saturating_sub(earlier.millis()) / self.interval_ms;
        u64::try_from(steps - 1).unwrap_or(0)
    }

    /// The interval.
    pub fn interval(self) -> Duration {
        Duration::from_millis(self.interval_ms.unsigned_abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    #[test]
    fn collections_are_due_at_multiples_of_the_interval() {
        let grid = Grid::new(Duration::from_secs(15)).unwrap();
        for (now, due) in [(0, 15_000), (14_999, 15_000), (15_000, 30_000), (-1, 0)] {
            assert_eq!(grid.after(at(now)), at(due), "{now}");
        }
        assert_eq!(grid.after_offset(at(15_000), Duration::from_secs(4)), at(19_000));
        assert_eq!(grid.after_offset(at(19_000), Duration::from_secs(4)), at(34_000));
        assert_eq!(Grid::new(Duration::ZERO), None);
    }

    #[test]
    fn skipped_points_are_counted() {
        let grid = Grid::new(Duration::from_secs(10)).unwrap();
        assert_eq!(grid.points_between(at(10_000), at(20_000)), 0);
        assert_eq!(grid.points_between(at(10_000), at(50_000)), 3);
        assert_eq!(grid.points_between(at(50_000), at(10_000)), 0);
    }

    #[test]
    fn a_late_collection_keeps_its_time_and_a_clock_that_was_set_does_not() {
        let grid = Grid::new(Duration::from_secs(10)).unwrap();
        let due = at(100_000);
        for now in [99_999, 100_000, 100_900, 105_000] {
            assert_eq!(grid.wake(due, at(now)), Wake::Collect(due), "{now}");
        }
        for now in [0, 90_000, 106_000, 4_000_000] {
            assert_eq!(grid.wake(due, at(now)), Wake::Replan, "{now}");
        }
    }
}
