//! `POST forwards` opens a port of a pod or a Service, and `/forward/proxy/{id}/…` is what is there.
//!
//! A request to the latter comes without the session (see `forward.rs`): it is the session of whoever opened the port whose end, credential and
//! right count, looked up anew for every request. The second segment keeps a Kubernetes API server in between from cutting long answers.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Extension, State};
use axum::response::{IntoResponse as _, Response};
use crowsnest_api::forward::{ForwardQuestion, Forwarded};
use crowsnest_rbac::{Credential, random_token};
use futures_util::{Stream, StreamExt as _, stream};
use http::StatusCode;
use http::header::{ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, HeaderValue, LOCATION};
use http::request::Parts;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use openssl::ssl::{Ssl, SslContext, SslMethod, SslVerifyMode};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::OwnedSemaphorePermit;

use super::base_path::BasePath;
use super::changes::Asking;
use super::security_headers::Stranger;
use super::{ApiError, AppState, ErrorKind, streamed};
use crate::audit::{Action, Outcome};
use crate::clock;
use crate::cluster::{Cluster, ClusterError, PortConnection};
use crate::forward::{
    Forward, MAX_PAGE, NotPassed, Rewritten, Target, TargetError, answered, asked, location, rewrite,
};
use crate::terminal::Owner;

/// Where open ports are.
pub(super) const PLACE: &str = "/forward/proxy/";
/// The beginning of an answer comes within this time, or never.
const PATIENCE: Duration = Duration::from_secs(30);
/// A part of an answer's body, too.
const SILENCE: Duration = Duration::from_secs(60);
/// How often it is looked whether the session is over while a body is on its way.
const LOOK: Duration = Duration::from_secs(1);
/// The longest answer.
const MAX_ANSWER: usize = 256 << 20;
/// The longest path and query together.
const MAX_PATH: usize = 8 << 10;
/// What a page of its own may ask of the target, for it has no origin: every request of its scripts is a foreign one.
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST");
const HEADERS: HeaderValue = HeaderValue::from_static(
    "accept, content-type, if-modified-since, if-none-match, range, x-requested-with",
);

/// `POST forwards`.
pub(super) async fn open(
    State(app): State<AppState>,
    asking: Asking,
    Json(question): Json<ForwardQuestion>,
) -> Result<Json<Forwarded>, ApiError> {
    let Asking { viewer, from, .. } = asking;
    let ForwardQuestion { kind, namespace, name, port, tls } = question;
    let target = Target::of(&kind, &namespace, &name, port, tls).map_err(|error| {
        let port =
            || "a port from 1 to 65535 of a pod or a Service (core.v1.services) can be opened".to_owned();
        ApiError::bad_request(error.map_or_else(port, |error| error.to_string()))
    })?;
    let Some(session) = viewer.session.clone() else {
        return Err(ApiError::bad_request(
            "a port is open as long as a session is; with a token of its own a program asks the API server",
        ));
    };
    let (right, told) = (target.right(), target.told());
    match viewer.cluster.may_now(&viewer.credential, &right).await {
        Ok(true) => {}
        Ok(false) => {
            viewer.note(&app, Action::OpenPort, Outcome::Refused, from, told).await;
            return Err(not_allowed(&right.full_resource(), &namespace));
        }
        Err(error) => return Err(viewer.refused(&app, error).await),
    }
    // Whether anything is there is told now, and not in another tab.
    if let Err(error) = target.connect(&viewer.cluster, &viewer.credential).await {
        return Err(match error {
            TargetError::Cluster(error) => viewer.refused(&app, error).await,
            TargetError::Nothing(why) => ApiError::new(ErrorKind::NotFound, why),
        });
    }
    let id = random_token().map_err(ApiError::internal)?;
    let path = format!("{}{id}/", PLACE.trim_start_matches('/'));
    let opened = app.forwards.open(id, &session, target, Instant::now());
    opened.ok_or_else(|| ApiError::new(ErrorKind::TooManyRequests, "too many ports are open"))?;
    viewer.note(&app, Action::OpenPort, Outcome::Done, from, told).await;
    Ok(Json(Forwarded { path }))
}

fn not_allowed(resource: &str, namespace: &str) -> ApiError {
    ApiError::new(ErrorKind::Forbidden, format!("you may not create {resource} in {namespace}"))
}

