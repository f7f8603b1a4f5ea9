//! Naming what is in a cluster: kinds, objects, and what a stream watches.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The word for the empty API group.
const CORE: &str = "core";
/// In place of a namespace: cluster-scoped, or all namespaces in a list.
const NO_NAMESPACE: &str = "-";
/// The longest name that Kubernetes has.
const MAX_NAME: usize = 253;
/// The longest selector that is looked at.
const MAX_SELECTOR: usize = 4096;

/// A kind of object, as its URL names it: `core.v1.pods`, `apps.v1.deployments`, `networking.k8s.io.v1.ingresses`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Kind {
    group: String,
    version: String,
    resource: String,
}

/// Text that names nothing which could be in a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAName {
    text: String,
    expected: &'static str,
}

impl fmt::Display for NotAName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not {}", self.text, self.expected)
    }
}

impl std::error::Error for NotAName {}

impl Kind {
    /// The kind with these names; `group` is empty for the core group.
    ///
    /// # Errors
    /// When one of them cannot be a name of its sort.
    pub fn new(group: &str, version: &str, resource: &str) -> Result<Self, NotAName> {
        let good = (group.is_empty() || is_name(group)) && is_label(version) && is_label(resource);
        good.then(|| Self {
            group: group.to_owned(),
            version: version.to_owned(),
            resource: resource.to_owned(),
        })
        .ok_or_else(|| not_a_kind(&format!("{group}.{version}.{resource}")))
    }

    /// The API group; empty for the core group.
    pub fn group(&self) -> &str {
        &self.group
    }

    /// The version within the group.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The plural name in lower case, such as `pods`.
    pub fn resource(&self) -> &str {
        &self.resource
    }
}

/// The last two dots are those before version and resource; a group has dots of its own.
impl FromStr for Kind {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Self, NotAName> {
        let mut parts = text.rsplitn(3, '.');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(resource), Some(version), Some(group)) if !group.is_empty() => {
                Self::new(if group == CORE { "" } else { group }, version, resource)
            }
            _ => Err(not_a_kind(text)),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let group = if self.group.is_empty() { CORE } else { &self.group };
        write!(f, "{group}.{}.{}", self.version, self.resource)
    }
}

impl TryFrom<String> for Kind {
    type Error = NotAName;

    fn try_from(text: String) -> Result<Self, NotAName> {
        text.parse()
    }
}

impl From<Kind> for String {
    fn from(kind: Kind) -> Self {
        kind.to_string()
    }
}

/// A namespace, or none: `-` in a URL, which is cluster-scoped for one object and all namespaces for a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope(Option<String>);

impl Scope {
    /// No namespace.
    pub const CLUSTER: Self = Self(None);

    /// The namespace, if it is one.
    pub fn namespace(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl FromStr for Scope {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Self, NotAName> {
        match text {
            NO_NAMESPACE => Ok(Self::CLUSTER),
            name if is_label(name) => Ok(Self(Some(name.to_owned()))),
            _ => Err(NotAName { text: shortened(text), expected: "a namespace (or \"-\" for none)" }),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_deref().unwrap_or(NO_NAMESPACE))
    }
}

/// The name of one object: one segment of a path, whatever else its kind allows in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName(String);

impl ObjectName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ObjectName {
    type Err = NotAName;

    /// As the API server checks path segments: neither `.` nor `..`, no `/` and no `%`; roles have colons.
    fn from_str(text: &str) -> Result<Self, NotAName> {
        let odd = |c: char| c == '/' || c == '%' || c.is_control() || c.is_whitespace();
        let good = !text.is_empty()
            && text.len() <= MAX_NAME
            && !matches!(text, "." | "..")
            && !text.chars().any(odd);
        good.then(|| Self(text.to_owned()))
            .ok_or_else(|| NotAName { text: shortened(text), expected: "the name of an object" })
    }
}

/// One watch of a stream, the parameter `of`: `core.v1.pods/shop`, or with selectors
/// `core.v1.pods/-/fieldSelector=spec.nodeName=demo-1&labelSelector=app=web`. With `as=table` each object is its metadata and the cells
/// of the API server's own table.
///
/// Within the third part nothing is escaped; as a URL's parameter the whole is percent-encoded once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WatchTarget {
    /// What to watch.
    pub kind: Kind,
    /// Where; [`Scope::CLUSTER`] is everywhere.
    pub scope: Scope,
    /// Only objects with such labels; empty is all.
    pub label_selector: String,
    /// Only objects with such fields; empty is all.
    pub field_selector: String,
    /// How much of each object.
    pub form: WatchForm,
}

/// How much of each object a watch tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WatchForm {
    /// All of it.
    #[default]
    Objects,
    /// `as=table`: `metadata`, and in `cells` what the API server prints of it, by the names of its columns.
    Rows,
}

/// A form's name.
const AS_TABLE: &str = "table";

impl WatchTarget {
    /// All objects of a kind in a scope.
    pub fn all(kind: Kind, scope: Scope) -> Self {
        let (label_selector, field_selector) = (String::new(), String::new());
        Self { kind, scope, label_selector, field_selector, form: WatchForm::Objects }
    }
}

