//! Reading and writing fields of objects that are only known as JSON.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// The value at a path of field names, if every step of it exists.
pub(crate) fn at<'v>(object: &'v Value, path: &[&str]) -> Option<&'v Value> {
    path.iter().try_fold(object, |value, field| value.get(field))
}

/// The text at a path; empty if there is none, as Go's zero value is.
pub(crate) fn text<'v>(object: &'v Value, path: &[&str]) -> &'v str {
    at(object, path).and_then(Value::as_str).unwrap_or_default()
}

/// The number at a path.
pub(crate) fn integer(object: &Value, path: &[&str]) -> Option<i64> {
    at(object, path).and_then(Value::as_i64)
}

/// The list at a path; empty if there is none.
pub(crate) fn list<'v>(object: &'v Value, path: &[&str]) -> &'v [Value] {
    at(object, path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The texts in the list at a path.
pub(crate) fn texts<'v>(object: &'v Value, path: &[&str]) -> impl Iterator<Item = &'v str> {
    list(object, path).iter().filter_map(Value::as_str)
}

/// The string map (labels, a selector, data) at a path; empty if there is none.
pub(crate) fn string_map(object: &Value, path: &[&str]) -> BTreeMap<String, String> {
    let Some(fields) = at(object, path).and_then(Value::as_object) else { return BTreeMap::new() };
    fields.iter().filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
}

/// The map at a path, made where it is missing. Whatever is in the way and is no map is replaced.
pub(crate) fn map_mut<'v>(object: &'v mut Value, path: &[&str]) -> &'v mut Map<String, Value> {
    let mut here = as_map(object);
    for field in path {
        here = as_map(here.entry(*field).or_insert(Value::Null));
    }
    here
}

fn as_map(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(fields) => fields,
        _ => unreachable!("the value was made an object above"),
    }
}

/// Puts a value at a path, making the maps on the way.
pub(crate) fn set(object: &mut Value, path: &[&str], value: impl Into<Value>) {
    let Some((last, parents)) = path.split_last() else { return };
    map_mut(object, parents).insert((*last).to_owned(), value.into());
}

/// Puts a value at a path unless one is there.
pub(crate) fn set_default(object: &mut Value, path: &[&str], value: impl Into<Value>) {
    if at(object, path).is_none_or(Value::is_null) {
        set(object, path, value);
    }
}

/// Takes the value at a path out.
pub(crate) fn remove(object: &mut Value, path: &[&str]) -> Option<Value> {
    let (last, parents) = path.split_last()?;
    let parent = parents.iter().try_fold(object, |value, field| value.get_mut(field))?;
    parent.as_object_mut()?.remove(*last)
}

/// `metadata.name`.
pub(crate) fn name(object: &Value) -> &str {
    text(object, &["metadata", "name"])
}

/// `metadata.namespace`; empty for cluster-scoped objects.
pub(crate) fn namespace(object: &Value) -> &str {
    text(object, &["metadata", "namespace"])
}

/// `metadata.uid`.
pub(crate) fn uid(object: &Value) -> &str {
    text(object, &["metadata", "uid"])
}

/// `metadata.labels`.
pub(crate) fn labels(object: &Value) -> BTreeMap<String, String> {
    string_map(object, &["metadata", "labels"])
}

/// Whether a delete has been asked for and waits for finalizers or a grace period.
pub(crate) fn is_terminating(object: &Value) -> bool {
    at(object, &["metadata", "deletionTimestamp"]).is_some_and(Value::is_string)
}

/// The status of the condition of one type: `True`, `False`, `Unknown`, or empty.
pub(crate) fn condition<'v>(object: &'v Value, kind: &str) -> &'v str {
    list(object, &["status", "conditions"])
        .iter()
        .find(|condition| text(condition, &["type"]) == kind)
        .map_or("", |condition| text(condition, &["status"]))
}

/// A container of a pod by its name, whichever sort it is of.
pub(crate) fn container<'v>(pod: &'v Value, name: &str) -> Option<&'v Value> {
    containers(pod).find(|container| text(container, &["name"]) == name)
}

/// All containers of a pod: its own, those before, and those that were added.
pub(crate) fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    ["containers", "initContainers", "ephemeralContainers"]
        .into_iter()
        .flat_map(|field| list(pod, &["spec", field]))
}

/// What a pod's status says of a container.
pub(crate) fn container_status<'v>(pod: &'v Value, name: &str) -> Option<&'v Value> {
    ["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"]
        .into_iter()
        .flat_map(|field| list(pod, &["status", field]))
        .find(|status| text(status, &["name"]) == name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn setting_a_value_makes_the_maps_on_the_way() {
        let mut object = json!({"metadata": null});
        set(&mut object, &["metadata", "labels", "a"], "b");
        assert_eq!(object, json!({"metadata": {"labels": {"a": "b"}}}));
        assert_eq!(remove(&mut object, &["metadata", "labels", "a"]), Some(json!("b")));
        assert_eq!(remove(&mut object, &["spec", "x"]), None);
    }

    #[test]
    fn a_default_does_not_replace_a_value() {
        let mut object = json!({"spec": {"replicas": 0, "paused": null}});
        set_default(&mut object, &["spec", "replicas"], 1);
        set_default(&mut object, &["spec", "paused"], false);
        assert_eq!(object, json!({"spec": {"replicas": 0, "paused": false}}));
    }
}
