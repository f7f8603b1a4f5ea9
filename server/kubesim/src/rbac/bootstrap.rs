//! The roles and bindings that every cluster starts with, as the Kubernetes documentation lists them.

use serde_json::{Value, json};

/// Rules are written `verbs | groups | resources`, or `verbs | paths` where they are about paths. The empty group is
/// written `core`.
struct Role(&'static str, &'static [&'static str]);

/// What `view` is made of.
const VIEW: &[&str] = &[
    "get list watch | core | configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods \
     replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status",
    "get list watch | core | bindings limitranges namespaces/status pods/log pods/status \
     replicationcontrollers/status resourcequotas resourcequotas/status",
    "get list watch | core | namespaces",
    "get list watch | core events.k8s.io | events",
    "get list watch | discovery.k8s.io | endpointslices",
    "get list watch | apps | controllerrevisions daemonsets daemonsets/status deployments deployments/scale \
     deployments/status replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale \
     statefulsets/status",
    "get list watch | autoscaling | horizontalpodautoscalers horizontalpodautoscalers/status",
    "get list watch | batch | cronjobs cronjobs/status jobs jobs/status",
    "get list watch | extensions | daemonsets daemonsets/status deployments deployments/scale deployments/status \
     ingresses ingresses/status networkpolicies replicasets replicasets/scale replicasets/status \
     replicationcontrollers/scale",
    "get list watch | policy | poddisruptionbudgets poddisruptionbudgets/status",
    "get list watch | networking.k8s.io | ingresses ingresses/status networkpolicies",
    "get list watch | resource.k8s.io | resourceclaims resourceclaims/status resourceclaimtemplates",
];

/// What `edit` adds to `view`.
const EDIT: &[&str] = &[
    "get list watch | core | pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy",
    "impersonate | core | serviceaccounts",
    "create delete deletecollection patch update | core | pods pods/attach pods/exec pods/portforward pods/proxy",
    "create | core | pods/eviction",
    "create delete deletecollection patch update | core | configmaps persistentvolumeclaims replicationcontrollers \
     replicationcontrollers/scale secrets serviceaccounts services services/proxy",
    "create | core | serviceaccounts/token",
    "create delete deletecollection patch update | core events.k8s.io | events",
    "create delete deletecollection patch update | apps | daemonsets deployments deployments/rollback \
     deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale",
    "create delete deletecollection patch update | autoscaling | horizontalpodautoscalers",
    "create delete deletecollection patch update | batch | cronjobs jobs",
    "create delete deletecollection patch update | extensions | daemonsets deployments deployments/rollback \
     deployments/scale ingresses networkpolicies replicasets replicasets/scale replicationcontrollers/scale",
    "create delete deletecollection patch update | policy | poddisruptionbudgets",
    "create delete deletecollection patch update | networking.k8s.io | ingresses networkpolicies",
    "create delete deletecollection get list patch update watch | coordination.k8s.io | leases",
    "create delete deletecollection patch update | resource.k8s.io | resourceclaims resourceclaimtemplates",
];

/// What `admin` adds to `edit`.
const ADMIN: &[&str] = &[
    "create | authorization.k8s.io | localsubjectaccessreviews",
    "create delete deletecollection get list patch update watch | rbac.authorization.k8s.io | rolebindings roles",
];

const ROLES: &[Role] = &[
    Role("cluster-admin", &["* | * | *", "* | *"]),
    Role(
        "system:basic-user",
        &[
            "create | authorization.k8s.io | selfsubjectaccessreviews selfsubjectrulesreviews",
            "create | authentication.k8s.io | selfsubjectreviews",
        ],
    ),
    Role(
        "system:discovery",
        &[
            "get | /api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/",
            "get | /.well-known /.well-known/*",
        ],
    ),
    Role("system:public-info-viewer", &["get | /healthz /livez /readyz /version /version/"]),
    Role(
        "system:service-account-issuer-discovery",
        &[
            "get | /.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/",
        ],
    ),
    Role(
        "system:monitoring",
        &["get | /healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/*"],
    ),
    Role(
        "system:auth-delegator",
        &[
            "create | authentication.k8s.io | tokenreviews",
            "create | authorization.k8s.io | subjectaccessreviews",
        ],
    ),
    Role(
        "system:node",
        &[
            "create | authentication.k8s.io | tokenreviews",
            "create | authorization.k8s.io | localsubjectaccessreviews subjectaccessreviews",
            "get list watch | core | configmaps persistentvolumeclaims persistentvolumes pods secrets services",
            "create get list patch update watch | core | nodes nodes/status",
            "create patch update | core events.k8s.io | events",
            "create delete get patch update | coordination.k8s.io | leases",
        ],
    ),
];

/// Name of the binding and of its ClusterRole, the groups it is for.
const BINDINGS: &[(&str, &[&str])] = &[
    ("cluster-admin", &["system:masters"]),
    ("system:basic-user", &["system:authenticated"]),
    ("system:discovery", &["system:authenticated"]),
    ("system:public-info-viewer", &["system:authenticated", "system:unauthenticated"]),
    ("system:service-account-issuer-discovery", &["system:serviceaccounts"]),
    ("system:monitoring", &["system:monitoring"]),
];

/// Roles whose rules are collected from others: name, its own label to a wider one, rules of its first part.
const AGGREGATED: &[(&str, Option<&str>, &[&str])] =
    &[("view", Some("edit"), VIEW), ("edit", Some("admin"), EDIT), ("admin", None, ADMIN)];

/// All bootstrap objects.
pub(crate) fn objects() -> Vec<Value> {
    let mut objects: Vec<Value> =
        ROLES.iter().map(|Role(name, rules)| cluster_role(name, None, None, rules)).collect();
    for (name, wider, rules) in AGGREGATED {
        objects.push(cluster_role(&format!("system:aggregate-to-{name}"), Some(name), None, rules));
        objects.push(cluster_role(name, *wider, Some(name), &[]));
    }
    for (name, groups) in BINDINGS {
        let subjects: Vec<Value> = groups
            .iter()
            .map(|group| json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": group}))
            .collect();
        objects.push(json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
            "metadata": metadata(name), "subjects": subjects,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
        }));
    }
    objects
}

fn cluster_role(name: &str, label_to: Option<&str>, collects: Option<&str>, rules: &[&str]) -> Value {
    let mut role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": metadata(name),
        "rules": rules.iter().map(|text| rule(text)).collect::<Vec<Value>>(),
    });
    if let Some(wider) = label_to {
        role["metadata"]["labels"][label(wider)] = "true".into();
    }
    if let Some(own) = collects {
        role["aggregationRule"] = json!({"clusterRoleSelectors": [{"matchLabels": {label(own): "true"}}]});
    }
    role
}

