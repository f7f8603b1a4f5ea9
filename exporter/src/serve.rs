//! `/metrics` over HTTP, for people and for any Prometheus.

mod certificate;

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use crowsnest_scrape::text;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use openssl::ssl::{Ssl, SslAcceptor};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};
use tokio_openssl::SslStream;

use crate::agent::Metrics;

pub(crate) use certificate::CertificateError;

/// Connections at a time; further ones wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 16;
/// For TLS and for a request's head.
const HEAD_LIMIT: Duration = Duration::from_secs(10);
/// For everything that happens on one connection; scrapers that keep theirs open simply connect again.
const CONNECTION_LIMIT: Duration = Duration::from_secs(600);

/// How `/metrics` is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// Plain HTTP.
    Plain,
    /// TLS with a certificate of our own making.
    Tls,
}

impl Security {
    /// Plain on loopback or where it was asked for, otherwise TLS.
    pub fn for_address(address: SocketAddr, insecure_allowed: bool) -> Self {
        if address.ip().is_loopback() || insecure_allowed { Self::Plain } else { Self::Tls }
    }
}

/// A listener that is bound and ready.
pub(crate) struct Server {
    listener: TcpListener,
    acceptor: Option<Arc<SslAcceptor>>,
    metrics: Arc<Metrics>,
}

impl Server {
    /// Binds `address`. With [`Security::Tls`] the certificate is taken from `state`, or made and kept there.
    pub(crate) async fn bind(
        address: SocketAddr,
        security: Security,
        state: Option<&Path>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, BindError> {
        let acceptor = match security {
            Security::Plain => None,
            Security::Tls => Some(Arc::new(certificate::acceptor(state)?)),
        };
        let listener =
            TcpListener::bind(address).await.map_err(|source| BindError::Listen { address, source })?;
        Ok(Self { listener, acceptor, metrics })
    }

    /// The address, with the port that the system chose where 0 was asked for.
    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// `http` or `https`.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.acceptor.is_some() { "https" } else { "http" }
    }

    /// Serves until the future is dropped.
    pub(crate) async fn run(self) -> Infallible {
        let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        loop {
            // The semaphore is never closed.
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { continue };
            let stream = match self.listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of file descriptors, most likely: give the others time to go.
                    tracing::warn!(err = &error as &dyn Error, "cannot accept a connection");
                    sleep(Duration::from_millis(500)).await;
                    continue;
                }
            };
            let (metrics, acceptor) = (Arc::clone(&self.metrics), self.acceptor.clone());
            tokio::spawn(async move {
                // A client that breaks off or dawdles is its own affair.
                let _ = timeout(CONNECTION_LIMIT, serve_connection(stream, acceptor, metrics)).await;
                drop(place);
            });
        }
    }
}

/// Why `/metrics` cannot be served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BindError {
    /// The address cannot be bound.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// There is no certificate.
    #[error(
        "no certificate for /metrics; on this address it is served by TLS only, unless --listen-insecure is given"
    )]
    Certificate(#[from] CertificateError),
}

async fn serve_connection(
    stream: TcpStream,
    acceptor: Option<Arc<SslAcceptor>>,
    metrics: Arc<Metrics>,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let service = service_fn(move |request| answer(request, Arc::clone(&metrics)));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_LIMIT).max_buf_size(16 << 10);
    match acceptor {
        None => http.serve_connection(TokioIo::new(stream), service).await?,
        Some(acceptor) => {
            let mut stream = SslStream::new(Ssl::new(acceptor.context())?, stream)?;
            timeout(HEAD_LIMIT, Pin::new(&mut stream).accept()).await??;
            http.serve_connection(TokioIo::new(stream), service).await?;
        }
    }
    Ok(())
}

async fn answer(
    request: Request<Incoming>,
    metrics: Arc<Metrics>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return Ok(response);
    }
    let query = request.uri().query().unwrap_or_default().to_owned();
    Ok(match request.uri().path() {
        "/metrics" => match spawn_blocking(move || metrics.page(&query)).await {
            Ok(Ok(page)) => response(StatusCode::OK, text::CONTENT_TYPE, page),
            Ok(Err(problem)) => {
                response(StatusCode::BAD_REQUEST, "text/plain; charset=utf-8", problem + "\n")
            }
            Err(_) => plain(StatusCode::SERVICE_UNAVAILABLE, "the agent is stopping\n"),
        },
        "/healthz" | "/-/healthy" | "/-/ready" => plain(StatusCode::OK, "ok\n"),
        "/" => response(StatusCode::OK, "text/html; charset=utf-8", HOME.to_owned()),
        _ => plain(StatusCode::NOT_FOUND, "there is /metrics and /healthz\n"),
    })
}

const HOME: &str = "<!doctype html><title>crowsnest-agent</title><p><a href=\"metrics\">metrics</a>\n";

fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    response(status, "text/plain; charset=utf-8", text.to_owned())
}

fn response(status: StatusCode, content_type: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_served_without_tls_unless_asked_for() {
        let secured = |address: &str, insecure| Security::for_address(address.parse().unwrap(), insecure);
        assert_eq!(secured("127.0.0.1:9100", false), Security::Plain);
        assert_eq!(secured("[::1]:9100", false), Security::Plain);
        assert_eq!(secured("0.0.0.0:9100", false), Security::Tls);
        assert_eq!(secured("192.0.2.1:9100", true), Security::Plain);
    }

    #[test]
    fn off_loopback_the_page_is_served_by_tls_with_the_kept_certificate() {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let page = runtime.block_on(async {
            let metrics = Arc::new(Metrics::for_tests());
            let any_port = "127.0.0.1:0".parse().unwrap();
            let server = Server::bind(any_port, Security::Tls, Some(folder.path()), metrics).await.unwrap();
            assert_eq!(server.scheme(), "https");
            let address = server.address().unwrap();
            let pinned = folder.path().join("metrics-cert.pem");
            tokio::spawn(server.run());
            spawn_blocking(move || fetch_by_tls(address, &pinned)).await.unwrap()
        });
        assert!(page.starts_with("HTTP/1.1 200 OK") && page.contains("crowsnest_agent_build_info"), "{page}");
    }

    /// The page as a client sees it that trusts only the certificate in `pinned`.
    fn fetch_by_tls(address: SocketAddr, pinned: &Path) -> String {
        use openssl::ssl::{SslConnector, SslMethod};
        use std::io::{Read, Write};
        let mut connector = SslConnector::builder(SslMethod::tls_client()).unwrap();
        connector.set_ca_file(pinned).unwrap();
        let stream = std::net::TcpStream::connect(address).unwrap();
        let mut stream = connector.build().connect("localhost", stream).unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
        let mut page = String::new();
        // The server closes without TLS's own goodbye at times; what came before counts.
        let _ = stream.read_to_string(&mut page);
        page
    }
}
