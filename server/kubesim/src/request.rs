//! What a request is about: the verb and the resource that access rules speak of, read from method and path.

use bytes::Bytes;
use http::{HeaderMap, Method, header};
use percent_encoding::percent_decode_str;

use crate::{identity::User, query::Query};

/// A request whose sender is known.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// As sent, still percent-encoded.
    pub(crate) path: String,
    pub(crate) query: Query,
    /// As sent, without the question mark.
    pub(crate) raw_query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) user: User,
    pub(crate) attributes: Attributes,
}

/// Whether the client wants to go on with another protocol over the same connection.
pub(crate) fn wants_upgrade(headers: &HeaderMap) -> bool {
    headers.contains_key(header::UPGRADE)
        && tokens(headers, &header::CONNECTION).any(|token| token == "upgrade")
}

/// Whether that protocol is a WebSocket's.
pub(crate) fn is_websocket(headers: &HeaderMap) -> bool {
    wants_upgrade(headers) && tokens(headers, &header::UPGRADE).any(|token| token == "websocket")
}

/// The words of a header that is a list, in small letters.
fn tokens(headers: &HeaderMap, name: &header::HeaderName) -> impl Iterator<Item = String> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(|token| token.trim().to_ascii_lowercase())
}

impl Request {
    /// A header as text; empty if it is absent or no text.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Whether nothing may be stored.
    pub(crate) fn dry_run(&self) -> bool {
        self.query.non_empty("dryRun").is_some()
    }
}

/// What access rules decide about.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Attributes {
    /// `get`, `list`, `watch`, `create` …; the method in small letters for paths that are no resources.
    pub(crate) verb: String,
    pub(crate) group: String,
    pub(crate) version: String,
    /// The plural; empty for paths that are no resources.
    pub(crate) resource: String,
    pub(crate) subresource: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// What follows the subresource, as `proxy` has it; still percent-encoded, without its first slash.
    pub(crate) rest: Option<String>,
    /// The path of a request that names no resource.
    pub(crate) path: String,
}

impl Attributes {
    pub(crate) fn is_resource(&self) -> bool {
        !self.resource.is_empty()
    }

    /// `pods/log`, or `pods` alone.
    pub(crate) fn full_resource(&self) -> String {
        if self.subresource.is_empty() {
            self.resource.clone()
        } else {
            format!("{}/{}", self.resource, self.subresource)
        }
    }

    pub(crate) fn of(method: &Method, path: &str, query: &Query) -> Attributes {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let (group, version, parts) = match parts.as_slice() {
            ["api", version, rest @ ..] if !rest.is_empty() => ("", *version, rest),
            ["apis", group, version, rest @ ..] if !rest.is_empty() => (*group, *version, rest),
            _ => {
                let verb = method.as_str().to_ascii_lowercase();
                return Attributes { verb, path: path.to_owned(), ..Attributes::default() };
            }
        };
        // `namespaces/x` is the object, `namespaces/x/pods` is in it, `namespaces/x/status` is below it.
        let (namespace, parts) = match parts {
            ["namespaces", namespace, rest @ ..]
                if !rest.is_empty() && !matches!(rest.first(), Some(&("status" | "finalize"))) =>
            {
                (decode(namespace), rest)
            }
            ["namespaces", namespace, ..] => (decode(namespace), parts),
            _ => (String::new(), parts),
        };
        let resource = parts.first().copied().unwrap_or_default();
        let name = parts.get(1).map(|name| decode(name)).unwrap_or_default();
        let verb = verb(method, &name, query);
        Attributes {
            verb: verb.to_owned(),
            group: group.to_owned(),
            version: version.to_owned(),
            resource: decode(resource),
            subresource: parts.get(2).map(|subresource| decode(subresource)).unwrap_or_default(),
            namespace,
            name: if name.is_empty() && matches!(verb, "list" | "watch" | "deletecollection") {
                named_by_field_selector(query).unwrap_or_default()
            } else {
                name
            },
            rest: rest_of(path, parts),
            path: path.to_owned(),
        }
    }
}

fn verb(method: &Method, name: &str, query: &Query) -> &'static str {
    match (method.as_str(), name.is_empty()) {
        ("GET" | "HEAD", true) if query.flag("watch") => "watch",
        ("GET" | "HEAD", true) => "list",
        ("GET" | "HEAD", false) => "get",
        ("POST", _) => "create",
        ("PUT", _) => "update",
        ("PATCH", _) => "patch",
        ("DELETE", true) => "deletecollection",
        ("DELETE", false) => "delete",
        _ => "",
    }
}

/// A list that selects one name needs the right to that name only.
fn named_by_field_selector(query: &Query) -> Option<String> {
    let selector = query.get("fieldSelector")?;
    let name = selector.split(',').find_map(|term| term.strip_prefix("metadata.name="))?;
    Some(name.trim_start_matches('=').to_owned())
}

/// What is behind the third part of a resource path.
fn rest_of(path: &str, parts: &[&str]) -> Option<String> {
    let [resource, name, subresource, ..] = parts else { return None };
    let marker = format!("/{resource}/{name}/{subresource}");
    let (_, rest) = path.split_once(marker.as_str())?;
    rest.strip_prefix('/').map(str::to_owned)
}

fn decode(part: &str) -> String {
    percent_decode_str(part).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(method: &str, uri: &str, expected: &str) {
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let got = Attributes::of(&method.parse().unwrap(), path, &Query::parse(query));
        let text = format!(
            "{} {}/{} {} in {:?} named {:?}",
            got.verb,
            got.group,
            got.version,
            got.full_resource(),
            got.namespace,
            got.name
        );
        assert_eq!(text, expected);
    }

    #[test]
    fn a_path_says_what_it_is_about() {
        check("GET", "/api/v1/pods", r#"list /v1 pods in "" named """#);
        check("GET", "/api/v1/pods?watch=1", r#"watch /v1 pods in "" named """#);
        check("GET", "/api/v1/namespaces/shop", r#"get /v1 namespaces in "shop" named "shop""#);
        check(
            "PUT",
            "/api/v1/namespaces/shop/status",
            r#"update /v1 namespaces/status in "shop" named "shop""#,
        );
        check(
            "PATCH",
            "/apis/apps/v1/namespaces/shop/deployments/web/scale",
            r#"patch apps/v1 deployments/scale in "shop" named "web""#,
        );
        check("DELETE", "/api/v1/namespaces/shop/pods", r#"deletecollection /v1 pods in "shop" named """#);
        check("GET", "/healthz", r#"get /  in "" named """#);
    }

    #[test]
    fn a_list_of_one_name_is_about_that_name() {
        check(
            "GET",
            "/api/v1/secrets?fieldSelector=metadata.name%3Ddb",
            r#"list /v1 secrets in "" named "db""#,
        );
    }

    #[test]
    fn the_rest_of_a_proxy_path_stays_encoded() {
        let path = "/api/v1/namespaces/n/services/https:c:/proxy/a%2Fb/";
        let got = Attributes::of(&Method::GET, path, &Query::default());
        assert_eq!(got.rest.as_deref(), Some("a%2Fb/"));
    }
}
