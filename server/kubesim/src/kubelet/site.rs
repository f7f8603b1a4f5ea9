//! What answers at the ports that containers declare: a small site that shows what it was asked.

use std::{convert::Infallible, fmt::Write as _};

use bytes::Bytes;
use http::{HeaderMap, Method, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::{Map, Value};
use tokio::io::DuplexStream;

use crate::object;

/// What is under way between a client and the site.
const BUFFER: usize = 64 * 1024;
/// The longest text that is said back.
const LONGEST_ECHO: usize = 64 * 1024;

const HTML: &str = "text/html; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// A path, what its page is, and what it holds.
const FILES: &[(&str, &str, &str)] = &[
    ("/app.js", "text/javascript", "document.querySelector('output').textContent = 'The script runs.';\n"),
    ("/style.css", "text/css", "body { font-family: sans-serif; margin: 2rem; }\n"),
    ("/healthz", TEXT, "ok\n"),
];

/// A connection to a port of a pod; none where no container says that it listens there.
pub(crate) fn open(pod: &Value, port: u16) -> Option<DuplexStream> {
    let declares = |container: &Value| {
        object::list(container, &["ports"]).iter().any(|declared| {
            object::integer(declared, &["containerPort"]) == Some(i64::from(port))
                && matches!(object::text(declared, &["protocol"]), "" | "TCP")
        })
    };
    let container = object::containers(pod).find(|container| declares(container))?;
    let title = format!("{} of {}", object::text(container, &["name"]), object::name(pod));
    let (ours, theirs) = tokio::io::duplex(BUFFER);
    tokio::spawn(async move {
        let answer = service_fn(|request| {
            let title = title.clone();
            async move { Ok::<_, Infallible>(answer(&title, port, request).await) }
        });
        // A client that goes away is no trouble of the site.
        let _ = http1::Builder::new().serve_connection(TokioIo::new(ours), answer).await;
    });
    Some(theirs)
}

async fn answer(title: &str, port: u16, request: http::Request<Incoming>) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let path = head.uri.path();
    match (&head.method, path) {
        (&Method::POST, "/echo") => match Limited::new(body, LONGEST_ECHO).collect().await {
            Ok(body) => page(StatusCode::OK, TEXT, body.to_bytes()),
            Err(_) => page(StatusCode::PAYLOAD_TOO_LARGE, TEXT, "too long\n"),
        },
        (&(Method::GET | Method::HEAD), "/") => page(StatusCode::OK, HTML, home(title, port)),
        (&(Method::GET | Method::HEAD), "/headers") => {
            page(StatusCode::OK, "application/json", shown(&head.headers).to_string())
        }
        (&(Method::GET | Method::HEAD), "/redirect") => {
            let mut moved = page(StatusCode::FOUND, TEXT, "");
            moved.headers_mut().insert(header::LOCATION, header::HeaderValue::from_static("/headers"));
            moved
        }
        (&(Method::GET | Method::HEAD), path) => match FILES.iter().find(|(known, ..)| *known == path) {
            Some((_, media_type, text)) => page(StatusCode::OK, media_type, *text),
            None => page(StatusCode::NOT_FOUND, TEXT, "not found\n"),
        },
        _ => page(StatusCode::METHOD_NOT_ALLOWED, TEXT, "method not allowed\n"),
    }
}

fn page(status: StatusCode, media_type: &'static str, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(media_type));
    response
}

/// Names of pods and containers have nothing in them that HTML knows.
fn home(title: &str, port: u16) -> String {
    let mut html = String::new();
    let _ = write!(
        html,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <link rel=\"icon\" href=\"data:,\"><link rel=\"stylesheet\" href=\"/style.css\"></head>\n\
         <body><h1>{title}</h1><p>This is port {port}. <output>No script runs.</output></p>\
         <p><a href=\"/headers\">What was asked</a></p>\
         <form method=\"post\" action=\"/echo\"><label>Say <input name=\"text\"></label> <button>Send</button></form>\
         <script src=\"/app.js\"></script></body></html>\n"
    );
    html
}

/// The headers of a request by their names.
fn shown(headers: &HeaderMap) -> Value {
    let named = headers.iter().map(|(name, value)| {
        (name.to_string(), Value::from(String::from_utf8_lossy(value.as_bytes()).into_owned()))
    });
    Value::Object(named.collect::<Map<_, _>>())
}
