//! Opens terminals: everything that has to be right before a WebSocket is one.
//!
//! The request is a GET, and reads nothing: whoever may do no more than read is refused (`create` on the subresource), and so are pages of
//! others, which a browser lets open WebSockets with our cookie wherever it has no better rule.

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use crowsnest_api::access::Right;
use crowsnest_api::terminal::{PROTOCOL, TerminalKind, TerminalQuestion};
use crowsnest_rbac::{Provenance, SessionRecord};
use http::header::{
    CONNECTION, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::guard::provenance;
use super::stream::end_of;
use super::{ApiError, AppState, ErrorKind, Viewer};
use crate::audit::{Action, Outcome};
use crate::auth::Identified;
use crate::cluster::{As, Form, Path, accept_key};
use crate::listen::Peer;
use crate::terminal::{IsOwn, Owner, Terminal};

/// Answers the upgrade, and leaves the connection to a terminal.
pub(super) async fn open(
    app: &AppState,
    identified: &Identified,
    viewer: &Viewer,
    peer: Peer,
    question: TerminalQuestion,
    mut request: Request,
) -> Result<Response, ApiError> {
    let accept = accept_key(handshake(request.headers())?);
    if let Some(session) = &identified.session {
        check_page(session, request.headers())?;
    }
    let (from, what) = (peer.address.ip(), what(&question));
    let right = right(&question);
    match viewer.cluster.may_now(&viewer.credential, &right).await {
        Ok(true) => {}
        Ok(false) => {
            viewer.note(app, Action::OpenTerminal, Outcome::Refused, from, what).await;
            let message =
                format!("you may not {} {} in {}", right.verb, right.full_resource(), right.namespace);
            return Err(ApiError::new(ErrorKind::Forbidden, message));
        }
        Err(error) => return Err(viewer.refused(app, error).await),
    }
    let attached = match question.kind {
        TerminalKind::Exec => (question.tty, true),
        TerminalKind::Attach => attached(app, viewer, &question).await?,
    };
    let place = app.terminals.take(viewer.credential.fingerprint()).ok_or_else(|| {
        ApiError::new(ErrorKind::TooManyRequests, "too many terminals are open; close some")
    })?;
    let terminal = Terminal {
        question,
        owner: Owner {
            cluster: viewer.cluster.clone(),
            credential: credential_of(app, viewer),
            end: end_of(app, viewer),
            right,
        },
        csrf: identified.session.clone().map(|session| {
            let is_own = move |csrf: &str| {
                let own_page = Some("same-origin");
                let from = Provenance { origin: None, sec_fetch_site: own_page, csrf: Some(csrf) };
                session.check_mutation(from).is_ok()
            };
            Box::new(is_own) as IsOwn
        }),
        attached,
        stopped: app.stop.subscribe(),
        _place: place,
    };
    let upgrade = hyper::upgrade::on(&mut request);
    let (app, viewer) = (AppState::clone(app), viewer.clone());
    tokio::spawn(async move {
        // Without the upgrade nothing has been asked of the container yet, and nothing will be.
        let Ok(upgraded) = upgrade.await else { return };
        viewer.note(&app, Action::OpenTerminal, Outcome::Done, from, what.clone()).await;
        let how = terminal.run(upgraded).await;
        viewer.note(&app, Action::CloseTerminal, Outcome::Done, from, format!("{what}: {how}")).await;
    });
    let headers = [
        (CONNECTION, HeaderValue::from_static("upgrade")),
        (UPGRADE, HeaderValue::from_static("websocket")),
        (SEC_WEBSOCKET_ACCEPT, HeaderValue::try_from(accept).map_err(ApiError::internal)?),
        (SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(PROTOCOL)),
    ];
    Ok((StatusCode::SWITCHING_PROTOCOLS, headers, Body::empty()).into_response())
}

/// The key of a request that is a WebSocket's in our protocol.
fn handshake(headers: &HeaderMap) -> Result<&str, ApiError> {
    let header =
        |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let lists = |name: HeaderName, word: &str| {
        let all = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        all.flat_map(|value| value.split(',')).any(|one| one.trim().eq_ignore_ascii_case(word))
    };
    let key = header(SEC_WEBSOCKET_KEY);
    let is_upgrade = lists(CONNECTION, "upgrade") && lists(UPGRADE, "websocket");
    if !is_upgrade || key.is_empty() || header(SEC_WEBSOCKET_VERSION) != "13" {
        return Err(ApiError::bad_request("a terminal is a WebSocket (version 13), over HTTP/1.1"));
    }
    if !lists(SEC_WEBSOCKET_PROTOCOL, PROTOCOL) {
        return Err(ApiError::bad_request(format!("the subprotocol of terminals is {PROTOCOL}")));
    }
    Ok(key)
}

/// Whether a page of ours asks. The session's secret comes with the first message, for browsers let no page set headers here.
fn check_page(session: &SessionRecord, headers: &HeaderMap) -> Result<(), ApiError> {
    let from = Provenance { csrf: Some(&session.csrf), ..provenance(headers) };
    // A program that signed in without an Origin goes on without one; a browser that says where its page is from is believed.
    if !matches!(from.sec_fetch_site, None | Some("same-origin")) {
        return Err(ApiError::new(ErrorKind::Forbidden, "the request comes from a page of another site"));
    }
    session.check_mutation(from).map_err(|refusal| ApiError::new(ErrorKind::Forbidden, refusal.to_string()))
}

/// What is needed for a terminal.
fn right(question: &TerminalQuestion) -> Right {
    Right::to("create", "", "pods", "")
        .below(question.kind.name())
        .within(question.of.scope.namespace().unwrap_or_default().to_owned())
        .named(question.of.name.as_str().to_owned())
}

/// Whether a container runs its process in a terminal, and reads its input.
async fn attached(
    app: &AppState,
    viewer: &Viewer,
    question: &TerminalQuestion,
) -> Result<(bool, bool), ApiError> {
    let path = Path::object(&question.of.kind, &question.of.scope, &question.of.name);
    let pod: Value = match viewer.cluster.get(As::User(&viewer.credential), &path, Form::Whole).await {
        Ok(pod) => pod,
        Err(error) => return Err(viewer.refused(app, error).await),
    };
    let lists = ["containers", "initContainers", "ephemeralContainers"];
    let mut all = lists.iter().filter_map(|list| pod.get("spec")?.get(list)?.as_array()).flatten();
    let named = |container: &&Value| {
        question.container.is_empty()
            || container.get("name").and_then(Value::as_str) == Some(&question.container)
    };
    let container = all.find(named);
    let flag = |name| container.and_then(|container| container.get(name)?.as_bool()).unwrap_or_default();
    Ok((flag("tty"), flag("stdin")))
}

/// The credential that the session has by now.
fn credential_of(
    app: &AppState,
    viewer: &Viewer,
) -> Box<dyn Fn() -> crowsnest_rbac::Credential + Send + Sync> {
    let (app, session, first) = (AppState::clone(app), viewer.session.clone(), viewer.credential.clone());
    Box::new(move || {
        let record = session.as_ref().and_then(|id| app.auth.sessions.record(id));
        record.and_then(|record| record.cluster).map_or_else(|| first.clone(), |cluster| cluster.credential)
    })
}

/// What the audit log calls a terminal: `exec shop/web-1 main bash`. What a program was told may hold a secret.
fn what(question: &TerminalQuestion) -> String {
    let TerminalQuestion { kind, of, container, command, .. } = question;
    let what = format!(
        "{} {}/{} {container} {}",
        kind.name(),
        of.scope,
        of.name.as_str(),
        command.first().map_or("", String::as_str)
    );
    what.trim_end().to_owned()
}
