//! How fast each pusher may send.

use std::collections::HashMap;
use std::num::NonZeroU64;
use std::time::Duration;

use crowsnest_api::Timestamp;
use parking_lot::Mutex;
use smol_str::SmolStr;

/// What somebody who has been silent may send at once, as seconds of the rate.
const BURST_SECONDS: f64 = 10.0;
/// Pushers that are told apart. They have signed in, so there are not many.
const MAX_PUSHERS: usize = 10_000;

/// A bucket of samples for each pusher, which fills at the rate that is allowed.
///
/// A push is let in while there is something in the bucket, and takes out what it had; so a large one leaves a debt, and the next waits until
/// it has been paid. Over some seconds nobody sends more than the rate, whatever the sizes of pushes.
pub(crate) struct Pace {
    /// Samples a second; no limit when absent.
    rate: Option<NonZeroU64>,
    buckets: Mutex<HashMap<SmolStr, Bucket>>,
}

#[derive(Clone, Copy)]
struct Bucket {
    /// Samples that were left at `at`; below zero is a debt.
    left: f64,
    at: Timestamp,
}

impl Bucket {
    fn full(rate: f64, now: Timestamp) -> Self {
        Self { left: rate * BURST_SECONDS, at: now }
    }

    /// How it is now. A clock that is set back fills nothing.
    fn filled(self, rate: f64, now: Timestamp) -> Self {
        let seconds = now.millis().saturating_sub(self.at.millis()).max(0) as f64 / 1e3;
        Self { left: (self.left + seconds * rate).min(rate * BURST_SECONDS), at: now }
    }
}

impl Pace {
    pub(crate) fn new(rate: Option<NonZeroU64>) -> Self {
        Self { rate, buckets: Mutex::default() }
    }

    /// Samples a second that one pusher may send.
    pub(crate) fn rate(&self) -> Option<u64> {
        self.rate.map(NonZeroU64::get)
    }

    /// How long a pusher has to wait before its next push, if it has to.
    pub(crate) fn wait(&self, pusher: &SmolStr, now: Timestamp) -> Option<Duration> {
        let rate = self.rate?.get() as f64;
        let bucket = self.buckets.lock().get(pusher)?.filled(rate, now);
        let wait = Duration::try_from_secs_f64(-bucket.left / rate).ok()?;
        (!wait.is_zero()).then_some(wait)
    }

    /// Takes note of samples that a pusher has sent.
    pub(crate) fn took(&self, pusher: &SmolStr, samples: u64, now: Timestamp) {
        let Some(rate) = self.rate else { return };
        let rate = rate.get() as f64;
        let mut buckets = self.buckets.lock();
        if buckets.len() >= MAX_PUSHERS && !buckets.contains_key(pusher) {
            let full = Bucket::full(rate, now).left;
            buckets.retain(|_, bucket| bucket.filled(rate, now).left < full);
        }
        let bucket = buckets.entry(pusher.clone()).or_insert_with(|| Bucket::full(rate, now));
        *bucket = bucket.filled(rate, now);
        bucket.left -= samples as f64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn pace() -> Pace {
        Pace::new(NonZeroU64::new(100))
    }

    #[test]
    fn without_a_rate_nobody_waits() {
        let pace = Pace::new(None);
        pace.took(&"a".into(), u64::MAX, at(0));
        assert_eq!(pace.wait(&"a".into(), at(0)), None);
    }

    #[test]
    fn a_debt_is_paid_at_the_rate_and_others_do_not_wait_for_it() {
        let (pace, a) = (pace(), SmolStr::new("a"));
        assert_eq!(pace.wait(&a, at(0)), None);
        pace.took(&a, 1300, at(0));
        assert_eq!(pace.wait(&a, at(0)), Some(Duration::from_secs(3)));
        assert_eq!(pace.wait(&a, at(2500)), Some(Duration::from_millis(500)));
        assert_eq!((pace.wait(&a, at(3000)), pace.wait(&"b".into(), at(0))), (None, None));
    }

    #[test]
    fn a_steady_sender_below_the_rate_never_waits_and_one_above_it_is_held_to_it() {
        for (samples, passes) in [(1400, 240), (3000, 120)] {
            let (pace, a) = (pace(), SmolStr::new("a"));
            let mut sent = 0;
            for push in 0..240 {
                let now = at(push * 15_000);
                if pace.wait(&a, now).is_none() {
                    pace.took(&a, samples, now);
                    sent += 1;
                }
            }
            assert_eq!(sent, passes, "{samples} samples every 15 s");
        }
    }

    #[test]
    fn a_clock_that_is_set_back_gives_nothing_and_takes_nothing() {
        let (pace, a) = (pace(), SmolStr::new("a"));
        pace.took(&a, 1100, at(1_000_000));
        assert_eq!(pace.wait(&a, at(0)), Some(Duration::from_secs(1)));
        pace.took(&a, 0, at(0));
        assert_eq!(pace.wait(&a, at(1000)), None);
    }
}
