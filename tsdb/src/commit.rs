//! Group commit: one thread writes the log. What arrives while the disk is busy shares the next write and the next sync.
//! Where several wait at once the thread lingers a little for as many to come: a page of the disk is written whole each time
//! a byte of it is.
//!
//! The thread takes what has gathered, logs it, syncs, applies it to the head in the order of the log, and says so to
//! those who wait. Whoever holds the log's lock sees a head that holds exactly what the log holds.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard, RwLock};

use crate::appender::{AppendError, Appended, Done};
use crate::db::Counters;
use crate::head::{Head, Staged};
use crate::wal::{Known, Wal};

/// The longest wait for pushes that may come.
const LINGER: Duration = Duration::from_millis(3);

/// The way of a batch into log and head.
pub(crate) struct Committer {
    shared: Arc<Shared>,
    writer: Option<JoinHandle<()>>,
}

struct Shared {
    wal: Mutex<Wal>,
    head: Arc<RwLock<Head>>,
    counters: Arc<Mutex<Counters>>,
    queue: Mutex<Queue>,
    arrived: Condvar,
    max_metadata: usize,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<Ticket>,
    /// How many the log's thread waits for.
    wanted: usize,
    closed: bool,
}

/// One push in the queue.
struct Ticket {
    staged: Staged,
    done: Done,
}

impl Committer {
    /// Starts the thread.
    pub(crate) fn start(
        wal: Wal,
        head: Arc<RwLock<Head>>,
        counters: Arc<Mutex<Counters>>,
        max_metadata: usize,
    ) -> io::Result<Self> {
        let (queue, arrived) = (Mutex::default(), Condvar::new());
        let shared = Arc::new(Shared { wal: Mutex::new(wal), head, counters, queue, arrived, max_metadata });
        let writer = std::thread::Builder::new().name("store-log".to_owned()).spawn({
            let shared = shared.clone();
            move || shared.write_until_closed()
        })?;
        Ok(Self { shared, writer: Some(writer) })
    }

    /// The log. While the guard lives nothing is logged or applied.
    pub(crate) fn wal(&self) -> MutexGuard<'_, Wal> {
        self.shared.wal.lock()
    }

    /// Queues a batch. `done` is called once it is synced and in the head, or is in neither.
    pub(crate) fn submit(&self, staged: Staged, done: Done) {
        let mut queue = self.shared.queue.lock();
        if queue.closed {
            drop(queue);
            self.shared.head.write().discard(&staged);
            return done(Err(AppendError::Closed("it is shutting down")));
        }
        queue.waiting.push(Ticket { staged, done });
        let waiting = queue.waiting.len();
        let enough = waiting == 1 || waiting >= queue.wanted;
        drop(queue);
        if enough {
            self.shared.arrived.notify_one();
        }
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        self.shared.queue.lock().closed = true;
        self.shared.arrived.notify_one();
        if let Some(writer) = self.writer.take() {
            // It has nothing to say; should it have panicked, its waiters have been told.
            let _ = writer.join();
        }
    }
}

impl Shared {
    fn write_until_closed(&self) {
        let _closing = CloseQueue(self);
        loop {
            let mut queue = self.queue.lock();
            while queue.waiting.is_empty() && !queue.closed {
                self.arrived.wait(&mut queue);
            }
            let few = |queue: &mut Queue| queue.waiting.len() < queue.wanted && !queue.closed;
            self.arrived.wait_while_for(&mut queue, few, LINGER);
            let group = std::mem::take(&mut queue.waiting);
            drop(queue);
            if group.is_empty() {
                return;
            }
            self.write(group);
        }
    }

    fn write(&self, group: Vec<Ticket>) {
        let mut wal = self.wal.lock();
        let batches: Vec<&Staged> = group.iter().map(|ticket| &ticket.staged).collect();
        let logged = wal.commit(&batches, &*self.head).map_err(Arc::new);
        let mut head = self.head.write();
        for staged in batches {
            match logged {
                Ok(()) => head.apply(staged, self.max_metadata),
                Err(_) => head.discard(staged),
            }
        }
        drop(head);
        drop(wal);
        // Before the answers: those who get one and those who came meanwhile are all that push at present.
        let mut queue = self.queue.lock();
        queue.wanted = group.len() + queue.waiting.len();
        drop(queue);
        for Ticket { staged, done } in group {
            done(match &logged {
                Ok(()) => Ok(self.counted(staged.outcome)),
                Err(error) => Err(AppendError::Wal(io::Error::new(error.kind(), error.clone()))),
            });
        }
    }

    fn counted(&self, outcome: Appended) -> Appended {
        self.counters.lock().count(&outcome);
        outcome
    }
}

/// Ends the queue when the thread ends, by a panic too: whoever waits learns that nobody will answer.
struct CloseQueue<'a>(&'a Shared);

impl Drop for CloseQueue<'_> {
    fn drop(&mut self) {
        let mut queue = self.0.queue.lock();
        queue.closed = true;
        queue.waiting.clear();
    }
}

impl Known for RwLock<Head> {
    fn labels(&self, series: crate::head::SeriesRef) -> Option<crowsnest_api::Labels> {
        let head = self.read();
        head.get(series).map(|memory| head.labels_of(memory))
    }

    fn metadata(&self) -> Vec<crate::appender::Metadata> {
        self.read().metadata().values().cloned().collect()
    }
}