impl FromStr for WatchTarget {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Self, NotAName> {
        let wrong = || NotAName {
            text: shortened(text),
            expected: "what a stream can watch, {kind}/{namespace} or {kind}/{namespace}/labelSelector=…&fieldSelector=…&as=table",
        };
        let mut parts = text.splitn(3, '/');
        let (Some(kind), Some(scope)) = (parts.next(), parts.next()) else { return Err(wrong()) };
        let mut target = Self::all(kind.parse()?, scope.parse()?);
        for pair in parts.next().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or_else(wrong)?;
            let selector = match name {
                "labelSelector" => &mut target.label_selector,
                "fieldSelector" => &mut target.field_selector,
                "as" if value == AS_TABLE => {
                    target.form = WatchForm::Rows;
                    continue;
                }
                _ => return Err(wrong()),
            };
            if value.len() > MAX_SELECTOR || value.chars().any(char::is_control) {
                return Err(wrong());
            }
            value.clone_into(selector);
        }
        Ok(target)
    }
}

impl fmt::Display for WatchTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.scope)?;
        let form = match self.form {
            WatchForm::Objects => "",
            WatchForm::Rows => AS_TABLE,
        };
        let parts =
            [("as", form), ("fieldSelector", &self.field_selector), ("labelSelector", &self.label_selector)];
        let given = parts.iter().filter(|(_, value)| !value.is_empty());
        for ((name, value), before) in given.zip(["/", "&", "&"]) {
            write!(f, "{before}{name}={value}")?;
        }
        Ok(())
    }
}

/// `GET /api/crowsnest/v1/namespaces`: which namespaces the caller has a use for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Namespaces {
    /// Whether these are all there are; if not, they are those in which the caller may list pods.
    pub all: bool,
    /// In alphabetical order.
    pub names: Vec<String>,
}

/// A DNS label, as namespaces, versions and resources are.
fn is_label(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&text.len())
        && text.bytes().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// DNS labels with dots between them.
fn is_name(text: &str) -> bool {
    text.len() <= MAX_NAME && text.split('.').all(is_label)
}

fn not_a_kind(text: &str) -> NotAName {
    NotAName { text: shortened(text), expected: "a kind such as core.v1.pods or apps.v1.deployments" }
}

/// Enough of a mistake to recognise it.
fn shortened(text: &str) -> String {
    text.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_kind(text: &str, group: &str, version: &str, resource: &str) {
        let kind: Kind = text.parse().unwrap();
        assert_eq!((kind.group(), kind.version(), kind.resource()), (group, version, resource));
        assert_eq!(kind.to_string(), text);
    }

    #[test]
    fn the_last_two_dots_of_a_kind_split_version_and_resource() {
        check_kind("core.v1.pods", "", "v1", "pods");
        check_kind("apps.v1.deployments", "apps", "v1", "deployments");
        check_kind("networking.k8s.io.v1.ingresses", "networking.k8s.io", "v1", "ingresses");
    }

    #[test]
    fn what_could_lead_to_another_path_is_no_kind_no_namespace_and_no_name() {
        for wrong in
            ["", "pods", "v1.pods", ".v1.pods", "core.v1.", "core.v1.pods/x", "a..v1.pods", "Core.v1.Pods"]
        {
            assert!(wrong.parse::<Kind>().is_err(), "{wrong}");
        }
        for wrong in ["", "..", "a/b", "a.b", "A", "-a", &"a".repeat(64)] {
            assert!(wrong.parse::<Scope>().is_err(), "{wrong}");
        }
        for wrong in ["", ".", "..", "a/b", "a%2fb", "a b", "a\n", &"a".repeat(254)] {
            assert!(wrong.parse::<ObjectName>().is_err(), "{wrong}");
        }
        assert!("system:node-proxier".parse::<ObjectName>().is_ok());
    }

    #[track_caller]
    fn check_target(text: &str, namespace: Option<&str>, fields: &str, labels: &str) {
        let target: WatchTarget = text.parse().unwrap();
        assert_eq!(target.scope.namespace(), namespace);
        assert_eq!((target.field_selector.as_str(), target.label_selector.as_str()), (fields, labels));
        assert_eq!(target.to_string(), text);
    }

    #[test]
    fn a_watch_is_read_back_from_how_it_is_written() {
        check_target("core.v1.pods/shop", Some("shop"), "", "");
        check_target("core.v1.nodes/-", None, "", "");
        check_target("core.v1.pods/-/fieldSelector=spec.nodeName=demo-1", None, "spec.nodeName=demo-1", "");
        check_target(
            "core.v1.pods/a/labelSelector=app.kubernetes.io/name in (x,y)",
            Some("a"),
            "",
            "app.kubernetes.io/name in (x,y)",
        );
        check_target("core.v1.pods/a/fieldSelector=a=b&labelSelector=c!=d", Some("a"), "a=b", "c!=d");
    }

    #[test]
    fn a_watch_of_something_else_is_told_with_what_is_expected() {
        for wrong in ["core.v1.pods", "core.v1.pods/a/b", "core.v1.pods/a/limit=3", "pods/a"] {
            let error = wrong.parse::<WatchTarget>().unwrap_err();
            assert!(error.to_string().contains("is not"), "{error}");
        }
    }

    #[test]
    fn a_kind_travels_as_text() {
        let kind: Kind = serde_json::from_str("\"apps.v1.deployments\"").unwrap();
        assert_eq!(serde_json::to_string(&kind).unwrap(), "\"apps.v1.deployments\"");
        assert!(serde_json::from_str::<Kind>("\"pods\"").is_err());
    }
}
