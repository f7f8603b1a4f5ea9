//! What the API server serves, and rows for those kinds of it that have none of ours.
//!
//! Such a kind is known by its name in the API, `cert-manager.io.v1.certificates`, and is shown in the API server's own columns. Its
//! row is made once and stays for as long as the page is open, as those of ours do; there are no more of them than [`MOST`].

use std::cell::RefCell;
use std::collections::BTreeMap;

use crowsnest_api::cluster::Kind;
use crowsnest_api::kinds::{ServedKind, TableColumn};

use super::{Column, Group, KINDS, KindRow, KindScope, Natural, Part, Place, Source, Wire};
use crate::components::IconName;
use crate::i18n::{Msg, Words};

/// Kinds beside ours that are known at once.
const MOST: usize = 2_000;
/// The same resource under a second name, of which one is enough.
const TWICE: &[(&str, &str)] =
    &[("events.k8s.io", "events"), ("metrics.k8s.io", "pods"), ("metrics.k8s.io", "nodes")];
/// Where kinds of Kubernetes' own groups stand in the side bar. Everybody else's are custom.
const GROUPS: &[(&str, Group)] = &[
    ("apps", Group::Workloads),
    ("batch", Group::Workloads),
    ("autoscaling", Group::Workloads),
    ("policy", Group::Workloads),
    ("networking.k8s.io", Group::Network),
    ("discovery.k8s.io", Group::Network),
    ("gateway.networking.k8s.io", Group::Network),
    ("storage.k8s.io", Group::Storage),
    ("rbac.authorization.k8s.io", Group::Access),
    ("certificates.k8s.io", Group::Access),
    ("admissionregistration.k8s.io", Group::System),
    ("apiregistration.k8s.io", Group::System),
    ("coordination.k8s.io", Group::System),
    ("flowcontrol.apiserver.k8s.io", Group::System),
    ("node.k8s.io", Group::System),
    ("resource.k8s.io", Group::System),
    ("scheduling.k8s.io", Group::System),
    ("internal.apiserver.k8s.io", Group::System),
    ("storagemigration.k8s.io", Group::System),
];
/// Kinds of the core group that have no row of ours.
const CORE: &[(&str, Group)] = &[("endpoints", Group::Network), ("podtemplates", Group::Workloads)];

#[derive(Default)]
struct Registry {
    /// Rows by their names in addresses.
    rows: BTreeMap<&'static str, &'static KindRow>,
    /// What is served, once that is known.
    served: Option<Vec<ServedKind>>,
    /// Names that are kept, because addresses or rows hold them.
    names: BTreeMap<String, &'static str>,
}

thread_local! {
    static REGISTRY: RefCell<Registry> = RefCell::default();
}

/// Takes in what the API server says that it serves, and tells whether that is anything new.
pub(crate) fn take(kinds: Vec<ServedKind>) -> bool {
    REGISTRY.with_borrow_mut(|registry| {
        if registry.served.as_ref() == Some(&kinds) {
            return false;
        }
        for kind in &kinds {
            if !can_be_listed(kind) || own_row(kind).is_some() || registry.rows.len() >= MOST {
                continue;
            }
            let Some(name) = name_of(kind) else { continue };
            let is_known = registry.rows.get(name.as_str()).is_some_and(|row| row.api_kind == kind.kind);
            if !is_known && let Some(id) = keep(&mut registry.names, &name) {
                registry.rows.insert(id, leak(row_for(kind, id)));
            }
        }
        registry.served = Some(kinds);
        true
    })
}

/// Whether what is served is known.
pub(crate) fn is_known() -> bool {
    REGISTRY.with_borrow(|registry| registry.served.is_some())
}

/// Whether the API server serves a kind; taken to be so until it has told.
pub(crate) fn is_served(row: &KindRow) -> bool {
    REGISTRY.with_borrow(|registry| {
        registry.served.as_ref().is_none_or(|served| served.iter().any(|kind| is_of(kind, row)))
    })
}

/// The short names of a kind: `deploy`.
pub(crate) fn short_names(row: &KindRow) -> Vec<String> {
    REGISTRY.with_borrow(|registry| {
        let found = registry.served.iter().flatten().find(|kind| is_of(kind, row));
        found.map(|kind| kind.short_names.clone()).unwrap_or_default()
    })
}

