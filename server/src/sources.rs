//! Which sources push, and which have fallen silent: the writer of `up` for pushed metrics.
//!
//! A *source* is the pushing identity together with `job` and `instance`. While it pushes, each push brings `up` = 1
//! at its newest timestamp. After 2.5 intervals of silence the server writes `up` = 0 once an interval, and staleness
//! markers for the source's series. A source that reports `up` itself (Prometheus, an agent about what it scrapes)
//! is left to do so, and only its silence is told.
//!
//! This file decides and does nothing: no clock, no store. [`watch`] is the part that acts.

mod interval;
mod lag;
pub(crate) mod pace;
mod record;
mod senders;
mod tally;
pub(crate) mod watch;

use std::collections::HashMap;
use std::time::Duration;

use crowsnest_api::{INSTANCE, JOB, Labels, METRIC_NAME, Timestamp};
use crowsnest_tsdb::Appended;
use smol_str::SmolStr;

pub(crate) use crowsnest_api::sources::Way;
use interval::Interval;
use lag::Lag;
pub(crate) use record::SourceRecord;
pub(crate) use senders::SenderState;
pub(crate) use tally::{Refusal, Refused, RefusedPushes, Tally};

/// Sources that are watched; pushes of further ones are stored without `up`.
const MAX_SOURCES: usize = 10_000;
/// A source that has been silent for so long is forgotten.
const FORGET_AFTER: Duration = Duration::from_secs(7 * 24 * 3600);
/// When the server itself has slept longer than this between two looks, the sleep is nobody's silence.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// Series `up` of one source that are known: a kubelet has four pages.
const MAX_UPS: usize = 16;

/// The name of the series that says whether a source is there.
pub(crate) const UP: &str = "up";

/// Who pushes about whom.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct SourceId {
    pub(crate) pusher: SmolStr,
    pub(crate) job: SmolStr,
    pub(crate) instance: SmolStr,
}

/// What one push says about one source.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Push {
    /// Its newest timestamp; staleness markers and times in the far future aside.
    pub(crate) newest: Timestamp,
    /// The label `node`, when its series have one.
    pub(crate) node: Option<SmolStr>,
    /// The source's own series `up` that are in this push: one for each target that it scrapes under this job and instance.
    pub(crate) own_up: Vec<Labels>,
}

/// How a source is doing, by one of its series `up`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SourceState {
    pub(crate) source: SourceId,
    /// The series `up`.
    pub(crate) up: Labels,
    /// When it was first seen.
    pub(crate) since: Timestamp,
    /// When its last push arrived.
    pub(crate) arrived: Timestamp,
    /// The time between its pushes.
    pub(crate) interval: Duration,
    pub(crate) silent: bool,
    /// Whether it writes its series `up` itself.
    pub(crate) reports_up: bool,
    /// Milliseconds between its samples' own times and their arrival, the least of the last pushes.
    pub(crate) lag: Option<i64>,
    pub(crate) tally: Tally,
}

/// What to do about a push.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Observed {
    /// The series `up` to write 1 to, at the push's newest timestamp.
    pub(crate) write_up: Option<Labels>,
    /// The source has become known, or known better: keep its record.
    pub(crate) remember: bool,
}

/// A source that is silent now.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Silent {
    pub(crate) source: SourceId,
    /// Its series `up`.
    pub(crate) ups: Vec<Labels>,
    /// When to write.
    pub(crate) at: Timestamp,
    /// How long the source has been silent by then.
    pub(crate) silence: Duration,
    /// Whether the silence has just been noticed, so that its series end here.
    pub(crate) begins: bool,
}

/// What a look at all sources found.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Look {
    pub(crate) silent: Vec<Silent>,
    /// Sources that are watched no longer; their records go.
    pub(crate) forgotten: Vec<SourceId>,
}

#[derive(Debug)]
struct Known {
    /// Its series `up`; none when it has said that it ends.
    ups: Vec<Labels>,
    reports_up: bool,
    /// When it was first seen.
    since: Timestamp,
    /// The newest timestamp that it has pushed.
    newest: Timestamp,
    /// When its last push arrived.
    arrived: Timestamp,
    interval: Interval,
    /// When `up` = 0 was last written, while it is silent.
    last_zero: Option<Timestamp>,
    lag: Lag,
    tally: Tally,
}

