//! Bodies about the cluster itself: `/api/crowsnest/v1/cluster`, `…/certificates` and `…/bootstrap-tokens`.

use serde::{Deserialize, Serialize};

/// The longest time that a bootstrap token is made for, in hours: a week, as `kubeadm` users have at most by habit.
pub const MAX_TOKEN_HOURS: u32 = 7 * 24;
/// Characters of what a bootstrap token is described with.
pub const MAX_DESCRIPTION: usize = 200;
/// Where the Secrets of bootstrap tokens are.
pub const TOKEN_NAMESPACE: &str = "kube-system";
/// What their names begin with; the token's id follows.
pub const TOKEN_PREFIX: &str = "bootstrap-token-";
/// The value of such a Secret that must not be told.
pub const TOKEN_SECRET: &str = "token-secret";

/// `GET cluster`: what the API server says about itself to the caller.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AboutCluster {
    /// Its version, where the caller may know it.
    pub version: Option<Version>,
    /// Where users reach it, as far as the cluster tells.
    pub url: String,
    /// Whether it is alive.
    pub live: Health,
    /// Whether it is ready.
    pub ready: Health,
    /// The groups of its API, by name, with their versions; the core group's name is empty.
    pub groups: Vec<ApiGroup>,
    /// Seconds by which its clock is ahead of this server's; it tells whole seconds only.
    pub ahead_seconds: Option<f64>,
    /// What it did not tell, in its words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<String>,
}

/// The version of an API server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Version {
    /// Such as `v1.36.0`.
    pub git_version: String,
    /// Such as `linux/amd64`.
    pub platform: String,
    /// RFC 3339.
    pub build_date: String,
}

/// An answer to `/livez` or `/readyz`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// What it comes to.
    pub state: HealthState,
    /// The parts that it names.
    pub checks: Vec<Check>,
    /// Why there is no answer; empty where there is one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

/// What an answer to a question about health comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HealthState {
    /// All is well.
    Good,
    /// A part of it is not.
    Bad,
    /// The caller may not ask.
    Denied,
    /// It could not be asked.
    #[default]
    Unknown,
}

/// One part of an API server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Its name, such as `etcd` or `poststarthook/rbac/bootstrap-roles`.
    pub name: String,
    /// Whether it is well.
    pub ok: bool,
}

/// A group of the API.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiGroup {
    /// Empty for the core group.
    pub name: String,
    /// As the API server lists them, the one that it prefers first.
    pub versions: Vec<String>,
}

/// `GET certificates`: when certificates end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Certificates {
    /// What ends first comes first.
    pub certificates: Vec<Certificate>,
    /// What could not be read, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
}

/// When a certificate ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    /// What it is for.
    pub of: CertificateOf,
    /// Of an object; empty else.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// The object's name, or whom the certificate names.
    pub name: String,
    /// Who has signed it, as far as it says.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub issuer: String,
    /// Seconds since the epoch.
    pub ends: f64,
}

/// What a certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificateOf {
    /// This server's, which browsers and agents see.
    Server,
    /// Who has signed it.
    ServerAuthority,
    /// The API server's, as this server sees it.
    ApiServer,
    /// By whom the API server is known.
    ApiAuthority,
    /// What the caller is signed in with.
    Session,
    /// A `Certificate` of cert-manager.
    CertManager,
    /// In a Secret of type `kubernetes.io/tls`.
    Secret,
    /// Signed for a CertificateSigningRequest.
    SigningRequest,
}

/// `GET bootstrap-tokens`: with what new nodes may join, without what must stay secret.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BootstrapTokens {
    /// By when they end.
    pub tokens: Vec<BootstrapToken>,
    /// Why they could not be read; none where they could.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<String>,
    /// What `kubeadm join` is told beside the token; none where the cluster's authority is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub join: Option<Join>,
}

/// Where a node joins, and by what it knows that this is the right cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Join {
    /// `HOST:PORT` of the API server.
    pub endpoint: String,
    /// `sha256:…` of the public keys of the cluster's authorities.
    pub hashes: Vec<String>,
}

impl Join {
    /// The line that makes a machine a node.
    pub fn line(&self, token: &str) -> String {
        let hashes: String =
            self.hashes.iter().map(|hash| format!(" --discovery-token-ca-cert-hash {hash}")).collect();
        format!("kubeadm join {} --token {token}{hashes}", self.endpoint)
    }
}

/// A bootstrap token without its secret.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BootstrapToken {
    /// The six characters before the point.
    pub id: String,
    /// What somebody wrote about it.
    pub description: String,
    /// When it ends, in seconds since the epoch; none for one that does not end.
    pub ends: Option<f64>,
    /// What it is good for: `authentication`, `signing`.
    pub usages: Vec<String>,
    /// The groups of whoever shows it.
    pub groups: Vec<String>,
}

/// `POST bootstrap-tokens`: what is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewBootstrapToken {
    /// How long it is good for, 1 to [`MAX_TOKEN_HOURS`].
    pub hours: u32,
    /// At most [`MAX_DESCRIPTION`] characters.
    #[serde(default)]
    pub description: String,
}

/// The answer to that: the whole token, this once.
#[derive(Clone, Serialize, Deserialize)]
pub struct MadeBootstrapToken {
    /// `abcdef.0123456789abcdef`
    pub token: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_joins_by_a_line_with_every_authority() {
        let join =
            Join { endpoint: "10.0.0.1:6443".into(), hashes: vec!["sha256:aa".into(), "sha256:bb".into()] };
        assert_eq!(
            join.line("abcdef.0123456789abcdef"),
            "kubeadm join 10.0.0.1:6443 --token abcdef.0123456789abcdef --discovery-token-ca-cert-hash sha256:aa \
             --discovery-token-ca-cert-hash sha256:bb"
        );
    }
}
