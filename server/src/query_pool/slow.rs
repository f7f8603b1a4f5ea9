//! Queries that took long, the newest of them.

use std::collections::VecDeque;
use std::time::Duration;

use parking_lot::Mutex;
use tracing::warn;

use super::Asked;
use super::active::Cost;

/// How many are remembered.
const REMEMBERED: usize = 100;

/// A query that took long.
#[derive(Clone, Debug)]
pub(crate) struct SlowQuery {
    pub(crate) asked: Asked,
    /// How long it waited for its turn.
    pub(crate) queued: Duration,
    /// How long it ran.
    pub(crate) ran: Duration,
    /// What it cost, when it had an answer.
    pub(crate) cost: Option<Cost>,
}

/// Remembers and logs queries that ran longer than a threshold.
#[derive(Debug)]
pub(super) struct SlowLog {
    threshold: Duration,
    newest: Mutex<VecDeque<SlowQuery>>,
}

impl SlowLog {
    pub(super) fn new(threshold: Duration) -> Self {
        Self { threshold, newest: Mutex::default() }
    }

    /// A query has ended.
    pub(super) fn ended(&self, query: SlowQuery) {
        if query.ran < self.threshold {
            return;
        }
        let SlowQuery { asked, queued, ran, cost } = &query;
        let Cost { series, samples, peak_samples } = cost.unwrap_or_default();
        warn!(
            user = &*asked.user,
            query = asked.text,
            ran_seconds = ran.as_secs_f64(),
            queued_seconds = queued.as_secs_f64(),
            answered = cost.is_some(),
            series,
            samples,
            peak_samples,
            "slow query"
        );
        let mut newest = self.newest.lock();
        newest.truncate(REMEMBERED - 1);
        newest.push_front(query);
    }

    /// The newest first.
    pub(super) fn list(&self) -> Vec<SlowQuery> {
        self.newest.lock().iter().cloned().collect()
    }
}
