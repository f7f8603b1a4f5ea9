//! `meta.k8s.io/v1 Table`: lists as rows of ready-made cells, as kubectl shows them.

mod cells;
mod cluster;
mod custom;
mod pod;
mod workload;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{kind::Kind, object};

/// One column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    name: &'static str,
    kind: &'static str,
    /// 0 is always shown, 1 in wide tables only.
    priority: u8,
}

/// A column that is always shown.
const fn shown(name: &'static str) -> Column {
    Column { name, kind: "string", priority: 0 }
}

/// A column of wide tables.
const fn wide(name: &'static str) -> Column {
    Column { name, kind: "string", priority: 1 }
}

/// A column of whole numbers.
const fn count(name: &'static str) -> Column {
    Column { name, kind: "integer", priority: 0 }
}

/// The columns of a kind and how an object fills them.
pub(crate) struct Columns {
    /// The plural and group, as in `deployments.apps`.
    resource: &'static str,
    columns: &'static [Column],
    /// The cells of a stored object, at a time.
    cells: fn(&Value, Timestamp) -> Vec<Value>,
}

const NAME: Column = Column { name: "Name", kind: "string", priority: 0 };
const AGE: Column = shown("Age");

/// What kinds without columns of their own show.
const PLAIN: Columns = Columns {
    resource: "",
    columns: &[NAME, Column { name: "Created At", kind: "date", priority: 0 }],
    cells: |object, _| {
        let created = object::text(object, &["metadata", "creationTimestamp"]);
        vec![object::name(object).into(), created.into()]
    },
};

fn columns_of(kind: &Kind) -> &'static Columns {
    let resource = if kind.plural == "events" { "events".to_owned() } else { kind.qualified() };
    [pod::TABLES, workload::TABLES, cluster::TABLES]
        .into_iter()
        .flatten()
        .find(|columns| columns.resource == resource)
        .unwrap_or(&PLAIN)
}

/// What a row carries beside its cells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Include {
    None,
    Metadata,
    Object,
}

/// The `columnDefinitions` of a kind.
pub(crate) fn definitions(kind: &Kind) -> Vec<Value> {
    if let Some(custom) = &kind.custom {
        return custom::definitions(custom);
    }
    columns_of(kind)
        .columns
        .iter()
        .map(|column| {
            let format = if column.name == "Name" { "name" } else { "" };
            json!({
                "name": column.name, "type": column.kind, "format": format,
                "description": format!("{} of the {}", column.name, kind.singular), "priority": column.priority,
            })
        })
        .collect()
}

/// One row. `stored` is the object as it is stored.
pub(crate) fn row(kind: &Kind, stored: &Value, include: Include, now: Timestamp) -> Value {
    let cells = match &kind.custom {
        Some(custom) => custom::cells(custom, stored, now),
        None => (columns_of(kind).cells)(stored, now),
    };
    let object = match include {
        Include::None => Value::Null,
        Include::Metadata => {
            let mut partial = partial(stored);
            if let Some(annotation) = derived_annotation(kind) {
                object::remove(&mut partial, &["metadata", "annotations", annotation]);
            }
            partial
        }
        Include::Object => kind.present(stored),
    };
    let mut row = json!({"cells": cells, "object": object});
    if kind.plural == "pods"
        && let Some(condition) = pod::row_condition(stored)
    {
        row["conditions"] = json!([condition]);
    }
    row
}

/// An annotation that the API server makes from a field when it writes an object, and tables leave out.
fn derived_annotation(kind: &Kind) -> Option<&'static str> {
    (kind.plural == "daemonsets").then_some("deprecated.daemonset.template.generation")
}

/// The metadata alone.
pub(crate) fn partial(stored: &Value) -> Value {
    json!({
        "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
        "metadata": stored.get("metadata").cloned().unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Registry;

    #[test]
    fn every_row_has_as_many_cells_as_its_table_has_columns() {
        let registry = Registry::new();
        let object = json!({"metadata": {"name": "x"}});
        for kind in registry.kinds() {
            let cells = row(kind, &object, Include::None, Timestamp::UNIX_EPOCH);
            assert_eq!(cells["cells"].as_array().unwrap().len(), definitions(kind).len(), "{}", kind.plural);
        }
    }

    #[test]
    fn every_table_belongs_to_a_kind() {
        let registry = Registry::new();
        for columns in [pod::TABLES, workload::TABLES, cluster::TABLES].into_iter().flatten() {
            assert!(
                registry.kinds().any(|kind| kind.qualified() == columns.resource),
                "{}",
                columns.resource
            );
        }
    }
}
