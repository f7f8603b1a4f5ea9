//! Everything but pods.

use serde_json::json;

use super::{check, check_some};

#[test]
fn a_deployment_tells_of_its_replicas_its_rollout_and_its_conditions() {
    let deployment = json!({
        "metadata": {"name": "web", "namespace": "shop", "generation": 7, "creationTimestamp": "2017-07-14T02:40:00Z"},
        "spec": {"replicas": 5, "strategy": {"type": "RollingUpdate",
            "rollingUpdate": {"maxSurge": "30%", "maxUnavailable": "30%"}}},
        "status": {"replicas": 5, "readyReplicas": 4, "availableReplicas": 4, "unavailableReplicas": 1,
            "updatedReplicas": 5, "observedGeneration": 7, "conditions": [
                {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"}]},
    });
    check(
        "deployments",
        &deployment,
        r#"
        kube_deployment_created{deployment="web",namespace="shop"} 1500000000
        kube_deployment_metadata_generation{deployment="web",namespace="shop"} 7
        kube_deployment_spec_paused{deployment="web",namespace="shop"} 0
        kube_deployment_spec_replicas{deployment="web",namespace="shop"} 5
        kube_deployment_spec_strategy_rollingupdate_max_surge{deployment="web",namespace="shop"} 2
        kube_deployment_spec_strategy_rollingupdate_max_unavailable{deployment="web",namespace="shop"} 1
        kube_deployment_status_condition{condition="Available",deployment="web",namespace="shop",reason="MinimumReplicasAvailable",status="false"} 0
        kube_deployment_status_condition{condition="Available",deployment="web",namespace="shop",reason="MinimumReplicasAvailable",status="true"} 1
        kube_deployment_status_condition{condition="Available",deployment="web",namespace="shop",reason="MinimumReplicasAvailable",status="unknown"} 0
        kube_deployment_status_observed_generation{deployment="web",namespace="shop"} 7
        kube_deployment_status_replicas{deployment="web",namespace="shop"} 5
        kube_deployment_status_replicas_available{deployment="web",namespace="shop"} 4
        kube_deployment_status_replicas_ready{deployment="web",namespace="shop"} 4
        kube_deployment_status_replicas_unavailable{deployment="web",namespace="shop"} 1
        kube_deployment_status_replicas_updated{deployment="web",namespace="shop"} 5
        "#,
    );
}

#[test]
fn a_node_tells_what_it_is_what_it_has_and_how_it_is() {
    let node = json!({
        "metadata": {"name": "node-1", "creationTimestamp": "2017-07-14T02:40:00Z", "labels": {
            "node-role.kubernetes.io/control-plane": "", "kubernetes.io/hostname": "node-1"}},
        "spec": {"podCIDR": "10.1.0.0/24", "podCIDRs": ["10.1.0.0/24"], "providerID": "kind://x", "unschedulable": true,
            "taints": [{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]},
        "status": {
            "addresses": [{"type": "InternalIP", "address": "10.0.0.1"}, {"type": "Hostname", "address": "node-1"}],
            "capacity": {"cpu": "4", "memory": "8Gi", "pods": "110", "hugepages-2Mi": "0", "odd": "1"},
            "allocatable": {"cpu": "3900m"},
            "conditions": [{"type": "Ready", "status": "Unknown"}],
            "nodeInfo": {"kernelVersion": "6.1", "osImage": "Debian 12", "containerRuntimeVersion": "containerd://2.0",
                "kubeletVersion": "v1.33.0", "kubeProxyVersion": "", "systemUUID": "ab"},
            "volumesInUse": ["a", "b"],
        },
    });
    check(
        "nodes",
        &node,
        r#"
        kube_node_created{node="node-1"} 1500000000
        kube_node_info{container_runtime_version="containerd://2.0",internal_ip="10.0.0.1",kernel_version="6.1",kubelet_version="v1.33.0",node="node-1",os_image="Debian 12",pod_cidr="10.1.0.0/24",provider_id="kind://x",system_uuid="ab"} 1
        kube_node_role{node="node-1",role="control-plane"} 1
        kube_node_spec_pod_cidrs{node="node-1",pod_cidr="10.1.0.0/24"} 1
        kube_node_spec_taint{effect="NoSchedule",key="node-role.kubernetes.io/control-plane",node="node-1"} 1
        kube_node_spec_unschedulable{node="node-1"} 1
        kube_node_status_addresses{address="10.0.0.1",node="node-1",type="InternalIP"} 1
        kube_node_status_addresses{address="node-1",node="node-1",type="Hostname"} 1
        kube_node_status_allocatable{node="node-1",resource="cpu",unit="core"} 3.9
        kube_node_status_capacity{node="node-1",resource="cpu",unit="core"} 4
        kube_node_status_capacity{node="node-1",resource="hugepages_2Mi",unit="byte"} 0
        kube_node_status_capacity{node="node-1",resource="memory",unit="byte"} 8589934592
        kube_node_status_capacity{node="node-1",resource="pods",unit="integer"} 110
        kube_node_status_condition{condition="Ready",node="node-1",status="false"} 0
        kube_node_status_condition{condition="Ready",node="node-1",status="true"} 0
        kube_node_status_condition{condition="Ready",node="node-1",status="unknown"} 1
        kube_node_volumes_attached_count{node="node-1"} 0
        kube_node_volumes_in_use_count{node="node-1"} 2
        "#,
    );
}

#[test]
fn a_job_that_failed_says_why_and_one_that_has_not_counts() {
    let job = |status| json!({"metadata": {"name": "j", "namespace": "n"}, "spec": {}, "status": status});
    let families = ["kube_job_failed", "kube_job_complete", "kube_job_status_failed"];
    let failed = job(
        json!({"failed": 2, "conditions": [{"type": "Failed", "status": "True", "reason": "DeadlineExceeded"}]}),
    );
    check_some(
        "jobs",
        &failed,
        &families,
        &[
            r#"kube_job_failed{condition="false",job_name="j",namespace="n"} 0"#,
            r#"kube_job_failed{condition="true",job_name="j",namespace="n"} 1"#,
            r#"kube_job_failed{condition="unknown",job_name="j",namespace="n"} 0"#,
            r#"kube_job_status_failed{job_name="j",namespace="n",reason="BackoffLimitExceeded"} 0"#,
            r#"kube_job_status_failed{job_name="j",namespace="n",reason="DeadlineExceeded"} 1"#,
            r#"kube_job_status_failed{job_name="j",namespace="n",reason="Evicted"} 0"#,
        ],
    );
    check_some(
        "jobs",
        &job(json!({"failed": 2})),
        &families,
        &[r#"kube_job_status_failed{job_name="j",namespace="n"} 2"#],
    );
    check_some(
        "jobs",
        &job(json!({"conditions": [{"type": "Complete", "status": "True"}]})),
        &families,
        &[
            r#"kube_job_complete{condition="false",job_name="j",namespace="n"} 0"#,
            r#"kube_job_complete{condition="true",job_name="j",namespace="n"} 1"#,
            r#"kube_job_complete{condition="unknown",job_name="j",namespace="n"} 0"#,
            r#"kube_job_status_failed{job_name="j",namespace="n"} 0"#,
        ],
    );
}

#[test]
fn a_cron_job_says_when_it_is_due_unless_it_is_suspended() {
    let job = |suspend: bool| {
        json!({"metadata": {"name": "c", "namespace": "n", "resourceVersion": "9", "creationTimestamp": "2017-07-14T02:40:00Z"},
        "spec": {"schedule": "0 * * * *", "concurrencyPolicy": "Forbid", "suspend": suspend, "timeZone": "Etc/UTC"},
        "status": {"active": [{}, {}]}})
    };
    check_some("cronjobs", &job(true), &["kube_cronjob_next_schedule_time"], &[]);
    check(
        "cronjobs",
        &job(false),
        r#"
        kube_cronjob_created{cronjob="c",namespace="n"} 1500000000
        kube_cronjob_info{concurrency_policy="Forbid",cronjob="c",namespace="n",schedule="0 * * * *",timezone="Etc/UTC"} 1
        kube_cronjob_metadata_resource_version{cronjob="c",namespace="n"} 9
        kube_cronjob_next_schedule_time{cronjob="c",namespace="n"} 1500001200
        kube_cronjob_spec_suspend{cronjob="c",namespace="n"} 0
        kube_cronjob_status_active{cronjob="c",namespace="n"} 2
        "#,
    );
}

#[test]
fn an_autoscaler_tells_its_bounds_and_each_of_its_metrics() {
    let autoscaler = json!({
        "metadata": {"name": "h", "namespace": "n", "generation": 2},
        "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "maxReplicas": 4,
            "metrics": [
                {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}},
                {"type": "Pods", "pods": {"metric": {"name": "hits"}, "target": {"type": "AverageValue", "averageValue": "500m"}}},
            ]},
        "status": {"currentReplicas": 2, "desiredReplicas": 3,
            "conditions": [{"type": "AbleToScale", "status": "True"}],
            "currentMetrics": [{"type": "Resource", "resource": {"name": "cpu",
                "current": {"averageUtilization": 7, "averageValue": "7m"}}}]},
    });
    check(
        "horizontalpodautoscalers",
        &autoscaler,
        r#"
        kube_horizontalpodautoscaler_info{horizontalpodautoscaler="h",namespace="n",scaletargetref_api_version="apps/v1",scaletargetref_kind="Deployment",scaletargetref_name="web"} 1
        kube_horizontalpodautoscaler_metadata_generation{horizontalpodautoscaler="h",namespace="n"} 2
        kube_horizontalpodautoscaler_spec_max_replicas{horizontalpodautoscaler="h",namespace="n"} 4
        kube_horizontalpodautoscaler_spec_min_replicas{horizontalpodautoscaler="h",namespace="n"} 1
        kube_horizontalpodautoscaler_spec_target_metric{horizontalpodautoscaler="h",metric_name="cpu",metric_target_type="utilization",namespace="n"} 80
        kube_horizontalpodautoscaler_spec_target_metric{horizontalpodautoscaler="h",metric_name="hits",metric_target_type="average",namespace="n"} 0.5
        kube_horizontalpodautoscaler_status_condition{condition="AbleToScale",horizontalpodautoscaler="h",namespace="n",status="false"} 0
        kube_horizontalpodautoscaler_status_condition{condition="AbleToScale",horizontalpodautoscaler="h",namespace="n",status="true"} 1
        kube_horizontalpodautoscaler_status_condition{condition="AbleToScale",horizontalpodautoscaler="h",namespace="n",status="unknown"} 0
        kube_horizontalpodautoscaler_status_current_replicas{horizontalpodautoscaler="h",namespace="n"} 2
        kube_horizontalpodautoscaler_status_desired_replicas{horizontalpodautoscaler="h",namespace="n"} 3
        kube_horizontalpodautoscaler_status_target_metric{horizontalpodautoscaler="h",metric_name="cpu",metric_target_type="average",namespace="n"} 0.007
        kube_horizontalpodautoscaler_status_target_metric{horizontalpodautoscaler="h",metric_name="cpu",metric_target_type="utilization",namespace="n"} 7
        "#,
    );
}

#[test]
fn an_ingress_has_a_row_for_each_path_and_each_tls_host() {
    let ingress = json!({
        "metadata": {"name": "i", "namespace": "n", "annotations": {"kubernetes.io/ingress.class": "old"}},
        "spec": {"tls": [{"hosts": ["a.example", "b.example"], "secretName": "s"}], "rules": [{"host": "a.example",
            "http": {"paths": [
                {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"number": 80}}}},
                {"path": "/x", "pathType": "Exact", "backend": {"resource": {"apiGroup": "g", "kind": "K", "name": "r"}}},
            ]}}]},
    });
    check(
        "ingresses",
        &ingress,
        r#"
        kube_ingress_info{ingress="i",ingressclass="old",namespace="n"} 1
        kube_ingress_path{host="a.example",ingress="i",namespace="n",path="/",path_type="Prefix",service_name="web",service_port="80"} 1
        kube_ingress_path{host="a.example",ingress="i",namespace="n",path="/x",path_type="Exact",resource_api_group="g",resource_kind="K",resource_name="r"} 1
        kube_ingress_tls{ingress="i",namespace="n",secret="s",tls_host="a.example"} 1
        kube_ingress_tls{ingress="i",namespace="n",secret="s",tls_host="b.example"} 1
        "#,
    );
}

