//! `watch`: changes as they come, one JSON object a line.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::{sync::watch::Receiver, time::Instant};

use super::{Call, Reply, read::Selection};
use crate::{
    cluster::{Cluster, State},
    encode::{Form, form},
    kind::Kind,
    object,
    options::Progress,
    status::{ApiError, Cause},
    store::{Change, Compacted, at_revision},
    table,
};

/// How long a watch lasts when the client does not say.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(1800);
/// How often a client that wants bookmarks gets one.
const BOOKMARK_INTERVAL: Duration = Duration::from_secs(60);
/// The last bookmark comes this long before the end.
const LAST_BOOKMARK: Duration = Duration::from_secs(2);

/// A running watch.
pub(crate) struct Events {
    cluster: Arc<Cluster>,
    kind: Arc<Kind>,
    selection: Selection,
    form: Form,
    /// The revision up to which changes have been told.
    cursor: u64,
    waiting: VecDeque<Bytes>,
    changed: Receiver<u64>,
    ending: Receiver<bool>,
    dropped: Receiver<u64>,
    deadline: Instant,
    bookmark_at: Option<Instant>,
    /// Tables have their column definitions in the first event only.
    defined: bool,
    ended: bool,
}

impl std::fmt::Debug for Events {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Events").field("cursor", &self.cursor).finish_non_exhaustive()
    }
}

pub(super) fn start(call: &Call<'_>, state: &State) -> Result<Reply, ApiError> {
    let query = &call.request.query;
    let asked = query.resource_version()?;
    let initial = query.non_empty("sendInitialEvents").map(|_| query.flag("sendInitialEvents"));
    let bookmarks = query.flag("allowWatchBookmarks");
    check_initial(call, initial, bookmarks)?;
    let timeout = match query.integer("timeoutSeconds")? {
        Some(seconds) if seconds > 0 => Duration::from_secs(seconds.unsigned_abs()),
        _ => DEFAULT_TIMEOUT,
    };
    let deadline = Instant::now() + timeout;
    let mut events = Events {
        cluster: Arc::clone(call.cluster),
        kind: Arc::clone(call.kind),
        selection: Selection::of(call)?,
        form: form(call.request)?,
        cursor: asked.unwrap_or(0),
        waiting: VecDeque::new(),
        changed: state.store.subscribe(),
        ending: call.cluster.ending.subscribe(),
        dropped: call.cluster.watches.subscribe(),
        deadline,
        bookmark_at: bookmarks.then(|| bookmark_time(deadline)),
        defined: false,
        ended: false,
    };
    let current = state.store.revision();
    let known = match call.cluster.progress {
        Progress::Told => current,
        Progress::Untold => state.store.newest(&call.kind.table),
    };
    match (initial, asked.unwrap_or(0)) {
        (_, asked) if asked > current => {
            events.fail(&ApiError::too_large_resource_version(asked, current));
        }
        (Some(true), _) if call.cluster.progress == Progress::Untold => events.fail(&ApiError::no_progress()),
        (None, 0) if known < current => events.fail(&ApiError::too_large_resource_version(current, known)),
        (Some(true), _) | (None, 0) => {
            events.tell_state(state);
            if initial.is_some() && bookmarks {
                let annotations = json!({"k8s.io/initial-events-end": "true"});
                events.tell_bookmark(Some(annotations));
            }
        }
        (Some(false), 0) => events.cursor = current,
        (Some(false) | None, _) => {}
    }
    Ok(Reply::events(events))
}

/// `sendInitialEvents` has conditions of its own.
fn check_initial(call: &Call<'_>, initial: Option<bool>, bookmarks: bool) -> Result<(), ApiError> {
    let matching = call.request.query.non_empty("resourceVersionMatch");
    let refuse = |causes: &[Cause]| ApiError::invalid("meta.k8s.io", "ListOptions", "", causes);
    match (initial, matching) {
        (Some(_), Some("NotOlderThan")) if bookmarks || initial == Some(false) => Ok(()),
        (Some(_), Some("NotOlderThan")) => Err(refuse(&[Cause::forbidden(
            "allowWatchBookmarks",
            "sendInitialEvents requires setting allowWatchBookmarks to true",
        )])),
        (Some(_), _) => Err(refuse(&[Cause::forbidden(
            "resourceVersionMatch",
            "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
        )])),
        (None, Some(_)) => Err(refuse(&[Cause::forbidden(
            "resourceVersionMatch",
            "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
        )])),
        (None, None) => Ok(()),
    }
}

