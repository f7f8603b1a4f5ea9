//! The written form of a route: `#/nodes/demo-1?range=6h`.

use std::fmt;

use crate::kinds::{self, KindScope};

/// The pages that exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    /// `#/`
    Overview,
    /// `#/nodes`
    Nodes,
    /// `#/nodes/NAME`
    Node(String),
    /// `#/pods`, `#/events`: the list of a kind, by its name in [`crate::kinds`].
    List(&'static str),
    /// `#/pods/NAMESPACE/NAME`, `#/namespaces/NAME`: one object; its namespace is empty where its kind has none.
    Object(&'static str, String, String),
    /// `#/explore`
    Explore,
    /// `#/access`: what the user may do.
    Access,
    /// `#/access/who`: who may do something.
    AccessWho,
    /// `#/cluster`: the cluster itself.
    Cluster,
    /// `#/dashboards`: all of them.
    Dashboards,
    /// `#/dashboards/UID`
    Dashboard(String),
    /// `#/alerts`: what fires, silences, rules.
    Alerts,
    /// `#/create`: objects from a text.
    Create,
    /// `#/map`: what traffic passes through.
    Map,
    /// `#/sources`: who pushes samples.
    Sources,
    /// Anything else; holds the path for the message.
    Unknown(String),
}

/// What names of parameters begin with that are variables of a dashboard; these may be empty.
pub(crate) const VARIABLE: &str = "var-";

/// Named parameters behind the `?`, in the order they were set. A name may have several values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    /// The value of `name`, or `None` where it is absent.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// All parameters.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// These parameters with `name` set to several values, empty ones included; none removes it.
    pub(crate) fn with_all(mut self, name: &str, values: &[String]) -> Self {
        self.0.retain(|(key, _)| key != name);
        self.0.extend(values.iter().map(|value| (name.to_owned(), value.clone())));
        self
    }

    /// These parameters with `name` set to `value`; an empty value removes it.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.0.retain(|(key, _)| key != name);
        if !value.is_empty() {
            self.0.push((name.to_owned(), value.to_owned()));
        }
        self
    }
}

/// A page and its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    /// What is shown.
    pub(crate) page: Page,
    /// How.
    pub(crate) params: Params,
}

impl Route {
    /// `page` without parameters.
    pub(crate) fn to(page: Page) -> Self {
        Self { page, params: Params::default() }
    }

    /// This route with one parameter more; see [`Params::with`].
    pub(crate) fn with(self, name: &str, value: &str) -> Self {
        Self { page: self.page, params: self.params.with(name, value) }
    }

    /// Reads a URL's fragment, with or without its `#`. Whatever it holds, there is a route for it.
    pub(crate) fn parse(fragment: &str) -> Self {
        let text = fragment.strip_prefix('#').unwrap_or(fragment);
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        let segments: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(decode).collect();
        let page = match segments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            [] => Page::Overview,
            ["nodes"] => Page::Nodes,
            ["nodes", name] => Page::Node((*name).to_owned()),
            ["explore"] => Page::Explore,
            ["alerts"] => Page::Alerts,
            ["access"] => Page::Access,
            ["access", "who"] => Page::AccessWho,
            ["cluster"] => Page::Cluster,
            ["create"] => Page::Create,
            ["dashboards"] => Page::Dashboards,
            ["dashboards", uid] => Page::Dashboard((*uid).to_owned()),
            ["map"] => Page::Map,
            ["sources"] => Page::Sources,
            segments => of_kind(segments).unwrap_or_else(|| Page::Unknown(path.to_owned())),
        };
        let params = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (decode(name), decode(value)))
            .filter(|(name, value)| !value.is_empty() || name.starts_with(VARIABLE));
        Self { page, params: Params(params.collect()) }
    }
}

/// The fragment with its `#`, ready for an `href`.
impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.page {
            Page::Overview => f.write_str("#/")?,
            Page::Nodes => f.write_str("#/nodes")?,
            Page::Node(name) => write!(f, "#/nodes/{}", encode(name))?,
            Page::List(kind) => write!(f, "#/{kind}")?,
            Page::Object(kind, namespace, name) if namespace.is_empty() => {
                write!(f, "#/{kind}/{}", encode(name))?;
            }
            Page::Object(kind, namespace, name) => {
                write!(f, "#/{kind}/{}/{}", encode(namespace), encode(name))?;
            }
            Page::Explore => f.write_str("#/explore")?,
            Page::Alerts => f.write_str("#/alerts")?,
            Page::Access => f.write_str("#/access")?,
            Page::AccessWho => f.write_str("#/access/who")?,
            Page::Cluster => f.write_str("#/cluster")?,
            Page::Create => f.write_str("#/create")?,
            Page::Dashboards => f.write_str("#/dashboards")?,
            Page::Dashboard(uid) => write!(f, "#/dashboards/{}", encode(uid))?,
            Page::Map => f.write_str("#/map")?,
            Page::Sources => f.write_str("#/sources")?,
            Page::Unknown(path) => write!(f, "#{path}")?,
        }
        for (at, (name, value)) in self.params.0.iter().enumerate() {
            let separator = if at == 0 { '?' } else { '&' };
            write!(f, "{separator}{}={}", encode(name), encode(value))?;
        }
        Ok(())
    }
}

