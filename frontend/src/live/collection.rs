//! The objects of one watch: what the stream's events make of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::json::Value;
use crowsnest_api::stream::{ChangeType, Changes, ListPart, State};

use super::Health;
use crate::cluster::object::{list, name, namespace, text};
use crate::components::Tone;
use crate::kinds::{Cell, KindRow, trim};

/// Which object: namespace, empty for one in none, and name.
pub(crate) type Key = (String, String);

/// An object, and what its row is made of: read once, when it comes.
pub(crate) struct Entry {
    pub(crate) key: Key,
    /// Without what its kind's lists do not need.
    pub(crate) object: Value,
    /// One for each column; joined ones are empty.
    pub(crate) cells: Vec<Cell>,
    pub(crate) tone: Option<Tone>,
    /// Everything that a filter looks at, in lower case.
    pub(crate) search: String,
}

impl Entry {
    pub(crate) fn new(row: &KindRow, mut object: Value) -> Self {
        // Cells are made of all of it, so that what they count need not be kept.
        let cells = row.cells(&object);
        let tone = row.tone.map(|tone| tone(&object));
        trim(&mut object, row.dropped);
        let mut search = String::new();
        for cell in &cells {
            add(&mut search, cell.words());
        }
        for path in row.search {
            add_path(&mut search, &object, path);
        }
        Self {
            key: (namespace(&object).to_owned(), name(&object).to_owned()),
            tone,
            cells,
            search: search.to_lowercase(),
            object,
        }
    }

    fn version(&self) -> &str {
        text(&self.object, &["metadata", "resourceVersion"])
    }
}

fn add(search: &mut String, words: &str) {
    if !words.is_empty() {
        search.push_str(words);
        search.push('\n');
    }
}

/// Adds the texts at `path`: one, those of a map as `key=value`, or those of every element behind a `*`.
fn add_path(search: &mut String, value: &Value, path: &[&str]) {
    match (path, value) {
        ([], Value::String(words)) => add(search, words),
        ([], Value::Object(fields)) => {
            for (key, value) in fields {
                add(search, &format!("{key}={}", value.as_str().unwrap_or_default()));
            }
        }
        (["*", rest @ ..], value) => {
            for element in list(value, &[]) {
                add_path(search, element, rest);
            }
        }
        ([first, rest @ ..], Value::Object(fields)) => {
            if let Some(value) = fields.get(first) {
                add_path(search, value, rest);
            }
        }
        _ => {}
    }
}

/// The objects of one watch.
pub(crate) struct Collection {
    row: &'static KindRow,
    entries: BTreeMap<Key, Arc<Entry>>,
    /// A new list that is still coming, while the old one is shown.
    coming: Option<BTreeMap<Key, Arc<Entry>>>,
    /// Whether a list has been complete once.
    synced: bool,
    pub(crate) health: Health,
}

impl Collection {
    /// Nothing yet.
    pub(crate) fn new(row: &'static KindRow) -> Self {
        Self { row, entries: BTreeMap::new(), coming: None, synced: false, health: Health::Loading }
    }

