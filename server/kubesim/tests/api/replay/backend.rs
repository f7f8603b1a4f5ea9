//! What was behind the recorded proxies: a server that says what it was asked, and a few pages.

use std::{convert::Infallible, net::SocketAddr, pin::Pin, sync::Arc, time::Duration};

use crowsnest_kubesim::ClientCertificate;
use futures_util::{SinkExt, StreamExt, stream};
use http::{HeaderName, Response, StatusCode};
use http_body_util::{BodyExt, Empty, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    body::{Bytes, Frame, Incoming},
    service::service_fn,
    upgrade::OnUpgrade,
};
use hyper_util::rt::TokioIo;
use openssl::{
    pkey::PKey,
    ssl::{Ssl, SslAcceptor, SslMethod, SslVerifyMode},
    x509::X509,
};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_openssl::SslStream;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, handshake::derive_accept_key, protocol::Role},
};

type Body = UnsyncBoxBody<Bytes, Infallible>;

const PAGE: &str = "<!doctype html><html><head><base href=\"/\"><link rel=\"stylesheet\" href=\"/style.css\">\
    <script src=\"/app.js\"></script></head><body><a href=\"/login\">a</a><a href=\"rel/x\">b</a>\
    <img src=\"/i.png\"><form action=\"/post\"></form></body></html>";
/// Between two events of a stream; a second in the recordings.
pub(crate) const EVENT_INTERVAL: Duration = Duration::from_millis(20);
/// How many events there are if nobody says.
const EVENTS: usize = 3;

/// Starts it with any certificate, since nobody looks at it.
pub(crate) async fn start(certificate: &ClientCertificate) -> SocketAddr {
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).unwrap();
    builder.set_certificate(&X509::from_pem(certificate.certificate_pem.as_bytes()).unwrap()).unwrap();
    let key = PKey::private_key_from_pem(certificate.key_pem.as_bytes()).unwrap();
    builder.set_private_key(&key).unwrap();
    builder.set_verify_callback(SslVerifyMode::PEER, |_, _| true);
    let acceptor = Arc::new(builder.build());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(connection(stream, Arc::clone(&acceptor)));
        }
    });
    address
}

async fn connection(stream: TcpStream, acceptor: Arc<SslAcceptor>) {
    let mut stream = SslStream::new(Ssl::new(acceptor.context()).unwrap(), stream).unwrap();
    if Pin::new(&mut stream).accept().await.is_err() {
        return;
    }
    let certified = stream.ssl().peer_certificate().is_some();
    let service =
        service_fn(move |request| async move { Ok::<_, Infallible>(answer(request, certified).await) });
    let connection =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let _ = connection.with_upgrades().await;
}

async fn answer(mut request: http::Request<Incoming>, certified: bool) -> Response<Body> {
    let text = |status: u16, media_type: &str, text: &str| {
        let body = Full::new(Bytes::from(text.to_owned())).boxed_unsync();
        Response::builder().status(status).header("Content-Type", media_type).body(body).unwrap()
    };
    match request.uri().path().rsplit('/').next().unwrap_or_default() {
        "html" => text(200, "text/html; charset=utf-8", PAGE),
        "redirect" => {
            let mut moved = text(302, "text/plain", "moved");
            moved.headers_mut().insert("Location", "/after".parse().unwrap());
            moved
        }
        "wasm" => text(200, "application/wasm", "\0asm\u{1}\0\0\0"),
        "status" => text(418, "application/json", "{\"teapot\": true}"),
        "v1" => {
            let resource = json!({"name": "web", "singularName": "", "namespaced": false, "kind": "Web",
                "verbs": ["get", "create"]});
            let list = json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "ui.crowsnest.dev/v1",
                "resources": [resource]});
            text(200, "application/json", &list.to_string())
        }
        "ws" => {
            let upgrade = hyper::upgrade::on(&mut request);
            let key = request.headers()["sec-websocket-key"].as_bytes();
            let accept = derive_accept_key(key);
            let first = echo(request, certified).await.to_string();
            tokio::spawn(converse(upgrade, first));
            let agreed = Response::builder().status(StatusCode::SWITCHING_PROTOCOLS);
            let agreed = agreed.header("Upgrade", "websocket").header("Connection", "Upgrade");
            let agreed = agreed.header("Server", "test").header("Sec-WebSocket-Accept", accept);
            agreed.body(Empty::new().boxed_unsync()).unwrap()
        }
        "sse" | "log" => {
            let wanted = request.uri().query().and_then(|query| query.strip_prefix("n=")?.parse().ok());
            let events = stream::iter(0..wanted.unwrap_or(EVENTS)).then(async |number| {
                tokio::time::sleep(EVENT_INTERVAL).await;
                Ok(Frame::data(Bytes::from(format!("data: {number} 0\n\n"))))
            });
            let body = BodyExt::boxed_unsync(StreamBody::new(events));
            Response::builder().header("Content-Type", "text/event-stream").body(body).unwrap()
        }
        _ => text(200, "application/json", &echo(request, certified).await.to_string()),
    }
}

/// What the backend was asked.
async fn echo(request: http::Request<Incoming>, certified: bool) -> Value {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let headers: Vec<_> = head
        .headers
        .iter()
        .map(|(name, value)| json!([canonical(name), String::from_utf8_lossy(value.as_bytes())]))
        .collect();
    json!({
        "method": head.method.as_str(), "path": head.uri.to_string(), "headers": headers,
        "client_certificate_presented": certified, "body": String::from_utf8_lossy(&body),
    })
}

/// Says `first` over a WebSocket, then says everything again that it hears.
async fn converse(upgrade: OnUpgrade, first: String) {
    let Ok(upgraded) = upgrade.await else { return };
    let mut socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
    let mut next = Some(Message::text(first));
    while let Some(message) = next {
        if socket.send(message).await.is_err() {
            return;
        }
        next = socket.next().await.and_then(Result::ok).filter(|message| !message.is_close());
    }
}

/// A name as Go writes it.
fn canonical(name: &HeaderName) -> String {
    let words = name.as_str().split('-').map(|word| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    });
    words.collect::<Vec<_>>().join("-")
}