/// The page of a kind's list, or of one object of it.
fn of_kind(segments: &[&str]) -> Option<Page> {
    let (id, rest) = segments.split_first()?;
    let Some(row) = kinds::find(id) else { return of_other_kind(id, rest) };
    let has_pages = !row.parts.is_empty();
    match (rest, row.scope) {
        ([], _) => Some(row.list_page()),
        ([name], KindScope::Cluster) if has_pages => Some(row.object_page("", name)),
        ([namespace, name], KindScope::Namespaced) if has_pages => Some(row.object_page(namespace, name)),
        _ => None,
    }
}

/// The page of a kind that has no row yet, by its name in the API. Whether there is such a kind, the API server will say.
fn of_other_kind(id: &str, rest: &[&str]) -> Option<Page> {
    let id = kinds::served::name_in_address(id)?;
    match rest {
        [] => Some(Page::List(id)),
        [name] => Some(Page::Object(id, String::new(), (*name).to_owned())),
        [namespace, name] => Some(Page::Object(id, (*namespace).to_owned(), (*name).to_owned())),
        _ => None,
    }
}

/// Percent-encodes all but what reads well in a URL and means nothing there.
pub(crate) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z'
            | b'A'..=b'Z'
            | b'0'..=b'9'
            | b'-'
            | b'_'
            | b'.'
            | b'~'
            | b'('
            | b')'
            | b':'
            | b','
            | b'*' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Undoes [`encode`], and takes `+` for a space as forms write it. A lone `%` stays; bytes that are not UTF-8 become U+FFFD.
fn decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        match (first, tail) {
            (b'%', [high, low, after @ ..]) if let (Some(high), Some(low)) = (hex(*high), hex(*low)) => {
                out.push(high << 4 | low);
                rest = after;
            }
            (b'+', _) => out.push(b' '),
            _ => out.push(first),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(fragment: &str, page: Page) {
        assert_eq!(Route::parse(fragment).page, page, "{fragment}");
    }

    #[test]
    fn every_page_has_an_address() {
        check("", Page::Overview);
        check("#", Page::Overview);
        check("#/", Page::Overview);
        check("#/nodes", Page::Nodes);
        check("#/nodes/", Page::Nodes);
        check("#/nodes/demo-1", Page::Node("demo-1".into()));
        check("#/explore?q=up", Page::Explore);
        check("#/access?in=shop", Page::Access);
        check("#/access/who", Page::AccessWho);
        check("#/alerts?view=rules", Page::Alerts);
        check("#/cluster", Page::Cluster);
        check("#/map?ns=shop", Page::Map);
        check("#/pods?ns=shop", Page::List("pods"));
        check("#/pods/shop/web-1", Page::Object("pods", "shop".into(), "web-1".into()));
        check("#/namespaces/shop", Page::Object("namespaces", String::new(), "shop".into()));
        check("#/events", Page::List("events"));
        check("#/example.org.v1.widgets", Page::List("example.org.v1.widgets"));
        check(
            "#/example.org.v1.widgets/shop/a",
            Page::Object("example.org.v1.widgets", "shop".into(), "a".into()),
        );
        check(
            "#/example.org.v1.widgets/a",
            Page::Object("example.org.v1.widgets", String::new(), "a".into()),
        );
    }

    #[test]
    fn every_kind_has_an_address_and_is_found_by_it() {
        for row in kinds::KINDS {
            for page in [row.list_page(), row.object_page("a b", "x:y")] {
                assert_eq!(Route::parse(&Route::to(page.clone()).to_string()).page, page);
            }
        }
    }

    #[test]
    fn an_address_nobody_knows_is_kept_for_the_message() {
        check("#/unicorns/shop", Page::Unknown("/unicorns/shop".into()));
        assert_eq!(Route::parse("#/unicorns/shop").to_string(), "#/unicorns/shop");
        check("#/pods/shop", Page::Unknown("/pods/shop".into()));
        check("#/events/shop/x", Page::Unknown("/events/shop/x".into()));
    }

    #[test]
    fn a_route_survives_being_written_and_read() {
        let queries = [
            r#"sum by (mode) (rate(node_cpu_seconds_total{mode!="idle"}[5m])) > 0.5"#,
            "a & b = c # d + 100 %\nsecond line",
            "메모리 {node=\"ノード\"}",
        ];
        for query in queries {
            let route = Route::to(Page::Explore).with("q", query).with("range", "6h").with("step", "15s");
            assert_eq!(Route::parse(&route.to_string()), route);
        }
        let node = Route::to(Page::Node("rack 1/slot?2".into()));
        assert_eq!(Route::parse(&node.to_string()), node);
    }

    #[test]
    fn a_broken_escape_is_taken_as_it_stands() {
        assert_eq!(Route::parse("#/explore?q=50%").params.get("q"), Some("50%"));
        assert_eq!(Route::parse("#/explore?q=%zz%41").params.get("q"), Some("%zzA"));
        assert_eq!(Route::parse("#/explore?q=%ff").params.get("q"), Some("\u{fffd}"));
    }

    #[test]
    fn an_empty_value_removes_a_parameter() {
        let route = Route::parse("#/explore?q=up&range=1h").with("range", "");
        assert_eq!(route.to_string(), "#/explore?q=up");
    }
}