    /// The kind of its objects.
    pub(crate) fn row(&self) -> &'static KindRow {
        self.row
    }

    /// Whether its rows are drawn as `row` says.
    pub(crate) fn is_of(&self, row: &'static KindRow) -> bool {
        std::ptr::eq(self.row, row)
    }

    /// Draws rows as another row of the table of kinds says: the columns of a kind of somebody else's have become known, or are others.
    pub(crate) fn draw_as(&mut self, row: &'static KindRow) {
        self.row = row;
        let anew = |entry: &mut Arc<Entry>| *entry = Arc::new(Entry::new(row, entry.object.clone()));
        self.entries.values_mut().for_each(anew);
        self.coming.iter_mut().flat_map(BTreeMap::values_mut).for_each(anew);
    }

    /// Whether there has been a complete list.
    pub(crate) fn is_synced(&self) -> bool {
        self.synced
    }

    /// The objects by namespace and name.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.entries.values()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// One of them.
    pub(crate) fn get(&self, key: &Key) -> Option<&Arc<Entry>> {
        self.entries.get(key)
    }

    /// Takes in a part of a list. The first list shows as it comes; later ones replace it when they are complete, so
    /// that nothing goes and comes back.
    pub(crate) fn sync(&mut self, part: ListPart<Value>) {
        if part.first {
            self.coming = Some(BTreeMap::new());
        }
        for object in part.objects {
            let entry = self.entry(object);
            let key = entry.key.clone();
            match &mut self.coming {
                Some(coming) if self.synced => coming.insert(key, entry),
                _ => self.entries.insert(key, entry),
            };
        }
        if part.last {
            if let Some(coming) = self.coming.take().filter(|_| self.synced) {
                self.entries = coming;
            }
            self.synced = true;
            if matches!(self.health, Health::Loading | Health::Denied(_) | Health::Failed(_)) {
                self.health = Health::Live;
            }
        }
    }

    /// Takes in what has changed.
    pub(crate) fn change(&mut self, changes: Changes<Value>) {
        for change in changes.changes {
            let entry = self.entry(change.object);
            match change.what {
                ChangeType::Added | ChangeType::Modified => self.entries.insert(entry.key.clone(), entry),
                ChangeType::Deleted => self.entries.remove(&entry.key),
            };
        }
    }

    /// Takes in how the watch is doing. Who may not see the objects any more does not keep them.
    pub(crate) fn state(&mut self, state: State, now: i64) {
        self.health = Health::of(state, &self.health, now);
        if matches!(self.health, Health::Denied(_)) {
            self.entries.clear();
            self.coming = None;
            self.synced = false;
        }
    }

    /// The stream itself is cut.
    pub(crate) fn cut(&mut self, now: i64, retry_at: Option<i64>) {
        if !matches!(self.health, Health::Denied(_) | Health::Failed(_)) {
            self.health = Health::Cut { since: self.health.late_since().unwrap_or(now), retry_at };
        }
    }

    /// The stream is back; how the watch is doing will be told where it is not well.
    pub(crate) fn mend(&mut self) {
        if matches!(self.health, Health::Cut { .. }) {
            self.health = if self.synced { Health::Live } else { Health::Loading };
        }
    }

    /// The entry of an object; the one that is there where nothing has changed, so that nothing is drawn anew.
    fn entry(&self, object: Value) -> Arc<Entry> {
        let entry = Entry::new(self.row, object);
        match self.entries.get(&entry.key) {
            Some(known) if !known.version().is_empty() && known.version() == entry.version() => known.clone(),
            _ => Arc::new(entry),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::json::json;
    use crowsnest_api::stream::{Change, MissingRight, WatchState};

    use super::*;
    use crate::kinds::PODS;

    fn pod(name: &str, version: u32) -> Value {
        json!({"metadata": {"name": name, "namespace": "shop", "resourceVersion": version.to_string(), "labels": {"app": "Web"}},
            "spec": {"containers": [{"image": "nginx:1.27", "env": [1]}]}, "status": {"phase": "Running"}})
    }

    fn part(objects: Vec<Value>, first: bool, last: bool) -> ListPart<Value> {
        ListPart { watch: 0, objects, first, last }
    }

    fn names(collection: &Collection) -> Vec<&str> {
        collection.entries().map(|entry| entry.key.1.as_str()).collect()
    }

    #[test]
    fn the_first_list_shows_as_it_comes() {
        let mut pods = Collection::new(PODS);
        pods.sync(part(vec![pod("b", 1)], true, false));
        assert_eq!((names(&pods), pods.is_synced()), (vec!["b"], false));
        pods.sync(part(vec![pod("a", 1)], false, true));
        assert_eq!((names(&pods), pods.is_synced()), (vec!["a", "b"], true));
        assert_eq!(pods.health, Health::Live);
    }

    #[test]
    fn a_later_list_replaces_the_old_one_when_it_is_complete() {
        let mut pods = Collection::new(PODS);
        pods.sync(part(vec![pod("a", 1), pod("b", 1)], true, true));
        let before = pods.get(&("shop".into(), "a".into())).unwrap().clone();
        pods.sync(part(vec![pod("a", 1)], true, false));
        assert_eq!(names(&pods), ["a", "b"]);
        pods.sync(part(vec![pod("c", 2)], false, true));
        assert_eq!(names(&pods), ["a", "c"]);
        assert!(
            Arc::ptr_eq(&before, pods.get(&("shop".into(), "a".into())).unwrap()),
            "what has not changed stays"
        );
    }

    #[test]
    fn changes_add_replace_and_remove() {
        let mut pods = Collection::new(PODS);
        pods.sync(part(vec![pod("a", 1)], true, true));
        let change = |what, object| Change { what, object };
        pods.change(Changes {
            watch: 0,
            changes: vec![
                change(ChangeType::Added, pod("b", 2)),
                change(ChangeType::Modified, pod("a", 3)),
                change(ChangeType::Deleted, pod("b", 4)),
                change(ChangeType::Deleted, pod("never", 5)),
            ],
        });
        assert_eq!(names(&pods), ["a"]);
        assert_eq!(pods.get(&("shop".into(), "a".into())).unwrap().version(), "3");
    }

    #[test]
    fn a_row_is_found_by_its_words_labels_and_images_and_is_kept_small() {
        let entry = Entry::new(PODS, pod("Web-1", 1));
        for words in ["web-1", "shop", "app=web", "nginx:1.27", "running"] {
            assert!(entry.search.contains(words), "{words} in {:?}", entry.search);
        }
        assert_eq!(entry.object["spec"]["containers"][0].get("env"), None);
    }

    #[test]
    fn what_may_no_longer_be_seen_is_not_kept() {
        let mut pods = Collection::new(PODS);
        pods.sync(part(vec![pod("a", 1)], true, true));
        let missing = MissingRight {
            verb: "list".into(),
            resource: "pods".into(),
            group: String::new(),
            namespace: None,
        };
        let denied = State {
            watch: 0,
            state: WatchState::Denied,
            message: None,
            retry_in_ms: None,
            missing: Some(missing.clone()),
        };
        pods.state(denied, 0);
        assert_eq!((pods.len(), pods.is_synced(), &pods.health), (0, false, &Health::Denied(missing)));
        pods.cut(0, None);
        assert!(matches!(pods.health, Health::Denied(_)));
        pods.sync(part(vec![pod("a", 1)], true, true));
        assert_eq!(pods.health, Health::Live);
    }

    #[test]
    fn a_cut_keeps_what_is_there() {
        let mut pods = Collection::new(PODS);
        pods.sync(part(vec![pod("a", 1)], true, true));
        pods.cut(5_000, Some(8_000));
        assert_eq!((pods.len(), pods.health.late_since()), (1, Some(5_000)));
        pods.mend();
        assert_eq!(pods.health, Health::Live);
    }
}
