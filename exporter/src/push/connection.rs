//! One HTTP/1.1 connection to the server, kept open between requests.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use crowsnest_api::remote_write::{CONTENT_TYPE, VERSION, VERSION_HEADER, v2};
use http::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE as CONTENT_TYPE_HEADER, HOST, RETRY_AFTER, USER_AGENT,
};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use tokio::time::timeout;

use super::{Target, TargetError, TokenError};
use crate::connect::{ConnectError, Connection};

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

/// A version of remote write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// 1.0, which every receiver takes.
    One,
    /// 2.0.
    Two,
}

impl Version {
    /// `Content-Type` and the version header.
    const fn headers(self) -> (&'static str, &'static str) {
        match self {
            Self::One => (CONTENT_TYPE, VERSION),
            Self::Two => (v2::CONTENT_TYPE, v2::VERSION),
        }
    }
}

/// What the server said.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// How long the server asks to wait, from a `Retry-After` in seconds.
    pub retry_after: Option<Duration>,
    /// Whether it says how much was stored, as receivers of 2.0 do.
    pub counts: bool,
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
        version: Version,
        body: Bytes,
        bearer: Option<&HeaderValue>,
    ) -> Result<Answer, SendError> {
        if let Some(mut kept) = self.connection.take()
            && matches!(timeout(REUSE_LIMIT, kept.requests.ready()).await, Ok(Ok(())))
        {
            let request = self.request(version, body.clone(), bearer);
            match self.exchange(kept, request).await {
                Err(SendError::Http { .. }) => {}
                result => return result,
            }
        }
        let fresh = self.connect().await?;
        let request = self.request(version, body, bearer);
        self.exchange(fresh, request).await
    }

    async fn exchange(
        &mut self,
        mut connection: Connection,
        request: Request<Full<Bytes>>,
    ) -> Result<Answer, SendError> {
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

    fn request(&self, version: Version, body: Bytes, bearer: Option<&HeaderValue>) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        // Path and authority come from a parsed URI, so both conversions hold; were they to fail, the server's 4xx
        // would say so.
        *request.uri_mut() = self.target.path.parse().unwrap_or_default();
        let headers = request.headers_mut();
        if let Ok(host) = HeaderValue::from_str(&self.target.authority) {
            headers.insert(HOST, host);
        }
        let (content_type, number) = version.headers();
        headers.insert(CONTENT_TYPE_HEADER, HeaderValue::from_static(content_type));
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("snappy"));
        headers.insert(VERSION_HEADER, HeaderValue::from_static(number));
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
        let tls = tls.as_ref().map(|connector| (connector, self.target.host.as_str()));
        let authority = || self.target.authority.clone();
        Connection::open(&self.target.host, self.target.port, tls).await.map_err(|error| match error {
            ConnectError::Tcp(source) => SendError::Connect { authority: authority(), source },
            ConnectError::Tls(verification, source) => {
                SendError::Tls { authority: authority(), verification, source }
            }
            ConnectError::Http(source) => self.broken(source),
        })
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
    let counts = v2::WRITTEN_HEADERS.iter().any(|name| response.headers().contains_key(*name));
    let body = Limited::new(response.into_body(), MAX_ANSWER_BYTES).collect().await;
    let (bytes, read_whole) = match body {
        Ok(body) => (body.to_bytes(), true),
        Err(_) => (Bytes::new(), false),
    };
    let text = String::from_utf8_lossy(&bytes);
    let one_line = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c });
    let message = one_line.take(MAX_MESSAGE_CHARS).collect();
    (Answer { status, retry_after: retry_after.map(Duration::from_secs), counts, message }, read_whole)
}
