//! The cluster's own metrics: kube-state-metrics' families of the objects that the server watches, written into the store.
//!
//! One task a kind lists and watches with the server's own credential and keeps what the families need (`crowsnest-cluster-metrics`); every
//! fifteen seconds, on the clock, the writer takes all rows out. A kind that may not be listed has no series, and that is said.

mod batch;
mod collection;
mod counts;
mod custom;
mod lease;
mod watch;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use crowsnest_api::Timestamp;
use crowsnest_api::cluster::{ObjectName, Scope};
use crowsnest_cluster_metrics::{AllowList, CustomState, KINDS, Kind, Projector};
use crowsnest_promql::Queryable;
use crowsnest_tsdb::Appender;
use parking_lot::Mutex;
use tokio::sync::{Semaphore, watch as channel};
use tokio::task::JoinSet;
use tracing::warn;

use crate::chance;
use crate::clock;
use crate::cluster::Cluster;
use crate::gone::keeper::Witness;
use collection::Collection;
use counts::Counts;
use custom::CustomKinds;
use lease::Lease;
use watch::KindWatch;
use writer::Writer;

/// Lists in memory at once.
const LISTS_AT_ONCE: usize = 2;

/// What is made metrics of, and how.
#[derive(Clone, Debug)]
pub(crate) struct ClusterMetricsSettings {
    /// The kinds; none to make none.
    pub(crate) kinds: Vec<Kind>,
    /// Families of custom resources.
    pub(crate) custom: CustomState,
    pub(crate) interval: Duration,
    pub(crate) labels: AllowList,
    pub(crate) annotations: AllowList,
    /// The Lease that says whose turn it is; without one it is ours.
    pub(crate) lease: Option<(Scope, ObjectName)>,
}

/// The kinds that are watched unless it is said otherwise: all but Secrets, whose list would show what is in them to whoever holds the
/// server's credential, although the server asks for their metadata alone.
pub(crate) fn default_kinds() -> Vec<Kind> {
    KINDS.iter().filter(|kind| kind.resource != "secrets").cloned().collect()
}

/// A kind that is watched.
struct Watched {
    kind: Kind,
    collection: Arc<Collection>,
    counts: Arc<Counts>,
}

/// All kinds that are watched. Cheap to copy.
#[derive(Clone)]
struct AllWatched {
    kinds: Vec<Arc<Watched>>,
    /// Whether custom resources have been looked for, if any are wanted: until then more may come.
    is_complete: bool,
}

/// Makes metrics of a cluster.
pub(crate) struct ClusterMetrics {
    pub(crate) settings: ClusterMetricsSettings,
    /// Who is told of pods that go.
    pub(crate) witness: Option<Witness>,
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) appender: Arc<dyn Appender>,
    pub(crate) queryable: Arc<dyn Queryable>,
}

impl ClusterMetricsSettings {
    /// Whether anything is made metrics of.
    pub(crate) fn is_off(&self) -> bool {
        self.kinds.is_empty() && self.custom.is_empty()
    }
}

impl ClusterMetrics {
    /// Runs until `stopped`.
    pub(crate) async fn run(self, stopped: channel::Receiver<bool>) {
        let mut tasks = JoinSet::new();
        let (always, mut turns) = channel::channel(true);
        if let Some((scope, name)) = &self.settings.lease {
            let identity = format!("{}_{:016x}", host(), chance::number());
            match Lease::new(Arc::clone(&self.cluster), (scope, name), identity) {
                Ok((lease, ours)) => {
                    turns = ours;
                    tasks.spawn(lease.run(stopped.clone()));
                }
                Err(error) => {
                    warn!(reason = error.told(), "cannot wait for the Lease of the cluster's metrics");
                }
            }
        }
        self.take_turns(turns, stopped).await;
        drop(always);
        // The Lease is given away.
        while tasks.join_next().await.is_some() {}
    }

    /// Watches and writes while it is our turn.
    async fn take_turns(&self, mut turns: channel::Receiver<bool>, mut stopped: channel::Receiver<bool>) {
        loop {
            tokio::select! {
                turn = turns.wait_for(|ours| *ours) => if turn.is_err() { return },
                _ = stopped.wait_for(|stop| *stop) => return,
            }
            tokio::select! {
                biased;
                // What was written goes on after a restart.
                _ = stopped.wait_for(|stop| *stop) => return,
                _ = turns.wait_for(|ours| !*ours) => {}
                () = self.write_on() => {}
            }
            self.end().await;
        }
    }

