//! Why somebody was told of an alert or not: its way through the routes, its groups, and what their receivers were told.

use crowsnest_api::{Labels, Timestamp};

use super::{Dispatcher, GroupId, Logged, Mutes};
use super::{Fingerprint, decide};
use crate::alertmanager::{Integration, Route};

/// A route that was looked at on an alert's way.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// The route.
    pub route: &'a Route,
    /// How far below the root it is.
    pub depth: usize,
    /// Whether the alert goes through it.
    pub is_taken: bool,
}

/// A route that an alert ends in.
#[derive(Debug)]
pub struct Way<'a> {
    /// The route.
    pub route: &'a Route,
    /// The group in which the alert is there, in Alertmanager's words.
    pub group_key: String,
    /// The labels that make the group.
    pub group_labels: Labels,
    /// How the group stands; `None` where there is none, as the alert does not fire yet.
    pub group: Option<Standing>,
    /// Names of the times because of which the route does not notify now.
    pub muted_by: Vec<String>,
    /// The integrations of its receiver, and what they were told.
    pub told: Vec<Told<'a>>,
}

/// How a group stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// How many alerts are in it.
    pub alerts: usize,
    /// When it is due.
    pub next: Timestamp,
    /// Whether it still waits for its first notification.
    pub is_new: bool,
}

/// What an integration was last told of a group.
#[derive(Debug)]
pub struct Told<'a> {
    /// The integration.
    pub integration: &'a Integration,
    /// What it was told; `None` where it was not.
    pub logged: Option<&'a Logged>,
    /// Whether the alert was in it, firing.
    pub has_alert: bool,
}

impl Dispatcher {
    /// The routes that are looked at for an alert with these labels, in order.
    pub fn walk(&self, labels: &Labels) -> Vec<Step<'_>> {
        let mut steps = Vec::new();
        walk(&self.config.route, labels, 0, &mut steps);
        steps
    }

    /// The routes that an alert with these labels ends in, with all that decides there whether somebody is told.
    pub fn ways(&self, labels: &Labels, mutes: &Mutes<'_>) -> Vec<Way<'_>> {
        let fingerprint = Fingerprint::of(labels);
        let routes = self.config.route.matching(labels);
        routes.into_iter().map(|route| self.way(route, labels, fingerprint, mutes)).collect()
    }

    fn way<'a>(
        &'a self,
        route: &'a Route,
        labels: &Labels,
        fingerprint: Fingerprint,
        mutes: &Mutes<'_>,
    ) -> Way<'a> {
        let group_labels = route.group_labels(labels);
        let group_key = super::group::key(route, &group_labels);
        let group = self.groups.get(&GroupId { route: route.id, labels: group_labels.clone() });
        let integrations = self.receiver(&route.receiver).into_iter().flat_map(|r| &r.integrations);
        let told = integrations.map(|integration| {
            let logged = self.log.get(&decide::log_key(&group_key, route, integration));
            let has_alert = logged.is_some_and(|logged| logged.firing.contains(&fingerprint.0));
            Told { integration, logged, has_alert }
        });
        Way {
            route,
            told: told.collect(),
            muted_by: mutes.muted_by_time(route),
            group: group.filter(|group| group.has(fingerprint)).map(super::group::Group::standing),
            group_key,
            group_labels,
        }
    }
}

/// Follows [`Route::ways`]: the first route that takes the alert ends the search unless it says to go on.
fn walk<'a>(route: &'a Route, labels: &Labels, depth: usize, steps: &mut Vec<Step<'a>>) -> bool {
    let is_taken = route.matchers.iter().all(|matcher| matcher.matches(labels));
    steps.push(Step { route, depth, is_taken });
    if is_taken {
        for below in &route.routes {
            if walk(below, labels, depth + 1, steps) && !below.continues {
                break;
            }
        }
    }
    is_taken
}
