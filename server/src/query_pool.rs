//! Where queries run: off the async threads, a bounded number at once, with a bounded queue before them that is fair to
//! users. Whoever runs or waits is in a list, from which a query can be ended; whoever took long is in a log.

mod active;
mod asker;
mod queue;
mod slow;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

pub(crate) use active::{ActiveQuery, Asked, Job};
pub(crate) use asker::{asker, asking_for};
use crowsnest_promql::Control;
use parking_lot::Mutex;
pub(crate) use slow::SlowQuery;
use tokio::sync::oneshot;

use self::active::Entry;
use self::queue::{FairQueue, Places};
use self::slow::SlowLog;
use crate::clock;
use crate::config::QueryLimits;

/// Queries that wait for their turn; more are turned away.
const WAITING: usize = 100;
/// Of these, how many one user may take.
const WAITING_OF_ONE: usize = 50;

/// One user may take three quarters of the places to run in.
fn places(running: usize) -> Places {
    let running_of_one = (running * 3 / 4).max(1);
    Places { running, running_of_one, waiting: WAITING, waiting_of_one: WAITING_OF_ONE }
}

/// Runs queries and index questions.
pub(crate) struct QueryPool {
    shared: Arc<Shared>,
    timeout: Duration,
    turned_away: AtomicU64,
}

struct Shared {
    state: Mutex<State>,
    slow: SlowLog,
}

struct State {
    /// A dropped sender tells a waiting query that it was killed.
    queue: FairQueue<oneshot::Sender<()>>,
    active: BTreeMap<u64, Entry>,
    last_id: u64,
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
    /// It was killed before it ran.
    #[error("query was canceled in query queue")]
    Killed,
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

/// A query's place, running or waiting; given back when it is dropped.
struct Ticket {
    shared: Arc<Shared>,
    user: Arc<str>,
    id: u64,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut state = self.shared.state.lock();
        state.active.remove(&self.id);
        state.queue.leave(&self.user, self.id);
        state.admit();
    }
}

impl State {
    fn admit(&mut self) {
        while let Some((id, waker)) = self.queue.admit() {
            if let Some(entry) = self.active.get_mut(&id) {
                entry.started = Some(Instant::now());
            }
            // One that is not there to hear it is about to leave, and gives its place back then.
            waker.send(()).ok();
        }
    }
}

impl QueryPool {
    /// A pool for queries within `limits`.
    pub(crate) fn new(limits: &QueryLimits) -> Self {
        let queue = FairQueue::new(places(limits.concurrency));
        let state = State { queue, active: BTreeMap::new(), last_id: 0 };
        let shared = Shared { state: Mutex::new(state), slow: SlowLog::new(limits.slow_after) };
        Self { shared: Arc::new(shared), timeout: limits.timeout, turned_away: AtomicU64::new(0) }
    }

