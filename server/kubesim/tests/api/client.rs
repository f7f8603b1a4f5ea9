//! A plain HTTPS client with the recorded identities: no header is added that was not recorded.

use std::{collections::HashMap, net::SocketAddr, pin::Pin, time::Duration};

use crowsnest_kubesim::{ClientCertificate, Running};
use http::{Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper_util::rt::TokioIo;
use openssl::{
    pkey::PKey,
    ssl::{Ssl, SslContext, SslMethod, SslVerifyMode},
    x509::{X509, store::X509StoreBuilder},
};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_openssl::SslStream;
use tokio_tungstenite::{WebSocketStream, tungstenite::protocol::Role};

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Longer than any replayed watch or stream lasts, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(60);

/// Sends requests as the recorded identities.
pub(crate) struct Client {
    address: SocketAddr,
    ca_pem: String,
    anonymous: SslContext,
    contexts: HashMap<&'static str, SslContext>,
    tokens: HashMap<&'static str, String>,
}

/// What to send.
pub(crate) struct Request<'r> {
    pub(crate) sender: &'r str,
    pub(crate) method: &'r str,
    pub(crate) path: &'r str,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

/// An answer that has been read to its end.
pub(crate) struct Answer {
    pub(crate) status: u16,
    bytes: Bytes,
}

/// A WebSocket through the server, and how it was agreed upon; the body of a refusal.
pub(crate) type Upgraded =
    (http::response::Parts, Result<WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>, Bytes>);

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
            ca_pem: ca.to_owned(),
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

    /// The token of a sender that has one.
    pub(crate) fn token(&self, sender: &str) -> &str {
        self.tokens.get(sender).map_or("", String::as_str)
    }

    /// Sends a request and reads the answer to its end.
    pub(crate) async fn send(&self, request: Request<'_>) -> Result<Answer, BoxError> {
        let context = self.contexts.get(request.sender).unwrap_or(&self.anonymous);
        self.send_over(context, request).await
    }

    /// Sends a request with a client certificate of its own.
    pub(crate) async fn send_with(
        &self,
        certificate: &ClientCertificate,
        request: Request<'_>,
    ) -> Result<Answer, BoxError> {
        self.send_over(&context(&self.ca_pem, Some(certificate)), request).await
    }

    async fn send_over(&self, context: &SslContext, request: Request<'_>) -> Result<Answer, BoxError> {
        let answer = tokio::time::timeout(PATIENCE, async {
            let response = self.exchange(context, request).await?;
            let status = response.status().as_u16();
            Ok::<_, BoxError>(Answer { status, bytes: response.into_body().collect().await?.to_bytes() })
        });
        answer.await?
    }

    /// Opens a WebSocket; a request's own headers say all that there is to it but what every WebSocket has.
    pub(crate) async fn upgrade(&self, mut request: Request<'_>) -> Result<Upgraded, BoxError> {
        let context = self.contexts.get(request.sender).unwrap_or(&self.anonymous);
        for (name, value) in [
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("Sec-WebSocket-Version", "13"),
        ] {
            request.headers.push((name.to_owned(), value.to_owned()));
        }
        let opened = tokio::time::timeout(PATIENCE, async {
            let mut response = self.exchange(context, request).await?;
            let upgrade = hyper::upgrade::on(&mut response);
            let (head, body) = response.into_parts();
            if head.status != StatusCode::SWITCHING_PROTOCOLS {
                return Ok((head, Err(body.collect().await?.to_bytes())));
            }
            let upgraded = TokioIo::new(upgrade.await?);
            Ok((head, Ok(WebSocketStream::from_raw_socket(upgraded, Role::Client, None).await)))
        });
        opened.await?
    }

    async fn exchange(
        &self,
        context: &SslContext,
        request: Request<'_>,
    ) -> Result<Response<Incoming>, BoxError> {
        let stream = self.connect(context).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection.with_upgrades());
        let mut head = http::Request::builder()
            .method(request.method)
            .uri(request.path)
            .header("Host", self.address.to_string());
        for (name, value) in &request.headers {
            head = head.header(name, value);
        }
        if let Some(token) = self.tokens.get(request.sender) {
            head = head.header("Authorization", format!("Bearer {token}"));
        }
        Ok(sender.send_request(head.body(Full::new(Bytes::from(request.body)))?).await?)
    }

    async fn connect(&self, context: &SslContext) -> Result<SslStream<TcpStream>, BoxError> {
        let mut ssl = Ssl::new(context)?;
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
