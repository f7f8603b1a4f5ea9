//! Headers that tell browsers to be careful with us.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{HeaderName, HeaderValue, STRICT_TRANSPORT_SECURITY};

use super::AppState;
use crate::external_url::ExternalUrl;

/// Nothing but our own files; no inline script or style, no frames, no forms.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// On every answer that does not say otherwise.
const HEADERS: &[(&str, &str)] = &[
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cache-control", "no-store"),
];

/// On an answer that is somebody else's page, shown below our address, whatever it says itself: no origin, so that it has neither our cookies nor
/// our pages, and no use of the permissions that somebody gave us. Its own scripts are strangers to it then, hence the last two.
const OF_STRANGERS: &[(&str, &str)] = &[
    (
        "content-security-policy",
        "sandbox allow-downloads allow-forms allow-modals allow-popups allow-scripts",
    ),
    (
        "permissions-policy",
        "camera=(), clipboard-read=(), geolocation=(), microphone=(), payment=(), publickey-credentials-get=(), usb=()",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "private, no-cache"),
    ("cross-origin-resource-policy", "cross-origin"),
    ("access-control-allow-origin", "*"),
];

/// Among an answer's extensions: it is somebody else's page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stranger;

/// For a year, browsers use https with the host of `--external-url`.
const STRICT: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Middleware that adds them.
pub(super) async fn add(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if app.config.external_url.as_ref().is_some_and(ExternalUrl::allows_strict_transport) {
        response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, STRICT);
    }
    if response.extensions().get::<Stranger>().is_some() {
        for (name, value) in OF_STRANGERS {
            response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        return response;
    }
    for (name, value) in HEADERS {
        response
            .headers_mut()
            .entry(HeaderName::from_static(name))
            .or_insert(HeaderValue::from_static(value));
    }
    response
}
