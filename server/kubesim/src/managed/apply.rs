//! Server-side apply: merging a configuration into an object and watching over who owns what.

use serde_json::{Value, json};

use super::{
    Entry, FieldSet, Manager, Operation,
    compare::{compare, element_of, set_of},
    entries,
    fields::Path,
    shape::Shape,
    write,
};
use crate::{kind::Kind, status::ApiError};

/// What to do about fields of other managers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum OnConflict {
    Refuse,
    Force,
}

/// Applies `config` to `live` (null where there is no object yet) and returns the merged object with its entries.
pub(crate) fn apply(
    kind: &Kind,
    live: &Value,
    config: &Value,
    manager: &Manager,
    on_conflict: OnConflict,
    now: &str,
) -> Result<Value, ApiError> {
    let shape = Shape::of(kind);
    let mut entries = entries(live);
    let wanted = set_of(shape, config);
    let mut merged = merge(shape, live, config);
    if let Some(own) = entries.iter().find(|entry| entry.manager == *manager) {
        let mut dropped = own.fields.clone();
        dropped.subtract(&wanted);
        for other in entries.iter().filter(|entry| entry.manager != *manager) {
            dropped.subtract(&other.fields);
        }
        // The deepest first: a list item goes after what is in it.
        let paths: Vec<&Path> = dropped.paths().collect();
        for path in paths.into_iter().rev() {
            remove(shape, &mut merged, path);
        }
    }
    let difference = compare(shape, live, &merged);
    let mut conflicts: Vec<(Manager, FieldSet)> = Vec::new();
    if !live.is_null() {
        for entry in entries.iter_mut().filter(|entry| entry.manager != *manager) {
            let common = entry.fields.common(&difference.changed);
            if !common.is_empty() {
                entry.fields.subtract(&common);
                conflicts.push((entry.manager.clone(), common));
            }
        }
    }
    if on_conflict == OnConflict::Refuse && !conflicts.is_empty() {
        return Err(refusal(&conflicts));
    }
    for entry in &mut entries {
        entry.fields.subtract(&difference.removed);
    }
    let unchanged = entries.iter().any(|entry| entry.manager == *manager && entry.fields == wanted);
    if !unchanged {
        entries.retain(|entry| entry.manager != *manager);
        entries.push(Entry { manager: manager.clone(), time: now.to_owned(), fields: wanted });
    }
    write(&mut merged, entries);
    Ok(merged)
}

/// Puts a configuration over an object, list items by their keys.
fn merge(shape: Shape<'_>, live: &Value, config: &Value) -> Value {
    match (live, config) {
        (Value::Object(live), Value::Object(config)) if !shape.is_atomic_map() => {
            let mut merged = live.clone();
            for (name, value) in config {
                let below = merge(shape.child(name), live.get(name).unwrap_or(&Value::Null), value);
                merged.insert(name.clone(), below);
            }
            Value::Object(merged)
        }
        (Value::Array(live), Value::Array(config)) => {
            let Some(element) = element_of(shape) else { return Value::Array(config.clone()) };
            let mut merged = live.clone();
            for item in config {
                let name = element(item);
                match merged.iter_mut().find(|candidate| element(candidate) == name) {
                    Some(existing) => *existing = merge(shape.item(), existing, item),
                    None => merged.push(item.clone()),
                }
            }
            Value::Array(merged)
        }
        _ => config.clone(),
    }
}

/// Takes the value at a path out.
fn remove(shape: Shape<'_>, value: &mut Value, path: &[String]) {
    let Some((element, below)) = path.split_first() else { return };
    match (element.strip_prefix("f:"), value) {
        (Some(field), Value::Object(fields)) => {
            if below.is_empty() {
                fields.remove(field);
            } else if let Some(next) = fields.get_mut(field) {
                remove(shape.child(field), next, below);
            }
        }
        (None, Value::Array(items)) => {
            let Some(element_of) = element_of(shape) else { return };
            if below.is_empty() {
                items.retain(|item| element_of(item) != *element);
            } else if let Some(item) = items.iter_mut().find(|item| element_of(item) == *element) {
                remove(shape.item(), item, below);
            }
        }
        _ => {}
    }
}

