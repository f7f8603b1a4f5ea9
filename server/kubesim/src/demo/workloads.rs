//! What runs in the demo cluster, one row each.

use serde_json::{Value, json};

/// What a row makes.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Deployment,
    StatefulSet,
    DaemonSet,
}
use Kind::{DaemonSet, Deployment, StatefulSet};

/// Kind, namespace, name, replicas, image, port, what a container asks for (cpu, memory), how it fares.
struct Row<'r>(Kind, &'r str, &'r str, usize, &'r str, u16, (&'r str, &'r str), &'r str);

const SMALL: (&str, &str) = ("50m", "64Mi");
const MEDIUM: (&str, &str) = ("200m", "256Mi");
const LARGE: (&str, &str) = ("500m", "1Gi");
/// More than any node has.
const HUGE: (&str, &str) = ("64", "8Gi");

const ROWS: &[Row<'static>] = &[
    Row(Deployment, "shop", "web", 6, "nginx:1.27", 80, SMALL, ""),
    Row(Deployment, "shop", "cart", 4, "example.org/shop/cart:2.4.1", 8080, MEDIUM, ""),
    Row(Deployment, "shop", "catalog", 3, "example.org/shop/catalog:5.0.2", 8080, MEDIUM, ""),
    Row(Deployment, "shop", "recommend", 3, "example.org/shop/recommend:0.7.0", 8080, MEDIUM, ""),
    Row(Deployment, "shop", "search", 2, "example.org/shop/search:1.9.0", 9200, LARGE, ""),
    Row(Deployment, "shop", "checkout", 2, "example.org/shop/checkout:3.1.0", 8080, MEDIUM, "crash"),
    Row(Deployment, "payments", "gateway", 4, "example.org/pay/gateway:1.12.3", 8443, MEDIUM, ""),
    Row(Deployment, "payments", "fraud-check", 2, "example.org/pay/fraud:0.8.0", 8080, MEDIUM, "oom"),
    Row(StatefulSet, "payments", "ledger", 2, "example.org/pay/ledger:2.0.0", 7000, MEDIUM, ""),
    Row(StatefulSet, "data", "postgres", 3, "postgres:16", 5432, LARGE, ""),
    Row(StatefulSet, "data", "redis", 3, "redis:7.4", 6379, MEDIUM, ""),
    Row(StatefulSet, "data", "kafka", 3, "apache/kafka:4.0.0", 9092, LARGE, ""),
    Row(
        Deployment,
        "analytics",
        "collector",
        2,
        "example.org/analytics/collector:lates",
        4317,
        SMALL,
        "no-image",
    ),
    Row(Deployment, "analytics", "reports", 2, "example.org/analytics/reports:1.1.0", 8080, SMALL, "unready"),
    Row(Deployment, "analytics", "trainer", 1, "example.org/analytics/trainer:0.3.0", 8080, HUGE, ""),
    Row(
        Deployment,
        "platform",
        "ingress-nginx",
        2,
        "registry.k8s.io/ingress-nginx/controller:v1.12.0",
        443,
        SMALL,
        "",
    ),
    Row(
        Deployment,
        "platform",
        "cert-manager",
        1,
        "quay.io/jetstack/cert-manager-controller:v1.17.1",
        9402,
        SMALL,
        "",
    ),
    Row(
        Deployment,
        "platform",
        "metrics-server",
        2,
        "registry.k8s.io/metrics-server/metrics-server:v0.8.0",
        443,
        SMALL,
        "",
    ),
    Row(Deployment, "kube-system", "coredns", 2, "registry.k8s.io/coredns/coredns:v1.12.0", 53, SMALL, ""),
    Row(DaemonSet, "kube-system", "kube-proxy", 0, "registry.k8s.io/kube-proxy:v1.36.0", 10249, SMALL, ""),
    Row(DaemonSet, "crowsnest", "crowsnest-agent", 0, "crowsnest-agent:dev", 9100, SMALL, ""),
];

/// Workloads whose logs look otherwise than most.
const LOG_FORMATS: &[(&str, &str)] = &[
    ("web", "nginx"),
    ("catalog", "json"),
    ("coredns", "klog"),
    ("kube-proxy", "klog"),
    ("ingress-nginx", "nginx"),
];

/// Schedule, name, how it fares.
const CRON_JOBS: &[(&str, &str, &str)] = &[("*/2 * * * *", "cleanup", ""), ("*/5 * * * *", "backup", "fail")];

/// The number of pods that the rows make on so many nodes, but for those of Jobs.
pub(super) fn pod_count(nodes: usize) -> usize {
    ROWS.iter().map(|Row(kind, _, _, replicas, ..)| if *kind == DaemonSet { nodes } else { *replicas }).sum()
}

