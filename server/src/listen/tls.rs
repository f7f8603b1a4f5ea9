//! TLS by OpenSSL: at least 1.2, HTTP/2 or HTTP/1.1, certificates exchangeable while running.

use std::pin::Pin;
use std::sync::Arc;

use anyhow::Context as _;
use arc_swap::ArcSwap;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{
    self, AlpnError, Ssl, SslAcceptor, SslMethod, SslOptions, SslSessionCacheMode, SslVerifyMode,
};
use openssl::x509::X509;
use tokio::net::TcpStream;
use tokio_openssl::SslStream;

/// The protocols offered, in ALPN's wire format.
const PROTOCOLS: &[u8] = b"\x02h2\x08http/1.1";

/// Certificates of a client's chain that are looked at.
const MAX_CHAIN: usize = 8;

/// A certificate chain, the server's own first, and its key.
pub(crate) struct Certificate {
    pub(crate) chain: Vec<X509>,
    pub(crate) key: PKey<Private>,
}

impl Certificate {
    /// Tells what is shown, and what is asked for, apart from others: SHA-256 of all these certificates.
    pub(crate) fn fingerprint(&self, hints: &[X509]) -> Vec<u8> {
        let all = self.chain.iter().chain(hints);
        let all: Vec<u8> = all.filter_map(|one| one.to_der().ok()).flatten().collect();
        openssl::sha::sha256(&all).to_vec()
    }
}

/// The certificate that a client has shown, and the key of which it has; not yet whether anybody believes it.
#[derive(Clone)]
pub(crate) struct ShownCertificate(Arc<[X509]>);

impl ShownCertificate {
    /// That of a connection, if there is one.
    pub(super) fn of(stream: &SslStream<TcpStream>) -> Option<Self> {
        let own = stream.ssl().peer_certificate()?;
        let others = stream.ssl().peer_cert_chain().into_iter().flatten().map(ToOwned::to_owned);
        Some(Self([own].into_iter().chain(others).take(MAX_CHAIN).collect()))
    }

    /// The certificate, and what the client has sent with it.
    pub(crate) fn chain(&self) -> &[X509] {
        &self.0
    }
}

/// Does TLS handshakes with the newest certificate.
pub(crate) struct TlsAcceptor(ArcSwap<SslAcceptor>);

impl TlsAcceptor {
    /// An acceptor that shows `certificate`, and asks clients for one of the authorities in `hints`, if there are any.
    pub(crate) fn new(certificate: &Certificate, hints: &[X509]) -> anyhow::Result<Self> {
        Ok(Self(ArcSwap::from_pointee(build(certificate, hints)?)))
    }

    /// Shows and asks for others from the next handshake on.
    pub(crate) fn replace(&self, certificate: &Certificate, hints: &[X509]) -> anyhow::Result<()> {
        self.0.store(Arc::new(build(certificate, hints)?));
        Ok(())
    }

    /// Does one handshake.
    pub(crate) async fn accept(&self, stream: TcpStream) -> anyhow::Result<SslStream<TcpStream>> {
        let ssl = Ssl::new(self.0.load().context())?;
        let mut stream = SslStream::new(ssl, stream)?;
        Pin::new(&mut stream).accept().await?;
        Ok(stream)
    }
}

fn build(certificate: &Certificate, hints: &[X509]) -> anyhow::Result<SslAcceptor> {
    // Mozilla's intermediate profile: TLS 1.2 with forward secrecy and AEAD ciphers, and TLS 1.3.
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
    builder.set_private_key(&certificate.key)?;
    let (own, others) = certificate.chain.split_first().context("the certificate file has no certificate")?;
    builder.set_certificate(own)?;
    for other in others {
        builder.add_extra_chain_cert(other.clone())?;
    }
    builder.check_private_key().context("the private key does not belong to the certificate")?;
    for authority in hints {
        builder.add_client_ca(authority)?;
    }
    if !hints.is_empty() {
        // Asked for, not demanded. Whether it is good is for the sign-in to say, which can say why.
        builder.set_verify_callback(SslVerifyMode::PEER, |_, _| true);
        // A resumed session would not show it again.
        builder.set_session_cache_mode(SslSessionCacheMode::OFF);
        builder.set_options(SslOptions::NO_TICKET);
    }
    builder.set_alpn_select_callback(|_, offered| {
        ssl::select_next_proto(PROTOCOLS, offered).ok_or(AlpnError::NOACK)
    });
    Ok(builder.build())
}
