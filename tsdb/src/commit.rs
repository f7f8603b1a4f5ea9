//! Group commit: appends that arrive while the disk is busy share the next write and the next sync.
//!
//! One of the waiting threads leads: it takes what has gathered, logs it, syncs, applies it to the head in the order of
//! the log, and wakes the others. Whoever holds the log's lock sees a head that holds exactly what the log holds.

use std::io;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex, MutexGuard, RwLock};

use crate::head::{Head, Staged};
use crate::wal::Wal;

/// The way of a batch into log and head.
pub(crate) struct Committer {
    wal: Mutex<Wal>,
    queue: Mutex<Queue>,
    done: Condvar,
    max_metadata: usize,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<Arc<Ticket>>,
    /// Whether a thread is at the log now.
    led: bool,
}

/// One append in the queue.
struct Ticket {
    staged: Staged,
    outcome: Mutex<Option<Result<(), Arc<io::Error>>>>,
}

impl Committer {
    pub(crate) fn new(wal: Wal, max_metadata: usize) -> Self {
        Self { wal: Mutex::new(wal), queue: Mutex::default(), done: Condvar::new(), max_metadata }
    }

    /// The log. While the guard lives nothing is logged or applied.
    pub(crate) fn wal(&self) -> MutexGuard<'_, Wal> {
        self.wal.lock()
    }

    /// Returns once `staged` is synced and in the head, or is in neither.
    pub(crate) fn commit(&self, staged: Staged, head: &RwLock<Head>) -> Result<(), io::Error> {
        let ticket = Arc::new(Ticket { staged, outcome: Mutex::new(None) });
        let mut queue = self.queue.lock();
        queue.waiting.push(ticket.clone());
        loop {
            if let Some(outcome) = ticket.outcome.lock().take() {
                return outcome.map_err(|error| io::Error::new(error.kind(), error));
            }
            if queue.led {
                self.done.wait(&mut queue);
                continue;
            }
            queue.led = true;
            let group = std::mem::take(&mut queue.waiting);
            MutexGuard::unlocked(&mut queue, || self.lead(&group, head));
            queue.led = false;
            self.done.notify_all();
        }
    }

    fn lead(&self, group: &[Arc<Ticket>], head: &RwLock<Head>) {
        let mut wal = self.wal.lock();
        let batches: Vec<&Staged> = group.iter().map(|ticket| &ticket.staged).collect();
        let known = || head.read().metadata().values().cloned().collect();
        let logged = wal.commit(&batches, known).map_err(Arc::new);
        let mut head = head.write();
        for staged in batches {
            match logged {
                Ok(()) => head.apply(staged, self.max_metadata),
                Err(_) => head.discard(staged),
            }
        }
        drop(head);
        for ticket in group {
            *ticket.outcome.lock() = Some(logged.clone());
        }
    }
}
