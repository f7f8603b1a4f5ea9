//! What of a pod counts for discovery, and its labels.

use std::collections::BTreeMap;

use crowsnest_api::{Labels, LabelsBuilder};
use serde::Deserialize;

use super::sanitised;
use crate::target::ADDRESS;

/// What the names of all labels begin with.
const POD: &str = "__meta_kubernetes_pod_";

/// A page of a list, as the API server and the kubelet serve it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
pub struct ObjectList<T> {
    /// Where the list stands.
    #[serde(default)]
    pub metadata: ListMeta,
    /// The objects.
    #[serde(default = "Vec::new")]
    pub items: Vec<T>,
}

/// Pods.
pub type PodList = ObjectList<Pod>;

/// Where a list stands.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ListMeta {
    /// What a watch goes on from.
    pub resource_version: String,
    /// What asks for the next page; empty on the last.
    pub r#continue: String,
}

/// A pod; all else of it is not even read.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub struct Pod {
    /// Who it is.
    pub metadata: Meta,
    /// What it should be.
    pub spec: Spec,
    /// What it is.
    pub status: Status,
}

/// Who a pod is.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
pub struct Meta {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Its UID.
    pub uid: String,
    /// Which version of it this is.
    pub resource_version: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
    /// Who owns it.
    pub owner_references: Vec<Owner>,
}

/// An owner.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub struct Owner {
    kind: String,
    name: String,
    controller: bool,
}