fn bookmark_time(deadline: Instant) -> Instant {
    let regular = Instant::now() + BOOKMARK_INTERVAL;
    match deadline.checked_sub(LAST_BOOKMARK) {
        Some(last) if last > Instant::now() => regular.min(last),
        _ => regular,
    }
}

impl Events {
    /// The next line; none when the watch is over.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(line) = self.waiting.pop_front() {
                return Some(line);
            }
            if self.ended || *self.ending.borrow() || Instant::now() >= self.deadline {
                return None;
            }
            self.changed.mark_unchanged();
            self.collect();
            if !self.waiting.is_empty() {
                continue;
            }
            let wake = self.bookmark_at.map_or(self.deadline, |at| at.min(self.deadline));
            tokio::select! {
                _ = self.changed.changed() => {}
                _ = self.ending.changed() => {}
                _ = self.dropped.changed() => self.ended = true,
                () = tokio::time::sleep_until(wake) => {
                    if self.bookmark_at.is_some_and(|at| Instant::now() >= at) {
                        self.tell_bookmark(None);
                        self.bookmark_at = Some(Instant::now() + BOOKMARK_INTERVAL);
                    }
                }
            }
        }
    }

    /// Takes the changes since the last look.
    fn collect(&mut self) {
        let (changes, revision) = {
            let state = self.cluster.lock();
            (state.store.changes_since(&self.kind.table, self.cursor), state.store.revision())
        };
        match changes {
            Ok(changes) => {
                for change in changes {
                    self.tell_change(&change);
                }
                self.cursor = self.cursor.max(revision);
            }
            Err(Compacted { asked, oldest }) => {
                self.fail(&ApiError::expired(format!("too old resource version: {asked} ({oldest})")));
            }
        }
    }

    /// Everything there is, as if it had just been made.
    fn tell_state(&mut self, state: &State) {
        let objects: Vec<Arc<Value>> = state
            .store
            .list(&self.kind.table, &self.selection.prefix)
            .filter(|(key, object)| self.selection.selects(key, object))
            .map(|(_, object)| Arc::clone(object))
            .collect();
        for object in objects {
            self.tell("ADDED", &object);
        }
        self.cursor = state.store.revision();
    }

    /// A change, as it looks through the selection: an object that leaves it is deleted as far as the client can see.
    fn tell_change(&mut self, change: &Change) {
        let selects = |object: &Option<Arc<Value>>| {
            object.as_ref().filter(|object| self.selection.selects(&change.key, object)).cloned()
        };
        match (selects(&change.before), selects(&change.after)) {
            (None, None) => {}
            (None, Some(after)) => self.tell("ADDED", &after),
            (Some(_), Some(after)) => self.tell("MODIFIED", &after),
            (Some(before), None) => self.tell("DELETED", &at_revision(&before, change.revision)),
        }
    }

    fn tell(&mut self, word: &str, stored: &Value) {
        let object = match self.form {
            Form::Object => self.kind.present(stored),
            Form::Metadata => table::partial(stored),
            Form::Table(include) => {
                let row = table::row(&self.kind, stored, include, self.cluster.now());
                self.in_table(object::text(stored, &["metadata", "resourceVersion"]), &[row])
            }
        };
        self.push(word, &object);
    }

    fn in_table(&mut self, revision: &str, rows: &[Value]) -> Value {
        let columns = if std::mem::replace(&mut self.defined, true) {
            Value::Null
        } else {
            table::definitions(&self.kind).into()
        };
        json!({
            "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {"resourceVersion": revision},
            "columnDefinitions": columns, "rows": rows,
        })
    }

    fn tell_bookmark(&mut self, annotations: Option<Value>) {
        let revision = self.cursor.to_string();
        let mut metadata = json!({ "resourceVersion": revision });
        if let Some(annotations) = annotations {
            object::set(&mut metadata, &["annotations"], annotations);
        }
        let object = match self.form {
            Form::Object => {
                json!({"kind": self.kind.kind, "apiVersion": self.kind.api_version(), "metadata": metadata})
            }
            Form::Metadata => {
                json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata})
            }
            Form::Table(_) => self.in_table(&revision, &[]),
        };
        self.push("BOOKMARK", &object);
    }

    /// Tells why, and ends.
    fn fail(&mut self, error: &ApiError) {
        self.push("ERROR", &error.to_value());
        self.ended = true;
    }

    fn push(&mut self, word: &str, object: &Value) {
        self.waiting.push_back(Bytes::from(format!("{{\"type\":\"{word}\",\"object\":{object}}}\n")));
    }
}