fn refusal(conflicts: &[(Manager, FieldSet)]) -> ApiError {
    let mut causes = Vec::new();
    let mut parts = Vec::new();
    for (manager, fields) in conflicts {
        let via = match manager.operation {
            Operation::Apply => String::new(),
            Operation::Update => format!(" using {}", manager.api_version),
        };
        let subresource = if manager.subresource.is_empty() {
            String::new()
        } else {
            format!(" with subresource {:?}", manager.subresource)
        };
        let who = format!("{:?}{subresource}{via}", manager.name);
        let paths: Vec<String> = fields.paths().map(show).collect();
        for path in &paths {
            causes.push(json!({
                "reason": "FieldManagerConflict", "message": format!("conflict with {who}"), "field": path,
            }));
        }
        parts.push(match paths.as_slice() {
            [only] => format!("conflict with {who}: {only}"),
            several => format!("conflicts with {who}:\n- {}", several.join("\n- ")),
        });
    }
    let count = causes.len();
    let noun = if count == 1 { "conflict" } else { "conflicts" };
    ApiError::apply_conflict(format!("Apply failed with {count} {noun}: {}", parts.join("\n")), &causes)
}

/// A path as messages write it: `.spec.containers[name="a"].image`.
fn show(path: &Path) -> String {
    let mut text = String::new();
    for element in path {
        if let Some(field) = element.strip_prefix("f:") {
            text.push('.');
            text.push_str(field);
        } else if let Some(key) = element.strip_prefix("k:") {
            let fields: serde_json::Map<String, Value> = serde_json::from_str(key).unwrap_or_default();
            let pairs: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
            text.push_str(&format!("[{}]", pairs.join(",")));
        } else if let Some(value) = element.strip_prefix("v:") {
            text.push_str(&format!("[={value}]"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Registry;

    fn manager(name: &str, operation: Operation) -> Manager {
        Manager {
            name: name.to_owned(),
            operation,
            api_version: "apps/v1".to_owned(),
            subresource: String::new(),
        }
    }

    fn deployment(image: &str) -> Value {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"template":
            {"spec": {"containers": [{"name": "nginx", "image": image}]}}}})
    }

    #[test]
    fn a_field_of_another_manager_is_a_conflict_unless_forced() {
        let kind = Registry::new().find("apps", "v1", "deployments").unwrap();
        let one = manager("one", Operation::Apply);
        let two = manager("two", Operation::Apply);
        let live = apply(&kind, &Value::Null, &deployment("a"), &one, OnConflict::Refuse, "t").unwrap();
        let error = apply(&kind, &live, &deployment("b"), &two, OnConflict::Refuse, "t").unwrap_err();
        assert_eq!(
            error.message,
            "Apply failed with 1 conflict: conflict with \"one\": \
             .spec.template.spec.containers[name=\"nginx\"].image"
        );
        let forced = apply(&kind, &live, &deployment("b"), &two, OnConflict::Force, "t").unwrap();
        assert_eq!(forced["spec"]["template"]["spec"]["containers"][0]["image"], "b");
        // Both still own the name of the container; only one owns the image.
        let owners = |path: &str| {
            let entries = forced["metadata"]["managedFields"].as_array().unwrap();
            entries.iter().filter(|entry| entry.to_string().contains(path)).count()
        };
        assert_eq!(owners("f:image"), 1);
        assert_eq!(owners("f:name"), 2);
    }

    #[test]
    fn what_is_no_longer_applied_goes() {
        let kind = Registry::new().find("", "v1", "configmaps").unwrap();
        let own = manager("ui", Operation::Apply);
        let first = json!({"metadata": {"name": "c"}, "data": {"a": "1", "b": "2"}});
        let live = apply(&kind, &Value::Null, &first, &own, OnConflict::Refuse, "t").unwrap();
        let second = json!({"metadata": {"name": "c"}, "data": {"a": "1"}});
        let merged = apply(&kind, &live, &second, &own, OnConflict::Refuse, "t").unwrap();
        assert_eq!(merged["data"], json!({"a": "1"}));
    }
}
