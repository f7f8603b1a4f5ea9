//! What happened in the cluster within a stretch of time, as far as a user may read it.

use crowsnest_api::cluster::{Kind, Scope};
use crowsnest_api::events::Event;
use crowsnest_rbac::Credential;
use serde::Deserialize;

use super::{Cluster, ClusterError};

/// Pages that are read of each namespace.
const MAX_PAGES: usize = 4;
/// Events that are told, the newest.
const MOST: usize = 1_000;
/// Bytes of a message that are told.
const LONGEST_MESSAGE: usize = 300;

/// `core/v1`'s Event. Of its times, which one is there depends on who wrote it and how often it happened.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Item {
    involved_object: Involved,
    reason: Option<String>,
    message: Option<String>,
    r#type: Option<String>,
    series: Option<Series>,
    last_timestamp: Option<jiff::Timestamp>,
    event_time: Option<jiff::Timestamp>,
    first_timestamp: Option<jiff::Timestamp>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Involved {
    kind: Option<String>,
    namespace: Option<String>,
    name: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Series {
    last_observed_time: Option<jiff::Timestamp>,
}

/// Which of them are all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gravity {
    /// Warnings alone.
    Warnings,
    /// All.
    All,
}

impl Cluster {
    /// What happened from `from` to `to` (milliseconds), by time. What may not be read is told in `unread`.
    pub(crate) async fn events(
        &self,
        credential: &Credential,
        scopes: &[Scope],
        gravity: Gravity,
        (from, to): (i64, i64),
        unread: &mut Vec<String>,
    ) -> Result<Vec<Event>, ClusterError> {
        let kind = Kind::new("", "v1", "events").map_err(|error| ClusterError::Answer(error.to_string()))?;
        let fields = match gravity {
            Gravity::Warnings => "type=Warning",
            Gravity::All => "",
        };
        let mut found = Vec::new();
        for scope in scopes {
            let items: Vec<Item> =
                self.readable(credential, (&kind, scope, fields), MAX_PAGES, unread).await?;
            found.extend(items.into_iter().filter_map(event).filter(|event| (from..=to).contains(&event.at)));
        }
        found.sort_by_key(|event| event.at);
        let too_many = found.len().saturating_sub(MOST);
        found.drain(..too_many);
        Ok(found)
    }
}

fn event(item: Item) -> Option<Event> {
    let again = item.series.and_then(|series| series.last_observed_time);
    let at = again.or(item.last_timestamp).or(item.event_time).or(item.first_timestamp)?;
    let mut message = item.message.unwrap_or_default();
    message.truncate(message.floor_char_boundary(LONGEST_MESSAGE));
    let Involved { kind, namespace, name } = item.involved_object;
    Some(Event {
        at: at.as_millisecond(),
        namespace: namespace.unwrap_or_default(),
        kind: kind.unwrap_or_default(),
        name: name.unwrap_or_default(),
        reason: item.reason.unwrap_or_default(),
        message,
        is_warning: item.r#type.as_deref() == Some("Warning"),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(times: serde_json::Value) -> Option<i64> {
        event(serde_json::from_value(times).unwrap()).map(|event| event.at)
    }

    #[test]
    fn an_event_is_at_the_last_time_that_it_was_seen() {
        let [first, last, again] = ["2026-11-30T10:00:00Z", "2026-11-30T10:01:00Z", "2026-11-30T10:02:00.5Z"];
        let base = 1_796_032_800_000;
        assert_eq!(at(json!({"firstTimestamp": first, "lastTimestamp": last})), Some(base + 60_000));
        assert_eq!(at(json!({"firstTimestamp": null, "eventTime": first})), Some(base));
        assert_eq!(
            at(json!({"eventTime": first, "series": {"count": 2, "lastObservedTime": again}})),
            Some(base + 120_500)
        );
        assert_eq!(at(json!({"reason": "NoTime"})), None);
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let item = json!({"eventTime": "2026-11-30T10:00:00Z", "message": "파".repeat(200), "type": "Warning",
            "involvedObject": {"kind": "Pod", "name": "web", "namespace": "shop"}});
        let event = event(serde_json::from_value(item).unwrap()).unwrap();
        assert_eq!((event.message.chars().count(), event.is_warning), (100, true));
        assert_eq!((event.kind.as_str(), event.namespace.as_str()), ("Pod", "shop"));
    }
}
