//! Bodies of `/api/crowsnest/v1/certificates`: new client certificates for users of the cluster.

use serde::{Deserialize, Serialize};

/// Days that a certificate may be asked for.
pub const MAX_DAYS: u32 = 3650;

/// Whom a certificate is to be for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MintRequest {
    /// Kubernetes' name of the user.
    pub user: String,
    /// The groups that the user is to be in.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Days that it is to be good for; the cluster may sign for less.
    pub days: u32,
}

/// A new certificate with its key. It is kept nowhere.
#[derive(Clone, Serialize, Deserialize)]
pub struct Minted {
    /// Whom the certificate names.
    pub user: String,
    /// When it ends, RFC 3339, UTC.
    pub ends: String,
    /// The PKCS #12 file, base64.
    pub p12: String,
    /// What the file is protected with.
    pub password: String,
    /// The authority that the API server is known by, PEM; none where it is a public one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
}
