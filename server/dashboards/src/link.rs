//! Links of dashboards, panels and fields: which may be followed.

/// Whether following `url` opens a page and nothing else. Relative URLs are, and those of the schemes that browsers
/// open as pages or hand to another program; `javascript:` and `data:` are not. Control characters and blanks, which browsers leave out before they
/// look at the scheme, do not hide one. The scheme may not come from a variable's value: ask again after interpolation.
pub fn is_safe(url: &str) -> bool {
    let clean: String = url.chars().filter(|c| !c.is_control() && !c.is_whitespace()).collect();
    let Some((scheme, _)) = clean.split_once(':') else { return true };
    // A colon behind a slash, a question or a fragment is not one of a scheme.
    if scheme.contains(['/', '?', '#']) {
        return true;
    }
    // `${host}:9090/…`: whatever it becomes is looked at then.
    if scheme.contains(['$', '[', '{']) {
        return true;
    }
    matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https" | "mailto" | "tel" | "slack" | "ssh")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_may_be_opened_and_scripts_may_not() {
        for url in ["https://a/b", "/d/x?from=a:b", "d/x", "", "?var-a=b:c", "mailto:a@b", "${url}", "#a:b"] {
            assert!(is_safe(url), "{url}");
        }
        for url in [
            "javascript:alert(1)",
            " JaVa\tScript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "\u{1}javascript:x",
        ] {
            assert!(!is_safe(url), "{url}");
        }
    }
}
