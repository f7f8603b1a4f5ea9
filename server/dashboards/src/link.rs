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

/// The uid and the query of a URL that leads to a dashboard beside the one that it stands in, as Grafana writes them: `/d/UID/name?var-a=b`, `d/UID`. URLs
/// of other hosts are not.
pub fn dashboard(url: &str) -> Option<(&str, &str)> {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let (path, query) = (path.split('#').next()?, query.split('#').next()?);
    let rooted = path.strip_prefix("./").unwrap_or(path);
    let rooted = rooted.strip_prefix('/').unwrap_or(rooted);
    // `//host/d/x` is elsewhere.
    if rooted.starts_with('/') {
        return None;
    }
    let mut parts = rooted.split('/');
    let first = parts.next()?;
    // Grafana may be below a path of its own.
    let is_dashboard = ["d", "d-solo"].contains(&first) || !first.contains(':') && parts.next() == Some("d");
    let uid = parts.next().filter(|uid| is_dashboard && !uid.is_empty())?;
    Some((uid, query))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_dashboards_beside_this_one_are_known() {
        for (url, expected) in [
            ("/d/abc/name?var-a=b", Some(("abc", "var-a=b"))),
            ("d/abc", Some(("abc", ""))),
            ("./d/abc?x=1#y", Some(("abc", "x=1"))),
            ("/grafana/d/abc/", Some(("abc", ""))),
            ("https://host/d/abc", None),
            ("//host/d/abc", None),
            ("/explore?left=x", None),
            ("#/pods/shop/web", None),
            ("/d/", None),
        ] {
            assert_eq!(dashboard(url), expected, "{url}");
        }
    }

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
