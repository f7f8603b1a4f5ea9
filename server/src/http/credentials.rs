//! Credentials to take away: a new client certificate for somebody, and one's own as a kubeconfig. Made with the rights of whoever
//! asks, kept nowhere, and noted in the audit log.

use std::time::Duration;

use axum::Json;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crowsnest_api::credentials::{MAX_DAYS, MintRequest, Minted};
use crowsnest_rbac::{random_token, write_kubeconfig};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};

use super::objects::Viewer;
use super::{ApiError, AppState, ErrorKind};
use crate::audit::{Action, Outcome};
use crate::auth::Identified;
use crate::clock;
use crate::cluster::As;
use crate::listen::Peer;
use crate::minting::{self, MintError, Wish};

/// Shorter than the minute after which an API server in between cuts the request.
const PATIENCE: Duration = Duration::from_secs(20);
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Names that fit into a certificate: X.520 has 64 characters for each.
const MAX_NAME: usize = 64;
const MAX_GROUPS: usize = 32;
/// Characters of a password that somebody types once.
const PASSWORD: usize = 20;

/// `POST certificates`: has the cluster sign a client certificate.
pub(super) async fn mint(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
    Extension(peer): Extension<Peer>,
    Json(asked): Json<MintRequest>,
) -> Result<Json<Minted>, ApiError> {
    let viewer = Viewer::of(&app, &identified)?;
    let wish = wish(asked)?;
    let detail = format!("for {:?} in {:?}", wish.user, wish.groups);
    let minted = minting::mint(&viewer.cluster, As::User(&viewer.credential), &wish).await;
    let outcome = if minted.is_ok() { Outcome::Done } else { Outcome::Refused };
    viewer.note(&app, Action::MintCertificate, outcome, peer.address.ip(), detail).await;
    let (certificate, claims) = match minted {
        Ok(minted) => minted,
        Err(MintError::Cluster(error)) => return Err(viewer.refused(&app, error).await),
        Err(MintError::Names(_)) => {
            return Err(ApiError::bad_request(format!(
                "a certificate has room for names of {MAX_NAME} characters"
            )));
        }
        Err(other) => return Err(ApiError::new(ErrorKind::BadGateway, other.to_string())),
    };
    let password: String = random_token().map_err(ApiError::internal)?.chars().take(PASSWORD).collect();
    let p12 = certificate.to_pkcs12(&wish.user, &password).map_err(ApiError::internal)?;
    let ca = viewer.cluster.authority().and_then(|pem| String::from_utf8(pem).ok());
    let (user, ends) = (claims.user, clock::rfc3339(claims.ends));
    Ok(Json(Minted { user, ends, p12: STANDARD.encode(p12), password, ca }))
}

fn wish(asked: MintRequest) -> Result<Wish, ApiError> {
    let MintRequest { user, groups, days } = asked;
    let is_name = |name: &String| {
        !name.is_empty() && name.chars().count() <= MAX_NAME && !name.chars().any(char::is_control)
    };
    if !is_name(&user) || !groups.iter().all(is_name) || groups.len() > MAX_GROUPS {
        return Err(ApiError::bad_request(format!(
            "a certificate names a user and up to {MAX_GROUPS} groups, each with 1 to {MAX_NAME} characters"
        )));
    }
    if days == 0 || days > MAX_DAYS {
        return Err(ApiError::bad_request(format!("a certificate is good for 1 to {MAX_DAYS} days")));
    }
    Ok(Wish { user, groups, expires: DAY * days, patience: PATIENCE })
}

/// `POST kubeconfig`: the caller's own credential for `kubectl`. No `GET`, so that no link and no page elsewhere fetches it.
pub(super) async fn kubeconfig(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
    Extension(peer): Extension<Peer>,
) -> Result<Response, ApiError> {
    let viewer = Viewer::of(&app, &identified)?;
    let cluster = &viewer.cluster;
    let server = cluster.public_url(&viewer.credential).await;
    let ca = cluster.authority();
    let file = write_kubeconfig(&server, ca.as_deref(), &viewer.user, &viewer.credential);
    let outcome = if file.is_some() { Outcome::Done } else { Outcome::Refused };
    viewer.note(&app, Action::TakeKubeconfig, outcome, peer.address.ip(), String::new()).await;
    let file = file.ok_or_else(|| {
        ApiError::new(
            ErrorKind::NotFound,
            "you signed in with what your browser shows, which this server never had; a kubeconfig needs a token or a \
             certificate of its own: have one minted",
        )
    })?;
    let headers = [
        (CONTENT_TYPE, "application/yaml"),
        (CONTENT_DISPOSITION, "attachment; filename=\"kubeconfig.yaml\""),
    ];
    Ok((headers, file.reveal().to_owned()).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(user: &str, groups: &[&str], days: u32) -> MintRequest {
        MintRequest {
            user: user.to_owned(),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            days,
        }
    }

    #[test]
    fn names_and_days_that_no_certificate_has_are_refused_before_anybody_is_asked() {
        assert_eq!(wish(asked("bob", &["devs"], 30)).unwrap().expires, DAY * 30);
        let long = "x".repeat(MAX_NAME + 1);
        for wrong in [
            asked("", &[], 1),
            asked("a\nb", &[], 1),
            asked(&long, &[], 1),
            asked("bob", &[""], 1),
            asked("bob", &[], 0),
            asked("bob", &[], MAX_DAYS + 1),
        ] {
            assert!(wish(wrong.clone()).is_err(), "{wrong:?}");
        }
        let many = vec!["g"; MAX_GROUPS + 1];
        assert!(wish(asked("bob", &many, 1)).is_err());
    }
}
