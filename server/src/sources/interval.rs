//! The interval at which a source pushes, learnt from its timestamps.

use std::time::Duration;

use crowsnest_api::Timestamp;

/// What is taken for the interval until two pushes have been seen: the longest that is common, for to call a source
/// silent that is merely slow would be worse than to do so late.
const USUAL: Duration = Duration::from_secs(60);
/// The shortest and the longest interval that is believed.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(3600);
/// Gaps that are remembered. The median of five forgets one outlier, and two.
const GAPS: usize = 5;

/// The last gaps between the newest timestamps of pushes; their median is the interval.
#[derive(Debug)]
pub(super) struct Interval {
    gaps: Vec<Duration>,
    current: Duration,
}

impl Default for Interval {
    fn default() -> Self {
        Self { gaps: Vec::new(), current: USUAL }
    }
}

impl Interval {
    /// An interval that was learnt before.
    pub(super) fn of(known: Duration) -> Self {
        let current = known.clamp(SHORTEST, LONGEST);
        Self { gaps: vec![current], current }
    }

    /// The interval.
    pub(super) fn get(&self) -> Duration {
        self.current
    }

    /// Learns from the newest timestamps of two pushes; says whether the interval is now a good deal different. A
    /// push of the same or an earlier moment teaches nothing.
    pub(super) fn learn(&mut self, before: Timestamp, after: Timestamp) -> bool {
        let Ok(gap @ 1..) = u64::try_from(after.millis().saturating_sub(before.millis())) else {
            return false;
        };
        if self.gaps.len() >= GAPS {
            self.gaps.remove(0);
        }
        self.gaps.push(Duration::from_millis(gap).clamp(SHORTEST, LONGEST));
        let mut sorted = self.gaps.clone();
        sorted.sort_unstable();
        let median = sorted.get(sorted.len() / 2).copied().unwrap_or(USUAL);
        let changed = median.abs_diff(self.current) > self.current / 5;
        self.current = median;
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(times: &[i64], expected: u64) {
        let mut interval = Interval::default();
        for pair in times.windows(2) {
            interval.learn(Timestamp::from_millis(pair[0] * 1000), Timestamp::from_millis(pair[1] * 1000));
        }
        assert_eq!(interval.get(), Duration::from_secs(expected), "{times:?}");
    }

    #[test]
    fn the_interval_is_the_usual_gap_and_one_long_gap_changes_nothing() {
        check(&[0], 60);
        check(&[0, 5], 5);
        check(&[0, 5, 10, 500, 505, 510], 5);
        check(&[0, 5, 5, 5, 10, 9], 5);
        check(&[0, 100_000], 3600);
    }

    #[test]
    fn a_new_interval_is_news_and_a_slight_jitter_is_not() {
        let mut interval = Interval::default();
        let at = Timestamp::from_millis;
        assert!(interval.learn(at(0), at(5000)));
        assert!(!interval.learn(at(5000), at(10_100)));
    }
}
