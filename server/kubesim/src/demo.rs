//! The cluster of the demo: a shop with everything that a shop has, and something broken of each common sort.

mod every_kind;
mod workloads;

use serde_json::{Value, json};

use crate::options::{Life, Options};

/// How large a demo cluster is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DemoSize {
    /// Nodes, at least one.
    pub nodes: usize,
    /// Pods; beyond the sixty or so of the shop they are filled up with plain web servers.
    pub pods: usize,
}

impl Default for DemoSize {
    fn default() -> DemoSize {
        DemoSize { nodes: 5, pods: 60 }
    }
}

const NAMESPACES: &[&str] = &["shop", "payments", "data", "analytics", "platform", "batch"];
/// Replicas of each Deployment that fills a larger cluster up.
const FILLER_REPLICAS: usize = 50;

impl Options {
    /// A running cluster with the demo's objects. Its ServiceAccounts `crowsnest/admin-user` (everything) and
    /// `shop/viewer` (reading `shop`) are there to sign in with.
    #[must_use]
    pub fn demo(size: DemoSize) -> Options {
        Options { objects: objects(size), life: Life::Running, tells_address: true, ..Options::default() }
    }
}

fn objects(size: DemoSize) -> Vec<Value> {
    let mut objects: Vec<Value> =
        NAMESPACES.iter().chain(&["crowsnest"]).map(|name| namespace(name)).collect();
    objects.extend((1..=size.nodes.max(1)).map(node));
    objects.extend(accounts());
    objects.extend(workloads::objects());
    objects.extend(things());
    objects.extend(every_kind::objects(size.nodes));
    objects.extend(custom());
    objects.extend(filler(size.pods.saturating_sub(workloads::pod_count(size.nodes))));
    objects
}

fn namespace(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
        "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"},
    })
}

/// The first node is this machine's in the demo; the last one goes away now and then.
fn node(number: usize) -> Value {
    let name = format!("demo-{number}");
    let mut labels = json!({
        "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
        "topology.kubernetes.io/zone": format!("zone-{}", char::from(b'a' + u8::try_from(number % 3).unwrap_or(0))),
    });
    let mut annotations = json!({});
    let mut spec = json!({"podCIDR": format!("10.244.{}.0/24", number % 250)});
    if number == 4 {
        // Keeps nobody away.
        spec["taints"] =
            json!([{"key": "example.org/slow-disk", "value": "true", "effect": "PreferNoSchedule"}]);
    }
    if number == 1 {
        labels["node-role.kubernetes.io/control-plane"] = "".into();
    }
    if number == 5 {
        annotations["kubesim.crowsnest.dev/absent"] = "60/600".into();
    }
    let condition = |kind: &str, status: &str, reason: &str| json!({"type": kind, "status": status, "reason": reason, "message": reason});
    let resources = json!({"cpu": "8", "memory": "32Gi", "pods": "110", "ephemeral-storage": "100Gi"});
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "labels": labels, "annotations": annotations},
        "spec": spec,
        "status": {
            "capacity": resources, "allocatable": resources,
            "addresses": [
                {"type": "InternalIP", "address": format!("10.0.{}.{}", number / 250, number % 250 + 1)},
                {"type": "Hostname", "address": name},
            ],
            "conditions": [
                condition("MemoryPressure", "False", "KubeletHasSufficientMemory"),
                condition("DiskPressure", "False", "KubeletHasNoDiskPressure"),
                condition("PIDPressure", "False", "KubeletHasSufficientPID"),
                condition("Ready", "True", "KubeletReady"),
            ],
            "nodeInfo": {
                "architecture": "amd64", "operatingSystem": "linux", "osImage": "Debian GNU/Linux 12 (bookworm)",
                "kernelVersion": "6.1.0-42-amd64", "containerRuntimeVersion": "containerd://2.0.1",
                "kubeletVersion": "v1.36.0", "kubeProxyVersion": "v1.36.0", "machineID": "", "systemUUID": "",
                "bootID": "",
            },
        },
    })
}

/// Whom to sign in as.
fn accounts() -> Vec<Value> {
    let account = |namespace: &str, name: &str| json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": namespace}});
    let subject = |namespace: &str, name: &str| json!([{"kind": "ServiceAccount", "name": name, "namespace": namespace}]);
    let role =
        |name: &str| json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name});
    let mut objects: Vec<Value> =
        NAMESPACES.iter().chain(&["crowsnest"]).map(|namespace| account(namespace, "default")).collect();
    objects.extend([
        account("crowsnest", "admin-user"),
        account("shop", "viewer"),
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
            "metadata": {"name": "admin-user"}, "roleRef": role("cluster-admin"),
            "subjects": subject("crowsnest", "admin-user"),
        }),
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
            "metadata": {"name": "viewer", "namespace": "shop"}, "roleRef": role("view"),
            "subjects": subject("shop", "viewer"),
        }),
    ]);
    objects
}

