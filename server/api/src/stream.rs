//! Events of `GET /stream/log?kind=watch`: server-sent events whose data is JSON.
//!
//! Each event has an `id` that means nothing to a client but for sending it back as [`LAST_EVENT_ID`] to go on from there.

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Path of the streams, below the base path.
pub const PATH: &str = "stream/log";
/// The parameter that does what the header `Last-Event-ID` does.
pub const LAST_EVENT_ID: &str = "last_event_id";
/// The parameter with the number of a watch of which the client has nothing: it begins with a list, whatever [`LAST_EVENT_ID`] says.
pub const ANEW: &str = "anew";
/// Watches that one stream may have.
pub const MAX_WATCHES: usize = 32;
/// Objects in one [`ListPart`].
pub const SYNC_CHUNK: usize = 500;

/// One event of a stream of watches. Watches are numbered in the order in which they were asked for. `T` is what a reader keeps objects as.
#[derive(Clone, Debug, PartialEq)]
pub enum StreamEvent<T = Value> {
    /// A part of a list.
    Sync(ListPart<T>),
    /// What has changed since.
    Change(Changes<T>),
    /// How a watch is doing.
    State(State),
    /// The session is over; nothing follows, and nothing will.
    End(End),
}

/// `event: sync`: a watch's list, in one or more parts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListPart<T = Value> {
    /// Which watch.
    pub watch: usize,
    /// The objects, trimmed.
    pub objects: Vec<T>,
    /// This part is the first: forget the objects from before.
    pub first: bool,
    /// This part is the last: the list is complete.
    pub last: bool,
}

/// `event: change`: what happened to a watch's objects, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Changes<T = Value> {
    /// Which watch.
    pub watch: usize,
    /// At least one.
    pub changes: Vec<Change<T>>,
}

/// What happened to one object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change<T = Value> {
    /// What happened.
    #[serde(rename = "type")]
    pub what: ChangeType,
    /// The object afterwards, trimmed; of a deleted one, how it was last.
    pub object: T,
}

/// Kubernetes' words for what can happen to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ChangeType {
    /// It is new, or has begun to match the selectors.
    Added,
    /// It is different.
    Modified,
    /// It is gone, or matches the selectors no more.
    Deleted,
}

/// `event: state`: how a watch is doing, told when that changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Which watch.
    pub watch: usize,
    /// How it is doing.
    pub state: WatchState,
    /// Why, for people.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message: Option<String>,
    /// When the server tries again, in milliseconds from now.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub retry_in_ms: Option<u64>,
    /// The right that is missing, of a watch that is denied.
    #[serde(flatten, skip_serializing_if = "Option::is_none", default)]
    pub missing: Option<MissingRight>,
}

/// A right that the user does not have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingRight {
    /// Such as `list`.
    pub verb: String,
    /// The plural name, such as `pods`.
    pub resource: String,
    /// The API group; empty (and left out) for the core group.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub group: String,
    /// The namespace; left out where the right is needed in all of them, or the resource is in none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub namespace: Option<String>,
}

/// How a watch is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WatchState {
    /// Changes arrive as they happen.
    Live,
    /// The API server cannot be reached, or answers badly; what was told still stands, and the server tries again.
    Stale,
    /// The user may not list or watch this. The server looks again now and then.
    Denied,
    /// There is no such kind, or the selectors are wrong: trying again is of no use.
    Failed,
}

/// `event: end`: why a stream is over for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// Why.
    pub reason: EndReason,
}

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndReason {
    /// The user signed out, or the user's right to sign in was taken away.
    SignedOut,
    /// The session, or the credential behind it, came to its end.
    Expired,
}

/// All names of events, for a client that subscribes to each.
pub const NAMES: [&str; 4] = ["sync", "change", "state", "end"];

impl<T> StreamEvent<T> {
    /// The field `event`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Sync(_) => "sync",
            Self::Change(_) => "change",
            Self::State(_) => "state",
            Self::End(_) => "end",
        }
    }

    /// The field `data`: JSON on one line.
    ///
    /// # Errors
    /// Never, unless an object nests too deep.
    pub fn data(&self) -> Result<String, serde_json::Error>
    where
        T: Serialize,
    {
        match self {
            Self::Sync(sync) => serde_json::to_string(sync),
            Self::Change(changes) => serde_json::to_string(changes),
            Self::State(state) => serde_json::to_string(state),
            Self::End(end) => serde_json::to_string(end),
        }
    }

    /// Reads an event from its two fields.
    ///
    /// # Errors
    /// When the name is unknown, or the data is not that event's.
    pub fn parse(name: &str, data: &str) -> Result<Self, serde_json::Error>
    where
        T: DeserializeOwned,
    {
        fn read<T: DeserializeOwned>(data: &str) -> Result<T, serde_json::Error> {
            serde_json::from_str(data)
        }
        match name {
            "sync" => read(data).map(Self::Sync),
            "change" => read(data).map(Self::Change),
            "state" => read(data).map(Self::State),
            "end" => read(data).map(Self::End),
            other => Err(serde_json::Error::custom(format!("unknown event {other:?}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(event: &StreamEvent, name: &str, data: &str) {
        assert_eq!((event.name(), event.data().unwrap().as_str()), (name, data));
        assert!(NAMES.contains(&name));
        assert_eq!(&StreamEvent::parse(name, data).unwrap(), event);
    }

    #[test]
    fn each_event_has_the_form_that_is_agreed_upon() {
        let sync = ListPart { watch: 0, objects: vec![json!({"kind": "Pod"})], first: true, last: false };
        check(
            &StreamEvent::Sync(sync),
            "sync",
            r#"{"watch":0,"objects":[{"kind":"Pod"}],"first":true,"last":false}"#,
        );
        let change = Change { what: ChangeType::Modified, object: json!({}) };
        check(
            &StreamEvent::Change(Changes { watch: 2, changes: vec![change] }),
            "change",
            r#"{"watch":2,"changes":[{"type":"MODIFIED","object":{}}]}"#,
        );
        check(&StreamEvent::End(End { reason: EndReason::SignedOut }), "end", r#"{"reason":"signed-out"}"#);
    }

    #[test]
    fn a_state_says_only_what_there_is_to_say() {
        let live =
            State { watch: 1, state: WatchState::Live, message: None, retry_in_ms: None, missing: None };
        check(&StreamEvent::State(live.clone()), "state", r#"{"watch":1,"state":"live"}"#);
        let stale = State {
            state: WatchState::Stale,
            message: Some("cut".into()),
            retry_in_ms: Some(8000),
            ..live.clone()
        };
        check(
            &StreamEvent::State(stale),
            "state",
            r#"{"watch":1,"state":"stale","message":"cut","retry_in_ms":8000}"#,
        );
        let missing = MissingRight {
            verb: "list".into(),
            resource: "pods".into(),
            group: String::new(),
            namespace: Some("shop".into()),
        };
        check(
            &StreamEvent::State(State { state: WatchState::Denied, missing: Some(missing), ..live }),
            "state",
            r#"{"watch":1,"state":"denied","verb":"list","resource":"pods","namespace":"shop"}"#,
        );
    }

    #[test]
    fn unknown_events_are_refused() {
        assert!(StreamEvent::<Value>::parse("bookmark", "{}").is_err());
        assert!(StreamEvent::<Value>::parse("end", "{}").is_err());
    }
}
