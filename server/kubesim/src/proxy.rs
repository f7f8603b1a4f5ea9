//! Passing requests on to what is behind a Service, as the API server's proxies do.
//!
//! The simulated network delivers only to addresses that have been routed to a socket of this machine: whatever else
//! a client asks for, nothing is dialled.

pub(crate) mod rewrite;
mod tunnel;

use std::{error::Error, io, net::SocketAddr, pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::StreamExt;
use http::{
    HeaderMap, HeaderValue, Method, Response, StatusCode,
    header::{self, HeaderName},
};
use http_body_util::{BodyDataStream, BodyExt, Empty, Full, LengthLimitError, Limited, StreamBody};
use hyper::{
    body::{Frame, Incoming},
    upgrade::OnUpgrade,
};
use hyper_util::rt::TokioIo;
use openssl::{
    pkey::PKey,
    ssl::{Ssl, SslContext, SslMethod, SslVerifyMode},
    x509::X509,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::Instant,
};
use tokio_openssl::SslStream;

use crate::{
    api::Reply, cluster::Cluster, http::ReplyBody, pki::ClientCertificate, request, status::ApiError,
};
use rewrite::Rewrite;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The largest page whose links are rewritten.
const PAGE_LIMIT: usize = 8 * 1024 * 1024;

/// Headers of one connection, which are not passed on.
const HOP_BY_HOP: &[&str] = &[
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What Go's client calls itself where nobody else has said.
const GO: HeaderValue = HeaderValue::from_static("Go-http-client/1.1");

/// Headers that Go writes before all others but `Host`.
const FIRST: [HeaderName; 2] = [header::USER_AGENT, header::CONTENT_LENGTH];

/// A request that is on its way to a backend.
#[derive(Debug)]
pub(crate) struct Forward {
    /// Where it goes, as the cluster knows it: `10.200.0.2:8443`.
    pub(crate) address: String,
    /// Whether the backend speaks TLS. Its certificate is not checked.
    pub(crate) tls: bool,
    /// Who the API server says it is.
    pub(crate) certificate: Option<ClientCertificate>,
    pub(crate) method: Method,
    pub(crate) path_and_query: String,
    /// Without those of the client's connection, unless it is to be upgraded.
    pub(crate) headers: HeaderMap,
    pub(crate) passage: Passage,
    pub(crate) body: Bytes,
    pub(crate) rewrite: Rewrite,
    pub(crate) redirects: Redirects,
    /// How long an answer may take, body included.
    pub(crate) limit: Option<Duration>,
}

/// What passes: a request and its answer, or whatever two ends say that have agreed on another protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passage {
    Request,
    Upgrade,
}

impl Passage {
    /// What a client asks for.
    pub(crate) fn of(client: &HeaderMap) -> Passage {
        if request::wants_upgrade(client) { Passage::Upgrade } else { Passage::Request }
    }
}

/// What becomes of a backend's redirect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Redirects {
    PassedOn,
    Refused,
}

impl Forward {
    /// Sends it and answers with what comes back.
    ///
    /// Where both ends agree on another protocol, the rest of the client's connection, `upgrade`, goes to the backend.
    pub(crate) async fn send(self, cluster: &Arc<Cluster>, upgrade: OnUpgrade) -> Response<ReplyBody> {
        let address = self.address.clone();
        match self.exchange(cluster, upgrade).await {
            Ok(response) => response,
            Err(error) => {
                let problem = format!("error trying to reach service: {}", describe(&error, &address));
                crate::http::respond(Reply::error(&ApiError::unavailable(problem)))
            }
        }
    }