fn label(role: &str) -> String {
    format!("rbac.authorization.k8s.io/aggregate-to-{role}")
}

fn metadata(name: &str) -> Value {
    json!({
        "name": name,
        "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"},
        "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"},
    })
}

fn rule(text: &str) -> Value {
    let words = |part: &str| -> Vec<String> {
        part.split_whitespace()
            .map(|word| if word == "core" { String::new() } else { word.to_owned() })
            .collect()
    };
    let parts: Vec<Vec<String>> = text.split('|').map(words).collect();
    match parts.as_slice() {
        [verbs, groups, resources] => json!({"verbs": verbs, "apiGroups": groups, "resources": resources}),
        [verbs, paths] => json!({"verbs": verbs, "nonResourceURLs": paths}),
        // A test walks all rows, so there is no other shape.
        _ => json!({"verbs": []}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_verbs_and_what_they_are_about() {
        let texts = ROLES.iter().flat_map(|Role(_, rules)| rules.iter()).chain(VIEW).chain(EDIT).chain(ADMIN);
        for text in texts {
            assert!(matches!(text.split('|').count(), 2 | 3), "{text}");
        }
    }

    #[test]
    fn the_core_group_is_empty() {
        assert_eq!(rule("get | core | pods")["apiGroups"], json!([""]));
    }
}
