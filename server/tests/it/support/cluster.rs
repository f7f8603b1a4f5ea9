//! A simulated cluster in this process.

use std::path::{Path, PathBuf};

use crowsnest_kubesim::{Chaos, DemoSize, KubeSim, Life, Options, Running};
use tokio::runtime::Runtime;

/// A cluster that is there for as long as this is.
pub(crate) struct Sim {
    pub(crate) running: Running,
    // After the cluster, which needs it to the end.
    _runtime: Runtime,
    dir: tempfile::TempDir,
}

impl Sim {
    /// The demo's objects, on which nothing acts: no pods but those that tests make.
    pub(crate) fn still() -> Self {
        Self::start(Options { life: Life::Still, ..Options::demo(DemoSize::default()) })
    }

    /// Any cluster.
    pub(crate) fn start(options: Options) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let running = runtime.block_on(KubeSim::start(options)).unwrap();
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("kubeconfig"), running.admin_kubeconfig().unwrap()).unwrap();
        Self { running, _runtime: runtime, dir }
    }

    pub(crate) fn kubeconfig(&self) -> PathBuf {
        Path::new(self.dir.path()).join("kubeconfig")
    }

    /// A token of the account that may do everything.
    pub(crate) fn admin(&self) -> String {
        self.running.token("crowsnest", "admin-user", 3600).unwrap()
    }

    /// A token of the account that sees one namespace.
    pub(crate) fn viewer(&self) -> String {
        self.running.token("shop", "viewer", 3600).unwrap()
    }

    /// Whether the API server can be reached.
    pub(crate) fn cut(&self, cut: bool) {
        self.running.set_chaos(Chaos { cut, ..Chaos::default() });
    }
}
