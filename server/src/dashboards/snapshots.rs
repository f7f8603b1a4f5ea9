//! Dashboards with the numbers that they had: kept for a while, in a folder, bounded in number and size.
//!
//! The data is written before the head that names it. What has expired is not there any more, and is removed when the next one is made.

use std::collections::BTreeMap;
use std::sync::Arc;

use crowsnest_api::Timestamp;
use crowsnest_api::snapshots::Snapshot;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracing::warn;

use super::record::{new_uid, pack, shortened, unpack};
use crate::control::{Collection, ControlError, ControlStore};

/// How many there may be at once, and the bytes of each and of all.
const MOST: usize = 200;
const MOST_BYTES: usize = 2 << 20;
const MOST_BYTES_OF_ALL: usize = 12 << 20;
/// The longest that one is kept: 30 days.
const MOST_HOURS: u32 = 720;
const HOUR_MS: i64 = 3_600_000;
/// The longest title that is listed.
const MAX_TITLE: usize = 256;

/// What is known of one without its data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SnapshotHead {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) folder: String,
    pub(crate) by: String,
    /// Milliseconds since the epoch.
    pub(crate) at: i64,
    /// Milliseconds since the epoch.
    pub(crate) expires: i64,
    pub(crate) bytes: usize,
}

/// Why one is not kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SnapshotError {
    /// No time to keep it for.
    #[error("a snapshot is kept for 1 to {MOST_HOURS} hours")]
    Hours,
    /// One that is too large.
    #[error(
        "this snapshot has {} KiB compressed, at most {} are kept: take a shorter time range or fewer panels",
        .0 >> 10,
        MOST_BYTES >> 10
    )]
    Large(usize),
    /// Too many.
    #[error("there are {MOST} snapshots, or {} MiB of them, already; delete some", MOST_BYTES_OF_ALL >> 20)]
    Full,
    /// Ours.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// Ours, too.
    #[error("cannot compress a snapshot")]
    Compress(#[source] std::io::Error),
    /// The system's.
    #[error("cannot make a name for a snapshot")]
    Name(#[source] anyhow::Error),
}

/// All of them.
pub(crate) struct Snapshots {
    control: Arc<dyn ControlStore>,
    heads: Mutex<BTreeMap<String, SnapshotHead>>,
    /// Held by whoever writes: bounds are looked at before.
    writing: Mutex<()>,
}

impl Snapshots {
    pub(super) fn open(control: Arc<dyn ControlStore>) -> Result<Self, ControlError> {
        let records = control.list(Collection::Snapshots)?;
        let read = |(id, record): (String, Vec<u8>)| Some((id, serde_json::from_slice(&record).ok()?));
        let heads = records.into_iter().filter_map(read).collect();
        Ok(Self { control, heads: Mutex::new(heads), writing: Mutex::default() })
    }

    /// Those that have not expired, the newest first.
    pub(crate) fn list(&self, now: Timestamp) -> Vec<SnapshotHead> {
        let is_there = |head: &&SnapshotHead| head.expires > now.millis();
        let mut all: Vec<SnapshotHead> = self.heads.lock().values().filter(is_there).cloned().collect();
        all.sort_by_key(|head| std::cmp::Reverse(head.at));
        all
    }

    /// The one with this id, if it has not expired.
    pub(crate) fn find(&self, id: &str, now: Timestamp) -> Option<SnapshotHead> {
        self.heads.lock().get(id).filter(|head| head.expires > now.millis()).cloned()
    }

    /// What one holds. Blocks the thread.
    ///
    /// # Errors
    /// When control state cannot be read.
    pub(crate) fn read(&self, id: &str) -> Result<Option<Snapshot>, ControlError> {
        let record = self.control.get(Collection::SnapshotData, id)?;
        Ok(record.and_then(|record| serde_json::from_value(unpack(&record)?).ok()))
    }

    /// Keeps one. Blocks the thread.
    ///
    /// # Errors
    /// Why it is not kept.
    pub(crate) fn keep(
        &self,
        snapshot: &Snapshot,
        (folder, by, hours): (&str, &str, u32),
        now: Timestamp,
    ) -> Result<SnapshotHead, SnapshotError> {
        if !(1..=MOST_HOURS).contains(&hours) {
            return Err(SnapshotError::Hours);
        }
        // Texts and numbers can always be written.
        let json = serde_json::to_value(snapshot).unwrap_or(Value::Null);
        let packed = pack(&json).map_err(SnapshotError::Compress)?;
        if packed.len() > MOST_BYTES {
            return Err(SnapshotError::Large(packed.len()));
        }
        let _writing = self.writing.lock();
        self.forget_expired(now);
        let (count, bytes) = {
            let heads = self.heads.lock();
            (heads.len(), heads.values().map(|head| head.bytes).sum::<usize>())
        };
        if count >= MOST || bytes + packed.len() > MOST_BYTES_OF_ALL {
            return Err(SnapshotError::Full);
        }
        let id = new_uid().map_err(SnapshotError::Name)?;
        let title = snapshot.dashboard.get("title").and_then(Value::as_str).unwrap_or_default();
        let head = SnapshotHead {
            id: id.clone(),
            title: shortened(title.to_owned(), MAX_TITLE),
            folder: folder.to_owned(),
            by: by.to_owned(),
            at: now.millis(),
            expires: now.millis().saturating_add(i64::from(hours) * HOUR_MS),
            bytes: packed.len(),
        };
        self.control.put(Collection::SnapshotData, &id, &packed)?;
        self.control.put(Collection::Snapshots, &id, &serde_json::to_vec(&head).unwrap_or_default())?;
        self.heads.lock().insert(id, head.clone());
        Ok(head)
    }

    /// Removes one. Blocks the thread.
    ///
    /// # Errors
    /// When control state cannot be written.
    pub(crate) fn delete(&self, id: &str) -> Result<(), ControlError> {
        let _writing = self.writing.lock();
        self.forget(id)
    }

    fn forget(&self, id: &str) -> Result<(), ControlError> {
        self.control.delete(Collection::Snapshots, id)?;
        self.heads.lock().remove(id);
        self.control.delete(Collection::SnapshotData, id)
    }

    fn forget_expired(&self, now: Timestamp) {
        let is_gone = |head: &&SnapshotHead| head.expires <= now.millis();
        let gone: Vec<String> =
            self.heads.lock().values().filter(is_gone).map(|head| head.id.clone()).collect();
        for id in gone {
            if let Err(error) = self.forget(&id) {
                warn!(
                    id,
                    err = &error as &dyn std::error::Error,
                    "cannot remove a snapshot that has expired"
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::control::MemoryStore;

    const HOUR: i64 = HOUR_MS;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    fn snapshot(title: &str) -> Snapshot {
        Snapshot { dashboard: json!({"title": title}), panels: Vec::new() }
    }

    #[test]
    fn a_snapshot_is_there_until_it_expires_and_survives_a_restart() {
        let control: Arc<dyn ControlStore> = Arc::new(MemoryStore::default());
        let snapshots = Snapshots::open(Arc::clone(&control)).unwrap();
        let head = snapshots.keep(&snapshot("A"), ("shop", "ann", 2), at(0)).unwrap();
        assert_eq!((head.title.as_str(), head.folder.as_str(), head.expires), ("A", "shop", 2 * HOUR));
        let snapshots = Snapshots::open(Arc::clone(&control)).unwrap();
        assert_eq!(snapshots.list(at(HOUR)), std::slice::from_ref(&head));
        assert_eq!(snapshots.read(&head.id).unwrap(), Some(snapshot("A")));
        assert_eq!(snapshots.find(&head.id, at(2 * HOUR)), None);
        assert!(snapshots.list(at(2 * HOUR)).is_empty());
        snapshots.keep(&snapshot("B"), ("shop", "ann", 1), at(2 * HOUR)).unwrap();
        assert_eq!(control.list(Collection::SnapshotData).unwrap().len(), 1, "what has expired is removed");
    }

    #[test]
    fn snapshots_are_bounded_in_time_size_and_number() {
        let snapshots = Snapshots::open(Arc::new(MemoryStore::default())).unwrap();
        for hours in [0, 721] {
            assert!(matches!(
                snapshots.keep(&snapshot("A"), ("f", "u", hours), at(0)),
                Err(SnapshotError::Hours)
            ));
        }
        // Random digits do not get smaller.
        let mut state = 1_u64;
        let mut noise = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            format!("{state:016x}")
        };
        let large: String = (0..400_000).map(|_| noise()).collect();
        let refused = snapshots.keep(&snapshot(&large), ("f", "u", 1), at(0)).unwrap_err();
        assert!(refused.to_string().contains("take a shorter time range"), "{refused}");
        for _ in 0..MOST {
            snapshots.keep(&snapshot("A"), ("f", "u", 1), at(0)).unwrap();
        }
        assert!(matches!(snapshots.keep(&snapshot("A"), ("f", "u", 1), at(0)), Err(SnapshotError::Full)));
        let first = snapshots.list(at(0)).remove(0);
        snapshots.delete(&first.id).unwrap();
        assert!(snapshots.keep(&snapshot("A"), ("f", "u", 1), at(0)).is_ok());
    }
}
