//! What waits to be sent: first in, first out, on disk, bounded.
//!
//! Records are appended to segment files and removed one by one as the server acknowledges them; a cursor file keeps the
//! place of the first unacknowledged record. Past the bound the oldest segment is dropped. When the disk refuses a
//! record, it goes to a small ring in memory, and from there to the disk as soon as that works again.
//!
//! Nothing is synced record by record: what was appended survives the process being killed, and after a power cut the
//! last seconds may be missing. A record is sent twice rather than not at all: if the cursor was lost, acknowledged
//! records may be sent again, which the server accepts.

mod cursor;
mod disk;
mod folder;
mod record;
mod ring;
mod scan;

use std::collections::BTreeMap;

pub use disk::OpenError;
pub use folder::{Folder, OsFolder};
pub use record::Record;

use disk::DiskQueue;
use ring::Ring;

/// Bytes that may wait in memory, with or without a folder.
const MEMORY_BYTES: u64 = 4 << 20;

/// A bounded first-in, first-out queue of bodies.
pub struct Queue {
    disk: Option<DiskQueue>,
    ring: Ring,
    dropped: BTreeMap<Loss, u64>,
    disk_failing: bool,
    copies: Option<Copies>,
}

/// Why samples were lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Loss {
    /// The queue was full, and these were the oldest.
    Full,
    /// What was read back from disk was damaged.
    Damaged,
    /// The server refused the batch for good.
    Refused,
}

impl Loss {
    /// All reasons.
    pub const ALL: [Self; 3] = [Self::Full, Self::Damaged, Self::Refused];

    /// The word for metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "queue_full",
            Self::Damaged => "damaged",
            Self::Refused => "refused",
        }
    }
}

/// Told of every record that is added.
type Copies = Box<dyn Fn(&Record) + Send>;

/// Which record a removal is about; records that were dropped in between are not confused with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(u64);

/// How full the queue is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Records that wait.
    pub records: u64,
    /// Samples that wait.
    pub samples: u64,
    /// Bytes on disk, what is acknowledged but not yet deleted included.
    pub disk_bytes: u64,
    /// Bytes in memory.
    pub memory_bytes: u64,
}

impl Queue {
    /// A queue in `folder`, of at most `max_bytes` there, with what an earlier process left.
    pub fn open(folder: Box<dyn Folder>, max_bytes: u64) -> Result<Self, OpenError> {
        let mut queue = Self::in_memory(MEMORY_BYTES);
        let (disk, damaged) = DiskQueue::open(folder, max_bytes)?;
        queue.disk = Some(disk);
        queue.note(Loss::Damaged, damaged);
        Ok(queue)
    }

    /// A queue without a folder, of at most `max_bytes`.
    pub fn in_memory(max_bytes: u64) -> Self {
        Self {
            disk: None,
            ring: Ring::new(max_bytes),
            dropped: BTreeMap::new(),
            disk_failing: false,
            copies: None,
        }
    }

    /// Hands every record that is added from now on to `copies`, too: for a second destination, whose queue is its own.
    pub fn copy_to(&mut self, copies: impl Fn(&Record) + Send + 'static) {
        self.copies = Some(Box::new(copies));
    }

    /// Adds `record` at the end. Past the bounds the oldest are dropped and counted.
    pub fn push(&mut self, record: Record) {
        if let Some(copies) = &self.copies {
            copies(&record);
        }
        self.ring.push(record);
        self.flush_ring();
        let lost = self.ring.enforce_bound();
        self.note(Loss::Full, lost);
    }

    /// The oldest record, without removing it.
    pub fn front(&mut self) -> Option<(Ticket, Record)> {
        if let Some(disk) = &mut self.disk {
            let (found, damaged) = disk.front();
            self.note(Loss::Damaged, damaged);
            if let Some((number, record)) = found {
                return Some((Ticket(number), record));
            }
        }
        // With a folder, numbers of the ring start above all that the disk can reach.
        self.ring.front().map(|(number, record)| (Ticket(RING_NUMBERS + number), record))
    }

    /// Removes the record that [`front`](Self::front) gave, because the server has it. Does nothing if it was dropped
    /// since.
    pub fn acknowledge(&mut self, ticket: Ticket) {
        match ticket.0.checked_sub(RING_NUMBERS) {
            Some(number) => self.ring.remove_front(number),
            None => {
                if let Some(disk) = &mut self.disk {
                    disk.acknowledge(ticket.0);
                }
            }
        }
        self.flush_ring();
    }

    /// Removes the record that [`front`](Self::front) gave, because the server will never take it, and counts the loss.
    pub fn refuse(&mut self, ticket: Ticket, record: &Record) {
        self.acknowledge(ticket);
        self.note(Loss::Refused, u64::from(record.samples));
    }

    /// How full it is.
    pub fn depth(&self) -> Depth {
        let disk = self.disk.as_ref().map(DiskQueue::depth).unwrap_or_default();
        let (records, samples, memory_bytes) = self.ring.depth();
        Depth { records: disk.records + records, samples: disk.samples + samples, memory_bytes, ..disk }
    }

    /// Samples lost so far, for each reason.
    pub fn dropped(&self, reason: Loss) -> u64 {
        self.dropped.get(&reason).copied().unwrap_or(0)
    }

    /// Asks the disk to keep what it holds; for a graceful stop.
    pub fn sync(&mut self) {
        if let Some(disk) = &mut self.disk {
            disk.sync();
        }
    }

    /// Moves what waits in memory to the disk, oldest first, as far as the disk takes it.
    fn flush_ring(&mut self) {
        let Some(disk) = &mut self.disk else { return };
        while let Some((number, record)) = self.ring.front() {
            match disk.append(&record) {
                Ok(lost) => {
                    *self.dropped.entry(Loss::Full).or_default() += lost;
                    self.ring.remove_front(number);
                    if std::mem::take(&mut self.disk_failing) {
                        tracing::info!("the queue folder takes records again");
                    }
                }
                Err(error) => {
                    if !std::mem::replace(&mut self.disk_failing, true) {
                        let err = &error as &dyn std::error::Error;
                        tracing::warn!(err, "the queue folder refuses records; keeping the newest in memory");
                    }
                    return;
                }
            }
        }
    }

    fn note(&mut self, reason: Loss, samples: u64) {
        if samples > 0 {
            tracing::warn!(samples, reason = reason.as_str(), "samples lost");
            *self.dropped.entry(reason).or_default() += samples;
        }
    }
}

/// Where the numbers of ring records begin; the disk's cannot grow that far.
const RING_NUMBERS: u64 = 1 << 63;
