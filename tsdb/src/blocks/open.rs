//! Finding the blocks when the store is opened: footers, manifest and folder against each other.
//!
//! | on disk | in the manifest | then |
//! |---|---|---|
//! | complete | yes | it serves |
//! | complete | no | it is adopted: the manifest was lost, or its last change |
//! | complete, replaced by another complete block | any | it is debris |
//! | complete, has taken series of a block that is not replaced | any | it is debris |
//! | under a temporary name | – | it is debris |
//! | damaged | any | it is quarantined, and stays |
//! | missing | yes | it is reported as quarantined |

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use parking_lot::{Mutex, RwLock};

use super::{Blocks, LostBlock};
use crate::block::{Block, BlockError, BlockId, BlockMeta, PageCache};
use crate::disk::{Disk, FileEntry};
use crate::manifest::Manifest;
use crate::report::{OpenError, Recovery};

impl Blocks {
    /// Opens all blocks in `dir` and brings the manifest into agreement with them.
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        dir: &Path,
        tree: sled::Tree,
        recovery: &mut Recovery,
    ) -> Result<Self, OpenError> {
        let manifest = Manifest::new(tree);
        let known = manifest.blocks().map_err(OpenError::Manifest)?;
        let files = disk.list(dir).map_err(|source| OpenError::Io { path: dir.to_owned(), source })?;
        let mut found = Found::default();
        for file in &files {
            found.sort_in(&*disk, dir, file, &known, recovery)?;
        }
        let replaced = found.replaced();
        for id in &replaced {
            found.blocks.remove(id);
            found.debris.push(id.file_name());
        }
        for name in &found.debris {
            // Should it stay, it is debris next time too.
            let _ = disk.remove(&dir.join(name));
        }
        let on_disk: BTreeSet<BlockId> =
            found.blocks.keys().copied().chain(found.lost.iter().map(|lost| lost.id)).collect();
        for (&id, meta) in known.iter().filter(|(id, _)| !on_disk.contains(id) && !replaced.contains(id)) {
            let reason = "the file is missing".to_owned();
            found.lost.push(LostBlock { id, meta: Some(meta.clone()), bytes: 0, reason });
        }
        let adopted: Vec<&BlockMeta> = found
            .blocks
            .values()
            .map(|block| block.meta())
            .filter(|meta| known.get(&meta.id) != Some(meta))
            .collect();
        let gone: Vec<BlockId> = replaced.iter().copied().filter(|id| known.contains_key(id)).collect();
        if !(adopted.is_empty() && gone.is_empty()) {
            manifest.publish(&adopted, &gone).map_err(OpenError::Manifest)?;
        }
        recovery.adopted = adopted.iter().map(|meta| meta.id.to_string()).collect();
        recovery.blocks = found.blocks.len();
        recovery.debris = found.debris;
        let last =
            files.iter().filter_map(|file| BlockId::of_file(&file.name)).chain(known.keys().copied()).max();
        Ok(Self {
            disk,
            dir: dir.to_owned(),
            manifest,
            cache: found.cache,
            serving: RwLock::new(Arc::new(found.blocks.into_values().collect())),
            lost: RwLock::new(found.lost),
            next: AtomicU64::new(last.map_or(1, |last| last.0.saturating_add(1))),
            removing: Mutex::default(),
        })
    }
}

/// What lies in the folder.
#[derive(Default)]
struct Found {
    cache: Arc<PageCache>,
    blocks: BTreeMap<BlockId, Arc<Block>>,
    lost: Vec<LostBlock>,
    debris: Vec<String>,
}

impl Found {
    fn sort_in(
        &mut self,
        disk: &dyn Disk,
        dir: &Path,
        file: &FileEntry,
        known: &BTreeMap<BlockId, BlockMeta>,
        recovery: &mut Recovery,
    ) -> Result<(), OpenError> {
        if file.name.ends_with(".tmp") {
            self.debris.push(file.name.clone());
            return Ok(());
        }
        let Some(id) = BlockId::of_file(&file.name) else {
            recovery.warnings.push(format!("file {} does not belong in the blocks' folder", file.name));
            return Ok(());
        };
        let path = dir.join(&file.name);
        let opened =
            disk.map(&path).map_err(BlockError::Io).and_then(|bytes| Block::open(bytes, self.cache.clone()));
        match opened {
            Ok(block) if block.id() == id => {
                self.blocks.insert(id, Arc::new(block));
            }
            Err(BlockError::Version(found)) => {
                return Err(OpenError::Version { path, found, known: crate::block::VERSION });
            }
            refused => {
                let reason = match refused {
                    Ok(block) => format!("it is block {} under another name", block.id()),
                    Err(error) => error.to_string(),
                };
                let meta = known.get(&id).cloned();
                self.lost.push(LostBlock { id, meta, bytes: file.bytes, reason });
            }
        }
        Ok(())
    }

    /// Blocks whose content another block has taken over, or has never ceased to have.
    fn replaced(&self) -> Vec<BlockId> {
        // A damaged successor must not take its sources with it.
        let successors = self.blocks.values().filter(|block| !block.meta().replaces.is_empty());
        let intact = successors.filter(|block| {
            let sources = |id: &BlockId| self.blocks.contains_key(id);
            block.meta().replaces.iter().any(sources) && block.verify().is_ok()
        });
        let replaced: BTreeSet<BlockId> =
            intact.flat_map(|block| block.meta().replaces.iter().copied()).collect();
        let there = |id: &BlockId| self.blocks.contains_key(id);
        let unfinished = self.blocks.values().filter(|block| {
            block.meta().takes.iter().any(|source| there(source) && !replaced.contains(source))
        });
        let unfinished: Vec<BlockId> = unfinished.map(|block| block.id()).collect();
        replaced.iter().copied().filter(there).chain(unfinished).collect()
    }
}
