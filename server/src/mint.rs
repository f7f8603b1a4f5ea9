//! `crowsnest cert mint`: a client certificate for a person, signed by the cluster, as a file.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::{Args, Subcommand};

use crate::clock;
use crate::cluster::{As, Cluster, ClusterSource};
use crate::data_dir::{write_private, write_public};
use crate::minting::{self, MIN_EXPIRY, Wish};
use crate::units::Span;

/// How long the cluster may take to sign.
const PATIENCE: Duration = Duration::from_secs(30);
/// What is asked for unless told otherwise; the cluster may sign for less.
const DEFAULT_EXPIRY: Duration = Duration::from_secs(365 * 24 * 3600);

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
    let wish = Wish { user: args.user.clone(), groups: args.group.clone(), expires, patience: PATIENCE };
    let (certificate, claims) = minting::mint(&cluster, As::Server, &wish).await?;
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