/// All sources.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    known: HashMap<SourceId, Known>,
    looked: Option<Timestamp>,
}

impl Sources {
    /// Takes note of a push that has just arrived.
    pub(crate) fn observe(&mut self, source: &SourceId, push: &Push, now: Timestamp) -> Observed {
        let Some(known) = self.known.get_mut(source) else {
            if self.known.len() >= MAX_SOURCES {
                return Observed::default();
            }
            let known = Known::new(source, push, now);
            let write_up = known.ups.first().filter(|_| !known.reports_up).cloned();
            self.known.insert(source.clone(), known);
            return Observed { write_up, remember: true };
        };
        let mut remember = known.take_up(&push.own_up);
        // Only a sender that goes back in time is not told of: its moment has been spoken for.
        let goes_on = push.newest >= known.newest;
        // A silence is no interval.
        if known.last_zero.take().is_none() {
            remember |= known.interval.learn(known.newest, push.newest);
        }
        known.newest = known.newest.max(push.newest);
        known.arrived = now;
        known.lag.learn(push.newest, now);
        let write_up = known.ups.first().filter(|_| goes_on && !known.reports_up).cloned();
        Observed { write_up, remember }
    }

    /// Takes note that targets have ended, by staleness markers of their own series `up`: they are not silent but gone.
    pub(crate) fn part(&mut self, source: &SourceId, ended: &[Labels]) {
        if let Some(known) = self.known.get_mut(source).filter(|known| known.reports_up) {
            known.ups.retain(|up| !ended.contains(up));
        }
    }

    /// Takes note of what has become of a push.
    pub(crate) fn settle(&mut self, source: &SourceId, way: Way, appended: &Appended, now: Timestamp) {
        if let Some(known) = self.known.get_mut(source) {
            known.tally.add(way, appended, now);
        }
    }

    /// Looks for sources that are silent; to be called about once a second.
    pub(crate) fn look(&mut self, now: Timestamp) -> Look {
        self.forgive_pause(now);
        let mut look = Look::default();
        for (source, known) in &mut self.known {
            if known.ups.is_empty() || now >= known.arrived.plus(FORGET_AFTER) {
                look.forgotten.push(source.clone());
            } else if let Some((silence, begins)) = known.falls_silent(now) {
                let ups = known.ups.clone();
                look.silent.push(Silent { source: source.clone(), ups, at: now, silence, begins });
            }
        }
        // Where another identity has taken over (a new token, say), the old one is not silent but gone.
        let replaced: Vec<SourceId> = look
            .silent
            .iter()
            .filter(|silent| self.has_successor(&silent.source))
            .map(|silent| silent.source.clone())
            .collect();
        look.silent.retain(|silent| !replaced.contains(&silent.source));
        look.forgotten.extend(replaced);
        for source in &look.forgotten {
            self.known.remove(source);
        }
        look.silent.sort_by(|a, b| a.source.cmp(&b.source));
        look.forgotten.sort();
        look
    }

    /// Takes up a source from before a restart. Its silence counts from now: while the server was away nobody could
    /// push to it.
    pub(crate) fn restore(
        &mut self,
        source: SourceId,
        record: &SourceRecord,
        newest: Timestamp,
        now: Timestamp,
    ) {
        let known = Known {
            ups: record.ups(),
            reports_up: record.reports_up,
            since: record.since_ms.map_or(now, Timestamp::from_millis),
            newest,
            arrived: now,
            interval: Interval::of(Duration::from_millis(record.interval_ms)),
            last_zero: None,
            lag: Lag::default(),
            tally: Tally::default(),
        };
        if self.known.len() < MAX_SOURCES {
            self.known.insert(source, known);
        }
    }

    /// What to keep about a source.
    pub(crate) fn record(&self, source: &SourceId) -> Option<SourceRecord> {
        self.known.get(source).map(|known| {
            SourceRecord::new(source, &known.ups, known.since, known.reports_up, known.interval.get())
        })
    }

