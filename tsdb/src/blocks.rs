//! All blocks of a store: which serve, which are damaged, and how they come and go.

mod open;

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crowsnest_api::{Labels, Timestamp};
use crowsnest_promql::SampleValue;
use parking_lot::{Mutex, RwLock};
use smol_str::SmolStr;

use crate::block::{Block, BlockId, BlockMeta, BlockWriter, Cut, PageCache};
use crate::disk::Disk;
use crate::manifest::Manifest;
use crate::report::{MaintainError, Quarantined};
use crate::samples::Samples;

/// The blocks that serve at one moment, oldest number first.
pub(crate) type BlockList = Arc<Vec<Arc<Block>>>;

/// A block on record that cannot be opened. It stays where it is until retention passes it or somebody mends it.
#[derive(Clone, Debug)]
pub(crate) struct LostBlock {
    pub(crate) id: BlockId,
    /// What the manifest knows, should it know anything.
    pub(crate) meta: Option<BlockMeta>,
    pub(crate) bytes: u64,
    pub(crate) reason: String,
}

/// The blocks of a store.
pub(crate) struct Blocks {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    manifest: Manifest,
    cache: Arc<PageCache>,
    serving: RwLock<BlockList>,
    lost: RwLock<Vec<LostBlock>>,
    next: AtomicU64,
    /// Blocks of which no file may stay, and perhaps one has.
    removing: Mutex<Vec<BlockId>>,
}

impl Blocks {
    /// The blocks at this moment. A list that somebody holds goes on serving after its blocks are removed.
    pub(crate) fn list(&self) -> BlockList {
        self.serving.read().clone()
    }

