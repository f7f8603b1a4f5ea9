//! A plain HTTPS client with the recorded identities: no header is added that was not recorded.

use std::{collections::HashMap, net::SocketAddr, pin::Pin, time::Duration};

use crowsnest_kubesim::{ClientCertificate, Running};
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use openssl::{
    pkey::PKey,
    ssl::{Ssl, SslContext, SslMethod, SslVerifyMode},
    x509::{X509, store::X509StoreBuilder},
};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_openssl::SslStream;

use crate::corpus::Exchange;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Longer than any replayed watch lasts.
const PATIENCE: Duration = Duration::from_secs(8);

/// Sends requests as the recorded identities.
pub(crate) struct Client {
    address: SocketAddr,
    anonymous: SslContext,
    contexts: HashMap<&'static str, SslContext>,
    tokens: HashMap<&'static str, String>,
}

/// An answer that has been read to its end.
pub(crate) struct Answer {
    pub(crate) status: u16,
    bytes: Bytes,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The body as JSON, or as a text where it is none.
    pub(crate) fn body(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| Value::String(self.text()))
    }
}

impl Client {
    pub(crate) fn new(running: &Running) -> Client {
        let ca = running.ca_pem();
        let certified = |user, groups| context(ca, Some(&running.client_certificate(user, groups).unwrap()));
        let token = |namespace, name| running.token(namespace, name, 3600).unwrap();
        Client {
            address: running.address(),
            anonymous: context(ca, None),
            contexts: [
                ("admin", certified("kubernetes-admin", &["system:masters"])),
                ("alice", certified("alice", &["devs"])),
            ]
            .into(),
            tokens: [
                ("admin-user", token("crowsnest", "admin-user")),
                ("viewer", token("shop", "viewer")),
                ("bad-token", "x.y.z".to_owned()),
            ]
            .into(),
        }
    }

    /// Sends a request and reads the answer to its end.
    pub(crate) async fn send(&self, exchange: &Exchange) -> Result<Answer, BoxError> {
        let stream = self.connect(&exchange.sender).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let mut request =
            Request::builder().method(exchange.method.as_str()).uri(&exchange.path).header("Host", "kubesim");
        for (name, value) in &exchange.headers {
            request = request.header(name, value);
        }
        if let Some(token) = self.tokens.get(exchange.sender.as_str()) {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        // Recordings have a text in the place of tokens.
        let body = match &exchange.request_body {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => {
                other.to_string().replace("<token of viewer>", self.tokens.get("viewer").map_or("", |t| t))
            }
        };
        let answer = tokio::time::timeout(PATIENCE, async {
            let response = sender.send_request(request.body(Full::new(Bytes::from(body)))?).await?;
            let status = response.status().as_u16();
            Ok::<_, BoxError>(Answer { status, bytes: response.into_body().collect().await?.to_bytes() })
        });
        answer.await?
    }

    async fn connect(&self, sender: &str) -> Result<SslStream<TcpStream>, BoxError> {
        let mut ssl = Ssl::new(self.contexts.get(sender).unwrap_or(&self.anonymous))?;
        ssl.param_mut().set_ip(self.address.ip())?;
        let mut stream = SslStream::new(ssl, TcpStream::connect(self.address).await?)?;
        Pin::new(&mut stream).connect().await?;
        Ok(stream)
    }
}

/// What connections of one identity share.
fn context(ca_pem: &str, certificate: Option<&ClientCertificate>) -> SslContext {
    let mut builder = SslContext::builder(SslMethod::tls_client()).unwrap();
    let mut trusted = X509StoreBuilder::new().unwrap();
    trusted.add_cert(X509::from_pem(ca_pem.as_bytes()).unwrap()).unwrap();
    builder.set_cert_store(trusted.build());
    builder.set_verify(SslVerifyMode::PEER);
    if let Some(certificate) = certificate {
        let key = PKey::private_key_from_pem(certificate.key_pem.as_bytes()).unwrap();
        builder.set_certificate(&X509::from_pem(certificate.certificate_pem.as_bytes()).unwrap()).unwrap();
        builder.set_private_key(&key).unwrap();
    }
    builder.build()
}
