//! Dashboards that were saved here, with their last versions.
//!
//! A version's JSON is written before the head that names it: without that head it is debris that the next version of this number replaces.

use std::collections::BTreeMap;
use std::sync::Arc;

use crowsnest_api::Timestamp;
use crowsnest_api::dashboards::{Source, Version};
use crowsnest_dashboards::Dashboard;
use parking_lot::Mutex;
use serde_json::Value;
use tracing::warn;

use super::Found;
use super::record::{Head, VersionHead, is_uid, pack, unpack};
use crate::control::{Collection, ControlError, ControlStore};

/// Versions that are kept of one.
const VERSIONS: usize = 20;
/// Dashboards, and the bytes that all their versions may have: control state stays small.
const MAX_DASHBOARDS: usize = 5_000;
const MAX_BYTES: usize = 40 << 20;
/// The longest text about a version.
const MAX_MESSAGE: usize = 1_000;

/// What somebody changed who saves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Base {
    /// Nothing: it is new.
    Nothing,
    /// This version, which must still be the latest.
    Version(u64),
    /// Whatever there is.
    Whatever,
}

/// What is noted of a version.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Saved<'a> {
    pub(crate) folder: &'a str,
    pub(crate) by: &'a str,
    pub(crate) message: &'a str,
}

/// Why something was not saved.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SaveError {
    /// No name.
    #[error("the uid must have 1 to 40 letters, digits, - or _")]
    Uid,
    /// It is there.
    #[error("there is a dashboard with the uid {uid} in folder {folder}, “{title}”")]
    Taken { uid: String, title: String, folder: String },
    /// It is not there.
    #[error("there is no dashboard {0}; it may have been deleted meanwhile")]
    NotThere(String),
    /// Somebody else was faster.
    #[error("{} saved version {} meanwhile", .0.by, .0.version)]
    Changed(Version),
    /// It comes from elsewhere.
    #[error("{}", read_only(*.0))]
    ReadOnly(Source),
    /// Too much.
    #[error("{what}; delete some that nobody uses")]
    Full { what: String },
    /// Ours.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// Ours, too.
    #[error("cannot compress a dashboard")]
    Compress(#[source] std::io::Error),
}

const fn read_only(source: Source) -> &'static str {
    match source {
        Source::Stored => "this dashboard cannot be changed",
        Source::File => {
            "this dashboard comes from a file in the provisioning folder: change it there, or save a copy"
        }
        Source::ConfigMap => "this dashboard comes from a ConfigMap: change it there, or save a copy",
        Source::BuiltIn => "this dashboard came with the server: save a copy to change it",
    }
}

/// Heads in memory, JSON in the control store.
pub(super) struct Stored {
    control: Arc<dyn ControlStore>,
    heads: Mutex<BTreeMap<String, Arc<Head>>>,
    /// Held by whoever writes: two who save the same dashboard must see each other's version.
    writing: Mutex<()>,
}

impl Stored {
    pub(super) fn open(control: Arc<dyn ControlStore>) -> Result<Self, ControlError> {
        let mut heads = BTreeMap::new();
        for (uid, record) in control.list(Collection::Dashboards)? {
            match serde_json::from_slice::<Head>(&record) {
                Ok(head) => drop(heads.insert(uid, Arc::new(head))),
                Err(error) => {
                    warn!(uid, err = &error as &dyn std::error::Error, "a dashboard's record is damaged");
                }
            }
        }
        Ok(Self { control, heads: Mutex::new(heads), writing: Mutex::default() })
    }

    pub(super) fn heads(&self) -> Vec<Found> {
        let found = |head: &Arc<Head>| Found { head: Arc::clone(head), source: Source::Stored };
        self.heads.lock().values().map(found).collect()
    }

    pub(super) fn find(&self, uid: &str) -> Option<Found> {
        let head = self.heads.lock().get(uid).cloned()?;
        Some(Found { head, source: Source::Stored })
    }

