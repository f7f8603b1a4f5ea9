//! What has come of a source's pushes since the server started.

use std::collections::HashMap;
use std::time::Duration;

use crowsnest_api::Timestamp;
use crowsnest_tsdb::{Appended, RejectReason};
use smol_str::SmolStr;

/// Over which time samples are counted for a rate.
const WINDOW: Duration = Duration::from_secs(60);
/// Pushers whose refused pushes are counted; those of further ones are not told apart.
const MAX_PUSHERS: usize = 1000;
/// Bytes kept of what a sender was told.
const MAX_MESSAGE: usize = 512;

/// Counts of one source.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Tally {
    pub(crate) pushes: u64,
    pub(crate) samples: u64,
    pub(crate) refused: u64,
    pub(crate) last_refusal: Option<Refusal>,
    rate: Rate,
}

/// Something that was refused.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) at: Timestamp,
    /// `None` when it was a push as a whole.
    pub(crate) reason: Option<RejectReason>,
    /// What the sender was told.
    pub(crate) message: String,
}

impl Refusal {
    fn new(at: Timestamp, reason: Option<RejectReason>, mut message: String) -> Self {
        message.truncate(message.floor_char_boundary(MAX_MESSAGE));
        Self { at, reason, message }
    }
}

impl Tally {
    /// Adds what has become of a push.
    pub(super) fn add(&mut self, appended: &Appended, now: Timestamp) {
        self.pushes += 1;
        self.samples += appended.written;
        self.refused += appended.rejected.iter().map(|rejection| rejection.samples).sum::<u64>();
        self.rate.add(appended.written, now);
        if let Some(most) = appended.rejected.iter().max_by_key(|rejection| rejection.samples) {
            let message = format!("{} × {} (for example {})", most.samples, most.reason, most.example);
            self.last_refusal = Some(Refusal::new(now, Some(most.reason), message));
        }
    }

    /// Samples a second, lately.
    pub(crate) fn samples_per_second(&self, now: Timestamp) -> f64 {
        self.rate.get(now)
    }
}

/// Events a second: of the last whole window, or of the one that is open where there is none before it.
#[derive(Clone, Debug, Default, PartialEq)]
struct Rate {
    /// When the open window began, and what came in it.
    open: Option<(Timestamp, u64)>,
    last: Option<f64>,
}

impl Rate {
    fn add(&mut self, count: u64, now: Timestamp) {
        let (began, so_far) = *self.open.get_or_insert((now, 0));
        let passed = seconds(began, now);
        // What comes at the end of a window is the first of the next.
        if passed >= WINDOW.as_secs_f64() || passed < 0.0 {
            self.last = (passed > 0.0).then(|| so_far as f64 / passed);
            self.open = Some((now, count));
        } else {
            self.open = Some((began, so_far + count));
        }
    }

    fn get(&self, now: Timestamp) -> f64 {
        let Some((began, so_far)) = self.open else { return 0.0 };
        let passed = seconds(began, now);
        match self.last {
            // Whoever has stopped has no rate.
            Some(_) if passed > 2.0 * WINDOW.as_secs_f64() => so_far as f64 / passed,
            Some(last) => last,
            None if passed > 0.0 => so_far as f64 / passed,
            None => 0.0,
        }
    }
}

fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.millis().saturating_sub(from.millis()) as f64 / 1e3
}

/// Pushes of which nothing was stored, by pusher.
#[derive(Debug, Default)]
pub(crate) struct RefusedPushes {
    by_pusher: HashMap<SmolStr, (u64, Refusal)>,
}

impl RefusedPushes {
    pub(super) fn add(&mut self, pusher: &SmolStr, message: String, now: Timestamp) {
        if self.by_pusher.len() >= MAX_PUSHERS && !self.by_pusher.contains_key(pusher) {
            return;
        }
        let refusal = Refusal::new(now, None, message);
        match self.by_pusher.get_mut(pusher) {
            Some((count, last)) => (*count, *last) = (*count + 1, refusal),
            None => _ = self.by_pusher.insert(pusher.clone(), (1, refusal)),
        }
    }

    /// Pusher, how many, and the last; that of the newest trouble first.
    pub(super) fn list(&self) -> Vec<(SmolStr, u64, Refusal)> {
        let each = self.by_pusher.iter();
        let mut list: Vec<_> =
            each.map(|(pusher, (count, last))| (pusher.clone(), *count, last.clone())).collect();
        list.sort_by(|a, b| b.2.at.cmp(&a.2.at).then_with(|| a.0.cmp(&b.0)));
        list
    }
}

#[cfg(test)]
mod tests {
    use crowsnest_tsdb::Rejection;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn appended(written: u64) -> Appended {
        Appended { written, ..Appended::default() }
    }

    #[test]
    fn the_rate_of_a_steady_source_is_steady_and_that_of_one_that_stops_falls() {
        let mut tally = Tally::default();
        for push in 0..20 {
            tally.add(&appended(150), at(push * 15));
            if push >= 4 {
                assert_eq!(tally.samples_per_second(at(push * 15)), 10.0, "after push {push}");
            }
        }
        assert_eq!((tally.pushes, tally.samples), (20, 3000));
        assert!(tally.samples_per_second(at(3600)) < 0.2);
    }

    #[test]
    fn a_clock_that_is_set_back_makes_no_nonsense() {
        let mut tally = Tally::default();
        tally.add(&appended(100), at(1000));
        tally.add(&appended(100), at(10));
        assert!((0.0..=100.0).contains(&tally.samples_per_second(at(20))));
    }

    #[test]
    fn what_was_refused_is_told_by_what_was_refused_most() {
        let mut tally = Tally::default();
        let rejection = |reason, samples| Rejection { reason, samples, example: "up{}".repeat(1000) };
        let rejected = vec![rejection(RejectReason::TooOld, 2), rejection(RejectReason::SeriesLimit, 5)];
        tally.add(&Appended { written: 1, rejected, ..Appended::default() }, at(5));
        let last = tally.last_refusal.unwrap();
        assert_eq!((tally.refused, last.at, last.reason), (7, at(5), Some(RejectReason::SeriesLimit)));
        assert!(last.message.starts_with("5 × series limit reached") && last.message.len() <= MAX_MESSAGE);
    }

    #[test]
    fn refused_pushes_are_counted_by_pusher_and_bounded() {
        let mut refused = RefusedPushes::default();
        for pusher in 0..2 * MAX_PUSHERS as i64 {
            refused.add(&format!("p{pusher}").into(), "no protobuf".to_owned(), at(pusher));
        }
        refused.add(&"p3".into(), "no snappy".to_owned(), at(9999));
        let list = refused.list();
        assert_eq!(list.len(), MAX_PUSHERS);
        let (pusher, count, last) = &list[0];
        assert_eq!((pusher.as_str(), *count, last.message.as_str()), ("p3", 2, "no snappy"));
    }
}
