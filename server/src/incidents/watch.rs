//! The watch of one kind, and what of it makes alerts.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crowsnest_alerting::dispatch::Alert;
use crowsnest_api::cluster::{Kind, Scope};
use crowsnest_api::{Labels, Timestamp};
use serde::Deserialize;
use tracing::warn;

use super::config::{Change, Of, Sought};
use crate::clock;
use crate::cluster::{As, Cluster, ClusterError, Event, Followed, Form, Path, Positioned, Status, is_secret};
use crate::notifier::Notifier;

/// How often it is tried again what is not allowed or not there.
const REFUSED_RETRY: Duration = Duration::from_mins(5);
/// The longest text of an event that is told, in characters.
const MOST_TEXT: usize = 1_000;

/// What objects and events are, as far as it is read.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Seen {
    metadata: Metadata,
    status: ObservedStatus,
    /// Of an event: what it is about.
    involved_object: Reference,
    reason: String,
    message: String,
    r#type: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metadata {
    name: String,
    namespace: String,
    generation: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ObservedStatus {
    observed_generation: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Reference {
    kind: String,
    name: String,
    namespace: String,
}

/// A kind, and what of it makes alerts. What happened before is not told.
pub(super) struct KindWatch {
    pub(super) kind: Kind,
    pub(super) sought: Vec<Sought>,
    pub(super) cluster: Arc<Cluster>,
    pub(super) notifier: Arc<Notifier>,
    /// Whether it was said that it is not allowed.
    pub(super) is_refused: bool,
}

impl KindWatch {
    /// Of Secrets nothing is read that is secret.
    fn forms(&self) -> (Form, Form) {
        if is_secret(&self.kind) { (Form::MetadataList, Form::Metadata) } else { (Form::Whole, Form::Whole) }
    }
}

impl Followed for KindWatch {
    fn what(&self) -> String {
        self.kind.to_string()
    }

    fn path(&self) -> Result<Path, ClusterError> {
        let everywhere: Scope = "-".parse().map_err(|_| ClusterError::Answer("no such scope".to_owned()))?;
        Ok(Path::list(&self.kind, &everywhere))
    }

    fn form(&self) -> Form {
        self.forms().1
    }

    /// Where things are now; what is there is not looked at.
    async fn list(&mut self) -> Result<String, ClusterError> {
        let one = self.path()?.with("limit", "1");
        let listed = self.cluster.get::<Positioned>(As::Server, &one, self.forms().0).await?;
        self.is_refused = false;
        listed.after()
    }

    async fn take(&mut self, event: Event, object: &[u8]) -> Result<(), ClusterError> {
        let change = match event {
            Event::Added => Change::Create,
            Event::Modified => Change::Update,
            Event::Deleted => Change::Delete,
        };
        let seen: Seen =
            serde_json::from_slice(object).map_err(|error| ClusterError::Answer(error.to_string()))?;
        let now = clock::now();
        let found = self.sought.iter().filter(|one| matches(one, &seen, change));
        self.notifier.take(found.map(|one| alert(one, &self.kind, &seen, change, now)), now);
        Ok(())
    }

    fn refused(&mut self, status: &Status) -> Duration {
        if !self.is_refused {
            let (kind, reason) = (self.kind.to_string(), &status.message);
            warn!(
                kind,
                reason, "nobody is told of what happens to this kind: the server may not list and watch it"
            );
        }
        self.is_refused = true;
        REFUSED_RETRY
    }
}

/// Whether this is what is sought.
fn matches(sought: &Sought, seen: &Seen, change: Change) -> bool {
    let is_one = |all: &[String], one: &str| all.is_empty() || all.iter().any(|known| known == one);
    let namespace = namespace_of(sought, seen);
    is_one(&sought.namespaces, namespace)
        && match &sought.of {
            Of::Events { reasons, types, kinds } => {
                // An event that goes has only grown old.
                change != Change::Delete
                    && is_one(reasons, &seen.reason)
                    && is_one(types, &seen.r#type)
                    && is_one(kinds, &seen.involved_object.kind)
            }
            Of::Objects { on, .. } => on.contains(&change) && (change != Change::Update || is_of_spec(seen)),
        }
}

/// Whether a change is one of what was asked for, and not of what has become of it, where an object tells these apart.
fn is_of_spec(seen: &Seen) -> bool {
    match (seen.metadata.generation, seen.status.observed_generation) {
        (Some(now), Some(observed)) => observed < now,
        _ => true,
    }
}

fn namespace_of<'s>(sought: &Sought, seen: &'s Seen) -> &'s str {
    match sought.of {
        Of::Events { .. } => &seen.involved_object.namespace,
        Of::Objects { .. } => &seen.metadata.namespace,
    }
}

