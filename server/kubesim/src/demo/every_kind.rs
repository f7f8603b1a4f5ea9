//! One of each kind that the shop has no use for, so that a page of any kind has something to show.

use openssl::base64::encode_block;
use serde_json::{Value, json};

use crate::pki::{AUTHORITY_SECONDS, Authority};

/// How long the certificate of `shop/web-tls` is good for: less than certificates are left.
const LEFT_SECONDS: i64 = 12 * 24 * 3600;
/// The driver behind the demo's volumes.
const DRIVER: &str = "csi.example.org";

pub(super) fn objects(nodes: usize) -> Vec<Value> {
    let mut objects = workloads();
    objects.extend(services());
    objects.extend(storage());
    objects.extend((1..=nodes.max(1)).map(csi_node));
    objects.extend(access());
    objects.extend(policy());
    objects.extend(secrets());
    objects
}

/// Workloads that nothing newer stands above.
fn workloads() -> Vec<Value> {
    let template = |name: &str| {
        json!({"metadata": {"labels": {"app": name}}, "spec": {"containers": [{
            "name": "main", "image": "busybox:1.37", "command": ["sleep", "infinity"],
            "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}}}]}})
    };
    let mut pod = template("debug");
    pod["apiVersion"] = "v1".into();
    pod["kind"] = "Pod".into();
    pod["metadata"] = json!({"name": "debug", "namespace": "shop", "labels": {"app": "debug"}});
    pod["spec"]["restartPolicy"] = "Always".into();
    vec![
        pod,
        json!({
            "apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": {"name": "image-cache", "namespace": "platform", "generation": 1},
            "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "image-cache"}},
                "template": template("image-cache")},
            "status": {"replicas": 0},
        }),
        json!({
            "apiVersion": "v1", "kind": "ReplicationController",
            "metadata": {"name": "mail-relay", "namespace": "platform", "generation": 1},
            "spec": {"replicas": 1, "selector": {"app": "mail-relay"}, "template": template("mail-relay")},
            "status": {"replicas": 0},
        }),
        json!({
            "apiVersion": "batch/v1", "kind": "Job",
            "metadata": {"name": "import-2025", "namespace": "data", "generation": 1},
            "spec": {"parallelism": 1, "completions": 1, "backoffLimit": 0, "template": template("import-2025")},
            "status": {"failed": 1, "startTime": "2026-01-01T00:00:00Z", "conditions": [{
                "type": "Failed", "status": "True", "reason": "BackoffLimitExceeded",
                "message": "Job has reached the specified backoff limit",
                "lastTransitionTime": "2026-01-01T00:05:00Z"}]},
        }),
        json!({
            "apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": "toolbox", "namespace": "platform"},
            "template": template("toolbox"),
        }),
    ]
}

fn services() -> Vec<Value> {
    vec![
        json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web-direct", "namespace": "shop"},
            "spec": {"type": "NodePort", "selector": {"app": "web"}, "clusterIP": "10.96.250.1",
                "clusterIPs": ["10.96.250.1"], "externalTrafficPolicy": "Local", "internalTrafficPolicy": "Cluster",
                "sessionAffinity": "None", "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack",
                "ports": [{"name": "http", "protocol": "TCP", "port": 80, "targetPort": "main", "nodePort": 30_080}]},
            "status": {"loadBalancer": {}},
        }),
        json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "mail", "namespace": "shop"},
            "spec": {"type": "ExternalName", "externalName": "smtp.example.org", "sessionAffinity": "None"},
            "status": {"loadBalancer": {}},
        }),
    ]
}

fn storage() -> Vec<Value> {
    let volume = |name: &str, phase: &str, claim: Value| {
        json!({
            "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name},
            "spec": {"capacity": {"storage": "100Gi"}, "accessModes": ["ReadWriteMany"], "volumeMode": "Filesystem",
                "persistentVolumeReclaimPolicy": "Retain", "storageClassName": "archive", "claimRef": claim,
                "nfs": {"server": "nfs.example.org", "path": format!("/exports/{name}")}},
            "status": {"phase": phase},
        })
    };
    let old_claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": "data", "name": "reports-2025",
        "uid": "00000000-0000-4000-8000-000000000001"});
    let mut free = volume("archive-1", "Available", Value::Null);
    crate::object::remove(&mut free, &["spec", "claimRef"]);
    vec![
        json!({
            "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "archive"},
            "provisioner": "kubernetes.io/no-provisioner", "reclaimPolicy": "Retain",
            "volumeBindingMode": "WaitForFirstConsumer", "allowVolumeExpansion": false,
        }),
        free,
        volume("archive-2", "Released", old_claim),
        json!({
            "apiVersion": "storage.k8s.io/v1", "kind": "CSIDriver", "metadata": {"name": DRIVER},
            "spec": {"attachRequired": false, "podInfoOnMount": false, "storageCapacity": false,
                "fsGroupPolicy": "File", "requiresRepublish": false, "seLinuxMount": false,
                "volumeLifecycleModes": ["Persistent"]},
        }),
    ]
}