    pub(super) fn read(&self, uid: &str, version: Option<u64>) -> Result<Option<Value>, ControlError> {
        let Some(found) = self.find(uid) else { return Ok(None) };
        let version = version.unwrap_or_else(|| found.head.version());
        if !found.head.versions.iter().any(|kept| kept.version == version) {
            return Ok(None);
        }
        let record = self.control.get(Collection::DashboardVersions, &key(uid, version))?;
        Ok(record.and_then(|record| unpack(&record)))
    }

    pub(super) fn versions(&self, uid: &str) -> Vec<Version> {
        let head = self.heads.lock().get(uid).cloned();
        head.iter().flat_map(|head| head.versions.iter().rev().map(VersionHead::told)).collect()
    }

    pub(super) fn save(
        &self,
        dashboard: &Dashboard,
        base: Base,
        saved: Saved<'_>,
        now: Timestamp,
    ) -> Result<u64, SaveError> {
        let uid = dashboard.uid().filter(|uid| is_uid(uid)).ok_or(SaveError::Uid)?;
        let _writing = self.writing.lock();
        let before = self.find(&uid).map(|found| found.head);
        check(&uid, before.as_deref(), base)?;
        let packed = pack(dashboard.json()).map_err(SaveError::Compress)?;
        self.check_room(before.is_none(), packed.len())?;

        let mut head = Head::of(dashboard, uid.clone(), saved.folder.to_owned());
        head.versions = before.map(|before| before.versions.clone()).unwrap_or_default();
        let version = head.version() + 1;
        head.versions.push(VersionHead {
            version,
            at: now.millis(),
            by: saved.by.to_owned(),
            message: saved.message.chars().take(MAX_MESSAGE).collect(),
            bytes: packed.len(),
        });
        let old = head.versions.len().saturating_sub(VERSIONS);
        let old: Vec<VersionHead> = head.versions.drain(..old).collect();
        self.control.put(Collection::DashboardVersions, &key(&uid, version), &packed)?;
        self.write_head(head)?;
        self.forget(&uid, &old);
        Ok(version)
    }

    pub(super) fn delete(&self, uid: &str) -> Result<bool, ControlError> {
        let _writing = self.writing.lock();
        let Some(Found { head, .. }) = self.find(uid) else { return Ok(false) };
        self.control.delete(Collection::Dashboards, uid)?;
        self.heads.lock().remove(uid);
        self.forget(uid, &head.versions);
        Ok(true)
    }

    fn write_head(&self, head: Head) -> Result<(), ControlError> {
        // Texts and numbers can always be written.
        let record = serde_json::to_vec(&head).unwrap_or_default();
        self.control.put(Collection::Dashboards, &head.uid, &record)?;
        self.heads.lock().insert(head.uid.clone(), Arc::new(head));
        Ok(())
    }

    /// Removes the JSON of versions that no head names. What stays behind takes room and harms nobody.
    fn forget(&self, uid: &str, versions: &[VersionHead]) {
        for old in versions {
            if let Err(error) = self.control.delete(Collection::DashboardVersions, &key(uid, old.version)) {
                warn!(uid, err = &error as &dyn std::error::Error, "cannot remove a dashboard's old version");
            }
        }
    }

    fn check_room(&self, is_new: bool, bytes: usize) -> Result<(), SaveError> {
        let heads = self.heads.lock();
        if is_new && heads.len() >= MAX_DASHBOARDS {
            return Err(SaveError::Full { what: format!("there are {MAX_DASHBOARDS} dashboards already") });
        }
        let kept: usize = heads.values().flat_map(|head| &head.versions).map(|version| version.bytes).sum();
        if kept + bytes > MAX_BYTES {
            let what = format!("all versions of all dashboards have {} MiB already", MAX_BYTES >> 20);
            return Err(SaveError::Full { what });
        }
        Ok(())
    }
}