#[test]
fn volumes_and_their_claims_tell_of_each_other() {
    let volume = json!({"metadata": {"name": "pv"}, "spec": {"capacity": {"storage": "10Gi"}, "accessModes": ["ReadWriteOnce"],
        "claimRef": {"namespace": "n", "name": "c"}, "storageClassName": "fast", "volumeMode": "Filesystem",
        "persistentVolumeReclaimPolicy": "Delete", "csi": {"driver": "d", "volumeHandle": "h"}}, "status": {"phase": "Bound"}});
    check(
        "persistentvolumes",
        &volume,
        r#"
        kube_persistentvolume_access_mode{access_mode="ReadWriteOnce",persistentvolume="pv"} 1
        kube_persistentvolume_capacity_bytes{persistentvolume="pv"} 10737418240
        kube_persistentvolume_claim_ref{claim_namespace="n",name="c",persistentvolume="pv"} 1
        kube_persistentvolume_info{csi_driver="d",csi_volume_handle="h",persistentvolume="pv",reclaim_policy="Delete",storageclass="fast"} 1
        kube_persistentvolume_status_phase{persistentvolume="pv",phase="Available"} 0
        kube_persistentvolume_status_phase{persistentvolume="pv",phase="Bound"} 1
        kube_persistentvolume_status_phase{persistentvolume="pv",phase="Failed"} 0
        kube_persistentvolume_status_phase{persistentvolume="pv",phase="Pending"} 0
        kube_persistentvolume_status_phase{persistentvolume="pv",phase="Released"} 0
        kube_persistentvolume_volume_mode{persistentvolume="pv",volumemode="Filesystem"} 1
        "#,
    );
    let claim = json!({"metadata": {"name": "c", "namespace": "n"}, "spec": {"accessModes": ["ReadWriteOnce"], "volumeName": "pv",
        "resources": {"requests": {"storage": "5Gi"}}, "storageClassName": "fast", "volumeMode": "Filesystem"},
        "status": {"phase": "Pending"}});
    check(
        "persistentvolumeclaims",
        &claim,
        r#"
        kube_persistentvolumeclaim_access_mode{access_mode="ReadWriteOnce",namespace="n",persistentvolumeclaim="c"} 1
        kube_persistentvolumeclaim_info{namespace="n",persistentvolumeclaim="c",storageclass="fast",volumemode="Filesystem",volumename="pv"} 1
        kube_persistentvolumeclaim_resource_requests_storage_bytes{namespace="n",persistentvolumeclaim="c"} 5368709120
        kube_persistentvolumeclaim_status_phase{namespace="n",persistentvolumeclaim="c",phase="Bound"} 0
        kube_persistentvolumeclaim_status_phase{namespace="n",persistentvolumeclaim="c",phase="Lost"} 0
        kube_persistentvolumeclaim_status_phase{namespace="n",persistentvolumeclaim="c",phase="Pending"} 1
        "#,
    );
}

