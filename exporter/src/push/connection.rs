//! One HTTP/1.1 connection to the server, kept open between requests.

use std::io;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use crowsnest_api::remote_write::{CONTENT_TYPE, VERSION, VERSION_HEADER};
use http::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE as CONTENT_TYPE_HEADER, HOST, RETRY_AFTER, USER_AGENT,
};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_openssl::SslStream;

use super::{Target, TargetError, TokenError};

/// For name resolution, TCP and TLS together.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// From the first byte sent to the last byte of the answer.
const REQUEST_LIMIT: Duration = Duration::from_secs(30);
/// How long a kept connection may take to be ready for another request. A server that answers before it has read the
/// request, and then reads no further, keeps it from ever being ready.
const REUSE_LIMIT: Duration = Duration::from_secs(1);
/// What is read of an answer's body.
const MAX_ANSWER_BYTES: usize = 16 << 10;
/// What is kept of it for the log.
const MAX_MESSAGE_CHARS: usize = 400;

/// Sends requests, connecting when needed.
pub(super) struct Client {
    target: Target,
    connection: Option<Connection>,
}

/// A connection and the task that drives it, which ends with it: whatever the server does, nothing is left behind.
struct Connection {
    requests: SendRequest<Full<Bytes>>,
    _driver: JoinSet<()>,
}

/// What the server said.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// How long the server asks to wait, from a `Retry-After` in seconds.
    pub retry_after: Option<Duration>,
    /// The beginning of the body, on one line.
    pub message: String,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// No token.
    #[error("no bearer token")]
    Token(#[source] TokenError),
    /// The destination cannot be used.
    #[error("cannot use the server's address")]
    Target(#[source] TargetError),
    /// No connection.
    #[error("cannot connect to {authority}")]
    Connect {
        /// Host and port.
        authority: String,
        /// Why not.
        source: io::Error,
    },
    /// The server is not trusted, or does not speak TLS.
    #[error("no TLS with {authority} (certificate check: {verification})")]
    Tls {
        /// Host and port.
        authority: String,
        /// What the check of the server's certificate said, `ok` where it did not come to that.
        verification: &'static str,
        /// Why not.
        source: openssl::ssl::Error,
    },
    /// It took too long.
    #[error("{authority} did not {what} within {limit:?}")]
    Timeout {
        /// Host and port.
        authority: String,
        /// What it did not do.
        what: &'static str,
        /// The limit.
        limit: Duration,
    },
    /// The exchange broke off.
    #[error("the exchange with {authority} broke off")]
    Http {
        /// Host and port.
        authority: String,
        /// Why.
        source: hyper::Error,
    },
}

impl SendError {
    /// One word for metrics.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Token(_) => "token",
            Self::Target(_) => "target",
            Self::Connect { .. } => "connect",
            Self::Tls { .. } => "tls",
            Self::Timeout { .. } => "timeout",
            Self::Http { .. } => "http",
        }
    }
}

impl Client {
    pub(super) fn new(target: Target) -> Self {
        Self { target, connection: None }
    }

    /// Sends one body. On a kept connection that the server has closed meanwhile it is sent once more on a new one; the
    /// server takes the same samples twice without harm.
    pub(super) async fn post(
        &mut self,
        body: Bytes,
        bearer: Option<&HeaderValue>,
    ) -> Result<Answer, SendError> {
        if let Some(mut kept) = self.connection.take()
            && matches!(timeout(REUSE_LIMIT, kept.requests.ready()).await, Ok(Ok(())))
        {
            match self.exchange(kept, body.clone(), bearer).await {
                Err(SendError::Http { .. }) => {}
                result => return result,
            }
        }
        let fresh = self.connect().await?;
        self.exchange(fresh, body, bearer).await
    }

