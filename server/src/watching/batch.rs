//! Changes that are told together.

use std::collections::HashMap;
use std::time::Duration;

use crowsnest_api::stream::{Change, ChangeType};
use serde_json::Value;
use tokio::time::Instant;

/// The first change of a batch waits no longer for others.
const WAIT: Duration = Duration::from_millis(100);
/// A batch has no more changes, and no more bytes of them, but for its last.
const MAX_CHANGES: usize = 500;
const MAX_BYTES: usize = 1 << 20;

/// Changes of one watch. An object that changes again within a batch is told once, as it is in the end.
#[derive(Debug, Default)]
pub(super) struct Batch {
    changes: Vec<Change>,
    /// Where the last change of an object is, by uid.
    last: HashMap<String, usize>,
    bytes: usize,
    due: Option<Instant>,
}

impl Batch {
    /// When it must be told; never while it is empty.
    pub(super) const fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Whether it can wait for no more changes.
    pub(super) fn is_full(&self) -> bool {
        self.changes.len() >= MAX_CHANGES || self.bytes >= MAX_BYTES
    }

    /// Adds a change of `bytes` bytes.
    pub(super) fn push(&mut self, change: Change, bytes: usize, now: Instant) {
        self.due.get_or_insert(now + WAIT);
        self.bytes += bytes;
        let uid = change.object.pointer("/metadata/uid").and_then(Value::as_str).map(str::to_owned);
        let before = uid.as_ref().and_then(|uid| self.last.get(uid)).and_then(|at| self.changes.get_mut(*at));
        match before {
            Some(before) if change.what == ChangeType::Modified && before.what != ChangeType::Deleted => {
                before.object = change.object;
            }
            _ => {
                uid.map(|uid| self.last.insert(uid, self.changes.len()));
                self.changes.push(change);
            }
        }
    }

    /// The changes, in order; the batch is empty afterwards.
    pub(super) fn take(&mut self) -> Vec<Change> {
        std::mem::take(self).changes
    }
}

#[cfg(test)]
mod tests {
    use ChangeType::{Added, Deleted, Modified};
    use serde_json::json;

    use super::*;

    fn batch(changes: &[(ChangeType, &str, u64)]) -> Vec<(ChangeType, u64)> {
        let mut batch = Batch::default();
        for (what, uid, n) in changes {
            let object = json!({"metadata": {"uid": uid}, "n": n});
            batch.push(Change { what: *what, object }, 10, Instant::now());
        }
        batch.take().iter().map(|change| (change.what, change.object["n"].as_u64().unwrap())).collect()
    }

    #[test]
    fn an_object_that_changes_again_and_again_is_told_once() {
        let told = batch(&[(Added, "a", 1), (Modified, "b", 2), (Modified, "a", 3), (Modified, "b", 4)]);
        assert_eq!(told, [(Added, 3), (Modified, 4)]);
    }

    #[test]
    fn coming_and_going_is_told_in_order() {
        let told = batch(&[(Modified, "a", 1), (Deleted, "a", 2), (Added, "a", 3), (Modified, "a", 4)]);
        assert_eq!(told, [(Modified, 1), (Deleted, 2), (Added, 4)]);
    }

    #[test]
    fn a_batch_is_full_by_number_and_by_size() {
        let mut batch = Batch::default();
        assert!(batch.due().is_none());
        batch.push(Change { what: Added, object: json!({}) }, MAX_BYTES, Instant::now());
        assert!(batch.is_full() && batch.due().is_some());
        assert_eq!(batch.take().len(), 1);
        assert!(!batch.is_full() && batch.due().is_none());
    }
}