/// `OPTIONS`: what a page of the target's may ask, which browsers ask before some requests of its scripts.
pub(super) async fn options() -> Response {
    let allowed = [(ACCESS_CONTROL_ALLOW_METHODS, METHODS), (ACCESS_CONTROL_ALLOW_HEADERS, HEADERS)];
    stranger((StatusCode::NO_CONTENT, allowed).into_response())
}

/// A page of an open port.
pub(super) async fn pass(
    State(app): State<AppState>,
    Extension(base): Extension<BasePath>,
    head: Parts,
    body: Bytes,
) -> Result<Response, ApiError> {
    let (id, path) = place(head.uri.path()).ok_or_else(closed)?;
    let forward = app.forwards.find(id, Instant::now()).ok_or_else(closed)?;
    let Some((cluster, credential)) = owner(&app, &forward) else {
        app.forwards.close(&forward.session);
        return Err(closed());
    };
    let right = forward.target.right();
    match cluster.may(&credential, &right).await {
        Ok(true) => {}
        Ok(false) => return Err(not_allowed(&right.full_resource(), &right.namespace)),
        Err(error) => return Err(unreachable(&error)),
    }
    let turn = tokio::time::timeout(PATIENCE, Arc::clone(&forward.at_once).acquire_owned()).await;
    let Ok(Ok(turn)) = turn else {
        return Err(ApiError::new(
            ErrorKind::TooManyRequests,
            "too many requests to this port are under way",
        ));
    };
    let prefix = format!("{}{id}", base.with_slash().trim_end_matches('/').to_owned() + PLACE);
    let host = forward.target.host();
    let target = match head.uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    if target.len() > MAX_PATH {
        return Err(ApiError::bad_request(format!("an address there has at most {MAX_PATH} bytes")));
    }
    let mut to_send = http::Request::new(Full::new(body));
    *to_send.method_mut() = head.method;
    *to_send.uri_mut() = target.parse().map_err(|_| ApiError::bad_request("this is no address"))?;
    *to_send.headers_mut() = asked(&head.headers, &host, &prefix);
    let connection = match forward.target.connect(cluster, &credential).await {
        Ok(connection) => connection,
        Err(TargetError::Nothing(why)) => return Err(ApiError::new(ErrorKind::NotFound, why)),
        Err(TargetError::Cluster(error)) => return Err(unreachable(&error)),
    };
    let answer = tokio::time::timeout(PATIENCE, ask(connection, forward.target.tls, to_send)).await;
    let answer = answer.unwrap_or_else(|_| Err("it does not answer".to_owned()));
    let answer = answer.map_err(|why| gateway(&why))?;
    let (head, body) = answer.into_parts();
    if head.status.is_informational() {
        return Err(gateway("it wants to speak another protocol"));
    }
    let mut headers = answered(&head.headers);
    match location(&head.headers, &host, &prefix) {
        Ok(None) => {}
        Ok(Some(location)) => _ = headers.insert(LOCATION, location),
        Err(NotPassed::Elsewhere) => {
            return Err(gateway("it leads to another place, to which it is not followed"));
        }
    }
    let session = forward.session.clone();
    let owner = Owner {
        cluster: Arc::clone(cluster),
        credential: {
            let (app, forward, first) = (AppState::clone(&app), Arc::clone(&forward), credential);
            Box::new(move || {
                owner(&app, &forward).map_or_else(|| first.clone(), |(_, credential)| credential)
            })
        },
        end: Box::new(move || app.auth.sessions.end_of(&session, clock::now())),
        right,
    };
    let mut passing = Passing::new(body, owner, turn);
    let body = match Rewritten::of(&headers) {
        Rewritten::No => streamed(passing.parts(Bytes::new())),
        Rewritten::Yes => match passing.page().await.map_err(|error| gateway(&error.to_string()))? {
            (page, Whole::Yes) => Body::from(rewrite(&page, &prefix)),
            (beginning, Whole::No) => streamed(passing.parts(beginning)),
        },
    };
    Ok(stranger((head.status, headers, body).into_response()))
}

/// The port's name and what follows it, as it was sent.
fn place(path: &str) -> Option<(&str, &str)> {
    let rest = path.strip_prefix(PLACE)?;
    let at = rest.find('/')?;
    Some((rest.get(..at)?, rest.get(at..)?))
}

/// In whose name a port is open, while that somebody is signed in.
fn owner<'a>(app: &'a AppState, forward: &Forward) -> Option<(&'a Arc<Cluster>, Credential)> {
    if app.auth.sessions.end_of(&forward.session, clock::now()).is_some() {
        return None;
    }
    let record = app.auth.sessions.record(&forward.session)?;
    Some((app.auth.cluster()?, record.cluster?.credential))
}

