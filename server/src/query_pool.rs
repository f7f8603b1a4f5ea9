//! Where queries run: off the async threads, a bounded number at once, with a bounded queue before them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crowsnest_promql::Control;
use tokio::sync::Semaphore;

/// Queries that run at once, as in Prometheus (`--query.max-concurrency`).
const RUNNING: usize = 20;
/// Queries that wait for one of those to end; more are turned away.
const WAITING: usize = 100;

/// Runs queries and index questions.
pub(crate) struct QueryPool {
    admitted: Arc<Semaphore>,
    running: Arc<Semaphore>,
    timeout: Duration,
    turned_away: AtomicU64,
}

/// A query did not get to run, or did not end well.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PoolError {
    /// The queue is full.
    #[error("too many queries are running and waiting; try again")]
    Full,
    /// The whole of its time went by in the queue.
    #[error("query timed out in query queue")]
    QueuedTooLong,
    /// It panicked.
    #[error("the query stopped unexpectedly")]
    Panicked(#[source] tokio::task::JoinError),
}

/// Cancels the query when the request that asked for it is dropped, which happens when the client goes away.
struct CancelOnDrop(Arc<AtomicBool>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl QueryPool {
    /// A pool for queries that may take `timeout`, the wait in the queue included.
    pub(crate) fn new(timeout: Duration) -> Self {
        Self {
            admitted: Arc::new(Semaphore::new(RUNNING + WAITING)),
            running: Arc::new(Semaphore::new(RUNNING)),
            timeout,
            turned_away: AtomicU64::new(0),
        }
    }

    /// Runs `job` as soon as there is room. `timeout` shortens the pool's own.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        timeout: Option<Duration>,
        job: impl FnOnce(&Control) -> T + Send + 'static,
    ) -> Result<T, PoolError> {
        let timeout = timeout.map_or(self.timeout, |own| own.min(self.timeout));
        let asked = Instant::now();
        let Ok(admission) = Arc::clone(&self.admitted).try_acquire_owned() else {
            self.turned_away.fetch_add(1, Ordering::Relaxed);
            return Err(PoolError::Full);
        };
        let permit = tokio::time::timeout(timeout, Arc::clone(&self.running).acquire_owned());
        // The semaphore is never closed, so an error here can only be the timeout's.
        let Ok(Ok(permit)) = permit.await else { return Err(PoolError::QueuedTooLong) };
        let cancelled = Arc::new(AtomicBool::new(false));
        let control = Control::new(Arc::clone(&cancelled), move || asked.elapsed()).with_timeout(timeout);
        let _cancel = CancelOnDrop(cancelled);
        let running = tokio::task::spawn_blocking(move || {
            let result = job(&control);
            // Given back when the work ends, not when the client goes away.
            drop((permit, admission));
            result
        });
        running.await.map_err(PoolError::Panicked)
    }

    /// Queries that run now, and those that were turned away since the start.
    pub(crate) fn load(&self) -> (usize, u64) {
        (RUNNING - self.running.available_permits().min(RUNNING), self.turned_away.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn queries_past_the_queue_are_turned_away_and_the_rest_is_answered() {
        let pool = Arc::new(QueryPool::new(Duration::from_secs(60)));
        let (release, gate) = mpsc::channel::<()>();
        let gate = Arc::new(parking_lot::Mutex::new(gate));
        let mut queries = tokio::task::JoinSet::new();
        for _ in 0..RUNNING + WAITING {
            let (pool, gate) = (Arc::clone(&pool), Arc::clone(&gate));
            queries.spawn(async move { pool.run(None, move |_| gate.lock().recv().is_ok()).await });
        }
        while pool.admitted.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(pool.run(None, |_| ()).await, Err(PoolError::Full)));
        for _ in 0..RUNNING + WAITING {
            release.send(()).unwrap();
        }
        while let Some(query) = queries.join_next().await {
            assert!(query.unwrap().unwrap());
        }
        assert_eq!(pool.load(), (0, 1));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_query_nobody_waits_for_any_more_is_cancelled() {
        let pool = Arc::new(QueryPool::new(Duration::from_secs(60)));
        let (told, started) = tokio::sync::oneshot::channel();
        let (ended, end) = mpsc::channel();
        let query = tokio::spawn({
            let pool = Arc::clone(&pool);
            async move {
                pool.run(None, move |control| {
                    told.send(is_cancelled(control)).ok();
                    let patience = Instant::now();
                    while !is_cancelled(control) && patience.elapsed() < Duration::from_secs(30) {
                        std::thread::sleep(Duration::from_millis(1));
                    }
                    ended.send(is_cancelled(control)).ok();
                })
                .await
            }
        });
        assert!(!started.await.unwrap());
        query.abort();
        assert!(end.recv().unwrap(), "it went on in mid-work");
    }

    /// Whether a query under this control ends at once.
    fn is_cancelled(control: &Control) -> bool {
        let expr = crowsnest_promql::parse("1").unwrap();
        let at = crowsnest_api::Timestamp::from_millis(0);
        let result = crowsnest_promql::Engine::default().instant(&Nothing, &expr, at, control);
        matches!(result, Err(crowsnest_promql::QueryError::Canceled))
    }

    struct Nothing;

    impl crowsnest_promql::Queryable for Nothing {
        fn select<'a>(
            &'a self,
            _: &crowsnest_promql::Selection<'_>,
        ) -> Result<crowsnest_promql::SeriesSet<'a>, crowsnest_promql::StorageError> {
            Ok(crowsnest_promql::SeriesSet::from_sorted(vec![]))
        }
        fn series(
            &self,
            _: &crowsnest_promql::Scope<'_>,
        ) -> Result<Vec<crowsnest_api::Labels>, crowsnest_promql::StorageError> {
            Ok(vec![])
        }
        fn label_names(
            &self,
            _: &crowsnest_promql::Scope<'_>,
        ) -> Result<Vec<smol_str::SmolStr>, crowsnest_promql::StorageError> {
            Ok(vec![])
        }
        fn label_values(
            &self,
            _: &str,
            _: &crowsnest_promql::Scope<'_>,
        ) -> Result<Vec<smol_str::SmolStr>, crowsnest_promql::StorageError> {
            Ok(vec![])
        }
    }
}
