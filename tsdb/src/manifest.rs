//! The block manifest: a copy in sled of what the blocks' footers say, changed in one transaction when blocks come and
//! go. It tells a block that was lost from one that never was; the footers can rebuild it.
//!
//! ```text
//! key    8  block number, u64, big-endian
//! value     JSON, as in the footer (see `block::meta`)
//! ```

use std::collections::BTreeMap;

use sled::transaction::{ConflictableTransactionError, TransactionError};

use crate::block::{BlockId, BlockMeta};

/// The tree in sled.
pub(crate) struct Manifest(sled::Tree);

impl Manifest {
    pub(crate) fn new(tree: sled::Tree) -> Self {
        Self(tree)
    }

    /// All blocks on record. Entries that cannot be read are left out: their blocks' footers know.
    pub(crate) fn blocks(&self) -> sled::Result<BTreeMap<BlockId, BlockMeta>> {
        let mut blocks = BTreeMap::new();
        for entry in self.0.iter() {
            let (_, value) = entry?;
            if let Ok(meta) = serde_json::from_slice::<BlockMeta>(&value) {
                blocks.insert(meta.id, meta);
            }
        }
        Ok(blocks)
    }

    /// Makes blocks come and go at once, durably.
    pub(crate) fn publish(&self, come: &[&BlockMeta], gone: &[BlockId]) -> sled::Result<()> {
        let mut entries = Vec::with_capacity(come.len());
        for meta in come {
            let value =
                serde_json::to_vec(meta).map_err(|error| sled::Error::Unsupported(error.to_string()))?;
            entries.push((meta.id.0.to_be_bytes(), value));
        }
        let outcome = self.0.transaction(|tree| {
            for (key, value) in &entries {
                tree.insert(key, value.as_slice())?;
            }
            for id in gone {
                tree.remove(&id.0.to_be_bytes())?;
            }
            Ok::<_, ConflictableTransactionError<()>>(())
        });
        match outcome {
            Ok(()) => self.0.flush().map(|_| ()),
            Err(TransactionError::Storage(error)) => Err(error),
            // Nothing above aborts.
            Err(TransactionError::Abort(())) => Ok(()),
        }
    }
}
