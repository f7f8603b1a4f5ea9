//! Collectors one after the other on a helper thread, watched from outside.
//!
//! One job for all of them instead of one each: handing a job over and its result back are two switches between threads,
//! which for fifty collectors cost more than most of them.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crowsnest_scrape::Family;

use crate::collector::{Collect, CollectError};
use crate::deadline::Helper;
use crate::host::Host;

/// A collector that is to run, and the number of its slot.
pub(super) struct Task {
    pub(super) slot: usize,
    pub(super) collector: Box<dyn Collect>,
}

/// A run that has returned.
pub(super) struct Run {
    pub(super) collector: Box<dyn Collect>,
    pub(super) result: Result<Vec<Family>, CollectError>,
    pub(super) took: Duration,
}

/// What a shift has come to.
pub(super) struct Shift {
    /// Runs that returned in time, by slot.
    pub(super) done: Vec<(usize, Run)>,
    /// Tasks that were not begun, for the next shift.
    pub(super) rest: VecDeque<Task>,
    pub(super) ended: Ended,
}

/// Why a shift ended.
pub(super) enum Ended {
    /// All tasks are done.
    Finished,
    /// The run of this slot overran its limit; it will come from the receiver.
    Overdue(usize, Receiver<Run>),
    /// The run of this slot panicked, after so long.
    Panicked(usize, Duration),
    /// No thread could be started.
    NoThread(std::io::Error),
}

/// What the thread and whoever watches it share.
#[derive(Default)]
struct Board {
    waiting: VecDeque<Task>,
    done: Vec<(usize, Run)>,
    current: Option<(usize, Instant)>,
    /// Where the current run goes when nobody waits for it any longer.
    late: Option<SyncSender<Run>>,
}

/// Runs the tasks in order until all are done, or one overruns `limit` or panics.
pub(super) fn run(helper: &mut Helper, host: &Arc<Host>, tasks: VecDeque<Task>, limit: Duration) -> Shift {
    let board = Arc::new(Mutex::new(Board { waiting: tasks, ..Board::default() }));
    let (host, shared) = (Arc::clone(host), Arc::clone(&board));
    let finished = match helper.start_job(move || work(&host, &shared)) {
        Ok(finished) => finished,
        Err(error) => {
            let rest = std::mem::take(&mut lock(&board).waiting);
            return Shift { done: Vec::new(), rest, ended: Ended::NoThread(error) };
        }
    };
    let mut patience = limit;
    loop {
        let waited = finished.recv_timeout(patience);
        let mut board = lock(&board);
        let (slot, took) =
            board.current.map_or((None, Duration::ZERO), |(slot, since)| (Some(slot), since.elapsed()));
        let ended = match (waited, slot) {
            (Ok(()), _) => Ended::Finished,
            (Err(RecvTimeoutError::Timeout), Some(slot)) if took >= limit => {
                let (give, take) = sync_channel(1);
                board.late = Some(give);
                Ended::Overdue(slot, take)
            }
            (Err(RecvTimeoutError::Timeout), _) => {
                patience = limit.saturating_sub(took).max(Duration::from_millis(1));
                continue;
            }
            (Err(RecvTimeoutError::Disconnected), Some(slot)) => Ended::Panicked(slot, took),
            // The thread ended between two runs, which it does not; what is done is done.
            (Err(RecvTimeoutError::Disconnected), None) => Ended::Finished,
        };
        if !matches!(ended, Ended::Finished) {
            helper.abandon();
        }
        let (done, rest) = (std::mem::take(&mut board.done), std::mem::take(&mut board.waiting));
        return Shift { done, rest, ended };
    }
}

/// The thread's part.
fn work(host: &Host, board: &Mutex<Board>) {
    loop {
        let Task { slot, mut collector } = {
            let mut board = lock(board);
            let Some(task) = board.waiting.pop_front() else { return };
            board.current = Some((task.slot, Instant::now()));
            task
        };
        let started = Instant::now();
        let result = collector.collect(host);
        let run = Run { collector, result, took: started.elapsed() };
        let mut board = lock(board);
        if let Some(late) = board.late.take() {
            // Nobody may be interested; then the collector is dropped here.
            let _ = late.send(run);
            return;
        }
        board.current = None;
        board.done.push((slot, run));
    }
}

/// Nothing panics while the lock is held.
fn lock(board: &Mutex<Board>) -> MutexGuard<'_, Board> {
    board.lock().unwrap_or_else(PoisonError::into_inner)
}
