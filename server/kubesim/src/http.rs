//! The HTTPS server: handshakes, bodies, and turning answers into bytes.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    body::{Frame, Incoming},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use openssl::{
    ssl::{AlpnError, Ssl, SslAcceptor, SslMethod, SslOptions, SslSessionCacheMode, SslVerifyMode},
    x509::{X509, X509VerifyResult, store::X509StoreBuilder},
};
use tokio::net::{TcpListener, TcpStream};
use tokio_openssl::SslStream;

use crate::{
    access,
    api::{self, Body, Reply, chaos},
    cluster::Cluster,
    query::Query,
    request::{Attributes, Request},
    running::StartError,
    status::ApiError,
};

/// The largest request body.
const BODY_LIMIT: usize = 3 * 1024 * 1024;
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// A body that fails only where somebody else's is passed on.
pub(crate) type ReplyBody = UnsyncBoxBody<Bytes, io::Error>;

/// TLS with the cluster's certificate. Client certificates are asked for, not demanded, and judged later.
pub(crate) fn acceptor(cluster: &Cluster) -> Result<SslAcceptor, StartError> {
    let (certificate, key) = cluster.authority.server(cluster.now().as_second())?;
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
    builder.set_certificate(&certificate)?;
    builder.set_private_key(&key)?;
    builder.check_private_key()?;
    let mut trusted = X509StoreBuilder::new()?;
    trusted.add_cert(cluster.authority.certificate().to_owned())?;
    builder.set_verify_cert_store(trusted.build())?;
    builder.add_client_ca(cluster.authority.certificate())?;
    builder.set_verify_callback(SslVerifyMode::PEER, |_, _| true);
    // A resumed session would not show the client's certificate again.
    builder.set_session_cache_mode(SslSessionCacheMode::OFF);
    builder.set_options(SslOptions::NO_TICKET);
    builder.set_alpn_select_callback(|_, offered| {
        openssl::ssl::select_next_proto(b"\x02h2\x08http/1.1", offered).ok_or(AlpnError::NOACK)
    });
    Ok(builder.build())
}

