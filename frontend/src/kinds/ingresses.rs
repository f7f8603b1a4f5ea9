//! Ingresses.

use super::{Cell, Column, Group, KindRow, KindScope, Natural, Part, Place, Source};
use crate::cluster::ingress::{backends, hosts};
use crate::cluster::object::{list, text};
use crate::components::IconName;
use crate::i18n::Msg;

pub(super) static INGRESSES: KindRow = KindRow {
    one: Msg::IngressOne.words(),
    what: Msg::IngressesWord.words(),
    icon: IconName::Ingress,
    columns: &[
        Column::NAME,
        Column::NAMESPACE,
        Column {
            id: "hosts",
            title: Msg::ColumnHosts.words(),
            source: Source::Object(|ingress| Cell::text(&hosts(ingress).join(", "))),
            order: Natural::First,
            place: Place::Always,
        },
        Column {
            id: "services",
            title: Msg::Services.words(),
            source: Source::Object(|ingress| Cell::text(&services(ingress))),
            order: Natural::First,
            place: Place::Wide,
        },
        Column {
            id: "address",
            title: Msg::ColumnAddress.words(),
            source: Source::Object(|ingress| Cell::dim(&address(ingress))),
            order: Natural::First,
            place: Place::Widest,
        },
        Column::AGE,
    ],
    order: "name",
    search: &[&["metadata", "labels"]],
    facts: &[
        (Msg::ColumnHosts, |_, ingress| {
            Some(hosts(ingress).join(", ")).filter(|hosts| !hosts.is_empty()).map(Into::into)
        }),
        (Msg::Services, |_, ingress| {
            Some(services(ingress)).filter(|names| !names.is_empty()).map(Into::into)
        }),
        (Msg::ColumnAddress, |_, ingress| {
            Some(address(ingress)).filter(|one| !one.is_empty()).map(Into::into)
        }),
    ],
    parts: &[Part::Events, Part::Labels],
    ..KindRow::new(
        Group::Network,
        ("networking.k8s.io", "v1", "ingresses"),
        "Ingress",
        KindScope::Namespaced,
        Msg::Ingresses,
    )
};

/// `web:80, api:http`
fn services(ingress: &crate::json::Value) -> String {
    let names = backends(ingress).into_iter().map(|one| format!("{}:{}", one.service, one.port));
    names.collect::<Vec<_>>().join(", ")
}

/// Where its controller can be reached.
fn address(ingress: &crate::json::Value) -> String {
    let of = |one| [text(one, &["ip"]), text(one, &["hostname"])].into_iter().find(|text| !text.is_empty());
    list(ingress, &["status", "loadBalancer", "ingress"]).iter().filter_map(of).collect::<Vec<_>>().join(", ")
}
