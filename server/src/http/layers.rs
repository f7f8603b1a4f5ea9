//! From the route table to the service that listeners serve: guards inside, everything else around them.

use std::any::Any;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodFilter, MethodRouter, any};
use crowsnest_rbac::{Access, Effect};
use http::StatusCode;
use http::header::{HeaderName, HeaderValue};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, RequestId, SetRequestIdLayer};
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;
use tracing::{Span, debug, info_span};

use super::guard::{self, Guard};
use super::routes::ROUTES;
use super::{ApiError, AppState, ErrorKind, base_path, body_limit, error, host, security_headers};
use crate::listen::Peer;

/// Longer than the longest query may run, so that the query's own error is the one that is seen.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(150);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The whole HTTP surface.
pub(crate) fn router(app: &AppState) -> Router {
    let guarded = ROUTES.iter().fold(Router::new(), |router, route| {
        // Every method of the table is one of HTTP's own, for which a filter exists.
        let filter = MethodFilter::try_from(route.method.clone()).unwrap_or(MethodFilter::GET);
        // Outermost first: nobody's body is read before they have shown that they may send one.
        let handler: MethodRouter<AppState> = (route.handler)(filter).layer((
            from_fn_with_state(guard(app, route.access, route.effect), guard::check),
            from_fn_with_state(route.body_limit, body_limit::check),
            DefaultBodyLimit::disable(),
        ));
        router.route(route.path, handler)
    });
    let nowhere =
        any(not_found).layer(from_fn_with_state(guard(app, Access::User, Effect::Reads), guard::check));
    let inner = guarded.fallback_service(nowhere.with_state(())).with_state(AppState::clone(app));
    let counting = AppState::clone(app);
    // Outermost last.
    Router::new()
        .fallback_service(inner)
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, REQUEST_TIMEOUT))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(AppState::clone(app), host::check))
        .layer(from_fn(error::shape))
        .layer(from_fn_with_state(AppState::clone(app), base_path::resolve))
        .layer(CompressionLayer::new().br(true).gzip(true))
        .layer(from_fn_with_state(AppState::clone(app), security_headers::add))
        .layer(
            TraceLayer::new_for_http()
                .make_span_with(span)
                .on_request(())
                .on_response(move |response: &Response, latency: Duration, _: &Span| {
                    counting.telemetry.answered(response.status(), latency);
                    debug!(status = response.status().as_u16(), ms = latency.as_secs_f64() * 1e3, "answered");
                })
                .on_failure(()),
        )
        .layer(PropagateRequestIdLayer::new(REQUEST_ID))
        .layer(SetRequestIdLayer::new(REQUEST_ID, MakeRequestUuid))
        .layer(from_fn(drop_odd_request_id))
}

fn guard(app: &AppState, access: Access, effect: Effect) -> Guard {
    Guard { app: AppState::clone(app), access, effect }
}

/// A proxy's request id is kept, so that its log and ours can be read side by side; one that no log should hold is not.
async fn drop_odd_request_id(mut request: Request, next: Next) -> Response {
    let harmless = |id: &HeaderValue| {
        let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(byte);
        id.len() <= 128 && id.as_bytes().iter().all(allowed)
    };
    if !request.headers().get(REQUEST_ID).is_none_or(harmless) {
        request.headers_mut().remove(REQUEST_ID);
    }
    next.run(request).await
}

/// Paths without their query, and no headers: neither may hold secrets in a log.
fn span(request: &Request) -> Span {
    let id = request
        .extensions()
        .get::<RequestId>()
        .and_then(|id| id.header_value().to_str().ok())
        .unwrap_or_default();
    let peer = request.extensions().get::<Peer>().map(|peer| peer.address.to_string()).unwrap_or_default();
    info_span!("request", id, peer, method = %request.method(), path = request.uri().path())
}

async fn not_found() -> ApiError {
    ApiError::new(ErrorKind::NotFound, "there is nothing at this path")
}

