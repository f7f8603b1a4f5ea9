//! Pods.

use serde_json::{Value, json};

use super::{check, check_some, rows_with};

pub(super) fn pod() -> Value {
    json!({
        "metadata": {
            "name": "web-7d4b9c-x2x4p", "namespace": "shop", "uid": "3f1c0c9e-8f0e-4d8a-9d5b-0a1b2c3d4e5f",
            "creationTimestamp": "2017-07-14T02:40:00Z", "resourceVersion": "42",
            "labels": {"app": "web", "app.kubernetes.io/name": "web", "pod-template-hash": "7d4b9c"},
            "managedFields": [{"manager": "kubelet"}],
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-7d4b9c",
                "uid": "x", "controller": true, "blockOwnerDeletion": true}],
        },
        "spec": {
            "nodeName": "node-1", "restartPolicy": "Always", "schedulerName": "default-scheduler",
            "serviceAccountName": "web", "priorityClassName": "high",
            "containers": [{"name": "app", "image": "shop/web:1", "resources": {
                "requests": {"cpu": "100m", "memory": "128Mi", "nvidia.com/gpu": "1"},
                "limits": {"memory": "256Mi", "ephemeral-storage": "1Gi"}}}],
            "initContainers": [{"name": "wait", "image": "busybox:1", "restartPolicy": "Always"}],
            "volumes": [
                {"name": "data", "persistentVolumeClaim": {"claimName": "web-data", "readOnly": true}},
                {"name": "scratch", "ephemeral": {"volumeClaimTemplate": {"spec": {}}}},
                {"name": "token", "projected": {"sources": []}},
            ],
            "tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute",
                "tolerationSeconds": 300}],
        },
        "status": {
            "phase": "Running", "qosClass": "Burstable", "hostIP": "10.0.0.1", "podIP": "10.1.0.7",
            "podIPs": [{"ip": "10.1.0.7"}, {"ip": "fd00::7"}], "startTime": "2017-07-14T02:40:01Z",
            "conditions": [
                {"type": "PodScheduled", "status": "True", "lastTransitionTime": "2017-07-14T02:40:01Z"},
                {"type": "Initialized", "status": "True", "lastTransitionTime": "2017-07-14T02:40:02Z"},
                {"type": "ContainersReady", "status": "True", "lastTransitionTime": "2017-07-14T02:40:05Z"},
                {"type": "Ready", "status": "True", "lastTransitionTime": "2017-07-14T02:40:06Z"},
            ],
            "containerStatuses": [{"name": "app", "image": "docker.io/shop/web:1", "imageID": "shop/web@sha256:aa",
                "containerID": "containerd://bb", "ready": true, "started": true, "restartCount": 3,
                "state": {"running": {"startedAt": "2017-07-14T02:40:04Z"}},
                "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137,
                    "startedAt": "2017-07-14T02:40:02Z", "finishedAt": "2017-07-14T02:40:03Z"}}}],
            "initContainerStatuses": [{"name": "wait", "image": "docker.io/busybox:1", "imageID": "busybox@sha256:cc",
                "containerID": "containerd://dd", "ready": true, "restartCount": 0,
                "state": {"terminated": {"reason": "Completed", "exitCode": 0,
                    "startedAt": "2017-07-14T02:40:01Z", "finishedAt": "2017-07-14T02:40:02Z"}}}],
        },
    })
}

/// Puts the labels that every row of the pod has where `POD` stands.
fn of_the_pod(lines: &str) -> String {
    let uid = "uid=\"3f1c0c9e-8f0e-4d8a-9d5b-0a1b2c3d4e5f\"";
    let mut all = String::new();
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (name, rest) = line.split_once('{').unwrap();
        let (labels, value) = rest.rsplit_once('}').unwrap();
        let mut labels: Vec<&str> = labels.split(' ').filter(|label| !label.is_empty()).collect();
        labels.extend(["namespace=\"shop\"", "pod=\"web-7d4b9c-x2x4p\"", uid]);
        labels.sort_unstable();
        all.push_str(&format!("{name}{{{}}}{value}\n", labels.join(",")));
    }
    all
}

