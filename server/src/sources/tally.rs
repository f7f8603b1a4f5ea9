//! What has come of a source's pushes since the server started.

use std::collections::HashMap;
use std::time::Duration;

use crowsnest_api::Timestamp;
use crowsnest_api::sources::{RefusalReason, Way};
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
    /// Samples that were refused, by reason.
    pub(crate) refused: Vec<(RefusalReason, u64)>,
    pub(crate) last_refusal: Option<Refusal>,
    /// How its last push came.
    pub(crate) way: Way,
    rate: Rate,
}

/// Something that was refused.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) at: Timestamp,
    pub(crate) reason: RefusalReason,
    /// What the sender was told.
    pub(crate) message: String,
}

impl Refusal {
    fn new(at: Timestamp, reason: RefusalReason, mut message: String) -> Self {
        message.truncate(message.floor_char_boundary(MAX_MESSAGE));
        Self { at, reason, message }
    }
}

impl Tally {
    /// Adds what has become of a push.
    pub(super) fn add(&mut self, way: Way, appended: &Appended, now: Timestamp) {
        self.way = way;
        self.pushes += 1;
        self.samples += appended.written;
        for rejection in &appended.rejected {
            self.refuse(reason(rejection.reason), rejection.samples);
        }
        self.rate.add(appended.written, now);
        if let Some(most) = appended.rejected.iter().max_by_key(|rejection| rejection.samples) {
            let message = format!("{} × {} (for example {})", most.samples, most.reason, most.example);
            self.last_refusal = Some(Refusal::new(now, reason(most.reason), message));
        }
    }

    fn refuse(&mut self, reason: RefusalReason, samples: u64) {
        match self.refused.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, count)) => *count += samples,
            None => self.refused.push((reason, samples)),
        }
    }

    /// Samples a second, lately.
    pub(crate) fn samples_per_second(&self, now: Timestamp) -> f64 {
        self.rate.get(now)
    }
}

/// The store's reason as the interface has it.
fn reason(of: RejectReason) -> RefusalReason {
    match of {
        RejectReason::TooOld => RefusalReason::TooOld,
        RejectReason::BeyondRetention => RefusalReason::BeyondRetention,
        RejectReason::TooNew => RefusalReason::TooNew,
        RejectReason::Conflict => RefusalReason::Conflict,
        RejectReason::InvalidHistogram => RefusalReason::InvalidHistogram,
        RejectReason::InvalidPoint => RefusalReason::InvalidPoint,
        RejectReason::InvalidLabels => RefusalReason::InvalidLabels,
        RejectReason::SeriesLimit => RefusalReason::SeriesLimit,
        RejectReason::SourceSeriesLimit => RefusalReason::SourceSeriesLimit,
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
    by_pusher: HashMap<SmolStr, Refused>,
}

/// Those of one pusher.
#[derive(Clone, Debug)]
pub(crate) struct Refused {
    pub(crate) pushes: u64,
    pub(crate) way: Way,
    pub(crate) last: Refusal,
}

impl RefusedPushes {
    pub(super) fn add(
        &mut self,
        pusher: &SmolStr,
        way: Way,
        reason: RefusalReason,
        message: String,
        now: Timestamp,
    ) {
        if self.by_pusher.len() >= MAX_PUSHERS && !self.by_pusher.contains_key(pusher) {
            return;
        }
        let last = Refusal::new(now, reason, message);
        let pushes = 1 + self.by_pusher.get(pusher).map_or(0, |known| known.pushes);
        self.by_pusher.insert(pusher.clone(), Refused { pushes, way, last });
    }

    /// By pusher; that of the newest trouble first.
    pub(super) fn list(&self) -> Vec<(SmolStr, Refused)> {
        let each = self.by_pusher.iter();
        let mut list: Vec<_> = each.map(|(pusher, refused)| (pusher.clone(), refused.clone())).collect();
        list.sort_by(|a, b| b.1.last.at.cmp(&a.1.last.at).then_with(|| a.0.cmp(&b.0)));
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
            tally.add(Way::RemoteWrite, &appended(150), at(push * 15));
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
        tally.add(Way::RemoteWrite, &appended(100), at(1000));
        tally.add(Way::RemoteWrite, &appended(100), at(10));
        assert!((0.0..=100.0).contains(&tally.samples_per_second(at(20))));
    }

    #[test]
    fn what_was_refused_is_told_by_what_was_refused_most() {
        let mut tally = Tally::default();
        let rejection = |reason, samples| Rejection { reason, samples, example: "up{}".repeat(1000) };
        let rejected = vec![rejection(RejectReason::TooOld, 2), rejection(RejectReason::SeriesLimit, 5)];
        tally.add(Way::RemoteWrite, &Appended { written: 1, rejected, ..Appended::default() }, at(5));
        let last = tally.last_refusal.unwrap();
        assert_eq!((last.at, last.reason), (at(5), RefusalReason::SeriesLimit));
        assert_eq!(tally.refused, [(RefusalReason::TooOld, 2), (RefusalReason::SeriesLimit, 5)]);
        assert!(last.message.starts_with("5 × series limit reached") && last.message.len() <= MAX_MESSAGE);
    }

    #[test]
    fn refused_pushes_are_counted_by_pusher_and_bounded() {
        let add = |refused: &mut RefusedPushes, pusher: &str, message: &str, seconds| {
            let (way, reason) = (Way::OtlpGrpc, RefusalReason::Push);
            refused.add(&pusher.into(), way, reason, message.to_owned(), at(seconds));
        };
        let mut refused = RefusedPushes::default();
        for pusher in 0..2 * MAX_PUSHERS as i64 {
            add(&mut refused, &format!("p{pusher}"), "no protobuf", pusher);
        }
        add(&mut refused, "p3", "no snappy", 9999);
        let list = refused.list();
        assert_eq!(list.len(), MAX_PUSHERS);
        let (pusher, Refused { pushes, last, .. }) = &list[0];
        assert_eq!((pusher.as_str(), *pushes, last.message.as_str()), ("p3", 2, "no snappy"));
    }
}