/// The kinds that are served, in the order of the side bar: ours first within a group, then the others by name.
pub(crate) fn rows() -> Vec<&'static KindRow> {
    let mut rows: Vec<&'static KindRow> = KINDS.iter().copied().filter(|row| is_served(row)).collect();
    REGISTRY.with_borrow(|registry| {
        let others = registry.served.iter().flatten().filter_map(|kind| {
            let is_shown = can_be_listed(kind) && own_row(kind).is_none();
            registry.rows.get(name_of(kind).filter(|_| is_shown)?.as_str()).copied()
        });
        let mut others: Vec<_> = others.collect();
        others.sort_by_key(|row| (row.api_kind, row.api.0));
        rows.extend(others);
    });
    rows.sort_by_key(|row| row.group);
    rows
}

/// The row of a kind without one of ours.
pub(super) fn row(id: &str) -> Option<&'static KindRow> {
    REGISTRY.with_borrow(|registry| registry.rows.get(id).copied())
}

/// The same by what a group of the API calls it.
pub(super) fn row_of(group: &str, kind: &str) -> Option<&'static KindRow> {
    REGISTRY.with_borrow(|registry| {
        registry.rows.values().copied().find(|row| row.api.0 == group && row.api_kind == kind)
    })
}

/// The list of a resource of a group, if it is shown.
pub(super) fn list_of(group: &str, resource: &str) -> Option<&'static KindRow> {
    let is_meant = |row: &&'static KindRow| row.api.0 == group && row.api.2 == resource;
    REGISTRY.with_borrow(|registry| registry.rows.values().copied().find(is_meant))
}

/// A name in an address that may be one of a kind of theirs: it is kept, so that pages can hold it.
pub(crate) fn name_in_address(text: &str) -> Option<&'static str> {
    text.parse::<Kind>().ok()?;
    REGISTRY.with_borrow_mut(|registry| keep(&mut registry.names, text))
}

/// The row of a kind in the columns that the API server's table has; ours stay as they are.
pub(crate) fn in_columns(row: &'static KindRow, columns: &[TableColumn]) -> &'static KindRow {
    REGISTRY.with_borrow_mut(|registry| {
        let Some(known) = registry.rows.get(row.id).copied() else { return row };
        let printed = known.columns.iter().filter_map(|column| match column.source {
            Source::Printed(name) => Some(name),
            _ => None,
        });
        if printed.eq(columns.iter().filter(|column| is_shown(column)).map(|column| column.name.as_str())) {
            return known;
        }
        let columns: &'static [Column] = Vec::leak(columns_for(known.scope, columns));
        let made = leak(KindRow { columns, ..*known });
        registry.rows.insert(row.id, made);
        made
    })
}

/// Rows live as long as the page; there is a bound on their number where they are made.
fn leak(row: KindRow) -> &'static KindRow {
    Box::leak(Box::new(row))
}

fn keep(names: &mut BTreeMap<String, &'static str>, text: &str) -> Option<&'static str> {
    if let Some(known) = names.get(text) {
        return Some(known);
    }
    (names.len() < 2 * MOST).then(|| {
        let name = leaked(text);
        names.insert(text.to_owned(), name);
        name
    })
}

fn leaked(text: &str) -> &'static str {
    String::leak(text.to_owned())
}

fn can_be_listed(kind: &ServedKind) -> bool {
    let can = |verb: &str| kind.verbs.iter().any(|one| one == verb);
    can("list") && can("watch") && !TWICE.contains(&(kind.group.as_str(), kind.resource.as_str()))
}

/// The row of ours that a kind has.
fn own_row(kind: &ServedKind) -> Option<&'static KindRow> {
    KINDS.iter().copied().find(|row| is_of(kind, row))
}

/// A row asks for one version; another one does not help it.
fn is_of(kind: &ServedKind, row: &KindRow) -> bool {
    let (group, version, resource) = row.api;
    let has_version = kind.version == version || kind.versions.iter().any(|one| one == version);
    kind.group == group && kind.resource == resource && has_version
}

fn name_of(kind: &ServedKind) -> Option<String> {
    Kind::new(&kind.group, &kind.version, &kind.resource).ok().map(|kind| kind.to_string())
}

fn group_of(kind: &ServedKind) -> Group {
    let (table, name, otherwise) = match kind.group.as_str() {
        "" => (CORE, kind.resource.as_str(), Group::System),
        group => (GROUPS, group, Group::Custom),
    };
    table.iter().find(|(known, _)| *known == name).map_or(otherwise, |(_, group)| *group)
}

