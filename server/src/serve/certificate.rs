//! Keeps the server's certificate fresh while it runs, and tells the cluster's agents which authority to trust.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crowsnest_api::cluster::{ObjectName, Scope};
use tokio::sync::watch;
use tracing::{info, warn};

use crate::cluster::{Cluster, ClusterError};
use crate::http::AppState;
use crate::listen::{Certificate, CertificateStore, TlsAcceptor};

/// How often files are looked at: cert-manager and Secrets replace them at any time.
const LOOK: Duration = Duration::from_secs(2);
/// How often the cluster is asked for its nodes, and told the authority.
const TELL: Duration = Duration::from_secs(600);
/// The same after a failure.
const TELL_AGAIN: Duration = Duration::from_secs(15);

/// What keeps the certificate.
pub(super) struct CertificateKeeper {
    store: Arc<CertificateStore>,
    tls: Arc<TlsAcceptor>,
    /// SHA-256 of the certificate that is shown.
    shown: Vec<u8>,
    /// Why the newest one cannot be shown, if it cannot.
    trouble: Option<String>,
    cluster: Option<Arc<Cluster>>,
    names_nodes: bool,
    publish_to: Option<(Scope, ObjectName)>,
    nodes: Vec<String>,
    /// When the cluster is spoken to next.
    due: Instant,
}

impl CertificateKeeper {
    /// Of a server that shows `first` now.
    pub(super) fn new(
        store: CertificateStore,
        tls: Arc<TlsAcceptor>,
        first: &Certificate,
        app: &AppState,
    ) -> Self {
        Self {
            store: Arc::new(store),
            tls,
            shown: first.fingerprint(),
            trouble: None,
            cluster: app.auth.cluster().cloned(),
            names_nodes: app.config.tls_node_names,
            publish_to: app.config.publish_ca.clone(),
            nodes: Vec::new(),
            due: Instant::now(),
        }
    }

    /// Looks again and again, until `stopped`.
    pub(super) async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                () = self.look() => {}
                _ = stopped.wait_for(|stop| *stop) => return,
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                _ = stopped.wait_for(|stop| *stop) => return,
            }
        }
    }

    async fn look(&mut self) {
        let is_due = Instant::now() >= self.due;
        let learned = if is_due { self.learn_nodes().await } else { Ok(()) };
        let changed = self.show_newest().await;
        if !is_due && !changed {
            return;
        }
        let told = match learned {
            Ok(()) => self.publish().await,
            Err(error) => Err(error),
        };
        self.due = Instant::now() + if told.is_ok() { TELL } else { TELL_AGAIN };
        if let Err(error) = told {
            warn!(error = error.told(), "cannot learn nodes' names or publish the authority; trying again");
        }
    }

    async fn learn_nodes(&mut self) -> Result<(), ClusterError> {
        if let (true, Some(cluster)) = (self.names_nodes, &self.cluster) {
            self.nodes = cluster.node_names().await?;
        }
        Ok(())
    }

    /// Shows the newest certificate; whether it is another one.
    async fn show_newest(&mut self) -> bool {
        let (store, nodes) = (Arc::clone(&self.store), self.nodes.clone());
        let newest = match tokio::task::spawn_blocking(move || store.load(&nodes)).await {
            Ok(newest) => newest,
            Err(panic) => Err(panic.into()),
        };
        let shown = newest.and_then(|newest| {
            let fingerprint = newest.fingerprint();
            let changed = fingerprint != self.shown;
            if changed {
                self.tls.replace(&newest)?;
            }
            Ok((fingerprint, changed))
        });
        match shown {
            Ok((fingerprint, changed)) => {
                self.trouble = None;
                self.shown = fingerprint;
                if changed {
                    info!("shows another certificate from now on");
                }
                changed
            }
            Err(error) => {
                let trouble = format!("{error:#}");
                if self.trouble.as_ref() != Some(&trouble) {
                    warn!(error = trouble, "cannot use the newest certificate; the old one stays");
                    self.trouble = Some(trouble);
                }
                false
            }
        }
    }

    /// Writes the authority into the ConfigMap. Nothing is written of a certificate whose authority is not known.
    async fn publish(&self) -> Result<(), ClusterError> {
        let (Some((scope, name)), Some(cluster), Some(file)) =
            (&self.publish_to, &self.cluster, self.store.ca_file())
        else {
            return Ok(());
        };
        match tokio::fs::read_to_string(&file).await {
            Ok(pem) => cluster.publish_ca(scope, name, &pem).await,
            Err(error) => {
                warn!(file = %file.display(), %error, "cannot read the authority to publish");
                Ok(())
            }
        }
    }
}
