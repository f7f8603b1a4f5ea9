//! A client certificate for a person, signed by the cluster: what `crowsnest cert mint` and the interface share.
//!
//! The key is made here and goes to whoever asked, and nowhere else. The request is made and approved with the rights of whoever
//! asks, as `kubectl certificate approve` would; the cluster's own controller signs it.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crowsnest_rbac::{CertificateClaims, CertificateError, ClientCertificate, signing_request};
use openssl::error::ErrorStack;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::clock;
use crate::cluster::{As, Cluster, ClusterError, Form, Path};

/// The signer of certificates that the API server takes for users.
pub(crate) const SIGNER: &str = "kubernetes.io/kube-apiserver-client";
/// No signer signs for less.
pub(crate) const MIN_EXPIRY: Duration = Duration::from_secs(600);
/// How often is looked.
const PAUSE: Duration = Duration::from_millis(500);

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    /// Kubernetes' name of the user: the common name.
    pub(crate) user: String,
    /// The groups: organizations.
    pub(crate) groups: Vec<String>,
    /// How long it is to be good for; the cluster may sign for less.
    pub(crate) expires: Duration,
    /// How long the cluster may take to sign.
    pub(crate) patience: Duration,
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MintError {
    /// The API server refuses, or cannot be asked.
    #[error("{}", .0.told())]
    Cluster(ClusterError),
    /// Nobody signs.
    #[error(
        "nobody has signed {name} for {} s: this cluster has no signer {SIGNER} (EKS has none); sign in with a token \
         instead", .waited.as_secs()
    )]
    NoSigner { name: String, waited: Duration },
    /// Somebody denied it, or the signer could not.
    #[error("the cluster does not sign {name}: {why}")]
    NotSigned { name: String, why: String },
    /// What the cluster signed cannot be used.
    #[error("the cluster has signed something else: {0}")]
    Odd(String),
    /// A name that certificates have no room for, or no randomness.
    #[error("no certificate can be asked for with these names")]
    Names(#[from] ErrorStack),
}

impl From<CertificateError> for MintError {
    fn from(error: CertificateError) -> Self {
        Self::Odd(error.to_string())
    }
}

/// As much of a CertificateSigningRequest as is looked at.
#[derive(Deserialize)]
struct Request {
    metadata: Metadata,
    #[serde(default)]
    status: Status,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    certificate: String,
    conditions: Vec<Condition>,
}

#[derive(Deserialize)]
struct Condition {
    r#type: String,
    #[serde(default)]
    message: String,
}

/// Makes a key, has the cluster sign a certificate for it, and checks that it is one.
pub(crate) async fn mint(
    cluster: &Cluster,
    who: As<'_>,
    wish: &Wish,
) -> Result<(ClientCertificate, CertificateClaims), MintError> {
    let (key, request) = signing_request(&wish.user, &wish.groups)?;
    let name = ask(cluster, who, &request, wish.expires).await.map_err(MintError::Cluster)?;
    let signed = signed(cluster, who, name, wish.patience).await?;
    let certificate = ClientCertificate::from_pem(&signed, key.reveal().as_bytes())?;
    let claims = certificate.check(clock::now())?;
    Ok((certificate, claims))
}

/// Asks for a certificate, and approves it; says what the request is called.
async fn ask(
    cluster: &Cluster,
    who: As<'_>,
    request: &[u8],
    expires: Duration,
) -> Result<String, ClusterError> {
    let asked = json!({
        "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest",
        "metadata": {"generateName": "crowsnest-"},
        "spec": {
            "request": STANDARD.encode(request), "signerName": SIGNER, "usages": ["client auth"],
            "expirationSeconds": expires.as_secs(),
        },
    });
    let made: Value = cluster.create(who, &Path::signing_requests("", ""), &asked).await?;
    let Request { metadata: Metadata { name }, .. } = serde_json::from_value(made.clone())
        .map_err(|error| ClusterError::Answer(format!("of a CertificateSigningRequest: {error}")))?;
    let mut approved = made;
    let condition = json!({
        "type": "Approved", "status": "True", "reason": "CrowsnestMint",
        "message": "approved by whoever minted it with Crowsnest",
    });
    match approved.get_mut("status").and_then(Value::as_object_mut) {
        Some(status) => _ = status.insert("conditions".to_owned(), json!([condition])),
        None => {
            if let Some(object) = approved.as_object_mut() {
                object.insert("status".to_owned(), json!({"conditions": [condition]}));
            }
        }
    }
    let path = Path::signing_requests(&name, "/approval");
    let _: Value = cluster.replace(who, &path, &approved).await?;
    Ok(name)
}

/// Waits for the certificate, PEM.
async fn signed(
    cluster: &Cluster,
    who: As<'_>,
    name: String,
    patience: Duration,
) -> Result<Vec<u8>, MintError> {
    let began = Instant::now();
    loop {
        let path = Path::signing_requests(&name, "");
        let Request { status, .. } =
            cluster.get(who, &path, Form::Whole).await.map_err(MintError::Cluster)?;
        if !status.certificate.is_empty() {
            let signed = STANDARD.decode(&status.certificate);
            return signed.map_err(|_| MintError::Odd("it is not base64".to_owned()));
        }
        if let Some(end) = status.conditions.iter().find(|it| matches!(&*it.r#type, "Denied" | "Failed")) {
            return Err(MintError::NotSigned { name, why: end.message.clone() });
        }
        if began.elapsed() > patience {
            return Err(MintError::NoSigner { name, waited: patience });
        }
        tokio::time::sleep(PAUSE).await;
    }
}