fn row_for(kind: &ServedKind, id: &'static str) -> KindRow {
    let scope = if kind.namespaced { KindScope::Namespaced } else { KindScope::Cluster };
    let title = Words::Theirs(leaked(&plural(&kind.kind, &kind.resource)));
    let api = (leaked(&kind.group), leaked(&kind.version), leaked(&kind.resource));
    KindRow {
        id,
        title,
        what: title,
        wire: Wire::Rows,
        icon: IconName::Puzzle,
        columns: Vec::leak(columns_for(scope, &[])),
        search: &[&["metadata", "labels"]],
        parts: &[Part::Conditions, Part::Tree, Part::Events, Part::Labels],
        ..KindRow::new(group_of(kind), api, leaked(&kind.kind), scope, Msg::ColumnName)
    }
}

/// `NetworkPolicy` and `networkpolicies` make `NetworkPolicies`.
fn plural(kind: &str, resource: &str) -> String {
    let same = kind.to_lowercase().chars().zip(resource.chars()).take_while(|(a, b)| a == b).count();
    if same + 1 < kind.chars().count() {
        return kind.to_owned();
    }
    kind.chars().take(same).chain(resource.chars().skip(same)).collect()
}

fn columns_for(scope: KindScope, columns: &[TableColumn]) -> Vec<Column> {
    let mut all = vec![Column::NAME];
    if scope == KindScope::Namespaced {
        all.push(Column::NAMESPACE);
    }
    all.extend(columns.iter().filter(|column| is_shown(column)).map(of_theirs));
    all.push(Column::AGE);
    all
}

/// Name, namespace and age are ours: the age is to go on.
fn is_shown(column: &TableColumn) -> bool {
    column.format != "name" && !matches!(column.name.as_str(), "Name" | "Namespace" | "Age" | "Created At")
}

fn of_theirs(column: &TableColumn) -> Column {
    let name = leaked(&column.name);
    let is_figure = matches!(column.kind.as_str(), "integer" | "number");
    Column {
        id: leaked(&format!("c-{}", slug(name))),
        title: Words::Theirs(name),
        source: Source::Printed(name),
        order: if is_figure { Natural::Largest } else { Natural::First },
        place: if column.priority == 0 { Place::Wide } else { Place::Widest },
    }
}

/// A column's name in addresses and classes.
fn slug(name: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    name.chars().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::super::{Cell, find_api};
    use super::*;

    fn kind(group: &str, version: &str, resource: &str, kind: &str) -> ServedKind {
        ServedKind {
            group: group.into(),
            version: version.into(),
            resource: resource.into(),
            kind: kind.into(),
            namespaced: true,
            verbs: vec!["list".into(), "watch".into()],
            ..ServedKind::default()
        }
    }

    fn column(name: &str, kind: &str, priority: i32) -> TableColumn {
        TableColumn { name: name.into(), kind: kind.into(), priority, ..TableColumn::default() }
    }

    #[test]
    fn a_kind_of_somebody_elses_has_a_row_and_what_is_not_served_has_none() {
        take(vec![
            kind("", "v1", "pods", "Pod"),
            kind("cert-manager.io", "v1", "certificates", "Certificate"),
            kind("events.k8s.io", "v1", "events", "Event"),
            kind("autoscaling", "v1", "horizontalpodautoscalers", "HorizontalPodAutoscaler"),
        ]);
        let ids: Vec<_> = rows().iter().map(|row| row.id).collect();
        assert_eq!(
            ids,
            ["pods", "autoscaling.v1.horizontalpodautoscalers", "cert-manager.io.v1.certificates"]
        );
        let row = row("cert-manager.io.v1.certificates").unwrap();
        assert_eq!((row.title, row.group), (Words::Theirs("Certificates"), Group::Custom));
        assert!(std::ptr::eq(find_api("cert-manager.io", "Certificate").unwrap(), row));

        let columns =
            [column("Name", "string", 0), column("Ready", "string", 0), column("Days", "integer", 1)];
        let shown = in_columns(row, &columns);
        let ids: Vec<_> = shown.columns.iter().map(|column| column.id).collect();
        assert_eq!(ids, ["name", "namespace", "c-ready", "c-days", "age"]);
        assert!(std::ptr::eq(in_columns(row, &columns), shown), "made once");
        let object = json!({"cells": {"Ready": "True", "Days": 12}});
        assert_eq!(shown.cells(&object).get(3), Some(&Cell::Count(12)));
    }

    #[test]
    fn a_plural_has_the_letters_of_the_kind() {
        assert_eq!(plural("NetworkPolicy", "networkpolicies"), "NetworkPolicies");
        assert_eq!(plural("Endpoints", "endpoints"), "Endpoints");
        assert_eq!(plural("CSINode", "csinodes"), "CSINodes");
        assert_eq!(plural("Gateway", "gateways"), "Gateways");
        assert_eq!(plural("Foo", "bars"), "Foo");
    }
}
