//! How long to wait before the next attempt.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// The first wait after a failure.
const FIRST: Duration = Duration::from_millis(500);
/// The longest wait of our own choosing.
const LONGEST: Duration = Duration::from_secs(30);
/// The longest wait that a server may ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(300);

/// Doubling waits, each shortened by a random part of up to one half, so that agents do not come back in step.
pub(super) struct Backoff {
    failures: u32,
    random: u64,
}

impl Default for Backoff {
    fn default() -> Self {
        // The standard library seeds its hash maps from the system's randomness; one value of that is all we need.
        Self { failures: 0, random: RandomState::new().build_hasher().finish() | 1 }
    }
}

impl Backoff {
    /// After a success.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }

    /// The wait after another failure; at least what the server asked for, if it did.
    pub(super) fn next(&mut self, asked: Option<Duration>) -> Duration {
        let full = FIRST.saturating_mul(1 << self.failures.min(16)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        let own = self.shorten(full);
        asked.map_or(own, |asked| own.max(asked.min(LONGEST_ASKED)))
    }

    /// The wait where somebody has to change something first.
    pub(super) fn slow(&mut self) -> Duration {
        self.shorten(LONGEST)
    }

    fn shorten(&mut self, full: Duration) -> Duration {
        // Xorshift (Marsaglia 2003); quality does not matter here.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let share = (self.random >> 11) as f64 / (1u64 << 53) as f64;
        full.mul_f64(1.0 - share / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_bound_and_are_shortened_by_half_at_most() {
        let mut backoff = Backoff::default();
        for n in 0..40 {
            let full = FIRST.saturating_mul(1 << n.min(16)).min(LONGEST);
            let wait = backoff.next(None);
            assert!(wait <= full && wait >= full / 2, "{n}: {wait:?}");
        }
        backoff.reset();
        assert!(backoff.next(None) <= FIRST);
    }

    #[test]
    fn a_server_may_ask_for_longer_within_reason() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.next(Some(Duration::from_secs(60))), Duration::from_secs(60));
        assert_eq!(backoff.next(Some(Duration::from_secs(1 << 40))), LONGEST_ASKED);
    }
}
