//! The objects of the cluster and the history of their changes: what etcd is to a real API server.
//!
//! One revision counts all changes of all tables. Each table keeps its newest changes, from which watches are fed and
//! lists at an older revision are rebuilt; what lies before them is compacted away.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    ops::Bound,
    sync::Arc,
};

use serde_json::Value;
use tokio::sync::watch;

use crate::object;

/// One change of one object.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) revision: u64,
    pub(crate) key: String,
    /// The object before; none for a creation.
    pub(crate) before: Option<Arc<Value>>,
    /// The object after; none for a deletion.
    pub(crate) after: Option<Arc<Value>>,
}

/// The asked-for revision is older than the history that is kept.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("revision {asked} is older than the history, which starts at {oldest}")]
pub(crate) struct Compacted {
    pub(crate) asked: u64,
    pub(crate) oldest: u64,
}

#[derive(Debug, Default)]
struct Table {
    objects: BTreeMap<String, Arc<Value>>,
    /// Keys by the uid of the object's controller.
    by_owner: HashMap<String, BTreeSet<String>>,
    history: VecDeque<Change>,
    /// The newest revision whose change is no longer in the history.
    compacted: u64,
}

/// All objects.
#[derive(Debug)]
pub(crate) struct Store {
    tables: HashMap<String, Table>,
    revision: u64,
    history_limit: usize,
    changed: watch::Sender<u64>,
}

impl Store {
    pub(crate) fn new(history_limit: usize) -> Store {
        Store { tables: HashMap::new(), revision: 0, history_limit, changed: watch::channel(0).0 }
    }

    /// The revision of the newest change.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// The revision of the newest change of a table.
    pub(crate) fn newest(&self, table: &str) -> u64 {
        let table = self.tables.get(table);
        table.map_or(0, |table| table.history.back().map_or(table.compacted, |change| change.revision))
    }

    /// Wakes up with every change.
    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    pub(crate) fn get(&self, table: &str, key: &str) -> Option<Arc<Value>> {
        self.tables.get(table)?.objects.get(key).cloned()
    }

    /// The objects of a table whose keys start with `prefix`, in the order of their keys.
    pub(crate) fn list<'s, 'p>(
        &'s self,
        table: &str,
        prefix: &'p str,
    ) -> impl Iterator<Item = (&'s str, &'s Arc<Value>)> + use<'s, 'p> {
        let from = (Bound::Included(prefix.to_owned()), Bound::Unbounded);
        self.tables
            .get(table)
            .into_iter()
            .flat_map(move |table| table.objects.range(from.clone()))
            .take_while(move |(key, _)| key.starts_with(prefix))
            .map(|(key, object)| (key.as_str(), object))
    }

    /// The objects of a table whose controller has this uid, in the order of their keys.
    pub(crate) fn owned<'s>(
        &'s self,
        table: &str,
        uid: &str,
    ) -> impl Iterator<Item = (&'s str, &'s Arc<Value>)> {
        let table = self.tables.get(table);
        let keys = table.and_then(|table| table.by_owner.get(uid)).into_iter().flatten();
        keys.filter_map(move |key| Some((key.as_str(), table?.objects.get(key)?)))
    }

    /// A table as it was at an older revision.
    pub(crate) fn list_at(
        &self,
        table: &str,
        revision: u64,
    ) -> Result<BTreeMap<String, Arc<Value>>, Compacted> {
        let Some(table) = self.tables.get(table) else { return Ok(BTreeMap::new()) };
        if revision < table.compacted {
            return Err(Compacted { asked: revision, oldest: table.compacted });
        }
        let mut objects = table.objects.clone();
        for change in table.history.iter().rev().take_while(|change| change.revision > revision) {
            match &change.before {
                Some(before) => objects.insert(change.key.clone(), Arc::clone(before)),
                None => objects.remove(&change.key),
            };
        }
        Ok(objects)
    }

    /// The changes of a table after a revision, oldest first.
    pub(crate) fn changes_since(&self, table: &str, revision: u64) -> Result<Vec<Change>, Compacted> {
        let Some(table) = self.tables.get(table) else { return Ok(Vec::new()) };
        if revision < table.compacted {
            return Err(Compacted { asked: revision, oldest: table.compacted });
        }
        let start = table.history.partition_point(|change| change.revision <= revision);
        Ok(table.history.range(start..).cloned().collect())
    }

    /// Stores an object under a new revision and returns it as it is stored.
    pub(crate) fn put(&mut self, table: &str, key: &str, object: Value) -> Arc<Value> {
        let revision = self.revision + 1;
        self.put_at(table, key, object, revision)
    }

    /// Stores an object that already has its revision: the state that a cluster starts from.
    ///
    /// Objects must come in the order of their revisions.
    pub(crate) fn restore(&mut self, table: &str, key: &str, object: Value, revision: u64) {
        self.put_at(table, key, object, revision);
    }

    /// Moves the revision forward without a change.
    pub(crate) fn advance(&mut self, revision: u64) {
        self.revision = self.revision.max(revision);
    }

    fn put_at(&mut self, table: &str, key: &str, mut object: Value, revision: u64) -> Arc<Value> {
        object::set(&mut object, &["metadata", "resourceVersion"], revision.to_string());
        let object = Arc::new(object);
        let before = self.table(table).objects.insert(key.to_owned(), Arc::clone(&object));
        self.table(table).index(key, before.as_deref(), Some(&object));
        self.record(
            table,
            Change { revision, key: key.to_owned(), before, after: Some(Arc::clone(&object)) },
        );
        object
    }

    /// Removes an object and returns its last state, with the revision of the removal.
    pub(crate) fn delete(&mut self, table: &str, key: &str) -> Option<Arc<Value>> {
        let before = self.table(table).objects.remove(key)?;
        self.table(table).index(key, Some(&before), None);
        let revision = self.revision + 1;
        let last = at_revision(&before, revision);
        self.record(table, Change { revision, key: key.to_owned(), before: Some(before), after: None });
        Some(Arc::new(last))
    }

    fn table(&mut self, name: &str) -> &mut Table {
        self.tables.entry(name.to_owned()).or_default()
    }

    fn record(&mut self, name: &str, change: Change) {
        let limit = self.history_limit;
        self.revision = self.revision.max(change.revision);
        let table = self.table(name);
        table.history.push_back(change);
        while table.history.len() > limit {
            if let Some(dropped) = table.history.pop_front() {
                table.compacted = dropped.revision;
            }
        }
        self.changed.send_replace(self.revision);
    }
}

