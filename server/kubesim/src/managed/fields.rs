//! Sets of field paths, and their `FieldsV1` form.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::object;

/// A path of `f:name`, `k:{…}` and `v:…` elements.
pub(crate) type Path = Vec<String>;

/// A set of field paths.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct FieldSet(BTreeSet<Path>);

impl FieldSet {
    /// Reads `FieldsV1`.
    pub(crate) fn of(fields: &Value) -> FieldSet {
        let mut set = FieldSet::default();
        set.read(fields, &mut Vec::new());
        set
    }

    fn read(&mut self, fields: &Value, path: &mut Path) {
        let Some(fields) = fields.as_object() else { return };
        for (element, below) in fields {
            if element == "." {
                self.0.insert(path.clone());
                continue;
            }
            path.push(element.clone());
            if below.as_object().is_none_or(Map::is_empty) {
                self.0.insert(path.clone());
            } else {
                self.read(below, path);
            }
            path.pop();
        }
    }

    /// Writes `FieldsV1`.
    pub(crate) fn to_value(&self) -> Value {
        let mut root = Value::Object(Map::new());
        for path in &self.0 {
            let mut here = &mut root;
            for element in path {
                let fields = object::map_mut(here, &[]);
                here = fields.entry(element.clone()).or_insert_with(|| Value::Object(Map::new()));
            }
        }
        // A member that has members below it is marked by a dot.
        for path in &self.0 {
            let mut here = Some(&mut root);
            for element in path {
                here = here.and_then(|value| value.get_mut(element));
            }
            if let Some(Value::Object(below)) = here
                && !below.is_empty()
            {
                below.insert(".".to_owned(), Value::Object(Map::new()));
            }
        }
        root
    }

    pub(crate) fn insert(&mut self, path: &[String]) {
        self.0.insert(path.to_vec());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.0.iter()
    }

    pub(crate) fn add(&mut self, other: &FieldSet) {
        self.0.extend(other.0.iter().cloned());
    }

    pub(crate) fn subtract(&mut self, other: &FieldSet) {
        self.0.retain(|path| !other.0.contains(path));
    }

    /// Members of both sets.
    pub(crate) fn common(&self, other: &FieldSet) -> FieldSet {
        FieldSet(self.0.intersection(&other.0).cloned().collect())
    }

    /// Drops the fields that the server itself keeps.
    pub(crate) fn without_server_fields(mut self) -> FieldSet {
        self.0.retain(|path| {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            !matches!(
                path.as_slice(),
                ["f:apiVersion" | "f:kind" | "f:metadata"]
                    | [
                        "f:metadata",
                        "f:name"
                            | "f:namespace"
                            | "f:uid"
                            | "f:resourceVersion"
                            | "f:generation"
                            | "f:creationTimestamp"
                            | "f:deletionTimestamp"
                            | "f:deletionGracePeriodSeconds"
                            | "f:selfLink"
                            | "f:managedFields",
                        ..
                    ]
            )
        });
        self
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_set_survives_being_written() {
        let fields = json!({
            "f:data": {".": {}, "f:k": {}},
            "f:spec": {"f:ports": {"k:{\"port\":80}": {".": {}, "f:port": {}}}},
        });
        assert_eq!(FieldSet::of(&fields).to_value(), fields);
    }
}
