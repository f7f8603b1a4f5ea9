//! The values that the API server fills in where an object leaves them out.

use serde_json::{Value, json};

use crate::{kind::Kind, object};

/// Fills in an object of `kind`.
pub(crate) fn apply(kind: &Kind, object: &mut Value) {
    match kind.qualified().as_str() {
        "pods" => pod(object),
        "namespaces" => namespace(object),
        "services" => service(object),
        "secrets" => secret(object),
        "deployments.apps" => deployment(object),
        "replicasets.apps" | "replicationcontrollers" => {
            object::set_default(object, &["spec", "replicas"], 1);
            template(object, &["spec", "template"]);
        }
        "statefulsets.apps" => stateful_set(object),
        "daemonsets.apps" => daemon_set(object),
        "jobs.batch" => job(object),
        "cronjobs.batch" => cron_job(object),
        "persistentvolumeclaims" => {
            object::set_default(object, &["spec", "volumeMode"], "Filesystem");
            object::set_default(object, &["status", "phase"], "Pending");
        }
        "persistentvolumes" => {
            object::set_default(object, &["spec", "volumeMode"], "Filesystem");
            object::set_default(object, &["spec", "persistentVolumeReclaimPolicy"], "Retain");
            object::set_default(object, &["status", "phase"], "Pending");
        }
        "storageclasses.storage.k8s.io" => {
            object::set_default(object, &["reclaimPolicy"], "Delete");
            object::set_default(object, &["volumeBindingMode"], "Immediate");
        }
        "ingresses.networking.k8s.io"
        | "poddisruptionbudgets.policy"
        | "horizontalpodautoscalers.autoscaling" => {
            object::set_default(object, &["status"], json!({}));
        }
        "networkpolicies.networking.k8s.io" => {
            object::set_default(object, &["spec", "policyTypes"], json!(["Ingress"]));
        }
        "rolebindings.rbac.authorization.k8s.io" | "clusterrolebindings.rbac.authorization.k8s.io" => {
            binding(object);
        }
        "customresourcedefinitions.apiextensions.k8s.io" => definition(object),
        _ => {}
    }
    if let Some(custom) = &kind.custom {
        crate::crd::schema::fill_defaults(&custom.schema, object);
    }
}

fn pod(object: &mut Value) {
    pod_spec(object, &["spec"]);
    object::set_default(object, &["spec", "enableServiceLinks"], true);
    object::set_default(object, &["spec", "serviceAccountName"], "default");
    let account = object::text(object, &["spec", "serviceAccountName"]).to_owned();
    object::set_default(object, &["spec", "serviceAccount"], account);
    object::set_default(object, &["spec", "priority"], 0);
    object::set_default(object, &["spec", "preemptionPolicy"], "PreemptLowerPriority");
    let toleration = |key: &str| json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300});
    let tolerations =
        json!([toleration("node.kubernetes.io/not-ready"), toleration("node.kubernetes.io/unreachable")]);
    object::set_default(object, &["spec", "tolerations"], tolerations);
    object::set_default(object, &["status", "phase"], "Pending");
    object::set_default(object, &["status", "qosClass"], qos_class(object));
}

/// Guaranteed, Burstable or BestEffort, by what the containers ask for.
fn qos_class(pod: &Value) -> &'static str {
    let containers = object::list(pod, &["spec", "containers"]);
    let resources = |container: &Value, which: &str| object::string_map(container, &["resources", which]);
    if containers.iter().all(|c| resources(c, "requests").is_empty() && resources(c, "limits").is_empty()) {
        return "BestEffort";
    }
    let guaranteed = containers.iter().all(|container| {
        let (requests, limits) = (resources(container, "requests"), resources(container, "limits"));
        ["cpu", "memory"].iter().all(|resource| {
            limits
                .get(*resource)
                .is_some_and(|limit| requests.get(*resource).is_none_or(|asked| asked == limit))
        })
    });
    if guaranteed { "Guaranteed" } else { "Burstable" }
}

