//! Strategic merge patches: merge patches that know which lists merge by which key.

use serde_json::{Map, Value};

use crate::managed::shape::{ListShape, Shape};

const DIRECTIVE: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const DELETE_FROM: &str = "$deleteFromPrimitiveList/";
const ORDER: &str = "$setElementOrder/";

/// Changes `target` as `patch` says.
pub(crate) fn strategic_merge(shape: Shape<'_>, target: &mut Value, patch: &Value) {
    match (&mut *target, patch) {
        (Value::Object(fields), Value::Object(patch)) => merge_maps(shape, fields, patch),
        _ => *target = stripped(patch),
    }
}

fn merge_maps(shape: Shape<'_>, fields: &mut Map<String, Value>, patch: &Map<String, Value>) {
    match patch.get(DIRECTIVE).and_then(Value::as_str) {
        Some("replace") => {
            *fields = Map::new();
        }
        Some("delete") => {
            fields.clear();
            return;
        }
        _ => {}
    }
    if let Some(Value::Array(retained)) = patch.get(RETAIN_KEYS) {
        fields.retain(|name, _| retained.iter().any(|key| key.as_str() == Some(name)));
    }
    for (name, value) in patch {
        if name == DIRECTIVE || name == RETAIN_KEYS || name.starts_with(ORDER) {
            continue;
        }
        if let Some(list) = name.strip_prefix(DELETE_FROM) {
            if let (Some(Value::Array(items)), Value::Array(gone)) = (fields.get_mut(list), value) {
                items.retain(|item| !gone.contains(item));
            }
            continue;
        }
        let shape = shape.child(name);
        match (fields.get_mut(name), value) {
            (_, Value::Null) => {
                fields.remove(name);
            }
            (Some(Value::Object(below)), Value::Object(patch)) => merge_maps(shape, below, patch),
            (Some(Value::Array(items)), Value::Array(patch)) => merge_lists(shape, items, patch),
            (None, Value::Array(patch)) => {
                let mut items = Vec::new();
                merge_lists(shape, &mut items, patch);
                fields.insert(name.clone(), Value::Array(items));
            }
            (_, value) => {
                fields.insert(name.clone(), stripped(value));
            }
        }
    }
    for (name, value) in patch {
        if let (Some(list), Value::Array(order)) = (name.strip_prefix(ORDER), value)
            && let Some(Value::Array(items)) = fields.get_mut(list)
        {
            reorder(shape.child(list), items, order);
        }
    }
}

fn merge_lists(shape: Shape<'_>, items: &mut Vec<Value>, patch: &[Value]) {
    let replaces = |item: &Value| item.get(DIRECTIVE).and_then(Value::as_str) == Some("replace");
    if patch.iter().any(replaces) {
        *items = patch.iter().filter(|item| !replaces(item)).map(stripped).collect();
        return;
    }
    match shape.patch_list() {
        ListShape::Atomic => *items = patch.iter().map(stripped).collect(),
        ListShape::Set => {
            for item in patch {
                if !items.contains(item) {
                    items.push(item.clone());
                }
            }
        }
        ListShape::Keyed(keys) => {
            let same = |a: &Value, b: &Value| keys.iter().all(|key| a.get(*key) == b.get(*key));
            // Items that are there merge in place; new ones follow in the order in which they are sent.
            for item in patch {
                let position = items.iter().position(|candidate| same(candidate, item));
                let deletes = item.get(DIRECTIVE).and_then(Value::as_str) == Some("delete");
                match position.and_then(|position| items.get_mut(position).map(|found| (position, found))) {
                    Some((position, _)) if deletes => {
                        items.remove(position);
                    }
                    Some((_, existing)) => strategic_merge(shape.item(), existing, item),
                    None if deletes => {}
                    None => items.push(stripped(item)),
                }
            }
        }
    }
}

/// Puts the named items into the order that the client saw them in; others stay behind them.
fn reorder(shape: Shape<'_>, items: &mut [Value], order: &[Value]) {
    let keys = match shape.patch_list() {
        ListShape::Keyed(keys) => keys,
        _ => Vec::new(),
    };
    let rank = |item: &Value| {
        order
            .iter()
            .position(|wanted| {
                if keys.is_empty() {
                    wanted == item
                } else {
                    keys.iter().all(|key| wanted.get(*key) == item.get(*key))
                }
            })
            .unwrap_or(order.len())
    };
    items.sort_by_key(rank);
}

/// A new value without the directives that came with it.
fn stripped(value: &Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .filter(|(name, value)| !name.starts_with('$') && !value.is_null())
                .map(|(name, value)| (name.clone(), stripped(value)))
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.iter().map(stripped).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(target: Value, patch: &Value, expected: &Value) {
        let mut got = target;
        strategic_merge(Shape::BuiltIn { parent: "", field: "" }, &mut got, patch);
        assert_eq!(&got, expected);
    }

    #[test]
    fn containers_merge_by_name() {
        check(
            json!({"spec": {"containers": [{"name": "a", "image": "1", "tty": true}, {"name": "b"}]}}),
            &json!({"spec": {"containers": [{"name": "a", "image": "2"}, {"name": "c"}]}}),
            &json!({"spec": {"containers": [{"name": "a", "image": "2", "tty": true}, {"name": "b"}, {"name": "c"}]}}),
        );
    }

    #[test]
    fn a_directive_deletes_an_item_or_replaces_a_map() {
        check(
            json!({"spec": {"volumes": [{"name": "a"}, {"name": "b"}]}}),
            &json!({"spec": {"volumes": [{"name": "a", "$patch": "delete"}]}}),
            &json!({"spec": {"volumes": [{"name": "b"}]}}),
        );
        check(
            json!({"metadata": {"labels": {"a": "1", "b": "2"}}}),
            &json!({"metadata": {"labels": {"c": "3", "$patch": "replace"}}}),
            &json!({"metadata": {"labels": {"c": "3"}}}),
        );
    }

    #[test]
    fn a_list_without_a_key_is_replaced() {
        check(json!({"args": ["a", "b"]}), &json!({"args": ["c"]}), &json!({"args": ["c"]}));
    }

    #[test]
    fn retained_keys_shut_out_the_others() {
        check(
            json!({"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}),
            &json!({"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}),
            &json!({"strategy": {"type": "Recreate"}}),
        );
    }

    #[test]
    fn finalizers_merge_as_a_set_and_can_be_taken_out() {
        check(
            json!({"metadata": {"finalizers": ["a", "b"]}}),
            &json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"], "finalizers": ["c"]}}),
            &json!({"metadata": {"finalizers": ["b", "c"]}}),
        );
    }
}
