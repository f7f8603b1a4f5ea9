//! One watch: a list, then what changes, again and again until nobody listens.

use std::sync::Arc;
use std::time::Duration;

use crowsnest_api::access::Right;
use crowsnest_api::cluster::WatchTarget;
use crowsnest_api::stream::{Changes, EndReason, ListPart, MissingRight, State, StreamEvent, WatchState};
use crowsnest_rbac::Credential;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;

use super::backoff::Backoff;
use super::batch::Batch;
use super::upstream::{self, Line};
use super::{Told, Written};
use crate::cluster::{Cluster, ClusterError, trim_listed};

/// How often a user who may not look is looked after: the right may have been given meanwhile.
const DENIED_RETRY: Duration = Duration::from_secs(60);
/// How often it is asked whether a watch is still allowed: the API server itself asks at its beginning alone. With the seconds for which
/// an answer counts that is less than a minute.
const ALLOWED_AGAIN: Duration = Duration::from_secs(20);
/// A watch that has lasted so long is well; one that ends sooner, again and again, is waited for.
const WELL_AFTER: Duration = Duration::from_secs(5);

/// What one watch needs.
pub(super) struct Watch {
    /// Its number in the stream.
    pub(super) number: usize,
    pub(super) target: WatchTarget,
    pub(super) cluster: Arc<Cluster>,
    pub(super) credential: Credential,
    /// Where what it finds goes. Bounded: when nobody takes anything out, the watch waits, and with it the API server.
    pub(super) out: mpsc::Sender<Told>,
    /// One page of a list at a time is in the memory of a stream.
    pub(super) lists: Arc<Semaphore>,
    /// Up to where everything has been told; `None` before the first list.
    pub(super) position: Option<String>,
}

/// Why a watch does not go on.
enum Trouble {
    /// The position is of no use any more.
    Gone,
    /// The API server refuses, or does not answer, to a list or a watch.
    Cluster(&'static str, ClusterError),
    /// Nobody listens.
    Unheard,
}

/// Nobody listens any more.
struct Unheard;

impl From<Unheard> for Trouble {
    fn from(_: Unheard) -> Self {
        Self::Unheard
    }
}

impl Watch {
    /// Runs until nobody listens, the session is over, or there is nothing to watch.
    pub(super) async fn run(mut self) {
        let mut backoff = Backoff::new();
        let mut state = None;
        loop {
            let began = Instant::now();
            let trouble = self.turn(&mut state, &mut backoff).await.err();
            let heard = match trouble {
                Some(Trouble::Unheard) => return,
                None if began.elapsed() >= WELL_AFTER => Ok(()),
                // The API server has ended the watch at once: it may be going down, or coming up.
                None => self.pause(backoff.wait(None)).await,
                Some(Trouble::Gone) => {
                    (self.position, state) = (None, None);
                    self.pause(backoff.wait(None)).await
                }
                Some(Trouble::Cluster(verb, error)) => match self.explain(verb, &error, &mut backoff) {
                    Next::Over => {
                        self.tell(Told::SessionOver(EndReason::Expired)).await.ok();
                        return;
                    }
                    Next::Never(told) => {
                        self.tell_state(&mut state, told).await.ok();
                        return;
                    }
                    Next::Later(told, wait) => match self.tell_state(&mut state, told).await {
                        Ok(()) => self.pause(wait).await,
                        Err(unheard) => Err(unheard),
                    },
                },
            };
            if heard.is_err() {
                return;
            }
        }
    }

    /// Lists if need be, and watches until the API server ends that.
    async fn turn(&mut self, state: &mut Option<WatchState>, backoff: &mut Backoff) -> Result<(), Trouble> {
        let position = match self.position.clone() {
            Some(position) => position,
            None => self.list().await?,
        };
        let watch = upstream::watch(&self.cluster, &self.credential, &self.target, &position).await;
        let mut lines = watch.map_err(|error| trouble("watch", error))?;
        if *state != Some(WatchState::Live) {
            self.tell_state(state, self.state(WatchState::Live)).await?;
        }
        let mut batch = Batch::default();
        let mut again = tokio::time::interval_at(Instant::now() + ALLOWED_AGAIN, ALLOWED_AGAIN);
        loop {
            let line = tokio::select! {
                line = lines.next() => line,
                _ = again.tick() => {
                    if self.is_allowed().await {
                        continue;
                    }
                    // The API server is to say so itself, as it does to a new watch.
                    return Ok(self.tell_changes(&mut batch).await?);
                }
                () = tokio::time::sleep_until(batch.due().unwrap_or_else(Instant::now)), if batch.due().is_some() => {
                    self.tell_changes(&mut batch).await?;
                    continue;
                }
                () = self.out.closed() => return Err(Trouble::Unheard),
            };
            match line {
                Ok(Some(Line::Change(change, bytes, version))) => {
                    batch.push(change, bytes, Instant::now());
                    self.position = version.or(self.position.take());
                    backoff.reset();
                }
                Ok(Some(Line::Bookmark(version))) => {
                    self.position = version.or(self.position.take());
                    self.tell_changes(&mut batch).await?;
                }
                // A connection that breaks is made again at once; only when that fails is it trouble.
                Ok(None) | Err(ClusterError::Unreachable(_)) => {
                    return Ok(self.tell_changes(&mut batch).await?);
                }
                Ok(Some(Line::Error(status))) => {
                    self.tell_changes(&mut batch).await?;
                    return Err(trouble("watch", ClusterError::Refused(status)));
                }
                Err(error) => {
                    self.tell_changes(&mut batch).await?;
                    return Err(Trouble::Cluster("watch", error));
                }
            }
            if batch.is_full() {
                self.tell_changes(&mut batch).await?;
            }
        }
    }