fn csi_node(number: usize) -> Value {
    let node = format!("demo-{number}");
    json!({
        "apiVersion": "storage.k8s.io/v1", "kind": "CSINode", "metadata": {"name": node},
        "spec": {"drivers": [{"name": DRIVER, "nodeID": node, "topologyKeys": ["kubernetes.io/hostname"]}]},
    })
}

fn access() -> Vec<Value> {
    vec![
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
            "metadata": {"name": "release", "namespace": "payments"},
            "rules": [
                {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list", "patch", "watch"]},
                {"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list", "watch"]},
            ],
        }),
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
            "metadata": {"name": "release", "namespace": "payments"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "release"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "payments-team"}],
        }),
    ]
}

/// A token with which nodes have joined, and a certificate that somebody should renew.
fn secrets() -> Vec<Value> {
    let secret = |namespace: &str, name: &str, kind: &str, data: Vec<(&str, String)>| {
        let encode = |(key, value): (&str, String)| (key.to_owned(), encode_block(value.as_bytes()).into());
        let data: serde_json::Map<String, Value> = data.into_iter().map(encode).collect();
        json!({
            "apiVersion": "v1", "kind": "Secret", "type": kind, "data": data,
            "metadata": {"name": name, "namespace": namespace},
        })
    };
    let token = [
        ("token-id", "demo01"),
        ("token-secret", "0123456789abcdef"),
        ("description", "the first nodes"),
        ("usage-bootstrap-authentication", "true"),
        ("usage-bootstrap-signing", "true"),
        ("auth-extra-groups", "system:bootstrappers:kubeadm:default-node-token"),
    ];
    let token = token.map(|(key, value)| (key, value.to_owned())).to_vec();
    let mut secrets =
        vec![secret("kube-system", "bootstrap-token-demo01", "bootstrap.kubernetes.io/token", token)];
    let began = jiff::Timestamp::now().as_second() - AUTHORITY_SECONDS + LEFT_SECONDS;
    // Without randomness there is a cluster without it.
    if let Ok(pem) = Authority::new("shop.example.org", began).and_then(|authority| authority.pem()) {
        let data = vec![("tls.crt", pem), ("tls.key", "not a key".to_owned())];
        secrets.push(secret("shop", "web-tls", "kubernetes.io/tls", data));
    }
    secrets
}

/// How the cluster runs things and what it lets in. Nothing here is acted upon.
fn policy() -> Vec<Value> {
    let webhook = |kind: &str, name: &str| {
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": {"name": name},
            "webhooks": [{
                "name": format!("{name}.example.org"), "admissionReviewVersions": ["v1"], "sideEffects": "None",
                "failurePolicy": "Ignore", "matchPolicy": "Equivalent", "timeoutSeconds": 5,
                "clientConfig": {"service": {"namespace": "platform", "name": "cert-manager", "path": "/", "port": 443}},
                "rules": [{"apiGroups": ["cert-manager.io"], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"],
                    "resources": ["*/*"], "scope": "*"}],
            }],
        })
    };
    vec![
        json!({
            "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "shop-first"},
            "value": 1000, "globalDefault": false, "preemptionPolicy": "PreemptLowerPriority",
            "description": "what customers wait for",
        }),
        json!({
            "apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": "gvisor"},
            "handler": "runsc",
        }),
        webhook("ValidatingWebhookConfiguration", "cert-manager-validate"),
        webhook("MutatingWebhookConfiguration", "cert-manager-mutate"),
        json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "ServiceCIDR", "metadata": {"name": "kubernetes"},
            "spec": {"cidrs": ["10.96.0.0/16"]},
            "status": {"conditions": [{"type": "Ready", "status": "True", "reason": "", "message": "",
                "lastTransitionTime": "2026-01-01T00:00:00Z"}]},
        }),
    ]
}
