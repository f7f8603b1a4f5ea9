//! Events.

use crate::json::Value;

use super::{Cell, Column, Group, KindRow, KindScope, Natural, Place, Source, find_kind};
use crate::cluster::event;
use crate::cluster::object::text;
use crate::components::{IconName, Tone};
use crate::i18n::Msg;

pub(super) static EVENTS: KindRow = KindRow {
    one: Msg::EventOne.words(),
    what: Msg::EventsWord.words(),
    icon: IconName::Events,
    columns: &[
        Column {
            id: "seen",
            title: Msg::ColumnLastSeen.words(),
            source: Source::Object(|event| Cell::age(event::last_seen(event))),
            order: Natural::First,
            place: Place::Always,
        },
        Column {
            id: "reason",
            title: Msg::ColumnReason.words(),
            source: Source::Object(|event| {
                let reason = text(event, &["reason"]).to_owned();
                let tone = if event::is_warning(event) { Tone::Warning } else { Tone::Done };
                Cell::Status(tone, reason, None)
            }),
            order: Natural::First,
            place: Place::Always,
        },
        Column {
            id: "object",
            title: Msg::ColumnObject.words(),
            source: Source::Object(about),
            order: Natural::First,
            place: Place::Always,
        },
        Column::NAMESPACE,
        Column {
            id: "message",
            title: Msg::ColumnMessage.words(),
            source: Source::Object(|event| Cell::text(text(event, &["message"]).trim())),
            order: Natural::First,
            place: Place::Always,
        },
        Column {
            id: "count",
            title: Msg::ColumnCount.words(),
            source: Source::Object(|event| Cell::Count(event::count(event))),
            order: Natural::Largest,
            place: Place::Wide,
        },
        Column {
            id: "source",
            title: Msg::ColumnSource.words(),
            source: Source::Object(|event| Cell::dim(event::source(event))),
            order: Natural::First,
            place: Place::Widest,
        },
    ],
    order: "seen",
    ..KindRow::new(Group::Cluster, ("", "v1", "events"), "Event", KindScope::Namespaced, Msg::Events)
};

/// What an event is about, leading to its page where it has one.
fn about(event: &Value) -> Cell {
    let (kind, namespace, name) = event::about(event);
    let words = format!("{kind} {name}").trim().to_owned();
    match find_kind(kind) {
        _ if name.is_empty() => Cell::text(&words),
        Some(row) => Cell::Link(words, row.object_page(namespace, name)),
        None => Cell::Text(words),
    }
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;
    use crate::router::Page;

    #[test]
    fn an_event_leads_to_what_it_is_about() {
        let of =
            |kind: &str| about(&json!({"involvedObject": {"kind": kind, "namespace": "shop", "name": "a"}}));
        assert_eq!(of("Pod"), Cell::Link("Pod a".into(), Page::Object("pods", "shop".into(), "a".into())));
        assert_eq!(of("Node"), Cell::Link("Node a".into(), Page::Node("a".into())));
        assert_eq!(of("Widget"), Cell::Text("Widget a".into()));
    }
}
