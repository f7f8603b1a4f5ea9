//! The URL under which users reach the server from outside, `--external-url`.

use std::net::IpAddr;

use anyhow::{Context as _, ensure};
use http::Uri;

use crate::http::BasePath;

/// An http or https URL without query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExternalUrl {
    text: String,
    https: bool,
    host: String,
    path: BasePath,
}

impl ExternalUrl {
    /// Reads the flag.
    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        let uri: Uri = text.parse().with_context(|| format!("--external-url {text:?} is not a URL"))?;
        let scheme = uri.scheme_str().unwrap_or_default();
        ensure!(matches!(scheme, "http" | "https"), "--external-url {text:?} is not an http or https URL");
        ensure!(uri.query().is_none(), "--external-url {text:?} has a query");
        let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
        let path = BasePath::parse(uri.path())
            .with_context(|| format!("--external-url {text:?} has an odd path"))?;
        Ok(Self { text: text.to_owned(), https: scheme == "https", host, path })
    }

    /// As it was given.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The name or address in it.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// The base path that it implies.
    pub(crate) fn path(&self) -> &BasePath {
        &self.path
    }

    /// Whether browsers may be told to insist on https: only for a real name, since for `localhost` and addresses
    /// that would lock out whatever else runs there.
    pub(crate) fn allows_strict_transport(&self) -> bool {
        let real_name = self.host.contains('.') && self.host.parse::<IpAddr>().is_err();
        self.https && real_name && !self.host.ends_with(".localhost")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_path_are_taken_from_the_url() {
        let url = ExternalUrl::parse("https://nest.example:30443/crowsnest/").unwrap();
        assert_eq!((url.host(), url.path().with_slash().as_str()), ("nest.example", "/crowsnest/"));
        assert_eq!(ExternalUrl::parse("http://[::1]:8080").unwrap().host(), "::1");
        for wrong in ["ftp://nest.example", "nest.example", "https://nest.example/?x", "https://", ""] {
            assert!(ExternalUrl::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_real_names_over_https_are_strict() {
        for (url, strict) in [
            ("https://nest.example/", true),
            ("http://nest.example/", false),
            ("https://localhost:8443/", false),
            ("https://nest.localhost/", false),
            ("https://192.0.2.1/", false),
            ("https://[2001:db8::1]/", false),
        ] {
            assert_eq!(ExternalUrl::parse(url).unwrap().allows_strict_transport(), strict, "{url}");
        }
    }
}