/// Storage, network and policy objects.
fn things() -> Vec<Value> {
    let ingress = |name: &str, host: &str, service: &str| {
        json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
            "metadata": {"name": name, "namespace": "shop"},
            "spec": {"ingressClassName": "nginx", "rules": [{"host": host, "http": {"paths": [{
                "path": "/", "pathType": "Prefix",
                "backend": {"service": {"name": service, "port": {"number": 80}}}}]}}]},
            "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.10"}]}},
        })
    };
    vec![
        json!({
            "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "provisioner": "csi.example.org",
            "metadata": {"name": "standard",
                "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
            "reclaimPolicy": "Delete", "volumeBindingMode": "Immediate", "allowVolumeExpansion": true,
        }),
        json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "nginx"},
            "spec": {"controller": "k8s.io/ingress-nginx"},
        }),
        ingress("web", "shop.example.org", "web"),
        // Nothing is behind this one.
        ingress("old-shop", "old.example.org", "legacy-web"),
        json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": "postgres-from-shop", "namespace": "data"},
            "spec": {"podSelector": {"matchLabels": {"app": "postgres"}}, "policyTypes": ["Ingress"], "ingress": [{
                "from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "shop"}}}],
                "ports": [{"protocol": "TCP", "port": 5432}]}]},
        }),
        json!({
            "apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
            "metadata": {"name": "web", "namespace": "shop", "generation": 1},
            "spec": {"minAvailable": 4, "selector": {"matchLabels": {"app": "web"}}},
        }),
        json!({
            "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
                "minReplicas": 4, "maxReplicas": 12, "metrics": [{"type": "Resource", "resource": {
                    "name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}}]},
            "status": {"currentReplicas": 6, "desiredReplicas": 6, "currentMetrics": [{"type": "Resource",
                "resource": {"name": "cpu", "current": {"averageUtilization": 48, "averageValue": "48m"}}}]},
        }),
        json!({
            "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "quota", "namespace": "payments"},
            "spec": {"hard": {"pods": "20", "requests.cpu": "4", "requests.memory": "8Gi"}},
        }),
        json!({
            "apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "limits", "namespace": "payments"},
            "spec": {"limits": [{"type": "Container", "default": {"cpu": "500m", "memory": "256Mi"},
                "defaultRequest": {"cpu": "10m", "memory": "32Mi"}}]},
        }),
        json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web-config", "namespace": "shop"},
            "data": {"log-level": "info", "features.json": "{\"search\": true}\n"},
        }),
        json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db-credentials", "namespace": "shop"},
            "type": "Opaque", "data": {"user": "c2hvcA==", "password": "bm90LWEtc2VjcmV0"},
        }),
    ]
}

fn custom() -> Vec<Value> {
    let schema = json!({"type": "object", "properties": {
        "spec": {"type": "object", "required": ["size"], "properties": {
            "size": {"type": "integer", "minimum": 1, "description": "how large"},
            "color": {"type": "string", "enum": ["red", "blue"]}}},
        "status": {"type": "object", "properties": {"phase": {"type": "string"}}}}});
    let names = json!({
        "plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList", "shortNames": ["wd"],
        "categories": ["all"],
    });
    vec![
        json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "widgets.example.org"},
            "spec": {"group": "example.org", "scope": "Namespaced", "names": names, "conversion": {"strategy": "None"},
                "versions": [{"name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
                    "schema": {"openAPIV3Schema": schema}, "additionalPrinterColumns": [
                        {"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
                        {"name": "Phase", "type": "string", "jsonPath": ".status.phase"}]}]},
            "status": {"acceptedNames": names, "storedVersions": ["v1"], "conditions": [
                {"type": "NamesAccepted", "status": "True", "reason": "NoConflicts"},
                {"type": "Established", "status": "True", "reason": "InitialNamesAccepted"}]},
        }),
        json!({
            "apiVersion": "example.org/v1", "kind": "Widget", "metadata": {"name": "gear", "namespace": "shop"},
            "spec": {"size": 3, "color": "blue"}, "status": {"phase": "Ready"},
        }),
    ]
}

