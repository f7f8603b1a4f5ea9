//! ClusterRoles that are made of other ClusterRoles, chosen by label.

use std::collections::BTreeMap;

use serde_json::Value;

use super::CLUSTER_ROLES;
use crate::{object, selector::LabelSelector, store::Store};

/// Writes the rules of every aggregated ClusterRole anew, until nothing changes any more.
///
/// Aggregated roles may be chosen by others (`edit` by `admin`), so one pass is not always enough; a cycle settles
/// because rules are only collected, never dropped, within one call.
pub(crate) fn update(store: &mut Store) {
    // The depth of the built-in chain is two; more than a handful means that there is a cycle.
    for _ in 0..5 {
        let changed: Vec<Value> = store
            .list(CLUSTER_ROLES, "")
            .filter_map(|(_, role)| {
                let rules = collected(store, role)?;
                (object::list(role, &["rules"]) != rules.as_slice()).then(|| {
                    let mut role = role.as_ref().clone();
                    object::set(&mut role, &["rules"], rules);
                    role
                })
            })
            .collect();
        if changed.is_empty() {
            return;
        }
        for role in changed {
            let name = object::name(&role).to_owned();
            store.put(CLUSTER_ROLES, &name, role);
        }
    }
}

/// The rules of all roles that `role` chooses; none if it chooses none.
fn collected(store: &Store, role: &Value) -> Option<Vec<Value>> {
    let selectors: Vec<LabelSelector> = object::at(role, &["aggregationRule", "clusterRoleSelectors"])?
        .as_array()?
        .iter()
        .map(LabelSelector::of_object)
        .collect();
    let mut rules: Vec<Value> = Vec::new();
    for (_, candidate) in store.list(CLUSTER_ROLES, "") {
        if object::name(candidate) == object::name(role) {
            continue;
        }
        let labels: BTreeMap<String, String> = object::labels(candidate);
        if selectors.iter().any(|selector| selector.matches(&labels)) {
            for rule in object::list(candidate, &["rules"]) {
                if !rules.contains(rule) {
                    rules.push(rule.clone());
                }
            }
        }
    }
    Some(rules)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_aggregated_role_collects_through_others() {
        let mut store = Store::new(100);
        let rule = json!({"apiGroups": ["example.org"], "resources": ["widgets"], "verbs": ["get"]});
        let chooses = |label: &str| json!({"clusterRoleSelectors": [{"matchLabels": {label: "true"}}]});
        store.put(
            CLUSTER_ROLES,
            "admin",
            json!({"metadata": {"name": "admin"}, "rules": [],
            "aggregationRule": chooses("to-admin")}),
        );
        store.put(
            CLUSTER_ROLES,
            "edit",
            json!({"metadata": {"name": "edit", "labels": {"to-admin": "true"}},
            "rules": [], "aggregationRule": chooses("to-edit")}),
        );
        store.put(
            CLUSTER_ROLES,
            "more",
            json!({"metadata": {"name": "more", "labels": {"to-edit": "true"}},
            "rules": [rule]}),
        );
        update(&mut store);
        assert_eq!(store.get(CLUSTER_ROLES, "admin").unwrap()["rules"], json!([rule]));
        let before = store.revision();
        update(&mut store);
        assert_eq!(store.revision(), before);
    }
}
