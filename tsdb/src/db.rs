//! The store: opening it, and its public verbs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crowsnest_api::{Labels, Timestamp};
use parking_lot::{Mutex, RwLock};
use rustc_hash::FxHashMap;

use crate::appender::{AppendError, Appended, Appender, Done, Metadata, Push, RejectReason};
use crate::block::Block;
use crate::blocks::Blocks;
use crate::commit::Committer;
use crate::disk::{Disk, RealDisk};
use crate::head::{Head, Limits, Staged};
use crate::maintain::MaintainState;
use crate::options::Options;
use crate::replay::Replayer;
use crate::report::{BlockStatus, Fault, NamedCount, OpenError, Quarantined, Recovery, Status, StoreStatus};
use crate::wal::{self, Wal};

/// A time-series store in a folder of its own.
///
/// All methods take `&self`; any number of threads may append and query at once. Nothing happens by itself: call
/// [`Tsdb::maintain`] every few seconds from one thread.
pub struct Tsdb {
    pub(crate) dir: PathBuf,
    pub(crate) options: Options,
    pub(crate) head: Arc<RwLock<Head>>,
    pub(crate) committer: Committer,
    pub(crate) blocks: Blocks,
    pub(crate) maintenance: Mutex<MaintainState>,
    pub(crate) counters: Arc<Mutex<Counters>>,
    /// What was wrong with the log when it was read.
    log_faults: Vec<Fault>,
    torn_bytes: u64,
    closed: AtomicBool,
    /// Keeps other processes out for as long as it lives.
    _lock: Box<dyn Send + Sync>,
}

/// What has happened since the store was opened.
#[derive(Default)]
pub(crate) struct Counters {
    appended: u64,
    rejected: Vec<(RejectReason, u64)>,
    pub(crate) cuts: u64,
    pub(crate) merges: u64,
    pub(crate) folds: u64,
    pub(crate) expired: u64,
    pub(crate) failures: u64,
}

impl Tsdb {
    /// Opens the store in `dir`, which is made if need be, and replays its log. `manifest` is a tree of its own; should
    /// it be lost, it is rebuilt from the blocks. `now` is the present; it is only compared with
    /// the newest sample, to warn of a clock that cannot be right.
    ///
    /// # Errors
    /// When the folder is in use, cannot be read or written, or was written by a newer release. Damaged files are no
    /// error; the report names them.
    pub fn open(
        dir: &Path,
        manifest: sled::Tree,
        options: Options,
        now: Timestamp,
    ) -> Result<(Self, Recovery), OpenError> {
        Self::open_on(&(Arc::new(RealDisk) as Arc<dyn Disk>), dir, manifest, options, now)
    }

    pub(crate) fn open_on(
        disk: &Arc<dyn Disk>,
        dir: &Path,
        manifest: sled::Tree,
        options: Options,
        now: Timestamp,
    ) -> Result<(Self, Recovery), OpenError> {
        let io_error = |path: &Path| {
            let path = path.to_owned();
            move |source| OpenError::Io { path, source }
        };
        disk.create_dir(dir).map_err(io_error(dir))?;
        let lock_path = dir.join("lock");
        let lock = disk.lock(&lock_path).map_err(|source| match source.kind() {
            std::io::ErrorKind::WouldBlock => OpenError::InUse(dir.to_owned()),
            _ => OpenError::Io { path: lock_path.clone(), source },
        })?;
        let mut recovery = Recovery::default();
        let (wal_dir, blocks_dir) = (dir.join("wal"), dir.join("blocks"));
        disk.create_dir(&wal_dir).map_err(io_error(&wal_dir))?;
        disk.create_dir(&blocks_dir).map_err(io_error(&blocks_dir))?;
        let blocks = Blocks::open(disk.clone(), &blocks_dir, manifest, &mut recovery)?;
        let mut head = Head::default();
        let in_blocks = match wal::oldest_segment(&**disk, &wal_dir)? {
            Some(oldest) => blocks.cuts(oldest),
            None => Vec::new(),
        };
        let mut replayer = Replayer::new(&options, in_blocks);
        let segments = wal::replay(&**disk, &wal_dir, &mut recovery, |segment, record| {
            replayer.apply(&mut head, segment, &record)
        })?;
        replayer.finish(&mut head);
        recovery.samples = replayer.samples;
        if let Some(newest) = blocks.newest() {
            head.recall(newest, |labels| blocks.newest_of(labels));
        }
        let newest = head.time_range().map(|(_, newest)| newest).max(blocks.newest());
        recovery.warnings.extend(newest.and_then(|newest| clock_warning(newest, now, &options)));
        let wal =
            Wal::new(disk.clone(), wal_dir, options.wal_segment_bytes, segments, blocks.first_free_segment());
        let (head, counters) = (Arc::new(RwLock::new(head)), Arc::<Mutex<Counters>>::default());
        let committer = Committer::start(wal, head.clone(), counters.clone(), options.max_metadata)
            .map_err(io_error(dir))?;
        let store = Self {
            dir: dir.to_owned(),
            options,
            head,
            committer,
            blocks,
            maintenance: Mutex::default(),
            counters,
            log_faults: recovery.faults.clone(),
            torn_bytes: recovery.torn_bytes,
            closed: AtomicBool::new(false),
            _lock: lock,
        };
        Ok((store, recovery))
    }

