//! One rule's state.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crowsnest_api::{Labels, Timestamp};
use crowsnest_promql::{Control, SampleValue, Value, VectorElement};

use super::{ActiveAlert, Surroundings, Written, alerts, ended, record};
use crate::rules::{Rule, RuleKind};

/// Whether the last evaluation went well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// There was none yet.
    #[default]
    Unknown,
    /// It did.
    Good,
    /// It failed.
    Bad,
}

/// What a rule remembers from one evaluation to the next.
#[derive(Clone, Debug, Default)]
pub struct RuleState {
    pub(super) alerts: BTreeMap<Labels, ActiveAlert>,
    /// The series of the last evaluation that went well.
    pub(super) written: BTreeSet<Labels>,
    health: Health,
    last_error: Option<String>,
    evaluated: Option<Timestamp>,
    took: Duration,
}

impl RuleState {
    /// Whether the last evaluation went well.
    pub fn health(&self) -> Health {
        self.health
    }

    /// Why it did not.
    pub fn last_error(&self) -> Option<&str> {
        self.last_error.as_deref()
    }

    /// When it was last evaluated.
    pub fn evaluated(&self) -> Option<Timestamp> {
        self.evaluated
    }

    /// How long that took.
    pub fn took(&self) -> Duration {
        self.took
    }

    /// The alerts of an alerting rule: pending, firing, and for a while those that are resolved.
    pub fn alerts(&self) -> impl Iterator<Item = &ActiveAlert> {
        self.alerts.values()
    }

    pub(super) fn fail(&mut self, error: String) {
        self.health = Health::Bad;
        self.last_error = Some(error);
    }

    pub(super) fn into_written(self) -> BTreeSet<Labels> {
        self.written
    }

    /// Evaluates the rule at `at` and gives what it writes, with its samples at `stamp`. When it fails, it writes
    /// nothing, no staleness markers either.
    pub(super) fn evaluate(
        &mut self,
        rule: &Rule,
        limit: usize,
        (at, stamp): (Timestamp, Timestamp),
        around: &Surroundings<'_>,
    ) -> Vec<Written> {
        let control = (around.control)();
        let given = self.give(rule, limit, (at, stamp), around, &control);
        self.evaluated = Some(at);
        self.took = control.elapsed();
        match given {
            Err(error) => {
                self.fail(error);
                Vec::new()
            }
            Ok(series) => {
                self.health = Health::Good;
                self.last_error = None;
                let now: BTreeSet<Labels> = series.iter().map(|(labels, _)| labels.clone()).collect();
                let before = std::mem::replace(&mut self.written, now);
                let gone = before.difference(&self.written).map(|labels| ended(labels.clone(), stamp));
                let gone: Vec<_> = gone.collect();
                let here =
                    series.into_iter().map(|(labels, value)| Written { labels, timestamp: stamp, value });
                here.chain(gone).collect()
            }
        }
    }

    fn give(
        &mut self,
        rule: &Rule,
        limit: usize,
        (at, stamp): (Timestamp, Timestamp),
        around: &Surroundings<'_>,
        control: &Control,
    ) -> Result<Vec<(Labels, SampleValue)>, String> {
        let answer = around.engine.prepared(around.store, &rule.expr).controlled(control).instant(stamp);
        let vector = vector(answer.map_err(|error| error.to_string())?.value)?;
        match &rule.kind {
            RuleKind::Record(name) => record::series(name, &rule.labels, vector, limit),
            RuleKind::Alert(alert) => {
                let found = alerts::found(alert, rule, vector, at, around)?;
                alerts::advance(&mut self.alerts, alert, found, at);
                if limit > 0 && alerts::active(&self.alerts).count() > limit {
                    let count = alerts::active(&self.alerts).count();
                    self.alerts.clear();
                    return Err(format!("exceeded limit of {limit} with {count} alerts"));
                }
                Ok(alerts::series(&self.alerts))
            }
        }
    }
}

/// What a rule's expression gives: a vector, or a scalar as a vector of one.
pub(super) fn vector(value: Value) -> Result<Vec<VectorElement>, String> {
    match value {
        Value::Vector(elements) => Ok(elements),
        Value::Scalar(sample) => Ok(vec![VectorElement {
            labels: Labels::empty(),
            timestamp: sample.timestamp,
            value: SampleValue::Float(sample.value),
        }]),
        Value::String(..) | Value::Matrix(_) => Err("rule result is not a vector or scalar".to_owned()),
    }
}