#[test]
fn quotas_limits_services_and_endpoints_have_a_row_for_each_thing_they_name() {
    let quota = json!({"metadata": {"name": "q", "namespace": "n"}, "status": {"hard": {"requests.cpu": "2"},
        "used": {"requests.cpu": "500m"}}});
    check(
        "resourcequotas",
        &quota,
        r#"
        kube_resourcequota{namespace="n",resource="requests.cpu",resourcequota="q",type="hard"} 2
        kube_resourcequota{namespace="n",resource="requests.cpu",resourcequota="q",type="used"} 0.5
        "#,
    );
    let range = json!({"metadata": {"name": "l", "namespace": "n"}, "spec": {"limits": [{"type": "Container",
        "defaultRequest": {"cpu": "100m"}}]}});
    check(
        "limitranges",
        &range,
        r#"kube_limitrange{constraint="defaultRequest",limitrange="l",namespace="n",resource="cpu",type="Container"} 0.1"#,
    );
    let service = json!({"metadata": {"name": "s", "namespace": "n", "uid": "u"}, "spec": {"type": "LoadBalancer",
        "clusterIP": "10.2.0.1", "externalIPs": ["192.0.2.1"], "externalTrafficPolicy": "Cluster"},
        "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.2"}]}}});
    check(
        "services",
        &service,
        r#"
        kube_service_info{cluster_ip="10.2.0.1",external_traffic_policy="Cluster",namespace="n",service="s",uid="u"} 1
        kube_service_spec_external_ip{external_ip="192.0.2.1",namespace="n",service="s",uid="u"} 1
        kube_service_spec_type{namespace="n",service="s",type="LoadBalancer",uid="u"} 1
        kube_service_status_load_balancer_ingress{ip="192.0.2.2",namespace="n",service="s",uid="u"} 1
        "#,
    );
    let endpoints = json!({"metadata": {"name": "e", "namespace": "n"}, "subsets": [{"addresses": [{"ip": "10.1.0.7"}],
        "notReadyAddresses": [{"ip": "10.1.0.8"}], "ports": [{"name": "http", "port": 80, "protocol": "TCP"}]}]});
    check(
        "endpoints",
        &endpoints,
        r#"
        kube_endpoint_address{endpoint="e",ip="10.1.0.7",namespace="n",port_name="http",port_number="80",port_protocol="TCP",ready="true"} 1
        kube_endpoint_address{endpoint="e",ip="10.1.0.8",namespace="n",port_name="http",port_number="80",port_protocol="TCP",ready="false"} 1
        kube_endpoint_info{endpoint="e",namespace="n"} 1
        kube_endpoint_ports{endpoint="e",namespace="n",port_name="http",port_number="80",port_protocol="TCP"} 1
        "#,
    );
}

