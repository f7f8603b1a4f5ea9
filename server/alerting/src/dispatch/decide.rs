//! Whether there is anything to tell: what mutes alerts, and what was told already.

use std::collections::{BTreeMap, BTreeSet};

use crowsnest_api::{Labels, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Alert, Alerts, Fingerprint, Flush, Silence, Silences};
use crate::alertmanager::{Config, InhibitRule, Integration, Route};

/// What mutes alerts at one time.
pub struct Mutes<'a> {
    config: &'a Config,
    silences: &'a Silences,
    now: Timestamp,
    /// For each inhibition rule: the alerts that fire and may mute others, by what they must have in common with those.
    sources: Vec<(&'a InhibitRule, BTreeMap<Labels, Vec<&'a Alert>>)>,
}

impl<'a> Mutes<'a> {
    pub(super) fn new(
        config: &'a Config,
        alerts: &'a Alerts,
        silences: &'a Silences,
        now: Timestamp,
    ) -> Self {
        let sources = config.inhibit_rules.iter().map(|rule| {
            let mut sources: BTreeMap<Labels, Vec<&Alert>> = BTreeMap::new();
            for alert in alerts.firing(now).filter(|alert| rule.is_source(&alert.labels)) {
                sources.entry(rule.common(&alert.labels)).or_default().push(alert);
            }
            (rule, sources)
        });
        Self { config, silences, now, sources: sources.collect() }
    }

    /// Whether an alert is inhibited or silenced.
    pub fn is_muted(&self, labels: &Labels) -> bool {
        !self.inhibited_by(labels).is_empty() || self.silenced_by(labels).next().is_some()
    }

    /// Alerts that mute this one.
    pub fn inhibited_by(&self, labels: &Labels) -> Vec<Fingerprint> {
        let mut found = Vec::new();
        for (rule, sources) in &self.sources {
            if !rule.is_target(labels) {
                continue;
            }
            let same = sources.get(&rule.common(labels)).into_iter().flatten();
            found.extend(
                same.filter(|source| rule.mutes(&source.labels, labels)).map(|source| source.fingerprint()),
            );
        }
        found
    }

    /// Silences that mute this alert.
    pub fn silenced_by(&self, labels: &'a Labels) -> impl Iterator<Item = &'a Silence> {
        self.silences.muting(labels, self.now)
    }

    /// Whether a route does not notify at this time.
    pub fn is_route_muted(&self, route: &Route) -> bool {
        !self.muted_by_time(route).is_empty()
    }

    /// Names of the times because of which a route does not notify.
    pub fn muted_by_time(&self, route: &Route) -> Vec<String> {
        let is_now = |name: &&String| {
            self.config.intervals.get(*name).is_some_and(|interval| interval.contains(self.now))
        };
        let muting: Vec<String> = route.mute_intervals.iter().filter(is_now).cloned().collect();
        if muting.is_empty()
            && !route.active_intervals.is_empty()
            && !route.active_intervals.iter().any(|name| is_now(&name))
        {
            return route.active_intervals.clone();
        }
        muting
    }
}

/// What an integration was last told of a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Logged {
    /// When.
    pub at: Timestamp,
    /// Alerts that fired, by fingerprint.
    pub firing: BTreeSet<u64>,
    /// Alerts that had ended.
    pub resolved: BTreeSet<u64>,
    /// When this is of no use any more.
    pub expires: Timestamp,
}

/// Why there is something to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The group is new.
    First,
    /// There are alerts that were not told of.
    NewAlerts,
    /// Some have ended.
    SomeResolved,
    /// All have ended.
    AllResolved,
    /// Nothing has changed for long.
    Repeat,
}

impl Reason {
    /// Alertmanager's words for it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::First => "first notification",
            Self::NewAlerts => "new alerts added",
            Self::SomeResolved => "some alerts resolved",
            Self::AllResolved => "all alerts resolved",
            Self::Repeat => "repeat interval elapsed",
        }
    }
}

/// Something to tell.
#[derive(Clone, Debug)]
pub struct Notification {
    /// The group, in Alertmanager's words.
    pub group_key: String,
    /// The labels that make the group.
    pub group_labels: Labels,
    /// The receiver's name.
    pub receiver: String,
    /// Alerts to tell of. None when this is only to be noted.
    pub alerts: Vec<Alert>,
    /// Why.
    pub reason: Reason,
    /// When.
    pub at: Timestamp,
    /// Under what it is noted.
    pub log_key: String,
    firing: BTreeSet<u64>,
    resolved: BTreeSet<u64>,
    expires: Timestamp,
}

impl Notification {
    pub(super) fn log_entry(&self) -> Logged {
        let (firing, resolved) = (self.firing.clone(), self.resolved.clone());
        Logged { at: self.at, firing, resolved, expires: self.expires }
    }
}

/// Under what it is noted what an integration was told of a group.
pub(super) fn log_key(group_key: &str, route: &Route, integration: &Integration) -> String {
    format!("{group_key}:{}/{}/{}", route.receiver, integration.kind, integration.index)
}

pub(super) fn decide(
    flush: &Flush,
    heard: &[Alert],
    integration: &Integration,
    log: &BTreeMap<String, Logged>,
    now: Timestamp,
) -> Option<Notification> {
    if heard.is_empty() {
        return None;
    }
    let of = |is_resolved: bool| -> BTreeSet<u64> {
        let alerts = heard.iter().filter(|alert| alert.is_resolved(flush.at) == is_resolved);
        alerts.map(|alert| alert.fingerprint().0).collect()
    };
    let (firing, resolved) = (of(false), of(true));
    let route = &flush.route;
    let group_key = flush.key();
    let log_key = log_key(&group_key, route, integration);
    let logged = log.get(&log_key).filter(|entry| entry.expires > now);
    let reason = match logged {
        None if firing.is_empty() => return None,
        None => Reason::First,
        Some(entry) if !firing.is_subset(&entry.firing) => Reason::NewAlerts,
        Some(entry) if firing.is_empty() && entry.firing.is_empty() => return None,
        Some(_) if firing.is_empty() => Reason::AllResolved,
        Some(entry) if integration.send_resolved() && !resolved.is_subset(&entry.resolved) => {
            Reason::SomeResolved
        }
        Some(entry) if entry.at < now.minus(route.repeat_interval) => Reason::Repeat,
        Some(_) => return None,
    };
    let told = heard.iter().filter(|alert| integration.send_resolved() || !alert.is_resolved(flush.at));
    Some(Notification {
        group_key,
        group_labels: flush.id.labels.clone(),
        receiver: route.receiver.clone(),
        alerts: told.cloned().collect(),
        reason,
        at: flush.at,
        log_key,
        firing,
        resolved,
        expires: now.plus(route.repeat_interval.saturating_mul(2)),
    })
}