    /// Takes note that samples of any time have come or gone.
    pub(crate) fn everything_changed(&self) {
        self.head.write().changes.note(Timestamp::MIN);
    }

    /// What pushes have said about metric families, sorted by family.
    pub fn metadata(&self) -> Vec<Metadata> {
        self.head.read().metadata().values().cloned().collect()
    }

    /// What the store holds; lists are cut to the `top` largest entries.
    pub fn status(&self, top: usize) -> Status {
        // Two statements: the guard must be gone before the head is locked anew. A writer that waits in between would
        // wait for the first guard, and the second for the writer.
        let head = self.head.read().status(top);
        Status { head, store: self.store_status() }
    }

    /// How many series each source has in the head.
    pub fn series_by_source(&self) -> Vec<NamedCount> {
        self.head.read().series_by_source()
    }

    /// Sizes and counters alone.
    pub fn store_status(&self) -> StoreStatus {
        let wal = self.committer.wal().status();
        let list = self.blocks.list();
        let oldest_in_blocks = list.iter().map(|block| block.meta().min_time).min();
        let counters = self.counters.lock();
        let head = self.head.read();
        StoreStatus {
            head_series: head.len() as u64,
            head_series_created: head.created,
            head_series_removed: head.removed,
            head_chunks: head.chunk_count(),
            samples_appended: counters.appended,
            samples_rejected: counters.rejected.clone(),
            wal_segments: wal.segments,
            wal_bytes: wal.bytes,
            wal_records: wal.records,
            wal_syncs: wal.syncs,
            wal_failures: wal.failures,
            wal_faults: self.log_faults.len() as u64,
            wal_torn_bytes: self.torn_bytes,
            blocks: list.len() as u64,
            block_bytes: list.iter().map(|block| block.size()).sum(),
            block_samples: list.iter().map(|block| block.meta().samples).sum(),
            blocks_quarantined: self.blocks.quarantined().len() as u64,
            min_time: head.time_range().map(|(min, _)| min).into_iter().chain(oldest_in_blocks).min(),
            cuts: counters.cuts,
            merges: counters.merges,
            folds: counters.folds,
            blocks_expired: counters.expired,
            maintenance_failures: counters.failures,
        }
    }

    /// Blocks that serve, the oldest first.
    pub fn blocks(&self) -> Vec<BlockStatus> {
        let mut blocks: Vec<BlockStatus> =
            self.blocks.list().iter().map(|block| BlockStatus::of(block)).collect();
        blocks.sort_by_key(|block| block.min_time);
        blocks
    }

    /// Blocks that do not serve, or not in full.
    pub fn quarantined(&self) -> Vec<Quarantined> {
        self.blocks.quarantined()
    }

