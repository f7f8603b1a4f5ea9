//! Reading and changing JSON that others wrote: whatever has another type than was hoped for counts as absent.

use serde_json::Value;

const NULL: &Value = &Value::Null;

/// The value at a dotted path, `fieldConfig.defaults.unit`; null where there is none.
pub fn at<'a>(value: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(value, |value, key| value.get(key).unwrap_or(NULL))
}

/// The text at `path`; numbers count as their digits.
pub fn text(value: &Value, path: &str) -> Option<String> {
    to_text(at(value, path))
}

/// The text at `path`, unless it is blank.
pub fn filled(value: &Value, path: &str) -> Option<String> {
    text(value, path).filter(|text| !text.trim().is_empty())
}

/// A text, a number's digits, or `true` and `false`.
pub(crate) fn to_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// The finite number at `path`; digits in a text count.
pub fn number(value: &Value, path: &str) -> Option<f64> {
    to_number(at(value, path))
}

/// A finite number, or the one a text holds.
pub fn to_number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|number: &f64| number.is_finite())
}

/// The whole number at `path`, cut to `least..=most`; `fallback` where there is none.
pub fn whole(value: &Value, path: &str, least: i64, most: i64, fallback: i64) -> i64 {
    // A cast of a float saturates.
    number(value, path).map_or(fallback, |number| (number.floor() as i64).clamp(least, most))
}

/// Whether the value at `path` is true; the words and 1 count.
pub fn flag(value: &Value, path: &str) -> bool {
    match at(value, path) {
        Value::Bool(flag) => *flag,
        Value::String(text) => text == "true",
        Value::Number(number) => number.as_f64() == Some(1.0),
        _ => false,
    }
}

/// The list at `path`; empty where there is none.
pub fn list<'a>(value: &'a Value, path: &str) -> &'a [Value] {
    at(value, path).as_array().map_or(&[], Vec::as_slice)
}

/// The texts of the list at `path`; a single text counts as a list of one.
pub fn texts(value: &Value, path: &str) -> Vec<String> {
    match at(value, path) {
        Value::Array(items) => items.iter().filter_map(to_text).collect(),
        one => to_text(one).into_iter().collect(),
    }
}

/// The field `key` of `slot`, which becomes an object if it is something else.
pub(crate) fn field<'a>(slot: &'a mut Value, key: &str) -> &'a mut Value {
    if !slot.is_object() {
        *slot = Value::Null;
    }
    // Indexing by a text makes an object of null.
    &mut slot[key]
}

/// Puts `new` at a dotted path; objects on the way are made.
pub(crate) fn set(value: &mut Value, path: &str, new: impl Into<Value>) {
    *path.split('.').fold(value, field) = new.into();
}

/// Puts `new` at a dotted path where nothing is yet.
pub(crate) fn set_absent(value: &mut Value, path: &str, new: impl Into<Value>) {
    if at(value, path).is_null() {
        set(value, path, new);
    }
}

/// Takes the value with the name `key` out of an object; null where there is none.
pub(crate) fn take(value: &mut Value, key: &str) -> Value {
    value.as_object_mut().and_then(|map| map.remove(key)).unwrap_or(Value::Null)
}

/// The list in the field `key`, to be changed; none is made.
pub(crate) fn list_mut<'a>(value: &'a mut Value, key: &str) -> &'a mut [Value] {
    value.get_mut(key).and_then(Value::as_array_mut).map_or(&mut [], Vec::as_mut_slice)
}

/// The list `key` of the object `parent`, to be changed; neither is made.
pub(crate) fn field_list<'a>(value: &'a mut Value, parent: &str, key: &str) -> &'a mut [Value] {
    value.get_mut(parent).map_or(&mut [], |parent| list_mut(parent, key))
}

/// Every text inside `value`, keys excepted, to be changed.
pub(crate) fn each_text(value: &mut Value, change: &mut impl FnMut(&mut String)) {
    match value {
        Value::String(text) => change(text),
        Value::Array(items) => items.iter_mut().for_each(|item| each_text(item, change)),
        Value::Object(map) => map.values_mut().for_each(|item| each_text(item, change)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_has_another_type_counts_as_absent() {
        let value = json!({"a": {"b": "3", "c": [1, "x", {}]}});
        assert_eq!(number(&value, "a.b"), Some(3.0));
        assert_eq!(text(&value, "a.c"), None);
        assert_eq!(texts(&value, "a.c"), ["1", "x"]);
        assert_eq!(at(&value, "a.b.c"), &Value::Null);
        assert_eq!(whole(&json!({"h": 1e300}), "h", 0, 99, 1), 99);
    }

    #[test]
    fn setting_makes_objects_on_the_way() {
        let mut value = json!({"a": 1});
        set(&mut value, "a.b.c", 2);
        set_absent(&mut value, "a.b.c", 3);
        assert_eq!(value, json!({"a": {"b": {"c": 2}}}));
    }
}
