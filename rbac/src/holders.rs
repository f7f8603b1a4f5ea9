//! Who may do something: the rules of Kubernetes' roles, read backwards.

use std::collections::HashMap;

use crowsnest_api::access::{Right, Rule, Subject};
use serde::Deserialize;

/// A Role or ClusterRole, as the API server sends it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct RoleObject {
    metadata: Metadata,
    /// Null in a ClusterRole that aggregates others and has found none yet.
    #[serde(default)]
    rules: Option<Vec<Rule>>,
}

/// A RoleBinding or ClusterRoleBinding, as the API server sends it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BindingObject {
    metadata: Metadata,
    role_ref: RoleRef,
    #[serde(default)]
    subjects: Option<Vec<SubjectRef>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Metadata {
    namespace: String,
    name: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct RoleRef {
    kind: String,
    name: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct SubjectRef {
    kind: String,
    namespace: String,
    name: String,
}

/// Whether one rule of a role allows something.
///
/// As Kubernetes' own authoriser: `*` is every verb, group and resource, those below objects included; `*/scale` is the scale of
/// every resource; a rule for certain names allows nothing to do with all of them.
pub fn rule_allows(rule: &Rule, right: &Right) -> bool {
    let has = |words: &[String], word: &str| words.iter().any(|known| known == "*" || known == word);
    has(&rule.verbs, &right.verb)
        && has(&rule.api_groups, &right.group)
        && rule.resources.iter().any(|resource| covers(resource, right))
        && (rule.resource_names.is_empty() || rule.resource_names.iter().any(|name| *name == right.name))
}

fn covers(resource: &str, right: &Right) -> bool {
    match resource.split_once('/') {
        None => resource == "*" || right.subresource.is_empty() && resource == right.resource,
        Some((of, below)) => below == right.subresource && (of == "*" || of == right.resource),
    }
}

/// Everybody to whom a binding gives a right: bindings of the cluster, and those of the right's namespace.
///
/// Sorted. A binding of a role that is not among `roles` gives nothing; that is what a binding of a missing role does, too.
pub fn holders(right: &Right, bindings: &[BindingObject], roles: &[RoleObject]) -> Vec<Subject> {
    let roles: HashMap<(&str, &str), &RoleObject> = roles
        .iter()
        .map(|role| ((role.metadata.namespace.as_str(), role.metadata.name.as_str()), role))
        .collect();
    let gives = |binding: &&BindingObject| {
        let of =
            if binding.role_ref.kind == "ClusterRole" { "" } else { binding.metadata.namespace.as_str() };
        let here = binding.metadata.namespace.is_empty() || binding.metadata.namespace == right.namespace;
        let role = roles.get(&(of, binding.role_ref.name.as_str()));
        let rules = role.and_then(|role| role.rules.as_deref()).unwrap_or_default();
        here && rules.iter().any(|rule| rule_allows(rule, right))
    };
    let mut found: Vec<Subject> = bindings.iter().filter(gives).flat_map(subjects).collect();
    found.sort();
    found.dedup();
    found
}

fn subjects(binding: &BindingObject) -> impl Iterator<Item = Subject> {
    let Metadata { namespace, name } = &binding.metadata;
    let told = if namespace.is_empty() {
        format!("ClusterRoleBinding {name}")
    } else {
        format!("RoleBinding {namespace}/{name}")
    };
    let role = format!("{} {}", binding.role_ref.kind, binding.role_ref.name);
    binding.subjects.iter().flatten().map(move |subject| Subject {
        kind: subject.kind.clone(),
        namespace: match (&*subject.kind, &*subject.namespace) {
            // A RoleBinding may leave the namespace out where it is its own.
            ("ServiceAccount", "") => namespace.clone(),
            ("ServiceAccount", of) => of.to_owned(),
            _ => String::new(),
        },
        name: subject.name.clone(),
        binding: told.clone(),
        role: role.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rule: &str, right: &str, allowed: bool) {
        let rule: Rule = serde_json::from_str(rule).unwrap();
        assert_eq!(rule_allows(&rule, &right.parse().unwrap()), allowed, "{rule:?} {right}");
    }

    #[test]
    fn a_rule_allows_its_verbs_on_its_resources_and_what_lies_below_only_where_it_says_so() {
        let rule = r#"{"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list"]}"#;
        check(rule, "get,,pods,shop", true);
        check(rule, "get,,pods/log,shop,web-1", true);
        check(rule, "get,,pods/exec,shop", false);
        check(rule, "delete,,pods,shop", false);
        check(rule, "get,apps,pods,shop", false);
    }

    #[test]
    fn a_star_is_everything_of_its_sort() {
        let all = r#"{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}"#;
        check(all, "impersonate,,users", true);
        check(all, "create,,pods/exec,shop", true);
        let scale = r#"{"apiGroups": ["apps"], "resources": ["*/scale"], "verbs": ["update"]}"#;
        check(scale, "update,apps,deployments/scale,shop", true);
        check(scale, "update,apps,deployments,shop", false);
    }

    #[test]
    fn a_rule_for_one_name_allows_nothing_to_do_with_all() {
        let rule =
            r#"{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"], "resourceNames": ["tls"]}"#;
        check(rule, "get,,secrets,shop,tls", true);
        check(rule, "get,,secrets,shop,other", false);
        check(rule, "get,,secrets,shop", false);
    }

    fn read<T: serde::de::DeserializeOwned>(json: &str) -> T {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn subjects_are_found_through_bindings_of_the_cluster_and_of_the_namespace() {
        let roles: Vec<RoleObject> = read(
            r#"[{"metadata": {"name": "view"}, "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]},
                {"metadata": {"name": "empty"}, "rules": null},
                {"metadata": {"name": "own", "namespace": "shop"},
                 "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]}]"#,
        );
        let bindings: Vec<BindingObject> = read(
            r#"[{"metadata": {"name": "all"}, "roleRef": {"kind": "ClusterRole", "name": "view"},
                 "subjects": [{"kind": "Group", "name": "ops"}]},
                {"metadata": {"name": "here", "namespace": "shop"}, "roleRef": {"kind": "Role", "name": "own"},
                 "subjects": [{"kind": "ServiceAccount", "name": "ci"}, {"kind": "User", "name": "ann"}]},
                {"metadata": {"name": "there", "namespace": "data"}, "roleRef": {"kind": "ClusterRole", "name": "view"},
                 "subjects": [{"kind": "User", "name": "bob"}]},
                {"metadata": {"name": "nothing"}, "roleRef": {"kind": "ClusterRole", "name": "empty"},
                 "subjects": [{"kind": "User", "name": "eve"}]},
                {"metadata": {"name": "dangling"}, "roleRef": {"kind": "ClusterRole", "name": "gone"}}]"#,
        );
        let names = |right: &str| -> Vec<String> {
            let found = holders(&right.parse().unwrap(), &bindings, &roles);
            found
                .iter()
                .map(|subject| format!("{} {}/{}", subject.binding, subject.namespace, subject.name))
                .collect()
        };
        let everywhere = ["ClusterRoleBinding all /ops"];
        assert_eq!(names("list,,pods"), everywhere);
        let here = [everywhere[0], "RoleBinding shop/here shop/ci", "RoleBinding shop/here /ann"];
        assert_eq!(names("list,,pods,shop"), here);
        assert!(names("delete,,pods,shop").is_empty());
    }
}
