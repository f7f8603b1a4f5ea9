//! The tree of routes, and the way of an alert through it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crowsnest_api::Labels;
use crowsnest_promql::{MatchOp, Matcher};

use super::intervals::TimeInterval;
use super::matchers::{parse_matchers, show_matchers};
use crate::yaml::{Faults, Fields, Node, Place};

/// Which labels make a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupBy {
    /// All of them: each alert is a group.
    All,
    /// These.
    Labels(BTreeSet<String>),
}

/// A route, with what it has from those above it.
#[derive(Clone, Debug)]
pub struct Route {
    /// Who is notified.
    pub receiver: String,
    /// Which labels make a group.
    pub group_by: GroupBy,
    /// How long a new group waits for more alerts.
    pub group_wait: Duration,
    /// How long a group waits between two notifications.
    pub group_interval: Duration,
    /// After how long it is notified of again when nothing has changed.
    pub repeat_interval: Duration,
    /// What alerts must match.
    pub matchers: Vec<Matcher>,
    /// Whether routes after it get the alert, too.
    pub continues: bool,
    /// Routes below it.
    pub routes: Vec<Self>,
    /// Names of times in which it does not notify.
    pub mute_intervals: Vec<String>,
    /// Names of times outside of which it does not notify.
    pub active_intervals: Vec<String>,
    /// Matchers from the root down to it, which say who it is: `{}/{severity="page"}`.
    pub key: String,
    /// Its number in the tree, counted from the root down, for those that look it up.
    pub id: usize,
}

/// A route that an alert ends in, and the routes on the way, the root first.
pub type Matched<'r> = Vec<&'r Route>;

impl Route {
    /// The routes that an alert with these labels ends in, in order; the last of each way is the one.
    pub fn ways(&self, labels: &Labels) -> Vec<Matched<'_>> {
        if !self.matchers.iter().all(|matcher| matcher.matches(labels)) {
            return Vec::new();
        }
        let mut ways = Vec::new();
        for route in &self.routes {
            let below = route.ways(labels);
            let is_taken = !below.is_empty();
            ways.extend(below.into_iter().map(|mut way| {
                way.insert(0, self);
                way
            }));
            if is_taken && !route.continues {
                break;
            }
        }
        if ways.is_empty() { vec![vec![self]] } else { ways }
    }

    /// The routes that an alert with these labels ends in.
    pub fn matching(&self, labels: &Labels) -> Vec<&Self> {
        self.ways(labels).into_iter().filter_map(|way| way.last().copied()).collect()
    }

    /// The labels that say which group of this route an alert is in.
    pub fn group_labels(&self, labels: &Labels) -> Labels {
        match &self.group_by {
            GroupBy::All => labels.clone(),
            GroupBy::Labels(names) => {
                let mut group = labels.to_builder();
                group.retain(|label| names.contains(label.name.as_str()));
                group.build()
            }
        }
    }

    /// It and all routes below it.
    pub fn all(&self) -> Vec<&Self> {
        let mut all = vec![self];
        all.extend(self.routes.iter().flat_map(Self::all));
        all
    }
}

/// What routes may refer to.
pub(super) struct Known<'a> {
    pub(super) receivers: &'a BTreeSet<&'a str>,
    pub(super) intervals: &'a BTreeMap<String, TimeInterval>,
}

const FIELDS: &[&str] = &[
    "receiver",
    "group_by",
    "match",
    "match_re",
    "matchers",
    "mute_time_intervals",
    "active_time_intervals",
    "continue",
    "routes",
    "group_wait",
    "group_interval",
    "repeat_interval",
    "labels",
];

/// The deepest tree that is read.
const MAX_DEPTH: usize = 100;

pub(super) fn root(node: &Node, known: &Known<'_>, faults: &mut Faults) -> Option<Route> {
    let fields = Fields::of(node, "route", &[], &mut Faults::default());
    if fields.text("receiver", &mut Faults::default()).is_none_or(str::is_empty) {
        faults.add(node.at, "root route must specify a default receiver");
    }
    for field in ["match", "match_re", "matchers"] {
        if fields.node(field).is_some() {
            faults.add(fields.place(field), "root route must not have any matchers");
        }
    }
    for field in ["mute_time_intervals", "active_time_intervals"] {
        if fields.node(field).is_some() {
            faults.add(fields.place(field), format!("root route must not have any {field}"));
        }
    }
    let above = Route {
        receiver: String::new(),
        group_by: GroupBy::Labels(BTreeSet::new()),
        group_wait: Duration::from_secs(30),
        group_interval: Duration::from_mins(5),
        repeat_interval: Duration::from_hours(4),
        matchers: Vec::new(),
        continues: false,
        routes: Vec::new(),
        mute_intervals: Vec::new(),
        active_intervals: Vec::new(),
        key: String::new(),
        id: 0,
    };
    let mut next_id = 0;
    read(node, &above, known, (&mut next_id, 0), faults)
}

