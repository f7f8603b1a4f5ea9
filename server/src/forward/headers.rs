//! Which headers pass: what is not in these lists does not.
//!
//! Towards the target there is nothing that says who asks: no cookie, no `Authorization`, no certificate's name. From it there is nothing that
//! speaks for our address: no cookie, no policy of its own (the last one of several counts in some browsers), no `Clear-Site-Data`,
//! `Strict-Transport-Security`, `Alt-Svc` or `Service-Worker-Allowed`, nothing that asks the browser for a password.

use http::HeaderMap;
use http::header::{
    ACCEPT, ACCEPT_LANGUAGE, ACCEPT_RANGES, ALLOW, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE,
    CONTENT_RANGE, CONTENT_TYPE, ETAG, HOST, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    IF_RANGE, LAST_MODIFIED, LOCATION, RANGE, RETRY_AFTER, USER_AGENT,
};

static ASKED: [HeaderName; 9] = [
    ACCEPT,
    ACCEPT_LANGUAGE,
    CONTENT_TYPE,
    IF_MODIFIED_SINCE,
    IF_NONE_MATCH,
    IF_RANGE,
    RANGE,
    USER_AGENT,
    HeaderName::from_static("x-requested-with"),
];

static ANSWERED: [HeaderName; 10] = [
    ACCEPT_RANGES,
    ALLOW,
    CONTENT_DISPOSITION,
    CONTENT_ENCODING,
    CONTENT_LANGUAGE,
    CONTENT_RANGE,
    CONTENT_TYPE,
    ETAG,
    LAST_MODIFIED,
    RETRY_AFTER,
];

/// Headers that are never passed on, whatever else changes: the tests ask for each.
#[cfg(test)]
pub(crate) const NEVER_ASKED: &[&str] = &[
    "authorization",
    "cookie",
    "connection",
    "impersonate-user",
    "origin",
    "referer",
    "upgrade",
    "x-crowsnest-csrf",
    "x-forwarded-for",
    "x-remote-user",
];

/// An answer that the browser must not get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotPassed {
    /// A redirect to another place than the target's own.
    Elsewhere,
}

/// What the target is told of a request: what is in the list, its own name, and where the browser finds it.
pub(crate) fn asked(from: &HeaderMap, host: &str, prefix: &str) -> HeaderMap {
    let mut headers = only(from, &ASKED);
    for (name, value) in [(HOST, host), (HeaderName::from_static("x-forwarded-prefix"), prefix)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    headers
}

/// What the browser is told of an answer.
pub(crate) fn answered(from: &HeaderMap) -> HeaderMap {
    only(from, &ANSWERED)
}

fn only(from: &HeaderMap, names: &[HeaderName]) -> HeaderMap {
    let passed = names.iter().filter_map(|name| Some((name.clone(), from.get(name)?.clone())));
    passed.collect()
}

/// Where a redirect leads, below the prefix; nothing where there is none.
///
/// # Errors
/// When it leads away from the target: a browser that follows would think that we sent it there.
pub(crate) fn location(from: &HeaderMap, host: &str, prefix: &str) -> Result<Option<HeaderValue>, NotPassed> {
    let Some(value) = from.get(LOCATION) else { return Ok(None) };
    let text = value.to_str().map_err(|_| NotPassed::Elsewhere)?;
    // Browsers read a backslash as a slash, and read over white space.
    if text.contains(|c: char| c == '\\' || c.is_whitespace() || c.is_control()) {
        return Err(NotPassed::Elsewhere);
    }
    let own = ["http://", "https://"].iter().find_map(|scheme| text.strip_prefix(scheme)?.strip_prefix(host));
    let below = match own {
        Some("") => format!("{prefix}/"),
        Some(path) if path.starts_with(['/', '?']) => format!("{prefix}{path}"),
        Some(_) => return Err(NotPassed::Elsewhere),
        None if text.starts_with("//") => return Err(NotPassed::Elsewhere),
        None if text.starts_with('/') => format!("{prefix}{text}"),
        // Relative to the page, and no scheme such as `javascript:`.
        None if is_relative(text) => text.to_owned(),
        None => return Err(NotPassed::Elsewhere),
    };
    HeaderValue::try_from(below).map(Some).map_err(|_| NotPassed::Elsewhere)
}

/// Whether a text has no scheme.
fn is_relative(text: &str) -> bool {
    !text.split(['/', '?', '#']).next().unwrap_or_default().contains(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_asker_s_is_told_to_the_target() {
        let mut from: HeaderMap = NEVER_ASKED
            .iter()
            .map(|name| (name.parse::<HeaderName>().unwrap(), HeaderValue::from_static("secret")))
            .collect();
        from.insert(ACCEPT, HeaderValue::from_static("text/html"));
        let asked = asked(&from, "localhost:80", "/p/forward/proxy/x");
        let mut names: Vec<&str> = asked.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["accept", "host", "x-forwarded-prefix"]);
    }

    #[track_caller]
    fn check(location: &str, expected: Result<&str, NotPassed>) {
        let from = HeaderMap::from_iter([(LOCATION, HeaderValue::from_str(location).unwrap())]);
        let found = super::location(&from, "localhost:80", "/p/x");
        let found = found.map(|value| value.unwrap().to_str().unwrap().to_owned());
        assert_eq!(found.as_deref().map_err(|error| *error), expected, "{location}");
    }

    #[test]
    fn a_redirect_stays_below_the_address_or_is_none() {
        check("/login?next=/", Ok("/p/x/login?next=/"));
        check("http://localhost:80/a", Ok("/p/x/a"));
        check("https://localhost:80", Ok("/p/x/"));
        check("login", Ok("login"));
        check("?a=b:c", Ok("?a=b:c"));
        for away in [
            "https://evil.example/",
            "//evil.example/",
            "/\\evil.example",
            "java\tscript:alert(1)",
            "http://localhost:80.evil.example/",
            "http://localhost:80@evil.example/",
            "javascript:alert(1)",
            "data:text/html,x",
        ] {
            check(away, Err(NotPassed::Elsewhere));
        }
    }
}
