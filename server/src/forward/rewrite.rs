//! Keeps the links of a page below the address that it is shown at: those that begin with a slash.
//!
//! No page is parsed: attributes that hold an address, and `url(/…)` of style sheets, are found by what stands before them. What a script puts
//! together is not found; a program that knows `X-Forwarded-Prefix` does better.

use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};

/// The largest page that is rewritten; longer ones are passed on as they are.
pub(crate) const MAX_PAGE: usize = 4 << 20;

/// What stands before an address, in small letters, without the quote.
const BEFORE: &[&[u8]] = &[b"href=", b"src=", b"action=", b"formaction=", b"poster=", b"url("];

/// Sorts of pages with links in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rewritten {
    Yes,
    No,
}

impl Rewritten {
    /// Whether an answer with these headers is such a page.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        let known = ["text/html", "application/xhtml+xml", "text/css"];
        let is_page = known.iter().any(|known| kind.eq_ignore_ascii_case(known));
        if is_page && !headers.contains_key(CONTENT_ENCODING) { Self::Yes } else { Self::No }
    }
}

/// The page with its links below `prefix`, which has no slash at its end.
pub(crate) fn rewrite(page: &[u8], prefix: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(page.len() + page.len() / 8);
    for (at, byte) in page.iter().enumerate() {
        if *byte == b'/'
            && begins_address(page, at)
            && !page.get(at..).is_some_and(|rest| is_below(rest, prefix))
        {
            out.extend_from_slice(prefix.as_bytes());
        }
        out.push(*byte);
    }
    out
}

/// Whether the slash at `at` is the first character of an address, and the address a path.
fn begins_address(page: &[u8], at: usize) -> bool {
    if matches!(page.get(at + 1), Some(b'/' | b'\\')) {
        return false;
    }
    let Some(before) = page.get(..at) else { return false };
    let unquoted = before.strip_suffix(b"\"").or_else(|| before.strip_suffix(b"'")).unwrap_or(before);
    BEFORE.iter().any(|known| {
        let start = unquoted.len().checked_sub(known.len());
        start
            .is_some_and(|start| unquoted.get(start..).is_some_and(|found| found.eq_ignore_ascii_case(known)))
    })
}

/// Whether a program has put the prefix there by itself.
fn is_below(rest: &[u8], prefix: &str) -> bool {
    rest.strip_prefix(prefix.as_bytes())
        .is_some_and(|rest| !rest.first().is_some_and(u8::is_ascii_alphanumeric))
}

#[cfg(test)]
mod tests {
    use http::header::HeaderValue;

    use super::*;

    #[track_caller]
    fn check(page: &str, expected: &str) {
        assert_eq!(String::from_utf8(rewrite(page.as_bytes(), "/p/x")).unwrap(), expected);
    }

    #[test]
    fn links_from_the_root_stay_below_the_prefix_and_others_stay() {
        check(r#"<a href="/b?c=/d">/e</a>"#, r#"<a href="/p/x/b?c=/d">/e</a>"#);
        check("<IMG SRC='/i.png'><form action=/send>", "<IMG SRC='/p/x/i.png'><form action=/p/x/send>");
        check(
            r#"<a href="/"><link href="//cdn.example/a.css">"#,
            r#"<a href="/p/x/"><link href="//cdn.example/a.css">"#,
        );
        check(
            r#"<a href="b/c"><a href="https://a.example/">"#,
            r#"<a href="b/c"><a href="https://a.example/">"#,
        );
        check(r#"<a href="/p/x/b"><a href="/p/xy">"#, r#"<a href="/p/x/b"><a href="/p/x/p/xy">"#);
        check(
            "a { background: url(/i.png), url('/j.png') }",
            "a { background: url(/p/x/i.png), url('/p/x/j.png') }",
        );
        check("", "");
    }

    #[test]
    fn only_pages_and_style_sheets_are_rewritten() {
        for (kind, expected) in [
            ("text/html; charset=utf-8", Rewritten::Yes),
            ("TEXT/CSS", Rewritten::Yes),
            ("text/javascript", Rewritten::No),
            ("application/octet-stream", Rewritten::No),
        ] {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(kind))]);
            assert_eq!(Rewritten::of(&headers), expected, "{kind}");
        }
        let packed = HeaderMap::from_iter([
            (CONTENT_TYPE, HeaderValue::from_static("text/html")),
            (CONTENT_ENCODING, HeaderValue::from_static("gzip")),
        ]);
        assert_eq!(Rewritten::of(&packed), Rewritten::No);
    }
}