#[expect(clippy::needless_pass_by_value, reason = "tower-http hands the panic over by value")]
fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
    tracing::error!(panic = text, "a handler panicked");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use crowsnest_rbac::{Digest, Role};
    use http::{Method, header};
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;
    use crate::config::Config;
    use crate::data_dir::DataDir;
    use crate::http::routes::Route;
    use crate::listen::Transport;
    use crate::serve;
    use crate::settings::{AuthMode, Settings};

    const INGEST: &str = "an-ingest-token-for-tests";

    /// The whole surface over an empty store, with a user for each role whose token is the role's name.
    async fn surface(dir: &std::path::Path) -> Router {
        crowsnest_rbac::install_crypto_provider();
        let users: String = ["viewer", "editor", "admin"]
            .map(|role| {
                let digest = Digest::of(role.as_bytes()).to_hex();
                format!("- {{user: {role}, role: {role}, token_sha256: {digest}}}\n")
            })
            .concat();
        std::fs::write(dir.join("users.yaml"), users).unwrap();
        std::fs::write(dir.join("ingest"), INGEST).unwrap();
        let settings = Settings {
            static_token_file: Some(dir.join("users.yaml")),
            ingest_token_file: Some(dir.join("ingest")),
            ..Settings::default()
        };
        surface_with(dir, settings).await
    }

    async fn surface_with(dir: &std::path::Path, settings: Settings) -> Router {
        crowsnest_rbac::install_crypto_provider();
        let data_dir = DataDir::open(&dir.join("data")).unwrap();
        router(&serve::compose(&Config::resolve(settings).unwrap(), &data_dir).await.unwrap())
    }

    async fn ask(surface: &Router, method: &Method, path: &str, token: Option<&str>) -> (StatusCode, String) {
        let peer = Peer { address: ([127, 0, 0, 1], 1).into(), transport: Transport::Tls };
        let mut request = http::Request::builder().method(method).uri(path).extension(peer);
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let response = surface.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let status = response.status();
        if response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream") {
            // It has no end.
            return (status, String::new());
        }
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8_lossy(&body).into_owned())
    }

    /// The status of a request as HTTP/2 carries it: the host in the URI, none among the headers.
    async fn status(
        surface: &Router,
        method: &Method,
        uri: &str,
        headers: &[(&'static str, &str)],
    ) -> StatusCode {
        let peer = Peer { address: ([127, 0, 0, 1], 1).into(), transport: Transport::Tls };
        let mut request = http::Request::builder().method(method).uri(uri).extension(peer);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        surface.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status()
    }

    #[tokio::test]
    async fn where_nobody_signs_in_pages_from_elsewhere_change_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let surface =
            surface_with(dir.path(), Settings { auth: Some(AuthMode::None), ..Settings::default() }).await;
        for (headers, expected) in [
            (&[][..], StatusCode::OK),
            (&[("origin", "https://localhost:8443")], StatusCode::OK),
            (&[("sec-fetch-site", "same-origin"), ("origin", "https://localhost:8443")], StatusCode::OK),
            (&[("origin", "https://evil.example")], StatusCode::FORBIDDEN),
            (&[("origin", "null")], StatusCode::FORBIDDEN),
            (&[("sec-fetch-site", "cross-site")], StatusCode::FORBIDDEN),
            (&[("sec-fetch-site", "same-site"), ("origin", "http://localhost:3000")], StatusCode::FORBIDDEN),
        ] {
            let found = status(&surface, &Method::POST, "https://localhost:8443/-/reload", headers).await;
            assert_eq!(found, expected, "{headers:?}");
        }
    }

    #[tokio::test]
    async fn the_host_is_known_below_a_base_path_too() {
        let dir = tempfile::tempdir().unwrap();
        let settings = Settings {
            auth: Some(AuthMode::None),
            base_path: Some("/nest".to_owned()),
            ..Settings::default()
        };
        let surface = surface_with(dir.path(), settings).await;
        let healthz = |host: &str| format!("https://{host}/nest/healthz?x");
        assert_eq!(status(&surface, &Method::GET, &healthz("localhost:8443"), &[]).await, StatusCode::OK);
        let other = status(&surface, &Method::GET, &healthz("evil.example"), &[("host", "localhost")]).await;
        assert_eq!(other, StatusCode::MISDIRECTED_REQUEST);
    }

    /// A credential that is good, but not good enough for `access`.
    fn too_little(access: Access) -> Option<&'static str> {
        match access {
            Access::Public => None,
            Access::User | Access::Series | Access::Role(Role::Viewer) => Some(INGEST),
            Access::Role(Role::Editor) | Access::Ingest => Some("viewer"),
            Access::Role(Role::Admin) => Some("editor"),
        }
    }

    fn path_of(route: &Route) -> String {
        let path = route.path.replace("{kind}", "core.v1.pods").replace("{namespace}", "shop");
        path.replace("{name}", "x").replace("{*name}", "x.js")
    }

    #[tokio::test]
    async fn every_route_that_is_not_public_wants_credentials_and_enough_of_them() {
        let dir = tempfile::tempdir().unwrap();
        let surface = surface(dir.path()).await;
        for route in ROUTES {
            let (path, method) = (path_of(route), &route.method);
            let Some(too_little) = too_little(route.access) else { continue };
            for wrong in [None, Some("wrong"), Some("")] {
                let (status, body) = ask(&surface, method, &path, wrong).await;
                assert_eq!(status, StatusCode::UNAUTHORIZED, "{method} {path} with {wrong:?}: {body}");
            }
            let (status, body) = ask(&surface, method, &path, Some(too_little)).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{method} {path} with {too_little}: {body}");
        }
    }

    #[tokio::test]
    async fn every_route_answers_an_administrator_with_something_else() {
        let dir = tempfile::tempdir().unwrap();
        let surface = surface(dir.path()).await;
        for route in ROUTES {
            let (path, method) = (path_of(route), &route.method);
            let (status, body) = ask(&surface, method, &path, Some("admin")).await;
            let refused = [
                StatusCode::UNAUTHORIZED,
                StatusCode::FORBIDDEN,
                StatusCode::METHOD_NOT_ALLOWED,
                StatusCode::INTERNAL_SERVER_ERROR,
            ];
            // Prometheus's own answer where its flag is not given.
            let switched_off = body.contains("admin APIs disabled");
            assert!(switched_off || !refused.contains(&status), "{method} {path}: {status}");
        }
    }

    #[tokio::test]
    async fn only_health_sign_in_and_static_files_are_public() {
        let public: Vec<String> = ROUTES
            .iter()
            .filter(|route| route.access == Access::Public)
            .map(|route| format!("{} {}", route.method, route.path))
            .collect();
        let expected = [
            "GET /",
            "GET /-/healthy",
            "GET /-/ready",
            "POST /api/crowsnest/v1/session",
            "GET /assets/{*name}",
            "GET /healthz",
            "GET /readyz",
        ];
        assert_eq!(public, expected);
    }

    #[tokio::test]
    async fn what_is_not_there_is_told_in_the_shape_of_its_neighbours() {
        let dir = tempfile::tempdir().unwrap();
        let surface = surface(dir.path()).await;
        let (status, body) = ask(&surface, &Method::GET, "/api/v1/nothing", Some("viewer")).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert!(body.starts_with(r#"{"status":"error","errorType":"not_found""#), "{body}");
        let (_, body) = ask(&surface, &Method::GET, "/nothing", Some("viewer")).await;
        assert!(body.starts_with(r#"{"status":404,"title":"Not found""#), "{body}");
    }

    #[test]
    fn the_openapi_description_has_every_route_of_the_prometheus_api_and_no_other() {
        let described = |path: &str| path.starts_with("/api/v1/") || path == "/federate";
        let routes: Vec<(String, String)> = ROUTES
            .iter()
            .filter(|route| described(route.path))
            .map(|route| (route.path.to_owned(), route.method.as_str().to_lowercase()))
            .collect();
        let document = crate::api_v1::openapi::document();
        let mut found: Vec<(String, String)> = document["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, operations)| {
                operations.as_object().unwrap().keys().map(|method| (path.clone(), method.clone()))
            })
            .collect();
        found.sort();
        assert_eq!(found, routes);
    }

    #[test]
    fn the_table_is_sorted_and_without_repetitions() {
        assert!(ROUTES.is_sorted_by(|a, b| (a.path, a.method.as_str()) < (b.path, b.method.as_str())));
    }
}