#[test]
fn a_signing_request_counts_its_conditions_and_the_bytes_of_its_certificate() {
    let request = json!({"metadata": {"name": "r"}, "spec": {"signerName": "kubernetes.io/kubelet-serving"},
        "status": {"certificate": "YWJjZA==", "conditions": [{"type": "Approved", "status": "True"}]}});
    check(
        "certificatesigningrequests",
        &request,
        r#"
        kube_certificatesigningrequest_cert_length{certificatesigningrequest="r",signer_name="kubernetes.io/kubelet-serving"} 4
        kube_certificatesigningrequest_condition{certificatesigningrequest="r",condition="approved",signer_name="kubernetes.io/kubelet-serving"} 1
        kube_certificatesigningrequest_condition{certificatesigningrequest="r",condition="denied",signer_name="kubernetes.io/kubelet-serving"} 0
        "#,
    );
}

#[test]
fn a_secret_is_a_row_of_a_table_with_its_type() {
    let row = json!({"cells": ["tls", "kubernetes.io/tls", 2, "5d"], "object": {"kind": "PartialObjectMetadata",
        "metadata": {"name": "tls", "namespace": "n", "resourceVersion": "7", "creationTimestamp": "2017-07-14T02:40:00Z"}}});
    check(
        "secrets",
        &row,
        r#"
        kube_secret_created{namespace="n",secret="tls"} 1500000000
        kube_secret_info{namespace="n",secret="tls"} 1
        kube_secret_metadata_resource_version{namespace="n",secret="tls"} 7
        kube_secret_owner{namespace="n",secret="tls"} 1
        kube_secret_type{namespace="n",secret="tls",type="kubernetes.io/tls"} 1
        "#,
    );
}
