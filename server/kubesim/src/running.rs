//! Starting a simulated cluster, and holding on to it.

use std::{io, net::SocketAddr, sync::Arc};

use openssl::{error::ErrorStack, pkey::PKey};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    asked::Asked,
    chaos::Chaos,
    cluster::{Cluster, FRONT_PROXY},
    controllers, http,
    identity::{
        oidc::Issuer,
        token::{Claims, ISSUER, TokenSigner},
    },
    kubeconfig::{Credential, kubeconfig, public_kubeconfig},
    kubelet, object,
    options::{Life, Options},
    pki::{self, Authority, ClientCertificate},
    seed,
};

/// Why a simulated cluster cannot start, or a credential not be made.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A certificate, key or token cannot be made.
    #[error("cannot make a certificate or token")]
    Crypto(#[from] ErrorStack),
    /// An object of the starting state has a kind that is not served.
    #[error("object {name:?} has the unknown kind {kind:?} of {api_version:?}")]
    UnknownKind {
        /// Its `apiVersion`.
        api_version: String,
        /// Its `kind`.
        kind: String,
        /// Its `metadata.name`.
        name: String,
    },
    /// There is no such ServiceAccount.
    #[error("there is no ServiceAccount {namespace}/{name}")]
    NoServiceAccount {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
}

/// The simulated API server.
#[derive(Clone, Copy, Debug)]
pub struct KubeSim;

impl KubeSim {
    /// Starts a cluster and its API server on the current tokio runtime.
    ///
    /// # Errors
    /// When the address is taken, keys cannot be made, or the starting objects are of unknown kinds.
    pub async fn start(options: Options) -> Result<Running, StartError> {
        let now = options.clock.now().as_second();
        let (authority, front_proxy) =
            (Authority::new("kubernetes", now)?, Authority::new("front-proxy-ca", now)?);
        let state = seed::state(
            &options,
            &seed::Believed { client_ca: authority.pem()?, proxy_ca: front_proxy.pem()? },
        )?;
        let token_key = match &options.token_key_pem {
            Some(pem) => PKey::private_key_from_pem(pem.as_bytes())?,
            None => pki::new_key()?,
        };
        let tokens = TokenSigner::new(token_key);
        let cluster = Arc::new(Cluster::new(state, &options, authority, front_proxy, tokens));
        let acceptor = http::acceptor(&cluster)?;
        let listen_error = |source| StartError::Listen { address: options.listen, source };
        let listener = TcpListener::bind(options.listen).await.map_err(listen_error)?;
        let address = listener.local_addr().map_err(listen_error)?;
        cluster.set_port(address.port());
        let ca_pem = cluster.authority.pem()?;
        if options.tells_address {
            let (told, now) = (public_kubeconfig(&format!("https://{address}"), &ca_pem), cluster.now_text());
            seed::tell_address(&mut cluster.lock(), &told, &now);
        }
        if options.life == Life::Running {
            tokio::spawn(controllers::keep_running(Arc::clone(&cluster)));
        }
        let server = tokio::spawn(http::serve(Arc::clone(&cluster), listener, acceptor));
        Ok(Running { address, ca_pem, cluster, server })
    }
}

/// A running cluster. It ends when this is dropped.
pub struct Running {
    address: SocketAddr,
    ca_pem: String,
    cluster: Arc<Cluster>,
    server: JoinHandle<()>,
}

impl Running {
    /// Takes the id-tokens of an OpenID Connect issuer that are for a client, signed with this RSA key (PEM), from now on.
    ///
    /// # Errors
    /// When the key is none.
    pub fn trust_issuer(&self, issuer: &str, client_id: &str, key_pem: &str) -> Result<(), StartError> {
        *self.cluster.issuer.lock() = Some(Issuer::new(issuer, client_id, key_pem)?);
        Ok(())
    }

    /// The address that it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `https://127.0.0.1:…`, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// The certificate authority of the server and of client certificates.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// A certificate that signs in as `user` in `groups`, valid for a year.
    ///
    /// # Errors
    /// When OpenSSL refuses, for instance a name that is too long.
    pub fn client_certificate(&self, user: &str, groups: &[&str]) -> Result<ClientCertificate, StartError> {
        Ok(self.cluster.authority.client(user, groups, self.cluster.now().as_second())?)
    }

    /// The certificate that the API server shows where it passes requests on to servers behind it.
    ///
    /// # Errors
    /// When OpenSSL refuses.
    pub fn front_proxy_certificate(&self) -> Result<ClientCertificate, StartError> {
        Ok(self.cluster.front_proxy.client(FRONT_PROXY, &[], self.cluster.now().as_second())?)
    }

    /// A token of a ServiceAccount, valid for `seconds`.
    ///
    /// # Errors
    /// When there is no such ServiceAccount.
    pub fn token(&self, namespace: &str, name: &str, seconds: i64) -> Result<String, StartError> {
        let mut state = self.cluster.lock();
        let Some(account) = state.store.get("serviceaccounts", &format!("{namespace}/{name}")) else {
            return Err(StartError::NoServiceAccount {
                namespace: namespace.to_owned(),
                name: name.to_owned(),
            });
        };
        let now = self.cluster.now().as_second();
        let claims = Claims {
            namespace: namespace.to_owned(),
            service_account: name.to_owned(),
            uid: object::uid(&account).to_owned(),
            id: state.random.uid(),
            audiences: vec![ISSUER.to_owned()],
            issued: now,
            expires: now + seconds,
        };
        Ok(self.cluster.tokens.sign(&claims)?)
    }

    /// A kubeconfig file for a client certificate of `system:masters`, certificates included.
    ///
    /// # Errors
    /// When OpenSSL refuses.
    pub fn admin_kubeconfig(&self) -> Result<String, StartError> {
        let client = self.client_certificate("kubernetes-admin", &["system:masters"])?;
        let credential = Credential::Certificate(&client);
        Ok(kubeconfig(&self.url(), &self.ca_pem, "kubernetes-admin", "default", &credential))
    }

    /// A kubeconfig file for a ServiceAccount, with a token that is valid for `seconds` and the account's namespace as
    /// the one that clients start in. The demo has `crowsnest/admin-user` and `shop/viewer`.
    ///
    /// # Errors
    /// When there is no such ServiceAccount.
    pub fn kubeconfig(&self, namespace: &str, name: &str, seconds: i64) -> Result<String, StartError> {
        let token = self.token(namespace, name, seconds)?;
        Ok(kubeconfig(&self.url(), &self.ca_pem, name, namespace, &Credential::Token(&token)))
    }

    /// Makes things go wrong from now on, or right again. From outside: `PUT /kubesim/chaos`.
    pub fn set_chaos(&self, chaos: Chaos) {
        self.cluster.chaos.send_replace(chaos);
    }

    /// Ends all watches, as an API server does that restarts.
    pub fn drop_watches(&self) {
        self.cluster.drop_watches();
    }

    /// Lets an address of the cluster, such as `10.244.1.7:8443`, lead to a socket of this machine: what the API server's
    /// proxies reach when a Service has an endpoint there. All other addresses lead nowhere.
    pub fn route(&self, address: &str, to: SocketAddr) {
        self.cluster.set_route(address, to);
    }

    /// A page of the kubelet of a node: `metrics`, `metrics/cadvisor` or `stats/summary`; none if there is no such page, no
    /// such node, or the node gives no sign of life now.
    #[must_use]
    pub fn kubelet_page(&self, node: &str, path: &str) -> Option<String> {
        let (state, now) = (self.cluster.lock(), self.cluster.now());
        state.store.get("nodes", node).filter(|node| !controllers::node::is_silent(node, now))?;
        match kubelet::page(&state.store, node, path, now)? {
            kubelet::Page::Text(text) => Some(text),
            kubelet::Page::Json(value) => Some(value.to_string()),
        }
    }

    /// What access control was asked so far, the newest last: by requests, and by reviews of access.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.cluster.asked.all()
    }

    /// Ends the server and its connections, watches included.
    pub async fn shutdown(mut self) {
        self.cluster.ending.send_replace(true);
        let _ = (&mut self.server).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.cluster.ending.send_replace(true);
        self.server.abort();
    }
}
