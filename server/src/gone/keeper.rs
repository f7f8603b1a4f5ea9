//! Sees pods go, and fetches what they say last while somebody still knows it.
//!
//! The API server tells a log for as long as the kubelet has the container. So it is fetched when a pod begins to end, and again with
//! each change after that; what was fetched last counts.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crowsnest_api::cluster::{Kind, ObjectName, Scope};
use crowsnest_api::gone::LastLines;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::{mpsc, watch};
use tracing::{debug, warn};

use super::{Body, GonePods, Head};
use crate::clock;
use crate::cluster::{As, Cluster, Form, Path};

/// Pods that wait to be looked at; of more than that at once, some leave nothing behind.
const QUEUE: usize = 512;
/// Lines of each container, and their bytes.
const LINES: &str = "1000";
const LIMIT: &str = "262144";
/// Containers of one pod whose lines are kept.
const MAX_CONTAINERS: usize = 8;
/// Bytes of lines that are held of pods that are ending, until they are gone; past them the oldest are let go.
const MAX_HELD: usize = 8 << 20;
/// A log is not waited for longer.
const PATIENCE: Duration = Duration::from_secs(5);
/// The largest state that is kept.
const MAX_STATE: usize = 256 << 10;

/// What is seen of a pod.
pub(crate) enum Seen {
    /// It is about to end, or its containers have.
    Ending(Vec<u8>),
    /// It is no more.
    Gone(Vec<u8>),
}

/// Where the watch of pods tells what it sees. Cheap to copy.
#[derive(Clone)]
pub(crate) struct Witness(mpsc::Sender<Seen>);

#[derive(Deserialize)]
struct Glance {
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    status: Phase,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metadata {
    name: String,
    namespace: String,
    uid: String,
    deletion_timestamp: Option<serde::de::IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Phase {
    phase: String,
}

impl Witness {
    /// The pod has changed.
    pub(crate) fn changed(&self, json: &[u8]) {
        let is_ending = serde_json::from_slice::<Glance>(json).is_ok_and(|pod| {
            pod.metadata.deletion_timestamp.is_some() || matches!(&*pod.status.phase, "Succeeded" | "Failed")
        });
        if is_ending {
            self.tell(Seen::Ending(json.to_vec()));
        }
    }

    /// The pod is no more.
    pub(crate) fn gone(&self, json: &[u8]) {
        self.tell(Seen::Gone(json.to_vec()));
    }

    fn tell(&self, seen: Seen) {
        if self.0.try_send(seen).is_err() {
            debug!("more pods end at once than can be kept");
        }
    }
}

/// Keeps what is seen.
pub(crate) struct Keeper {
    store: Arc<GonePods>,
    cluster: Arc<Cluster>,
    keeps_logs: bool,
    seen: mpsc::Receiver<Seen>,
    /// The last lines of pods that are ending, by uid.
    ending: VecDeque<(String, Vec<LastLines>)>,
    /// Whether it was said that logs may not be read.
    said: bool,
}

impl Keeper {
    pub(crate) fn new(store: Arc<GonePods>, cluster: Arc<Cluster>, keeps_logs: bool) -> (Self, Witness) {
        let (tell, seen) = mpsc::channel(QUEUE);
        (Self { store, cluster, keeps_logs, seen, ending: VecDeque::new(), said: false }, Witness(tell))
    }

    /// Runs until `stopped`.
    pub(crate) async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        loop {
            let seen = tokio::select! {
                _ = stopped.wait_for(|stop| *stop) => return,
                seen = self.seen.recv() => seen,
            };
            match seen {
                Some(Seen::Ending(json)) if self.keeps_logs => self.fetch(&json).await,
                Some(Seen::Ending(_)) => {}
                Some(Seen::Gone(json)) => self.keep(json).await,
                None => return,
            }
        }
    }

    async fn fetch(&mut self, json: &[u8]) {
        let Ok(pod) = serde_json::from_slice::<Value>(json) else { return };
        let text = |path: &str| pod.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let uid = text("/metadata/uid").to_owned();
        let (Ok(kind), Ok(scope), Ok(name)) = (
            Kind::new("", "v1", "pods"),
            text("/metadata/namespace").parse::<Scope>(),
            text("/metadata/name").parse::<ObjectName>(),
        ) else {
            return;
        };
        let mut lines = Vec::new();
        for container in containers(&pod).take(MAX_CONTAINERS) {
            let path = Path::object(&kind, &scope, &name).below("log");
            let path = path.with("container", container).with("tailLines", LINES).with("limitBytes", LIMIT);
            let fetched = self.cluster.get_bytes(As::Server, &path, Form::Whole);
            match tokio::time::timeout(PATIENCE, fetched).await {
                Ok(Ok(bytes)) if !bytes.is_empty() => lines.push(LastLines {
                    container: container.to_owned(),
                    text: String::from_utf8_lossy(&bytes).into_owned(),
                }),
                Ok(Err(error)) if error.code() == Some(403) && !self.said => {
                    self.said = true;
                    let reason = error.told();
                    warn!(reason, "logs of pods that are gone are not kept: the server may not read logs");
                }
                _ => {}
            }
        }
        // What is fetched last may be less: some containers are gone before others.
        let before = self.take(&uid).unwrap_or_default();
        let lines = if lines.len() < before.len() { before } else { lines };
        self.ending.push_back((uid, lines));
        let bytes = |lines: &[LastLines]| lines.iter().map(|one| one.text.len()).sum::<usize>();
        while self.ending.iter().map(|(_, lines)| bytes(lines)).sum::<usize>() > MAX_HELD {
            self.ending.pop_front();
        }
    }

    /// The lines that are held of a pod; they are held no longer.
    fn take(&mut self, uid: &str) -> Option<Vec<LastLines>> {
        let at = self.ending.iter().position(|(known, _)| known == uid)?;
        self.ending.remove(at).map(|(_, lines)| lines)
    }

    async fn keep(&mut self, json: Vec<u8>) {
        if json.len() > MAX_STATE {
            return;
        }
        let Ok(mut pod) = serde_json::from_slice::<Value>(&json) else { return };
        let Ok(Glance { metadata, .. }) = serde_json::from_slice::<Glance>(&json) else { return };
        if let Some(metadata) = pod.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.remove("managedFields");
        }
        let logs = self.take(&metadata.uid).unwrap_or_default();
        let Metadata { name, namespace, uid, .. } = metadata;
        let head = Head { namespace, name, uid, at: clock::now().millis() };
        let store = Arc::clone(&self.store);
        // An error is a panic there, which has been told already.
        tokio::task::spawn_blocking(move || store.keep(head, &Body { pod, logs })).await.ok();
    }
}

/// The containers of a pod, those that start it last.
fn containers(pod: &Value) -> impl Iterator<Item = &str> {
    let lists = ["/spec/containers", "/spec/initContainers"];
    let all =
        lists.into_iter().flat_map(|path| pod.pointer(path).and_then(Value::as_array).into_iter().flatten());
    all.filter_map(|container| container.get("name").and_then(Value::as_str))
}
