//! Building overrides of field config: a matcher and what it changes.

use serde_json::{Value, json};

use crate::json;

/// A matcher for a name of old panels: `/…/` is a pattern, anything else a name.
pub(super) fn matcher(alias: &str) -> Value {
    let is_pattern =
        alias.len() > 2 && alias.starts_with('/') && alias.trim_end_matches(['i', 'g', 'm']).ends_with('/');
    json!({"id": if is_pattern { "byRegexp" } else { "byName" }, "options": alias})
}

/// A property of an override.
pub(super) fn property(id: &str, value: impl Into<Value>) -> Value {
    json!({"id": id, "value": value.into()})
}

/// A fixed colour.
pub(super) fn color(color: &str) -> Value {
    property("color", json!({"mode": "fixed", "fixedColor": color}))
}

/// Adds an override to a panel unless it changes nothing.
pub(super) fn push(panel: &mut Value, matcher: &Value, properties: &[Value]) {
    if properties.is_empty() {
        return;
    }
    let slot = json::field(json::field(panel, "fieldConfig"), "overrides");
    let new = json!({"matcher": matcher, "properties": properties});
    match slot {
        Value::Array(overrides) => overrides.push(new),
        other => *other = Value::Array(vec![new]),
    }
}
