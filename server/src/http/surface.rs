//! For tests: the whole HTTP surface in this process, asked without a socket.

use axum::Router;
use axum::body::Body;
use crowsnest_rbac::Digest;
use http::{Method, StatusCode, header};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use super::routes::Route;
use super::{AppState, router};
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::listen::{Peer, Transport};
use crate::serve;
use crate::settings::Settings;

pub(super) const INGEST: &str = "an-ingest-token-for-tests";

/// The whole surface over an empty store, with a user for each role whose token is the role's name.
pub(super) async fn surface(dir: &std::path::Path) -> Router {
    composed(dir, users_in(dir)).await.1
}

/// Settings with a user for each role, and one who pushes.
pub(super) fn users_in(dir: &std::path::Path) -> Settings {
    let users: String = ["viewer", "editor", "admin"]
        .map(|role| {
            let digest = Digest::of(role.as_bytes()).to_hex();
            format!("- {{user: {role}, role: {role}, token_sha256: {digest}}}\n")
        })
        .concat();
    std::fs::write(dir.join("users.yaml"), users).unwrap();
    std::fs::write(dir.join("ingest"), INGEST).unwrap();
    Settings {
        static_token_file: Some(dir.join("users.yaml")),
        ingest_token_file: Some(dir.join("ingest")),
        ..Settings::default()
    }
}

pub(super) async fn surface_with(dir: &std::path::Path, settings: Settings) -> Router {
    composed(dir, settings).await.1
}

pub(super) async fn composed(dir: &std::path::Path, settings: Settings) -> (AppState, Router) {
    crowsnest_rbac::install_crypto_provider();
    let data_dir = DataDir::open(&dir.join("data")).unwrap();
    let app = serve::compose(&Config::resolve(settings).unwrap(), &data_dir).await.unwrap();
    let surface = router(&app);
    (app, surface)
}

pub(super) async fn ask(
    surface: &Router,
    method: &Method,
    path: &str,
    token: Option<&str>,
) -> (StatusCode, String) {
    ask_with(surface, method, path, token, ("", "")).await
}

/// The same with a body and its media type.
pub(super) async fn ask_with(
    surface: &Router,
    method: &Method,
    path: &str,
    token: Option<&str>,
    (media_type, body): (&str, &str),
) -> (StatusCode, String) {
    let peer = Peer { address: ([127, 0, 0, 1], 1).into(), transport: Transport::Tls };
    let mut request = http::Request::builder().method(method).uri(path).extension(peer);
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    if !media_type.is_empty() {
        request = request.header(header::CONTENT_TYPE, media_type);
    }
    let request = request.body(Body::from(body.to_owned())).unwrap();
    let response = surface.clone().oneshot(request).await.unwrap();
    let status = response.status();
    if response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream") {
        // It has no end.
        return (status, String::new());
    }
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&body).into_owned())
}

pub(super) fn path_of(route: &Route) -> String {
    let path = route.path.replace("{kind}", "core.v1.pods").replace("{namespace}", "shop");
    path.replace("{name}", "x").replace("{*name}", "x.js")
}
