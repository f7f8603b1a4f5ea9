//! The state of one simulated cluster, and what must follow from every change of it.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use parking_lot::{Mutex, MutexGuard};
use serde_json::Value;
use tokio::sync::watch;

use crate::{
    asked::Questions,
    chaos::Chaos,
    clock::{Clock, Random, seconds},
    controllers, crd,
    identity::{oidc::Issuer, token::TokenSigner},
    kind::{Kind, Registry},
    options::{Life, Options, Progress},
    pki::Authority,
    rbac,
    store::Store,
};

/// Who the API server is to servers behind it.
pub(crate) const FRONT_PROXY: &str = "front-proxy-client";

/// What requests share.
pub(crate) struct Cluster {
    state: Mutex<State>,
    clock: Arc<dyn Clock>,
    pub(crate) authority: Authority,
    /// Signs what the API server shows to servers behind it.
    pub(crate) front_proxy: Authority,
    pub(crate) tokens: TokenSigner,
    /// Becomes true when the server is to end.
    pub(crate) ending: watch::Sender<bool>,
    /// What is to go wrong.
    pub(crate) chaos: watch::Sender<Chaos>,
    /// Changes when all watches are to end.
    pub(crate) watches: watch::Sender<u64>,
    /// Whether kubelets answer for their pods.
    pub(crate) life: Life,
    /// How long a request may take that is passed on to another server.
    pub(crate) request_timeout: Duration,
    pub(crate) progress: Progress,
    /// What access control was asked.
    pub(crate) asked: Questions,
    /// Whose tokens are taken beside those of ServiceAccounts.
    pub(crate) issuer: Mutex<Option<Issuer>>,
    port: AtomicU16,
    /// What addresses of the cluster lead to on this machine.
    routes: Mutex<HashMap<String, SocketAddr>>,
}

/// What is behind the lock.
pub(crate) struct State {
    pub(crate) store: Store,
    pub(crate) registry: Registry,
    pub(crate) random: Random,
    pub(crate) seen: controllers::Seen,
}

impl Cluster {
    pub(crate) fn new(
        state: State,
        options: &Options,
        authority: Authority,
        front_proxy: Authority,
        tokens: TokenSigner,
    ) -> Cluster {
        Cluster {
            state: Mutex::new(state),
            clock: Arc::clone(&options.clock),
            authority,
            front_proxy,
            tokens,
            ending: watch::channel(false).0,
            chaos: watch::channel(Chaos::default()).0,
            watches: watch::channel(0).0,
            life: options.life,
            request_timeout: options.request_timeout,
            progress: options.progress,
            asked: Questions::default(),
            issuer: Mutex::default(),
            port: AtomicU16::new(0),
            routes: Mutex::default(),
        }
    }

    /// Ends all watches that are running.
    pub(crate) fn drop_watches(&self) {
        self.watches.send_modify(|count| *count += 1);
    }

    /// Where an address of the cluster leads to.
    pub(crate) fn route(&self, address: &str) -> Option<SocketAddr> {
        self.routes.lock().get(address).copied()
    }

    pub(crate) fn set_route(&self, address: &str, to: SocketAddr) {
        self.routes.lock().insert(address.to_owned(), to);
    }

    /// Locks the state. Never held across an await.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Now, as objects have it.
    pub(crate) fn now_text(&self) -> String {
        seconds(self.now())
    }

    /// Where the server listens; the port is known once it does.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port.load(Ordering::Relaxed))
    }

    pub(crate) fn set_port(&self, port: u16) {
        self.port.store(port, Ordering::Relaxed);
    }
}

impl State {
    /// Stores an object, in the form that it is stored in.
    pub(crate) fn put(&mut self, kind: &Kind, key: &str, stored: Value) -> Arc<Value> {
        let object = self.store.put(&kind.table, key, stored);
        self.follow(&kind.table);
        object
    }

    /// Removes an object.
    pub(crate) fn remove(&mut self, kind: &Kind, key: &str) -> Option<Arc<Value>> {
        let object = self.store.delete(&kind.table, key)?;
        self.follow(&kind.table);
        Some(object)
    }

    /// Keeps what is derived from a table in step with it.
    pub(crate) fn follow(&mut self, table: &str) {
        match table {
            crd::TABLE => {
                let kinds: Vec<Kind> = self
                    .store
                    .list(crd::TABLE, "")
                    .flat_map(|(_, definition)| crd::kinds(definition))
                    .collect();
                self.registry.set_custom(kinds);
            }
            rbac::CLUSTER_ROLES => rbac::aggregate::update(&mut self.store),
            _ => {}
        }
    }
}