fn alert(sought: &Sought, kind: &Kind, seen: &Seen, change: Change, now: Timestamp) -> Alert {
    let namespace = namespace_of(sought, seen);
    let (of_kind, name, more, text) = match sought.of {
        Of::Events { .. } => {
            let about = &seen.involved_object;
            let text = seen.message.chars().take(MOST_TEXT).collect();
            (about.kind.clone(), &about.name, ("reason", seen.reason.clone()), text)
        }
        Of::Objects { .. } => {
            let name = &seen.metadata.name;
            let text = format!("{} {name}: {}", kind.resource(), change.word());
            (kind.resource().to_owned(), name, ("change", change.word().to_owned()), text)
        }
    };
    let mut labels = Labels::empty().to_builder();
    for (name, value) in &sought.labels {
        labels.set(name.as_str(), value.as_str());
    }
    // `pod`, `deployment`: as rules about objects of the cluster have them, so that the page finds the object.
    let own = of_kind.to_lowercase();
    let own =
        own.strip_suffix('s').filter(|_| matches!(sought.of, Of::Objects { .. })).unwrap_or(&own).to_owned();
    for (label, value) in [
        ("alertname", sought.alert.as_str()),
        ("namespace", namespace),
        ("kind", &of_kind),
        (&own, name),
        (more.0, &more.1),
    ] {
        labels.set(label, value);
    }
    Alert {
        labels: labels.build(),
        annotations: BTreeMap::from([("summary".into(), text)]),
        starts_at: now,
        ends_at: now.plus(sought.hold),
        updated_at: now,
        generator_url: String::new(),
        timed_out: true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::config::Incidents;
    use super::*;

    fn sought(text: &str) -> Sought {
        Incidents::parse(text).unwrap().by_kind().remove(0).1.remove(0)
    }

    fn event(reason: &str, kind: &str, namespace: &str) -> Seen {
        let event = json!({
            "metadata": {"name": "e", "namespace": namespace, "resourceVersion": "7"},
            "involvedObject": {"kind": kind, "name": "web-1", "namespace": namespace},
            "reason": reason, "type": "Warning", "message": "The node was low on memory.",
        });
        serde_json::from_value(event).unwrap()
    }

    #[test]
    fn an_event_makes_an_alert_when_all_filters_let_it_through() {
        let evicted = sought(
            "events: [{alert: Evicted, reasons: [Evicted], types: [Warning], kinds: [Pod], namespaces: [shop], labels: {severity: page}}]",
        );
        let seen = event("Evicted", "Pod", "shop");
        assert!(matches(&evicted, &seen, Change::Create) && matches(&evicted, &seen, Change::Update));
        for other in [
            event("Killing", "Pod", "shop"),
            event("Evicted", "Job", "shop"),
            event("Evicted", "Pod", "data"),
        ] {
            assert!(!matches(&evicted, &other, Change::Create), "{other:?}");
        }
        assert!(!matches(&evicted, &seen, Change::Delete), "it has only grown old");
        let now = Timestamp::from_millis(1_000_000);
        let kind = Kind::new("", "v1", "events").unwrap();
        let alert = alert(&evicted, &kind, &seen, Change::Create, now);
        let expected = [
            ("alertname", "Evicted"),
            ("kind", "Pod"),
            ("namespace", "shop"),
            ("pod", "web-1"),
            ("reason", "Evicted"),
            ("severity", "page"),
        ];
        assert_eq!(alert.labels, Labels::from_pairs(expected));
        assert_eq!(alert.annotations["summary"], "The node was low on memory.");
        assert!(alert.is_resolved(now.plus(Duration::from_mins(11))) && !alert.is_resolved(now));
    }

    #[test]
    fn an_object_makes_one_when_what_was_asked_of_it_changes_and_not_with_every_word_about_its_state() {
        let changed = sought("objects: [{alert: Changed, kind: apps.v1.deployments, on: [update, delete]}]");
        let seen = |generation: i64, observed: i64| -> Seen {
            let object = json!({"metadata": {"name": "web", "namespace": "shop", "generation": generation}, "status": {"observedGeneration": observed}});
            serde_json::from_value(object).unwrap()
        };
        assert!(matches(&changed, &seen(3, 2), Change::Update));
        assert!(!matches(&changed, &seen(3, 3), Change::Update));
        assert!(
            matches(&changed, &seen(3, 3), Change::Delete) && !matches(&changed, &seen(1, 0), Change::Create)
        );
        let kind: Kind = "apps.v1.deployments".parse().unwrap();
        let alert = alert(&changed, &kind, &seen(3, 2), Change::Update, Timestamp::from_millis(0));
        assert_eq!(alert.labels.get("deployment").map(|value| value.as_str()), Some("web"));
        assert_eq!(alert.annotations["summary"], "deployments web: update");
    }
}
