//! Senders that may end at any time: what they have pushed, for those who look after them.
//!
//! Each is a process that sends by itself, so that its silence says nothing; it is forgotten after an hour of it.

use std::collections::HashMap;
use std::time::Duration;

use crowsnest_api::Timestamp;
use crowsnest_tsdb::Appended;

use super::{SourceId, Tally};
use crate::sources::Way;

/// Senders that are told apart. Each run of a job may bring a new one: the one that has been silent longest makes room.
const MAX_SENDERS: usize = 2000;
/// A sender that has been silent for so long is forgotten.
const FORGET_AFTER: Duration = Duration::from_secs(3600);

/// One of them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SenderState {
    pub(crate) source: SourceId,
    /// When it was first seen.
    pub(crate) since: Timestamp,
    /// When its last push arrived.
    pub(crate) arrived: Timestamp,
    pub(crate) tally: Tally,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Senders {
    known: HashMap<SourceId, SenderState>,
}

impl Senders {
    /// Takes note of what has become of a push.
    pub(super) fn settle(&mut self, source: &SourceId, way: Way, appended: &Appended, now: Timestamp) {
        if !self.known.contains_key(source) {
            self.make_room(now);
        }
        let known = self.known.entry(source.clone()).or_insert_with(|| SenderState {
            source: source.clone(),
            since: now,
            arrived: now,
            tally: Tally::default(),
        });
        known.arrived = now;
        known.tally.add(way, appended, now);
    }

    /// Those that have pushed within the hour, by job and instance.
    pub(super) fn list(&mut self, now: Timestamp) -> Vec<SenderState> {
        self.forget(now);
        let mut list: Vec<_> = self.known.values().cloned().collect();
        let order = |state: &SenderState| {
            let SourceId { pusher, job, instance } = state.source.clone();
            (job, instance, pusher)
        };
        list.sort_by_cached_key(order);
        list
    }

    fn make_room(&mut self, now: Timestamp) {
        if self.known.len() < MAX_SENDERS {
            return;
        }
        self.forget(now);
        // An eighth at once, so that a flood of new ones does not look through all of them each time.
        let mut arrived: Vec<Timestamp> = self.known.values().map(|known| known.arrived).collect();
        if arrived.len() >= MAX_SENDERS {
            let (_, &mut oldest, _) = arrived.select_nth_unstable(MAX_SENDERS / 8);
            self.known.retain(|_, known| known.arrived > oldest);
        }
    }

    fn forget(&mut self, now: Timestamp) {
        self.known.retain(|_, known| now < known.arrived.plus(FORGET_AFTER));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn source(instance: i64) -> SourceId {
        SourceId { pusher: "a".into(), job: "backup".into(), instance: instance.to_string().into() }
    }

    fn push(senders: &mut Senders, instance: i64, seconds: i64) {
        let appended = Appended { written: 5, ..Appended::default() };
        senders.settle(&source(instance), Way::OtlpHttp, &appended, at(seconds));
    }

    #[test]
    fn a_sender_is_counted_and_forgotten_an_hour_after_its_last_push() {
        let mut senders = Senders::default();
        push(&mut senders, 1, 0);
        push(&mut senders, 1, 100);
        let [known] = senders.list(at(3699)).try_into().unwrap();
        assert_eq!((known.since, known.arrived, known.tally.samples), (at(0), at(100), 10));
        assert_eq!(known.tally.way, Way::OtlpHttp);
        assert!(senders.list(at(3700)).is_empty());
    }

    #[test]
    fn a_flood_of_new_senders_pushes_out_those_that_have_been_silent_longest() {
        let mut senders = Senders::default();
        for instance in 0..3 * MAX_SENDERS as i64 {
            push(&mut senders, instance, instance / 100);
        }
        let list = senders.list(at(60));
        assert!(list.len() <= MAX_SENDERS && list.len() > MAX_SENDERS / 2, "{}", list.len());
        let newest = source(3 * MAX_SENDERS as i64 - 1);
        assert!(list.iter().any(|known| known.source == newest));
        assert!(!list.iter().any(|known| known.source == source(0)));
    }
}
