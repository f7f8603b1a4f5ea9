//! Control state in sled, in the data folder.

mod snapshots;

use std::fs;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use tracing::warn;

use super::{Collection, ControlError, ControlStore};

/// Cache of pages; the whole of the control state is smaller than this.
const CACHE_BYTES: u64 = 16 << 20;

/// One tree a collection.
pub(crate) struct SledStore {
    db: sled::Db,
}

/// What a database has in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Examined {
    pub(crate) records: usize,
    /// Whether its newest snapshot is damaged, which the log makes up for.
    pub(crate) damaged_snapshot: bool,
}

impl SledStore {
    /// Opens or makes the database in `folder`.
    pub(crate) fn open(folder: &Path) -> anyhow::Result<Self> {
        open(folder).with_context(|| cannot_open(folder))
    }

    /// Opens or makes the database in `folder`. A damaged one is set aside under another name, and a new one begun: the
    /// blocks tell what the manifest knew, sessions and silences are lost. Says what is damaged and where it is now.
    ///
    /// # Errors
    /// When the folder cannot be used, or too many damaged ones are there already.
    pub(crate) fn open_or_begin(folder: &Path) -> anyhow::Result<(Self, Option<String>)> {
        snapshots::remove_unfinished(folder);
        if let Some(aside) = snapshots::set_damaged_aside(folder) {
            warn!(snapshot = %aside.display(), "a snapshot of the control state was damaged; it is made anew from its log");
        }
        match open_whole(folder) {
            Ok(store) => Ok((store, None)),
            Err(Trouble::Other(error)) => Err(error).with_context(|| cannot_open(folder)),
            Err(Trouble::Damaged(why)) => {
                let aside = set_aside(folder)?;
                fs::rename(folder, &aside).with_context(|| format!("cannot rename {}", folder.display()))?;
                Ok((Self::open(folder)?, Some(format!("{why}; it is in {} now", aside.display()))))
            }
        }
    }

    /// Reads all of the database in `copy`, which is a copy of one: opening a database writes to it.
    ///
    /// # Errors
    /// What is damaged. A server that opens such a database sets it aside and begins another.
    pub(crate) fn examine(copy: &Path) -> Result<Examined, String> {
        snapshots::remove_unfinished(copy);
        let damaged_snapshot = snapshots::set_damaged_aside(copy).is_some();
        match open_whole(copy) {
            Ok(Self { db }) => {
                let records = |name| db.open_tree(name).map(|tree| tree.len()).unwrap_or_default();
                let records = db.tree_names().into_iter().map(records).sum();
                Ok(Examined { records, damaged_snapshot })
            }
            Err(Trouble::Damaged(why)) => Err(why),
            Err(Trouble::Other(error)) => Err(error.to_string()),
        }
    }

    /// The tree for the sample store's block manifest, which is no control state but lives in the same database.
    pub(crate) fn block_manifest(&self) -> anyhow::Result<sled::Tree> {
        self.db.open_tree("blocks").context("cannot open the block manifest")
    }

    fn tree(&self, collection: Collection, operation: &'static str) -> Result<sled::Tree, ControlError> {
        self.db.open_tree(collection.name()).map_err(failed(collection, operation))
    }
}

fn open(folder: &Path) -> sled::Result<SledStore> {
    let db = sled::Config::new()
        .path(folder)
        .mode(sled::Mode::LowSpace)
        .cache_capacity(CACHE_BYTES)
        .flush_every_ms(Some(500))
        .open()?;
    Ok(SledStore { db })
}

fn cannot_open(folder: &Path) -> String {
    format!("cannot open control state in {}", folder.display())
}

/// Why a database is not open.
enum Trouble {
    Damaged(String),
    Other(sled::Error),
}

/// Opens it and reads all of it: damage must not show itself later, in the midst of something.
fn open_whole(folder: &Path) -> Result<SledStore, Trouble> {
    // sled panics over some kinds of damage. What it leaves behind is a database that nobody uses again.
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let store = open(folder)?;
        for name in store.db.tree_names() {
            for record in &store.db.open_tree(name)? {
                record?;
            }
        }
        Ok(store)
    }));
    match outcome {
        Ok(Ok(store)) => Ok(store),
        Ok(Err(error)) if is_damage(&error) => Err(Trouble::Damaged(error.to_string())),
        Ok(Err(error)) => Err(Trouble::Other(error)),
        Err(_) => Err(Trouble::Damaged("reading the database panicked".to_owned())),
    }
}

fn is_damage(error: &sled::Error) -> bool {
    match error {
        sled::Error::Io(error) => {
            matches!(
                error.kind(),
                ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::UnexpectedEof
            )
        }
        _ => true,
    }
}

/// How many damaged databases are kept.
const MAX_ASIDE: usize = 9;

/// A name that is free, beside `folder`.
fn set_aside(folder: &Path) -> anyhow::Result<PathBuf> {
    let named = |number: usize| {
        let mut name = folder.file_name().unwrap_or_default().to_owned();
        name.push(format!(".damaged-{number}"));
        folder.with_file_name(name)
    };
    let free = (1..=MAX_ASIDE).map(named).find(|path| !path.exists());
    ensure!(free.is_some(), "{MAX_ASIDE} damaged copies are beside {}; remove them", folder.display());
    free.context("no name is free")
}

fn failed(collection: Collection, operation: &'static str) -> impl FnOnce(sled::Error) -> ControlError {
    move |source| ControlError { operation, collection: collection.name(), source: Box::new(source) }
}

impl ControlStore for SledStore {
    fn get(&self, collection: Collection, key: &str) -> Result<Option<Vec<u8>>, ControlError> {
        let record = self.tree(collection, "read")?.get(key).map_err(failed(collection, "read"))?;
        Ok(record.map(|record| record.to_vec()))
    }

    fn put(&self, collection: Collection, key: &str, record: &[u8]) -> Result<(), ControlError> {
        let tree = self.tree(collection, "write")?;
        tree.insert(key, record).map_err(failed(collection, "write"))?;
        tree.flush().map_err(failed(collection, "write"))?;
        Ok(())
    }

    fn replace(&self, collection: Collection, key: &str, record: &[u8]) -> Result<bool, ControlError> {
        let tree = self.tree(collection, "write")?;
        let before = tree
            .fetch_and_update(key, |known| known.map(|_| record.to_vec()))
            .map_err(failed(collection, "write"))?;
        tree.flush().map_err(failed(collection, "write"))?;
        Ok(before.is_some())
    }

    fn delete(&self, collection: Collection, key: &str) -> Result<(), ControlError> {
        let tree = self.tree(collection, "delete")?;
        tree.remove(key).map_err(failed(collection, "delete"))?;
        tree.flush().map_err(failed(collection, "delete"))?;
        Ok(())
    }

    fn list(&self, collection: Collection) -> Result<Vec<(String, Vec<u8>)>, ControlError> {
        let mut records = Vec::new();
        for entry in &self.tree(collection, "list")? {
            let (key, record) = entry.map_err(failed(collection, "list"))?;
            records.push((String::from_utf8_lossy(&key).into_owned(), record.to_vec()));
        }
        Ok(records)
    }
}
