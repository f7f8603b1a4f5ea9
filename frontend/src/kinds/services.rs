//! Services.

use crate::json::Value;

use super::cells::pairs_text;
use super::{Cell, Column, Group, KindRow, KindScope, Natural, Part, Place, Source};
use crate::cluster::object::{at, list, text};
use crate::components::IconName;
use crate::i18n::Msg;

pub(super) static SERVICES: KindRow = KindRow {
    one: Msg::ServiceOne.words(),
    what: Msg::ServicesWord.words(),
    icon: IconName::Service,
    columns: &[
        Column::NAME,
        Column::NAMESPACE,
        Column {
            id: "type",
            title: Msg::MetricType.words(),
            source: Source::Object(|service| Cell::text(text(service, &["spec", "type"]))),
            order: Natural::First,
            place: Place::Always,
        },
        Column {
            id: "address",
            title: Msg::ColumnAddress.words(),
            source: Source::Object(|service| Cell::dim(address(service))),
            order: Natural::First,
            place: Place::Wide,
        },
        Column {
            id: "ports",
            title: Msg::ColumnPorts.words(),
            source: Source::Object(|service| Cell::text(&ports(service))),
            order: Natural::First,
            place: Place::Always,
        },
        Column {
            id: "selector",
            title: Msg::ColumnSelector.words(),
            source: Source::Object(|service| Cell::dim(&pairs_text(service, &["spec", "selector"]))),
            order: Natural::First,
            place: Place::Widest,
        },
        Column::AGE,
    ],
    order: "name",
    search: &[&["metadata", "labels"]],
    facts: &[
        (Msg::MetricType, |_, service| told(text(service, &["spec", "type"]))),
        (Msg::ColumnAddress, |_, service| told(address(service))),
        (Msg::ColumnPorts, |_, service| told(&ports(service))),
        (Msg::ColumnSelector, |_, service| told(&pairs_text(service, &["spec", "selector"]))),
    ],
    selects: Some(super::selects::of_workload),
    parts: &[Part::Pods, Part::Events, Part::Labels],
    ..KindRow::new(Group::Network, ("", "v1", "services"), "Service", KindScope::Namespaced, Msg::Services)
};

fn told(text: &str) -> Option<super::FactText> {
    (!text.is_empty()).then(|| text.to_owned().into())
}

/// What its clients in the cluster call; `None` is Kubernetes' word for a headless one.
fn address(service: &Value) -> &str {
    match text(service, &["spec", "type"]) {
        "ExternalName" => text(service, &["spec", "externalName"]),
        _ => text(service, &["spec", "clusterIP"]),
    }
}

/// `80/TCP, 443:30443/TCP`
fn ports(service: &Value) -> String {
    let port = |one: &Value| {
        let number = |field| at(one, &[field]).and_then(Value::as_i64);
        let node = number("nodePort").map(|node| format!(":{node}")).unwrap_or_default();
        let protocol = Some(text(one, &["protocol"])).filter(|protocol| !protocol.is_empty());
        Some(format!("{}{node}/{}", number("port")?, protocol.unwrap_or("TCP")))
    };
    list(service, &["spec", "ports"]).iter().filter_map(port).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;

    #[test]
    fn ports_are_written_as_kubectl_writes_them() {
        let service =
            json!({"spec": {"ports": [{"port": 80}, {"port": 53, "nodePort": 30053, "protocol": "UDP"}]}});
        assert_eq!(ports(&service), "80/TCP, 53:30053/UDP");
        assert_eq!(ports(&json!({})), "");
    }
}