/// What a pod should be.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
pub struct Spec {
    /// The node that it is on.
    pub node_name: String,
    containers: Vec<Container>,
    init_containers: Vec<Container>,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
struct Container {
    name: String,
    image: String,
    ports: Vec<Port>,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
struct Port {
    name: String,
    container_port: u16,
    protocol: String,
}

/// What a pod is.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
pub struct Status {
    phase: String,
    #[serde(rename = "podIP")]
    pod_ip: String,
    #[serde(rename = "hostIP")]
    host_ip: String,
    conditions: Vec<Condition>,
    container_statuses: Vec<ContainerStatus>,
    init_container_statuses: Vec<ContainerStatus>,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
struct Condition {
    r#type: String,
    status: String,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
struct ContainerStatus {
    name: String,
    #[serde(rename = "containerID")]
    container_id: String,
}

/// One label set for each port that the pod's containers name, and one for each container without ports, as Prometheus's role `pod`
/// has them. A pod without an address has none.
pub fn pod_labels(pod: &Pod) -> Vec<Labels> {
    if pod.status.pod_ip.is_empty() {
        return Vec::new();
    }
    let mut common = LabelsBuilder::default();
    pod_common(pod, &mut common);
    let running = pod.spec.containers.iter().map(|container| (container, false));
    let all = running.chain(pod.spec.init_containers.iter().map(|container| (container, true)));
    let mut found = Vec::new();
    for (container, is_init) in all {
        let mut labels = common.clone();
        let statuses =
            if is_init { &pod.status.init_container_statuses } else { &pod.status.container_statuses };
        let id = statuses.iter().find(|status| status.name == container.name);
        set(&mut labels, "container_name", &container.name);
        set(&mut labels, "container_image", &container.image);
        set(&mut labels, "container_id", id.map_or("", |status| &status.container_id));
        set(&mut labels, "container_init", if is_init { "true" } else { "false" });
        if container.ports.is_empty() {
            labels.set(ADDRESS, bracketed(&pod.status.pod_ip));
            found.push(labels.build());
            continue;
        }
        for port in &container.ports {
            let mut labels = labels.clone();
            labels.set(ADDRESS, format!("{}:{}", bracketed(&pod.status.pod_ip), port.container_port));
            add_port(&mut labels, port);
            found.push(labels.build());
        }
    }
    found
}

impl Pod {
    /// Numbers of the ports that its containers name.
    pub(super) fn ports(&self) -> Vec<u16> {
        let containers = &self.spec.containers;
        containers.iter().flat_map(|container| &container.ports).map(|port| port.container_port).collect()
    }
}

/// The labels of the port of a pod that has this number, and of its container; nothing where none has.
pub(super) fn pod_port_labels(pod: &Pod, number: u16, labels: &mut LabelsBuilder) {
    let of = |container: &Container| container.ports.iter().position(|port| port.container_port == number);
    let found = pod.spec.containers.iter().find_map(|container| Some((container, of(container)?)));
    if let Some((container, at)) = found
        && let Some(port) = container.ports.get(at)
    {
        set(labels, "container_name", &container.name);
        set(labels, "container_image", &container.image);
        add_port(labels, port);
    }
}

fn add_port(labels: &mut LabelsBuilder, port: &Port) {
    set(labels, "container_port_name", &port.name);
    set(labels, "container_port_number", &port.container_port.to_string());
    set(labels, "container_port_protocol", if port.protocol.is_empty() { "TCP" } else { &port.protocol });
}

/// Adds what all label sets of a pod have.
pub(super) fn pod_common(pod: &Pod, labels: &mut LabelsBuilder) {
    labels.set("__meta_kubernetes_namespace", pod.metadata.namespace.as_str());
    let ready = pod.status.conditions.iter().find(|condition| condition.r#type == "Ready");
    let ready = ready.map_or_else(|| "unknown".to_owned(), |ready| ready.status.to_lowercase());
    let controller = pod.metadata.owner_references.iter().find(|owner| owner.controller);
    for (name, value) in [
        ("name", pod.metadata.name.as_str()),
        ("ip", &pod.status.pod_ip),
        ("ready", &ready),
        ("phase", &pod.status.phase),
        ("node_name", &pod.spec.node_name),
        ("host_ip", &pod.status.host_ip),
        ("uid", &pod.metadata.uid),
        ("controller_kind", controller.map_or("", |owner| &owner.kind)),
        ("controller_name", controller.map_or("", |owner| &owner.name)),
    ] {
        set(labels, name, value);
    }
    for (what, pairs) in [("label", &pod.metadata.labels), ("annotation", &pod.metadata.annotations)] {
        for (name, value) in pairs {
            let name = sanitised(name);
            set(labels, &format!("{what}_{name}"), value);
            set(labels, &format!("{what}present_{name}"), "true");
        }
    }
}

fn set(labels: &mut LabelsBuilder, name: &str, value: &str) {
    labels.set(format!("{POD}{name}"), value);
}

/// An address as it stands before a port.
pub(super) fn bracketed(ip: &str) -> String {
    if ip.contains(':') { format!("[{ip}]") } else { ip.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_has_a_label_set_for_each_port_and_each_container_without_ports() {
        let pod: Pod = serde_json::from_str(
            r#"{"metadata": {"name": "p", "namespace": "n", "uid": "u", "labels": {"app.kubernetes.io/name": "x"},
                "ownerReferences": [{"kind": "ReplicaSet", "name": "r", "controller": true}]},
              "spec": {"nodeName": "node", "initContainers": [{"name": "i"}], "containers": [
                {"name": "a", "image": "a:1", "ports": [{"containerPort": 80, "name": "web"}, {"containerPort": 53, "protocol": "UDP"}]},
                {"name": "b"}]},
              "status": {"podIP": "10.0.0.1", "phase": "Running", "conditions": [{"type": "Ready", "status": "True"}],
                "containerStatuses": [{"name": "a", "containerID": "containerd://1"}]}}"#,
        )
        .unwrap();
        let found = pod_labels(&pod);
        let addresses: Vec<&str> = found.iter().map(|labels| labels.get(ADDRESS).unwrap().as_str()).collect();
        assert_eq!(addresses, ["10.0.0.1:80", "10.0.0.1:53", "10.0.0.1", "10.0.0.1"]);
        let has = |name: &str| found[0].get(&format!("{POD}{name}")).map_or("", |value| value.as_str());
        for (name, value) in [
            ("label_app_kubernetes_io_name", "x"),
            ("labelpresent_app_kubernetes_io_name", "true"),
            ("container_port_name", "web"),
            ("container_port_protocol", "TCP"),
            ("container_id", "containerd://1"),
            ("controller_kind", "ReplicaSet"),
            ("ready", "true"),
            ("phase", "Running"),
            ("node_name", "node"),
        ] {
            assert_eq!(has(name), value, "{name}");
        }
        assert!(pod_labels(&Pod::default()).is_empty());
    }
}
