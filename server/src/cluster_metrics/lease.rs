//! Whose turn it is to write, when several servers look at one cluster: a Lease, as Kubernetes' own controllers use it.
//!
//! Clocks of other machines are not trusted: a holder is gone when its Lease has not changed for as long as it lasts, by our own clock. A holder that
//! cannot reach the API server goes on until it learns that another has taken over: each writes into its own store, so that two for a
//! while do less harm than none.

use std::sync::Arc;
use std::time::Duration;

use crowsnest_api::Timestamp;
use crowsnest_api::cluster::{Kind, ObjectName, Scope};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::{info, warn};

use crate::clock;
use crate::cluster::{As, Cluster, ClusterError, Form, Path};

/// How long a Lease holds that is not renewed.
const LASTS: Duration = Duration::from_secs(15);
/// How often it is looked.
const RETRY: Duration = Duration::from_secs(2);

/// `spec` of a Lease.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    holder_identity: String,
    lease_duration_seconds: u64,
    acquire_time: Option<String>,
    renew_time: Option<String>,
    lease_transitions: u64,
}

#[derive(Deserialize)]
struct Found {
    metadata: Value,
    #[serde(default)]
    spec: Spec,
}

/// A Lease that is held or waited for.
pub(super) struct Lease {
    cluster: Arc<Cluster>,
    namespace: String,
    name: ObjectName,
    kind: Kind,
    identity: String,
    seen: Seen,
    /// Whether it was ours when we last heard of it.
    ours: bool,
    turn: watch::Sender<bool>,
}

/// What the Lease was when it last changed, and when that was seen.
#[derive(Default)]
struct Seen(Option<(Spec, Instant)>);

/// What to do about a Lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// It is ours, or nobody's any more.
    Hold,
    /// It is another's.
    Wait,
}

impl Lease {
    /// The Lease of this name; `turn` says whether it is ours.
    pub(super) fn new(
        cluster: Arc<Cluster>,
        (scope, name): (&Scope, &ObjectName),
        identity: String,
    ) -> Result<(Self, watch::Receiver<bool>), ClusterError> {
        let kind = Kind::new("coordination.k8s.io", "v1", "leases");
        let kind = kind.map_err(|error| ClusterError::Answer(error.to_string()))?;
        let (turn, turns) = watch::channel(false);
        let namespace = scope.namespace().unwrap_or_default().to_owned();
        let lease = Self {
            cluster,
            namespace,
            name: name.clone(),
            kind,
            identity,
            seen: Seen::default(),
            ours: false,
            turn,
        };
        Ok((lease, turns))
    }

