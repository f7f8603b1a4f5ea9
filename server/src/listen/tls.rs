//! TLS by OpenSSL: at least 1.2, HTTP/2 or HTTP/1.1, certificates exchangeable while running.

use std::pin::Pin;
use std::sync::Arc;

use anyhow::Context as _;
use arc_swap::ArcSwap;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{self, AlpnError, Ssl, SslAcceptor, SslMethod};
use openssl::x509::X509;
use tokio::net::TcpStream;
use tokio_openssl::SslStream;

/// The protocols offered, in ALPN's wire format.
const PROTOCOLS: &[u8] = b"\x02h2\x08http/1.1";

/// A certificate chain, the server's own first, and its key.
pub(crate) struct Certificate {
    pub(crate) chain: Vec<X509>,
    pub(crate) key: PKey<Private>,
}

impl Certificate {
    /// Tells certificates apart: SHA-256 of the whole chain.
    pub(crate) fn fingerprint(&self) -> Vec<u8> {
        let chain: Vec<u8> = self.chain.iter().filter_map(|one| one.to_der().ok()).flatten().collect();
        openssl::sha::sha256(&chain).to_vec()
    }
}

/// Does TLS handshakes with the newest certificate.
pub(crate) struct TlsAcceptor(ArcSwap<SslAcceptor>);

impl TlsAcceptor {
    /// An acceptor that shows `certificate`.
    pub(crate) fn new(certificate: &Certificate) -> anyhow::Result<Self> {
        Ok(Self(ArcSwap::from_pointee(build(certificate)?)))
    }

    /// Shows another certificate from the next handshake on.
    pub(crate) fn replace(&self, certificate: &Certificate) -> anyhow::Result<()> {
        self.0.store(Arc::new(build(certificate)?));
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

fn build(certificate: &Certificate) -> anyhow::Result<SslAcceptor> {
    // Mozilla's intermediate profile: TLS 1.2 with forward secrecy and AEAD ciphers, and TLS 1.3.
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
    builder.set_private_key(&certificate.key)?;
    let (own, others) = certificate.chain.split_first().context("the certificate file has no certificate")?;
    builder.set_certificate(own)?;
    for other in others {
        builder.add_extra_chain_cert(other.clone())?;
    }
    builder.check_private_key().context("the private key does not belong to the certificate")?;
    builder.set_alpn_select_callback(|_, offered| {
        ssl::select_next_proto(PROTOCOLS, offered).ok_or(AlpnError::NOACK)
    });
    Ok(builder.build())
}
