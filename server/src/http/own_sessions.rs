//! `/api/crowsnest/v1/sessions`: one's own sessions, and their end.

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::response::{IntoResponse as _, Response};
use crowsnest_api::session::{COOKIE, OwnSession};
use crowsnest_rbac::{Caller, Via};
use http::StatusCode;
use http::header::SET_COOKIE;

use super::{ApiError, AppState, BasePath, ErrorKind, blocking};
use crate::audit::{Action, Outcome};
use crate::auth::{Identified, expired_cookie_header};
use crate::clock;
use crate::listen::Peer;

/// `GET`: the sessions of the caller, the one used last first.
pub(super) async fn list(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
) -> Result<Json<Vec<OwnSession>>, ApiError> {
    let (user, current) = caller(&identified.caller)?;
    blocking(&app, move |app| {
        let own = app.auth.sessions.of_user(&user, clock::now()).map_err(ApiError::internal)?;
        let shown = own.into_iter().map(|(id, record)| OwnSession {
            current: current.as_ref() == Some(&id),
            created: clock::rfc3339(record.created),
            last_seen: clock::rfc3339(record.last_seen),
            expires: clock::rfc3339(record.expires()),
            origin: record.origin,
            id,
        });
        Ok(Json(shown.collect()))
    })
    .await
}

/// `DELETE …/{id}`: ends one of them. A session of somebody else's is as little there as one that never was.
pub(super) async fn end(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
    Extension(peer): Extension<Peer>,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let (user, _) = caller(&identified.caller)?;
    blocking(&app, move |app| {
        let own = app.auth.sessions.of_user(&user, clock::now()).map_err(ApiError::internal)?;
        if !own.iter().any(|(other, _)| *other == id) {
            return Err(ApiError::new(ErrorKind::NotFound, "you have no such session"));
        }
        app.auth.sessions.end(&id).map_err(ApiError::internal)?;
        app.audit.note(clock::now(), Action::EndSession, Outcome::Done, &user, peer.address.ip(), "");
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// `DELETE`: ends all of them, this one too.
pub(super) async fn end_all(
    State(app): State<AppState>,
    Extension(base): Extension<BasePath>,
    Extension(identified): Extension<Identified>,
    Extension(peer): Extension<Peer>,
) -> Result<Response, ApiError> {
    let (user, _) = caller(&identified.caller)?;
    blocking(&app, move |app| {
        for (id, _) in app.auth.sessions.of_user(&user, clock::now()).map_err(ApiError::internal)? {
            app.auth.sessions.end(&id).map_err(ApiError::internal)?;
        }
        app.audit.note(clock::now(), Action::EndSessions, Outcome::Done, &user, peer.address.ip(), "");
        Ok(())
    })
    .await?;
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, expired_cookie_header(COOKIE, &base.with_slash()))])
        .into_response())
}

/// Whose sessions, and which of them asks.
fn caller(caller: &Caller) -> Result<(String, Option<String>), ApiError> {
    match caller {
        Caller::User { identity, via: Via::Session { id } } => Ok((identity.user.clone(), Some(id.clone()))),
        Caller::User { identity, via: Via::Bearer } => Ok((identity.user.clone(), None)),
        // Where nobody signs in there is nothing to end.
        _ => Err(ApiError::new(ErrorKind::NotFound, "nobody has a session here")),
    }
}