/// Marks an answer as somebody else's page.
fn stranger(mut response: Response) -> Response {
    response.extensions_mut().insert(Stranger);
    response
}

fn closed() -> ApiError {
    ApiError::new(ErrorKind::NotFound, "this port is not open any more; open it again where you opened it")
}

fn gateway(why: &str) -> ApiError {
    ApiError::new(ErrorKind::BadGateway, format!("the port cannot be shown: {why}"))
}

fn unreachable(error: &ClusterError) -> ApiError {
    gateway(&error.told())
}

/// Sends a request over a connection of its own.
async fn ask(
    connection: PortConnection,
    tls: bool,
    request: http::Request<Full<Bytes>>,
) -> Result<http::Response<Incoming>, String> {
    let problem = connection.problem();
    let asked = async {
        if !tls {
            return exchange(connection, request).await;
        }
        // Whose certificate it is nobody can tell: the API server has led here, as it does for its own proxies.
        let mut context = SslContext::builder(SslMethod::tls_client())?;
        context.set_verify(SslVerifyMode::NONE);
        let mut stream = tokio_openssl::SslStream::new(Ssl::new(&context.build())?, connection)?;
        Pin::new(&mut stream).connect().await?;
        exchange(stream, request).await
    };
    let answer = asked.await;
    answer.map_err(|error: anyhow::Error| problem.lock().take().unwrap_or_else(|| format!("{error:#}")))
}

async fn exchange<S>(
    stream: S,
    request: http::Request<Full<Bytes>>,
) -> anyhow::Result<http::Response<Incoming>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender.send_request(request).await?)
}

/// Whether a page has been read to its end.
enum Whole {
    Yes,
    No,
}

/// An answer's body on its way.
struct Passing {
    body: Incoming,
    left: usize,
    /// Ends when the session or the right does.
    ended: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// Given back at the end.
    _turn: OwnedSemaphorePermit,
}

impl Passing {
    fn new(body: Incoming, owner: Owner, turn: OwnedSemaphorePermit) -> Self {
        let ended = async move {
            // Both have just been looked at.
            tokio::time::sleep(LOOK).await;
            owner.ended().await;
        };
        Self { body, left: MAX_ANSWER, ended: Box::pin(ended), _turn: turn }
    }

    /// The next part; `None` at the end.
    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        loop {
            let frame = tokio::select! {
                biased;
                frame = tokio::time::timeout(SILENCE, self.body.frame()) => frame,
                () = &mut self.ended => return Some(Err(io::ErrorKind::PermissionDenied.into())),
            };
            let data = match frame {
                Err(_) => return Some(Err(io::ErrorKind::TimedOut.into())),
                Ok(None) => return None,
                Ok(Some(Err(error))) => return Some(Err(io::Error::other(error))),
                Ok(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
            };
            match self.left.checked_sub(data.len()) {
                None => return Some(Err(io::ErrorKind::FileTooLarge.into())),
                Some(left) => self.left = left,
            }
            if !data.is_empty() {
                return Some(Ok(data));
            }
        }
    }

    /// A page, or as much of it as is read at once.
    async fn page(&mut self) -> io::Result<(Bytes, Whole)> {
        let mut page = Vec::new();
        while page.len() < MAX_PAGE {
            match self.next().await {
                None => return Ok((page.into(), Whole::Yes)),
                Some(part) => page.extend_from_slice(&part?),
            }
        }
        Ok((page.into(), Whole::No))
    }

    /// All parts, after the beginning that has been read.
    fn parts(self, beginning: Bytes) -> impl Stream<Item = io::Result<Bytes>> + Send {
        let first = (!beginning.is_empty()).then_some(Ok(beginning));
        stream::iter(first).chain(stream::unfold(Some(self), async |passing| {
            let mut passing = passing?;
            let part = passing.next().await?;
            let goes_on = part.is_ok();
            Some((part, goes_on.then_some(passing)))
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_the_port_s_name_and_the_rest_as_it_was_sent() {
        assert_eq!(place("/forward/proxy/abc/"), Some(("abc", "/")));
        assert_eq!(place("/forward/proxy/abc/a%2Fb/c"), Some(("abc", "/a%2Fb/c")));
        assert_eq!(place("/forward/proxy/abc"), None);
        assert_eq!(place("/forward/proxying/abc/"), None);
    }
}
