//! Which texts that somebody else has written may be links.

/// A text that is an address of the web and nothing else: `http` or `https`, with a host.
///
/// Whoever may annotate an object chooses what others would click on. `javascript:` and `data:` would act as the reader; a name before an
/// `@` would pass for a host; and characters that cannot be seen, which browsers leave out, would hide one of these.
pub(crate) fn web_address(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once("://")?;
    let is_web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let host = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let is_plain = |c: char| c.is_ascii_graphic() || (!c.is_ascii() && c.is_alphanumeric());
    (is_web && !host.is_empty() && !host.contains('@') && text.chars().all(is_plain)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, is_link: bool) {
        assert_eq!(web_address(text).is_some(), is_link, "{text:?}");
    }

    #[test]
    fn addresses_of_the_web_are_links() {
        check("https://runbooks.example.org/pods?x=1#a", true);
        check("HTTP://example.org", true);
        check("https://예시.example.org/문서", true);
    }

    #[test]
    fn cve_2022_31035_argo_cd_what_acts_as_the_reader_is_no_link() {
        for text in [
            "javascript:alert(1)",
            "JavaScript://example.org/%0aalert(1)",
            " javascript:alert(1)",
            "java\tscript://x",
            "data:text/html,<script>alert(1)</script>",
            "vbscript://x",
            "blob:https://example.org/1",
            "file:///etc/passwd",
            "//example.org",
            "/signin",
            "https:",
            "https://",
            "https:///path",
            "https://bank.example@evil.example/",
            "https://exam\u{200b}ple.org/",
            "https://example.org/\u{202e}txt.exe",
            "see https://example.org",
        ] {
            check(text, false);
        }
    }
}
