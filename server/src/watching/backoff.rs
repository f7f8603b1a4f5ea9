//! How long to wait before the next attempt.

use std::time::Duration;

use crate::chance::fraction;

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);

/// Waits that double, each a little different, so that all who wait do not come back at once.
#[derive(Debug)]
pub(crate) struct Backoff {
    next: Duration,
}

impl Backoff {
    pub(crate) const fn new() -> Self {
        Self { next: FIRST }
    }

    /// All is well again.
    pub(crate) const fn reset(&mut self) {
        self.next = FIRST;
    }

    /// The next wait; at least as long as the API server asks for, within a bound.
    pub(crate) fn wait(&mut self, asked: Option<Duration>) -> Duration {
        let wait = self.next.mul_f64(0.75 + 0.5 * fraction());
        self.next = (self.next * 2).min(LONGEST);
        wait.max(asked.unwrap_or_default().min(LONGEST * 2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_a_bound_and_begin_anew_once_all_is_well() {
        let mut backoff = Backoff::new();
        let waits: Vec<Duration> = (0..12).map(|_| backoff.wait(None)).collect();
        assert!(waits[0] < Duration::from_secs(1) && waits[11] > Duration::from_secs(20), "{waits:?}");
        assert!(waits.iter().all(|wait| *wait <= LONGEST.mul_f64(1.25)), "{waits:?}");
        backoff.reset();
        assert!(backoff.wait(None) < Duration::from_secs(1));
        assert!(backoff.wait(Some(Duration::from_secs(7))) >= Duration::from_secs(7));
        assert!(backoff.wait(Some(Duration::from_secs(7000))) <= LONGEST * 2);
    }
}
