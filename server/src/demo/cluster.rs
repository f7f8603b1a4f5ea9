//! The demo's cluster, simulated in this process.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use crowsnest_kubesim::{DemoSize, KubeSim, Options, Running};
use crowsnest_rbac::ClientCertificate;
use openssl::ec::{EcGroup, EcKey};
use openssl::nid::Nid;
use openssl::pkey::PKey;

use super::agent::NODE;
use crate::data_dir::write_private;

/// The user that kubeadm, too, makes the first certificate for.
const ADMIN: &str = "kubernetes-admin";
/// Where the cluster reaches the demo's own server, as it would a pod: Services that lead there, and so the API server's proxy and
/// its aggregation layer, work.
const SERVER_POD: &str = "10.244.255.254:8443";
/// How long tokens are good for.
const TOKEN_SECONDS: i64 = 365 * 24 * 3600;

/// A running cluster, and how to get into it.
pub(super) struct DemoCluster {
    pub(super) running: Arc<Running>,
    /// A token of the account `crowsnest/admin-user`, which may do everything.
    pub(super) token: String,
    /// A token of the account `shop/viewer`, which sees that namespace and nothing else.
    pub(super) viewer_token: String,
}

/// Where the kubeconfig file of the cluster is.
pub(super) fn kubeconfig(folder: &Path) -> PathBuf {
    folder.join("kubeconfig")
}

/// Where the administrator's client certificate is.
pub(super) fn p12(folder: &Path) -> PathBuf {
    folder.join("kubernetes-admin.p12")
}

impl DemoCluster {
    /// Starts it, and writes a kubeconfig file and a p12 file for its administrator. Tokens and sessions of an earlier run stay good:
    /// the key that signs tokens is kept.
    pub(super) async fn start(folder: &Path, p12_password: &str) -> anyhow::Result<Self> {
        let key = keep_key(&folder.join("cluster-tokens.key"))?;
        let seed = openssl::sha::sha256(key.as_bytes())
            .iter()
            .take(8)
            .fold(0, |seed, byte| (seed << 8) | u64::from(*byte));
        let options =
            Options { token_key_pem: Some(key), seed: Some(seed), ..Options::demo(DemoSize::default()) };
        let running = KubeSim::start(options).await.context("cannot start the simulated cluster")?;
        write_private(&kubeconfig(folder), running.admin_kubeconfig()?.as_bytes())?;
        let made = running.client_certificate(ADMIN, &["system:masters"])?;
        let admin = ClientCertificate::from_pem(made.certificate_pem.as_bytes(), made.key_pem.as_bytes())?;
        write_private(&p12(folder), &admin.to_pkcs12(ADMIN, p12_password)?)?;
        let token = running.token("crowsnest", "admin-user", TOKEN_SECONDS)?;
        let viewer_token = running.token("shop", "viewer", TOKEN_SECONDS)?;
        Ok(Self { running: Arc::new(running), token, viewer_token })
    }

    /// Flags with which the agent of this machine's node scrapes its kubelet, as the account of the administrator.
    pub(super) fn scraping(&self, folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
        let (ca, token) = (folder.join("cluster-ca.crt"), folder.join("cluster-token"));
        write_private(&ca, self.running.ca_pem().as_bytes())?;
        write_private(&token, self.token.as_bytes())?;
        let api = self.running.url();
        let kubelet = format!("{}/api/v1/nodes/{NODE}/proxy", api.trim_end_matches('/'));
        Ok(vec![
            "--kubelet".into(),
            kubelet.into(),
            "--kubelet-ca".into(),
            ca,
            "--kube-token-file".into(),
            token,
        ])
    }

    /// Lets the cluster reach the server.
    pub(super) fn lead_to(&self, server: SocketAddr) {
        self.running.route(SERVER_POD, server);
    }
}

fn keep_key(path: &Path) -> anyhow::Result<String> {
    match std::fs::read_to_string(path) {
        Ok(kept) if PKey::private_key_from_pem(kept.as_bytes()).is_ok() => return Ok(kept),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot read {}", path.display()));
        }
        _ => {}
    }
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    let pem = PKey::from_ec_key(EcKey::generate(&group)?)?.private_key_to_pem_pkcs8()?;
    write_private(path, &pem)?;
    Ok(String::from_utf8(pem)?)
}
