//! Role-based access control over the Role and Binding objects of the store.

pub(crate) mod aggregate;
pub(crate) mod bootstrap;
mod rule;

pub(crate) use rule::Rule;
use serde_json::Value;

use crate::{
    identity::{User, parse_service_account},
    object,
    request::Attributes,
    store::Store,
};

const ROLES: &str = "roles.rbac.authorization.k8s.io";
pub(crate) const CLUSTER_ROLES: &str = "clusterroles.rbac.authorization.k8s.io";
const ROLE_BINDINGS: &str = "rolebindings.rbac.authorization.k8s.io";
const CLUSTER_ROLE_BINDINGS: &str = "clusterrolebindings.rbac.authorization.k8s.io";

/// What access control says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Decision {
    /// Allowed, with the words of an access review; empty for the superuser.
    Allowed(String),
    /// No rule allows it.
    NoOpinion,
}

impl Decision {
    pub(crate) fn is_allowed(&self) -> bool {
        matches!(self, Decision::Allowed(_))
    }
}

/// Whether `user` may do what `attributes` say.
pub(crate) fn decide(store: &Store, user: &User, attributes: &Attributes) -> Decision {
    if user.is_superuser() {
        return Decision::Allowed(String::new());
    }
    for grant in grants(store, user, &attributes.namespace) {
        if grant.rules.iter().any(|rule| rule.allows(attributes)) {
            return Decision::Allowed(format!("RBAC: allowed by {}", grant.reason));
        }
    }
    Decision::NoOpinion
}

/// Every rule that holds for `user` in a namespace (and in all of them).
pub(crate) fn rules_of(store: &Store, user: &User, namespace: &str) -> Vec<Rule> {
    grants(store, user, namespace).flat_map(|grant| grant.rules).collect()
}

/// The rules of one binding that names the user.
struct Grant {
    rules: Vec<Rule>,
    reason: String,
}

fn grants(store: &Store, user: &User, namespace: &str) -> impl Iterator<Item = Grant> {
    let everywhere = store.list(CLUSTER_ROLE_BINDINGS, "");
    let prefix = format!("{namespace}/");
    let here: Vec<_> = if namespace.is_empty() {
        Vec::new()
    } else {
        store.list(ROLE_BINDINGS, &prefix).map(|(_, binding)| binding).collect()
    };
    everywhere.map(|(_, binding)| binding).chain(here).filter_map(|binding| grant(store, user, binding))
}

fn grant(store: &Store, user: &User, binding: &Value) -> Option<Grant> {
    let namespace = object::namespace(binding);
    let subject =
        object::list(binding, &["subjects"]).iter().find(|subject| names(subject, namespace, user))?;
    let role_kind = object::text(binding, &["roleRef", "kind"]);
    let role_name = object::text(binding, &["roleRef", "name"]);
    let role = match role_kind {
        "ClusterRole" => store.get(CLUSTER_ROLES, role_name)?,
        _ => store.get(ROLES, &format!("{namespace}/{role_name}"))?,
    };
    let (binding_kind, binding_name) = if namespace.is_empty() {
        ("ClusterRoleBinding", object::name(binding).to_owned())
    } else {
        ("RoleBinding", format!("{}/{namespace}", object::name(binding)))
    };
    let subject_kind = object::text(subject, &["kind"]);
    let mut subject_name = object::text(subject, &["name"]).to_owned();
    if subject_kind == "ServiceAccount" {
        subject_name = format!("{subject_name}/{}", object::text(subject, &["namespace"]));
    }
    Some(Grant {
        rules: rules(&role),
        reason: format!(
            "{binding_kind} {binding_name:?} of {role_kind} {role_name:?} to {subject_kind} {subject_name:?}"
        ),
    })
}

/// The rules of a Role or ClusterRole.
pub(crate) fn rules(role: &Value) -> Vec<Rule> {
    object::list(role, &["rules"]).iter().map(Rule::of).collect()
}

fn names(subject: &Value, binding_namespace: &str, user: &User) -> bool {
    let name = object::text(subject, &["name"]);
    match object::text(subject, &["kind"]) {
        "User" => user.name == name,
        "Group" => user.groups.iter().any(|group| group == name),
        "ServiceAccount" => {
            let namespace = match object::text(subject, &["namespace"]) {
                "" => binding_namespace,
                namespace => namespace,
            };
            parse_service_account(&user.name) == Some((namespace, name))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn store() -> Store {
        let mut store = Store::new(10);
        store.put(
            CLUSTER_ROLES,
            "view",
            json!({"metadata": {"name": "view"}, "rules": [
            {"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list"]}]}),
        );
        store.put(
            ROLE_BINDINGS,
            "shop/viewer",
            json!({"metadata": {"name": "viewer", "namespace": "shop"},
            "roleRef": {"kind": "ClusterRole", "name": "view"},
            "subjects": [{"kind": "ServiceAccount", "name": "viewer", "namespace": "shop"}]}),
        );
        store
    }

    fn viewer() -> User {
        User { name: "system:serviceaccount:shop:viewer".to_owned(), ..User::default() }
    }

    fn list(resource: &str, namespace: &str) -> Attributes {
        Attributes {
            verb: "list".to_owned(),
            resource: resource.to_owned(),
            namespace: namespace.to_owned(),
            ..Attributes::default()
        }
    }

    #[test]
    fn a_role_binding_holds_in_its_namespace_only() {
        let store = store();
        let allowed = decide(&store, &viewer(), &list("pods", "shop"));
        let reason = "RBAC: allowed by RoleBinding \"viewer/shop\" of ClusterRole \"view\" to ServiceAccount \
                      \"viewer/shop\"";
        assert_eq!(allowed, Decision::Allowed(reason.to_owned()));
        assert!(!decide(&store, &viewer(), &list("pods", "other")).is_allowed());
        assert!(!decide(&store, &viewer(), &list("pods", "")).is_allowed());
        assert!(!decide(&store, &viewer(), &list("secrets", "shop")).is_allowed());
    }

    #[test]
    fn masters_may_do_everything() {
        let admin = User { groups: vec!["system:masters".to_owned()], ..User::default() };
        assert!(decide(&Store::new(1), &admin, &list("secrets", "")).is_allowed());
    }
}