    /// The files of the blocks that serve.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        self.list().iter().map(|block| self.dir.join(block.id().file_name())).collect()
    }

    pub(crate) fn disk(&self) -> &dyn Disk {
        &*self.disk
    }

    pub(crate) fn lost(&self) -> Vec<LostBlock> {
        self.lost.read().clone()
    }

    /// Blocks that do not serve, or not in full.
    pub(crate) fn quarantined(&self) -> Vec<Quarantined> {
        let lost = self.lost.read();
        let lost =
            lost.iter().map(|lost| Quarantined { block: lost.id.to_string(), reason: lost.reason.clone() });
        let damaged = self.list();
        let damaged = damaged
            .iter()
            .filter_map(|block| Some(Quarantined { block: block.id().to_string(), reason: block.damage()? }));
        lost.chain(damaged).collect()
    }

    /// What of the log from segment `oldest` on need not be replayed. A block that turns out to be damaged does not
    /// count: as long as the log has its samples, it gives them back.
    pub(crate) fn cuts(&self, oldest: u32) -> Vec<Cut> {
        let recent = |block: &&Arc<Block>| block.meta().cuts.iter().any(|cut| cut.segment > oldest);
        let list = self.list();
        let intact = list.iter().filter(recent).filter(|block| block.verify().is_ok());
        intact.flat_map(|block| block.meta().cuts.iter().copied()).collect()
    }

    /// The number from which on no block says anything about log segments.
    pub(crate) fn first_free_segment(&self) -> u32 {
        let list = self.list();
        let cuts = list.iter().flat_map(|block| &block.meta().cuts);
        cuts.map(|cut| cut.segment).max().unwrap_or(1)
    }

    /// The newest sample in any block.
    pub(crate) fn newest(&self) -> Option<Timestamp> {
        self.list().iter().map(|block| block.meta().max_time).max()
    }

    /// The newest pushed sample of a series. Damaged blocks do not count.
    pub(crate) fn newest_of(&self, labels: &Labels) -> Option<Timestamp> {
        let list = self.list();
        let mut blocks: Vec<&Arc<Block>> = list.iter().collect();
        blocks.sort_by_key(|block| std::cmp::Reverse(block.meta().max_time));
        let mut newest = None;
        for block in blocks {
            if newest >= Some(block.meta().max_time) {
                break;
            }
            if let Ok(Some(entry)) = block.index().and_then(|index| index.find(labels)) {
                newest = newest.max(block.pushed(&entry).map(|chunk| chunk.max).max());
            }
        }
        newest
    }

    /// Value and source of the pushed sample of a series at an instant, in the oldest block that has one.
    pub(crate) fn find_sample(&self, labels: &Labels, at: Timestamp) -> Option<(SampleValue, SmolStr)> {
        let list = self.list();
        let raw = list.iter().filter(|block| block.resolution().is_none());
        raw.filter(|block| block.overlaps(at, at)).find_map(|block| {
            let entry = block.index().ok()?.find(labels).ok()??;
            entry.chunks.iter().filter(|chunk| chunk.overlaps(at, at)).find_map(|chunk| {
                let mut samples = Samples::default();
                block.read_chunk(chunk, &mut samples).ok()?;
                Some((samples.find(at)?, chunk.source.clone()))
            })
        })
    }

    /// Whether a series has a pushed sample in `start ..= end`. What is damaged has none.
    pub(crate) fn has_pushed(&self, labels: &Labels, start: Timestamp, end: Timestamp) -> bool {
        self.list().iter().filter(|block| block.overlaps(start, end)).any(|block| {
            let Ok(Some(entry)) = block.index().and_then(|index| index.find(labels)) else { return false };
            block.pushed(&entry).filter(|chunk| chunk.overlaps(start, end)).any(|chunk| {
                let mut samples = Samples::default();
                let read = block.read_chunk(chunk, &mut samples);
                read.is_ok() && samples.any_in(start, end)
            })
        })
    }

    /// Writes one block under its temporary name, then under its own. It does not serve yet. `None` when `fill` added
    /// nothing.
    pub(crate) fn write<E: From<MaintainError>>(
        &self,
        meta: impl FnOnce(BlockId) -> BlockMeta,
        fill: impl FnOnce(&mut BlockWriter) -> Result<(), E>,
    ) -> Result<Option<Arc<Block>>, E> {
        let id = BlockId(self.next.fetch_add(1, Ordering::Relaxed));
        let temporary = self.dir.join(id.temporary_name());
        let path = self.dir.join(id.file_name());
        let failed = |action, path: &PathBuf| {
            let path = path.clone();
            move |source| MaintainError::Io { action, path, source }
        };
        let written = (|| {
            let file = self.disk.create(&temporary).map_err(failed("create", &temporary))?;
            let mut writer = BlockWriter::new(file, meta(id)).map_err(failed("write", &temporary))?;
            fill(&mut writer)?;
            if writer.is_empty() {
                return Ok(None);
            }
            writer.finish().map_err(failed("write", &temporary))?;
            self.disk.rename(&temporary, &path).map_err(failed("rename", &temporary))?;
            self.disk.sync_dir(&self.dir).map_err(failed("sync", &self.dir))?;
            let bytes = self.disk.map(&path).map_err(failed("map", &path))?;
            let block = Block::open(bytes, self.cache.clone()).map_err(|error| MaintainError::Damaged {
                object: format!("block {id}, just written"),
                reason: error.to_string(),
            })?;
            Ok(Some(Arc::new(block)))
        })();
        if !matches!(written, Ok(Some(_))) {
            // What cannot be removed now is debris when the store is opened next.
            let _ = self.disk.remove(&temporary).or_else(|_| self.disk.remove(&path));
        }
        written
    }

    /// Lets written blocks serve in place of those that they replace, at once and durably; then removes the files of
    /// the latter.
    pub(crate) fn publish(&self, come: Vec<Arc<Block>>, gone: &[BlockId]) -> Result<(), MaintainError> {
        let metas: Vec<&BlockMeta> = come.iter().map(|block| block.meta()).collect();
        if let Err(error) = self.manifest.publish(&metas, gone) {
            // The transaction may have come through and only its flush failed: take back what can be taken back, or the
            // removed files would count as lost blocks.
            let come: Vec<BlockId> = come.iter().map(|block| block.id()).collect();
            let _ = self.manifest.publish(&[], &come);
            self.remove_files(come.into_iter());
            return Err(MaintainError::Manifest(error));
        }
        let mut serving = self.serving.write();
        let kept = serving.iter().filter(|block| !gone.contains(&block.id())).cloned();
        let mut list: Vec<Arc<Block>> = kept.chain(come).collect();
        list.sort_by_key(|block| block.id());
        *serving = Arc::new(list);
        drop(serving);
        self.lost.write().retain(|lost| !gone.contains(&lost.id));
        self.remove_files(gone.iter().copied());
        Ok(())
    }

    /// Makes sure that the files of blocks that are off the record are gone, and stay gone after a power cut.
    /// What fails is tried again by the next call.
    pub(crate) fn ensure_removed(&self, blocks: &[BlockId]) -> Result<(), MaintainError> {
        let mut removing = self.removing.lock();
        removing.extend_from_slice(blocks);
        if removing.is_empty() {
            return Ok(());
        }
        for id in removing.iter() {
            let path = self.dir.join(id.file_name());
            match self.disk.remove(&path) {
                Err(source) if source.kind() != ErrorKind::NotFound => {
                    return Err(MaintainError::Io { action: "remove", path, source });
                }
                _ => {}
            }
        }
        let failed = |source| MaintainError::Io { action: "sync", path: self.dir.clone(), source };
        self.disk.sync_dir(&self.dir).map_err(failed)?;
        removing.clear();
        Ok(())
    }

    /// Removes blocks that were written and never published.
    pub(crate) fn abandon(&self, written: &[Arc<Block>]) {
        self.remove_files(written.iter().map(|block| block.id()));
    }

    /// Removes files that are off the record. One that cannot be removed is found again when the store is opened.
    fn remove_files(&self, blocks: impl Iterator<Item = BlockId>) {
        for id in blocks {
            let _ = self.disk.remove(&self.dir.join(id.file_name()));
        }
    }
}