    /// Watches and writes until it is dropped, and its watches with it.
    async fn write_on(&self) {
        let mut watches = JoinSet::new();
        let watching = Watching {
            witness: self.witness.clone(),
            cluster: Arc::clone(&self.cluster),
            labels: self.settings.labels.clone(),
            annotations: self.settings.annotations.clone(),
            lists: Arc::new(Semaphore::new(LISTS_AT_ONCE)),
        };
        let kinds = self.settings.kinds.iter().map(|kind| Arc::new(watching.watch(kind, &mut watches)));
        let is_complete = self.settings.custom.is_empty();
        let watched = Arc::new(Mutex::new(AllWatched { kinds: kinds.collect(), is_complete }));
        if !is_complete {
            let custom = CustomKinds {
                state: self.settings.custom.clone(),
                cluster: Arc::clone(&self.cluster),
                watching,
                watched: Arc::clone(&watched),
            };
            watches.spawn(custom.run());
        }
        let mut writer = self.writer();
        loop {
            let at = next_tick(clock::now(), self.settings.interval);
            tokio::time::sleep(since(clock::now(), at)).await;
            let watched = watched.lock().clone();
            let write = tokio::task::spawn_blocking(move || {
                writer.write(&watched, at);
                writer
            });
            writer = match write.await {
                Ok(writer) => writer,
                Err(error) => {
                    warn!(err = &error as &dyn std::error::Error, "writing the cluster's metrics panicked");
                    self.writer()
                }
            };
        }
    }

    fn writer(&self) -> Writer {
        Writer::new(Arc::clone(&self.appender), Arc::clone(&self.queryable))
    }

    /// It is another's turn: what we wrote ends here.
    async fn end(&self) {
        let writer = self.writer();
        let ended = tokio::task::spawn_blocking(move || writer.end_running(clock::now()));
        if let Err(error) = ended.await {
            warn!(err = &error as &dyn std::error::Error, "ending the cluster's metrics panicked");
        }
    }
}

/// What every watch of a kind needs.
struct Watching {
    witness: Option<Witness>,
    cluster: Arc<Cluster>,
    labels: AllowList,
    annotations: AllowList,
    /// So many lists at once are in memory.
    lists: Arc<Semaphore>,
}

impl Watching {
    /// Begins to watch a kind.
    fn watch(&self, kind: &Kind, watches: &mut JoinSet<()>) -> Watched {
        let watched = Watched { kind: kind.clone(), collection: Arc::default(), counts: Arc::default() };
        let watch = KindWatch {
            kind: kind.clone(),
            witness: self.witness.clone().filter(|_| kind.group.is_empty() && kind.resource == "pods"),
            cluster: Arc::clone(&self.cluster),
            projector: Projector::new(kind, &self.labels, &self.annotations),
            collection: Arc::clone(&watched.collection),
            counts: Arc::clone(&watched.counts),
            lists: Arc::clone(&self.lists),
            is_refused: false,
        };
        let cluster = Arc::clone(&self.cluster);
        watches.spawn(async move { cluster.follow(watch).await });
        watched
    }
}

/// The next time after `now` that is a multiple of `interval`.
fn next_tick(now: Timestamp, interval: Duration) -> Timestamp {
    let interval = i64::try_from(interval.as_millis()).unwrap_or(i64::MAX).max(1);
    Timestamp::from_millis((now.millis().div_euclid(interval) + 1).saturating_mul(interval))
}

fn since(now: Timestamp, until: Timestamp) -> Duration {
    Duration::from_millis(u64::try_from(until.millis() - now.millis()).unwrap_or_default())
}

fn host() -> String {
    nix::unistd::gethostname()
        .ok()
        .and_then(|name| name.into_string().ok())
        .unwrap_or_else(|| "crowsnest".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_on_the_clock() {
        let tick = |now| next_tick(Timestamp::from_millis(now), Duration::from_secs(15)).millis();
        assert_eq!((tick(0), tick(14_999), tick(15_000)), (15_000, 15_000, 30_000));
    }

    #[test]
    fn secrets_are_watched_only_where_somebody_says_so() {
        assert!(!default_kinds().iter().any(|kind| kind.resource == "secrets"));
        assert_eq!(default_kinds().len(), KINDS.len() - 1);
    }
}
