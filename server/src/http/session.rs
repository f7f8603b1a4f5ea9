//! `/api/crowsnest/v1/session`: sign in, who am I, sign out.

use std::net::IpAddr;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crowsnest_api::Timestamp;
use crowsnest_api::session::{COOKIE, LoginAt, Session, Shown, SignIn, Way, Ways};
use crowsnest_rbac::oidc::PENDING_LIFETIME;
use crowsnest_rbac::{Caller, Credential, Identity, SESSION_LIFETIME, Via};
use http::header::{CONTENT_TYPE, SET_COOKIE};
use http::{HeaderMap, StatusCode};
use tracing::info;

use super::{ApiError, App, AppState, BasePath, ErrorKind, guard};
use crate::audit::{Action, Outcome};
use crate::auth::{
    Identified, NewSession, Opened, SignInFailure, SignedIn, Vouched, cookie_header, cookie_named,
    expired_cookie_header,
};
use crate::clock;
use crate::listen::{Peer, ShownCertificate};

/// What a browser keeps while its user is at the issuer.
const LOGIN_COOKIE: &str = "crowsnest_login";
/// How one signs in.
const WAYS: &str = r#"send {"token": …}, {"p12": …, "password": …}, {"kubeconfig": …}, {"certificate": true}, {"oidc": …} or {"user": …, "password": …}"#;
/// When a caller's own token ends: never, as far as we know.
const NEVER: &str = "9999-12-31T23:59:59Z";

/// `POST`: checks the credentials and begins a session.
pub(super) async fn sign_in(
    State(app): State<AppState>,
    Extension(base): Extension<BasePath>,
    Extension(peer): Extension<Peer>,
    shown: Option<Extension<ShownCertificate>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    // A form on another site can be posted without asking us first; JSON cannot.
    let json = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !json.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
        return Err(ApiError::new(ErrorKind::UnsupportedMediaType, "send application/json"));
    }
    let sign_in: SignIn = serde_json::from_slice(&body).map_err(|_| ApiError::bad_request(WAYS))?;
    let now = clock::now();
    let from = peer.address.ip();
    let (way, claimed) = attempt(&sign_in);
    let user = match sign_in {
        SignIn::Token { token } => app.auth.sign_in_with_token(token.trim(), from, now).await,
        SignIn::Pkcs12 { p12, password } => {
            let p12 = STANDARD.decode(p12).map_err(|_| ApiError::bad_request("p12: this is not base64"))?;
            app.auth.sign_in_with_p12(p12, password, from, now).await
        }
        SignIn::Kubeconfig { kubeconfig } => app.auth.sign_in_with_kubeconfig(&kubeconfig, from, now).await,
        SignIn::Certificate { certificate: true } => {
            // The browser brings the certificate by itself, whoever's page asks for it.
            if guard::provenance(&headers).sec_fetch_site.is_some_and(|site| site != "same-origin") {
                return Err(ApiError::new(ErrorKind::Forbidden, "sign in on the page of this server"));
            }
            let shown = shown.as_deref();
            app.auth.sign_in_with_certificate(shown, &headers, from, now).await
        }
        SignIn::Certificate { certificate: false } => return Err(ApiError::bad_request(WAYS)),
        SignIn::Oidc { oidc } => {
            let kept = cookie_named(&headers, LOGIN_COOKIE);
            app.auth.sign_in_with_code(kept, &oidc, from, now).await
        }
        SignIn::Password { user, password } => {
            app.auth.sign_in_with_password(user, password, from, now).await
        }
    };
    let user = match user {
        Ok(user) => user,
        Err(failure) => {
            info!(reason = %failure, "sign-in refused");
            let why = failure.to_string();
            note(&app, Action::SignIn, Outcome::Refused, claimed, from, why).await;
            return Err(refused(failure));
        }
    };
    info!(user = user.identity.user, "signed in");
    let name = user.identity.user.clone();
    note(&app, Action::SignIn, Outcome::Done, name, from, way.to_owned()).await;
    let origin = guard::provenance(&headers).origin.map(str::to_owned);
    let https = origin.as_deref().is_some_and(|origin| origin.starts_with("https://"));
    let identity = user.identity.clone();
    let new = begin(&app, user, origin, now).await?;
    let cookie = cookie_header(COOKIE, &new.token, &base.with_slash(), SESSION_LIFETIME, https);
    let body = describe(&app, &identity, clock::rfc3339(new.record.expires()), &new.record.csrf);
    let mut response = ([(SET_COOKIE, cookie)], Json(body)).into_response();
    if way == "oidc"
        && let Ok(forgotten) = expired_cookie_header(LOGIN_COOKIE, &base.with_slash()).parse()
    {
        response.headers_mut().append(SET_COOKIE, forgotten);
    }
    Ok(response)
}

/// `POST …/oidc`: begins a login at the issuer, which comes back to the page that asks. The browser keeps, sealed, which login is its own.
pub(super) async fn begin_login(
    State(app): State<AppState>,
    Extension(base): Extension<BasePath>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if app.auth.issuer().is_none() {
        return Err(refused(SignInFailure::NoIssuer));
    }
    let provenance = guard::provenance(&headers);
    let is_foreign = provenance.sec_fetch_site.is_some_and(|site| site != "same-origin");
    let Some(origin) = provenance.origin.filter(|origin| !is_foreign && *origin != "null") else {
        return Err(ApiError::new(ErrorKind::Forbidden, "sign in on the page of this server"));
    };
    let page = format!("{origin}{}", base.with_slash());
    let begun = app.auth.begin_login(page, peer.address.ip(), clock::now()).await;
    let (kept, url) = begun.map_err(|failure| {
        info!(reason = %failure, "a login at the issuer cannot begin");
        refused(failure)
    })?;
    let https = origin.starts_with("https://");
    let cookie = cookie_header(LOGIN_COOKIE, &kept, &base.with_slash(), PENDING_LIFETIME, https);
    Ok(([(SET_COOKIE, cookie)], Json(LoginAt { url })).into_response())
}

