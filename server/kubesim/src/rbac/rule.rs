//! One rule: which verbs on which resources or paths.

use serde_json::{Map, Value};

use crate::{object, request::Attributes};

/// A `PolicyRule`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Rule {
    pub(crate) verbs: Vec<String>,
    pub(crate) groups: Vec<String>,
    pub(crate) resources: Vec<String>,
    pub(crate) names: Vec<String>,
    /// Paths that are no resources, a `*` at the end matching all below.
    pub(crate) paths: Vec<String>,
}

impl Rule {
    pub(crate) fn of(rule: &Value) -> Rule {
        let texts = |field: &str| object::texts(rule, &[field]).map(str::to_owned).collect();
        Rule {
            verbs: texts("verbs"),
            groups: texts("apiGroups"),
            resources: texts("resources"),
            names: texts("resourceNames"),
            paths: texts("nonResourceURLs"),
        }
    }

    /// The rule as roles and reviews write it, without its empty fields.
    pub(crate) fn to_value(&self) -> Value {
        let fields = [
            ("verbs", &self.verbs),
            ("apiGroups", &self.groups),
            ("resources", &self.resources),
            ("resourceNames", &self.names),
            ("nonResourceURLs", &self.paths),
        ];
        let fields: Map<String, Value> = fields
            .into_iter()
            .filter(|(_, values)| !values.is_empty())
            .map(|(name, values)| (name.to_owned(), values.clone().into()))
            .collect();
        Value::Object(fields)
    }

    pub(crate) fn allows(&self, attributes: &Attributes) -> bool {
        if !has(&self.verbs, &attributes.verb) {
            return false;
        }
        if !attributes.is_resource() {
            return self.paths.iter().any(|path| covers(path, &attributes.path));
        }
        has(&self.groups, &attributes.group)
            && self.resources.iter().any(|resource| self.matches(resource, attributes))
            && (self.names.is_empty() || self.names.contains(&attributes.name))
    }

    fn matches(&self, resource: &str, attributes: &Attributes) -> bool {
        match resource.split_once('/') {
            None => resource == "*" || (attributes.subresource.is_empty() && resource == attributes.resource),
            Some(("*", subresource)) => subresource == attributes.subresource,
            Some((resource, subresource)) => {
                resource == attributes.resource && subresource == attributes.subresource
            }
        }
    }
}

fn has(words: &[String], word: &str) -> bool {
    words.iter().any(|candidate| candidate == "*" || candidate == word)
}

fn covers(pattern: &str, path: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => path.starts_with(prefix),
        None => pattern == path,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(rule: &Value, verb: &str, resource: &str, name: &str, expected: bool) {
        let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        let attributes = Attributes {
            verb: verb.to_owned(),
            resource: resource.to_owned(),
            subresource: subresource.to_owned(),
            name: name.to_owned(),
            ..Attributes::default()
        };
        assert_eq!(Rule::of(rule).allows(&attributes), expected);
    }

    #[test]
    fn a_subresource_needs_its_own_word() {
        let rule = json!({"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]});
        check(&rule, "get", "pods", "a", true);
        check(&rule, "get", "pods/log", "a", false);
        let rule = json!({"apiGroups": [""], "resources": ["*/log"], "verbs": ["*"]});
        check(&rule, "get", "pods/log", "a", true);
        check(&rule, "get", "pods", "a", false);
    }

    #[test]
    fn resource_names_shut_out_lists() {
        let rule = json!({"apiGroups": ["*"], "resources": ["*"], "resourceNames": ["a"], "verbs": ["*"]});
        check(&rule, "get", "pods", "a", true);
        check(&rule, "list", "pods", "", false);
    }

    #[test]
    fn a_path_may_end_in_a_star() {
        let rule = Rule::of(&json!({"nonResourceURLs": ["/api", "/apis/*"], "verbs": ["get"]}));
        let get = |path: &str| Attributes { verb: "get".into(), path: path.into(), ..Attributes::default() };
        assert!(rule.allows(&get("/apis/apps")));
        assert!(rule.allows(&get("/api")));
        assert!(!rule.allows(&get("/api/v2")));
    }
}
