//! The objects of one kind, and which rows have ended since they were last written.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Bound;

use crowsnest_cluster_metrics::{Object, Uid};
use parking_lot::Mutex;

/// An object as it is kept.
pub(super) type Kept = Box<dyn Object>;

/// Objects of one kind; a watch puts them in, the writer takes rows out.
#[derive(Default)]
pub(super) struct Collection(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    objects: BTreeMap<Uid, Kept>,
    /// What objects were when they were last written that have changed or gone since; `None` for those that were not there yet.
    before: HashMap<Uid, Option<Kept>>,
    /// Whether anything was written since the first list.
    written: bool,
    /// Whether a list has been read to its end, or refused.
    known: bool,
}

/// An object that has changed or gone.
pub(super) struct Changed<'a> {
    /// As it was when it was last written.
    pub(super) before: &'a dyn Object,
    /// As it is now, if it is there.
    pub(super) now: Option<&'a dyn Object>,
}

impl Collection {
    /// Takes objects in, in place of what they were.
    pub(super) fn put(&self, objects: Vec<Kept>) {
        let mut inner = self.0.lock();
        for object in objects {
            let uid = object.uid().clone();
            let before = inner.objects.insert(uid.clone(), object);
            inner.remember(uid, before);
        }
    }

    /// An object is gone.
    pub(super) fn remove(&self, uid: &Uid) {
        let mut inner = self.0.lock();
        if let Some(before) = inner.objects.remove(uid) {
            inner.remember(uid.clone(), Some(before));
        }
    }

    /// A list has come to its end: what it did not have is gone.
    pub(super) fn finish_list(&self, listed: &HashSet<Uid>) {
        let mut inner = self.0.lock();
        let gone: Vec<Uid> = inner.objects.keys().filter(|uid| !listed.contains(uid)).cloned().collect();
        for uid in gone {
            if let Some(before) = inner.objects.remove(&uid) {
                inner.remember(uid, Some(before));
            }
        }
        inner.known = true;
    }

    /// Nothing is known any more: the right to look was taken away.
    pub(super) fn clear(&self) {
        self.finish_list(&HashSet::new());
    }

    /// Whether it is known what there is: a list has been read to its end, or refused. Until then half of it would be written.
    pub(super) fn is_known(&self) -> bool {
        self.0.lock().known
    }

    /// Hands objects in the order of their uids to `take` until it has enough, beginning after `after`; the last one that it took, if
    /// there are more.
    pub(super) fn walk(&self, after: Option<&Uid>, mut take: impl FnMut(&dyn Object) -> bool) -> Option<Uid> {
        let inner = self.0.lock();
        let begin = after.map_or(Bound::Unbounded, Bound::Excluded);
        for (uid, object) in inner.objects.range::<Uid, _>((begin, Bound::Unbounded)) {
            if !take(&**object) {
                return Some(uid.clone());
            }
        }
        None
    }

    /// Hands what has changed since the last time to `take`, and begins anew.
    pub(super) fn take_changed(&self, mut take: impl FnMut(Changed<'_>)) {
        let mut inner = self.0.lock();
        let changed = std::mem::take(&mut inner.before);
        for (uid, before) in &changed {
            if let Some(before) = before {
                take(Changed { before: &**before, now: inner.objects.get(uid).map(|now| &**now) });
            }
        }
        inner.written = true;
    }
}

impl Inner {
    /// What an object was, unless an older state of it is remembered, or none was ever written.
    fn remember(&mut self, uid: Uid, before: Option<Kept>) {
        if self.written {
            self.before.entry(uid).or_insert(before);
        }
    }
}

#[cfg(test)]
mod tests {
    use crowsnest_cluster_metrics::{AllowList, KINDS, Projector};

    use super::*;

    fn namespace(name: &str, phase: &str) -> Kept {
        let kind = KINDS.iter().find(|kind| kind.resource == "namespaces").unwrap();
        let nothing = AllowList::default();
        let json =
            format!(r#"{{"metadata":{{"name":"{name}","uid":"{name}"}},"status":{{"phase":"{phase}"}}}}"#);
        Projector::new(kind, &nothing, &nothing).project(json.as_bytes()).unwrap()
    }

    /// Names of what has changed, with whether it is still there.
    fn changed(collection: &Collection) -> Vec<(String, bool)> {
        let mut all = Vec::new();
        collection
            .take_changed(|changed| all.push((changed.before.place().1.to_owned(), changed.now.is_some())));
        all.sort();
        all
    }

    #[test]
    fn what_was_written_and_has_changed_or_gone_is_told_once() {
        let collection = Collection::default();
        collection.put(vec![namespace("a", "Active"), namespace("b", "Active")]);
        assert_eq!(changed(&collection), []);
        collection.put(vec![
            namespace("a", "Terminating"),
            namespace("a", "Active"),
            namespace("new", "Active"),
        ]);
        let gone = namespace("b", "Active");
        collection.remove(gone.uid());
        assert_eq!(changed(&collection), [("a".to_owned(), true), ("b".to_owned(), false)]);
        assert_eq!(changed(&collection), []);
    }

    #[test]
    fn what_came_and_went_between_two_writes_was_never_there() {
        let collection = Collection::default();
        assert_eq!(changed(&collection), []);
        let brief = namespace("brief", "Active");
        let uid = brief.uid().clone();
        collection.put(vec![brief]);
        collection.remove(&uid);
        assert_eq!(changed(&collection), []);
    }

    #[test]
    fn a_new_list_ends_what_it_does_not_have() {
        let collection = Collection::default();
        collection.put(vec![namespace("a", "Active"), namespace("b", "Active")]);
        changed(&collection);
        let kept = namespace("a", "Active");
        collection.finish_list(&HashSet::from([kept.uid().clone()]));
        assert!(collection.is_known());
        assert_eq!(changed(&collection), [("b".to_owned(), false)]);
    }

    #[test]
    fn a_walk_goes_on_where_it_stopped() {
        let collection = Collection::default();
        collection.put(["c", "a", "b"].map(|name| namespace(name, "Active")).into());
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            after = collection.walk(after.as_ref(), |object| {
                seen.push(object.place().1.to_owned());
                seen.len() % 2 == 1
            });
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, ["a", "b", "c"]);
    }
}
