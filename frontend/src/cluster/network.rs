//! What connects the pods of a cluster, and what runs them: seen in DaemonSets and nodes.

use std::collections::BTreeMap;

use crate::json::Value;

use super::object::{list, name, text};
use crate::arrange::Arrange as _;

/// Names of DaemonSets, and what they are a part of.
const KNOWN: &[(&str, &str)] = &[
    ("calico-node", "Calico"),
    ("canal", "Canal"),
    ("cilium", "Cilium"),
    ("kube-flannel-ds", "Flannel"),
    ("kube-flannel", "Flannel"),
    ("weave-net", "Weave Net"),
    ("kindnet", "kindnet"),
    ("aws-node", "Amazon VPC CNI"),
    ("azure-cns", "Azure CNI"),
    ("antrea-agent", "Antrea"),
    ("kube-router", "kube-router"),
    ("ovnkube-node", "OVN-Kubernetes"),
    ("kube-ovn-cni", "Kube-OVN"),
    ("kube-multus-ds", "Multus"),
    ("netd", "GKE netd"),
];

/// The networks that DaemonSets belong to, each with the version of its image.
pub(crate) fn networks<'v>(daemon_sets: impl Iterator<Item = &'v Value>) -> Vec<String> {
    let mut found: Vec<String> = daemon_sets
        .filter_map(|set| {
            let (_, product) = KNOWN.iter().find(|(known, _)| *known == name(set))?;
            let containers = list(set, &["spec", "template", "spec", "containers"]);
            let image = containers.first().map_or("", |container| text(container, &["image"]));
            Some(format!("{product} {}", tag(image)).trim().to_owned())
        })
        .collect();
    found.arrange_by(Ord::cmp);
    found.dedup();
    found
}

/// The part behind the colon of an image's last segment, without a digest.
fn tag(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or_default();
    let last = image.rsplit('/').next().unwrap_or_default();
    last.split_once(':').map_or("", |(_, tag)| tag)
}

/// Values of a field of all nodes' `nodeInfo`, with how many nodes have each, those of most nodes first.
pub(crate) fn of_nodes<'v>(nodes: impl Iterator<Item = &'v Value>, field: &str) -> Vec<(String, usize)> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for node in nodes {
        let value = text(node, &["status", "nodeInfo", field]);
        if !value.is_empty() {
            *counts.entry(value.to_owned()).or_default() += 1;
        }
    }
    let mut all: Vec<_> = counts.into_iter().collect();
    all.arrange_by_key(|(_, count)| std::cmp::Reverse(*count));
    all
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;

    #[test]
    fn a_network_is_known_by_its_daemon_set_and_the_version_of_its_image() {
        let set = |name: &str, image: &str| {
            json!({"metadata": {"name": name},
            "spec": {"template": {"spec": {"containers": [{"image": image}]}}}})
        };
        let sets = [
            set("kube-proxy", "registry.k8s.io/kube-proxy:v1.36.0"),
            set("cilium", "quay.io:443/cilium/cilium:v1.16.1@sha256:abc"),
            set("kindnet", "kindest/kindnetd"),
        ];
        assert_eq!(networks(sets.iter()), ["Cilium v1.16.1", "kindnet"]);
    }

    #[test]
    fn what_most_nodes_have_comes_first() {
        let node = |runtime: &str| json!({"status": {"nodeInfo": {"containerRuntimeVersion": runtime}}});
        let nodes = [node("cri-o://1.30"), node("containerd://2.0.1"), node("containerd://2.0.1"), json!({})];
        let found = of_nodes(nodes.iter(), "containerRuntimeVersion");
        assert_eq!(found, [("containerd://2.0.1".to_owned(), 2), ("cri-o://1.30".to_owned(), 1)]);
    }
}
