//! In front of every handler: who is asking, may they, and – for cookie sessions that change something – does the
//! request really come from the page they signed in on.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use crowsnest_api::session::CSRF_HEADER;
use crowsnest_rbac::{Access, Caller, Effect, Provenance, Refusal, Via};
use http::HeaderMap;
use http::header::ORIGIN;
use tracing::warn;

use super::{ApiError, AppState, ErrorKind};
use crate::auth::{Credentials, Identified};
use crate::clock;

/// What the guard of one route asks for.
#[derive(Clone)]
pub(super) struct Guard {
    pub(super) app: AppState,
    pub(super) access: Access,
    pub(super) effect: Effect,
}

/// Middleware of one route. Handlers find an [`Identified`] among the extensions.
pub(super) async fn check(
    State(guard): State<Guard>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let identified = guard.app.auth.identify(&Credentials::of(request.headers()), clock::now());
    guard
        .app
        .auth
        .authoriser
        .authorise(&identified.caller, guard.access)
        .await
        .map_err(|refusal| refused(&refusal))?;
    if guard.access != Access::Public
        && guard.effect == Effect::Changes
        && let Some(session) = &identified.session
    {
        session
            .check_mutation(provenance(request.headers()))
            .map_err(|refusal| ApiError::new(ErrorKind::Forbidden, refusal.to_string()))?;
    }
    note_use(&guard.app, &identified);
    request.extensions_mut().insert(identified);
    Ok(next.run(request).await)
}

fn refused(refusal: &Refusal) -> ApiError {
    let kind = match refusal {
        Refusal::NoCredentials | Refusal::BadCredentials => ErrorKind::NoCredentials,
        Refusal::Forbidden { .. } => ErrorKind::Forbidden,
    };
    ApiError::new(kind, refusal.to_string())
}

/// Where a request says it comes from.
pub(super) fn provenance(headers: &HeaderMap) -> Provenance<'_> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    Provenance {
        origin: header(ORIGIN.as_str()),
        sec_fetch_site: header("sec-fetch-site"),
        csrf: header(CSRF_HEADER),
    }
}

/// Keeps a used session from ending for idleness. At most one disk write a minute, and nobody waits for it.
fn note_use(app: &AppState, identified: &Identified) {
    let Identified { caller: Caller::User { via: Via::Session { id }, .. }, session: Some(session) } =
        identified
    else {
        return;
    };
    let mut session = session.clone();
    if !session.touch(clock::now()) {
        return;
    }
    let (app, id) = (AppState::clone(app), id.clone());
    tokio::task::spawn_blocking(move || {
        if let Err(error) = app.auth.sessions.save_if_running(&id, &session) {
            warn!(err = &error as &dyn std::error::Error, "cannot note that a session is used");
        }
    });
}