/// Plain Deployments, to make a cluster as large as is asked for.
fn filler(pods: usize) -> Vec<Value> {
    let mut objects = Vec::new();
    let mut left = pods;
    let mut number = 0;
    // A few pods more or less than asked for are no reason for another namespace.
    while left >= FILLER_REPLICAS {
        let name = format!("load-{number:03}");
        objects.push(namespace(&name));
        objects.push(workloads::deployment(&name, "web", FILLER_REPLICAS));
        left -= FILLER_REPLICAS;
        number += 1;
    }
    objects
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::{controllers, object, seed};

    struct Fixed(jiff::Timestamp);

    impl crate::Clock for Fixed {
        fn now(&self) -> jiff::Timestamp {
            self.0
        }
    }

    #[test]
    fn the_demo_settles_with_one_of_each_trouble() {
        let mut options = Options::demo(DemoSize::default());
        options.seed = Some(1);
        let mut state = seed::state(&options, &seed::Believed::default()).unwrap();
        let mut now: jiff::Timestamp = "2026-11-21T08:00:30Z".parse().unwrap();
        for _ in 0..40 {
            controllers::step(&mut state, now);
            now += SignedDuration::from_secs(1);
        }
        let pods: Vec<String> = state.store.list("pods", "").map(|(_, pod)| pod.to_string()).collect();
        assert!((55..70).contains(&pods.len()), "{} pods", pods.len());
        for trouble in ["CrashLoopBackOff", "ImagePullBackOff", "OOMKilled", "Unschedulable"] {
            assert!(pods.iter().any(|pod| pod.contains(trouble)), "no pod is {trouble}");
        }
        let unbound = state
            .store
            .list("persistentvolumeclaims", "")
            .filter(|(_, claim)| object::text(claim, &["status", "phase"]) != "Bound")
            .count();
        assert_eq!(unbound, 0);
    }

    /// The demo's cluster, a few minutes at a time.
    #[test]
    fn the_demo_keeps_moving() {
        let start: jiff::Timestamp = "2026-11-21T08:00:00Z".parse().unwrap();
        let clock = std::sync::Arc::new(Fixed(start));
        let options = Options { seed: Some(1), clock, ..Options::demo(DemoSize::default()) };
        let mut state = seed::state(&options, &seed::Believed::default()).unwrap();
        let mut node_was = Vec::new();
        for second in (0..1260).step_by(3) {
            controllers::step(&mut state, start + SignedDuration::from_secs(second));
            let node = state.store.get("nodes", "demo-5").unwrap();
            let ready = object::condition(&node, "Ready").to_owned();
            if node_was.last() != Some(&ready) {
                node_was.push(ready);
            }
        }
        assert_eq!(
            node_was,
            ["True", "Unknown", "True", "Unknown", "True"],
            "a node goes away and comes back"
        );
        let restarts: i64 = state
            .store
            .list("pods", "")
            .flat_map(|(_, pod)| object::list(pod, &["status", "containerStatuses"]))
            .filter_map(|status| object::integer(status, &["restartCount"]))
            .sum();
        assert!(restarts > 10, "only {restarts} restarts");
        let catalog = state.store.get("deployments.apps", "shop/catalog").unwrap();
        let revision =
            object::text(&catalog, &["metadata", "annotations", "deployment.kubernetes.io/revision"]);
        assert!(revision.parse::<i64>().unwrap() >= 4, "revision {revision}");
        assert_eq!(object::integer(&catalog, &["status", "readyReplicas"]), Some(3));
        // What is kept of the past is bounded.
        let jobs = state.store.list("jobs.batch", "batch/").count();
        assert!((1..=6).contains(&jobs), "{jobs} jobs");
        let later = start + SignedDuration::from_hours(3);
        controllers::step(&mut state, later);
        let oldest = crate::clock::seconds(later - SignedDuration::from_hours(1));
        let expired = state
            .store
            .list("events", "")
            .filter(|(_, event)| object::text(event, &["lastTimestamp"]) < oldest.as_str())
            .count();
        assert_eq!(expired, 0);
    }

    #[test]
    fn nearly_every_kind_has_an_object() {
        let mut state = seed::state(&Options::demo(DemoSize::default()), &seed::Believed::default()).unwrap();
        controllers::step(&mut state, "2026-11-21T08:00:00Z".parse().unwrap());
        for table in [
            "replicationcontrollers",
            "replicasets.apps",
            "endpoints",
            "endpointslices.discovery.k8s.io",
            "csidrivers.storage.k8s.io",
            "csinodes.storage.k8s.io",
            "roles.rbac.authorization.k8s.io",
            "priorityclasses.scheduling.k8s.io",
        ] {
            assert!(state.store.list(table, "").next().is_some(), "no {table}");
        }
        let types: std::collections::BTreeSet<&str> = state
            .store
            .list("services", "")
            .map(|(_, service)| object::text(service, &["spec", "type"]))
            .collect();
        assert_eq!(
            types.into_iter().collect::<Vec<_>>(),
            ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]
        );
    }

    #[test]
    fn a_larger_cluster_is_filled_up() {
        let objects = objects(DemoSize { nodes: 500, pods: 10_000 });
        let wanted: i64 = objects
            .iter()
            .filter(|object| object::namespace(object).starts_with("load-"))
            .filter_map(|object| object::integer(object, &["spec", "replicas"]))
            .sum();
        assert!((8_000..=10_000).contains(&wanted), "{wanted} pods");
    }
}
