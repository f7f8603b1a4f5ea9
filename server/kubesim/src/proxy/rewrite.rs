//! What a proxy makes of the links in a page, and of paths.

use std::sync::LazyLock;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use regex::{Captures, Regex};

/// What Go escapes in a path.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Attributes with one link.
static LINKS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?i)\b(href|src|action|formaction|cite|background|poster|data)="([^"]*)""#).ok()
});

/// Makes links of a backend into links that lead to it through the proxy.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rewrite {
    /// Scheme and host that are put in front, if any: `https://10.200.0.2:8443`.
    pub(crate) origin: String,
    /// The path that is put in front, if any.
    pub(crate) prefix: String,
}

impl Rewrite {
    /// A link of a backend. One that is relative, or leads to another host, stays.
    pub(crate) fn link(&self, link: &str) -> String {
        if !link.starts_with('/') || link.starts_with("//") {
            return link.to_owned();
        }
        if !self.prefix.is_empty() && link.starts_with(&self.prefix) {
            return format!("{}{link}", self.origin);
        }
        format!("{}{}{link}", self.origin, self.prefix)
    }

    /// A whole page.
    pub(crate) fn page(&self, page: &str) -> String {
        let Some(links) = LINKS.as_ref() else { return page.to_owned() };
        let replaced = links
            .replace_all(page, |found: &Captures<'_>| format!("{}=\"{}\"", &found[1], self.link(&found[2])));
        replaced.into_owned()
    }
}

/// A path on its way through the service proxy.
#[derive(Debug, PartialEq)]
pub(crate) struct ProxyPath {
    /// What the backend is asked for, escaped.
    pub(crate) path: String,
    /// What leads to the backend's root, not escaped.
    pub(crate) prefix: String,
    /// The path that the backend is told it was asked by, escaped.
    pub(crate) forwarded: String,
}

impl ProxyPath {
    /// `whole` is the path of the request, `rest` what of it is for the backend; both escaped.
    pub(crate) fn of(whole: &str, rest: &str) -> ProxyPath {
        let whole = decode(whole);
        let location = clean(&format!("/{}", decode(rest)));
        let mut suffix = location.clone();
        if whole.ends_with('/') && !suffix.ends_with('/') {
            suffix.push('/');
        }
        // Where dots have been resolved, the suffix is not found and all of the path counts as what leads there.
        let prefix = whole.strip_suffix(&suffix).unwrap_or(&whole).to_owned();
        let forwarded = clean(&format!("{prefix}/{location}"));
        let slash = if location.ends_with('/') && !forwarded.ends_with('/') { "/" } else { "" };
        ProxyPath { path: encode(&location), forwarded: encode(&(forwarded + slash)), prefix }
    }
}

fn decode(path: &str) -> String {
    percent_decode_str(path).decode_utf8_lossy().into_owned()
}

/// Escapes a path as Go does.
pub(crate) fn encode(path: &str) -> String {
    utf8_percent_encode(path, PATH).to_string()
}

/// A path without dots and doubled slashes; a slash at its end stays.
fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let slash = if path.ends_with('/') && !parts.is_empty() { "/" } else { "" };
    format!("/{}{slash}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROXY: &str = "/api/v1/namespaces/n/services/https:c:/proxy";

    #[track_caller]
    fn check(rest: &str, path: &str, forwarded: &str) {
        let got = ProxyPath::of(&format!("{PROXY}/{rest}"), rest);
        assert_eq!((got.path.as_str(), got.forwarded), (path, format!("{PROXY}{forwarded}")), "{rest}");
    }

    #[test]
    fn a_path_loses_what_leads_to_the_backend() {
        check("", "/", "/");
        check("html", "/html", "/html");
        check("a/b/", "/a/b/", "/a/b/");
        check("with%20space", "/with%20space", "/with%20space");
        // As recorded: the API server takes the resolved path for a part of what leads there.
        check("a%2Fb/../c", "/a/c", "/a/c/a/c");
    }

    #[test]
    fn links_from_the_root_lead_through_the_proxy() {
        let rewrite = Rewrite { prefix: "/p".to_owned(), ..Rewrite::default() };
        let page = r#"<a href="/x">a</a><img src="rel"><a href="https://other/">b</a><p title="/y">"#;
        let expected = r#"<a href="/p/x">a</a><img src="rel"><a href="https://other/">b</a><p title="/y">"#;
        assert_eq!(rewrite.page(page), expected);
        assert_eq!(rewrite.link("/p/x"), "/p/x");
        let rewrite = Rewrite { origin: "https://10.0.0.1:1".to_owned(), ..Rewrite::default() };
        assert_eq!(rewrite.link("/x"), "https://10.0.0.1:1/x");
    }
}
