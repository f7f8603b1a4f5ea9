//! `alertmanager.yml`, read as Alertmanager reads it: routes, receivers, inhibition, time intervals.

mod inhibition;
mod intervals;
mod matchers;
mod receivers;
mod route;
mod schema;
mod typed;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

pub use inhibition::InhibitRule;
pub use intervals::TimeInterval;
pub use matchers::{parse_matchers, show_matchers};
pub use receivers::{Integration, Receiver};
pub use route::{GroupBy, Matched, Route};

use crate::yaml::{Fault, Faults, Fields, Node, load};

/// A configuration that fits together: what routes name is there.
#[derive(Clone, Debug)]
pub struct Config {
    /// How long an alert counts as firing that does not say.
    pub resolve_timeout: Duration,
    /// Patterns of files with templates, relative to the configuration.
    pub templates: Vec<String>,
    /// The root of the routes.
    pub route: Route,
    /// What mutes what.
    pub inhibit_rules: Vec<InhibitRule>,
    /// Who is notified, in the order of the file.
    pub receivers: Vec<Receiver>,
    /// Times that routes refer to, by name.
    pub intervals: BTreeMap<String, TimeInterval>,
    /// What was read and has no effect here.
    pub notes: Vec<Fault>,
}

const FIELDS: &[&str] = &[
    "global",
    "route",
    "inhibit_rules",
    "receivers",
    "templates",
    "mute_time_intervals",
    "time_intervals",
    "tracing",
    "event_recorder",
];

impl Config {
    /// Reads a configuration.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Vec<Fault>> {
        let documents = load(text).map_err(|fault| vec![fault])?;
        let nothing = Node::nothing();
        Self::of(documents.first().unwrap_or(&nothing))
    }

    fn of(document: &Node) -> Result<Self, Vec<Fault>> {
        let mut faults = Faults::default();
        let fields = Fields::of(document, "configuration", FIELDS, &mut faults);
        let global = receivers::Global::read(fields.node("global"), &mut faults);
        let mut notes = Vec::new();
        let receivers = receivers::read(&fields, &global, &mut notes, &mut faults);
        let intervals = intervals::read(&fields, &mut faults);
        let names: BTreeSet<&str> = receivers.iter().map(|receiver| receiver.name.as_str()).collect();
        let known = route::Known { receivers: &names, intervals: &intervals };
        let route = match fields.node("route") {
            Some(node) => route::root(node, &known, &mut faults),
            None => {
                faults.add(fields.at, "no route provided");
                None
            }
        };
        let inhibit_rules = inhibition::read(&fields, &mut faults);
        let templates = fields.texts("templates", &mut faults);
        let resolve_timeout = global.resolve_timeout;
        let templates = templates.into_iter().map(|(_, text)| text.to_owned()).collect();
        let Some(route) = faults.or(route)? else { return Err(Vec::new()) };
        Ok(Self { resolve_timeout, templates, route, inhibit_rules, receivers, intervals, notes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(text: &str, expected: &str) {
        let faults = Config::parse(text).unwrap_err();
        let all: Vec<_> = faults.iter().map(ToString::to_string).collect();
        let (line, message) = expected.split_once(": ").unwrap();
        let is_told = |fault: &String| fault.starts_with(&format!("{line}:")) && fault.contains(message);
        assert!(all.iter().any(is_told), "{all:?}");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        refused("receivers: [{name: a}]\n", "1: no route provided");
        refused(
            "route: {receiver: b}\nreceivers: [{name: a}]\n",
            "1: undefined receiver \"b\" used in route",
        );
        refused("route: {}\nreceivers: [{name: a}]\n", "1: root route must specify a default receiver");
        refused(
            "route: {receiver: a, matchers: [a=b]}\nreceivers: [{name: a}]\n",
            "1: root route must not have any matchers",
        );
        refused(
            "route: {receiver: a, group_by: [a, a]}\nreceivers: [{name: a}]\n",
            "1: duplicated label \"a\" in group_by",
        );
        refused(
            "route: {receiver: a, group_by: ['...', a]}\nreceivers: [{name: a}]\n",
            "1: cannot have wildcard group_by",
        );
        refused(
            "route: {receiver: a, group_wait: 1x}\nreceivers: [{name: a}]\n",
            "1: group_wait: not a valid duration",
        );
        refused(
            "route: {receiver: a, group_interval: 0s}\nreceivers: [{name: a}]\n",
            "1: group_interval cannot be zero",
        );
        refused(
            "route: {receiver: a}\nreceivers: [{name: a}, {name: a}]\n",
            "2: notification config name \"a\" is not unique",
        );
        refused(
            "route: {receiver: a, routes: [{mute_time_intervals: [x]}]}\nreceivers: [{name: a}]\n",
            "1: undefined time interval \"x\" used in route",
        );
        refused(
            "route: {receiver: a}\nreceivers: [{name: a, webhook_configs: [{}]}]\n",
            "2: one of url or url_file must be configured",
        );
        refused(
            "route: {receiver: a}\nreceivers: [{name: a, webhook_configs: [{url: 'http://x', url_file: y}]}]\n",
            "2: at most one of url & url_file must be configured",
        );
        refused(
            "route: {receiver: a}\nreceivers: [{name: a, webhook_configs: [{url: 'ftp://x'}]}]\n",
            "2: url: unsupported scheme",
        );
        refused(
            "route: {receiver: a}\nreceivers: [{name: a, slack_configs: [{channel: c}]}]\n",
            "2: no global Slack API URL",
        );
        refused(
            "route: {receiver: a}\nreceivers: [{name: a}]\ntime_intervals: [{name: x, time_intervals: [{times: [{start_time: '25:00', end_time: '26:00'}]}]}]\n",
            "3: couldn't parse timestamp",
        );
    }

    #[test]
    fn settings_come_from_the_integration_the_globals_or_the_defaults() {
        let text = "global: {slack_api_url: 'http://g'}\nroute: {receiver: a}\nreceivers: [{name: a, slack_configs: [{channel: c}, {channel: d, api_url: 'http://own'}]}]\n";
        let config = Config::parse(text).unwrap();
        let [first, second] = config.receivers[0].integrations.as_slice() else { panic!() };
        assert_eq!((first.text("api_url"), second.text("api_url")), (Some("http://g"), Some("http://own")));
        assert!(!first.send_resolved());
        assert_eq!(second.index, 1);
    }
}
