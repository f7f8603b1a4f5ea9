//! What outlives a restart: the alerts of a group.

use std::time::Duration;

use crowsnest_api::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ActiveAlert, AlertState, GroupState, alerts};

/// Longer than this away, and nobody knows any more whether a pending alert was pending all the time.
const TOLERATED: Duration = Duration::from_hours(1);

/// The alerts of a group at one time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GroupSnapshot {
    /// When it was last evaluated.
    pub at: Timestamp,
    /// For each rule that has alerts: its identity, and they.
    rules: Vec<(String, Vec<ActiveAlert>)>,
}

impl GroupState {
    /// What to keep. Nothing before the first evaluation.
    pub fn snapshot(&self) -> Option<GroupSnapshot> {
        let rules = self.group.rules.iter().zip(&self.rules).filter(|(_, state)| !state.alerts.is_empty());
        let rules = rules.map(|(rule, state)| (rule.identity(), state.alerts().cloned().collect()));
        Some(GroupSnapshot { at: self.evaluated?, rules: rules.collect() })
    }

    /// Goes on from a snapshot at `now`. The time in between counts neither for `for` nor for `keep_firing_for`: what was
    /// pending stays as far from firing as it was. After more than an hour, what was pending is forgotten.
    pub fn restore(&mut self, snapshot: GroupSnapshot, now: Timestamp) {
        let away = now.millis().saturating_sub(snapshot.at.millis()).max(0);
        let is_known = Duration::from_millis(away.unsigned_abs()) <= TOLERATED;
        let mut rules = snapshot.rules;
        for (rule, state) in self.group.rules.iter().zip(&mut self.rules) {
            let Some(at) = rules.iter().position(|(identity, _)| *identity == rule.identity()) else {
                continue;
            };
            let (_, kept) = rules.swap_remove(at);
            let kept = kept.into_iter().filter(|alert| is_known || alert.state != AlertState::Pending);
            state.alerts = kept
                .map(|mut alert| {
                    if alert.state == AlertState::Pending {
                        alert.active_at = alert.active_at.plus_millis(away);
                    }
                    alert.keep_firing_since = alert.keep_firing_since.map(|since| since.plus_millis(away));
                    (alert.labels.clone(), alert)
                })
                .collect();
            // So that what is not there any more ends.
            state.written = alerts::series(&state.alerts).into_iter().map(|(labels, _)| labels).collect();
        }
    }
}