    /// Damage that was found in the log when the store was opened: samples that were acknowledged may be missing.
    pub fn log_faults(&self) -> &[Fault] {
        &self.log_faults
    }

    /// Takes no samples from now on. What was acknowledged is on the disk already, so there is nothing to wait for but
    /// appends that are under way.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
        drop(self.committer.wal());
    }
}

impl BlockStatus {
    pub(crate) fn of(block: &Block) -> Self {
        let meta = block.meta();
        Self {
            id: meta.id.to_string(),
            min_time: meta.min_time,
            max_time: meta.max_time,
            series: meta.series.into(),
            chunks: meta.chunks,
            samples: meta.samples,
            bytes: block.size(),
        }
    }
}

impl Appender for Tsdb {
    fn push(&self, push: &Push<'_>, done: Done) {
        if self.closed.load(Ordering::Acquire) {
            return done(Err(CLOSING));
        }
        let mut newest = FxHashMap::default();
        let mut staged = self.stage(push, &newest);
        while !staged.unknown.is_empty() {
            self.head.write().discard(&staged);
            // Outside of the head's lock, for this reads files.
            newest.extend(staged.unknown.into_iter().map(|labels| {
                let found = self.blocks.newest_of(&labels);
                (labels, found)
            }));
            staged = self.stage(push, &newest);
        }
        for doubt in std::mem::take(&mut staged.doubts) {
            let known = self.blocks.find_sample(&doubt.labels, doubt.at);
            staged.settle(&doubt, known.as_ref());
        }
        self.submit(staged, done);
    }

    fn push_quickly(&self, push: &Push<'_>, done: Done) -> Option<Done> {
        if self.closed.load(Ordering::Acquire) {
            done(Err(CLOSING));
            return None;
        }
        let staged = self.stage(push, &FxHashMap::default());
        if staged.unknown.is_empty() && staged.doubts.is_empty() {
            self.submit(staged, done);
            return None;
        }
        self.head.write().discard(&staged);
        Some(done)
    }
}

const CLOSING: AppendError = AppendError::Closed("it is shutting down");

impl Tsdb {
    /// Sorts out a batch against the head. `newest` is what blocks know of series that the head does not have.
    fn stage(&self, push: &Push<'_>, newest: &FxHashMap<Labels, Option<Timestamp>>) -> Staged {
        let stored_until = self.blocks.newest();
        let newest = |labels: &Labels| match stored_until {
            Some(_) => newest.get(labels).copied(),
            None => Some(None),
        };
        let options = &self.options;
        let (oldest, newest_allowed) =
            (push.received.minus(options.longest_retention()), push.received.plus(options.max_future));
        let limits = Limits { options, range: oldest..=newest_allowed, newest: &newest, stored_until };
        self.head.write().stage(push, &limits)
    }

    fn submit(&self, staged: Staged, done: Done) {
        if staged.entries.is_empty() && staged.metadata.is_empty() {
            self.counters.lock().count(&staged.outcome);
            return done(Ok(staged.outcome));
        }
        self.committer.submit(staged, done);
    }
}

impl Counters {
    pub(crate) fn count(&mut self, outcome: &Appended) {
        self.appended += outcome.written;
        for rejection in &outcome.rejected {
            match self.rejected.iter_mut().find(|(reason, _)| *reason == rejection.reason) {
                Some((_, count)) => *count += rejection.samples,
                None => self.rejected.push((rejection.reason, rejection.samples)),
            }
        }
    }
}

/// What to say when the clock and the stored samples cannot both be right. Nothing is removed on that ground:
/// retention counts from the newest sample when the clock is ahead of it.
fn clock_warning(newest: Timestamp, now: Timestamp, options: &Options) -> Option<String> {
    if newest > now.plus(options.max_future) {
        return Some(format!(
            "the newest sample ({newest}) is ahead of the clock ({now}); has the clock been set back?"
        ));
    }
    let long_ago = newest < now.minus(options.longest_retention());
    long_ago.then(|| {
        format!("the newest sample ({newest}) is older than retention at {now}; is the clock right?")
    })
}
