//! Thousands of histories of alerts, and what is told of each: the dispatcher beside a model of it that does second after second what the documentation of
//! Alertmanager says, with nothing indexed, scheduled or remembered that it could look up.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crowsnest_promql::Matcher;

use super::*;

/// Seconds of a history, and how many histories there are.
const LENGTH: i64 = 1_500;
const HISTORIES: u64 = 2_000;
const WAIT: i64 = 30;
const INTERVAL: i64 = 60;
const REPEAT: i64 = 400;
const START: i64 = 1_700_000_000;

/// What was told: when, to whom, and which alerts fired and had ended.
type Told = (i64, &'static str, BTreeSet<usize>, BTreeSet<usize>);

fn config() -> String {
    format!(
        "route:\n  receiver: all\n  group_by: [alertname]\n  group_wait: {WAIT}s\n  group_interval: {INTERVAL}s\n  repeat_interval: {REPEAT}s\n  routes:\n  - receiver: firing\n    matchers: ['team=\"b\"']\n    continue: true\n  - receiver: all\n    matchers: ['team=~\"a|b\"']\nreceivers:\n- name: all\n  webhook_configs: [{{url: 'http://x'}}]\n- name: firing\n  webhook_configs: [{{url: 'http://x', send_resolved: false}}]\ninhibit_rules:\n- source_matchers: [severity=\"page\"]\n  target_matchers: [severity=\"info\"]\n  equal: [alertname]\n"
    )
}

/// An alert that there may be; the number is its place here.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Who {
    name: &'static str,
    team: &'static str,
    severity: &'static str,
    pod: &'static str,
}

fn everybody() -> Vec<Who> {
    let mut all = Vec::new();
    for name in ["Down", "Full"] {
        for (team, severity, pod) in [
            ("a", "page", "1"),
            ("a", "info", "1"),
            ("b", "page", "1"),
            ("b", "info", "2"),
            ("b", "info", "3"),
        ] {
            all.push(Who { name, team, severity, pod });
        }
    }
    all
}

impl Who {
    fn labels(self) -> Labels {
        let Self { name, team, severity, pod } = self;
        Labels::from_pairs([("alertname", name), ("team", team), ("severity", severity), ("pod", pod)])
    }
}

