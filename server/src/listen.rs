//! Accepting connections: TLS or plain, one task each, drained on shutdown.

mod authority;
mod certificate;
mod stall;
mod tls;

pub(crate) use authority::fingerprint;
pub(crate) use certificate::CertificateStore;
pub(crate) use tls::{Certificate, ShownCertificate, TlsAcceptor};

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower::ServiceExt as _;
use tracing::{debug, warn};

use stall::StallLimit;

/// Connections served at once; more wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 4096;
/// A TLS handshake takes no longer.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// The head of an HTTP/1 request takes no longer, which also bounds the wait for the next one.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);
/// A connection on which nothing moves is closed after this time. Longer than any request may take to be answered.
const STALL_LIMIT: Duration = Duration::from_secs(180);
/// Requests side by side on one HTTP/2 connection.
const MAX_STREAMS: u32 = 128;
/// The largest head of a request.
const MAX_HEAD_BYTES: u32 = 64 << 10;
/// How long requests may take to finish after a shutdown has begun.
const DRAIN: Duration = Duration::from_secs(10);
/// How long to wait when the process is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Who is at the other end of a connection, and how it came in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    pub(crate) transport: Transport,
}

/// How a connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    /// TLS.
    Tls,
    /// Plain HTTP, on loopback.
    Plain,
}

/// One listening socket.
pub(crate) struct Listener {
    socket: TcpListener,
    tls: Option<Arc<TlsAcceptor>>,
    places: Arc<Semaphore>,
}

impl Listener {
    /// Binds `address`; with `tls`, only TLS is spoken on it.
    pub(crate) async fn bind(address: SocketAddr, tls: Option<Arc<TlsAcceptor>>) -> anyhow::Result<Self> {
        let socket =
            TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
        Ok(Self { socket, tls, places: Arc::new(Semaphore::new(MAX_CONNECTIONS)) })
    }

    /// The address, with the port that was picked.
    pub(crate) fn address(&self) -> anyhow::Result<SocketAddr> {
        self.socket.local_addr().context("a listening socket has no address")
    }

    /// Serves `router` until `shutdown` turns true, then lets requests finish.
    pub(crate) async fn serve(self, router: Router, mut shutdown: watch::Receiver<bool>) {
        let graceful = GracefulShutdown::new();
        loop {
            let accepted = tokio::select! {
                accepted = self.accept() => accepted,
                _ = shutdown.wait_for(|stop| *stop) => break,
            };
            let (permit, stream, address) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    warn!(err = &*error as &dyn std::error::Error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let (tls, router, watcher) = (self.tls.clone(), router.clone(), graceful.watcher());
            tokio::spawn(async move {
                serve_connection(stream, address, tls, router, watcher).await;
                drop(permit);
            });
        }
        drop(self.socket);
        if tokio::time::timeout(DRAIN, graceful.shutdown()).await.is_err() {
            warn!(
                seconds = DRAIN.as_secs(),
                "requests were still running at the end of the shutdown's grace"
            );
        }
    }

    /// The next connection, once there is a place for it.
    async fn accept(&self) -> anyhow::Result<(OwnedSemaphorePermit, TcpStream, SocketAddr)> {
        let place = Arc::clone(&self.places).acquire_owned().await?;
        let (stream, address) = self.socket.accept().await?;
        Ok((place, stream, address))
    }
}

async fn serve_connection(
    stream: TcpStream,
    address: SocketAddr,
    tls: Option<Arc<TlsAcceptor>>,
    router: Router,
    watcher: Watcher,
) {
    // Small answers should not wait for large ones; a failure here costs latency only.
    drop(stream.set_nodelay(true));
    match tls {
        None => {
            serve_stream(stream, Peer { address, transport: Transport::Plain }, None, router, watcher).await;
        }
        Some(tls) => match tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)).await {
            Ok(Ok(stream)) => {
                let shown = ShownCertificate::of(&stream);
                serve_stream(stream, Peer { address, transport: Transport::Tls }, shown, router, watcher)
                    .await;
            }
            Ok(Err(error)) => debug!(%address, %error, "TLS handshake failed"),
            Err(_) => debug!(%address, "TLS handshake timed out"),
        },
    }
}

async fn serve_stream<S>(
    stream: S,
    peer: Peer,
    shown: Option<ShownCertificate>,
    router: Router,
    watcher: Watcher,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = router.map_request(move |mut request: hyper::Request<Incoming>| -> Request {
        request.extensions_mut().insert(peer);
        if let Some(shown) = &shown {
            request.extensions_mut().insert(shown.clone());
        }
        request.map(Body::new)
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_HEAD_BYTES as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Some(Duration::from_secs(30)))
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEAD_BYTES);
    let connection = builder
        .serve_connection_with_upgrades(
            TokioIo::new(StallLimit::new(stream, STALL_LIMIT)),
            TowerToHyperService::new(service),
        )
        .into_owned();
    if let Err(error) = watcher.watch(connection).await {
        debug!(address = %peer.address, error = &*error, "connection ended badly");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_without_a_free_place_still_stops() {
        let listener = Listener::bind(([127, 0, 0, 1], 0).into(), None).await.unwrap();
        let taken = Arc::clone(&listener.places).acquire_many_owned(MAX_CONNECTIONS as u32).await.unwrap();
        let (stop, stopped) = watch::channel(false);
        let serving = tokio::spawn(listener.serve(Router::new(), stopped));
        tokio::task::yield_now().await;
        stop.send_replace(true);
        tokio::time::timeout(DRAIN, serving).await.unwrap().unwrap();
        drop(taken);
    }
}