    /// Holds the Lease whenever it can, until `stopped`; then gives it away.
    pub(super) async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        let mut told = false;
        while !*stopped.borrow() {
            match self.step().await {
                Ok(()) => told = false,
                Err(error) if !told => {
                    warn!(
                        reason = error.told(),
                        lease = self.name.as_str(),
                        "cannot get or renew the Lease of the cluster's metrics"
                    );
                    told = true;
                }
                Err(_) => {}
            }
            self.tell();
            tokio::time::timeout(RETRY, stopped.wait_for(|stop| *stop)).await.map(drop).ok();
        }
        self.release().await;
    }

    /// Says whose turn it is.
    fn tell(&self) {
        let ours = self.ours;
        if self.turn.send_replace(ours) != ours {
            let says = if ours {
                "this server writes the cluster's metrics"
            } else {
                "another server writes the cluster's metrics"
            };
            info!(lease = self.name.as_str(), identity = self.identity, says);
        }
    }

    async fn step(&mut self) -> Result<(), ClusterError> {
        let found = match self.cluster.get::<Found>(As::Server, &self.path()?, Form::Whole).await {
            Ok(found) => found,
            Err(error) if error.code() == Some(404) => return self.make().await,
            Err(error) => return Err(error),
        };
        if self.seen.decide(&self.identity, &found.spec, Instant::now()) == Step::Wait {
            self.ours = false;
            return Ok(());
        }
        let ours = found.spec.holder_identity == self.identity;
        let spec = if ours { self.renewal(found.spec) } else { self.takeover(&found.spec) };
        let lease = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": found.metadata, "spec": spec});
        match self.cluster.replace::<Value>(As::Server, &self.path()?, &lease).await {
            Ok(_) => self.held(spec),
            // Somebody else was quicker.
            Err(error) if error.code() == Some(409) => self.ours = false,
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Makes the Lease where there is none.
    async fn make(&mut self) -> Result<(), ClusterError> {
        let spec = self.takeover(&Spec::default());
        let lease = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": {"name": self.name.as_str(), "namespace": self.namespace}, "spec": spec});
        let leases = Path::list(&self.kind, &self.scope()?);
        match self.cluster.create::<Value>(As::Server, &leases, &lease).await {
            Ok(_) => self.held(spec),
            Err(error) if error.code() == Some(409) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Gives the Lease away, so that another need not wait for its end.
    async fn release(mut self) {
        let ours = *self.turn.borrow();
        self.turn.send_replace(false);
        if !ours {
            return;
        }
        let (Ok(path), Some((spec, _))) = (self.path(), self.seen.0.take()) else { return };
        let Ok(found) = self.cluster.get::<Found>(As::Server, &path, Form::Whole).await else { return };
        if found.spec.holder_identity == self.identity {
            let spec = Spec { holder_identity: String::new(), lease_duration_seconds: 1, ..spec };
            let lease = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": found.metadata, "spec": spec});
            // Without it the Lease ends by itself.
            self.cluster.replace::<Value>(As::Server, &path, &lease).await.ok();
        }
    }

    fn held(&mut self, spec: Spec) {
        self.ours = true;
        self.seen = Seen(Some((spec, Instant::now())));
    }

    fn renewal(&self, spec: Spec) -> Spec {
        Spec { renew_time: Some(micro_time(clock::now())), ..spec }
    }

    fn takeover(&self, spec: &Spec) -> Spec {
        let now = micro_time(clock::now());
        let first = spec.acquire_time.is_none();
        Spec {
            holder_identity: self.identity.clone(),
            lease_duration_seconds: LASTS.as_secs(),
            acquire_time: Some(now.clone()),
            renew_time: Some(now),
            lease_transitions: spec.lease_transitions + u64::from(!first),
        }
    }

    fn scope(&self) -> Result<Scope, ClusterError> {
        self.namespace
            .parse()
            .map_err(|_| ClusterError::Answer(format!("{:?} is no namespace", self.namespace)))
    }

    fn path(&self) -> Result<Path, ClusterError> {
        Ok(Path::object(&self.kind, &self.scope()?, &self.name))
    }
}

impl Seen {
    /// Takes note of a Lease, and says whether it is ours to hold.
    fn decide(&mut self, identity: &str, spec: &Spec, now: Instant) -> Step {
        if spec.holder_identity == identity || spec.holder_identity.is_empty() {
            return Step::Hold;
        }
        let since = match &self.0 {
            Some((seen, since)) if seen == spec => *since,
            _ => {
                self.0 = Some((spec.clone(), now));
                now
            }
        };
        let lasts = Duration::from_secs(spec.lease_duration_seconds);
        if now.duration_since(since) > lasts { Step::Hold } else { Step::Wait }
    }
}

/// As Kubernetes writes times with microseconds.
fn micro_time(at: Timestamp) -> String {
    let time = jiff::Timestamp::from_millisecond(at.millis()).unwrap_or_default();
    time.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_ours_when_it_is_free_or_has_not_changed_for_as_long_as_it_lasts() {
        let held = |renewed: &str| Spec {
            holder_identity: "other".into(),
            lease_duration_seconds: 15,
            renew_time: Some(renewed.into()),
            ..Spec::default()
        };
        let (mut seen, begin) = (Seen::default(), Instant::now());
        let mut at = |spec: &Spec, seconds| seen.decide("me", spec, begin + Duration::from_secs(seconds));
        assert_eq!(at(&Spec::default(), 0), Step::Hold);
        assert_eq!(at(&Spec { holder_identity: "me".into(), ..held("1") }, 0), Step::Hold);
        assert_eq!(at(&held("1"), 0), Step::Wait);
        assert_eq!(at(&held("1"), 15), Step::Wait);
        // The other's clock does not matter, only that it is heard of.
        assert_eq!(at(&held("2"), 16), Step::Wait);
        assert_eq!(at(&held("2"), 31), Step::Wait);
        assert_eq!(at(&held("2"), 32), Step::Hold);
    }

    #[test]
    fn times_are_written_as_kubernetes_writes_them() {
        assert_eq!(micro_time(Timestamp::from_millis(1_500_000_000_123)), "2017-07-14T02:40:00.123000Z");
    }
}
