//! sled's snapshots: files beside its log that say what reading the log would say, so that opening need not read all of it.
//!
//! sled 0.34 writes one into `snap.N.generating`, without emptying a file of that name which a killed process has left, and
//! renames it. Where the leftover was longer, its end stays behind the checksum, and the database cannot be opened any more although
//! nothing of it is lost.

use std::fs;
use std::path::{Path, PathBuf};

const BEGINNING: &str = "snap.";
const UNFINISHED: &str = ".generating";
/// Behind a snapshot: its length before compression, and a checksum in four bytes.
const TRAILER: usize = 12;

/// Removes what a killed process has left behind.
pub(super) fn remove_unfinished(folder: &Path) {
    for (path, name) in files(folder) {
        if name.ends_with(UNFINISHED) {
            // What cannot be removed is what sled would have found without this.
            let _ = fs::remove_file(path);
        }
    }
}

/// Renames the newest snapshot when its checksum does not fit, so that sled reads its log instead; says where it is now.
pub(super) fn set_damaged_aside(folder: &Path) -> Option<PathBuf> {
    // sled takes the one whose name is last.
    let (path, name) = files(folder).filter(|(_, name)| !name.ends_with(UNFINISHED)).max()?;
    if is_whole(&fs::read(&path).ok()?) {
        return None;
    }
    let aside = folder.join(format!("damaged-{name}"));
    fs::rename(path, &aside).ok()?;
    Some(aside)
}

fn files(folder: &Path) -> impl Iterator<Item = (PathBuf, String)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let named = entries.map(|entry| (entry.path(), entry.file_name().to_string_lossy().into_owned()));
    named.filter(|(_, name)| name.starts_with(BEGINNING))
}

fn is_whole(snapshot: &[u8]) -> bool {
    let Some((state, trailer)) = snapshot.split_last_chunk::<TRAILER>() else { return false };
    let [.., a, b, c, d] = *trailer;
    !state.is_empty() && crc32fast::hash(state) == u32::from_le_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::super::{Collection, ControlStore as _, SledStore};
    use super::*;

    /// A folder in which a database has been opened, written to and closed twice.
    fn folder() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for half in 0..2 {
            let store = SledStore::open(dir.path()).unwrap();
            for number in 0..200 {
                store.put(Collection::Silences, &format!("{}", half * 200 + number), &[7; 300]).unwrap();
            }
        }
        dir
    }

    fn check_nothing_is_lost(folder: &Path) {
        let (store, damage) = SledStore::open_or_begin(folder).unwrap();
        assert_eq!(damage, None);
        assert_eq!(store.list(Collection::Silences).unwrap().len(), 400);
    }

    #[test]
    fn sleds_own_snapshots_are_whole() {
        let dir = folder();
        let all: Vec<(PathBuf, String)> = files(dir.path()).collect();
        assert!(!all.is_empty());
        assert!(all.iter().all(|(path, _)| is_whole(&fs::read(path).unwrap())), "{all:?}");
        assert_eq!(set_damaged_aside(dir.path()), None);
        check_nothing_is_lost(dir.path());
    }

    #[test]
    fn what_stayed_behind_a_checksum_loses_nothing() {
        let dir = folder();
        let (path, name) = files(dir.path()).max().unwrap();
        let mut snapshot = fs::read(&path).unwrap();
        snapshot.extend([1; 40]);
        fs::write(&path, snapshot).unwrap();
        assert!(SledStore::open(dir.path()).is_err(), "sled itself does not open it");
        check_nothing_is_lost(dir.path());
        assert!(dir.path().join(format!("damaged-{name}")).exists());
    }

    #[test]
    fn what_a_killed_process_has_not_finished_is_removed() {
        let dir = folder();
        let unfinished = dir.path().join("snap.00000000000000FF.generating");
        fs::write(&unfinished, [1; 5000]).unwrap();
        check_nothing_is_lost(dir.path());
        assert!(!unfinished.exists());
    }
}
