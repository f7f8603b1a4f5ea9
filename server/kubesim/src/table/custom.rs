//! Tables of custom resources, from the printer columns of their definitions.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::cells;
use crate::{crd::CustomKind, object};

pub(super) fn definitions(custom: &CustomKind) -> Vec<Value> {
    let mut definitions = vec![definition("Name", "string", "name", "Name of the object", 0)];
    for column in &custom.columns {
        let text = |field: &str| object::text(column, &[field]);
        let priority = object::integer(column, &["priority"]).unwrap_or(0);
        definitions.push(definition(
            text("name"),
            text("type"),
            text("format"),
            text("description"),
            priority,
        ));
    }
    if custom.columns.is_empty() {
        definitions.push(definition("Age", "date", "", "Age of the object", 0));
    }
    definitions
}

fn definition(name: &str, kind: &str, format: &str, description: &str, priority: i64) -> Value {
    json!({"name": name, "type": kind, "format": format, "description": description, "priority": priority})
}

pub(super) fn cells(custom: &CustomKind, stored: &Value, now: Timestamp) -> Vec<Value> {
    let mut row = vec![object::name(stored).into()];
    for column in &custom.columns {
        let value = follow(stored, object::text(column, &["jsonPath"])).cloned().unwrap_or_default();
        row.push(match (object::text(column, &["type"]), &value) {
            ("date", Value::String(stamp)) => cells::since(stamp, now).into(),
            ("string", Value::Number(_) | Value::Bool(_)) => value.to_string().into(),
            _ => value,
        });
    }
    if custom.columns.is_empty() {
        row.push(cells::age(stored, now));
    }
    row
}

/// The value at a simple JSON path: `.spec.size`, `.status.conditions[0].type`, or
/// `.status.conditions[?(@.type=="Ready")].status`.
fn follow<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    let mut here = value;
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('[') {
            let (inside, after) = after.split_once(']')?;
            here = match inside.strip_prefix("?(@.").and_then(|test| test.strip_suffix(')')) {
                Some(test) => {
                    let (field, wanted) = test.split_once("==")?;
                    let wanted = wanted.trim().trim_matches(['"', '\'']);
                    here.as_array()?.iter().find(|item| object::text(item, &[field.trim()]) == wanted)?
                }
                None => here.get(inside.parse::<usize>().ok()?)?,
            };
            rest = after;
        } else {
            let name = rest.trim_start_matches('.');
            let end = name.find(['.', '[']).unwrap_or(name.len());
            let (field, after) = name.split_at(end);
            here = here.get(field)?;
            rest = after;
        }
    }
    Some(here)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_may_look_for_an_item() {
        let object =
            json!({"status": {"conditions": [{"type": "A", "status": "1"}, {"type": "B", "status": "2"}]}});
        assert_eq!(follow(&object, ".status.conditions[?(@.type==\"B\")].status"), Some(&json!("2")));
        assert_eq!(follow(&object, ".status.conditions[0].type"), Some(&json!("A")));
        assert_eq!(follow(&object, ".spec.size"), None);
    }
}
