//! Kinds that somebody has added: CustomResourceDefinitions.

use super::served::list_of;
use super::{Cell, Column, Group, KindRow, KindScope, Listing, Part, cells};
use crate::cluster::object::{condition, holds, is_true, list, text};
use crate::components::{IconName, Tone};
use crate::i18n::Msg;
use crate::json::Value;

pub(super) static DEFINITIONS: KindRow = KindRow {
    icon: IconName::Puzzle,
    columns: &[
        Column::NAME,
        Column::words("status", Msg::ColumnStatus, status),
        Column::words("kind", Msg::ColumnKind, |definition| {
            let kind = text(definition, &["spec", "names", "kind"]);
            match list_of(
                text(definition, &["spec", "group"]),
                text(definition, &["spec", "names", "plural"]),
            ) {
                Some(row) => Cell::Link(kind.to_owned(), row.list_page()),
                None => Cell::text(kind),
            }
        }),
        Column::words("group", Msg::ColumnApiGroup, |definition| {
            Cell::text(text(definition, &["spec", "group"]))
        }),
        Column::words("versions", Msg::ColumnVersions, |definition| {
            let served =
                list(definition, &["spec", "versions"]).iter().filter(|one| is_true(one, &["served"]));
            Cell::dim(&served.map(|one| text(one, &["name"])).collect::<Vec<_>>().join(", "))
        })
        .wide(),
        Column::words("scope", Msg::ColumnScope, |definition| {
            Cell::dim(text(definition, &["spec", "scope"]))
        })
        .wide(),
        Column::AGE,
    ],
    search: &[&["metadata", "labels"], &["spec", "names", "shortNames", "*"]],
    dropped: &[&["spec", "versions", "*", "schema"]],
    tone: Some(|definition| match status(definition) {
        Cell::Status(tone, ..) => tone,
        _ => Tone::Unknown,
    }),
    parts: &[Part::Listing(&VERSIONS), Part::Conditions, Part::Events, Part::Labels],
    ..KindRow::new(
        Group::Custom,
        ("apiextensions.k8s.io", "v1", "customresourcedefinitions"),
        "CustomResourceDefinition",
        KindScope::Cluster,
        Msg::Definitions,
    )
};

fn status(definition: &Value) -> Cell {
    let refused = condition(definition, "NamesAccepted").filter(|one| text(one, &["status"]) == "False");
    let (tone, word) = match refused {
        Some(condition) => (Tone::Critical, text(condition, &["reason"])),
        None if holds(definition, "Established") => (Tone::Ok, "Established"),
        None => (Tone::Progress, "Pending"),
    };
    Cell::Status(tone, word.to_owned(), None)
}

static VERSIONS: Listing = Listing {
    title: Msg::ColumnVersions,
    heads: &[Msg::ColumnName, Msg::VersionServed, Msg::VersionStored, Msg::VersionDeprecated],
    read: |definition| {
        let line = |one: &Value| {
            let of = |field: &str| cells::scalar(one, &[field]);
            vec![Cell::text(text(one, &["name"])), of("served"), of("storage"), of("deprecated")]
        };
        list(definition, &["spec", "versions"]).iter().map(line).collect()
    },
};

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;

    #[test]
    fn a_definition_whose_names_are_taken_says_so() {
        let taken = json!({"status": {"conditions": [{"type": "NamesAccepted", "status": "False", "reason": "ListKindConflict"}]}});
        assert_eq!(status(&taken), Cell::Status(Tone::Critical, "ListKindConflict".into(), None));
        let good = json!({"status": {"conditions": [{"type": "Established", "status": "True"}]}});
        assert_eq!(status(&good), Cell::Status(Tone::Ok, "Established".into(), None));
    }
}
