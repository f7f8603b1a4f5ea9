//! The path prefix under which a proxy shows us, whether or not it takes the prefix off again.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::LOCATION;
use http::uri::PathAndQuery;
use http::{HeaderMap, StatusCode, Uri};

use super::{AppState, discovery};

/// Longer prefixes are ignored.
const MAX_BYTES: usize = 1024;

/// A path prefix without a slash at its end; empty at the root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BasePath(String);

impl BasePath {
    /// Reads a prefix such as `/crowsnest`, `/crowsnest/` or `/`. Only characters that are harmless in a cookie's
    /// `Path` and in a path are taken, for some prefixes come from headers.
    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        let harmless = |c: char| c.is_ascii_alphanumeric() || "/-._~:@!$&'()*+=%".contains(c);
        anyhow::ensure!(text.starts_with('/'), "{text:?} does not begin with a slash");
        anyhow::ensure!(text.len() <= MAX_BYTES && text.chars().all(harmless), "{text:?} has odd characters");
        let trimmed = text.trim_end_matches('/');
        let dots = trimmed.split('/').skip(1).any(|segment| matches!(segment, "" | "." | ".."));
        anyhow::ensure!(!dots, "{text:?} has an empty or a dotted segment");
        Ok(Self(trimmed.to_owned()))
    }

    /// The prefix with a slash at its end, as cookies and relative URLs need it.
    pub(crate) fn with_slash(&self) -> String {
        format!("{}/", self.0)
    }

    /// What is left of `path` below this prefix: empty when `path` is the prefix itself.
    fn strip<'p>(&self, path: &'p str) -> Option<&'p str> {
        path.strip_prefix(self.0.as_str()).filter(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// Among a request's extensions: its path is the one that was sent. The API server decides by that one whom it lets through, so what it
/// is answered alone must not be reached by another that leads to the same place.
#[derive(Clone, Copy, Debug)]
pub(super) struct AsSent;

/// Where a request was sent, seen from outside and from inside.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    base: BasePath,
    /// The path below the base; empty when the slash at the end of the base is missing.
    path: String,
}

/// Where the API server's aggregation layer shows us. It passes paths on as they are, whatever else it is told.
const AGGREGATION: &str = "/apis/ui.crowsnest.dev/v1/web";

/// Finds the base path, and takes it off the request's path where the proxy has not.
///
/// `X-Forwarded-Uri` is the whole path as the client sent it (the API server sends this one), `X-Forwarded-Prefix`
/// the prefix alone, `--base-path` what the operator says. The first that fits counts.
fn locate(configured: &BasePath, headers: &HeaderMap, path: &str) -> Place {
    let aggregation = BasePath(AGGREGATION.to_owned());
    if let Some(inner) = aggregation.strip(path) {
        return Place { path: inner.to_owned(), base: aggregation };
    }
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let inner = configured.strip(path);
    let stripped = inner.unwrap_or(path);
    let forwarded_uri = header("x-forwarded-uri").and_then(|uri| uri.split('?').next());
    if let Some(base) = forwarded_uri.and_then(|uri| uri.strip_suffix(stripped)).and_then(parse) {
        return Place { base, path: stripped.to_owned() };
    }
    let forwarded_prefix =
        header("x-forwarded-prefix").and_then(|list| list.split(',').next()).map(str::trim);
    if let Some(base) = forwarded_prefix.and_then(parse) {
        let path = base.strip(path).or(inner).unwrap_or(path);
        return Place { path: path.to_owned(), base };
    }
    Place { base: configured.clone(), path: stripped.to_owned() }
}

fn parse(base: &str) -> Option<BasePath> {
    if base.is_empty() { Some(BasePath::default()) } else { BasePath::parse(base).ok() }
}

/// Middleware around the router: handlers see paths without prefix, and [`BasePath`] among the extensions.
pub(super) async fn resolve(State(app): State<AppState>, mut request: Request, next: Next) -> Response {
    let mut place = locate(&app.config.base_path, request.headers(), request.uri().path());
    if let Some(cleaned) = cleaned(&place.path) {
        place.path = cleaned;
    }
    if place.path.is_empty() {
        if place.base.0 == AGGREGATION {
            return discovery::onward();
        }
        // Relative URLs on the page would lead beside the base path instead of below it.
        let last = place.base.0.rsplit('/').next().unwrap_or_default();
        return (StatusCode::PERMANENT_REDIRECT, [(LOCATION, format!("{last}/"))]).into_response();
    }
    if place.path == request.uri().path() {
        request.extensions_mut().insert(AsSent);
    } else {
        match with_path(request.uri(), place.path) {
            Ok(uri) => *request.uri_mut() = uri,
            Err(_) => return StatusCode::BAD_REQUEST.into_response(),
        }
    }
    request.extensions_mut().insert(place.base);
    next.run(request).await
}