    async fn exchange(self, cluster: &Arc<Cluster>, upgrade: OnUpgrade) -> io::Result<Response<ReplyBody>> {
        let socket: SocketAddr =
            cluster.route(&self.address).ok_or_else(|| io::Error::from(io::ErrorKind::HostUnreachable))?;
        let deadline = self.limit.map(|limit| Instant::now() + limit);
        let stream = tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(socket)).await??;
        let mut response = if self.tls {
            let stream = handshake(stream, self.certificate.as_ref()).await?;
            self.request(stream).await?
        } else {
            self.request(stream).await?
        };
        if self.passage == Passage::Upgrade && response.status() == StatusCode::SWITCHING_PROTOCOLS {
            let backend = hyper::upgrade::on(&mut response);
            tokio::spawn(tunnel::join(Arc::clone(cluster), upgrade, backend));
            return Ok(response.map(|_| Empty::new().map_err(|never| match never {}).boxed_unsync()));
        }
        self.answer(response, deadline).await
    }

    async fn request<S>(&self, stream: S) -> io::Result<Response<Incoming>>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut builder = hyper::client::conn::http1::Builder::new();
        builder.title_case_headers(true);
        let (mut sender, connection) =
            builder.handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        tokio::spawn(connection.with_upgrades());
        let mut request = http::Request::new(Full::new(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.path_and_query.parse().map_err(io::Error::other)?;
        *request.headers_mut() = self.headers.clone();
        sender.send_request(request).await.map_err(|error| {
            let is_reset =
                error.is_incomplete_message() || io_kind(&error) == Some(io::ErrorKind::ConnectionReset);
            if is_reset { io::Error::from(io::ErrorKind::ConnectionReset) } else { io::Error::other(error) }
        })
    }

    async fn answer(
        &self,
        response: Response<Incoming>,
        deadline: Option<Instant>,
    ) -> io::Result<Response<ReplyBody>> {
        let (mut head, body) = response.into_parts();
        if head.status.is_redirection() && self.redirects == Redirects::Refused {
            let problem = "the backend attempted to redirect this request, which is not permitted";
            return Ok(crate::http::respond(Reply::text(StatusCode::BAD_GATEWAY, problem)));
        }
        for name in HOP_BY_HOP {
            head.headers.remove(*name);
        }
        if !head.headers.contains_key(header::CACHE_CONTROL) {
            head.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
        }
        let location = head.headers.get(header::LOCATION).and_then(|value| value.to_str().ok());
        if let Some(location) = location.and_then(|link| HeaderValue::try_from(self.rewrite.link(link)).ok())
        {
            head.headers.insert(header::LOCATION, location);
        }
        let media_type = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let is_page = media_type.is_some_and(|media_type| media_type.starts_with("text/html"))
            && !head.headers.contains_key(header::CONTENT_ENCODING);
        let body = if is_page {
            let page = Limited::new(body, PAGE_LIMIT).collect().await.map_err(|error| {
                if error.is::<LengthLimitError>() {
                    io::Error::other(format!("a page of more than {PAGE_LIMIT} bytes"))
                } else {
                    io::Error::other(error)
                }
            })?;
            let page = self.rewrite.page(&String::from_utf8_lossy(&page.to_bytes()));
            head.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(page.len()));
            Full::new(Bytes::from(page)).map_err(|never| match never {}).boxed_unsync()
        } else {
            let parts = BodyDataStream::new(body).map(|part| part.map(Frame::data).map_err(io::Error::other));
            match deadline {
                // A stream that is cut ends as if it were over; only its length could tell.
                Some(deadline) => {
                    let cut = parts.take_until(tokio::time::sleep_until(deadline));
                    BodyExt::boxed_unsync(StreamBody::new(cut))
                }
                None => BodyExt::boxed_unsync(StreamBody::new(parts)),
            }
        };
        Ok(Response::from_parts(head, body))
    }
}

/// TLS to a backend, as the API server's proxies do it: without a look at the certificate.
async fn handshake(
    stream: TcpStream,
    certificate: Option<&ClientCertificate>,
) -> io::Result<SslStream<TcpStream>> {
    let mut builder = SslContext::builder(SslMethod::tls_client())?;
    builder.set_verify(SslVerifyMode::NONE);
    if let Some(certificate) = certificate {
        let key = PKey::private_key_from_pem(certificate.key_pem.as_bytes())?;
        let chain = X509::from_pem(certificate.certificate_pem.as_bytes())?;
        builder.set_certificate(&chain)?;
        builder.set_private_key(&key)?;
    }
    let mut stream = SslStream::new(Ssl::new(&builder.build())?, stream)?;
    let done = tokio::time::timeout(CONNECT_TIMEOUT, Pin::new(&mut stream).connect()).await?;
    done.map_err(io::Error::other)?;
    Ok(stream)
}

/// The kind of the failure of the system behind another one.
fn io_kind(error: &(dyn Error + 'static)) -> Option<io::ErrorKind> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return Some(error.kind());
        }
        next = error.source();
    }
    None
}

/// A failure in the words of Go's network library.
fn describe(error: &io::Error, address: &str) -> String {
    match error.kind() {
        io::ErrorKind::HostUnreachable => format!("dial tcp {address}: connect: no route to host"),
        io::ErrorKind::ConnectionRefused => format!("dial tcp {address}: connect: connection refused"),
        io::ErrorKind::ConnectionReset => {
            format!("read tcp 127.0.0.1:0->{address}: read: connection reset by peer")
        }
        _ => error.to_string(),
    }
}

/// What a backend is sent: the client's headers without those that are about its connection or say who it is, and
/// `more` of the proxy's own. In the order in which Go writes them: a few first, the others by their names.
pub(crate) fn headers(client: &HeaderMap, host: &str, more: Vec<(String, String)>) -> HeaderMap {
    let passage = Passage::of(client);
    let mut all = HeaderMap::new();
    if let Ok(host) = HeaderValue::from_str(host) {
        all.insert(header::HOST, host);
    }
    for name in FIRST {
        all.extend(client.get(&name).map(|value| (name.clone(), value.clone())));
    }
    // Requests of its own Go signs; those that it passes on it leaves as they are.
    if passage == Passage::Upgrade && !all.contains_key(header::USER_AGENT) {
        all.insert(header::USER_AGENT, GO);
    }
    let mut rest: Vec<(HeaderName, HeaderValue)> = client
        .iter()
        .filter(|(name, _)| is_passed_on(name, passage))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    rest.extend(more.into_iter().filter_map(|(name, value)| {
        Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?))
    }));
    rest.sort_by(|a, b| a.0.as_str().cmp(b.0.as_str()));
    for (name, value) in rest {
        all.append(name, value);
    }
    all
}

fn is_passed_on(name: &HeaderName, passage: Passage) -> bool {
    let text = name.as_str();
    let agrees = passage == Passage::Upgrade && matches!(text, "connection" | "upgrade");
    (agrees || !HOP_BY_HOP.contains(&text))
        && !FIRST.contains(name)
        && !matches!(text, "authorization" | "host" | "x-forwarded-for")
        && !text.starts_with("x-remote-")
        && !text.starts_with("impersonate-")
}