    /// Every source, by job and instance, once for each of its series `up`.
    pub(crate) fn list(&self) -> Vec<SourceState> {
        let state = |source: &SourceId, known: &Known, up: &Labels| SourceState {
            source: source.clone(),
            up: up.clone(),
            since: known.since,
            arrived: known.arrived,
            interval: known.interval.get(),
            silent: known.last_zero.is_some(),
            reports_up: known.reports_up,
            lag: known.lag.least(),
            tally: known.tally.clone(),
        };
        let states = self
            .known
            .iter()
            .flat_map(|(source, known)| known.ups.iter().map(move |up| state(source, known, up)));
        let mut list: Vec<_> = states.collect();
        let order = |state: &SourceState| {
            let SourceId { pusher, job, instance } = state.source.clone();
            (job, instance, pusher, state.up.clone())
        };
        list.sort_by_cached_key(order);
        list
    }

    /// How many sources push, and how many are silent.
    pub(crate) fn count(&self) -> (usize, usize) {
        let silent = self.known.values().filter(|known| known.last_zero.is_some()).count();
        (self.known.len() - silent, silent)
    }

    fn forgive_pause(&mut self, now: Timestamp) {
        let pause = self.looked.map_or(0, |looked| now.millis().saturating_sub(looked.millis()));
        self.looked = Some(now);
        if pause.unsigned_abs() > LONGEST_PAUSE.as_millis() as u64 {
            for known in self.known.values_mut().filter(|known| known.last_zero.is_none()) {
                known.arrived = known.arrived.plus_millis(pause).min(now);
            }
        }
    }

    fn has_successor(&self, source: &SourceId) -> bool {
        self.known.iter().any(|(other, known)| {
            other.pusher != source.pusher
                && (&other.job, &other.instance) == (&source.job, &source.instance)
                && known.last_zero.is_none()
        })
    }
}

impl Known {
    fn new(source: &SourceId, push: &Push, now: Timestamp) -> Self {
        let reports_up = !push.own_up.is_empty();
        let assumed = || {
            let mut labels = Labels::from_pairs([
                (METRIC_NAME, UP),
                (JOB, source.job.as_str()),
                (INSTANCE, source.instance.as_str()),
            ])
            .to_builder();
            if let Some(node) = &push.node {
                labels.set("node", node.clone());
            }
            labels.build()
        };
        Self {
            ups: if reports_up {
                push.own_up.iter().take(MAX_UPS).cloned().collect()
            } else {
                vec![assumed()]
            },
            reports_up,
            since: now,
            newest: push.newest,
            arrived: now,
            interval: Interval::default(),
            last_zero: None,
            lag: Lag::default(),
            tally: Tally::default(),
        }
    }

    /// Takes note of series `up` of the source's own; says whether any is news.
    fn take_up(&mut self, own: &[Labels]) -> bool {
        let mut news = false;
        if !own.is_empty() && !self.reports_up {
            (self.reports_up, news) = (true, true);
            self.ups.clear();
        }
        for up in own {
            if !self.ups.contains(up) && self.ups.len() < MAX_UPS {
                self.ups.push(up.clone());
                news = true;
            }
        }
        news
    }

