//! An HTTP/1.1 connection to a host, with or without TLS: what pushing and scraping share.

use std::io;
use std::pin::Pin;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use openssl::ssl::SslConnector;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_openssl::SslStream;

/// A connection and the task that drives it, which ends with it: whatever the server does, nothing is left behind.
pub(crate) struct Connection {
    pub(crate) requests: SendRequest<Full<Bytes>>,
    _driver: JoinSet<()>,
}

/// Why there is none.
#[derive(Debug)]
pub(crate) enum ConnectError {
    /// Nobody listens, or the host has no address.
    Tcp(io::Error),
    /// The server is not trusted, or does not speak TLS; with what the check of its certificate said.
    Tls(&'static str, openssl::ssl::Error),
    /// The connection broke at once.
    Http(hyper::Error),
}

impl Connection {
    /// Connects to `host`, whose certificate is checked against `name` where there is TLS.
    pub(crate) async fn open(
        host: &str,
        port: u16,
        tls: Option<(&SslConnector, &str)>,
    ) -> Result<Self, ConnectError> {
        let stream = TcpStream::connect((host, port)).await.map_err(ConnectError::Tcp)?;
        // Requests are written whole; waiting to fill a packet would only delay them.
        let _ = stream.set_nodelay(true);
        let Some((connector, name)) = tls else { return Self::over(TokioIo::new(stream)).await };
        let session = connector
            .configure()
            .and_then(|configuration| configuration.into_ssl(name))
            .map_err(|stack| ConnectError::Tls("ok", stack.into()))?;
        let mut stream =
            SslStream::new(session, stream).map_err(|stack| ConnectError::Tls("ok", stack.into()))?;
        if let Err(source) = Pin::new(&mut stream).connect().await {
            return Err(ConnectError::Tls(stream.ssl().verify_result().error_string(), source));
        }
        Self::over(TokioIo::new(stream)).await
    }

    async fn over(stream: impl Read + Write + Unpin + Send + 'static) -> Result<Self, ConnectError> {
        let (requests, connection) = http1::handshake(stream).await.map_err(ConnectError::Http)?;
        let mut driver = JoinSet::new();
        // Its errors surface at the request that meets them.
        driver.spawn(async { drop(connection.await) });
        Ok(Self { requests, _driver: driver })
    }
}