/// The path without empty and dotted segments, if it has any: what a client makes of a base URL with a slash at its end
/// and a path with one at its beginning. Prometheus redirects there, which turns a POST into a GET.
fn cleaned(path: &str) -> Option<String> {
    let odd = |segment: &str| matches!(segment, "" | "." | "..");
    let (folders, last) = path.strip_prefix('/')?.rsplit_once('/')?;
    if !folders.split('/').any(odd) && !matches!(last, "." | "..") {
        return None;
    }
    let mut kept = Vec::new();
    for segment in folders.split('/').chain([last]) {
        match segment {
            "" | "." => {}
            ".." => drop(kept.pop()),
            segment => kept.push(segment),
        }
    }
    let end = if odd(last) && !kept.is_empty() { "/" } else { "" };
    Some(format!("/{}{end}", kept.join("/")))
}

/// For `fuzz/`: where a request goes, with and without a prefix of the operator's. What is clean once is clean.
#[cfg(fuzzing)]
pub(crate) fn locate_any(headers: &HeaderMap, path: &str) {
    for configured in ["/", "/p"] {
        let Ok(configured) = BasePath::parse(configured) else { continue };
        let place = locate(&configured, headers, path);
        if let Some(path) = cleaned(&place.path) {
            assert_eq!(cleaned(&path), None, "{:?}", place.path);
            assert!(!path.split('/').any(|segment| segment == ".."), "{path:?}");
        }
    }
}

/// The same URI with another path. The authority stays: in HTTP/2 it is what names the host.
fn with_path(uri: &Uri, path: String) -> Result<Uri, http::Error> {
    let target = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(target)?);
    Ok(Uri::from_parts(parts)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(configured: &str, headers: &[(&'static str, &str)], path: &str, base: &str, inner: &str) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        let expected = Place { base: BasePath(base.into()), path: inner.into() };
        assert_eq!(locate(&BasePath::parse(configured).unwrap(), &map, path), expected);
    }

    #[test]
    fn a_configured_prefix_is_taken_off_where_the_proxy_has_not() {
        check("/", &[], "/api/v1/query", "", "/api/v1/query");
        check("/p", &[], "/p/api/v1/query", "/p", "/api/v1/query");
        check("/p/", &[], "/api/v1/query", "/p", "/api/v1/query");
        check("/p", &[], "/p/", "/p", "/");
        check("/p", &[], "/p", "/p", "");
        check("/p", &[], "/petunia", "/p", "/petunia");
    }

    #[test]
    fn doubled_slashes_and_dots_do_not_count() {
        for (path, expected) in [
            ("/api/v1/query", None),
            ("/", None),
            ("/assets/a.js", None),
            ("/assets/", None),
            ("//api/v1/query", Some("/api/v1/query")),
            ("/api//v1///query", Some("/api/v1/query")),
            ("/a/./b/../c", Some("/a/c")),
            ("/../../healthz", Some("/healthz")),
            ("//", Some("/")),
            ("/a//", Some("/a/")),
        ] {
            assert_eq!(cleaned(path).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn the_api_server_tells_the_whole_path() {
        let outer = "/api/v1/namespaces/crowsnest/services/https:crowsnest:/proxy";
        check("/", &[("x-forwarded-uri", &format!("{outer}/healthz?x=1"))], "/healthz", outer, "/healthz");
        check("/", &[("x-forwarded-uri", &format!("{outer}/"))], "/", outer, "/");
    }

    #[test]
    fn the_aggregation_layer_passes_paths_on_as_they_are() {
        for configured in ["/", "/p", AGGREGATION] {
            let path = format!("{AGGREGATION}/assets/a.js");
            check(configured, &[("x-forwarded-uri", &path)], &path, AGGREGATION, "/assets/a.js");
            check(configured, &[], &format!("{AGGREGATION}/"), AGGREGATION, "/");
        }
        check("/", &[], "/apis/ui.crowsnest.dev/v1/website", "", "/apis/ui.crowsnest.dev/v1/website");
    }

    #[test]
    fn a_proxy_may_tell_the_prefix_whether_it_strips_it_or_not() {
        check("/", &[("x-forwarded-prefix", "/q")], "/healthz", "/q", "/healthz");
        check("/", &[("x-forwarded-prefix", "/q/")], "/q/healthz", "/q", "/healthz");
        check("/p", &[("x-forwarded-prefix", "/q")], "/p/healthz", "/q", "/healthz");
    }

    #[test]
    fn headers_that_are_no_paths_are_ignored() {
        for odd in ["q", "/a;b", "/a b", "//evil.example", "/a/../b", "/a\"b", "/<x>"] {
            check("/", &[("x-forwarded-prefix", odd)], "/healthz", "", "/healthz");
        }
        check("/", &[("x-forwarded-uri", "/something/else")], "/healthz", "", "/healthz");
    }
}
