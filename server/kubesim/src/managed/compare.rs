//! What differs between two states of an object, as sets of field paths.

use serde_json::{Map, Value};

use super::{
    FieldSet,
    fields::Path,
    shape::{ListShape, Shape, key_element},
};

/// Fields of Kubernetes's own types that are there even in an empty object, so that filling them adds no more than
/// what is in them.
const ALWAYS_THERE: &[&str] =
    &["metadata", "spec", "status", "template", "jobTemplate", "strategy", "updateStrategy", "containers"];

/// What changed from one state to another.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Difference {
    /// Added, or of another value.
    pub(crate) changed: FieldSet,
    pub(crate) removed: FieldSet,
}

/// Compares two states; `old` is null for a creation.
pub(crate) fn compare(shape: Shape<'_>, old: &Value, new: &Value) -> Difference {
    let mut walk = Walk { difference: Difference::default(), path: Vec::new(), created: old.is_null() };
    let empty = Map::new();
    walk.maps(shape, old.as_object().unwrap_or(&empty), new.as_object().unwrap_or(&empty));
    Difference {
        changed: walk.difference.changed.without_server_fields(),
        removed: walk.difference.removed.without_server_fields(),
    }
}

/// The paths that an applied configuration sets.
pub(crate) fn set_of(shape: Shape<'_>, config: &Value) -> FieldSet {
    let mut set = FieldSet::default();
    collect(shape, config, &mut Vec::new(), &mut set);
    set.without_server_fields()
}

struct Walk {
    difference: Difference,
    path: Path,
    created: bool,
}

impl Walk {
    fn maps(&mut self, shape: Shape<'_>, old: &Map<String, Value>, new: &Map<String, Value>) {
        for (name, value) in new {
            if matches!(self.path.as_slice(), [metadata] if metadata == "f:metadata")
                && name == "managedFields"
            {
                continue;
            }
            self.path.push(format!("f:{name}"));
            match old.get(name) {
                Some(before) => self.values(shape.child(name), before, value),
                None if self.created && ALWAYS_THERE.contains(&name.as_str()) => {
                    self.created_field(shape.child(name), value);
                }
                None => whole(shape.child(name), value, &mut self.path, &mut self.difference.changed),
            }
            self.path.pop();
        }
        for (name, value) in old {
            if !new.contains_key(name) {
                self.path.push(format!("f:{name}"));
                whole(shape.child(name), value, &mut self.path, &mut self.difference.removed);
                self.path.pop();
            }
        }
    }

    /// A field that counts as there before its object was made.
    fn created_field(&mut self, shape: Shape<'_>, value: &Value) {
        match value {
            Value::Object(fields) => self.maps(shape, &Map::new(), fields),
            Value::Array(items) => self.items(shape, &[], items),
            _ => self.difference.changed.insert(&self.path),
        }
    }

    fn values(&mut self, shape: Shape<'_>, old: &Value, new: &Value) {
        match (old, new) {
            (Value::Object(old), Value::Object(new)) if !shape.is_atomic_map() => self.maps(shape, old, new),
            (Value::Array(old), Value::Array(new)) => self.items(shape, old, new),
            _ if old == new => {}
            _ => self.difference.changed.insert(&self.path),
        }
    }

    fn items(&mut self, shape: Shape<'_>, old: &[Value], new: &[Value]) {
        let Some(element) = element_of(shape) else {
            if old != new {
                self.difference.changed.insert(&self.path);
            }
            return;
        };
        for item in new {
            let name = element(item);
            let before = old.iter().find(|candidate| element(candidate) == name);
            self.path.push(name);
            match before {
                Some(before) => self.values(shape.item(), before, item),
                None => whole(shape.item(), item, &mut self.path, &mut self.difference.changed),
            }
            self.path.pop();
        }
        for item in old {
            let name = element(item);
            if !new.iter().any(|candidate| element(candidate) == name) {
                self.path.push(name);
                whole(shape.item(), item, &mut self.path, &mut self.difference.removed);
                self.path.pop();
            }
        }
    }
}

/// Names an item of a list.
pub(super) type ElementOf<'s> = Box<dyn Fn(&Value) -> String + 's>;

/// How the items of a list here are named in paths; none where the list is one value.
pub(super) fn element_of(shape: Shape<'_>) -> Option<ElementOf<'_>> {
    match shape.list() {
        ListShape::Atomic => None,
        ListShape::Set => Some(Box::new(|item| format!("v:{item}"))),
        ListShape::Keyed(keys) => Some(Box::new(move |item| key_element(item, &keys))),
    }
}

/// A value that came or went as a whole: itself and everything in it.
fn whole(shape: Shape<'_>, value: &Value, path: &mut Path, set: &mut FieldSet) {
    set.insert(path);
    descend(shape, value, path, &mut |shape, value, path| whole(shape, value, path, set));
}

/// What a configuration sets: leaves, list items, and empty maps; not the maps around them.
fn collect(shape: Shape<'_>, value: &Value, path: &mut Path, set: &mut FieldSet) {
    let is_item = path.last().is_some_and(|element| !element.starts_with("f:"));
    let is_leaf = match value {
        Value::Object(fields) => fields.is_empty() || shape.is_atomic_map(),
        Value::Array(items) => items.is_empty() || element_of(shape).is_none(),
        _ => true,
    };
    if is_item || is_leaf {
        set.insert(path);
    }
    descend(shape, value, path, &mut |shape, value, path| collect(shape, value, path, set));
}

fn descend(
    shape: Shape<'_>,
    value: &Value,
    path: &mut Path,
    visit: &mut dyn FnMut(Shape<'_>, &Value, &mut Path),
) {
    match value {
        Value::Object(fields) if !shape.is_atomic_map() => {
            for (name, below) in fields {
                path.push(format!("f:{name}"));
                visit(shape.child(name), below, path);
                path.pop();
            }
        }
        Value::Array(items) => {
            let Some(element) = element_of(shape) else { return };
            for item in items {
                path.push(element(item));
                visit(shape.item(), item, path);
                path.pop();
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ROOT: Shape<'static> = Shape::BuiltIn { parent: "", field: "" };

    #[test]
    fn a_changed_image_is_one_path() {
        let old =
            json!({"spec": {"containers": [{"name": "a", "image": "x:1"}, {"name": "b", "image": "y"}]}});
        let new = json!({"spec": {"containers": [{"name": "a", "image": "x:2"}]}});
        let difference = compare(ROOT, &old, &new);
        assert_eq!(
            difference.changed.to_value(),
            json!({"f:spec": {"f:containers": {"k:{\"name\":\"a\"}": {"f:image": {}}}}})
        );
        assert_eq!(
            difference.removed.to_value(),
            json!({"f:spec": {"f:containers": {"k:{\"name\":\"b\"}": {".": {}, "f:image": {}, "f:name": {}}}}})
        );
    }

    #[test]
    fn an_applied_map_does_not_own_itself() {
        let set = set_of(ROOT, &json!({"kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"n": "1"}}));
        assert_eq!(set.to_value(), json!({"f:data": {"f:n": {}}}));
    }
}
