//! Control state in sled, in the data folder.

use std::path::Path;

use anyhow::Context as _;

use super::{Collection, ControlError, ControlStore};

/// Cache of pages; the whole of the control state is smaller than this.
const CACHE_BYTES: u64 = 16 << 20;

/// One tree a collection.
pub(crate) struct SledStore {
    db: sled::Db,
}

impl SledStore {
    /// Opens or makes the database in `folder`.
    pub(crate) fn open(folder: &Path) -> anyhow::Result<Self> {
        let db = sled::Config::new()
            .path(folder)
            .mode(sled::Mode::LowSpace)
            .cache_capacity(CACHE_BYTES)
            .flush_every_ms(Some(500))
            .open()
            .with_context(|| format!("cannot open control state in {}", folder.display()))?;
        Ok(Self { db })
    }

    /// The tree for the sample store's block manifest, which is no control state but lives in the same database.
    pub(crate) fn block_manifest(&self) -> anyhow::Result<sled::Tree> {
        self.db.open_tree("blocks").context("cannot open the block manifest")
    }

    fn tree(&self, collection: Collection, operation: &'static str) -> Result<sled::Tree, ControlError> {
        self.db.open_tree(collection.name()).map_err(failed(collection, operation))
    }
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
