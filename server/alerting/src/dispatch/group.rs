//! Alerts that are notified of together.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use crowsnest_api::{INSTANCE, JOB, Labels, Timestamp};

use super::{Alert, Fingerprint, Standing};
use crate::alertmanager::Route;

/// Who a group is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupId {
    /// The route's number.
    pub route: usize,
    /// The labels that its alerts have in common.
    pub labels: Labels,
}

/// A group.
#[derive(Debug)]
pub(super) struct Group {
    route: Arc<Route>,
    labels: Labels,
    alerts: BTreeMap<Fingerprint, Alert>,
    next: Timestamp,
    has_flushed: bool,
    /// Whether a flush is under way.
    is_busy: bool,
}

/// A group's alerts at the time of a notification.
#[derive(Clone, Debug)]
pub struct Flush {
    /// The group.
    pub id: GroupId,
    /// Its route.
    pub route: Arc<Route>,
    /// When this is.
    pub at: Timestamp,
    /// Its alerts: by job, by instance, then by the other labels.
    pub alerts: Vec<Alert>,
}

/// A group as it is.
#[derive(Debug)]
pub struct GroupShown<'a> {
    /// The labels that its alerts have in common.
    pub labels: &'a Labels,
    /// Who is notified of it.
    pub receiver: &'a str,
    /// Its route.
    pub route: &'a Route,
    /// Its alerts.
    pub alerts: Vec<&'a Alert>,
}

impl Group {
    pub(super) fn new(route: Arc<Route>, labels: Labels, alert: &Alert, now: Timestamp) -> Self {
        let next = now.plus(route.group_wait);
        let alerts = BTreeMap::new();
        let mut group = Self { route, labels, alerts, next, has_flushed: false, is_busy: false };
        group.put(alert, now);
        group
    }

    /// Who it is, in Alertmanager's words: the matchers of the route, and the labels.
    pub(super) fn key(&self) -> String {
        key(&self.route, &self.labels)
    }

    pub(super) fn put(&mut self, alert: &Alert, now: Timestamp) {
        // One that is not new has waited long enough.
        if !self.has_flushed && alert.starts_at.plus(self.route.group_wait) < now {
            self.next = self.next.min(now);
        }
        self.alerts.insert(alert.fingerprint(), alert.clone());
    }

    pub(super) fn go_on_from(&mut self, before: &Self) {
        (self.next, self.has_flushed) = (before.next, before.has_flushed);
    }

    pub(super) fn has(&self, fingerprint: Fingerprint) -> bool {
        self.alerts.contains_key(&fingerprint)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.alerts.is_empty()
    }

    /// When it is due; not while a flush is under way.
    pub(super) fn next(&self) -> Option<Timestamp> {
        (!self.is_busy).then_some(self.next)
    }

    pub(super) fn flush(&mut self, id: &GroupId, now: Timestamp) -> Option<Flush> {
        if self.is_busy || self.next > now {
            return None;
        }
        (self.is_busy, self.has_flushed) = (true, true);
        self.next = now.plus(self.route.group_interval);
        let mut alerts: Vec<Alert> = self.alerts.values().cloned().collect();
        alerts.sort_by(|a, b| order(&a.labels, &b.labels));
        Some(Flush { id: id.clone(), route: Arc::clone(&self.route), at: now, alerts })
    }

    pub(super) fn flushed(&mut self, flush: &Flush, went_well: bool) {
        self.is_busy = false;
        if !went_well {
            return;
        }
        for told in flush.alerts.iter().filter(|alert| alert.is_resolved(flush.at)) {
            // It may fire again by now.
            if self.alerts.get(&told.fingerprint()) == Some(told) {
                self.alerts.remove(&told.fingerprint());
            }
        }
    }

    pub(super) fn standing(&self) -> Standing {
        Standing { alerts: self.alerts.len(), next: self.next, is_new: !self.has_flushed }
    }

    pub(super) fn show(&self) -> GroupShown<'_> {
        let mut alerts: Vec<&Alert> = self.alerts.values().collect();
        alerts.sort_by(|a, b| order(&a.labels, &b.labels));
        GroupShown { labels: &self.labels, receiver: &self.route.receiver, route: &self.route, alerts }
    }
}

impl Flush {
    /// Who the group is, in Alertmanager's words.
    pub fn key(&self) -> String {
        key(&self.route, &self.id.labels)
    }
}

pub(super) fn key(route: &Route, labels: &Labels) -> String {
    format!("{}:{labels}", route.key)
}

/// The order in which Alertmanager lists alerts.
fn order(a: &Labels, b: &Labels) -> Ordering {
    for name in [JOB, INSTANCE] {
        match (a.get(name), b.get(name)) {
            (Some(a), Some(b)) if a != b => return a.cmp(b),
            (Some(_), None) => return Ordering::Less,
            (None, Some(_)) => return Ordering::Greater,
            _ => {}
        }
    }
    let names = |labels: &Labels| labels.iter().map(|label| label.name.clone()).collect::<Vec<_>>();
    a.len().cmp(&b.len()).then_with(|| names(a).cmp(&names(b))).then_with(|| a.cmp(b))
}
