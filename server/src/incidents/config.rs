//! `events.yml`: which events and changes of objects are alerts.

use std::collections::BTreeMap;
use std::time::Duration;

use crowsnest_alerting::yaml::{Fault, Faults, Fields, Node, load};
use crowsnest_api::cluster::Kind;

/// How long an alert fires after the last moment when nobody says.
const HOLD: Duration = Duration::from_mins(10);
/// Alerts that one file may have.
const MOST: usize = 200;
const EVENT: &[&str] = &["alert", "reasons", "types", "kinds", "namespaces", "labels", "for"];
const OBJECT: &[&str] = &["alert", "kind", "on", "namespaces", "labels", "for"];

/// All that somebody is told of.
#[derive(Clone, Debug, Default)]
pub(super) struct Incidents(Vec<Sought>);

/// Moments that make one alert.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sought {
    pub(super) alert: String,
    pub(super) of: Of,
    /// Any when there are none.
    pub(super) namespaces: Vec<String>,
    pub(super) labels: BTreeMap<String, String>,
    /// How long it fires after the last of them.
    pub(super) hold: Duration,
}

/// What is sought.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Of {
    /// Events with one of these reasons and types, about one of these kinds; any where there are none.
    Events { reasons: Vec<String>, types: Vec<String>, kinds: Vec<String> },
    /// Objects of a kind to which one of these happens.
    Objects { kind: Kind, on: Vec<Change> },
}

/// What happens to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Create,
    Update,
    Delete,
}

impl Change {
    const ALL: [Self; 3] = [Self::Create, Self::Update, Self::Delete];

    /// The word in the file, and the alert's label `change`.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

impl Incidents {
    /// Reads a file; an empty one seeks nothing.
    ///
    /// # Errors
    /// All that is wrong, a line each, with line and column.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let told =
            |faults: Vec<Fault>| faults.iter().take(20).map(Fault::to_string).collect::<Vec<_>>().join("\n");
        let documents = load(text).map_err(|fault| told(vec![fault]))?;
        let Some(document) = documents.first() else { return Ok(Self::default()) };
        let mut faults = Faults::default();
        let fields = Fields::of(document, "events.yml", &["events", "objects"], &mut faults);
        let mut all = Vec::new();
        for node in fields.list("events", &mut faults) {
            all.extend(event(node, &mut faults));
        }
        for node in fields.list("objects", &mut faults) {
            all.extend(object(node, &mut faults));
        }
        if all.len() > MOST {
            faults.add(document.at, format!("there may be {MOST} alerts at most"));
        }
        faults.or(Self(all)).map_err(told)
    }

    /// What is sought in the watch of each kind.
    pub(super) fn by_kind(&self) -> Vec<(Kind, Vec<Sought>)> {
        let mut found: Vec<(Kind, Vec<Sought>)> = Vec::new();
        for sought in &self.0 {
            let kind = match &sought.of {
                Of::Objects { kind, .. } => kind.clone(),
                Of::Events { .. } => match Kind::new("", "v1", "events") {
                    Ok(kind) => kind,
                    Err(_) => continue,
                },
            };
            match found.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, all)) => all.push(sought.clone()),
                None => found.push((kind, vec![sought.clone()])),
            }
        }
        found
    }
}

fn event(node: &Node, faults: &mut Faults) -> Option<Sought> {
    let fields = Fields::of(node, "event", EVENT, faults);
    let of = Of::Events {
        reasons: words(&fields, "reasons", faults),
        types: words(&fields, "types", faults),
        kinds: words(&fields, "kinds", faults),
    };
    sought(&fields, of, faults)
}

fn object(node: &Node, faults: &mut Faults) -> Option<Sought> {
    let fields = Fields::of(node, "object", OBJECT, faults);
    if fields.node("kind").is_none() {
        faults.add(node.at, "field 'kind' must be set, as apps.v1.deployments");
    }
    let kind: Kind = fields.parsed("kind", str::parse::<Kind>, faults)?;
    let mut on = Vec::new();
    for (at, word) in fields.texts("on", faults) {
        match Change::ALL.into_iter().find(|change| change.word() == word) {
            Some(change) => on.push(change),
            None => faults.add(at, format!("on: {word:?} is none of create, update and delete")),
        }
    }
    if fields.node("on").is_none() {
        on = Change::ALL.to_vec();
    }
    sought(&fields, Of::Objects { kind, on }, faults)
}

fn sought(fields: &Fields<'_>, of: Of, faults: &mut Faults) -> Option<Sought> {
    let alert = fields.text("alert", faults).filter(|name| !name.is_empty());
    if alert.is_none() {
        faults.add(fields.at, "field 'alert' must be set");
    }
    let labels = fields.string_map("labels", faults);
    let labels = labels.into_iter().map(|(name, (_, value))| (name.to_owned(), value.to_owned())).collect();
    let hold = fields.duration("for", faults).filter(|hold| !hold.is_zero()).unwrap_or(HOLD);
    Some(Sought {
        alert: alert?.to_owned(),
        of,
        namespaces: words(fields, "namespaces", faults),
        labels,
        hold,
    })
}

fn words(fields: &Fields<'_>, name: &str, faults: &mut Faults) -> Vec<String> {
    fields.texts(name, faults).into_iter().map(|(_, word)| word.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_and_objects_are_read_and_watched_kind_by_kind() {
        let text = "events:\n- {alert: Evicted, reasons: [Evicted], types: [Warning], kinds: [Pod], namespaces: [shop], labels: {severity: warning}, for: 1h}\n- {alert: Any}\nobjects:\n- {alert: Gone, kind: apps.v1.deployments, on: [delete]}\n- {alert: Touched, kind: core.v1.secrets}\n";
        let incidents = Incidents::parse(text).unwrap();
        assert_eq!(incidents.0[0].hold, Duration::from_secs(3600));
        assert_eq!(incidents.0[1].hold, HOLD);
        let kinds: Vec<_> =
            incidents.by_kind().into_iter().map(|(kind, all)| (kind.to_string(), all.len())).collect();
        let expected = [("core.v1.events", 2), ("apps.v1.deployments", 1), ("core.v1.secrets", 1)];
        assert_eq!(kinds, expected.map(|(kind, many)| (kind.to_owned(), many)));
        assert!(Incidents::parse("").unwrap().by_kind().is_empty());
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (text, expected) in [
            ("events:\n- {reasons: [x]}\n", "2:3: field 'alert' must be set"),
            ("events:\n- {alert: x, reason: [x]}\n", "2:14: field reason not found in event"),
            ("objects:\n- {alert: x}\n", "2:3: field 'kind' must be set"),
            (
                "objects:\n- {alert: x, kind: core.v1.pods, on: [change]}\n",
                "on: \"change\" is none of create",
            ),
            ("objects:\n- {alert: x, kind: pods}\n", "2:20: kind:"),
            ("events:\n- {alert: x, for: soon}\n", "for: not a valid duration"),
        ] {
            let error = Incidents::parse(text).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
