//! TCP and TLS: a connection, and what the other side shows.

use std::pin::Pin;
use std::time::Instant;

use openssl::ssl::{SslConnector, SslMethod};
use tokio::net::TcpStream;
use tokio_openssl::SslStream;

use super::{Findings, ProbeError, host_and_port};
use crate::fetch::Fetcher;
use crowsnest_scrape::Family;

pub(super) async fn connect(
    fetcher: &Fetcher,
    target: &str,
    findings: &mut Findings,
) -> Result<(), ProbeError> {
    stream(fetcher, target, findings).await.map(drop)
}

pub(super) async fn connect_tls(
    fetcher: &Fetcher,
    target: &str,
    findings: &mut Findings,
) -> Result<(), ProbeError> {
    let (host, _) = host_and_port(target)?;
    let stream = stream(fetcher, target, findings).await?;
    let session = SslConnector::builder(SslMethod::tls_client())
        .and_then(|builder| builder.build().configure()?.into_ssl(host))
        .and_then(|session| SslStream::new(session, stream));
    let mut stream = session.map_err(|error| ProbeError::Failed(error.to_string()))?;
    let connected = Pin::new(&mut stream).connect().await;
    // What is shown counts although it may not be believed: an expired certificate is what one looks for.
    if let Some(chain) = stream.ssl().peer_cert_chain() {
        findings.certificates(chain);
    } else if let Some(certificate) = stream.ssl().peer_certificate() {
        findings.certificates([&*certificate]);
    }
    let verification = stream.ssl().verify_result().error_string();
    connected.map_err(|error| {
        ProbeError::Failed(format!("no TLS (certificate check: {verification}): {error}"))
    })?;
    let version = stream.ssl().version_str();
    let info = Family::gauge("probe_tls_version_info", "Returns the TLS version used, or NaN when unknown");
    findings.families.push(info.with(&[("version", version)], 1.0));
    Ok(())
}

async fn stream(fetcher: &Fetcher, target: &str, findings: &mut Findings) -> Result<TcpStream, ProbeError> {
    let (host, port) = host_and_port(target)?;
    let started = Instant::now();
    let addresses = fetcher.addresses(host, port).await?;
    if let Some(first) = addresses.first() {
        findings.resolved(*first, started.elapsed());
    }
    TcpStream::connect(addresses.as_slice())
        .await
        .map_err(|error| ProbeError::Failed(format!("cannot connect: {error}")))
}
