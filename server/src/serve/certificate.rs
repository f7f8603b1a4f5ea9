//! Keeps the server's certificate fresh while it runs, and tells the cluster's agents which authority to trust.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crowsnest_api::cluster::{ObjectName, Scope};
use tokio::sync::watch;
use tracing::{info, warn};

use crate::cluster::{ClusterError, PAGE, RESOURCE_METRICS};
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
    /// Whom clients are to trust, PEM; empty while that is not known.
    authorities: String,
    /// Why the newest one cannot be shown, if it cannot.
    trouble: Option<String>,
    app: AppState,
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
            shown: first.fingerprint(&app.auth.trusted.hints()),
            authorities: String::new(),
            trouble: None,
            app: AppState::clone(app),
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
        let learned = if is_due { self.learn().await } else { Ok(()) };
        let changed = self.show_newest().await;
        // The next authority is to be known before it signs.
        let changed = self.read_authorities().await || changed;
        if !is_due && !changed {
            return;
        }
        let told = match learned {
            Ok(()) => self.publish().await,
            Err(error) => Err(error),
        };
        self.due = Instant::now() + if told.is_ok() { TELL } else { TELL_AGAIN };
        if let Err(error) = told {
            warn!(
                error = error.told(),
                "cannot exchange names and authorities with the cluster; trying again"
            );
        }
    }

    /// Asks the cluster for its nodes, and for whom it believes.
    async fn learn(&mut self) -> Result<(), ClusterError> {
        let Some(cluster) = self.app.auth.cluster() else { return Ok(()) };
        if self.names_nodes {
            self.nodes = cluster.node_names().await?;
        }
        let trusted = &self.app.auth.trusted;
        if trusted.asks_cluster() {
            trusted.learn(&cluster.extension_authentication().await?).map_err(ClusterError::Answer)?;
        }
        Ok(())
    }

    /// Shows the newest certificate; whether it is another one.
    async fn show_newest(&mut self) -> bool {
        let (store, nodes, hints) =
            (Arc::clone(&self.store), self.nodes.clone(), self.app.auth.trusted.hints());
        let newest = match tokio::task::spawn_blocking(move || store.load(&nodes)).await {
            Ok(newest) => newest,
            Err(panic) => Err(panic.into()),
        };
        let shown = newest.and_then(|newest| {
            let fingerprint = newest.fingerprint(&hints);
            let changed = fingerprint != self.shown;
            if changed {
                self.tls.replace(&newest, &hints)?;
            }
            Ok((fingerprint, changed))
        });
        match shown {
            Ok((fingerprint, changed)) => {
                self.trouble = None;
                self.shown = fingerprint;
                if changed {
                    info!("shows another certificate, or asks for others, from now on");
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

    /// Reads whom clients are to trust; whether that is another set.
    async fn read_authorities(&mut self) -> bool {
        let Some(file) = self.store.ca_file() else { return false };
        match tokio::fs::read_to_string(&file).await {
            Ok(pem) => {
                let changed = pem != self.authorities;
                self.authorities = pem;
                changed
            }
            Err(error) => {
                warn!(file = %file.display(), %error, "cannot read the authority to publish");
                false
            }
        }
    }

    /// Tells agents, by the ConfigMap, and the API server, by the APIService, whom to trust. Nothing is written of a certificate whose authority is not known.
    async fn publish(&self) -> Result<(), ClusterError> {
        let Some(cluster) = self.app.auth.cluster().filter(|_| !self.authorities.is_empty()) else {
            return Ok(());
        };
        if let Some((scope, name)) = &self.publish_to {
            cluster.publish_ca(scope, name, &self.authorities).await?;
        }
        let opened = self.app.auth.trusted.opened();
        for (is_open, service) in [(opened.sign_on, PAGE), (opened.metrics_api, RESOURCE_METRICS)] {
            if is_open {
                cluster.vouch_for_ourselves(service, &self.authorities).await?;
            }
        }
        Ok(())
    }
}
