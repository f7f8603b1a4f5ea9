//! `/api/crowsnest/v1/cluster`, `…/certificates` and `…/bootstrap-tokens`: the cluster itself, as the user may see it.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, RawQuery, State};
use crowsnest_api::about::{
    AboutCluster, BootstrapTokens, CertificateOf, Certificates, MAX_DESCRIPTION, MAX_TOKEN_HOURS,
    MadeBootstrapToken, NewBootstrapToken, TOKEN_NAMESPACE, TOKEN_PREFIX,
};
use crowsnest_api::cluster::Scope;
use crowsnest_rbac::Credential;
use http::header::{CACHE_CONTROL, HeaderName};
use openssl::x509::X509;

use super::changes::{Asking, outcome_of};
use super::objects::{Viewer, parse};
use super::{ApiError, AppState};
use crate::audit::{Action, Outcome};
use crate::auth::Identified;
use crate::bootstrap::{self, NewToken};
use crate::cluster::{ClusterError, seen};
use crate::listen::Peer;

/// Namespaces that one question may name.
pub(super) const MAX_NAMESPACES: usize = 50;

/// `GET cluster`.
pub(super) async fn cluster(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
) -> Result<Json<AboutCluster>, ApiError> {
    let viewer = Viewer::of(&app, &identified)?;
    match viewer.cluster.about(&viewer.credential).await {
        Ok(about) => Ok(Json(about)),
        Err(error) => Err(viewer.refused(&app, error).await),
    }
}

/// `GET certificates?in=…`: those that somebody may see without reading a Secret, and with `secrets=read` those of TLS Secrets, too.
pub(super) async fn certificates(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
    Extension(peer): Extension<Peer>,
    RawQuery(query): RawQuery,
) -> Result<Json<Certificates>, ApiError> {
    let viewer = Viewer::of(&app, &identified)?;
    let query = query.unwrap_or_default();
    let (scopes, secrets) = (places(&query)?, wants_secrets(&query));
    let (cluster, credential) = (&viewer.cluster, &viewer.credential);
    let mut found = Certificates::default();
    found.certificates.extend(own(&app).await);
    let shown = cluster.shown_certificate().await;
    found.certificates.extend(shown.and_then(|shown| seen(CertificateOf::ApiServer, &shown)));
    let authorities = X509::stack_from_pem(&cluster.authority().unwrap_or_default()).unwrap_or_default();
    found.certificates.extend(authorities.iter().filter_map(|one| seen(CertificateOf::ApiAuthority, one)));
    if let Credential::Certificate(certificate) = credential {
        let session = X509::from_pem(certificate.chain.as_bytes()).ok();
        found.certificates.extend(session.and_then(|one| seen(CertificateOf::Session, &one)));
    }
    match cluster.kept_certificates(credential, &scopes, &mut found.unread).await {
        Ok(more) => found.certificates.extend(more),
        Err(error) => tolerate(&app, &viewer, error, &mut found.unread).await?,
    }
    if secrets {
        let read = cluster.secret_certificates(credential, &scopes, &mut found.unread).await;
        let many = read.as_ref().map_or(0, Vec::len);
        let outcome = if many > 0 { Outcome::Done } else { outcome_of(&read) };
        let detail = format!("tls.crt of {many} TLS Secrets, when they end");
        viewer.note(&app, Action::RevealSecret, outcome, peer.address.ip(), detail).await;
        match read {
            Ok(more) => found.certificates.extend(more),
            Err(error) => tolerate(&app, &viewer, error, &mut found.unread).await?,
        }
    }
    found.certificates.sort_by(|a, b| a.ends.total_cmp(&b.ends).then_with(|| a.of.cmp(&b.of)));
    Ok(Json(found))
}

/// A part that does not answer is told beside the rest; a session that is over is not.
async fn tolerate(
    app: &AppState,
    viewer: &Viewer,
    error: ClusterError,
    unread: &mut Vec<String>,
) -> Result<(), ApiError> {
    if error.code() == Some(401) {
        return Err(viewer.refused(app, error).await);
    }
    unread.push(error.told());
    Ok(())
}

