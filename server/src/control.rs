//! The seam to control state: everything but samples and the block manifest.

mod memory;
mod sled_store;

#[cfg(test)]
pub(crate) use memory::MemoryStore;
pub(crate) use sled_store::{Examined, SledStore};

/// A kind of control state; its name is part of what is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Collection {
    /// Sealed session records by session id.
    Sessions,
    /// Sources that have pushed samples, by source.
    Sources,
    /// What groups of rules remember of their alerts, by file and name.
    Alerts,
    /// Silences by id.
    Silences,
    /// What receivers were told of groups of alerts, by group, receiver and integration.
    Notifications,
    /// What dashboards there are, by uid.
    Dashboards,
    /// Their JSON, by uid and version.
    DashboardVersions,
    /// What snapshots of dashboards there are, by id.
    Snapshots,
    /// Their JSON, by id.
    SnapshotData,
    /// Stars, by user.
    Stars,
    /// What jobs have pushed to the Pushgateway's API, by group.
    PushedGroups,
    /// Alerting rules that users made, by id.
    Rules,
    /// Who is told of alerts, as somebody typed it.
    Routing,
}

impl Collection {
    /// All that a backup has: everything but sessions.
    pub(crate) const BACKED_UP: [Self; 12] = [
        Self::Sources,
        Self::Alerts,
        Self::Silences,
        Self::Notifications,
        Self::Dashboards,
        Self::DashboardVersions,
        Self::Snapshots,
        Self::SnapshotData,
        Self::Stars,
        Self::PushedGroups,
        Self::Rules,
        Self::Routing,
    ];

    /// The name it is stored under; never changed.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::Sources => "sources",
            Self::Alerts => "alerts",
            Self::Silences => "silences",
            Self::Notifications => "notifications",
            Self::Dashboards => "dashboards",
            Self::DashboardVersions => "dashboard-versions",
            Self::Snapshots => "snapshots",
            Self::SnapshotData => "snapshot-data",
            Self::Stars => "stars",
            Self::PushedGroups => "pushed-groups",
            Self::Rules => "rules",
            Self::Routing => "routing",
        }
    }
}

/// Control state cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {operation} control state in {collection}")]
pub(crate) struct ControlError {
    operation: &'static str,
    collection: &'static str,
    #[source]
    source: Box<dyn std::error::Error + Send + Sync>,
}

/// Keeps small records by collection and key. Synchronous; writes wait for the disk, so callers choose the thread.
pub(crate) trait ControlStore: Send + Sync {
    /// The record, if there is one.
    fn get(&self, collection: Collection, key: &str) -> Result<Option<Vec<u8>>, ControlError>;

    /// Stores a record, durably once this returns.
    fn put(&self, collection: Collection, key: &str, record: &[u8]) -> Result<(), ControlError>;

    /// Stores a record where there is one already, in one step; says whether there was. Durable once this returns.
    fn replace(&self, collection: Collection, key: &str, record: &[u8]) -> Result<bool, ControlError>;

    /// Removes a record, durably once this returns; it need not exist.
    fn delete(&self, collection: Collection, key: &str) -> Result<(), ControlError>;

    /// All records of a collection in the order of their keys.
    fn list(&self, collection: Collection) -> Result<Vec<(String, Vec<u8>)>, ControlError>;
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn check(store: &dyn ControlStore) {
        assert_eq!(store.get(Collection::Sessions, "a").unwrap(), None);
        store.put(Collection::Sessions, "b", b"2").unwrap();
        store.put(Collection::Sessions, "a", b"1").unwrap();
        store.put(Collection::Sources, "a", b"other").unwrap();
        store.put(Collection::Sessions, "a", b"one").unwrap();
        assert_eq!(store.get(Collection::Sessions, "a").unwrap().unwrap(), b"one");
        let all = store.list(Collection::Sessions).unwrap();
        assert_eq!(all, [("a".into(), b"one".to_vec()), ("b".into(), b"2".to_vec())]);
        assert!(store.replace(Collection::Sessions, "a", b"first").unwrap());
        assert_eq!(store.get(Collection::Sessions, "a").unwrap().unwrap(), b"first");
        store.delete(Collection::Sessions, "a").unwrap();
        store.delete(Collection::Sessions, "a").unwrap();
        assert_eq!(store.get(Collection::Sessions, "a").unwrap(), None);
        assert!(!store.replace(Collection::Sessions, "a", b"late").unwrap());
        assert_eq!(store.get(Collection::Sessions, "a").unwrap(), None);
        assert_eq!(store.get(Collection::Sources, "a").unwrap().unwrap(), b"other");
    }

    #[test]
    fn the_store_in_memory_keeps_collections_apart() {
        check(&MemoryStore::default());
    }

    #[test]
    fn the_store_in_sled_keeps_collections_apart_and_survives_reopening() {
        let dir = tempfile::tempdir().unwrap();
        check(&SledStore::open(dir.path()).unwrap());
        // sled's own threads let go of the folder some time after the last handle to it is gone.
        let mut reopened = SledStore::open(dir.path());
        while reopened.as_ref().is_err_and(|error| format!("{error:#}").contains("lock")) {
            std::thread::sleep(Duration::from_millis(10));
            reopened = SledStore::open(dir.path());
        }
        let store = reopened.unwrap();
        assert_eq!(store.get(Collection::Sessions, "b").unwrap().unwrap(), b"2");
    }
}
