//! A group as it was left by its last evaluation, for those who look while it is evaluated again.

use std::sync::Arc;
use std::time::Duration;

use crowsnest_api::Timestamp;

use super::{ActiveAlert, AlertState, GroupState, Health};
use crate::rules::Group;

/// A group and what its last evaluation gave.
#[derive(Clone, Debug)]
pub struct GroupView {
    /// The group.
    pub group: Arc<Group>,
    /// When it was last evaluated.
    pub evaluated: Option<Timestamp>,
    /// How long that took.
    pub took: Duration,
    /// Its rules, in order.
    pub rules: Vec<RuleView>,
}

/// What the last evaluation of a rule gave.
#[derive(Clone, Debug)]
pub struct RuleView {
    /// Whether it went well.
    pub health: Health,
    /// Why it did not.
    pub last_error: Option<String>,
    /// When that was.
    pub evaluated: Option<Timestamp>,
    /// How long it took.
    pub took: Duration,
    /// Alerts that are pending or firing.
    pub alerts: Vec<ActiveAlert>,
}

impl GroupState {
    /// What there is to see.
    pub fn view(&self) -> GroupView {
        let rules = self.rules.iter().map(|state| RuleView {
            health: state.health(),
            last_error: state.last_error().map(str::to_owned),
            evaluated: state.evaluated(),
            took: state.took(),
            alerts: state.alerts().filter(|alert| alert.state != AlertState::Inactive).cloned().collect(),
        });
        let (evaluated, took) = (self.evaluated(), self.took());
        GroupView { group: Arc::clone(&self.group), evaluated, took, rules: rules.collect() }
    }
}

impl RuleView {
    /// How far the alert that has come furthest has come.
    pub fn state(&self) -> AlertState {
        self.alerts.iter().map(|alert| alert.state).max().unwrap_or(AlertState::Inactive)
    }
}