    /// Runs `job` as soon as there is room. `timeout` shortens the pool's own; `text` is what others see of it.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        text: &str,
        timeout: Option<Duration>,
        job: impl FnOnce(&Job) -> T + Send + 'static,
    ) -> Result<T, PoolError> {
        let timeout = timeout.map_or(self.timeout, |own| own.min(self.timeout));
        let began = Instant::now();
        let asked = Asked::new(asker::asker(), text, clock::now());
        let cancelled = Arc::new(AtomicBool::new(false));
        let (ticket, admitted) = self.enter(asked.clone(), Arc::clone(&cancelled))?;
        match tokio::time::timeout(timeout, admitted).await {
            Err(_) => return Err(PoolError::QueuedTooLong),
            Ok(Err(_)) => return Err(PoolError::Killed),
            Ok(Ok(())) => {}
        }
        let queued = began.elapsed();
        let control = Control::new(Arc::clone(&cancelled), move || began.elapsed()).with_timeout(timeout);
        let _cancel = CancelOnDrop(cancelled);
        let running = tokio::task::spawn_blocking(move || {
            let started = Instant::now();
            let handed = Job::new(control, queued);
            let result = job(&handed);
            let ran = started.elapsed();
            ticket.shared.slow.ended(SlowQuery { asked, queued, ran, cost: handed.cost() });
            // Given back when the work ends, not when the client goes away.
            drop(ticket);
            result
        });
        running.await.map_err(PoolError::Panicked)
    }

    fn enter(
        &self,
        asked: Asked,
        cancelled: Arc<AtomicBool>,
    ) -> Result<(Ticket, oneshot::Receiver<()>), PoolError> {
        let (waker, admitted) = oneshot::channel();
        let mut state = self.shared.state.lock();
        state.last_id += 1;
        let (id, user) = (state.last_id, Arc::clone(&asked.user));
        if state.queue.enter(&user, id, waker).is_err() {
            self.turned_away.fetch_add(1, Ordering::Relaxed);
            return Err(PoolError::Full);
        }
        state.active.insert(id, Entry { asked, started: None, cancelled });
        state.admit();
        drop(state);
        Ok((Ticket { shared: Arc::clone(&self.shared), user, id }, admitted))
    }

    /// Queries that run now, and those that were turned away since the start.
    pub(crate) fn load(&self) -> (usize, u64) {
        (self.shared.state.lock().queue.load().0, self.turned_away.load(Ordering::Relaxed))
    }

    /// Queries that run or wait now, the oldest first.
    pub(crate) fn active(&self) -> Vec<ActiveQuery> {
        let state = self.shared.state.lock();
        let query = |(&id, entry): (&u64, &Entry)| ActiveQuery {
            id,
            asked: entry.asked.clone(),
            running: entry.started.map(|started| started.elapsed()),
        };
        state.active.iter().map(query).collect()
    }

    /// Queries that took long, the newest first.
    pub(crate) fn slow(&self) -> Vec<SlowQuery> {
        self.shared.slow.list()
    }

    /// Ends a query that `may_end` agrees to; false when there is none such.
    pub(crate) fn kill(&self, id: u64, may_end: impl FnOnce(&Asked) -> bool) -> bool {
        let mut state = self.shared.state.lock();
        let Some(entry) = state.active.get(&id).filter(|entry| may_end(&entry.asked)) else { return false };
        entry.cancel();
        if entry.started.is_none() {
            let user = Arc::clone(&entry.asked.user);
            state.queue.withdraw(&user, id);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// What one user can have running, by default.
    const RUNNING_OF_ONE: usize = 15;
    /// What one user can have running and waiting.
    const OF_ONE: usize = RUNNING_OF_ONE + WAITING_OF_ONE;

    fn pool() -> QueryPool {
        QueryPool::new(&QueryLimits { timeout: Duration::from_secs(60), ..QueryLimits::default() })
    }

    #[test]
    fn one_user_may_take_three_quarters_and_one_place_at_least() {
        let of = |running| places(running).running_of_one;
        assert_eq!([of(1), of(2), of(20)], [1, 1, RUNNING_OF_ONE]);
    }

    /// A pool in which a user has as many queries as may be, none of which ends before something is sent.
    async fn crowded() -> (Arc<QueryPool>, mpsc::Sender<()>, tokio::task::JoinSet<Result<bool, PoolError>>) {
        let pool = Arc::new(pool());
        let (release, gate) = mpsc::channel::<()>();
        let gate = Arc::new(Mutex::new(gate));
        let mut queries = tokio::task::JoinSet::new();
        for _ in 0..OF_ONE {
            let (pool, gate) = (Arc::clone(&pool), Arc::clone(&gate));
            let query = async move { pool.run("busy", None, move |_| gate.lock().recv().is_ok()).await };
            queries.spawn(asking_for("ann", query));
        }
        while pool.active().len() < OF_ONE || pool.load().0 < RUNNING_OF_ONE {
            tokio::task::yield_now().await;
        }
        (pool, release, queries)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn queries_past_the_queue_are_turned_away_and_the_rest_is_answered() {
        let (pool, release, mut queries) = crowded().await;
        assert!(matches!(asking_for("ann", pool.run("", None, |_| ())).await, Err(PoolError::Full)));
        for _ in 0..OF_ONE {
            release.send(()).unwrap();
        }
        while let Some(query) = queries.join_next().await {
            assert!(query.unwrap().unwrap());
        }
        assert_eq!(pool.load(), (0, 1));
        assert!(pool.active().is_empty());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_user_is_answered_while_another_has_all_that_one_may_have() {
        let (pool, release, queries) = crowded().await;
        assert_eq!(asking_for("bob", pool.run("quick", None, |_| 7)).await.unwrap(), 7);
        drop(release);
        assert_eq!(queries.join_all().await.len(), OF_ONE);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_waiting_query_can_be_killed_by_whom_it_belongs_to() {
        let (pool, release, mut queries) = crowded().await;
        let waiting = pool.active().into_iter().find(|query| query.running.is_none()).unwrap();
        assert_eq!((&*waiting.asked.user, waiting.asked.text.as_str()), ("ann", "busy"));
        assert!(!pool.kill(waiting.id, |asked| &*asked.user == "bob"));
        assert!(pool.kill(waiting.id, |asked| &*asked.user == "ann"));
        assert!(matches!(queries.join_next().await.unwrap().unwrap(), Err(PoolError::Killed)));
        assert!(!pool.kill(waiting.id, |_| true), "it is gone");
        drop(release);
        queries.join_all().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_running_query_that_is_killed_ends() {
        let pool = Arc::new(pool());
        let query = tokio::spawn({
            let pool = Arc::clone(&pool);
            async move { pool.run("long", None, |job| wait_until_cancelled(&job.control)).await }
        });
        let running = loop {
            match pool.active().into_iter().find(|query| query.running.is_some()) {
                Some(running) => break running,
                None => tokio::task::yield_now().await,
            }
        };
        assert!(pool.kill(running.id, |_| true));
        assert!(query.await.unwrap().unwrap(), "it went on in mid-work");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_slow_query_is_remembered_with_what_it_cost() {
        let pool = QueryPool::new(&QueryLimits { slow_after: Duration::ZERO, ..QueryLimits::default() });
        let stats = crowsnest_promql::QueryStats { series: 3, ..Default::default() };
        asking_for("ann", pool.run("up", None, move |job| job.note(&stats))).await.unwrap();
        let [slow] = pool.slow().try_into().unwrap();
        assert_eq!((&*slow.asked.user, slow.asked.text.as_str()), ("ann", "up"));
        assert_eq!(slow.cost.unwrap().series, 3);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_query_nobody_waits_for_any_more_is_cancelled() {
        let pool = Arc::new(pool());
        let (told, started) = tokio::sync::oneshot::channel();
        let (ended, end) = mpsc::channel();
        let query = tokio::spawn({
            let pool = Arc::clone(&pool);
            async move {
                pool.run("", None, move |job| {
                    told.send(is_cancelled(&job.control)).ok();
                    ended.send(wait_until_cancelled(&job.control)).ok();
                })
                .await
            }
        });
        assert!(!started.await.unwrap());
        query.abort();
        assert!(end.recv().unwrap(), "it went on in mid-work");
    }

    /// Waits until a query under this control would end; false when that takes too long.
    fn wait_until_cancelled(control: &Control) -> bool {
        let patience = Instant::now();
        while !is_cancelled(control) && patience.elapsed() < Duration::from_secs(30) {
            std::thread::sleep(Duration::from_millis(1));
        }
        is_cancelled(control)
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