/// This server's certificate and who has signed it, from the files that it shows them from.
async fn own(app: &AppState) -> Vec<crowsnest_api::about::Certificate> {
    let file = match &app.config.tls_files {
        Some((certificate, _)) => certificate.clone(),
        None => app.config.data_dir.join("tls").join("server.crt"),
    };
    let pem = tokio::fs::read(file).await.unwrap_or_default();
    let chain = X509::stack_from_pem(&pem).unwrap_or_default();
    let of = [CertificateOf::Server, CertificateOf::ServerAuthority];
    of.into_iter().zip(&chain).filter_map(|(of, certificate)| seen(of, certificate)).collect()
}

/// Where to look: in the namespaces that `in` names, or everywhere.
pub(super) fn places(query: &str) -> Result<Vec<Scope>, ApiError> {
    let named = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "in");
    let scopes: Vec<Scope> =
        named.take(MAX_NAMESPACES).map(|(_, namespace)| parse(&namespace)).collect::<Result<_, _>>()?;
    Ok(if scopes.is_empty() { vec![Scope::CLUSTER] } else { scopes })
}

/// Whether Secrets are to be read, too.
fn wants_secrets(query: &str) -> bool {
    form_urlencoded::parse(query.as_bytes()).any(|(name, value)| name == "secrets" && value == "read")
}

/// `GET bootstrap-tokens`.
pub(super) async fn tokens(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
) -> Result<Json<BootstrapTokens>, ApiError> {
    let viewer = Viewer::of(&app, &identified)?;
    let join = bootstrap::join(&viewer.cluster, &viewer.credential).await;
    let mut unread = Vec::new();
    let tokens = match bootstrap::tokens(&viewer.cluster, &viewer.credential).await {
        Ok(tokens) => tokens,
        Err(error) => {
            tolerate(&app, &viewer, error, &mut unread).await?;
            Vec::new()
        }
    };
    Ok(Json(BootstrapTokens { tokens, unread: unread.pop(), join }))
}

