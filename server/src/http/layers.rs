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
use super::{
    ApiError, AppState, ErrorKind, base_path, body_limit, cors, error, forward, host, security_headers,
};
use crate::listen::Peer;

/// How much longer a request may take than a query, so that the query's own error is the one that is seen.
const BESIDE_QUERY: Duration = Duration::from_secs(30);
/// What a request may take at least, however short queries have to be.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

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
    let timeout = REQUEST_TIMEOUT.max(app.config.queries.timeout.saturating_add(BESIDE_QUERY));
    // Outermost last.
    Router::new()
        .fallback_service(inner)
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, timeout))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(AppState::clone(app), host::check))
        .layer(from_fn(error::shape))
        .layer(from_fn_with_state(AppState::clone(app), cors::check))
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
    // Who knows the rest of this one may go there.
    let path = request.uri().path();
    let path = path.find(forward::PLACE).and_then(|at| path.get(..at + forward::PLACE.len())).unwrap_or(path);
    info_span!("request", id, peer, method = %request.method(), path)
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
    use crowsnest_rbac::Role;
    use http::{Method, header};
    use tower::ServiceExt as _;

    use super::*;
    use crate::http::surface::{INGEST, ask, composed, path_of, surface, surface_with, users_in};
    use crate::listen::Transport;
    use crate::query_pool::asking_for;
    use crate::settings::{AuthMode, Settings};

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

    /// What a page of another site is told, and with which status.
    async fn told(surface: &Router, method: &Method, path: &str, origin: &str) -> (StatusCode, Vec<String>) {
        let peer = Peer { address: ([127, 0, 0, 1], 1).into(), transport: Transport::Tls };
        let request = http::Request::builder().method(method).uri(path).extension(peer);
        let request = request.header(header::ORIGIN, origin).header(header::HOST, "localhost");
        let response = surface.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let named = |name: &header::HeaderName| name.as_str().starts_with("access-control-");
        let headers = response.headers().iter().filter(|(name, _)| named(name));
        let mut told: Vec<String> =
            headers.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        told.sort();
        (response.status(), told)
    }

    #[tokio::test]
    async fn pages_of_other_sites_are_told_nothing_unless_the_operator_says_so() {
        let dir = tempfile::tempdir().unwrap();
        let surface = surface(dir.path()).await;
        for (method, path, status) in [
            (Method::OPTIONS, "/api/v1/query", StatusCode::NO_CONTENT),
            (Method::GET, "/api/v1/query", StatusCode::UNAUTHORIZED),
            (Method::OPTIONS, "/healthz", StatusCode::METHOD_NOT_ALLOWED),
        ] {
            let found = told(&surface, &method, path, "https://a.example").await;
            assert_eq!(found, (status, Vec::new()), "{method} {path}");
        }
    }

    #[tokio::test]
    async fn pages_of_other_sites_may_ask_the_prometheus_api_where_the_operator_says_so() {
        let dir = tempfile::tempdir().unwrap();
        let settings = Settings {
            auth: Some(AuthMode::None),
            web_cors_origin: Some(r"https://[ab]\.example".to_owned()),
            ..Settings::default()
        };
        let surface = surface_with(dir.path(), settings).await;
        let allowed = [
            "access-control-allow-headers: Accept, Authorization, Content-Type, Origin",
            "access-control-allow-methods: GET, POST, OPTIONS",
            "access-control-allow-origin: https://a.example",
            "access-control-expose-headers: Date",
        ];
        for (method, path, status) in [
            (Method::OPTIONS, "/api/v1/query", StatusCode::NO_CONTENT),
            (Method::GET, "/api/v1/query?query=1", StatusCode::OK),
            // An error is told as well.
            (Method::GET, "/api/v1/query", StatusCode::BAD_REQUEST),
        ] {
            let found = told(&surface, &method, path, "https://a.example").await;
            assert_eq!(found.0, status, "{method} {path}");
            assert_eq!(found.1, allowed, "{method} {path}");
        }
        let other = told(&surface, &Method::OPTIONS, "/api/v1/query", "https://c.example").await.1;
        assert!(!other.iter().any(|header| header.contains("allow-origin")), "{other:?}");
        assert_eq!(
            told(&surface, &Method::GET, "/healthz", "https://a.example").await.1,
            Vec::<String>::new()
        );
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_user_ends_their_own_queries_and_an_administrator_anybodys() {
        let dir = tempfile::tempdir().unwrap();
        let (app, surface) = composed(dir.path(), users_in(dir.path())).await;
        // Whoever ends a query, the query stops by itself: it looks whether it should.
        let run = |user: &'static str| {
            let app = AppState::clone(&app);
            tokio::spawn(asking_for(user, async move {
                let endless = |job: &crate::query_pool::Job| {
                    while job.control.check_running().is_ok() {
                        std::thread::yield_now();
                    }
                };
                app.pool.run("endless", None, endless).await
            }))
        };
        let (first, second) = (run("viewer"), run("viewer"));
        while app.pool.load().0 < 2 {
            tokio::task::yield_now().await;
        }
        let path = |at: usize| format!("/api/crowsnest/v1/queries/{}", app.pool.active()[at].id);
        for stranger in ["editor", INGEST] {
            let (status, body) = ask(&surface, &Method::DELETE, &path(0), Some(stranger)).await;
            assert!(status.is_client_error(), "{stranger}: {status}");
            assert!(!body.contains("endless"), "{body}");
            let (_, body) = ask(&surface, &Method::GET, "/api/crowsnest/v1/queries", Some(stranger)).await;
            assert!(!body.contains("endless"), "{stranger}: {body}");
        }
        assert_eq!(app.pool.active().len(), 2);
        let (_, body) = ask(&surface, &Method::GET, "/api/crowsnest/v1/queries", Some("admin")).await;
        assert!(body.contains("endless"), "{body}");
        for who in ["viewer", "admin"] {
            let (status, body) = ask(&surface, &Method::DELETE, &path(0), Some(who)).await;
            assert_eq!(status, StatusCode::NO_CONTENT, "{who}: {body}");
            while app.pool.active().len() > usize::from(who == "viewer") {
                tokio::task::yield_now().await;
            }
        }
        first.await.unwrap().unwrap();
        second.await.unwrap().unwrap();
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
            // See below for what only the API server is answered.
            Access::Public | Access::ApiServer => None,
            Access::User | Access::Series | Access::Role(Role::Viewer) => Some(INGEST),
            Access::Role(Role::Editor) | Access::Ingest => Some("viewer"),
            Access::Role(Role::Admin) => Some("editor"),
        }
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
    async fn what_is_for_the_api_server_alone_nobody_gets_with_any_credential() {
        let dir = tempfile::tempdir().unwrap();
        let surface = surface(dir.path()).await;
        let routes: Vec<_> = ROUTES.iter().filter(|route| route.access == Access::ApiServer).collect();
        assert_eq!(routes.len(), 7);
        for route in routes {
            for token in [None, Some("wrong"), Some("viewer"), Some("admin"), Some(INGEST)] {
                let (status, body) = ask(&surface, &route.method, &path_of(route), token).await;
                assert_eq!(status, StatusCode::FORBIDDEN, "{} with {token:?}: {body}", route.path);
            }
        }
    }

    #[tokio::test]
    async fn every_route_answers_an_administrator_with_something_else() {
        let dir = tempfile::tempdir().unwrap();
        let surface = surface(dir.path()).await;
        for route in ROUTES.iter().filter(|route| route.access != Access::ApiServer) {
            let (path, method) = (path_of(route), &route.method);
            let (status, body) = ask(&surface, method, &path, Some("admin")).await;
            let refused = [
                StatusCode::UNAUTHORIZED,
                StatusCode::FORBIDDEN,
                StatusCode::METHOD_NOT_ALLOWED,
                StatusCode::INTERNAL_SERVER_ERROR,
            ];
            // Prometheus's own answer where its flag is not given.
            let switched_off =
                ["admin APIs disabled", "not implemented"].iter().any(|text| body.contains(text));
            assert!(switched_off || !refused.contains(&status), "{method} {path}: {status}");
        }
    }

    #[tokio::test]
    async fn only_health_sign_in_discovery_static_files_and_ports_with_a_secret_name_are_public() {
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
            "POST /api/crowsnest/v1/session/oidc",
            "GET /api/crowsnest/v1/session/ways",
            "GET /apis/ui.crowsnest.dev",
            "GET /apis/ui.crowsnest.dev/v1",
            "GET /assets/{*name}",
            "GET /forward/proxy/{id}/",
            "OPTIONS /forward/proxy/{id}/",
            "POST /forward/proxy/{id}/",
            "GET /forward/proxy/{id}/{*path}",
            "OPTIONS /forward/proxy/{id}/{*path}",
            "POST /forward/proxy/{id}/{*path}",
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
