//! Which other sites' pages may ask the Prometheus API, as Prometheus has it, but none unless the operator says so.
//!
//! Such a page has to bring a token. The browser's session is never shared with it: nothing here allows credentials, and
//! the cookie is `SameSite=Strict`.

use std::fmt;

use anyhow::Context as _;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, HeaderName, HeaderValue, ORIGIN, VARY,
};
use http::{HeaderMap, Method, StatusCode};
use regex::Regex;

use super::AppState;

/// Told to every site that asks, whether it may or not.
const HEADERS: [(HeaderName, HeaderValue); 3] = [
    (ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("Accept, Authorization, Content-Type, Origin")),
    (ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, OPTIONS")),
    (ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("Date")),
];

/// The sites: a regular expression that the whole of an `Origin` has to match.
#[derive(Clone, Debug)]
pub(crate) struct CorsOrigin {
    pattern: Regex,
    /// As the operator wrote it.
    written: String,
}

impl CorsOrigin {
    /// Reads the value of `--web-cors-origin`.
    pub(crate) fn parse(written: &str) -> anyhow::Result<Self> {
        let pattern = Regex::new(&format!("^(?s:{written})$"))
            .context("--web-cors-origin is a regular expression such as https://(a|b)\\.example")?;
        Ok(Self { pattern, written: written.to_owned() })
    }

    /// What a page of `origin` is told.
    fn add_headers(&self, origin: &HeaderValue, headers: &mut HeaderMap) {
        headers.append(VARY, HeaderValue::from_static("Origin"));
        headers.extend(HEADERS);
        if self.written == ".*" {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        } else if origin.to_str().is_ok_and(|origin| self.pattern.is_match(origin)) {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        }
    }
}

impl fmt::Display for CorsOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

/// Middleware around the router and its errors. `OPTIONS` is answered here, since browsers send it without a token.
pub(super) async fn check(State(app): State<AppState>, request: Request, next: Next) -> Response {
    if !request.uri().path().starts_with("/api/v1/") {
        return next.run(request).await;
    }
    let origin = request.headers().get(ORIGIN).cloned();
    let mut response = match *request.method() {
        Method::OPTIONS => StatusCode::NO_CONTENT.into_response(),
        _ => next.run(request).await,
    };
    if let (Some(origin), Some(allowed)) = (origin, &app.config.cors_origin) {
        allowed.add_headers(&origin, response.headers_mut());
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(written: &str, origin: &'static str, allowed: Option<&str>) {
        let mut headers = HeaderMap::new();
        CorsOrigin::parse(written).unwrap().add_headers(&HeaderValue::from_static(origin), &mut headers);
        let found = headers.get(ACCESS_CONTROL_ALLOW_ORIGIN).map(|value| value.to_str().unwrap());
        assert_eq!(found, allowed, "{written} {origin}");
        assert_eq!(headers[VARY], "Origin");
        assert!(!headers.contains_key("access-control-allow-credentials"));
    }

    #[test]
    fn the_whole_origin_has_to_match() {
        check(r"https://(a|b)\.example", "https://b.example", Some("https://b.example"));
        check(r"https://(a|b)\.example", "https://b.example.evil", None);
        check(r"https://(a|b)\.example", "https://evil?https://b.example", None);
        check("a|b", "xb", None);
        check(".*", "https://any.example", Some("*"));
    }
}
