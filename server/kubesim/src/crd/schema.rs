//! OpenAPI v3 schemas of custom resources: checking, pruning and defaulting.

use regex::Regex;
use serde_json::{Map, Value};

use crate::{object, status::Cause};

/// What in `value` breaks its schema, by the names of fields.
pub(crate) fn check(schema: &Value, value: &Value, path: &str) -> Vec<Cause> {
    let mut causes = Vec::new();
    check_value(schema, value, path, &mut causes);
    causes
}

fn check_value(schema: &Value, value: &Value, path: &str, causes: &mut Vec<Cause>) {
    if value.is_null() && schema.get("nullable") == Some(&Value::Bool(true)) {
        return;
    }
    let wanted = object::text(schema, &["type"]);
    let int_or_string = schema.get("x-kubernetes-int-or-string") == Some(&Value::Bool(true));
    if !wanted.is_empty() && !int_or_string && !is_of_type(value, wanted) {
        let shown = Value::from(type_of(value));
        let detail = format!("{path} in body must be of type {wanted}: {shown}");
        causes.push(Cause::invalid(path, &shown, &detail).with_reason("FieldValueTypeInvalid"));
        return;
    }
    if let Some(allowed) = schema.get("enum").and_then(Value::as_array)
        && !allowed.contains(value)
    {
        causes.push(Cause::not_supported(path, value, allowed));
    }
    check_bounds(schema, value, path, causes);
    match value {
        Value::Object(fields) => check_fields(schema, fields, path, causes),
        Value::Array(items) => {
            if let Some(below) = schema.get("items") {
                for (index, item) in items.iter().enumerate() {
                    check_value(below, item, &format!("{path}[{index}]"), causes);
                }
            }
        }
        _ => {}
    }
}

fn check_fields(schema: &Value, fields: &Map<String, Value>, path: &str, causes: &mut Vec<Cause>) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    for name in object::texts(schema, &["required"]) {
        if !fields.contains_key(name) {
            causes.push(Cause::required(below(name), ""));
        }
    }
    for (name, value) in fields {
        let known = object::at(schema, &["properties", name]);
        if let Some(schema) =
            known.or_else(|| schema.get("additionalProperties").filter(|more| more.is_object()))
        {
            check_value(schema, value, &below(name), causes);
        }
    }
}

/// Numbers, lengths and patterns.
fn check_bounds(schema: &Value, value: &Value, path: &str, causes: &mut Vec<Cause>) {
    let number = |field: &str| schema.get(field).and_then(Value::as_f64);
    let exclusive = |field: &str| schema.get(field) == Some(&Value::Bool(true));
    let mut refuse =
        |detail: String| causes.push(Cause::invalid(path, value, &format!("{path} in body {detail}")));
    if let Some(actual) = value.as_f64() {
        if let Some(minimum) = number("minimum") {
            let strict = exclusive("exclusiveMinimum");
            if actual < minimum || (strict && actual <= minimum) {
                let or_equal = if strict { "" } else { " or equal to" };
                refuse(format!("should be greater than{or_equal} {minimum}"));
            }
        }
        if let Some(maximum) = number("maximum") {
            let strict = exclusive("exclusiveMaximum");
            if actual > maximum || (strict && actual >= maximum) {
                let or_equal = if strict { "" } else { " or equal to" };
                refuse(format!("should be less than{or_equal} {maximum}"));
            }
        }
    }
    if let Some(text) = value.as_str() {
        let length = u32::try_from(text.chars().count()).map_or(f64::MAX, f64::from);
        if let Some(limit) = number("maxLength").filter(|limit| length > *limit) {
            refuse(format!("should be at most {limit} chars long"));
        }
        if let Some(limit) = number("minLength").filter(|limit| length < *limit) {
            refuse(format!("should be at least {limit} chars long"));
        }
        if let Some(pattern) = schema.get("pattern").and_then(Value::as_str)
            && Regex::new(pattern).is_ok_and(|regex| !regex.is_match(text))
        {
            refuse(format!("should match '{pattern}'"));
        }
    }
    if let Some(items) = value.as_array() {
        let length = u32::try_from(items.len()).map_or(f64::MAX, f64::from);
        if let Some(limit) = number("maxItems").filter(|limit| length > *limit) {
            refuse(format!("should have at most {limit} items"));
        }
        if let Some(limit) = number("minItems").filter(|limit| length < *limit) {
            refuse(format!("should have at least {limit} items"));
        }
    }
}

