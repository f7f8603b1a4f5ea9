//! Control state in a backup: for each collection a file, for each record a line of JSON with its key and its bytes in base64.
//!
//! Sessions are not in it: they are sealed by a key that is in none either, and a backup should open no door.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::control::{Collection, ControlStore};

/// The folder in an archive.
pub(crate) const FOLDER: &str = "control";

/// One record.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    key: String,
    record: String,
}

/// What has become of the control state of a backup.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Restored {
    /// The backup has none: it was written before backups had it.
    None,
    /// There is some already, which stays as it is.
    Left,
    /// So many records.
    Records(usize),
}

/// The file of a collection, or nothing where it has no records.
pub(super) fn dump(store: &dyn ControlStore, collection: Collection) -> io::Result<Vec<u8>> {
    let mut file = Vec::new();
    for (key, record) in store.list(collection).map_err(io::Error::other)? {
        serde_json::to_writer(&mut file, &Line { key, record: STANDARD.encode(record) })?;
        file.push(b'\n');
    }
    Ok(file)
}

/// The records of an archive; `None` when it has no control state.
pub(crate) struct Records(Option<Vec<(Collection, String, Vec<u8>)>>);

/// Reads what an archive has, all of it before any is put anywhere.
///
/// # Errors
/// When a file cannot be read or is not what [`dump`] writes; of a line, which.
pub(crate) fn read(unpacked: &Path) -> anyhow::Result<Records> {
    let folder = unpacked.join(FOLDER);
    if !folder.is_dir() {
        return Ok(Records(None));
    }
    let mut records = Vec::new();
    for collection in Collection::BACKED_UP {
        let file = folder.join(collection.name());
        let text = match fs::read_to_string(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            read => read.with_context(|| format!("cannot read {}", file.display()))?,
        };
        for (number, line) in text.lines().enumerate() {
            let record = read_line(line);
            let (key, record) =
                record.with_context(|| format!("{FOLDER}/{}:{}", collection.name(), number + 1))?;
            records.push((collection, key, record));
        }
    }
    Ok(Records(Some(records)))
}

impl Records {
    /// Puts them into a store that has none.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn put(&self, store: &dyn ControlStore) -> anyhow::Result<Restored> {
        let Some(records) = &self.0 else { return Ok(Restored::None) };
        for collection in Collection::BACKED_UP {
            if !store.list(collection)?.is_empty() {
                return Ok(Restored::Left);
            }
        }
        for (collection, key, record) in records {
            store.put(*collection, key, record)?;
        }
        Ok(Restored::Records(records.len()))
    }
}

fn read_line(line: &str) -> anyhow::Result<(String, Vec<u8>)> {
    let Line { key, record } = serde_json::from_str(line).context("this is no record")?;
    match STANDARD.decode(record) {
        Ok(record) => Ok((key, record)),
        Err(error) => bail!("record {key:?} is not base64: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::MemoryStore;

    fn unpacked(store: &dyn ControlStore) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join(FOLDER)).unwrap();
        for collection in Collection::BACKED_UP {
            let file = dump(store, collection).unwrap();
            fs::write(dir.path().join(FOLDER).join(collection.name()), file).unwrap();
        }
        dir
    }

    fn filled() -> MemoryStore {
        let store = MemoryStore::default();
        store.put(Collection::Silences, "a \"quoted\" key", &[0, 255, b'\n']).unwrap();
        store.put(Collection::Dashboards, "b", b"{}").unwrap();
        store.put(Collection::Sessions, "c", b"secret").unwrap();
        store
    }

    #[test]
    fn all_but_sessions_is_restored_as_it_was() {
        let (dir, store) = (unpacked(&filled()), MemoryStore::default());
        assert_eq!(read(dir.path()).unwrap().put(&store).unwrap(), Restored::Records(2));
        for collection in Collection::BACKED_UP {
            assert_eq!(store.list(collection).unwrap(), filled().list(collection).unwrap());
        }
        assert!(store.list(Collection::Sessions).unwrap().is_empty());
    }

    #[test]
    fn control_state_that_is_there_is_left_alone() {
        let (dir, store) = (unpacked(&filled()), MemoryStore::default());
        store.put(Collection::Rules, "mine", b"x").unwrap();
        assert_eq!(read(dir.path()).unwrap().put(&store).unwrap(), Restored::Left);
        assert!(store.list(Collection::Dashboards).unwrap().is_empty());
        let empty = tempfile::tempdir().unwrap();
        assert_eq!(read(empty.path()).unwrap().put(&store).unwrap(), Restored::None);
    }

    #[test]
    fn a_line_that_is_bad_is_named() {
        let dir = unpacked(&filled());
        for bad in ["{}", "{\"key\":\"x\",\"record\":\"?\"}", "no JSON"] {
            fs::write(
                dir.path().join("control/silences"),
                format!("{{\"key\":\"a\",\"record\":\"\"}}\n{bad}\n"),
            )
            .unwrap();
            let error = format!("{:#}", read(dir.path()).err().unwrap());
            assert!(error.starts_with("control/silences:2: "), "{error}");
        }
    }
}
