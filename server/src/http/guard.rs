//! In front of every handler: who is asking, may they, and – for what changes something and carries no token of its
//! own – does the request really come from a page of ours.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use crowsnest_api::session::CSRF_HEADER;
use crowsnest_rbac::{Access, Caller, Effect, Provenance, Refusal, Via};
use http::HeaderMap;
use http::header::ORIGIN;
use tracing::warn;

use super::base_path::AsSent;
use super::host::is_own_origin;
use super::{ApiError, App, AppState, ErrorKind};
use crate::auth::{Credentials, Identified};
use crate::clock;
use crate::listen::ShownCertificate;
use crate::query_pool::asking_for;

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
    let now = clock::now();
    if guard.access == Access::ApiServer {
        let extensions = request.extensions();
        let shown = extensions.get::<ShownCertificate>().filter(|_| extensions.get::<AsSent>().is_some());
        let asks = shown.is_some_and(|shown| guard.app.auth.trusted.asks_for_metrics(shown, now));
        return if asks { Ok(next.run(request).await) } else { Err(not_the_api_server()) };
    }
    let credentials = Credentials::of(request.headers());
    let mut identified =
        guard.app.auth.identify(&credentials, now).await.map_err(|refusal| refused(&refusal))?;
    let shown = request.extensions().get::<ShownCertificate>();
    if !guard.app.auth.is_still_shown(&identified, shown, request.headers(), now) {
        identified = Identified { caller: Caller::Unknown, session: None };
    }
    guard
        .app
        .auth
        .authoriser
        .authorise(&identified.caller, guard.access)
        .await
        .map_err(|refusal| refused(&refusal))?;
    if guard.access != Access::Public && guard.effect == Effect::Changes {
        check_mutation(&guard.app, &identified, provenance(request.headers()))?;
    }
    note_use(&guard.app, &identified);
    let user = match &identified.caller {
        Caller::User { identity, .. } => identity.user.clone(),
        Caller::Pusher { .. } | Caller::Anonymous | Caller::Unknown => String::new(),
    };
    request.extensions_mut().insert(identified);
    Ok(asking_for(&user, next.run(request)).await)
}

fn not_the_api_server() -> ApiError {
    let message = "this connection does not come from the API server, which alone is answered here";
    ApiError::new(ErrorKind::Forbidden, message)
}

fn refused(refusal: &Refusal) -> ApiError {
    let kind = match refusal {
        Refusal::NoCredentials | Refusal::BadCredentials => ErrorKind::NoCredentials,
        Refusal::Forbidden { .. } => ErrorKind::Forbidden,
        Refusal::CannotTell { .. } => ErrorKind::Unavailable,
    };
    ApiError::new(kind, refusal.to_string())
}

/// Whether a request that changes something may come from where it comes from. A bearer token no browser adds by
/// itself; a cookie, and the right to do everything where nobody signs in, go with whatever a page sends.
fn check_mutation(app: &App, identified: &Identified, from: Provenance<'_>) -> Result<(), ApiError> {
    let refused = |message: String| ApiError::new(ErrorKind::Forbidden, message);
    match (&identified.session, &identified.caller) {
        (Some(session), _) => session.check_mutation(from).map_err(|refusal| refused(refusal.to_string())),
        (None, Caller::User { via: Via::Open, .. })
            if from.is_foreign(|origin| is_own_origin(origin, app)) =>
        {
            Err(refused("the request comes from a page of another site".to_owned()))
        }
        _ => Ok(()),
    }
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