impl Table {
    /// Keeps the owners in step with a change of one object.
    fn index(&mut self, key: &str, before: Option<&Value>, after: Option<&Value>) {
        let (old, new) = (before.and_then(controller), after.and_then(controller));
        if old == new {
            return;
        }
        if let Some(old) = old
            && let Some(keys) = self.by_owner.get_mut(old)
        {
            keys.remove(key);
            if keys.is_empty() {
                self.by_owner.remove(old);
            }
        }
        if let Some(new) = new {
            self.by_owner.entry(new.to_owned()).or_default().insert(key.to_owned());
        }
    }
}

/// The uid of the controller of an object.
fn controller(object: &Value) -> Option<&str> {
    object::list(object, &["metadata", "ownerReferences"])
        .iter()
        .find(|owner| owner.get("controller") == Some(&Value::Bool(true)))
        .map(|owner| object::text(owner, &["uid"]))
}

/// A copy of an object under another revision.
pub(crate) fn at_revision(object: &Value, revision: u64) -> Value {
    let mut copy = object.clone();
    object::set(&mut copy, &["metadata", "resourceVersion"], revision.to_string());
    copy
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: i32) -> Value {
        json!({"metadata": {"name": "x"}, "value": value})
    }

    #[test]
    fn a_list_at_an_older_revision_shows_what_was_then() {
        let mut store = Store::new(10);
        store.put("t", "a", object(1));
        store.put("t", "a", object(2));
        store.put("t", "b", object(3));
        store.delete("t", "a");
        let then = store.list_at("t", 2).unwrap();
        assert_eq!(then.len(), 1);
        assert_eq!(then["a"]["value"], 2);
        assert!(store.list_at("t", 0).unwrap().is_empty());
        assert_eq!(store.list("t", "").map(|(key, _)| key).collect::<Vec<_>>(), ["b"]);
    }

    #[test]
    fn changes_older_than_the_history_are_compacted() {
        let mut store = Store::new(2);
        for value in 0..4 {
            store.put("t", "a", object(value));
        }
        assert_eq!(store.changes_since("t", 2).unwrap().len(), 2);
        assert_eq!(store.changes_since("t", 1).unwrap_err(), Compacted { asked: 1, oldest: 2 });
        assert!(store.list_at("t", 1).is_err());
    }

    #[test]
    fn objects_are_found_by_their_controller() {
        let mut store = Store::new(2);
        let owned = |uid: &str| json!({"metadata": {"ownerReferences": [{"uid": uid, "controller": true}]}});
        store.put("t", "a", owned("x"));
        store.put("t", "b", owned("x"));
        store.put("t", "b", owned("y"));
        assert_eq!(store.owned("t", "x").map(|(key, _)| key).collect::<Vec<_>>(), ["a"]);
        store.delete("t", "b");
        assert_eq!(store.owned("t", "y").count(), 0);
    }

    #[test]
    fn a_listing_keeps_to_its_prefix() {
        let mut store = Store::new(2);
        store.put("t", "shop/a", object(1));
        store.put("t", "shop-b/a", object(1));
        store.put("t", "shop/b", object(1));
        assert_eq!(store.list("t", "shop/").count(), 2);
    }
}