/// Fills in the pod spec at a path.
fn pod_spec(object: &mut Value, path: &[&str]) {
    let Some(spec) = path.iter().try_fold(object, |value, field| value.get_mut(*field)) else { return };
    if !spec.is_object() {
        return;
    }
    object::set_default(spec, &["restartPolicy"], "Always");
    object::set_default(spec, &["terminationGracePeriodSeconds"], 30);
    object::set_default(spec, &["dnsPolicy"], "ClusterFirst");
    object::set_default(spec, &["securityContext"], json!({}));
    object::set_default(spec, &["schedulerName"], "default-scheduler");
    for list in ["containers", "initContainers", "ephemeralContainers"] {
        for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            self::container(container);
        }
    }
    for volume in spec.get_mut("volumes").and_then(Value::as_array_mut).into_iter().flatten() {
        for source in ["configMap", "secret", "projected", "downwardAPI"] {
            if volume.get(source).is_some_and(Value::is_object) {
                object::set_default(volume, &[source, "defaultMode"], 0o644);
            }
        }
    }
}

fn container(container: &mut Value) {
    object::set_default(container, &["terminationMessagePath"], "/dev/termination-log");
    object::set_default(container, &["terminationMessagePolicy"], "File");
    object::set_default(container, &["resources"], json!({}));
    let image = object::text(container, &["image"]);
    let tag = image.rsplit('/').next().and_then(|last| last.split_once(':')).map(|(_, tag)| tag);
    let policy = if matches!(tag, None | Some("latest")) { "Always" } else { "IfNotPresent" };
    object::set_default(container, &["imagePullPolicy"], policy);
    for port in container.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
        object::set_default(port, &["protocol"], "TCP");
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let Some(probe) = container.get_mut(probe).filter(|probe| probe.is_object()) else { continue };
        for (field, value) in
            [("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)]
        {
            object::set_default(probe, &[field], value);
        }
        if probe.get("httpGet").is_some() {
            object::set_default(probe, &["httpGet", "path"], "/");
            object::set_default(probe, &["httpGet", "scheme"], "HTTP");
        }
    }
    // A limit without a request asks for as much as it allows.
    for (resource, limit) in object::string_map(container, &["resources", "limits"]) {
        object::set_default(container, &["resources", "requests", &resource], limit);
    }
}

fn template(object: &mut Value, path: &[&str]) {
    let mut spec = path.to_vec();
    spec.push("spec");
    pod_spec(object, &spec);
}

fn deployment(object: &mut Value) {
    for (field, value) in [("replicas", 1), ("revisionHistoryLimit", 10), ("progressDeadlineSeconds", 600)] {
        object::set_default(object, &["spec", field], value);
    }
    object::set_default(object, &["spec", "strategy", "type"], "RollingUpdate");
    if object::text(object, &["spec", "strategy", "type"]) == "RollingUpdate" {
        object::set_default(object, &["spec", "strategy", "rollingUpdate", "maxUnavailable"], "25%");
        object::set_default(object, &["spec", "strategy", "rollingUpdate", "maxSurge"], "25%");
    }
    template(object, &["spec", "template"]);
    object::set_default(object, &["status"], json!({}));
}

fn stateful_set(object: &mut Value) {
    object::set_default(object, &["spec", "replicas"], 1);
    object::set_default(object, &["spec", "revisionHistoryLimit"], 10);
    object::set_default(object, &["spec", "podManagementPolicy"], "OrderedReady");
    object::set_default(object, &["spec", "updateStrategy", "type"], "RollingUpdate");
    let retention = json!({"whenDeleted": "Retain", "whenScaled": "Retain"});
    object::set_default(object, &["spec", "persistentVolumeClaimRetentionPolicy"], retention);
    template(object, &["spec", "template"]);
    object::set_default(object, &["status", "replicas"], 0);
    object::set_default(object, &["status", "availableReplicas"], 0);
}

fn daemon_set(object: &mut Value) {
    object::set_default(object, &["spec", "revisionHistoryLimit"], 10);
    object::set_default(object, &["spec", "updateStrategy", "type"], "RollingUpdate");
    if object::text(object, &["spec", "updateStrategy", "type"]) == "RollingUpdate" {
        object::set_default(object, &["spec", "updateStrategy", "rollingUpdate", "maxUnavailable"], 1);
        object::set_default(object, &["spec", "updateStrategy", "rollingUpdate", "maxSurge"], 0);
    }
    template(object, &["spec", "template"]);
    for field in ["currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady"] {
        object::set_default(object, &["status", field], 0);
    }
}

fn job(object: &mut Value) {
    for (field, value) in [("parallelism", 1), ("completions", 1), ("backoffLimit", 6)] {
        object::set_default(object, &["spec", field], value);
    }
    object::set_default(object, &["spec", "completionMode"], "NonIndexed");
    object::set_default(object, &["spec", "podReplacementPolicy"], "TerminatingOrFailed");
    object::set_default(object, &["spec", "suspend"], false);
    let uid = object::uid(object).to_owned();
    let name = object::name(object).to_owned();
    if !uid.is_empty() && object::at(object, &["spec", "selector"]).is_none() {
        object::set(
            object,
            &["spec", "selector", "matchLabels", "batch.kubernetes.io/controller-uid"],
            uid.as_str(),
        );
        for (label, value) in [
            ("batch.kubernetes.io/controller-uid", uid.as_str()),
            ("batch.kubernetes.io/job-name", name.as_str()),
            ("controller-uid", uid.as_str()),
            ("job-name", name.as_str()),
        ] {
            object::set(object, &["spec", "template", "metadata", "labels", label], value);
        }
    }
    template(object, &["spec", "template"]);
    object::set_default(object, &["status"], json!({}));
}

fn cron_job(object: &mut Value) {
    object::set_default(object, &["spec", "concurrencyPolicy"], "Allow");
    object::set_default(object, &["spec", "suspend"], false);
    object::set_default(object, &["spec", "successfulJobsHistoryLimit"], 3);
    object::set_default(object, &["spec", "failedJobsHistoryLimit"], 1);
    template(object, &["spec", "jobTemplate", "spec", "template"]);
    object::set_default(object, &["status"], json!({}));
}

fn namespace(object: &mut Value) {
    let name = object::name(object).to_owned();
    object::set(object, &["metadata", "labels", "kubernetes.io/metadata.name"], name);
    object::set_default(object, &["spec", "finalizers"], json!(["kubernetes"]));
    object::set_default(object, &["status", "phase"], "Active");
}

fn service(object: &mut Value) {
    object::set_default(object, &["spec", "type"], "ClusterIP");
    object::set_default(object, &["spec", "sessionAffinity"], "None");
    if object::text(object, &["spec", "type"]) != "ExternalName" {
        object::set_default(object, &["spec", "internalTrafficPolicy"], "Cluster");
        object::set_default(object, &["spec", "ipFamilyPolicy"], "SingleStack");
        object::set_default(object, &["spec", "ipFamilies"], json!(["IPv4"]));
    }
    for port in object::map_mut(object, &["spec"])
        .get_mut("ports")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        object::set_default(port, &["protocol"], "TCP");
        let number = port.get("port").cloned().unwrap_or(Value::Null);
        object::set_default(port, &["targetPort"], number);
    }
    object::set_default(object, &["status", "loadBalancer"], json!({}));
}