    async fn exchange(
        &mut self,
        mut connection: Connection,
        body: Bytes,
        bearer: Option<&HeaderValue>,
    ) -> Result<Answer, SendError> {
        let request = self.request(body, bearer);
        let exchange = async {
            let sent = connection.requests.send_request(request).await;
            let response = sent.map_err(|source| self.broken(source))?;
            Ok((read_answer(response).await, connection))
        };
        let ((answer, read_whole), connection) =
            timeout(REQUEST_LIMIT, exchange).await.map_err(|_| self.late("answer", REQUEST_LIMIT))??;
        // A connection in the middle of an answer cannot be used again.
        self.connection = read_whole.then_some(connection);
        Ok(answer)
    }

    fn request(&self, body: Bytes, bearer: Option<&HeaderValue>) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        // Path and authority come from a parsed URI, so both conversions hold; were they to fail, the server's 4xx
        // would say so.
        *request.uri_mut() = self.target.path.parse().unwrap_or_default();
        let headers = request.headers_mut();
        if let Ok(host) = HeaderValue::from_str(&self.target.authority) {
            headers.insert(HOST, host);
        }
        headers.insert(CONTENT_TYPE_HEADER, HeaderValue::from_static(CONTENT_TYPE));
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("snappy"));
        headers.insert(VERSION_HEADER, HeaderValue::from_static(VERSION));
        headers.insert(
            USER_AGENT,
            HeaderValue::from_static(concat!("crowsnest-agent/", env!("CARGO_PKG_VERSION"))),
        );
        if let Some(bearer) = bearer {
            headers.insert(AUTHORIZATION, bearer.clone());
        }
        request
    }

    async fn connect(&self) -> Result<Connection, SendError> {
        timeout(CONNECT_LIMIT, self.handshake())
            .await
            .map_err(|_| self.late("accept a connection", CONNECT_LIMIT))?
    }

    async fn handshake(&self) -> Result<Connection, SendError> {
        let tls = self.target.tls().map_err(SendError::Target)?;
        let address = (self.target.host.as_str(), self.target.port);
        let stream = TcpStream::connect(address)
            .await
            .map_err(|source| SendError::Connect { authority: self.target.authority.clone(), source })?;
        // Requests are written whole; waiting to fill a packet would only delay them.
        let _ = stream.set_nodelay(true);
        let Some(connector) = tls else { return self.start_http(TokioIo::new(stream)).await };
        let refused = |verification, source| {
            let authority = self.target.authority.clone();
            SendError::Tls { authority, verification, source }
        };
        let session = connector
            .configure()
            .and_then(|configuration| configuration.into_ssl(&self.target.host))
            .map_err(|stack| refused("ok", stack.into()))?;
        let mut stream = SslStream::new(session, stream).map_err(|stack| refused("ok", stack.into()))?;
        if let Err(source) = Pin::new(&mut stream).connect().await {
            return Err(refused(stream.ssl().verify_result().error_string(), source));
        }
        self.start_http(TokioIo::new(stream)).await
    }

    async fn start_http(
        &self,
        stream: impl Read + Write + Unpin + Send + 'static,
    ) -> Result<Connection, SendError> {
        let (requests, connection) = http1::handshake(stream).await.map_err(|source| self.broken(source))?;
        let mut driver = JoinSet::new();
        // Its errors surface at the request that meets them.
        driver.spawn(async { drop(connection.await) });
        Ok(Connection { requests, _driver: driver })
    }

    fn broken(&self, source: hyper::Error) -> SendError {
        SendError::Http { authority: self.target.authority.clone(), source }
    }

    fn late(&self, what: &'static str, limit: Duration) -> SendError {
        SendError::Timeout { authority: self.target.authority.clone(), what, limit }
    }
}

/// The answer, and whether its body was read to the end.
async fn read_answer(response: Response<Incoming>) -> (Answer, bool) {
    let retry_after =
        response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let status = response.status();
    let body = Limited::new(response.into_body(), MAX_ANSWER_BYTES).collect().await;
    let (bytes, read_whole) = match body {
        Ok(body) => (body.to_bytes(), true),
        Err(_) => (Bytes::new(), false),
    };
    let text = String::from_utf8_lossy(&bytes);
    let one_line = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c });
    let message = one_line.take(MAX_MESSAGE_CHARS).collect();
    (Answer { status, retry_after: retry_after.map(Duration::from_secs), message }, read_whole)
}
