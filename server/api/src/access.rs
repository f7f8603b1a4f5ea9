//! What somebody may do, asked before they try: bodies and parameters of `/api/crowsnest/v1/access/…`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Rights that one request asks about at most.
pub const MAX_RIGHTS: usize = 64;
/// The longest of the names in a right; Kubernetes has none that is longer.
const MAX_NAME: usize = 253;

/// Something that one may or may not do, in the words of a SelfSubjectAccessReview.
///
/// Written `VERB,GROUP,RESOURCE[/SUBRESOURCE],NAMESPACE,NAME`, as in `create,apps,deployments/scale,shop,web`; what is empty at
/// the end may be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Right {
    /// `get`, `list`, `create`, …
    pub verb: Cow<'static, str>,
    /// The API group; empty for the core group.
    pub group: Cow<'static, str>,
    /// The plural name, such as `pods`.
    pub resource: Cow<'static, str>,
    /// What lies below objects, such as `exec`; mostly empty.
    pub subresource: Cow<'static, str>,
    /// Empty for all namespaces, and for what has none.
    pub namespace: Cow<'static, str>,
    /// One object; empty for all.
    pub name: Cow<'static, str>,
}

/// Text that names no right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotARight(String);

impl fmt::Display for NotARight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(text) = self;
        write!(f, "{text:?} is no right, as in create,apps,deployments/scale,shop,web")
    }
}

impl std::error::Error for NotARight {}

impl Right {
    /// The right to do something with all objects of a kind, in a namespace or (where it is empty) everywhere.
    pub const fn to(
        verb: &'static str,
        group: &'static str,
        resource: &'static str,
        namespace: &'static str,
    ) -> Self {
        Self {
            verb: Cow::Borrowed(verb),
            group: Cow::Borrowed(group),
            resource: Cow::Borrowed(resource),
            subresource: Cow::Borrowed(""),
            namespace: Cow::Borrowed(namespace),
            name: Cow::Borrowed(""),
        }
    }

    /// The same in another namespace.
    pub fn within(self, namespace: impl Into<Cow<'static, str>>) -> Self {
        Self { namespace: namespace.into(), ..self }
    }

    /// The same of what lies below objects.
    pub fn below(self, subresource: impl Into<Cow<'static, str>>) -> Self {
        Self { subresource: subresource.into(), ..self }
    }

    /// The same of one object.
    pub fn named(self, name: impl Into<Cow<'static, str>>) -> Self {
        Self { name: name.into(), ..self }
    }

    /// The resource as roles write it: `deployments/scale`.
    pub fn full_resource(&self) -> String {
        match &*self.subresource {
            "" => self.resource.clone().into_owned(),
            subresource => format!("{}/{subresource}", self.resource),
        }
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { verb, group, namespace, name, .. } = self;
        write!(f, "{verb},{group},{},{namespace},{name}", self.full_resource())
    }
}

impl FromStr for Right {
    type Err = NotARight;

    fn from_str(text: &str) -> Result<Self, NotARight> {
        let wrong = || NotARight(text.chars().take(80).collect());
        // Names of objects are last, since some of them may hold a comma.
        let mut parts = text.splitn(5, ',');
        let mut next = || parts.next().unwrap_or_default();
        let [verb, group, resource, namespace, name] = [next(), next(), next(), next(), next()];
        let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        let all = [verb, group, resource, subresource, namespace, name];
        if verb.is_empty() || resource.is_empty() || all.iter().any(|part| !is_plausible(part)) {
            return Err(wrong());
        }
        let [verb, group, resource, subresource, namespace, name] =
            all.map(|part| Cow::Owned(part.to_owned()));
        Ok(Self { verb, group, resource, subresource, namespace, name })
    }
}

fn is_plausible(part: &str) -> bool {
    part.len() <= MAX_NAME && part.bytes().all(|byte| byte.is_ascii_graphic())
}

impl TryFrom<String> for Right {
    type Error = NotARight;

    fn try_from(text: String) -> Result<Self, NotARight> {
        text.parse()
    }
}

impl From<Right> for String {
    fn from(right: Right) -> Self {
        right.to_string()
    }
}

/// The answer of `access/check`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answers {
    /// One for each right, in the order in which they were asked about.
    pub allowed: Vec<bool>,
}

/// The answer of `access/rules/{namespace}`: what the caller may do there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// What the cluster's roles allow; empty without a cluster.
    pub rules: Vec<Rule>,
    /// Why there may be more than these, if there may: some authorisers cannot list what they allow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<String>,
    /// What the caller may do with this server.
    pub own: Vec<OwnRight>,
}

/// One rule of a role, for resources.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Rule {
    /// API groups; `*` is all.
    pub api_groups: Vec<String>,
    /// Plural names, some with what lies below; `*` is all.
    pub resources: Vec<String>,
    /// `*` is all.
    pub verbs: Vec<String>,
    /// Only objects with these names, where there are any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resource_names: Vec<String>,
}

/// What one may do with this server itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Own {
    /// Seeing all metrics, rules, alerts and settings.
    View,
    /// Changing dashboards, rules and silences.
    Edit,
    /// Reloading, deleting, everything else.
    Administer,
    /// Pushing samples and alerts.
    Push,
}

/// Whether one may do that, and what it takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnRight {
    /// What.
    pub what: Own,
    /// Whether.
    pub allowed: bool,
    /// The rights that it takes of a user of the cluster, all of them.
    pub needs: Vec<Right>,
}

/// The answer of `access/subjects`: who may do something, as far as the caller may read it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subjects {
    /// In order of kind, namespace and name; one entry for each binding.
    pub subjects: Vec<Subject>,
    /// What could not be read, each with the API server's reason; others than these may be allowed, too.
    pub unread: Vec<String>,
}

/// Somebody who may do something, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct Subject {
    /// `User`, `Group` or `ServiceAccount`.
    pub kind: String,
    /// Of a ServiceAccount.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The binding that gives it: `ClusterRoleBinding NAME` or `RoleBinding NAMESPACE/NAME`.
    pub binding: String,
    /// The role that is bound: `ClusterRole NAME` or `Role NAME`.
    pub role: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, right: &Right) {
        assert_eq!(text.parse().as_ref(), Ok(right), "{text}");
        assert_eq!(right.to_string().parse().as_ref(), Ok(right), "{text}");
    }

    #[test]
    fn a_right_survives_being_written_and_read() {
        check("list,,pods", &Right::to("list", "", "pods", ""));
        check("list,,pods,shop,", &Right::to("list", "", "pods", "shop"));
        check("create,,pods/exec,shop", &Right::to("create", "", "pods", "shop").below("exec"));
        let scale = Right::to("update", "apps", "deployments", "shop").below("scale").named("web");
        check("update,apps,deployments/scale,shop,web", &scale);
        check("get,,nodes,,a,b", &Right::to("get", "", "nodes", "").named("a,b"));
    }

    #[test]
    fn what_lacks_a_verb_or_a_resource_or_has_odd_letters_is_no_right() {
        for text in ["", "list", "list,", ",,pods", "list,,pods,a b", "list,,/exec", "list,,pods,\u{e9}"] {
            assert!(text.parse::<Right>().is_err(), "{text}");
        }
        assert!(format!("list,,pods,{}", "x".repeat(MAX_NAME + 1)).parse::<Right>().is_err());
    }
}
