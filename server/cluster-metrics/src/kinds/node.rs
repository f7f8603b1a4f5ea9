//! Nodes.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::limits::{Amounts, resource_rows};
use crate::family::Family;
use crate::object::{Body, Identity, Projector};
use crate::rows::{Rows, truth};

/// A label of nodes that names a role.
const ROLE: &str = "node-role.kubernetes.io/";

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawNode {
    metadata: Roles,
    spec: NodeSpec,
    status: NodeStatus,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Roles {
    labels: BTreeMap<Box<str>, serde::de::IgnoredAny>,
}

pub(crate) struct Node {
    roles: Box<[Box<str>]>,
    spec: NodeSpec,
    status: NodeStatus,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct NodeSpec {
    #[serde(rename = "podCIDR")]
    pod_cidr: Box<str>,
    #[serde(rename = "podCIDRs")]
    pod_cidrs: Vec<Box<str>>,
    #[serde(rename = "providerID")]
    provider_id: Box<str>,
    unschedulable: bool,
    taints: Vec<Taint>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Taint {
    key: Box<str>,
    value: Box<str>,
    effect: Box<str>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct NodeStatus {
    node_info: NodeInfo,
    addresses: Vec<Address>,
    conditions: Vec<Condition>,
    capacity: Amounts,
    allocatable: Amounts,
    volumes_in_use: Vec<serde::de::IgnoredAny>,
    volumes_attached: Vec<serde::de::IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct NodeInfo {
    kernel_version: Box<str>,
    os_image: Box<str>,
    container_runtime_version: Box<str>,
    kubelet_version: Box<str>,
    kube_proxy_version: Box<str>,
    #[serde(rename = "systemUUID")]
    system_uuid: Box<str>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Address {
    r#type: Box<str>,
    address: Box<str>,
}

/// A condition of an object that has several.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Condition {
    pub(super) r#type: Box<str>,
    pub(super) status: Box<str>,
    pub(super) reason: Box<str>,
}

impl Body for Node {
    type Raw = RawNode;
    const IDENTITY: Identity = Identity::Cluster("node");
    const FAMILIES: &'static [Family<Self>] = FAMILIES;

    fn keep(raw: RawNode, _: &mut Projector) -> Self {
        let roles = raw.metadata.labels.into_keys();
        let roles = roles.filter_map(|label| label.strip_prefix(ROLE).map(Box::from)).collect();
        Self { roles, spec: raw.spec, status: raw.status }
    }
}

const FAMILIES: &[Family<Node>] = &[
    Family::annotations("kube_node_annotations"),
    Family::created("kube_node_created"),
    Family::deleted("kube_node_deletion_timestamp"),
    Family::gauge("kube_node_info", "[STABLE] Information about a cluster node.", |_, node, rows| {
        info(node, rows);
    }),
    Family::labels("kube_node_labels"),
    Family::gauge("kube_node_role", "The role of a cluster node.", |_, node, rows| {
        for role in &node.roles {
            rows.info(&[("role", role)]);
        }
    }),
    Family::gauge("kube_node_spec_pod_cidrs", "Pod CIDRs of a cluster node.", |_, node, rows| {
        for cidr in &node.spec.pod_cidrs {
            rows.info(&[("pod_cidr", cidr)]);
        }
    }),
    Family::gauge("kube_node_spec_taint", "[STABLE] The taint of a cluster node.", |_, node, rows| {
        for taint in &node.spec.taints {
            rows.info(&[("key", &taint.key), ("value", &taint.value), ("effect", &taint.effect)]);
        }
    }),
    Family::gauge(
        "kube_node_spec_unschedulable",
        "[STABLE] Whether a node can schedule new pods.",
        |_, node, rows| rows.one(truth(node.spec.unschedulable)),
    ),
    Family::gauge("kube_node_status_addresses", "Node address information.", |_, node, rows| {
        for address in &node.status.addresses {
            rows.info(&[("type", &address.r#type), ("address", &address.address)]);
        }
    }),
    Family::gauge(
        "kube_node_status_allocatable",
        "[STABLE] The allocatable for different resources of a node that are available for scheduling.",
        |_, node, rows| resource_rows(&node.status.allocatable, &[], rows),
    ),
    Family::gauge(
        "kube_node_status_capacity",
        "[STABLE] The capacity for different resources of a node.",
        |_, node, rows| resource_rows(&node.status.capacity, &[], rows),
    ),
    Family::gauge(
        "kube_node_status_condition",
        "[STABLE] The condition of a cluster node.",
        |_, node, rows| {
            for condition in &node.status.conditions {
                rows.status("status", &condition.status, &[("condition", &condition.r#type)]);
            }
        },
    ),
    Family::gauge(
        "kube_node_volumes_attached_count",
        "[STABLE] Number of volumes attached to the node.",
        |_, node, rows| rows.one(node.status.volumes_attached.len() as f64),
    ),
    Family::gauge(
        "kube_node_volumes_in_use_count",
        "[STABLE] Number of volumes in use on the node.",
        |_, node, rows| rows.one(node.status.volumes_in_use.len() as f64),
    ),
];

fn info(node: &Node, rows: &mut Rows<'_>) {
    let about = &node.status.node_info;
    let internal = node.status.addresses.iter().find(|address| &*address.r#type == "InternalIP");
    rows.info(&[
        ("kernel_version", &about.kernel_version),
        ("os_image", &about.os_image),
        ("container_runtime_version", &about.container_runtime_version),
        ("kubelet_version", &about.kubelet_version),
        ("kubeproxy_version", &about.kube_proxy_version),
        ("provider_id", &node.spec.provider_id),
        ("pod_cidr", &node.spec.pod_cidr),
        ("system_uuid", &about.system_uuid),
        ("internal_ip", internal.map_or("", |address| &address.address)),
    ]);
}