/// All workloads, and the Services before them.
pub(super) fn objects() -> Vec<Value> {
    let mut objects: Vec<Value> = ROWS.iter().flat_map(|row| [workload(row), service(row)]).collect();
    for (schedule, name, behaviour) in CRON_JOBS {
        let template = template(name, "busybox:1.37", 0, SMALL, behaviour, "Never");
        objects.push(json!({
            "apiVersion": "batch/v1", "kind": "CronJob",
            "metadata": {"name": name, "namespace": "batch", "generation": 1},
            "spec": {"schedule": schedule, "concurrencyPolicy": "Forbid", "suspend": false,
                "successfulJobsHistoryLimit": 2, "failedJobsHistoryLimit": 1,
                "jobTemplate": {"spec": {"backoffLimit": 2, "template": template}}},
            "status": {},
        }));
    }
    objects.push(json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": "migrate-schema", "namespace": "data", "generation": 1},
        "spec": {"parallelism": 1, "completions": 1, "backoffLimit": 6,
            "template": template("migrate-schema", "postgres:16", 0, SMALL, "", "Never")},
        "status": {},
    }));
    objects
}

/// A Deployment of plain web servers.
pub(super) fn deployment(namespace: &str, name: &str, replicas: usize) -> Value {
    workload(&Row(Deployment, namespace, name, replicas, "nginx:1.27", 80, ("10m", "16Mi"), ""))
}

fn workload(Row(kind, namespace, name, replicas, image, port, resources, behaviour): &Row<'_>) -> Value {
    let selector = json!({"matchLabels": {"app": name}});
    let mut metadata =
        json!({"name": name, "namespace": namespace, "labels": {"app": name}, "generation": 1});
    let mut spec = json!({
        "selector": selector, "revisionHistoryLimit": 10,
        "template": template(name, image, *port, *resources, behaviour, "Always"),
    });
    match kind {
        Deployment => {
            spec["replicas"] = (*replicas).into();
            spec["strategy"] = json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}});
            spec["progressDeadlineSeconds"] = 600.into();
            if *name == "catalog" {
                metadata["annotations"] = json!({"kubesim.crowsnest.dev/rollout-every": "300"});
            }
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec, "status": {}})
        }
        StatefulSet => {
            spec["replicas"] = (*replicas).into();
            spec["serviceName"] = (*name).into();
            spec["volumeClaimTemplates"] = json!([{"metadata": {"name": "data"}, "spec": {
                "accessModes": ["ReadWriteOnce"], "storageClassName": "standard",
                "resources": {"requests": {"storage": "10Gi"}}}}]);
            json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": metadata, "spec": spec, "status": {}})
        }
        DaemonSet => {
            spec["updateStrategy"] = json!({"type": "RollingUpdate"});
            json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": metadata, "spec": spec, "status": {}})
        }
    }
}

fn template(
    name: &str,
    image: &str,
    port: u16,
    (cpu, memory): (&str, &str),
    behaviour: &str,
    restart: &str,
) -> Value {
    let mut container = json!({
        "name": name, "image": image, "imagePullPolicy": "IfNotPresent",
        "resources": {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": memory}},
        "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
    });
    if port != 0 {
        container["ports"] = json!([{"name": "main", "containerPort": port, "protocol": "TCP"}]);
        container["readinessProbe"] = json!({
            "tcpSocket": {"port": "main"}, "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1,
            "failureThreshold": 3,
        });
    }
    let mut metadata = json!({"labels": {"app": name}});
    if !behaviour.is_empty() {
        metadata["annotations"] = json!({"kubesim.crowsnest.dev/behaviour": behaviour});
    }
    if let Some((_, format)) = LOG_FORMATS.iter().find(|(workload, _)| *workload == name) {
        metadata["annotations"] = json!({"kubesim.crowsnest.dev/log-format": format});
    }
    let mut spec = json!({
        "restartPolicy": restart, "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst",
        "securityContext": {}, "schedulerName": "default-scheduler", "containers": [container],
    });
    if name == "kube-proxy" {
        spec["tolerations"] = json!([{"operator": "Exists"}]);
    }
    json!({"metadata": metadata, "spec": spec})
}

fn service(Row(kind, namespace, name, _, _, port, ..): &Row<'_>) -> Value {
    let mut service = json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
        "spec": {
            "selector": {"app": name}, "type": "ClusterIP", "sessionAffinity": "None",
            "internalTrafficPolicy": "Cluster", "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack",
            "ports": [{"name": "main", "protocol": "TCP", "port": port, "targetPort": "main"}],
        },
        "status": {"loadBalancer": {}},
    });
    let address = if *kind == Deployment { address_of(namespace, name) } else { "None".to_owned() };
    service["spec"]["clusterIP"] = address.as_str().into();
    service["spec"]["clusterIPs"] = json!([address]);
    if *name == "ingress-nginx" {
        service["spec"]["type"] = "LoadBalancer".into();
        service["spec"]["externalTrafficPolicy"] = "Cluster".into();
        service["spec"]["ports"][0]["nodePort"] = 30_443.into();
        service["status"] = json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.10"}]}});
    }
    service
}

/// An address that is the same in every run.
fn address_of(namespace: &str, name: &str) -> String {
    let digest = openssl::sha::sha256(format!("{namespace}/{name}").as_bytes());
    format!("10.96.{}.{}", digest.first().copied().unwrap_or(1), digest.get(1).copied().unwrap_or(1))
}