/// `POST bootstrap-tokens`: makes one. It is told whole in this answer, and kept nowhere but in the cluster.
pub(super) async fn make_token(
    State(app): State<AppState>,
    asking: Asking,
    body: Bytes,
) -> Result<([(HeaderName, &'static str); 1], Json<MadeBootstrapToken>), ApiError> {
    let asked: NewBootstrapToken = serde_json::from_slice(&body)
        .map_err(|error| ApiError::bad_request(format!("the body is no wish for a token: {error}")))?;
    let NewBootstrapToken { hours, description } = asked;
    if !(1..=MAX_TOKEN_HOURS).contains(&hours) {
        return Err(ApiError::bad_request(format!("a token is good for 1 to {MAX_TOKEN_HOURS} hours")));
    }
    if description.chars().count() > MAX_DESCRIPTION || description.chars().any(char::is_control) {
        return Err(ApiError::bad_request(format!(
            "a description is one line of up to {MAX_DESCRIPTION} characters"
        )));
    }
    let Asking { viewer, from, .. } = asking;
    let token = NewToken::new(hours, &description).map_err(ApiError::internal)?;
    let made = token.create(&viewer.cluster, &viewer.credential).await;
    let detail = format!("core.v1.secrets/{TOKEN_NAMESPACE}/{TOKEN_PREFIX}{}, good for {hours} h", token.id);
    viewer.note(&app, Action::CreateObject, outcome_of(&made), from, detail).await;
    match made {
        Ok(()) => Ok(([(CACHE_CONTROL, "no-store")], Json(MadeBootstrapToken { token: token.whole }))),
        Err(error) => Err(viewer.refused(&app, error).await),
    }
}

#[cfg(test)]
mod tests {
    use http::{Method, StatusCode};
    use serde::de::DeserializeOwned;

    use super::*;
    use crate::http::matrix::Scene;
    use crate::http::surface::{ask, ask_with};

    async fn get<T: DeserializeOwned>(scene: &Scene, user: &str, path: &str) -> T {
        let path = format!("/api/crowsnest/v1/{path}");
        let (status, body) = ask(&scene.surface, &Method::GET, &path, Some(token(scene, user))).await;
        assert_eq!(status, StatusCode::OK, "{user} {path}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    fn token<'s>(scene: &'s Scene, user: &str) -> &'s str {
        &scene.users.iter().find(|(name, _)| *name == user).unwrap().1
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_cluster_tells_its_version_its_health_and_its_clock() {
        let scene = Scene::new().await;
        let about: AboutCluster = get(&scene, "nobody", "cluster").await;
        assert!(about.version.unwrap().git_version.starts_with("v1."));
        assert!(about.url.starts_with("https://127.0.0.1:"), "{}", about.url);
        assert_eq!(about.ready.state, crowsnest_api::about::HealthState::Good);
        assert!(about.live.checks.iter().any(|check| check.name == "etcd" && check.ok));
        assert!(about.groups.iter().any(|group| group.name == "apps" && group.versions == ["v1"]));
        assert!(about.ahead_seconds.unwrap().abs() < 3.0 && about.refused.is_empty());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn certificates_are_told_with_their_end_and_secrets_only_when_asked_for() {
        let scene = Scene::new().await;
        let of = |found: &Certificates, of| found.certificates.iter().filter(|one| one.of == of).count();
        let found: Certificates = get(&scene, "nobody", "certificates").await;
        assert_eq!((of(&found, CertificateOf::ApiServer), of(&found, CertificateOf::ApiAuthority)), (1, 1));
        assert!(found.certificates.iter().all(|one| one.ends > 1.7e9), "{found:?}");
        assert!(found.unread.iter().any(|why| why.contains("certificatesigningrequests")), "{found:?}");
        assert!(!found.unread.iter().any(|why| why.contains("secrets")), "{found:?}");
        let found: Certificates = get(&scene, "nobody", "certificates?secrets=read&in=shop").await;
        assert!(found.unread.iter().any(|why| why.contains("secrets")), "{found:?}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_token_is_told_whole_once_and_without_its_secret_after_that() {
        let scene = Scene::new().await;
        let asked = ("application/json", r#"{"hours":2,"description":"a node"}"#);
        let path = "/api/crowsnest/v1/bootstrap-tokens";
        let (status, body) =
            ask_with(&scene.surface, &Method::POST, path, Some(token(&scene, "root")), asked).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        let made: MadeBootstrapToken = serde_json::from_str(&body).unwrap();
        let (id, secret) = made.token.split_once('.').unwrap();
        let (_, body) = ask(&scene.surface, &Method::GET, path, Some(token(&scene, "root"))).await;
        assert!(body.contains(id) && !body.contains(secret), "{body}");
        let told: BootstrapTokens = serde_json::from_str(&body).unwrap();
        assert_eq!(told.tokens.first().map(|token| token.description.as_str()), Some("a node"));
        let line = told.join.unwrap().line(&made.token);
        assert!(
            line.starts_with("kubeadm join 127.0.0.1:") && line.contains("ca-cert-hash sha256:"),
            "{line}"
        );
        let told: BootstrapTokens = get(&scene, "viewer", "bootstrap-tokens").await;
        assert!(told.tokens.is_empty() && told.unread.unwrap().contains("secrets"));
        for wrong in [r#"{"hours":0}"#, r#"{"hours":1000}"#, "{}", r#"{"hours":1,"description":"a\nb"}"#] {
            let asked = ("application/json", wrong);
            let (status, _) =
                ask_with(&scene.surface, &Method::POST, path, Some(token(&scene, "root")), asked).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{wrong}");
        }
    }
}
