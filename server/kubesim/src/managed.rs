//! `metadata.managedFields`: which manager set which field, for updates and for server-side apply.

pub(crate) mod apply;
mod compare;
mod fields;
pub(crate) mod shape;

pub(crate) use compare::{Difference, compare};
pub(crate) use fields::FieldSet;
use serde_json::{Value, json};
use shape::Shape;

use crate::{kind::Kind, object};

/// Kinds whose objects have no owners of fields.
const UNTRACKED: &[&str] = &["certificatesigningrequests"];

/// How a manager came to own its fields.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Operation {
    Apply,
    Update,
}

impl Operation {
    fn word(self) -> &'static str {
        match self {
            Operation::Apply => "Apply",
            Operation::Update => "Update",
        }
    }
}

/// Who changes an object, and by which way.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Manager {
    pub(crate) name: String,
    pub(crate) operation: Operation,
    pub(crate) api_version: String,
    /// Empty for the object itself.
    pub(crate) subresource: String,
}

/// One entry of `managedFields`.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) manager: Manager,
    pub(crate) time: String,
    pub(crate) fields: FieldSet,
}

impl Entry {
    fn of(entry: &Value) -> Entry {
        let text = |field: &str| object::text(entry, &[field]).to_owned();
        let operation = if text("operation") == "Apply" { Operation::Apply } else { Operation::Update };
        Entry {
            manager: Manager {
                name: text("manager"),
                operation,
                api_version: text("apiVersion"),
                subresource: text("subresource"),
            },
            time: text("time"),
            fields: object::at(entry, &["fieldsV1"]).map(FieldSet::of).unwrap_or_default(),
        }
    }

    fn to_value(&self) -> Value {
        let mut entry = json!({
            "manager": self.manager.name,
            "operation": self.manager.operation.word(),
            "apiVersion": self.manager.api_version,
            "fieldsType": "FieldsV1",
            "fieldsV1": self.fields.to_value(),
        });
        if !self.time.is_empty() {
            object::set(&mut entry, &["time"], self.time.as_str());
        }
        if !self.manager.subresource.is_empty() {
            object::set(&mut entry, &["subresource"], self.manager.subresource.as_str());
        }
        entry
    }
}

/// The entries of an object.
pub(crate) fn entries(object: &Value) -> Vec<Entry> {
    object::list(object, &["metadata", "managedFields"]).iter().map(Entry::of).collect()
}

/// Writes the entries: applied ones first, then by time and name; empty ones are left out.
pub(crate) fn write(object: &mut Value, mut entries: Vec<Entry>) {
    entries.retain(|entry| !entry.fields.is_empty());
    entries.sort_by(|a, b| {
        let rank = |entry: &Entry| u8::from(entry.manager.operation == Operation::Update);
        (rank(a), &a.time, &a.manager.name, &a.manager.subresource).cmp(&(
            rank(b),
            &b.time,
            &b.manager.name,
            &b.manager.subresource,
        ))
    });
    if entries.is_empty() {
        object::remove(object, &["metadata", "managedFields"]);
    } else {
        let values: Vec<Value> = entries.iter().map(Entry::to_value).collect();
        object::set(object, &["metadata", "managedFields"], values);
    }
}

/// Notes that `manager` made `new` out of `old` (null for a creation) by an update.
pub(crate) fn record_update(kind: &Kind, old: &Value, new: &mut Value, manager: &Manager, now: &str) {
    if UNTRACKED.contains(&kind.plural.as_str()) {
        return;
    }
    // A client that sends an empty list clears the field; one that leaves it out does not.
    let cleared = object::at(new, &["metadata", "managedFields"])
        .and_then(Value::as_array)
        .is_some_and(|entries| matches!(entries.as_slice(), [only] if only == &json!({})));
    let mut entries = if cleared { Vec::new() } else { entries(old) };
    let Difference { changed, removed } = compare(Shape::of(kind), old, new);
    if changed.is_empty() && removed.is_empty() {
        return write(new, entries);
    }
    for entry in &mut entries {
        if entry.manager != *manager {
            entry.fields.subtract(&changed);
        }
        entry.fields.subtract(&removed);
    }
    if !changed.is_empty() {
        match entries.iter_mut().find(|entry| entry.manager == *manager) {
            Some(entry) => {
                entry.fields.add(&changed);
                entry.time = now.to_owned();
            }
            None => entries.push(Entry { manager: manager.clone(), time: now.to_owned(), fields: changed }),
        }
    }
    write(new, entries);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Registry;

    fn manager(name: &str) -> Manager {
        Manager {
            name: name.to_owned(),
            operation: Operation::Update,
            api_version: "v1".to_owned(),
            subresource: String::new(),
        }
    }

    #[test]
    fn an_update_takes_over_the_fields_it_changes() {
        let kind = Registry::new().find("", "v1", "configmaps").unwrap();
        let mut first = json!({"metadata": {"name": "c", "labels": {"a": "b"}}, "data": {"k": "v"}});
        record_update(&kind, &Value::Null, &mut first, &manager("one"), "t1");
        assert_eq!(
            first["metadata"]["managedFields"][0]["fieldsV1"],
            json!({"f:data": {".": {}, "f:k": {}}, "f:metadata": {"f:labels": {".": {}, "f:a": {}}}})
        );
        let mut second = first.clone();
        second["data"]["k"] = "w".into();
        record_update(&kind, &first, &mut second, &manager("two"), "t2");
        let entries = &second["metadata"]["managedFields"];
        assert_eq!(
            entries[0]["fieldsV1"],
            json!({"f:data": {}, "f:metadata": {"f:labels": {".": {}, "f:a": {}}}})
        );
        assert_eq!(entries[1]["fieldsV1"], json!({"f:data": {"f:k": {}}}));
    }
}