/// `stringData` is how clients write `data` without encoding it.
fn secret(object: &mut Value) {
    use base64::{Engine, prelude::BASE64_STANDARD};
    for (key, text) in object::string_map(object, &["stringData"]) {
        object::set(object, &["data", &key], BASE64_STANDARD.encode(text));
    }
    object::remove(object, &["stringData"]);
    object::set_default(object, &["type"], "Opaque");
}

fn binding(object: &mut Value) {
    object::set_default(object, &["roleRef", "apiGroup"], "rbac.authorization.k8s.io");
    for subject in object.get_mut("subjects").and_then(Value::as_array_mut).into_iter().flatten() {
        if matches!(object::text(subject, &["kind"]), "User" | "Group") {
            object::set_default(subject, &["apiGroup"], "rbac.authorization.k8s.io");
        }
    }
}

fn definition(object: &mut Value) {
    let kind = object::text(object, &["spec", "names", "kind"]).to_owned();
    object::set_default(object, &["spec", "names", "listKind"], format!("{kind}List"));
    object::set_default(object, &["spec", "names", "singular"], kind.to_lowercase());
    object::set_default(object, &["spec", "conversion", "strategy"], "None");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Registry;

    #[test]
    fn a_pod_is_filled_in() {
        let pods = Registry::new().find("", "v1", "pods").unwrap();
        let mut pod =
            json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "x"}]}});
        apply(&pods, &mut pod);
        assert_eq!(pod["spec"]["containers"][0]["imagePullPolicy"], "Always");
        assert_eq!(pod["spec"]["restartPolicy"], "Always");
        assert_eq!(pod["status"], json!({"phase": "Pending", "qosClass": "BestEffort"}));
        let filled = pod.clone();
        apply(&pods, &mut pod);
        assert_eq!(pod, filled);
    }
}
