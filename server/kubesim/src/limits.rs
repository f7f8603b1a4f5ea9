//! Admission by LimitRange and ResourceQuota.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{object, quantity, status::ApiError, store::Store};

/// Gives the containers of a new pod the defaults of the namespace's LimitRanges.
pub(crate) fn apply_limit_ranges(store: &Store, namespace: &str, pod: &mut Value) {
    let prefix = format!("{namespace}/");
    let items: Vec<Value> = store
        .list("limitranges", &prefix)
        .flat_map(|(_, range)| object::list(range, &["spec", "limits"]).to_vec())
        .filter(|item| object::text(item, &["type"]) == "Container")
        .collect();
    for item in &items {
        for list in ["containers", "initContainers"] {
            let containers = object::map_mut(pod, &["spec"]).get_mut(list).and_then(Value::as_array_mut);
            for container in containers.into_iter().flatten() {
                for (resource, value) in object::string_map(item, &["defaultRequest"]) {
                    object::set_default(container, &["resources", "requests", &resource], value);
                }
                for (resource, value) in object::string_map(item, &["default"]) {
                    object::set_default(container, &["resources", "limits", &resource], value);
                }
            }
        }
    }
}

/// Refuses a new pod that would exceed a quota of its namespace.
///
/// What is used is counted from the pods themselves: no controller has to keep up.
pub(crate) fn check_quota(store: &Store, namespace: &str, pod: &Value) -> Result<(), ApiError> {
    let prefix = format!("{namespace}/");
    for (_, quota) in store.list("resourcequotas", &prefix) {
        let hard = object::string_map(quota, &["spec", "hard"]);
        let asked = usage_of(pod);
        let used = used(store, namespace);
        let mut over: Vec<[String; 4]> = Vec::new();
        for (resource, limit) in &hard {
            let wanted = asked.get(resource.as_str()).copied().unwrap_or_default();
            let taken = used.get(resource.as_str()).copied().unwrap_or_default();
            if wanted > 0 && quantity::parse_milli(limit).is_some_and(|limit| taken + wanted > limit) {
                over.push([
                    resource.clone(),
                    quantity::write_milli(wanted, limit),
                    quantity::write_milli(taken, limit),
                    limit.clone(),
                ]);
            }
        }
        if !over.is_empty() {
            let part = |index: usize| -> String {
                let pairs: Vec<String> = over
                    .iter()
                    .map(|row| format!("{}={}", row[0], row.get(index).map_or("", String::as_str)))
                    .collect();
                pairs.join(",")
            };
            let detail = format!(
                "exceeded quota: {}, requested: {}, used: {}, limited: {}",
                object::name(quota),
                part(1),
                part(2),
                part(3)
            );
            return Err(ApiError::forbidden("", "pods", object::name(pod), &detail));
        }
    }
    Ok(())
}

/// What is used of each resource that a quota limits, written as the quota writes it.
pub(crate) fn used_texts(
    store: &Store,
    namespace: &str,
    hard: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let used = used(store, namespace);
    hard.iter()
        .map(|(resource, limit)| {
            let amount = used.get(resource.as_str()).copied().unwrap_or_default();
            (resource.clone(), quantity::write_milli(amount, limit))
        })
        .collect()
}

fn used(store: &Store, namespace: &str) -> BTreeMap<&'static str, i128> {
    let prefix = format!("{namespace}/");
    let mut total = BTreeMap::new();
    for (_, pod) in store.list("pods", &prefix) {
        if matches!(object::text(pod, &["status", "phase"]), "Succeeded" | "Failed") {
            continue;
        }
        for (resource, amount) in usage_of(pod) {
            *total.entry(resource).or_insert(0) += amount;
        }
    }
    total
}

/// What one pod counts for, in thousandths.
fn usage_of(pod: &Value) -> BTreeMap<&'static str, i128> {
    let sum = |which: &str, resource: &str| -> i128 {
        object::list(pod, &["spec", "containers"])
            .iter()
            .filter_map(|container| {
                quantity::parse_milli(object::text(container, &["resources", which, resource]))
            })
            .sum()
    };
    [
        ("pods", 1000),
        ("count/pods", 1000),
        ("cpu", sum("requests", "cpu")),
        ("requests.cpu", sum("requests", "cpu")),
        ("limits.cpu", sum("limits", "cpu")),
        ("memory", sum("requests", "memory")),
        ("requests.memory", sum("requests", "memory")),
        ("limits.memory", sum("limits", "memory")),
    ]
    .into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pod_beyond_the_quota_is_refused() {
        let mut store = Store::new(10);
        let pod = |cpu: &str| json!({"metadata": {"name": "p"}, "spec": {"containers": [{"resources": {"requests": {"cpu": cpu}}}]}});
        store.put(
            "resourcequotas",
            "shop/quota",
            json!({"metadata": {"name": "quota"},
            "spec": {"hard": {"requests.cpu": "1", "pods": "5"}}}),
        );
        store.put("pods", "shop/a", pod("800m"));
        assert!(check_quota(&store, "shop", &pod("200m")).is_ok());
        let error = check_quota(&store, "shop", &pod("300m")).unwrap_err();
        assert_eq!(
            error.message,
            "pods \"p\" is forbidden: exceeded quota: quota, requested: requests.cpu=300m, used: requests.cpu=800m, \
             limited: requests.cpu=1"
        );
    }

    #[test]
    fn a_limit_range_gives_defaults() {
        let mut store = Store::new(10);
        store.put(
            "limitranges",
            "shop/l",
            json!({"spec": {"limits": [{"type": "Container",
            "default": {"cpu": "500m"}, "defaultRequest": {"cpu": "10m"}}]}}),
        );
        let mut pod = json!({"spec": {"containers": [{"name": "c"}]}});
        apply_limit_ranges(&store, "shop", &mut pod);
        let resources = &pod["spec"]["containers"][0]["resources"];
        assert_eq!(resources, &json!({"limits": {"cpu": "500m"}, "requests": {"cpu": "10m"}}));
    }
}
