//! `crowsnest cert mint`: a client certificate for a person, signed by the cluster.
//!
//! The key is made here and goes nowhere else. The request is approved with the rights of whoever runs this, as
//! `kubectl certificate approve` would; the cluster's own controller signs it.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Subcommand};
use crowsnest_rbac::{ClientCertificate, signing_request};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::clock;
use crate::cluster::{As, Cluster, ClusterError, ClusterSource, Form, Path};
use crate::data_dir::{write_private, write_public};
use crate::units::Span;

/// The signer of certificates that the API server takes for users.
const SIGNER: &str = "kubernetes.io/kube-apiserver-client";
/// How long the cluster may take to sign.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often is looked.
const PAUSE: Duration = Duration::from_millis(500);
/// What is asked for unless told otherwise; the cluster may sign for less.
const DEFAULT_EXPIRY: Duration = Duration::from_secs(365 * 24 * 3600);
/// No signer signs for less.
const MIN_EXPIRY: Duration = Duration::from_secs(600);

/// `crowsnest cert`.
#[derive(Debug, Subcommand)]
pub(crate) enum CertArgs {
    /// Has the cluster sign a client certificate, and writes it with its key as a p12 file.
    ///
    /// Beside it the cluster's CA is written (OUT.ca.crt). Needs the rights to create CertificateSigningRequests and to
    /// approve them for the signer kubernetes.io/kube-apiserver-client.
    Mint(MintArgs),
}

/// `crowsnest cert mint`.
#[derive(Clone, Debug, Args)]
pub(crate) struct MintArgs {
    /// Kubernetes' name of the user
    #[arg(long, value_name = "USER")]
    user: String,
    /// A group that the user is in; may be given several times
    #[arg(long, value_name = "GROUP")]
    group: Vec<String>,
    /// The p12 file to write; it must not exist
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// File with the password to protect it with
    #[arg(long, value_name = "FILE")]
    password_file: PathBuf,
    /// How long it is to be good for [default: 1y]
    #[arg(long, value_name = "DURATION")]
    expires: Option<Span>,
    /// File that says where the API server is and who asks; without it, the cluster that this pod runs in
    #[arg(long, env = "CROWSNEST_KUBECONFIG", value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
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

/// Does what `crowsnest cert …` says.
pub(crate) fn run(args: CertArgs) -> anyhow::Result<()> {
    let CertArgs::Mint(args) = args;
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(mint(&args))
}

async fn mint(args: &MintArgs) -> anyhow::Result<()> {
    ensure!(!args.out.exists(), "{} exists; choose another --out", args.out.display());
    let password = password(&args.password_file)?;
    let expires = args.expires.map_or(DEFAULT_EXPIRY, |Span(asked)| asked);
    ensure!(expires >= MIN_EXPIRY, "--expires: no cluster signs for less than 10m");
    let source = match &args.kubeconfig {
        Some(file) => ClusterSource::Kubeconfig(file.clone()),
        None => ClusterSource::around().context("give --kubeconfig; this is no pod of a cluster")?,
    };
    let cluster = Cluster::connect(&source).await?;
    let (key, request) = signing_request(&args.user, &args.group)?;
    let name = ask(&cluster, &request, expires).await?;
    let signed = signed(&cluster, &name).await?;
    let certificate = ClientCertificate::from_pem(&signed, key.reveal().as_bytes())?;
    let claims = certificate.check(clock::now())?;
    write_private(&args.out, &certificate.to_pkcs12(&args.user, &password)?)?;
    println!("wrote {}: {}, good until {}", args.out.display(), claims.user, clock::rfc3339(claims.ends));
    if let Some(ca) = cluster.authority() {
        let beside = args.out.with_extension("ca.crt");
        write_public(&beside, &ca)?;
        println!(
            "wrote {}: the authority that browsers must trust to reach the API server",
            beside.display()
        );
    }
    Ok(())
}

fn password(file: &std::path::Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let password = text.trim_end_matches(['\r', '\n']);
    ensure!(!password.is_empty(), "{}: the password is empty, which macOS does not take", file.display());
    Ok(password.to_owned())
}

/// Asks for a certificate, and approves it; says what the request is called.
async fn ask(cluster: &Cluster, request: &[u8], expires: Duration) -> anyhow::Result<String> {
    let asked = json!({
        "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest",
        "metadata": {"generateName": "crowsnest-"},
        "spec": {
            "request": STANDARD.encode(request), "signerName": SIGNER, "usages": ["client auth"],
            "expirationSeconds": expires.as_secs(),
        },
    });
    let made: Value = cluster
        .create(As::Server, &Path::signing_requests("", ""), &asked)
        .await
        .map_err(|error| told(&error))?;
    let Request { metadata: Metadata { name }, .. } = serde_json::from_value(made.clone())?;
    let mut approved = made;
    if let Some(status) = approved.get_mut("status").and_then(Value::as_object_mut) {
        let condition = json!({
            "type": "Approved", "status": "True", "reason": "CrowsnestMint",
            "message": "approved by whoever ran crowsnest cert mint",
        });
        status.insert("conditions".to_owned(), json!([condition]));
    }
    let path = Path::signing_requests(&name, "/approval");
    let _: Value = cluster.replace(As::Server, &path, &approved).await.map_err(|error| told(&error))?;
    Ok(name)
}

/// Waits for the certificate, PEM.
async fn signed(cluster: &Cluster, name: &str) -> anyhow::Result<Vec<u8>> {
    let began = std::time::Instant::now();
    loop {
        let path = Path::signing_requests(name, "");
        let Request { status, .. } =
            cluster.get(As::Server, &path, Form::Whole).await.map_err(|error| told(&error))?;
        if !status.certificate.is_empty() {
            return STANDARD.decode(&status.certificate).context("the signed certificate is not base64");
        }
        if let Some(end) = status.conditions.iter().find(|it| matches!(&*it.r#type, "Denied" | "Failed")) {
            bail!("the cluster does not sign {name}: {}", end.message);
        }
        if began.elapsed() > PATIENCE {
            bail!(
                "nobody has signed {name} for {} s: this cluster has no signer {SIGNER} (EKS has none); sign in with a \
                 token instead",
                PATIENCE.as_secs()
            );
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn told(error: &ClusterError) -> anyhow::Error {
    anyhow::anyhow!(error.told())
}
