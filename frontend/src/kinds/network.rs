//! How traffic finds its way beside Services and Ingresses: EndpointSlices, NetworkPolicies, IngressClasses.

use super::{Cell, Column, Group, KindRow, KindScope, Listing, Part, cells, selects};
use crate::cluster::object::{at, is_true, list, namespace, text};
use crate::components::{IconName, Tone};
use crate::i18n::Msg;
use crate::json::Value;

pub(super) static ENDPOINT_SLICES: KindRow = KindRow {
    icon: IconName::Service,
    columns: &[
        Column::NAME,
        Column::NAMESPACE,
        Column::words("service", Msg::ServiceLabel, |slice| {
            cells::link("services", slice, text(slice, &["metadata", "labels", "kubernetes.io/service-name"]))
        }),
        Column::figure("ready", Msg::ColumnReady, |slice| {
            let all = list(slice, &["endpoints"]);
            Cell::Ratio(all.iter().filter(|one| is_ready(one)).count(), all.len())
        }),
        Column::words("ports", Msg::ColumnPorts, |slice| Cell::text(&ports(slice))),
        Column::words("family", Msg::ColumnAddressType, |slice| Cell::dim(text(slice, &["addressType"])))
            .widest(),
        Column::AGE,
    ],
    search: &[&["metadata", "labels"], &["endpoints", "*", "addresses", "*"]],
    parts: &[Part::Listing(&ENDPOINTS), Part::Tree, Part::Events, Part::Labels],
    ..KindRow::new(
        Group::Network,
        ("discovery.k8s.io", "v1", "endpointslices"),
        "EndpointSlice",
        KindScope::Namespaced,
        Msg::EndpointSlices,
    )
};

/// Nothing said means ready.
fn is_ready(endpoint: &Value) -> bool {
    at(endpoint, &["conditions", "ready"]).and_then(Value::as_bool).unwrap_or(true)
}

fn ports(slice: &Value) -> String {
    let port = |one: &Value| {
        format!(
            "{}/{}",
            cells::scalar_text(at(one, &["port"]).unwrap_or(&Value::Null)),
            text(one, &["protocol"])
        )
    };
    list(slice, &["ports"]).iter().map(port).collect::<Vec<_>>().join(", ")
}

static ENDPOINTS: Listing = Listing {
    title: Msg::EndpointsTitle,
    heads: &[Msg::ColumnAddress, Msg::ColumnStatus, Msg::ColumnObject, Msg::NodeLabel],
    read: |slice| {
        let line = |one: &Value| {
            let is_leaving = is_true(one, &["conditions", "terminating"]);
            let (tone, word) = match (is_leaving, is_ready(one)) {
                (true, _) => (Tone::Done, "Terminating"),
                (_, true) => (Tone::Ok, "Ready"),
                _ => (Tone::Warning, "NotReady"),
            };
            vec![
                Cell::text(&cells::texts(one, &["addresses"])),
                Cell::Status(tone, word.to_owned(), None),
                at(one, &["targetRef"])
                    .map_or(Cell::None, |target| cells::reference(target, namespace(slice))),
                cells::link("nodes", slice, text(one, &["nodeName"])),
            ]
        };
        list(slice, &["endpoints"]).iter().map(line).collect()
    },
};

pub(super) static NETWORK_POLICIES: KindRow = KindRow {
    icon: IconName::Shield,
    columns: &[
        Column::NAME,
        Column::NAMESPACE,
        Column::words("selector", Msg::ColumnPods, |policy| match selects::words(&of_policy(policy)) {
            words if words.is_empty() => Cell::Label(Msg::AllPods),
            words => Cell::Text(words),
        }),
        Column::words("types", Msg::ColumnPolicyTypes, |policy| {
            Cell::text(&cells::texts(policy, &["spec", "policyTypes"]))
        }),
        Column::AGE,
    ],
    search: &[&["metadata", "labels"]],
    selects: Some(of_policy),
    parts: &[Part::PolicyWords, Part::Listing(&POLICY_RULES), Part::Pods, Part::Events, Part::Labels],
    ..KindRow::new(
        Group::Network,
        ("networking.k8s.io", "v1", "networkpolicies"),
        "NetworkPolicy",
        KindScope::Namespaced,
        Msg::NetworkPolicies,
    )
};

fn of_policy(policy: &Value) -> selects::Selector {
    selects::of_policy(policy, &["spec", "podSelector"])
}

