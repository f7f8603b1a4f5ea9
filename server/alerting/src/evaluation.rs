//! Rules in time: a group is evaluated at one timestamp after the other, and keeps what it must remember in between.
//!
//! Reads no clock and no disk: the time is handed in, series come from a [`Queryable`], what is written goes to a
//! [`Recorder`]. Follows Prometheus 3 where not said otherwise.

mod alerts;
mod record;
mod replay;
mod rule;
mod schedule;
mod snapshot;
mod template;
#[cfg(test)]
mod tests;
mod view;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

pub use alerts::{ActiveAlert, AlertState, FOR_STATE, STATE};
use crowsnest_api::{Labels, Timestamp, stale_nan};
use crowsnest_promql::{Control, Engine, Queryable, SampleValue};
pub use replay::{Firing, Replayed, replay};
pub use rule::{Health, RuleState};
pub use schedule::Schedule;
pub use snapshot::GroupSnapshot;
pub use view::{GroupView, RuleView};

use crate::rules::Group;

/// A sample that a rule writes.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// The series.
    pub labels: Labels,
    /// Its time.
    pub timestamp: Timestamp,
    /// Its value; a staleness marker where the series has ended.
    pub value: SampleValue,
}

/// Takes what rules write.
pub trait Recorder {
    /// Stores samples; queries see them when it returns.
    ///
    /// # Errors
    /// When they could not be stored; the text is for people.
    fn record(&self, samples: Vec<Written>) -> Result<(), String>;
}

/// What an evaluation needs from outside.
pub struct Surroundings<'a> {
    /// Evaluates expressions.
    pub engine: &'a Engine,
    /// Where series are read.
    pub store: &'a dyn Queryable,
    /// Where series are written.
    pub recorder: &'a dyn Recorder,
    /// Watches over one rule: its queries end when it says so, and its clock times the rule.
    pub control: &'a dyn Fn() -> Control,
    /// Labels of this server, for templates.
    pub external_labels: &'a Labels,
    /// Address of this server, for templates.
    pub external_url: &'a str,
    /// How far back groups are evaluated that do not say.
    pub query_offset: Duration,
}

/// A group and what it remembers.
#[derive(Debug)]
pub struct GroupState {
    group: Arc<Group>,
    rules: Vec<RuleState>,
    /// Series of rules that are no more; they end at the next evaluation.
    orphans: Vec<Labels>,
    evaluated: Option<Timestamp>,
    took: Duration,
}

impl GroupState {
    /// A group that has not been evaluated yet.
    pub fn new(group: Arc<Group>) -> Self {
        let rules = group.rules.iter().map(|_| RuleState::default()).collect();
        Self { group, rules, orphans: Vec::new(), evaluated: None, took: Duration::ZERO }
    }

    /// The same group with other rules. Rules of the same name and labels keep what they remember.
    #[must_use]
    pub fn with_rules_of(mut self, group: Arc<Group>) -> Self {
        let mut remembered: HashMap<String, Vec<RuleState>> = HashMap::new();
        for (rule, state) in self.group.rules.iter().zip(self.rules).rev() {
            remembered.entry(rule.identity()).or_default().push(state);
        }
        self.rules = group
            .rules
            .iter()
            .map(|rule| remembered.get_mut(&rule.identity()).and_then(Vec::pop).unwrap_or_default())
            .collect();
        self.orphans.extend(remembered.into_values().flatten().flat_map(RuleState::into_written));
        self.group = group;
        self
    }

    /// The group.
    pub fn group(&self) -> &Arc<Group> {
        &self.group
    }

    /// Each rule's state, in the order of the rules.
    pub fn rules(&self) -> &[RuleState] {
        &self.rules
    }

    /// When it was last evaluated.
    pub fn evaluated(&self) -> Option<Timestamp> {
        self.evaluated
    }

    /// How long that took.
    pub fn took(&self) -> Duration {
        self.took
    }

    /// Evaluates all rules, one after the other, each seeing what those before it wrote.
    pub fn evaluate(&mut self, at: Timestamp, around: &Surroundings<'_>) {
        let clock = (around.control)();
        let offset = self.group.query_offset.unwrap_or(around.query_offset);
        let stamp = at.minus(offset);
        let ended = self.orphans.drain(..).map(|labels| ended(labels, stamp)).collect();
        let mut pending = Pending { samples: ended, of: Vec::new() };
        for index in 0..self.rules.len() {
            let Some(rule) = self.group.rules.get(index) else { break };
            // What was written waits until somebody reads it, since storing durably takes its time.
            if pending.samples.iter().any(|sample| rule.reads.may_include(sample.labels.metric_name())) {
                pending.store(around.recorder, &mut self.rules);
            }
            let Some(state) = self.rules.get_mut(index) else { break };
            let samples = state.evaluate(rule, self.group.limit, (at, stamp), around);
            if !samples.is_empty() {
                pending.samples.extend(samples);
                pending.of.push(index);
            }
        }
        pending.store(around.recorder, &mut self.rules);
        self.evaluated = Some(at);
        self.took = clock.elapsed();
    }

    /// Ends all series: the group is no more.
    ///
    /// # Errors
    /// When they could not be written.
    pub fn end(self, at: Timestamp, recorder: &dyn Recorder) -> Result<(), String> {
        let written = self.rules.into_iter().flat_map(RuleState::into_written).chain(self.orphans);
        recorder.record(written.map(|labels| ended(labels, at)).collect())
    }

    /// Alerts that an Alertmanager is to be told of at `at`, each with the query of its rule, and marks them as told:
    /// those that fire, every `resend`, and those that have ended.
    pub fn take_due(
        &mut self,
        at: Timestamp,
        resend: Duration,
        interval: Duration,
    ) -> Vec<(ActiveAlert, String)> {
        let mut due = Vec::new();
        for (rule, state) in self.group.rules.iter().zip(&mut self.rules) {
            let alerts = state.alerts.values_mut().filter_map(|alert| alert.take_due(at, resend, interval));
            due.extend(alerts.map(|alert| (alert, rule.query())));
        }
        due
    }
}

/// What has been written and not yet stored.
struct Pending {
    samples: Vec<Written>,
    /// Indices of the rules whose samples they are.
    of: Vec<usize>,
}

impl Pending {
    fn store(&mut self, recorder: &dyn Recorder, rules: &mut [RuleState]) {
        let of = std::mem::take(&mut self.of);
        if self.samples.is_empty() {
            return;
        }
        if let Err(error) = recorder.record(std::mem::take(&mut self.samples)) {
            for index in of {
                if let Some(rule) = rules.get_mut(index) {
                    rule.fail(format!("cannot store what the rule gave: {error}"));
                }
            }
        }
    }
}

fn ended(labels: Labels, timestamp: Timestamp) -> Written {
    Written { labels, timestamp, value: SampleValue::Float(stale_nan()) }
}