fn read(
    node: &Node,
    above: &Route,
    known: &Known<'_>,
    (next_id, depth): (&mut usize, usize),
    faults: &mut Faults,
) -> Option<Route> {
    if depth > MAX_DEPTH {
        faults.add(node.at, format!("routes are nested more than {MAX_DEPTH} deep"));
        return None;
    }
    let fields = Fields::of(node, "route", FIELDS, faults);
    let receiver = fields.text("receiver", faults).filter(|name| !name.is_empty());
    if let Some(name) = receiver.filter(|name| !known.receivers.contains(name)) {
        let at = fields.node("receiver").map_or(node.at, |node| node.at);
        faults.add(at, format!("undefined receiver {name:?} used in route"));
    }
    let matchers = matchers(&fields, ("match", "match_re", "matchers"), faults);
    let shown = show_matchers(&matchers);
    let key = if depth == 0 { shown } else { format!("{}/{shown}", above.key) };
    let id = *next_id;
    *next_id += 1;
    let mut route = Route {
        receiver: receiver.map_or_else(|| above.receiver.clone(), str::to_owned),
        group_by: group_by(&fields, faults).unwrap_or_else(|| above.group_by.clone()),
        group_wait: fields.duration("group_wait", faults).unwrap_or(above.group_wait),
        group_interval: positive(&fields, "group_interval", faults).unwrap_or(above.group_interval),
        repeat_interval: positive(&fields, "repeat_interval", faults).unwrap_or(above.repeat_interval),
        matchers,
        continues: fields.flag("continue", faults).unwrap_or(false),
        routes: Vec::new(),
        mute_intervals: intervals(&fields, "mute_time_intervals", known, faults),
        active_intervals: intervals(&fields, "active_time_intervals", known, faults),
        key,
        id,
    };
    let mut below = Vec::new();
    for node in fields.list("routes", faults) {
        below.extend(read(node, &route, known, (next_id, depth + 1), faults));
    }
    route.routes = below;
    Some(route)
}

fn positive(fields: &Fields<'_>, name: &str, faults: &mut Faults) -> Option<Duration> {
    let duration = fields.duration(name, faults)?;
    if duration.is_zero() {
        faults.add(fields.node(name).map_or(fields.at, |node| node.at), format!("{name} cannot be zero"));
    }
    Some(duration)
}

fn group_by(fields: &Fields<'_>, faults: &mut Faults) -> Option<GroupBy> {
    fields.node("group_by")?;
    let names = fields.texts("group_by", faults);
    let mut labels = BTreeSet::new();
    for (at, name) in &names {
        if name.is_empty() {
            faults.add(*at, "invalid label name \"\" in group_by list");
        }
        if !labels.insert((*name).to_owned()) {
            faults.add(*at, format!("duplicated label {name:?} in group_by"));
        }
    }
    if !labels.contains("...") {
        return Some(GroupBy::Labels(labels));
    }
    if labels.len() > 1 {
        let what = "cannot have wildcard group_by (`...`) and other labels at the same time";
        faults.add(fields.place("group_by"), what);
    }
    Some(GroupBy::All)
}

fn intervals(fields: &Fields<'_>, name: &str, known: &Known<'_>, faults: &mut Faults) -> Vec<String> {
    let names = fields.texts(name, faults);
    for (at, name) in names.iter().filter(|(_, name)| !known.intervals.contains_key(*name)) {
        faults.add(*at, format!("undefined time interval {name:?} used in route"));
    }
    names.into_iter().map(|(_, name)| name.to_owned()).collect()
}

/// Matchers in the three ways in which they can be written: a map of values, a map of regular expressions, a list.
pub(super) fn matchers(
    fields: &Fields<'_>,
    (equal, regex, list): (&str, &str, &str),
    faults: &mut Faults,
) -> Vec<Matcher> {
    let mut matchers = Vec::new();
    for (name, (entry, value)) in fields.string_map(equal, faults) {
        match crowsnest_promql::Matcher::new(name, MatchOp::Equal, value) {
            Ok(matcher) if is_classic_name(name) => matchers.push(matcher),
            _ => faults.add(entry.at, format!("invalid label name {name:?}")),
        }
    }
    for (name, (entry, value)) in fields.string_map(regex, faults) {
        let is_nothing = entry.value.content == crate::yaml::Content::Null;
        match Matcher::new(name, MatchOp::Regex, format!("^(?:{value})$")) {
            Ok(matcher) if !is_nothing && is_classic_name(name) => matchers.push(matcher),
            Ok(_) if is_nothing => faults.add(entry.at, format!("invalid regexp value for {name:?}")),
            Ok(_) => faults.add(entry.at, format!("invalid label name {name:?}")),
            Err(error) => faults.add(entry.value.at, error.to_string()),
        }
    }
    let one: Vec<(Place, &str)> = match fields.node(list).map(|node| (node.at, node.text())) {
        Some((at, Some(text))) => vec![(at, text)],
        _ => fields.texts(list, faults),
    };
    for (at, text) in one {
        match parse_matchers(text) {
            Ok(more) => matchers.extend(more),
            Err(error) => faults.add(at, error),
        }
    }
    matchers
}

fn is_classic_name(name: &str) -> bool {
    let is_first = |c: char| c.is_ascii_alphabetic() || c == '_';
    name.starts_with(is_first) && name.chars().all(|c| is_first(c) || c.is_ascii_digit())
}
