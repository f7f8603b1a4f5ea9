//! Dashboards that come from elsewhere and cannot be changed here.

use std::collections::BTreeMap;
use std::sync::Arc;

use crowsnest_api::dashboards::{Fault, Source};
use crowsnest_dashboards::import::{Answers, Limits};
use crowsnest_dashboards::{Dashboard, import};
use serde_json::Value;

use super::Found;
use super::record::{Head, is_uid, pack, unpack};

/// What is given at once: more is a fault.
const MOST: usize = 2_000;

/// What keeps a text from being a dashboard.
pub(crate) fn fault_of(text: &str) -> Option<String> {
    import(text, &Answers::new(), &Limits::default()).err().map(|error| error.to_string())
}

/// One of them: its head, where it is from, its JSON packed.
#[derive(Clone)]
struct Entry {
    head: Arc<Head>,
    source: Source,
    place: Arc<str>,
    packed: Arc<[u8]>,
}

/// Those of one origin, by uid, and what gave none.
#[derive(Clone, Default)]
pub(crate) struct Given {
    entries: BTreeMap<String, Entry>,
    pub(crate) faults: Vec<Fault>,
}

impl Given {
    /// Takes the text of a file or a ConfigMap's key, `place`, with `tag` beside the tags that it brings. One without a uid is called by its
    /// place.
    pub(super) fn take(&mut self, place: &str, folder: &str, source: Source, text: &str, tag: Option<&str>) {
        if let Err(message) = self.try_take(place, folder, source, text, tag) {
            self.fault(place, message);
        }
    }

    /// Notes what is wrong with something.
    pub(crate) fn fault(&mut self, place: &str, message: String) {
        self.faults.push(Fault { place: place.to_owned(), message });
    }

    /// Takes over what `before` had from `place`, when there is nothing newer.
    pub(crate) fn keep(&mut self, before: &Self, place: &str) {
        for (uid, entry) in before.entries.iter().filter(|(_, entry)| &*entry.place == place) {
            self.entries.entry(uid.clone()).or_insert_with(|| entry.clone());
        }
    }

    fn try_take(
        &mut self,
        place: &str,
        folder: &str,
        source: Source,
        text: &str,
        tag: Option<&str>,
    ) -> Result<(), String> {
        let imported =
            import(text, &Answers::new(), &Limits::default()).map_err(|error| error.to_string())?;
        let uid = imported.dashboard.uid().filter(|uid| is_uid(uid)).unwrap_or_else(|| uid_of(place));
        if let Some(other) = self.entries.get(&uid).filter(|other| other.source == source) {
            return Err(format!("its uid {uid} is that of {} already; change one of them", other.place));
        }
        if self.entries.len() >= MOST {
            return Err(format!("there are {MOST} dashboards already"));
        }
        let mut json = imported.dashboard.into_json();
        if let Some(map) = json.as_object_mut() {
            map.insert("uid".to_owned(), uid.clone().into());
        }
        let packed = pack(&json).map_err(|error| error.to_string())?;
        let mut head = Head::of(&Dashboard::from_json(json), uid.clone(), folder.to_owned());
        head.tags.extend(tag.map(str::to_owned));
        let entry = Entry { head: Arc::new(head), source, place: place.into(), packed: packed.into() };
        self.entries.insert(uid, entry);
        Ok(())
    }

    pub(super) fn list(&self) -> Vec<Found> {
        self.entries.values().map(Entry::found).collect()
    }

    pub(super) fn find(&self, uid: &str) -> Option<Found> {
        self.entries.get(uid).map(Entry::found)
    }

    pub(super) fn read(&self, uid: &str) -> Option<Value> {
        self.entries.get(uid).and_then(|entry| unpack(&entry.packed))
    }
}

impl Entry {
    fn found(&self) -> Found {
        Found { head: Arc::clone(&self.head), source: self.source }
    }
}

/// A name made of where it is from, always the same.
fn uid_of(place: &str) -> String {
    let digest = openssl::sha::sha256(place.as_bytes());
    digest.iter().take(10).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_of_one_uid_are_a_fault_that_names_both() {
        let mut given = Given::default();
        given.take("a.json", "crowsnest", Source::File, r#"{"uid": "u", "title": "A", "panels": []}"#, None);
        given.take("b.json", "crowsnest", Source::File, r#"{"uid": "u", "title": "B", "panels": []}"#, None);
        given.take("c.json", "crowsnest", Source::File, "{", None);
        assert_eq!(given.list().len(), 1);
        assert_eq!(given.faults[0].place, "b.json");
        assert!(given.faults[0].message.contains("that of a.json"), "{:?}", given.faults);
        assert!(given.faults[1].message.starts_with("line 1, column"), "{:?}", given.faults);
    }

    #[test]
    fn one_without_a_uid_has_the_same_name_every_time() {
        let uid = || {
            let mut given = Given::default();
            given.take("a.json", "crowsnest", Source::File, r#"{"title": "A", "panels": []}"#, None);
            given.list()[0].head.uid.clone()
        };
        assert_eq!(uid(), uid());
        assert!(is_uid(&uid()));
    }
}
