//! What a simulated cluster starts from.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use serde_json::Value;

use crate::clock::{Clock, SystemClock};

/// Whether anything happens in a cluster by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// Objects stay as clients leave them.
    Still,
    /// Workloads make pods, pods find nodes and run, services find pods.
    Running,
}

/// What the storage behind the API server tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// How far it is, as etcd does.
    Told,
    /// Changes alone: whoever wants the newest state of a resource that has not changed lately waits in vain.
    Untold,
}

/// How a simulated API server is to be started. `Options::default()` is an empty cluster on a free loopback port.
#[derive(Clone)]
pub struct Options {
    /// Where to listen; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Objects that exist from the start, stored as they are: with `apiVersion`, `kind`, `metadata.name`, and, where
    /// they have them, their own `uid` and `resourceVersion`. Objects without a known kind are refused at the start.
    pub objects: Vec<Value>,
    /// The `resourceVersion` that the cluster has at its start, if the newest object's is not it.
    pub resource_version: u64,
    /// The time that timestamps and ages are written from.
    pub clock: Arc<dyn Clock>,
    /// The P-256 key (PKCS #8, PEM) that signs the tokens of ServiceAccounts; `None` makes a new one. With the same key,
    /// the same seed and the same objects, tokens outlive a restart.
    pub token_key_pem: Option<String>,
    /// What uids and name suffixes are drawn from; `None` is a different cluster at every start.
    pub seed: Option<u64>,
    /// Whether controllers, a scheduler and kubelets act on the objects.
    pub life: Life,
    /// How many changes of each resource a watch may be behind before it is told 410 Gone.
    pub history: usize,
    /// How long a request may take that the aggregation layer passes on, unless its subresource is known to be long;
    /// a minute, as `--request-timeout` of a real API server.
    pub request_timeout: Duration,
    /// What the storage tells the API server.
    pub progress: Progress,
    /// Whether the cluster tells everybody where it is, as kubeadm has it do: `cluster-info` in `kube-public`.
    pub tells_address: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            objects: Vec::new(),
            resource_version: 0,
            clock: Arc::new(SystemClock),
            token_key_pem: None,
            seed: None,
            life: Life::Still,
            history: 1024,
            request_timeout: Duration::from_secs(60),
            progress: Progress::Told,
            tells_address: false,
        }
    }
}