/// What may come in and go out. A type without a rule lets nothing through.
static POLICY_RULES: Listing = Listing {
    title: Msg::RulesTitle,
    heads: &[Msg::ColumnDirection, Msg::ColumnPeers, Msg::ColumnPorts],
    read: |policy| {
        let of = |kind: &str| match kind {
            "Ingress" => ("ingress", "from"),
            _ => ("egress", "to"),
        };
        let types = list(policy, &["spec", "policyTypes"]).iter().filter_map(Value::as_str);
        types
            .flat_map(|kind| {
                let (field, peers) = of(kind);
                let rules = list(policy, &["spec", field]);
                let none = rules
                    .is_empty()
                    .then(|| vec![Cell::Text(kind.to_owned()), Cell::Label(Msg::NothingAllowed), Cell::None]);
                let rule = move |rule: &Value| {
                    vec![
                        Cell::Text(kind.to_owned()),
                        peers_of(list(rule, &[peers])),
                        ports_of(list(rule, &["ports"])),
                    ]
                };
                rules.iter().map(rule).chain(none)
            })
            .collect()
    },
};

fn peers_of(peers: &[Value]) -> Cell {
    let peer = |one: &Value| {
        let selector = |field| at(one, &[field]).map(|selector| selects::words(&selects::read(selector)));
        let all = |words: String| if words.is_empty() { "*".to_owned() } else { words };
        let parts = [
            selector("namespaceSelector").map(|words| format!("namespaces {}", all(words))),
            selector("podSelector").map(|words| format!("pods {}", all(words))),
            at(one, &["ipBlock"]).map(|block| {
                let except = cells::texts(block, &["except"]);
                let except = if except.is_empty() { String::new() } else { format!(" except {except}") };
                format!("{}{except}", text(block, &["cidr"]))
            }),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    };
    if peers.is_empty() {
        return Cell::Label(Msg::Anybody);
    }
    Cell::text(&peers.iter().map(peer).collect::<Vec<_>>().join("; "))
}

fn ports_of(ports: &[Value]) -> Cell {
    let port = |one: &Value| {
        let end = one.get("endPort").map(|end| format!("–{}", cells::scalar_text(end))).unwrap_or_default();
        let protocol =
            Some(text(one, &["protocol"])).filter(|protocol| !protocol.is_empty()).unwrap_or("TCP");
        format!("{}{end}/{protocol}", one.get("port").map_or_else(|| "*".to_owned(), cells::scalar_text))
    };
    if ports.is_empty() {
        return Cell::Label(Msg::AnyPort);
    }
    Cell::text(&ports.iter().map(port).collect::<Vec<_>>().join(", "))
}

pub(super) static INGRESS_CLASSES: KindRow = KindRow {
    icon: IconName::Ingress,
    columns: &[
        Column::NAME,
        Column::words("controller", Msg::ColumnController, |class| {
            Cell::text(text(class, &["spec", "controller"]))
        }),
        Column::words("parameters", Msg::ParametersTitle, |class| {
            at(class, &["spec", "parameters"])
                .map_or(Cell::None, |one| cells::reference(one, text(one, &["namespace"])))
        })
        .wide(),
        Column::words("default", Msg::ColumnDefault, |class| {
            cells::scalar(class, &["metadata", "annotations", "ingressclass.kubernetes.io/is-default-class"])
        }),
        Column::AGE,
    ],
    search: &[&["metadata", "labels"]],
    parts: &[Part::Events, Part::Labels],
    ..KindRow::new(
        Group::Network,
        ("networking.k8s.io", "v1", "ingressclasses"),
        "IngressClass",
        KindScope::Cluster,
        Msg::IngressClasses,
    )
};

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;

    #[test]
    fn a_policy_says_who_may_come_in_and_what_without_a_rule_may_not() {
        let policy = json!({"spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [{
            "from": [{"podSelector": {"matchLabels": {"app": "web"}}}, {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}],
            "ports": [{"port": 80}]}]}});
        let lines = (POLICY_RULES.read)(&policy);
        let words: Vec<&str> = lines.iter().flatten().map(Cell::words).collect();
        assert_eq!(
            words.get(..3),
            Some(["Ingress", "pods app=web; 10.0.0.0/8 except 10.1.0.0/16", "80/TCP"].as_slice())
        );
        assert_eq!(lines.get(1).and_then(|line| line.get(1)), Some(&Cell::Label(Msg::NothingAllowed)));
    }

    #[test]
    fn an_endpoint_that_says_nothing_is_ready() {
        let slice = json!({"metadata": {"namespace": "shop"}, "endpoints": [{"addresses": ["10.0.0.1"]},
            {"addresses": ["10.0.0.2"], "conditions": {"ready": false}}]});
        let cells = ENDPOINT_SLICES.cells(&slice);
        let at = ENDPOINT_SLICES.column("ready").unwrap();
        assert_eq!(cells.get(at), Some(&Cell::Ratio(1, 2)));
    }
}
