//! From alerts to notifications: grouped by route, muted, deduplicated, on time.
//!
//! Follows Alertmanager. Reads no clock: whoever drives it says what time it is, sends what it is given, and says whether
//! that went well.

mod alert;
mod decide;
mod explain;
mod group;
mod silence;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
pub mod webhook;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use alert::{Alert, Alerts, Fingerprint, PostedAlert};
use crowsnest_api::{Labels, Timestamp};
pub use decide::{Logged, Mutes, Notification, Reason};
pub use explain::{Standing, Step, Told, Way};
use group::Group;
pub use group::{Flush, GroupId, GroupShown};
pub use silence::{Silence, SilenceError, SilenceState, Silences};
pub(crate) use webhook::{common_annotations, common_labels};

use crate::alertmanager::{Config, Integration, Receiver, Route};

/// What need not be kept any longer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Keys of the log of notifications.
    pub logged: Vec<String>,
    /// Ids of silences.
    pub silences: Vec<String>,
}

/// Everything that decides about notifications.
#[derive(Debug)]
pub struct Dispatcher {
    config: Arc<Config>,
    /// Routes by their number.
    routes: Vec<Arc<Route>>,
    /// All alerts that are known.
    pub alerts: Alerts,
    /// What people have muted.
    pub silences: Silences,
    groups: BTreeMap<GroupId, Group>,
    log: BTreeMap<String, Logged>,
}

impl Dispatcher {
    /// With a configuration, and nothing to notify of yet.
    pub fn new(config: Arc<Config>) -> Self {
        let routes = routes(&config);
        let (alerts, silences) = (Alerts::default(), Silences::default());
        Self { config, routes, alerts, silences, groups: BTreeMap::new(), log: BTreeMap::new() }
    }

    /// The configuration.
    pub fn config(&self) -> &Arc<Config> {
        &self.config
    }

    /// Takes another configuration. Alerts are routed anew; a group that was there before and is still goes on where it
    /// was.
    pub fn reconfigure(&mut self, config: Arc<Config>, now: Timestamp) {
        self.routes = routes(&config);
        self.config = config;
        let before: BTreeMap<String, Group> =
            std::mem::take(&mut self.groups).into_values().map(|group| (group.key(), group)).collect();
        let alerts: Vec<Alert> = self.alerts.all().cloned().collect();
        for alert in alerts {
            self.route(&alert, now);
        }
        for group in self.groups.values_mut() {
            if let Some(before) = before.get(&group.key()) {
                group.go_on_from(before);
            }
        }
    }

    /// Takes an alert, new or known, and gives it as it is known now.
    pub fn put(&mut self, alert: Alert, now: Timestamp) {
        let alert = self.alerts.put(alert).clone();
        self.route(&alert, now);
    }

    fn route(&mut self, alert: &Alert, now: Timestamp) {
        let ids: Vec<usize> =
            self.config.route.matching(&alert.labels).iter().map(|route| route.id).collect();
        for id in ids {
            let Some(route) = self.routes.get(id) else { continue };
            let group_id = GroupId { route: id, labels: route.group_labels(&alert.labels) };
            match self.groups.get_mut(&group_id) {
                Some(group) => group.put(alert, now),
                None if alert.is_resolved(now) => {}
                None => {
                    let group = Group::new(Arc::clone(route), group_id.labels.clone(), alert, now);
                    self.groups.insert(group_id, group);
                }
            }
        }
    }

    /// Groups whose time has come, with their alerts. Their time is set to one interval later; they are not given again
    /// before [`Self::flushed`] says that this is done with.
    pub fn due(&mut self, now: Timestamp) -> Vec<Flush> {
        let due = self.groups.iter_mut().filter_map(|(id, group)| group.flush(id, now));
        due.collect()
    }

    /// When the next group is due.
    pub fn next(&self) -> Option<Timestamp> {
        self.groups.values().filter_map(Group::next).min()
    }

    /// A flush is done with. When all went well, what has ended and was told of is forgotten, and a group without alerts
    /// is no more.
    pub fn flushed(&mut self, flush: &Flush, went_well: bool) {
        let Some(group) = self.groups.get_mut(&flush.id) else { return };
        group.flushed(flush, went_well);
        if group.is_empty() {
            self.groups.remove(&flush.id);
        }
    }

    /// The receiver of a route.
    pub fn receiver(&self, name: &str) -> Option<&Receiver> {
        self.config.receivers.iter().find(|receiver| receiver.name == name)
    }

    /// Forgets alerts that have ended and are in no group, log entries and silences that are over.
    pub fn collect(&mut self, now: Timestamp) -> Forgotten {
        let groups = &self.groups;
        self.alerts.collect(now, |fingerprint| groups.values().any(|group| group.has(fingerprint)));
        let over = self.log.extract_if(.., |_, entry| entry.expires <= now);
        Forgotten { logged: over.map(|(key, _)| key).collect(), silences: self.silences.collect(now) }
    }

    /// The groups as they are.
    pub fn groups(&self) -> Vec<GroupShown<'_>> {
        self.groups.values().map(Group::show).collect()
    }

    /// The receivers that an alert goes to, each once, in order.
    pub fn receivers_of(&self, labels: &Labels) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for route in self.config.route.matching(labels) {
            if !names.contains(&route.receiver.as_str()) {
                names.push(&route.receiver);
            }
        }
        names
    }

    /// What was notified of, to be kept through a restart.
    pub fn log(&self) -> &BTreeMap<String, Logged> {
        &self.log
    }

    /// Takes up what was notified of before a restart.
    pub fn restore_log(&mut self, key: String, entry: Logged) {
        self.log.insert(key, entry);
    }

    /// A notification went out, or needed no sending: notes it. Gives the key and entry, to be kept.
    pub fn sent(&mut self, notification: &Notification) -> (String, Logged) {
        let entry = notification.log_entry();
        self.log.insert(notification.log_key.clone(), entry.clone());
        (notification.log_key.clone(), entry)
    }

    /// What an integration is to be told of in a flush; `None` when nothing.
    pub fn decide(&self, flush: &Flush, integration: &Integration, now: Timestamp) -> Option<Notification> {
        let heard = self.heard(flush, now);
        decide::decide(flush, &heard, integration, &self.log, now)
    }

    /// The alerts of a flush that are not muted.
    fn heard(&self, flush: &Flush, now: Timestamp) -> Vec<Alert> {
        let mutes = self.mutes(now);
        if mutes.is_route_muted(&flush.route) {
            return Vec::new();
        }
        let heard = flush.alerts.iter().filter(|alert| !mutes.is_muted(&alert.labels));
        heard.cloned().collect()
    }

    /// Who mutes alerts at a time.
    pub fn mutes(&self, now: Timestamp) -> Mutes<'_> {
        Mutes::new(&self.config, &self.alerts, &self.silences, now)
    }
}

fn routes(config: &Config) -> Vec<Arc<Route>> {
    let mut routes: Vec<Arc<Route>> =
        config.route.all().into_iter().map(|route| Arc::new(route.clone())).collect();
    routes.sort_by_key(|route| route.id);
    routes
}
