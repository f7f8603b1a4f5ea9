//! What changed when: lets whoever keeps an answer know how much of it still holds.

use std::collections::VecDeque;

use crowsnest_api::Timestamp;

/// Changes are remembered to so many milliseconds; samples that come in one after another are then one change.
const GRAIN: i64 = 10_000;
/// Changes that are told apart: eleven hours of them, with samples coming in all the time.
const REMEMBERED: usize = 4096;

/// The changes of a store, each with the oldest timestamp at which a sample came or went.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    version: u64,
    /// Those that no later one reaches back as far as: version and oldest timestamp, both ascending.
    reaching: VecDeque<(u64, Timestamp)>,
}

impl Changes {
    /// How many there have been.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// Takes note of a change of samples at `oldest` or later, which readers can see by now.
    pub(crate) fn note(&mut self, oldest: Timestamp) {
        let millis = oldest.millis();
        let oldest = Timestamp::from_millis(millis.saturating_sub(millis.rem_euclid(GRAIN)));
        self.version += 1;
        while self.reaching.back().is_some_and(|(_, known)| *known >= oldest) {
            self.reaching.pop_back();
        }
        self.reaching.push_back((self.version, oldest));
        if self.reaching.len() > REMEMBERED {
            // The second is taken to reach back as far as the first: too much changed, never too little.
            if let (Some((_, oldest)), Some(second)) = (self.reaching.pop_front(), self.reaching.front_mut())
            {
                second.1 = oldest;
            }
        }
    }

    /// What lies before this is as it was at `version`.
    pub(crate) fn since(&self, version: u64) -> Timestamp {
        let later = self.reaching.partition_point(|(known, _)| *known <= version);
        self.reaching.get(later).map_or(Timestamp::MAX, |(_, oldest)| *oldest)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_oldest_change_since_a_version_is_never_told_too_late(
            changes in prop::collection::vec(-3_000_000i64..3_000_000, 1..60),
        ) {
            let mut kept = Changes::default();
            changes.iter().for_each(|&at| kept.note(Timestamp::from_millis(at)));
            for version in 0..=changes.len() {
                let since = kept.since(version as u64).millis();
                match changes[version..].iter().min() {
                    None => prop_assert_eq!(since, i64::MAX),
                    Some(oldest) => prop_assert!(since <= *oldest && *oldest - since < GRAIN),
                }
            }
        }
    }

    #[test]
    fn memory_stays_bounded_and_what_is_forgotten_counts_as_changed() {
        let mut changes = Changes::default();
        for n in 0..2 * REMEMBERED as i64 {
            changes.note(Timestamp::from_millis(n * GRAIN));
        }
        assert_eq!(changes.reaching.len(), REMEMBERED);
        assert_eq!(changes.since(10), Timestamp::from_millis(0));
        assert_eq!(changes.since(changes.version() - 1).millis(), (2 * REMEMBERED as i64 - 1) * GRAIN);
        changes.note(Timestamp::MIN);
        assert_eq!(changes.since(changes.version() - 1), Timestamp::MIN);
    }
}