/// `GET …/ways`: how one can sign in here.
pub(super) async fn ways(
    State(app): State<AppState>,
    shown: Option<Extension<ShownCertificate>>,
    headers: HeaderMap,
) -> Json<Ways> {
    let mut ways = app.auth.ways().to_vec();
    let mut certificate = None;
    if let Some(Extension(shown)) = shown
        && app.auth.trusted.opened() != Opened::default()
    {
        // Of a certificate that is no good, the attempt tells why.
        ways.insert(0, Way::Certificate);
        certificate = match app.auth.trusted.user_of(Some(&shown), &headers, clock::now()) {
            Ok(Vouched::Certificate(user)) => Some(Shown { user: user.user, sign_on: false }),
            Ok(Vouched::SignOn(user)) => Some(Shown { user: user.user, sign_on: true }),
            Err(_) => None,
        };
    }
    Json(Ways { ways, certificate, issuer: app.auth.issuer() })
}

/// `GET`: who the caller is.
pub(super) async fn who_am_i(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
) -> Result<Json<Session>, ApiError> {
    let Caller::User { identity, .. } = &identified.caller else {
        return Err(ApiError::new(ErrorKind::Forbidden, "not a user"));
    };
    let ends = identity.credential().and_then(Credential::ends).map(clock::rfc3339);
    Ok(Json(match &identified.session {
        Some(session) => describe(&app, identity, clock::rfc3339(session.expires()), &session.csrf),
        None => describe(&app, identity, ends.unwrap_or_else(|| NEVER.to_owned()), ""),
    }))
}

/// `DELETE`: ends the session and makes the browser forget its cookie.
pub(super) async fn sign_out(
    State(app): State<AppState>,
    Extension(base): Extension<BasePath>,
    Extension(identified): Extension<Identified>,
    Extension(peer): Extension<Peer>,
) -> Result<Response, ApiError> {
    if let Caller::User { identity, via: Via::Session { id } } = identified.caller {
        let ending = AppState::clone(&app);
        let end = tokio::task::spawn_blocking(move || ending.auth.sessions.end(&id));
        end.await.map_err(ApiError::internal)?.map_err(ApiError::internal)?;
        info!(user = identity.user, "signed out");
        note(&app, Action::SignOut, Outcome::Done, identity.user, peer.address.ip(), String::new()).await;
    }
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, expired_cookie_header(COOKIE, &base.with_slash()))])
        .into_response())
}

/// The way of an attempt, and who somebody says they are.
fn attempt(sign_in: &SignIn) -> (&'static str, String) {
    match sign_in {
        SignIn::Token { .. } => ("token", String::new()),
        SignIn::Pkcs12 { .. } => ("p12", String::new()),
        SignIn::Kubeconfig { .. } => ("kubeconfig", String::new()),
        SignIn::Certificate { .. } => ("certificate", String::new()),
        SignIn::Oidc { .. } => ("oidc", String::new()),
        SignIn::Password { user, .. } => ("password", user.clone()),
    }
}

/// Writes to the audit log, off the threads that serve requests.
async fn note(app: &AppState, action: Action, outcome: Outcome, user: String, from: IpAddr, detail: String) {
    let app = AppState::clone(app);
    let noting = move || app.audit.note(clock::now(), action, outcome, &user, from, &detail);
    // An error is a panic there, which has been told already.
    tokio::task::spawn_blocking(noting).await.ok();
}

async fn begin(
    app: &AppState,
    user: SignedIn,
    origin: Option<String>,
    now: Timestamp,
) -> Result<NewSession, ApiError> {
    let app = AppState::clone(app);
    let begin = tokio::task::spawn_blocking(move || app.auth.sessions.begin(user, origin, now));
    begin.await.map_err(ApiError::internal)?.map_err(ApiError::internal)
}

fn describe(app: &App, identity: &Identity, expires: String, csrf: &str) -> Session {
    Session {
        user: identity.user.clone(),
        groups: identity.groups.clone(),
        expires,
        csrf: csrf.to_owned(),
        cluster: identity.credential().is_some(),
        ephemeral: app.config.ephemeral,
    }
}

fn refused(failure: SignInFailure) -> ApiError {
    let message = failure.to_string();
    match failure {
        SignInFailure::Wrong(_) | SignInFailure::Refused(_) => {
            ApiError::new(ErrorKind::NoCredentials, message)
        }
        SignInFailure::CannotAsk(_) => ApiError::new(ErrorKind::Unavailable, message),
        SignInFailure::TooMany(wait) => ApiError::new(ErrorKind::TooManyRequests, message).retry_after(wait),
        SignInFailure::Open
        | SignInFailure::NoPasswords
        | SignInFailure::NoCluster
        | SignInFailure::NoIssuer => ApiError::bad_request(message),
        SignInFailure::Internal(cause) => ApiError::internal(cause),
    }
}
