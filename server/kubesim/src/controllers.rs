//! What makes a cluster live: controllers, a scheduler, and kubelets that only pretend to run containers.
//!
//! Each is a function over the store that does what can be done now and leaves the rest for the next step. None keeps
//! state of its own: how far a pod has come stands in its status, and time is handed in, so that a test steps through
//! minutes without waiting.

mod cron_job;
mod daemon_set;
mod deployment;
mod endpoints;
mod events;
mod job;
pub(crate) mod kubelet;
pub(crate) mod node;
mod pods;
mod replica_set;
mod scheduler;
mod stateful_set;
mod status;
mod volume;

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use serde_json::Value;

use crate::{
    clock::seconds,
    cluster::{Cluster, State},
    kind::Kind,
    object,
};

/// How often the cluster takes a step.
const STEP: Duration = Duration::from_millis(250);
/// Controllers that follow from each other's changes run again within one step, this often at most.
const ROUNDS: usize = 8;

/// A controller, and when there may be something to do for it.
struct Controller {
    run: fn(&mut Step<'_>),
    /// The tables that its decisions follow from.
    reads: &'static [&'static str],
    /// How often it acts by the clock alone; never if zero.
    every_seconds: i64,
}

const fn row(run: fn(&mut Step<'_>), reads: &'static [&'static str], every_seconds: i64) -> Controller {
    Controller { run, reads, every_seconds }
}

/// In the order in which changes pass through a cluster.
const CONTROLLERS: &[Controller] = &[
    row(node::run, &["nodes"], 1),
    row(cron_job::run, &["cronjobs.batch", "jobs.batch"], 1),
    row(deployment::run, &["deployments.apps", "replicasets.apps"], 10),
    row(replica_set::run, &["replicasets.apps", "replicationcontrollers", "pods"], 0),
    row(stateful_set::run, &["statefulsets.apps", "persistentvolumeclaims", "pods"], 0),
    row(daemon_set::run, &["daemonsets.apps", "nodes", "pods"], 0),
    row(job::run, &["jobs.batch", "pods"], 0),
    row(volume::run, &["persistentvolumeclaims", "storageclasses.storage.k8s.io"], 1),
    row(scheduler::run, &["pods", "nodes"], 0),
    row(kubelet::run, &["pods", "nodes"], 1),
    row(endpoints::run, &["services", "pods", "endpointslices.discovery.k8s.io", "endpoints"], 0),
    row(status::run, &["poddisruptionbudgets.policy", "resourcequotas", "pods"], 0),
    row(events::expire, &[], 60),
];

/// What each controller had seen when it last ran: a settled cluster costs next to nothing.
#[derive(Debug)]
pub(crate) struct Seen(Vec<Look>);

impl Default for Seen {
    fn default() -> Seen {
        Seen(vec![Look::default(); CONTROLLERS.len()])
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Look {
    revision: u64,
    second: i64,
}

/// What a controller works with: the state, and the time of this step.
pub(crate) struct Step<'s> {
    pub(crate) state: &'s mut State,
    pub(crate) now: Timestamp,
}

/// Takes steps until the cluster ends.
pub(crate) async fn keep_running(cluster: Arc<Cluster>) {
    let mut ending = cluster.ending.subscribe();
    let mut ticks = tokio::time::interval(STEP);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ending.changed() => return,
            _ = ticks.tick() => take_step(&cluster).await,
        }
    }
}

/// Lets every controller do what it can do now. Requests are answered between them.
async fn take_step(cluster: &Cluster) {
    for _ in 0..ROUNDS {
        let before = cluster.lock().store.revision();
        for controller in CONTROLLERS.iter().enumerate() {
            run_if_due(&mut cluster.lock(), controller, cluster.now());
            tokio::task::yield_now().await;
        }
        if cluster.lock().store.revision() == before {
            return;
        }
    }
}

/// Lets every controller do what it can do now.
#[cfg(test)]
pub(crate) fn step(state: &mut State, now: Timestamp) {
    for _ in 0..ROUNDS {
        let before = state.store.revision();
        for controller in CONTROLLERS.iter().enumerate() {
            run_if_due(state, controller, now);
        }
        if state.store.revision() == before {
            return;
        }
    }
}

fn run_if_due(state: &mut State, (index, controller): (usize, &Controller), now: Timestamp) {
    if is_due(state, index, controller, now) {
        (controller.run)(&mut Step { state, now });
    }
}

/// Whether a controller has to look again; notes that it does.
fn is_due(state: &mut State, index: usize, controller: &Controller, now: Timestamp) -> bool {
    let newest = controller.reads.iter().map(|table| state.store.newest(table)).max().unwrap_or(0);
    let revision = state.store.revision();
    let second = now.as_second();
    let Some(look) = state.seen.0.get_mut(index) else { return true };
    let by_clock = controller.every_seconds > 0 && second - look.second >= controller.every_seconds;
    if !by_clock && newest <= look.revision {
        return false;
    }
    *look = Look { revision, second };
    true
}

impl Step<'_> {
    /// Now, as objects have it.
    fn now_text(&self) -> String {
        seconds(self.now)
    }

    /// All objects of a table, with their keys.
    fn all(&self, table: &str) -> Vec<(String, Arc<Value>)> {
        self.within(table, "")
    }

    /// The objects of a table that `wanted` picks: nothing is copied for the others.
    fn select(&self, table: &str, wanted: impl Fn(&Value) -> bool) -> Vec<(String, Arc<Value>)> {
        self.state
            .store
            .list(table, "")
            .filter(|(_, object)| wanted(object))
            .map(|(key, object)| (key.to_owned(), Arc::clone(object)))
            .collect()
    }

    /// The objects of a table in one namespace.
    fn within(&self, table: &str, namespace: &str) -> Vec<(String, Arc<Value>)> {
        let prefix = if namespace.is_empty() { String::new() } else { format!("{namespace}/") };
        self.state
            .store
            .list(table, &prefix)
            .map(|(key, object)| (key.to_owned(), Arc::clone(object)))
            .collect()
    }

    /// The objects of a table that `owner` controls.
    fn owned(&self, table: &str, owner: &Value) -> Vec<(String, Arc<Value>)> {
        self.state
            .store
            .owned(table, object::uid(owner))
            .map(|(key, object)| (key.to_owned(), Arc::clone(object)))
            .collect()
    }

    /// The kind whose objects a table stores.
    fn kind(&self, table: &str) -> Option<Arc<Kind>> {
        self.state
            .registry
            .kinds()
            .find(|kind| kind.table == table && kind.stored_as == kind.api_version())
            .cloned()
    }

    /// Stores an object if it differs from what is stored.
    fn write(&mut self, table: &str, key: &str, object: Value) {
        if self.state.store.get(table, key).is_some_and(|stored| *stored == object) {
            return;
        }
        if let Some(kind) = self.kind(table) {
            self.state.put(&kind, key, object);
        }
    }

    /// Replaces the status of an object.
    fn write_status(&mut self, table: &str, key: &str, object: &Value, status: Value) {
        let mut object = object.clone();
        object::set(&mut object, &["status"], status);
        self.write(table, key, object);
    }

    /// Makes an object: fills in what the API server would, and owns it by `owner`.
    fn create(&mut self, table: &str, owner: Option<&Value>, mut object: Value) {
        let Some(kind) = self.kind(table) else { return };
        object::set(&mut object, &["apiVersion"], kind.stored_as.as_str());
        object::set(&mut object, &["kind"], kind.kind.as_str());
        let uid = self.state.random.uid();
        object::set(&mut object, &["metadata", "uid"], uid);
        object::set(&mut object, &["metadata", "creationTimestamp"], self.now_text());
        if kind.has_generation() {
            object::set(&mut object, &["metadata", "generation"], 1);
        }
        if let Some(owner) = owner {
            object::set(
                &mut object,
                &["metadata", "ownerReferences"],
                serde_json::json!([owner_reference(owner)]),
            );
        }
        crate::defaults::apply(&kind, &mut object);
        let key = kind.key(object::namespace(&object), object::name(&object));
        self.state.put(&kind, &key, object);
    }

    fn remove(&mut self, table: &str, key: &str) {
        if let Some(kind) = self.kind(table) {
            self.state.remove(&kind, key);
        }
    }

    /// Whole seconds since a time in an object; `None` if there is none.
    fn seconds_since(&self, stamp: &str) -> Option<i64> {
        let at: Timestamp = stamp.parse().ok()?;
        Some(self.now.as_second() - at.as_second())
    }
}

fn owner_reference(owner: &Value) -> Value {
    serde_json::json!({
        "apiVersion": object::text(owner, &["apiVersion"]), "kind": object::text(owner, &["kind"]),
        "name": object::name(owner), "uid": object::uid(owner), "controller": true, "blockOwnerDeletion": true,
    })
}

/// A short name for the content of a template, as generated names carry it.
fn content_hash(value: &Value) -> String {
    let digest = openssl::sha::sha256(value.to_string().as_bytes());
    let seed = digest.first_chunk::<8>().copied().map_or(0, u64::from_le_bytes);
    crate::clock::Random::new(seed).suffix(10)
}

#[cfg(test)]
mod tests;
