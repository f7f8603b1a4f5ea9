//! When groups are evaluated: each in its own part of the interval, the same after every restart.

use std::time::Duration;

use crowsnest_api::Timestamp;

/// The times at which one group is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    interval: i64,
    offset: i64,
}

impl Schedule {
    /// Of the group `name` of `file`, evaluated every `interval`.
    pub fn new(file: &str, name: &str, interval: Duration) -> Self {
        let interval = i64::try_from(interval.as_millis()).unwrap_or(i64::MAX).max(1);
        let hash = fnv1a(file.bytes().chain([0xff]).chain(name.bytes()));
        let offset = hash % interval.unsigned_abs();
        Self { interval, offset: i64::try_from(offset).unwrap_or(0) }
    }

    /// The newest evaluation at or before `now`.
    pub fn slot(&self, now: Timestamp) -> Timestamp {
        let since = (now.millis() - self.offset).rem_euclid(self.interval);
        Timestamp::from_millis(now.millis() - since)
    }

    /// The first evaluation after `at`.
    pub fn next(&self, at: Timestamp) -> Timestamp {
        self.slot(at).plus_millis(self.interval)
    }

    /// How many evaluations were left out between two that were made.
    pub fn missed(&self, before: Timestamp, now: Timestamp) -> u64 {
        let slots = (now.millis() - before.millis()) / self.interval;
        u64::try_from(slots - 1).unwrap_or(0)
    }
}

/// FNV-1a, 64 bits.
fn fnv1a(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evaluations_are_an_interval_apart_and_groups_are_spread() {
        let minute = Duration::from_mins(1);
        let schedule = Schedule::new("a.yml", "g", minute);
        let first = schedule.slot(Timestamp::from_millis(1_700_000_000_000));
        assert_eq!(schedule.slot(first), first);
        assert_eq!(schedule.next(first), first.plus(minute));
        assert_eq!(schedule.missed(first, first.plus(minute)), 0);
        assert_eq!(schedule.missed(first, first.plus(minute * 4)), 3);
        let offsets: std::collections::BTreeSet<_> =
            (0..100).map(|n| Schedule::new("a.yml", &format!("g{n}"), minute).offset / 6000).collect();
        assert_eq!(offsets.len(), 10);
    }
}