#[test]
fn a_running_pod_has_all_that_kube_state_metrics_says_of_one() {
    let expected = of_the_pod(
        r#"
        kube_pod_container_info{container="app" image="docker.io/shop/web:1" image_id="shop/web@sha256:aa" image_spec="shop/web:1" container_id="containerd://bb"} 1
        kube_pod_container_resource_limits{container="app" node="node-1" resource="ephemeral_storage" unit="byte"} 1073741824
        kube_pod_container_resource_limits{container="app" node="node-1" resource="memory" unit="byte"} 268435456
        kube_pod_container_resource_requests{container="app" node="node-1" resource="cpu" unit="core"} 0.1
        kube_pod_container_resource_requests{container="app" node="node-1" resource="memory" unit="byte"} 134217728
        kube_pod_container_resource_requests{container="app" node="node-1" resource="nvidia_com_gpu" unit="integer"} 1
        kube_pod_container_state_started{container="app"} 1500000004
        kube_pod_container_status_last_terminated_exitcode{container="app"} 137
        kube_pod_container_status_last_terminated_reason{container="app" reason="OOMKilled"} 1
        kube_pod_container_status_last_terminated_timestamp{container="app"} 1500000003
        kube_pod_container_status_ready{container="app"} 1
        kube_pod_container_status_restarts_total{container="app"} 3
        kube_pod_container_status_running{container="app"} 1
        kube_pod_container_status_terminated{container="app"} 0
        kube_pod_container_status_waiting{container="app"} 0
        kube_pod_created{} 1500000000
        kube_pod_info{host_ip="10.0.0.1" pod_ip="10.1.0.7" node="node-1" created_by_kind="ReplicaSet" created_by_name="web-7d4b9c" priority_class="high" host_network="false"} 1
        kube_pod_init_container_info{container="wait" image="docker.io/busybox:1" image_id="busybox@sha256:cc" image_spec="busybox:1" container_id="containerd://dd" restart_policy="Always"} 1
        kube_pod_init_container_status_ready{container="wait"} 1
        kube_pod_init_container_status_restarts_total{container="wait"} 0
        kube_pod_init_container_status_running{container="wait"} 0
        kube_pod_init_container_status_terminated{container="wait"} 1
        kube_pod_init_container_status_terminated_reason{container="wait" reason="Completed"} 1
        kube_pod_init_container_status_waiting{container="wait"} 0
        kube_pod_ips{ip="10.1.0.7" ip_family="4"} 1
        kube_pod_ips{ip="fd00::7" ip_family="6"} 1
        kube_pod_owner{owner_kind="ReplicaSet" owner_name="web-7d4b9c" owner_is_controller="true"} 1
        kube_pod_restart_policy{type="Always"} 1
        kube_pod_scheduler{name="default-scheduler"} 1
        kube_pod_service_account{service_account="web"} 1
        kube_pod_spec_volumes_persistentvolumeclaims_info{volume="data" persistentvolumeclaim="web-data" ephemeral="false"} 1
        kube_pod_spec_volumes_persistentvolumeclaims_info{volume="scratch" persistentvolumeclaim="web-7d4b9c-x2x4p-scratch" ephemeral="true"} 1
        kube_pod_spec_volumes_persistentvolumeclaims_readonly{volume="data" persistentvolumeclaim="web-data" ephemeral="false"} 1
        kube_pod_spec_volumes_persistentvolumeclaims_readonly{volume="scratch" persistentvolumeclaim="web-7d4b9c-x2x4p-scratch" ephemeral="true"} 0
        kube_pod_start_time{} 1500000001
        kube_pod_status_container_ready_time{} 1500000005
        kube_pod_status_initialized_time{} 1500000002
        kube_pod_status_phase{phase="Failed"} 0
        kube_pod_status_phase{phase="Pending"} 0
        kube_pod_status_phase{phase="Running"} 1
        kube_pod_status_phase{phase="Succeeded"} 0
        kube_pod_status_phase{phase="Unknown"} 0
        kube_pod_status_qos_class{qos_class="BestEffort"} 0
        kube_pod_status_qos_class{qos_class="Burstable"} 1
        kube_pod_status_qos_class{qos_class="Guaranteed"} 0
        kube_pod_status_ready{condition="false"} 0
        kube_pod_status_ready{condition="true"} 1
        kube_pod_status_ready{condition="unknown"} 0
        kube_pod_status_ready_time{} 1500000006
        kube_pod_status_reason{reason="Evicted"} 0
        kube_pod_status_reason{reason="NodeAffinity"} 0
        kube_pod_status_reason{reason="NodeLost"} 0
        kube_pod_status_reason{reason="Shutdown"} 0
        kube_pod_status_reason{reason="UnexpectedAdmissionError"} 0
        kube_pod_status_scheduled{condition="false"} 0
        kube_pod_status_scheduled{condition="true"} 1
        kube_pod_status_scheduled{condition="unknown"} 0
        kube_pod_status_scheduled_time{} 1500000001
        kube_pod_tolerations{key="node.kubernetes.io/not-ready" operator="Exists" effect="NoExecute" toleration_seconds="300"} 1
        "#,
    );
    check("pods", &pod(), &expected);
}