/// What happens in a second.
#[derive(Clone, Copy, Debug)]
enum Event {
    Fires(usize),
    Ends(usize),
    /// All alerts of a pod are silenced for so many seconds.
    Silence(&'static str, i64),
}

/// Numbers that look like chance and are the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// A history: of each second what happens in it. An alert fires when it does not, and ends when it does.
fn history(seed: u64) -> BTreeMap<i64, Event> {
    let mut chance = Chance(seed);
    let (mut events, mut fires) = (BTreeMap::new(), BTreeSet::new());
    for _ in 0..5 + chance.below(25) {
        let at = i64::try_from(chance.below(LENGTH.unsigned_abs())).unwrap();
        events.entry(at).or_insert_with(|| usize::try_from(chance.below(12)).unwrap());
    }
    let mut told = BTreeMap::new();
    for (at, what) in events {
        let event = match what {
            10 | 11 => Event::Silence(["1", "2"][what - 10], 50 + i64::try_from(chance.below(400)).unwrap()),
            who if fires.remove(&who) => Event::Ends(who),
            who => {
                fires.insert(who);
                Event::Fires(who)
            }
        };
        told.insert(at, event);
    }
    told
}

/// What the dispatcher tells.
fn dispatched(events: &BTreeMap<i64, Event>) -> Vec<Told> {
    let everybody = everybody();
    let mut dispatcher = Dispatcher::new(Arc::new(Config::parse(&config()).unwrap()));
    let mut since = BTreeMap::new();
    let mut told = Vec::new();
    for second in 0..LENGTH {
        let now = Timestamp::from_millis((START + second) * 1000);
        let put = |dispatcher: &mut Dispatcher, who: usize, from: Timestamp, until: Option<Timestamp>| {
            let labels = everybody[who].labels();
            let posted =
                PostedAlert { labels, starts_at: Some(from), ends_at: until, ..PostedAlert::default() };
            dispatcher.put(posted.into_alert(now, Duration::from_hours(100)).unwrap(), now);
        };
        match events.get(&second) {
            Some(Event::Fires(who)) => {
                since.insert(*who, now);
                put(&mut dispatcher, *who, now, None);
            }
            Some(Event::Ends(who)) => put(&mut dispatcher, *who, since[who], Some(now)),
            Some(Event::Silence(pod, length)) => {
                let silence = Silence {
                    id: String::new(),
                    matchers: vec![Matcher::equal("pod", *pod)],
                    starts_at: now,
                    ends_at: now.plus(Duration::from_secs(length.unsigned_abs())),
                    updated_at: now,
                    created_by: "x".to_owned(),
                    comment: "x".to_owned(),
                };
                dispatcher.silences.set(silence, format!("id-{second}"), now).unwrap();
            }
            None => {}
        }
        for flush in dispatcher.due(now) {
            let receiver = dispatcher.receiver(&flush.route.receiver).unwrap().clone();
            for integration in &receiver.integrations {
                let Some(notification) = dispatcher.decide(&flush, integration, now) else { continue };
                dispatcher.sent(&notification);
                let of = |ended: bool| -> BTreeSet<usize> {
                    let alerts = notification.alerts.iter().filter(|alert| alert.is_resolved(now) == ended);
                    alerts
                        .map(|alert| everybody.iter().position(|who| who.labels() == alert.labels).unwrap())
                        .collect()
                };
                let name = if receiver.name == "all" { "all" } else { "firing" };
                if !notification.alerts.is_empty() {
                    told.push((second, name, of(false), of(true)));
                }
            }
            dispatcher.flushed(&flush, true);
        }
    }
    told.sort();
    told
}

/// A group of the model: its route's receiver, and the name that its alerts have.
#[derive(Default)]
struct ModelGroup {
    next: i64,
    /// Members, each with when it fired and ended.
    members: BTreeMap<usize, (i64, Option<i64>)>,
}

/// What was last told of a group.
struct Heard {
    at: i64,
    firing: BTreeSet<usize>,
    resolved: BTreeSet<usize>,
}

/// What the model tells.
fn modelled(events: &BTreeMap<i64, Event>) -> Vec<Told> {
    let everybody = everybody();
    let mut groups: BTreeMap<(&str, &str), ModelGroup> = BTreeMap::new();
    let mut heard: BTreeMap<(&str, &str), Heard> = BTreeMap::new();
    let mut states: BTreeMap<usize, (i64, Option<i64>)> = BTreeMap::new();
    let mut silences: Vec<(&str, i64, i64)> = Vec::new();
    let mut told = Vec::new();
    for second in 0..LENGTH {
        let changed = match events.get(&second) {
            Some(Event::Fires(who)) => {
                states.insert(*who, (second, None));
                Some(*who)
            }
            Some(Event::Ends(who)) => {
                states.entry(*who).and_modify(|state| state.1 = Some(second));
                Some(*who)
            }
            Some(Event::Silence(pod, length)) => {
                silences.push((pod, second, second + length));
                None
            }
            None => None,
        };
        if let Some(who) = changed {
            let receivers: &[&str] = if everybody[who].team == "b" { &["firing", "all"] } else { &["all"] };
            for receiver in receivers {
                let key = (*receiver, everybody[who].name);
                if states[&who].1.is_some() && !groups.contains_key(&key) {
                    continue;
                }
                let new = || ModelGroup { next: second + WAIT, ..ModelGroup::default() };
                groups.entry(key).or_insert_with(new).members.insert(who, states[&who]);
            }
        }
        let fires = |who: &usize| states.get(who).is_some_and(|state| state.1.is_none());
        let mutes = |who: usize| {
            let own = everybody[who];
            let is_silenced =
                silences.iter().any(|(pod, from, to)| own.pod == *pod && (*from..*to).contains(&second));
            let is_source = |other: &usize| {
                let other_who = everybody[*other];
                other_who.severity == "page" && other_who.name == own.name && fires(other)
            };
            is_silenced || own.severity == "info" && (0..everybody.len()).any(|other| is_source(&other))
        };
        let due: Vec<_> =
            groups.iter().filter(|(_, group)| group.next <= second).map(|(key, _)| *key).collect();
        for key in due {
            let group = groups.get_mut(&key).unwrap();
            group.next = second + INTERVAL;
            let listening = group.members.iter().filter(|(who, _)| !mutes(**who));
            let (mut firing, mut resolved) = (BTreeSet::new(), BTreeSet::new());
            for (who, (_, ended)) in listening {
                if ended.is_none() {
                    firing.insert(*who)
                } else {
                    resolved.insert(*who)
                };
            }
            group.members.retain(|_, (_, ended)| ended.is_none());
            if group.members.is_empty() {
                groups.remove(&key);
            }
            let wants_ends = key.0 == "all";
            let is_due = match heard.get(&key).filter(|last| last.at + 2 * REPEAT > second) {
                _ if firing.is_empty() && resolved.is_empty() => false,
                None => !firing.is_empty(),
                Some(last) if !firing.is_subset(&last.firing) => true,
                Some(last) if firing.is_empty() => !last.firing.is_empty(),
                Some(last) if wants_ends && !resolved.is_subset(&last.resolved) => true,
                Some(last) => last.at < second - REPEAT,
            };
            if is_due {
                let shown = if wants_ends { resolved.clone() } else { BTreeSet::new() };
                if !firing.is_empty() || !shown.is_empty() {
                    told.push((second, key.0, firing.clone(), shown));
                }
                heard.insert(key, Heard { at: second, firing, resolved });
            }
        }
    }
    told.sort();
    told
}

#[test]
fn what_is_told_of_thousands_of_histories_is_what_a_straightforward_model_tells() {
    let mut notifications = 0;
    for seed in 0..HISTORIES {
        let events = history(seed);
        let (ours, model) = (dispatched(&events), modelled(&events));
        assert_eq!(ours, model, "history {seed}: {events:?}");
        notifications += ours.len();
    }
    assert!(notifications > 10_000, "only {notifications}: the histories are too quiet to say anything");
}
