//! Credentials in a request's headers, and the session cookie in a response's.

use std::time::Duration;

use crowsnest_api::session::COOKIE;
use http::HeaderMap;
use http::header::{AUTHORIZATION, COOKIE as COOKIE_HEADER};

/// Cookies of our name that are looked at: a browser sends one for each base path it knows on a host.
const MAX_COOKIES: usize = 4;

/// What a request brings to show who sent it.
#[derive(Debug, Default)]
pub(crate) struct Credentials<'a> {
    /// The token in `Authorization: Bearer`, or `Token`.
    pub(crate) bearer: Option<&'a str>,
    /// There is an `Authorization` header of another kind, or more than one.
    pub(crate) unusable: bool,
    /// Values of the session cookie.
    pub(crate) cookies: Vec<&'a str>,
}

impl<'a> Credentials<'a> {
    /// Reads the headers.
    pub(crate) fn of(headers: &'a HeaderMap) -> Self {
        let mut authorizations = headers.get_all(AUTHORIZATION).iter();
        let authorization = authorizations.next();
        // Of two headers a proxy in front of us may have looked at the other one.
        let only = authorization.filter(|_| authorizations.next().is_none());
        let bearer = only.and_then(|value| value.to_str().ok()).and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            // Influx's clients call it by the other name.
            let names = ["bearer", "token"];
            names.iter().any(|name| scheme.eq_ignore_ascii_case(name)).then(|| token.trim())
        });
        let cookies = cookies_named(headers, COOKIE).take(MAX_COOKIES).collect();
        Self { bearer, unusable: authorization.is_some() && bearer.is_none(), cookies }
    }
}

/// The first cookie of a name.
pub(crate) fn cookie_named<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    cookies_named(headers, name).next()
}

fn cookies_named<'a>(headers: &'a HeaderMap, wanted: &str) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(COOKIE_HEADER)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(move |(name, value)| *name == wanted && !value.is_empty())
        .map(|(_, value)| value)
}

/// `Set-Cookie` for what a browser keeps. `path` is the base path; `https` whether the user's browser speaks https to
/// whatever is in front of us, which only the sign-in's Origin tells.
pub(crate) fn cookie_header(name: &str, value: &str, path: &str, lifetime: Duration, https: bool) -> String {
    let secure = if https { "; Secure" } else { "" };
    format!("{name}={value}; Path={path}; Max-Age={}; HttpOnly; SameSite=Strict{secure}", lifetime.as_secs())
}

/// `Set-Cookie` that makes a browser forget it.
pub(crate) fn expired_cookie_header(name: &str, path: &str) -> String {
    format!("{name}=; Path={path}; Max-Age=0; HttpOnly; SameSite=Strict")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn a_bearer_token_is_found_whatever_the_case_of_its_scheme() {
        for value in ["Bearer abc", "bearer abc", "BEARER  abc ", "Token abc"] {
            assert_eq!(Credentials::of(&headers(&[("authorization", value)])).bearer, Some("abc"));
        }
    }

    #[test]
    fn other_schemes_are_no_credentials_but_are_noticed() {
        for value in ["Basic dXNlcg==", "Bearer", "abc"] {
            let headers = headers(&[("authorization", value)]);
            let credentials = Credentials::of(&headers);
            assert!(credentials.bearer.is_none() && credentials.unusable, "{value}");
        }
    }

    #[test]
    fn two_authorization_headers_are_no_credentials_whichever_comes_first() {
        let headers = headers(&[("authorization", "Bearer one"), ("authorization", "Bearer two")]);
        let credentials = Credentials::of(&headers);
        assert!(credentials.bearer.is_none() && credentials.unusable);
    }

    #[test]
    fn the_session_cookie_is_found_among_others() {
        let headers =
            headers(&[("cookie", "a=b; crowsnest_session=one"), ("cookie", "crowsnest_session=two; c=d; e")]);
        assert_eq!(Credentials::of(&headers).cookies, ["one", "two"]);
    }

    #[test]
    fn the_cookie_is_secure_only_behind_https() {
        let day = Duration::from_secs(86_400);
        assert_eq!(
            cookie_header(COOKIE, "t", "/p/", day, true),
            "crowsnest_session=t; Path=/p/; Max-Age=86400; HttpOnly; SameSite=Strict; Secure"
        );
        assert!(!cookie_header(COOKIE, "t", "/", day, false).contains("Secure"));
    }
}