/// Serves until the cluster ends.
pub(crate) async fn serve(cluster: Arc<Cluster>, listener: TcpListener, acceptor: SslAcceptor) {
    let mut ending = cluster.ending.subscribe();
    loop {
        tokio::select! {
            _ = ending.changed() => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    tokio::spawn(connection(Arc::clone(&cluster), stream, acceptor.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }
}

async fn connection(cluster: Arc<Cluster>, stream: TcpStream, acceptor: SslAcceptor) {
    let _ = stream.set_nodelay(true);
    let mut ending = cluster.ending.subscribe();
    let mut turned = cluster.chaos.subscribe();
    let certificate;
    let stream = {
        let Ok(ssl) = Ssl::new(acceptor.context()) else { return };
        let Ok(mut stream) = SslStream::new(ssl, stream) else { return };
        match tokio::time::timeout(HANDSHAKE_TIMEOUT, std::pin::Pin::new(&mut stream).accept()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return tracing::debug!(%error, "handshake failed"),
            Err(_) => return tracing::debug!("handshake timed out"),
        }
        certificate = ClientCertificate::of(&stream);
        stream
    };
    let certificate = Arc::new(certificate);
    let outlives_cuts = Arc::new(AtomicBool::new(false));
    let service = service_fn(|request: http::Request<Incoming>| {
        let (cluster, certificate) = (Arc::clone(&cluster), Arc::clone(&certificate));
        let is_switch = request.uri().path() == chaos::PATH;
        outlives_cuts.fetch_or(is_switch, Ordering::Relaxed);
        async move {
            if is_switch {
                return Ok(reply(&cluster, &certificate, request).await);
            }
            answer(&cluster, &certificate, request).await
        }
    });
    let builder = auto::Builder::new(TokioExecutor::new());
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    tokio::pin!(connection);
    // A connection that begins during a cut is judged by its requests, since one may be for the switch. The one over
    // which the cut is asked for has to last until it has been answered.
    let cut = async {
        while turned.changed().await.is_ok() {
            if turned.borrow_and_update().cut && !outlives_cuts.load(Ordering::Relaxed) {
                return;
            }
        }
    };
    tokio::select! {
        result = connection.as_mut() => {
            if let Err(error) = result {
                tracing::debug!(%error, "connection ended");
            }
        }
        _ = ending.changed() => {}
        () = cut => {}
    }
}

/// What the handshake said about the client.
enum ClientCertificate {
    None,
    Trusted(X509),
    /// Not signed by the cluster's authority.
    Foreign,
}

impl ClientCertificate {
    fn of(stream: &SslStream<TcpStream>) -> ClientCertificate {
        match stream.ssl().peer_certificate() {
            None => ClientCertificate::None,
            Some(certificate) if stream.ssl().verify_result() == X509VerifyResult::OK => {
                ClientCertificate::Trusted(certificate)
            }
            Some(_) => ClientCertificate::Foreign,
        }
    }
}

/// The server is cut off: the connection ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("cut off")]
struct Cut;

/// Answers, unless something is to go wrong.
async fn answer(
    cluster: &Arc<Cluster>,
    certificate: &ClientCertificate,
    request: http::Request<Incoming>,
) -> Result<Response<ReplyBody>, Cut> {
    let chaos = *cluster.chaos.borrow();
    if chaos.cut {
        return Err(Cut);
    }
    if !chaos.latency.is_zero() {
        tokio::time::sleep(chaos.latency).await;
    }
    if chaos.errors_per_thousand > 0
        && cluster.lock().random.next() % 1000 < u64::from(chaos.errors_per_thousand)
    {
        return Ok(respond(Reply::error(&ApiError::unexpected("etcdserver: request timed out"))));
    }
    Ok(reply(cluster, certificate, request).await)
}

async fn reply(
    cluster: &Arc<Cluster>,
    certificate: &ClientCertificate,
    mut request: http::Request<Incoming>,
) -> Response<ReplyBody> {
    let upgrade = hyper::upgrade::on(&mut request);
    let mut reply = match read(cluster, certificate, request).await {
        Ok(request) => api::handle(cluster, &request),
        Err(error) => Reply::error(&error),
    };
    match reply.body {
        Body::Forward(forward) => return forward.send(cluster, upgrade).await,
        Body::Session(session) => {
            let cluster = Arc::clone(cluster);
            tokio::spawn(async move { session.run(&cluster, upgrade).await });
            reply.body = Body::Text(String::new());
        }
        Body::PortForward(forward) => {
            let cluster = Arc::clone(cluster);
            tokio::spawn(async move { forward.run(&cluster, upgrade).await });
            reply.body = Body::Text(String::new());
        }
        _ => {}
    }
    respond(reply)
}

async fn read(
    cluster: &Cluster,
    certificate: &ClientCertificate,
    request: http::Request<Incoming>,
) -> Result<Request, ApiError> {
    let (mut head, body) = request.into_parts();
    let trusted = match certificate {
        ClientCertificate::Trusted(certificate) => Some(certificate),
        ClientCertificate::Foreign if !head.headers.contains_key(header::AUTHORIZATION) => {
            return Err(ApiError::unauthorized());
        }
        ClientCertificate::None | ClientCertificate::Foreign => None,
    };
    let sender = access::authenticate(cluster, trusted, &mut head.headers)?;
    let path = head.uri.path().to_owned();
    let raw_query = head.uri.query().unwrap_or_default().to_owned();
    let query = Query::parse(&raw_query);
    let attributes = Attributes::of(&head.method, &path, &query);
    let user = access::impersonated(cluster, &cluster.lock().store, sender, &head.headers, &attributes)?;
    let body = Limited::new(body, BODY_LIMIT)
        .collect()
        .await
        .map_err(|error| {
            if error.is::<LengthLimitError>() {
                ApiError::too_large(BODY_LIMIT)
            } else {
                ApiError::bad_request(format!("cannot read the body: {error}"))
            }
        })?
        .to_bytes();
    Ok(Request { method: head.method, path, query, raw_query, headers: head.headers, body, user, attributes })
}

fn whole(text: String) -> ReplyBody {
    Full::new(Bytes::from(text)).map_err(|never| match never {}).boxed_unsync()
}

/// A body that is sent as it comes about.
fn streamed(parts: impl Stream<Item = Bytes> + Send + 'static) -> ReplyBody {
    BodyExt::boxed_unsync(StreamBody::new(parts.map(|part| Ok(Frame::data(part)))))
}

pub(crate) fn respond(reply: Reply) -> Response<ReplyBody> {
    let body = match reply.body {
        Body::Json(value) => {
            let mut text = value.to_string();
            text.push('\n');
            whole(text)
        }
        Body::Text(text) => whole(text),
        // These have been seen to before.
        Body::Session(_) | Body::PortForward(_) | Body::Forward(_) => whole(String::new()),
        Body::Events(events) => streamed(stream::unfold(events, async |mut events| {
            let line = events.next().await?;
            Some((line, events))
        })),
        Body::Log(log) => streamed(stream::unfold(log, async |mut log| {
            let lines = log.next().await?;
            Some((lines, log))
        })),
    };
    let mut response = Response::new(body);
    *response.status_mut() = reply.code;
    let headers = response.headers_mut();
    if !reply.content_type.is_empty() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(reply.content_type));
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    for (name, value) in reply.headers {
        match HeaderValue::from_str(&value) {
            Ok(value) => {
                headers.append(name, value);
            }
            Err(_) => {
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                break;
            }
        }
    }
    response
}
