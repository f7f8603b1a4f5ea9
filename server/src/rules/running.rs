//! One group, evaluated again and again.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use crowsnest_alerting::evaluation::{
    ActiveAlert, GroupSnapshot, GroupState, GroupView, Health, Schedule, Surroundings,
};
use crowsnest_api::Timestamp;
use parking_lot::Mutex;

use super::GroupKey;
use super::given::Given;

/// How long an alert that fires is not told of again.
const RESEND_DELAY: Duration = Duration::from_mins(1);

/// A group with its state and its times.
pub(super) struct Running {
    /// What is evaluated.
    pub(super) given: Given,
    schedule: Schedule,
    interval: Duration,
    /// Held while it is evaluated; `None` once the group is no more.
    state: Mutex<Option<GroupState>>,
    /// What can be read of it at any time.
    view: ArcSwap<GroupView>,
    times: Mutex<Times>,
}

struct Times {
    next: Timestamp,
    last: Option<Timestamp>,
    is_busy: bool,
}

/// What came of an evaluation.
pub(super) struct Outcome {
    pub(super) rules: u64,
    pub(super) failed: u64,
    /// Alerts that the notifier is to hear of.
    pub(super) due: Vec<(ActiveAlert, String)>,
    /// What to remember; `None` when nothing is different from what is remembered.
    pub(super) snapshot: Option<GroupSnapshot>,
}

impl Running {
    pub(super) fn new(key: &GroupKey, given: Given, interval: Duration, now: Timestamp) -> Self {
        let state = GroupState::new(Arc::clone(&given.group));
        Self::of(key, given, state, interval, now)
    }

    /// The same group with other rules; this one is no more.
    pub(super) fn with_rules_of(
        &self,
        key: &GroupKey,
        given: Given,
        interval: Duration,
        now: Timestamp,
    ) -> Self {
        let group = Arc::clone(&given.group);
        let state = match self.take() {
            Some(state) => state.with_rules_of(group),
            None => GroupState::new(group),
        };
        Self::of(key, given, state, interval, now)
    }

    fn of(key: &GroupKey, given: Given, state: GroupState, interval: Duration, now: Timestamp) -> Self {
        let schedule = Schedule::new(&key.file, &key.name, interval);
        Self {
            given,
            schedule,
            interval,
            view: ArcSwap::from_pointee(state.view()),
            state: Mutex::new(Some(state)),
            times: Mutex::new(Times { next: schedule.next(now), last: None, is_busy: false }),
        }
    }

    /// Takes the state, after the evaluation that is running.
    pub(super) fn take(&self) -> Option<GroupState> {
        self.state.lock().take()
    }

    pub(super) fn view(&self) -> Arc<GroupView> {
        self.view.load_full()
    }

    pub(super) fn restore(&self, snapshot: GroupSnapshot, now: Timestamp) {
        if let Some(state) = &mut *self.state.lock() {
            state.restore(snapshot, now);
            self.view.store(Arc::new(state.view()));
        }
    }

    /// The timestamp of the evaluation that is due, and how many were missed before it; or else how long to wait.
    pub(super) fn due(&self, now: Timestamp) -> Result<(Timestamp, u64), Duration> {
        let mut times = self.times.lock();
        if times.is_busy {
            // Whoever evaluates it says when it is done.
            return Err(self.interval);
        }
        let wait = times.next.millis().saturating_sub(now.millis());
        let wait = Duration::from_millis(u64::try_from(wait).unwrap_or(0));
        if wait > self.interval {
            // The clock was set back.
            times.next = self.schedule.next(now);
            return Err(Duration::ZERO);
        }
        if !wait.is_zero() {
            return Err(wait);
        }
        let slot = self.schedule.slot(now);
        let missed = times.last.map_or(0, |last| self.schedule.missed(last, slot));
        *times = Times { next: self.schedule.next(slot), last: Some(slot), is_busy: true };
        Ok((slot, missed))
    }

    /// Evaluates the group. `None` when it is no more.
    pub(super) fn evaluate(&self, at: Timestamp, around: &Surroundings<'_>) -> Option<Outcome> {
        let mut held = self.state.lock();
        let outcome = held.as_mut().map(|state| {
            let had_alerts = has_alerts(&self.view.load());
            state.evaluate(at, around);
            let due = state.take_due(at, RESEND_DELAY, self.interval);
            let view = state.view();
            let failed = view.rules.iter().filter(|rule| rule.health == Health::Bad).count();
            let snapshot = if had_alerts || has_alerts(&view) { state.snapshot() } else { None };
            let rules = view.rules.len() as u64;
            self.view.store(Arc::new(view));
            Outcome { rules, failed: failed as u64, due, snapshot }
        });
        drop(held);
        self.times.lock().is_busy = false;
        outcome
    }
}

fn has_alerts(view: &GroupView) -> bool {
    view.rules.iter().any(|rule| !rule.alerts.is_empty())
}
