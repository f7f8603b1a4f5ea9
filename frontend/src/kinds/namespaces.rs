//! Namespaces.

use super::{Cell, Column, Group, KindRow, KindScope, Natural, Part, Place, Source};
use crate::charts;
use crate::cluster::object::text;
use crate::components::{IconName, Tone};
use crate::i18n::Msg;

pub(super) static NAMESPACES: KindRow = KindRow {
    one: Msg::NamespaceOne.words(),
    what: Msg::NamespacesWord.words(),
    icon: IconName::Namespaces,
    columns: &[
        Column::NAME,
        Column {
            id: "status",
            title: Msg::ColumnStatus.words(),
            source: Source::Object(|namespace| match text(namespace, &["status", "phase"]) {
                "" => Cell::None,
                phase => Cell::Status(tone(phase), phase.to_owned(), None),
            }),
            order: Natural::First,
            place: Place::Always,
        },
        Column {
            id: "pods",
            title: Msg::Pods.words(),
            source: Source::Joined("pods", |value| Cell::Count(value as i64)),
            order: Natural::Largest,
            place: Place::Always,
        },
        Column::AGE,
    ],
    order: "name",
    search: &[&["metadata", "labels"]],
    tone: Some(|namespace| tone(text(namespace, &["status", "phase"]))),
    parts: &[Part::Charts(charts::NAMESPACE), Part::Labels],
    ..KindRow::new(Group::Cluster, ("", "v1", "namespaces"), "Namespace", KindScope::Cluster, Msg::Namespaces)
};

fn tone(phase: &str) -> Tone {
    match phase {
        "Active" => Tone::Ok,
        "Terminating" => Tone::Done,
        _ => Tone::Unknown,
    }
}