    /// Whether the user still has the right to watch. Where that cannot be asked, the watch goes on.
    async fn is_allowed(&self) -> bool {
        let namespace = self.target.scope.namespace().unwrap_or_default().to_owned();
        let kind = &self.target.kind;
        let right = Right {
            verb: "watch".into(),
            group: kind.group().to_owned().into(),
            resource: kind.resource().to_owned().into(),
            ..Right::default()
        };
        self.cluster.may(&self.credential, &right.within(namespace)).await.unwrap_or(true)
    }

    /// Tells the whole list, page by page, and gives the position after it.
    async fn list(&mut self) -> Result<String, Trouble> {
        let lists = Arc::clone(&self.lists);
        let mut next: Option<String> = None;
        loop {
            // Watches take turns page by page, so that a long list lets the beginnings of others pass.
            let _turn = lists.acquire().await.map_err(|_| Trouble::Unheard)?;
            let page = upstream::page(&self.cluster, &self.credential, &self.target, next.as_deref()).await;
            let page = page.map_err(|error| trouble("list", error))?;
            let (version, first) = (page.version(), next.is_none());
            next = page.next();
            let last = next.is_none();
            if last {
                self.position.clone_from(&version);
            }
            self.tell_page(page.items, first, last).await?;
            if last {
                let none = || ClusterError::Answer("a list has no resourceVersion".to_owned());
                return version.ok_or_else(|| Trouble::Cluster("list", none()));
            }
        }
    }

    async fn tell_page(
        &self,
        mut objects: Vec<serde_json::Value>,
        first: bool,
        last: bool,
    ) -> Result<(), Unheard> {
        let (watch, kind) = (self.number, self.target.kind.clone());
        // Some milliseconds of work for a large page.
        let written = tokio::task::spawn_blocking(move || {
            objects.iter_mut().for_each(|object| trim_listed(&kind, object));
            Written::of(&StreamEvent::Sync(ListPart { watch, objects, first, last }))
        });
        self.tell_written(written.await.ok().flatten()).await
    }

    async fn tell_changes(&self, batch: &mut Batch) -> Result<(), Unheard> {
        let changes = batch.take();
        if changes.is_empty() {
            return self.tell(Told::Position(self.number, self.position.clone())).await;
        }
        self.tell_written(Written::of(&StreamEvent::Change(Changes { watch: self.number, changes }))).await
    }

    async fn tell_state(&self, told: &mut Option<WatchState>, state: State) -> Result<(), Unheard> {
        *told = Some(state.state);
        self.tell_written(Written::of(&StreamEvent::State(state))).await
    }

    async fn tell_written(&self, written: Option<Written>) -> Result<(), Unheard> {
        match written {
            Some(written) => self.tell(Told::Event(self.number, written, self.position.clone())).await,
            None => Ok(()),
        }
    }

    async fn tell(&self, told: Told) -> Result<(), Unheard> {
        self.out.send(told).await.map_err(|_| Unheard)
    }

    async fn pause(&self, wait: Duration) -> Result<(), Unheard> {
        tokio::select! {
            () = tokio::time::sleep(wait) => Ok(()),
            () = self.out.closed() => Err(Unheard),
        }
    }

    fn state(&self, state: WatchState) -> State {
        State { watch: self.number, state, message: None, retry_in_ms: None, missing: None }
    }

    /// What to say about trouble, and what to do.
    fn explain(&mut self, verb: &str, error: &ClusterError, backoff: &mut Backoff) -> Next {
        let message = Some(error.told());
        let (state, wait, missing) = match error {
            ClusterError::Refused(status) => match status.code {
                401 => return Next::Over,
                403 => (WatchState::Denied, DENIED_RETRY, Some(self.missing(verb))),
                400 | 404 | 405 | 406 | 415 | 422 => {
                    return Next::Never(State { message, ..self.state(WatchState::Failed) });
                }
                _ => (WatchState::Stale, backoff.wait(status.retry_after()), None),
            },
            ClusterError::Unreachable(_) | ClusterError::TimedOut(_) | ClusterError::Answer(_) => {
                (WatchState::Stale, backoff.wait(None), None)
            }
        };
        if state == WatchState::Denied {
            // What was seen before is seen no more; if it is allowed again, it begins anew.
            self.position = None;
        }
        let retry_in_ms = u64::try_from(wait.as_millis()).ok();
        Next::Later(State { message, retry_in_ms, missing, ..self.state(state) }, wait)
    }

    fn missing(&self, verb: &str) -> MissingRight {
        MissingRight {
            verb: verb.to_owned(),
            resource: self.target.kind.resource().to_owned(),
            group: self.target.kind.group().to_owned(),
            namespace: self.target.scope.namespace().map(str::to_owned),
        }
    }
}

/// What to do after trouble.
enum Next {
    /// The session is over.
    Over,
    /// Say so, and leave it.
    Never(State),
    /// Say so, and try again.
    Later(State, Duration),
}

fn trouble(verb: &'static str, error: ClusterError) -> Trouble {
    match &error {
        ClusterError::Refused(status) if status.is_gone() => Trouble::Gone,
        _ => Trouble::Cluster(verb, error),
    }
}
