//! Queries that run or wait now.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crowsnest_api::Timestamp;
use crowsnest_promql::{Control, QueryStats};
use parking_lot::Mutex;

/// The most bytes of a query's text that are kept.
const TEXT_BYTES: usize = 4 << 10;

/// Who asks what.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The user; empty for the server itself.
    pub(crate) user: Arc<str>,
    /// The query, or the name of another question; cut when it is very long.
    pub(crate) text: String,
    /// Since when.
    pub(crate) since: Timestamp,
}

impl Asked {
    pub(super) fn new(user: Arc<str>, text: &str, since: Timestamp) -> Self {
        let mut end = text.len().min(TEXT_BYTES);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let cut = if end < text.len() { "…" } else { "" };
        Self { user, text: format!("{}{cut}", text.get(..end).unwrap_or_default()), since }
    }
}

/// A query that runs or waits.
#[derive(Clone, Debug)]
pub(crate) struct ActiveQuery {
    /// Its number, by which it can be ended.
    pub(crate) id: u64,
    pub(crate) asked: Asked,
    /// How long it has been running; `None` while it waits for its turn.
    pub(crate) running: Option<Duration>,
}

/// What a query cost.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    pub(crate) series: usize,
    pub(crate) samples: u64,
    pub(crate) peak_samples: usize,
}

/// What a job is handed: how to know when to stop, and where to tell what it cost.
pub(crate) struct Job {
    /// Ends the query when it is killed, when nobody waits for it any more, and when its time is over.
    pub(crate) control: Control,
    /// How long it waited for its turn.
    pub(crate) queued: Duration,
    cost: Mutex<Option<Cost>>,
}

impl Job {
    pub(super) fn new(control: Control, queued: Duration) -> Self {
        Self { control, queued, cost: Mutex::new(None) }
    }

    /// Notes what the query cost, for the log of slow ones.
    pub(crate) fn note(&self, stats: &QueryStats) {
        let QueryStats { series, samples, peak_samples, .. } = *stats;
        *self.cost.lock() = Some(Cost { series, samples, peak_samples });
    }

    pub(super) fn cost(&self) -> Option<Cost> {
        *self.cost.lock()
    }
}

/// A query in the list of active ones.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) asked: Asked,
    pub(super) started: Option<Instant>,
    pub(super) cancelled: Arc<AtomicBool>,
}

impl Entry {
    pub(super) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }
}