fn check(uid: &str, before: Option<&Head>, base: Base) -> Result<(), SaveError> {
    match (base, before) {
        (Base::Nothing, Some(head)) => {
            let (title, folder) = (head.title.clone(), head.folder.clone());
            Err(SaveError::Taken { uid: uid.to_owned(), title, folder })
        }
        (Base::Version(_), None) => Err(SaveError::NotThere(uid.to_owned())),
        (Base::Version(version), Some(head)) => match head.versions.last() {
            Some(latest) if latest.version != version => Err(SaveError::Changed(latest.told())),
            _ => Ok(()),
        },
        (Base::Nothing, None) | (Base::Whatever, _) => Ok(()),
    }
}

/// Versions of one dashboard stand together, in order.
fn key(uid: &str, version: u64) -> String {
    format!("{uid}/{version:010}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::control::MemoryStore;

    const NOW: Timestamp = Timestamp::from_millis(1_000);

    fn dashboard(title: &str) -> Dashboard {
        Dashboard::from_json(json!({"uid": "u", "title": title, "panels": [{"type": "text"}], "tags": ["t"]}))
    }

    fn save(stored: &Stored, title: &str, base: Base) -> Result<u64, SaveError> {
        let saved = Saved { folder: "shop", by: "ann", message: title };
        stored.save(&dashboard(title), base, saved, NOW)
    }

    #[test]
    fn twenty_versions_are_kept_and_survive_a_restart() {
        let control: Arc<dyn ControlStore> = Arc::new(MemoryStore::default());
        let stored = Stored::open(Arc::clone(&control)).unwrap();
        assert_eq!(save(&stored, "1", Base::Nothing).unwrap(), 1);
        for version in 2..=25 {
            let title = version.to_string();
            assert_eq!(save(&stored, &title, Base::Version(version - 1)).unwrap(), version);
        }
        let stored = Stored::open(Arc::clone(&control)).unwrap();
        let versions = stored.versions("u");
        assert_eq!((versions.len(), versions[0].version, versions[19].version), (20, 25, 6));
        assert_eq!((versions[0].by.as_str(), versions[0].message.as_str()), ("ann", "25"));
        let title = |version| stored.read("u", version).unwrap().map(|json| json["title"].clone());
        assert_eq!(title(None), Some(json!("25")));
        assert_eq!(title(Some(6)), Some(json!("6")));
        assert_eq!(title(Some(5)), None);
        assert_eq!(control.list(Collection::DashboardVersions).unwrap().len(), 20);
        assert_eq!((&*stored.heads()[0].head.folder, stored.heads()[0].head.panels), ("shop", 1));
    }

    #[test]
    fn whoever_changed_an_old_version_is_told_who_was_faster() {
        let stored = Stored::open(Arc::new(MemoryStore::default())).unwrap();
        save(&stored, "1", Base::Nothing).unwrap();
        save(&stored, "2", Base::Version(1)).unwrap();
        let late = save(&stored, "mine", Base::Version(1)).unwrap_err();
        assert_eq!(late.to_string(), "ann saved version 2 meanwhile");
        assert!(matches!(save(&stored, "new", Base::Nothing), Err(SaveError::Taken { .. })));
        assert_eq!(save(&stored, "3", Base::Whatever).unwrap(), 3);
        assert!(stored.delete("u").unwrap());
        assert!(!stored.delete("u").unwrap());
        assert!(matches!(save(&stored, "mine", Base::Version(3)), Err(SaveError::NotThere(_))));
        assert_eq!(stored.read("u", None).unwrap(), None);
    }

    #[test]
    fn a_dashboard_without_a_usable_uid_is_refused() {
        let stored = Stored::open(Arc::new(MemoryStore::default())).unwrap();
        let dashboard = Dashboard::from_json(json!({"uid": "../x", "title": "t"}));
        let saved = Saved { folder: "shop", by: "ann", message: "" };
        assert!(matches!(stored.save(&dashboard, Base::Nothing, saved, NOW), Err(SaveError::Uid)));
    }
}
