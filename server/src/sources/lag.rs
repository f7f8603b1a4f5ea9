//! What a source's clock shows, learnt from how long before its arrival each push was sampled.

use crowsnest_api::Timestamp;

/// Pushes that are remembered. The least of their lags forgets what was late by the network or by a queue that empties.
const PUSHES: usize = 10;

/// The time between the newest sample of a push, by the source's clock, and its arrival, by ours, of the last pushes.
#[derive(Debug, Default)]
pub(super) struct Lag {
    last: Vec<i64>,
}

impl Lag {
    /// Learns from a push that has just arrived.
    pub(super) fn learn(&mut self, newest: Timestamp, now: Timestamp) {
        if self.last.len() >= PUSHES {
            self.last.remove(0);
        }
        self.last.push(now.millis().saturating_sub(newest.millis()));
    }

    /// The least lag in milliseconds. Below zero, the source's clock is ahead of ours by at least as much; far above, it is behind,
    /// unless everything it sends is late.
    pub(super) fn least(&self) -> Option<i64> {
        self.last.iter().min().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_lag_of_the_last_pushes_tells_the_clock() {
        let mut lag = Lag::default();
        assert_eq!(lag.least(), None);
        for late in [9_000, 300, 250, 4_000] {
            lag.learn(Timestamp::from_millis(100_000), Timestamp::from_millis(100_000 + late));
        }
        assert_eq!(lag.least(), Some(250));
        for _ in 0..PUSHES {
            lag.learn(Timestamp::from_millis(100_000), Timestamp::from_millis(40_000));
        }
        assert_eq!(lag.least(), Some(-60_000));
    }
}