#[test]
fn a_container_that_waits_has_a_reason_and_one_that_was_never_looked_at_has_none() {
    let waiting = json!({"metadata": {"name": "p", "namespace": "n"}, "status": {"containerStatuses": [
        {"name": "a", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}, {"name": "b"}]}});
    check_some(
        "pods",
        &waiting,
        &["kube_pod_container_status_waiting", "kube_pod_container_status_waiting_reason"],
        &[
            r#"kube_pod_container_status_waiting{container="a",namespace="n",pod="p"} 1"#,
            r#"kube_pod_container_status_waiting{container="b",namespace="n",pod="p"} 0"#,
            r#"kube_pod_container_status_waiting_reason{container="a",namespace="n",pod="p",reason="CrashLoopBackOff"} 1"#,
        ],
    );
}

#[test]
fn a_pod_without_owner_or_node_says_so_with_labels_left_out() {
    let alone = json!({"metadata": {"name": "p", "namespace": "n", "uid": "abc-0"}, "status": {"conditions": [
        {"type": "PodScheduled", "status": "False", "lastTransitionTime": "2017-07-14T02:40:00Z"}]}});
    check_some(
        "pods",
        &alone,
        &[
            "kube_pod_owner",
            "kube_pod_info",
            "kube_pod_status_unschedulable",
            "kube_pod_status_unscheduled_time",
        ],
        &[
            r#"kube_pod_owner{namespace="n",pod="p",uid="abc-0"} 1"#,
            r#"kube_pod_info{host_network="false",namespace="n",pod="p",uid="abc-0"} 1"#,
            r#"kube_pod_status_unschedulable{namespace="n",pod="p",uid="abc-0"} 1"#,
            r#"kube_pod_status_unscheduled_time{namespace="n",pod="p",uid="abc-0"} 1500000000"#,
        ],
    );
}

#[test]
fn a_pod_that_is_over_says_when_and_why() {
    let over = json!({"metadata": {"name": "p", "namespace": "n"}, "status": {"phase": "Failed", "reason": "Evicted",
    "conditions": [{"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI"}],
    "containerStatuses": [
        {"name": "a", "state": {"terminated": {"reason": "Error", "exitCode": 1, "finishedAt": "2017-07-14T02:40:00Z"}}},
        {"name": "b", "state": {"terminated": {"reason": "Error", "exitCode": 1, "finishedAt": "2017-07-14T02:40:09Z"}}},
    ]}});
    let found = rows_with("pods", &over, "", "");
    for row in [
        r#"kube_pod_completion_time{namespace="n",pod="p"} 1500000009"#,
        r#"kube_pod_status_reason{namespace="n",pod="p",reason="Evicted"} 1"#,
        r#"kube_pod_status_disruption_reason{namespace="n",pod="p",reason="EvictionByEvictionAPI"} 1"#,
        r#"kube_pod_status_phase{namespace="n",phase="Failed",pod="p"} 1"#,
    ] {
        assert!(found.iter().any(|line| line == row), "{row} is not in {found:#?}");
    }
}

#[test]
fn labels_and_annotations_are_rows_only_where_they_are_allowed() {
    let is_about = |row: &String| row.contains("kube_pod_labels") || row.contains("kube_pod_annotations");
    assert!(!rows_with("pods", &pod(), "nodes=[*]", "").iter().any(is_about));
    let allowed = rows_with("pods", &pod(), "pods=[app,app.kubernetes.io/name,other]", "pods=[none]");
    let allowed: Vec<String> = allowed.into_iter().filter(is_about).collect();
    let uid = "uid=\"3f1c0c9e-8f0e-4d8a-9d5b-0a1b2c3d4e5f\"";
    let identity = format!("namespace=\"shop\",pod=\"web-7d4b9c-x2x4p\",{uid}");
    assert_eq!(
        allowed,
        [
            format!("kube_pod_annotations{{{identity}}} 1"),
            format!("kube_pod_labels{{label_app=\"web\",label_app_kubernetes_io_name=\"web\",{identity}}} 1"),
        ]
    );
}
