//! From the route table to the service that listeners serve: guards inside, everything else around them.

use std::any::Any;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodFilter, MethodRouter, any};
use crowsnest_rbac::{Access, Effect};
use http::{HeaderName, StatusCode};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, RequestId, SetRequestIdLayer};
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;
use tracing::{Span, debug, info_span};

use super::guard::{self, Guard};
use super::routes::ROUTES;
use super::{ApiError, AppState, ErrorKind, base_path, error, host, security_headers};
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
            RequestBodyLimitLayer::new(route.body_limit),
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
        .layer(from_fn(security_headers::add))
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
}

fn guard(app: &AppState, access: Access, effect: Effect) -> Guard {
    Guard { app: AppState::clone(app), access, effect }
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
