//! Finding the API server: a kubeconfig file, or the pod that we run in.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crowsnest_rbac::ClientCertificate;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use kube::client::{Client, ConfigExt as _};
use kube::config::{AuthInfo, Config, KubeConfigOptions, Kubeconfig};
use openssl::x509::X509;
use tower::{BoxError, ServiceBuilder};

/// Connecting takes no longer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A connection whose other end has vanished without a word is noticed by its silence.
const KEEPALIVE: Duration = Duration::from_secs(20);
/// Idle connections that are kept.
const IDLE_CONNECTIONS: usize = 16;

/// Where the API server is described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ClusterSource {
    /// In a kubeconfig file: the cluster and the user of its current context.
    Kubeconfig(PathBuf),
    /// In the pod we run in: its environment and its ServiceAccount's files.
    Pod,
}

impl ClusterSource {
    /// The cluster that this process runs in, if it runs in one.
    pub(crate) fn around() -> Option<Self> {
        let token = Path::new("/var/run/secrets/kubernetes.io/serviceaccount/token");
        (std::env::var_os("KUBERNETES_SERVICE_HOST").is_some() && token.exists()).then_some(Self::Pod)
    }
}

/// Where the API server is, and how it is trusted; without any credential.
pub(super) struct Bare(Config);

impl Bare {
    /// The certificates that the API server is known by, PEM.
    pub(super) fn authority(&self) -> Option<Vec<u8>> {
        let mut pem = Vec::new();
        for der in self.0.root_cert.as_ref()? {
            pem.extend(X509::from_der(der).ok()?.to_pem().ok()?);
        }
        Some(pem)
    }

    /// Where it is, as we reach it.
    pub(super) fn url(&self) -> String {
        self.0.cluster_url.to_string().trim_end_matches('/').to_owned()
    }

    /// Whom a connection goes to, where that is over TLS: name or address, and port.
    pub(super) fn host(&self) -> Option<(String, u16)> {
        let url = &self.0.cluster_url;
        let host = url.host()?.trim_matches(['[', ']']).to_owned();
        (url.scheme_str() == Some("https")).then(|| (host, url.port_u16().unwrap_or(443)))
    }

    /// A client that brings no credential of its own.
    pub(super) fn client(&self) -> anyhow::Result<Client> {
        client(&self.0)
    }

    /// A client whose connections are a user's own.
    pub(super) fn client_of(&self, certificate: &ClientCertificate) -> anyhow::Result<Client> {
        let mut config = self.0.clone();
        config.auth_info.client_certificate_data = Some(STANDARD.encode(&certificate.chain));
        config.auth_info.client_key_data = Some(STANDARD.encode(certificate.key.reveal()).into());
        client(&config)
    }
}

/// A client with the server's own credential, and what others are made of.
pub(super) async fn connect(source: &ClusterSource) -> anyhow::Result<(Client, Bare)> {
    let own = match source {
        ClusterSource::Kubeconfig(file) => {
            read(file).await.with_context(|| format!("cannot use --kubeconfig {}", file.display()))?
        }
        ClusterSource::Pod => Config::incluster().context("cannot use this pod's ServiceAccount")?,
    };
    let mut bare = own.clone();
    bare.auth_info = AuthInfo::default();
    Ok((client(&own)?, Bare(bare)))
}

async fn read(file: &Path) -> anyhow::Result<Config> {
    let kubeconfig = Kubeconfig::read_from(file)?;
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    anyhow::ensure!(
        config.proxy_url.is_none(),
        "its cluster has a proxy-url, which is not supported; leave it out"
    );
    Ok(config)
}

/// kube's own stack retries, and reports each failure as an error of ours; whoever asks here does both better.
fn client(config: &Config) -> anyhow::Result<Client> {
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
    connector.set_keepalive(Some(KEEPALIVE));
    connector.set_keepalive_interval(Some(KEEPALIVE / 4));
    connector.set_keepalive_retries(Some(4));
    let connector = config
        .openssl_https_connector_with_connector(connector)
        .context("cannot use the certificates of the kubeconfig")?;
    let http = hyper_util::client::legacy::Client::builder(TokioExecutor::new())
        .pool_max_idle_per_host(IDLE_CONNECTIONS)
        .build(connector);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(config.auth_layer().context("cannot use the user of the kubeconfig")?)
        .map_err(BoxError::from)
        .service(http);
    Ok(Client::new(service, config.default_namespace.clone()))
}