fn is_of_type(value: &Value, wanted: &str) -> bool {
    match wanted {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        _ => true,
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Takes out the fields that the schema does not know, and returns their paths. The root's `apiVersion`, `kind` and
/// `metadata` always stay.
pub(crate) fn prune(schema: &Value, object: &mut Value) -> Vec<String> {
    let mut dropped = Vec::new();
    prune_value(schema, object, "", &mut dropped);
    dropped
}

fn prune_value(schema: &Value, value: &mut Value, path: &str, dropped: &mut Vec<String>) {
    let keeps = |field: &str| schema.get(field) == Some(&Value::Bool(true));
    match value {
        Value::Object(fields) => {
            let more = schema.get("additionalProperties");
            let names: Vec<String> = fields.keys().cloned().collect();
            for name in names {
                if path.is_empty() && matches!(name.as_str(), "apiVersion" | "kind" | "metadata") {
                    continue;
                }
                let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                match object::at(schema, &["properties", &name]).or(more) {
                    Some(schema) => {
                        if let Some(value) = fields.get_mut(&name) {
                            prune_value(schema, value, &below, dropped);
                        }
                    }
                    None if keeps("x-kubernetes-preserve-unknown-fields") => {}
                    None => {
                        fields.remove(&name);
                        dropped.push(below);
                    }
                }
            }
        }
        Value::Array(items) => {
            if let Some(schema) = schema.get("items") {
                for (index, item) in items.iter_mut().enumerate() {
                    prune_value(schema, item, &format!("{path}[{index}]"), dropped);
                }
            }
        }
        _ => {}
    }
}

/// Fills in the defaults of the schema.
pub(crate) fn fill_defaults(schema: &Value, value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
                for (name, schema) in properties {
                    if let Some(default) = schema.get("default") {
                        fields.entry(name.clone()).or_insert_with(|| default.clone());
                    }
                    if let Some(below) = fields.get_mut(name) {
                        fill_defaults(schema, below);
                    }
                }
            }
        }
        Value::Array(items) => {
            if let Some(schema) = schema.get("items") {
                items.iter_mut().for_each(|item| fill_defaults(schema, item));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Value {
        json!({"type": "object", "properties": {"spec": {"type": "object", "required": ["size"], "properties": {
            "size": {"type": "integer", "minimum": 1},
            "color": {"type": "string", "enum": ["red", "blue"], "default": "red"},
            "name": {"type": "string", "pattern": "^[a-z]+$"}}}}})
    }

    #[track_caller]
    fn check_one(value: &Value, expected: &[&str]) {
        let causes = check(&schema(), value, "");
        let lines: Vec<String> =
            causes.iter().map(|cause| format!("{}: {}", cause.field, cause.message)).collect();
        assert_eq!(lines, expected);
    }

    #[test]
    fn what_breaks_the_schema_is_told_field_by_field() {
        check_one(
            &json!({"spec": {"size": 0, "color": "green"}}),
            &[
                "spec.color: Unsupported value: \"green\": supported values: \"red\", \"blue\"",
                "spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1",
            ],
        );
        check_one(&json!({"spec": {}}), &["spec.size: Required value"]);
        check_one(
            &json!({"spec": {"size": "big"}}),
            &["spec.size: Invalid value: \"string\": spec.size in body must be of type integer: \"string\""],
        );
        check_one(
            &json!({"spec": {"size": 1, "name": "A"}}),
            &["spec.name: Invalid value: \"A\": spec.name in body should match '^[a-z]+$'"],
        );
    }

    #[test]
    fn unknown_fields_go_and_defaults_come() {
        let mut widget = json!({"kind": "Widget", "metadata": {"name": "w"}, "spec": {"size": 1, "x": 2}});
        assert_eq!(prune(&schema(), &mut widget), ["spec.x"]);
        fill_defaults(&schema(), &mut widget);
        assert_eq!(widget["spec"], json!({"size": 1, "color": "red"}));
    }
}