    /// How long the source has been silent and whether that is news, if now is the time to say so.
    fn falls_silent(&mut self, now: Timestamp) -> Option<(Duration, bool)> {
        let due = match self.last_zero {
            None => self.arrived.plus(self.interval.get() * 5 / 2),
            Some(last) => last.plus(self.interval.get()),
        };
        // A source whose clock is ahead has samples at this very time; saying that it is silent must wait.
        let silence =
            u64::try_from(now.millis().saturating_sub(self.newest.millis())).ok().filter(|ms| *ms > 0)?;
        if now < due {
            return None;
        }
        let begins = self.last_zero.is_none();
        self.last_zero = Some(now);
        Some((Duration::from_millis(silence), begins))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1000;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * SECOND)
    }

    fn source(pusher: &str) -> SourceId {
        SourceId { pusher: pusher.into(), job: "node-exporter".into(), instance: "n1".into() }
    }

    fn push(seconds: i64) -> Push {
        Push { newest: at(seconds), node: Some("n1".into()), own_up: Vec::new() }
    }

    fn up() -> Labels {
        Labels::from_pairs([("__name__", "up"), ("job", "node-exporter"), ("instance", "n1"), ("node", "n1")])
    }

    /// Sources after pushes every `step` seconds until `end`, all looked at once a second.
    fn pushing(step: i64, end: i64) -> Sources {
        let mut sources = Sources::default();
        for second in 0..=end {
            if second % step == 0 {
                sources.observe(&source("a"), &push(second), at(second));
            }
            assert_eq!(sources.look(at(second)), Look::default(), "at {second} s");
        }
        sources
    }

    /// The seconds in `from..=to` at which `up` = 0 is written.
    fn zeros(sources: &mut Sources, from: i64, to: i64) -> Vec<i64> {
        (from..=to).filter(|second| !sources.look(at(*second)).silent.is_empty()).collect()
    }

    #[test]
    fn each_push_writes_up_until_the_source_does_so_itself() {
        let mut sources = Sources::default();
        let first = sources.observe(&source("a"), &push(0), at(0));
        assert_eq!(first, Observed { write_up: Some(up()), remember: true });
        let own = Labels::from_pairs([("__name__", "up"), ("job", "node-exporter"), ("instance", "n1")]);
        let with_own = Push { own_up: vec![own], ..push(15) };
        let observed = sources.observe(&source("a"), &with_own, at(15));
        assert_eq!(observed, Observed { write_up: None, remember: true });
        assert_eq!(
            sources.observe(&source("a"), &push(30), at(30)).write_up,
            None,
            "it stays the source's own"
        );
    }

    /// A page of a kubelet.
    fn page(path: &str) -> Labels {
        Labels::from_pairs([
            ("__name__", "up"),
            ("job", "kubelet"),
            ("instance", "n1"),
            ("metrics_path", path),
        ])
    }

    #[test]
    fn a_source_may_have_several_targets_of_its_own_which_are_silent_together() {
        let mut sources = Sources::default();
        for second in (0..=60).step_by(10) {
            for path in ["/metrics", "/metrics/cadvisor"] {
                let pushed = Push { own_up: vec![page(path)], ..push(second) };
                let observed = sources.observe(&source("a"), &pushed, at(second));
                assert_eq!(observed.write_up, None);
                // At first what it is, then how often it comes.
                assert!(second <= 10 || !observed.remember);
            }
        }
        assert_eq!(sources.list().len(), 2);
        assert_eq!(sources.look(at(85)).silent[0].ups, [page("/metrics"), page("/metrics/cadvisor")]);
    }

    #[test]
    fn a_target_that_has_said_that_it_ends_is_not_silent_but_gone() {
        let mut sources = Sources::default();
        for path in ["/metrics", "/metrics/cadvisor"] {
            sources.observe(&source("a"), &Push { own_up: vec![page(path)], ..push(0) }, at(0));
        }
        sources.part(&source("a"), &[page("/metrics")]);
        assert_eq!(sources.list().len(), 1);
        assert_eq!(sources.look(at(1)), Look::default());
        sources.part(&source("a"), &[page("/metrics/cadvisor")]);
        assert_eq!(sources.look(at(2)).forgotten, [source("a")]);
        let mut pushing = pushing(10, 60);
        pushing.part(&source("a"), &[up()]);
        assert_eq!(pushing.list().len(), 1, "the server's own series is not the source's to end");
    }

    #[test]
    fn after_two_and_a_half_intervals_zero_is_written_once_an_interval() {
        let mut sources = pushing(10, 60);
        assert_eq!(zeros(&mut sources, 61, 120), [85, 95, 105, 115]);
    }

    #[test]
    fn the_interval_is_learnt_from_the_gaps() {
        assert_eq!(zeros(&mut pushing(2, 20), 21, 32), [25, 27, 29, 31]);
        assert_eq!(zeros(&mut pushing(60, 600), 601, 820), [750, 810]);
    }

    #[test]
    fn a_source_that_has_pushed_once_gets_the_longest_common_interval() {
        assert_eq!(zeros(&mut pushing(1000, 0), 1, 250), [150, 210]);
    }

    #[test]
    fn a_silence_is_told_with_its_length_and_its_beginning() {
        let mut sources = pushing(10, 60);
        zeros(&mut sources, 61, 84);
        let begins = Silent {
            source: source("a"),
            ups: vec![up()],
            at: at(85),
            silence: Duration::from_secs(25),
            begins: true,
        };
        assert_eq!(sources.look(at(85)).silent, std::slice::from_ref(&begins));
        zeros(&mut sources, 86, 94);
        let goes_on = Silent { at: at(95), silence: Duration::from_secs(35), begins: false, ..begins };
        assert_eq!(sources.look(at(95)).silent, [goes_on]);
    }

    #[test]
    fn a_source_that_comes_back_is_silent_no_more_and_its_silence_is_no_interval() {
        let mut sources = pushing(10, 60);
        assert_eq!(zeros(&mut sources, 61, 100), [85, 95]);
        assert!(
            sources.observe(&source("a"), &push(70), at(101)).write_up.is_some(),
            "a backlog, oldest first"
        );
        sources.observe(&source("a"), &push(100), at(101));
        assert_eq!(sources.count(), (1, 0));
        assert_eq!(zeros(&mut sources, 102, 130), [126]);
    }

    #[test]
    fn a_push_about_an_earlier_moment_writes_no_up() {
        let mut sources = pushing(10, 60);
        assert_eq!(sources.observe(&source("a"), &push(50), at(61)).write_up, None);
        assert_eq!(sources.observe(&source("a"), &push(60), at(61)).write_up, Some(up()));
    }

    #[test]
    fn several_requests_about_one_moment_are_one_push() {
        let mut sources = Sources::default();
        for second in (0..=60).step_by(10) {
            for _ in 0..3 {
                sources.observe(&source("a"), &push(second), at(second));
            }
        }
        assert_eq!(zeros(&mut sources, 61, 90), [85]);
    }

    #[test]
    fn a_source_whose_clock_is_ahead_is_not_called_silent_before_its_own_samples() {
        let mut sources = Sources::default();
        sources.observe(&source("a"), &push(200), at(0));
        assert_eq!(zeros(&mut sources, 1, 202), [201]);
    }

    #[test]
    fn a_server_that_slept_does_not_take_its_own_absence_for_silence() {
        let mut sources = pushing(10, 60);
        assert_eq!(zeros(&mut sources, 3600, 3624), Vec::<i64>::new());
        assert_eq!(zeros(&mut sources, 3625, 3640), [3625, 3635]);
    }

    #[test]
    fn after_a_restart_known_sources_get_time_to_come_back() {
        let record = pushing(10, 60).record(&source("a")).unwrap();
        let mut sources = Sources::default();
        sources.restore(source("a"), &record, at(60), at(1000));
        assert_eq!(zeros(&mut sources, 1000, 1040), [1025, 1035]);
        assert_eq!(sources.look(at(1045)).silent[0].silence, Duration::from_secs(985));
    }

    #[test]
    fn an_identity_that_another_has_replaced_is_forgotten() {
        let mut sources = pushing(10, 60);
        let mut forgotten = Vec::new();
        for second in 61..=120 {
            if second % 10 == 0 {
                sources.observe(&source("b"), &push(second), at(second));
            }
            let look = sources.look(at(second));
            assert!(look.silent.is_empty());
            forgotten.extend(look.forgotten);
        }
        assert_eq!(forgotten, [source("a")]);
    }

    #[test]
    fn a_source_that_stays_away_is_forgotten_after_a_week() {
        let mut sources = pushing(10, 60);
        let mut now = at(61);
        while sources.look(now).forgotten.is_empty() {
            now = now.plus_millis(5 * SECOND);
        }
        assert_eq!(now.millis() / SECOND / 3600, 7 * 24);
        assert_eq!(sources.count(), (0, 0));
    }

    #[test]
    fn memory_stays_bounded() {
        let mut sources = Sources::default();
        for n in 0..MAX_SOURCES + 5 {
            sources.observe(&source(&n.to_string()), &push(0), at(0));
        }
        assert_eq!(sources.count(), (MAX_SOURCES, 0));
    }
}
