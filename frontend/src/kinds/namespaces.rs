//! Namespaces.

use super::{Cell, Column, KindRow, KindScope, Natural, Part, Place, Source};
use crate::cluster::object::text;
use crate::components::{IconName, Tone};
use crate::i18n::Msg;

pub(super) static NAMESPACES: KindRow = KindRow {
    id: "namespaces",
    api: ("", "v1", "namespaces"),
    scope: KindScope::Cluster,
    title: Msg::Namespaces,
    one: Msg::NamespaceOne,
    what: Msg::NamespacesWord,
    icon: IconName::Namespaces,
    columns: &[
        Column::NAME,
        Column {
            id: "status",
            title: Msg::ColumnStatus,
            source: Source::Object(|namespace| match text(namespace, &["status", "phase"]) {
                "" => Cell::None,
                phase => Cell::Status(tone(phase), phase.to_owned(), None),
            }),
            order: Natural::First,
            place: Place::Always,
        },
        Column {
            id: "pods",
            title: Msg::Pods,
            source: Source::Joined("pods", |value| Cell::Count(value as i64)),
            order: Natural::Largest,
            place: Place::Always,
        },
        Column::AGE,
    ],
    order: "name",
    search: &[&["metadata", "labels"]],
    dropped: &[],
    metrics: &[],
    tone: Some(|namespace| tone(text(namespace, &["status", "phase"]))),
    facts: &[],
    parts: &[Part::Labels],
};

fn tone(phase: &str) -> Tone {
    match phase {
        "Active" => Tone::Ok,
        "Terminating" => Tone::Done,
        _ => Tone::Unknown,
    }
}
