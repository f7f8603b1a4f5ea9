//! Taking a dashboard out of what it came in.

use serde_json::Value;

use super::ImportError;
use crate::json;
use crate::report::{Remark, Report};

/// Fields one of which every dashboard has.
const SIGNS: &[&str] = &["panels", "rows", "schemaVersion", "templating", "elements", "__inputs"];
/// Wrappers in wrappers that are taken off.
const DEEPEST: usize = 4;

/// The dashboard inside `document`: itself, the HTTP API's `{dashboard, meta}`, a resource's `spec`, a snapshot.
pub(super) fn unwrap(document: Value, report: &mut Report) -> Result<Value, ImportError> {
    let mut inside = document;
    let mut path = "$".to_owned();
    for _ in 0..DEEPEST {
        let Some((key, name)) = wrapper(&inside) else { break };
        report.note(Remark::Unwrapped(name));
        let metadata = json::take(&mut inside, "metadata");
        // `{dashboard, meta}` has answers to inputs beside the dashboard when it was written for the import API.
        inside = json::take(&mut inside, key);
        path = format!("{path}.{key}");
        if let Some(uid) = json::filled(&metadata, "name")
            && inside.is_object()
        {
            json::set_absent(&mut inside, "uid", uid);
        }
    }
    let is_dashboard = inside.is_object() && SIGNS.iter().any(|sign| inside.get(sign).is_some());
    if is_dashboard || only_titled(&inside) {
        return Ok(inside);
    }
    Err(ImportError::NotADashboard { path, found: description(&inside) })
}

/// A dashboard without anything in it yet.
fn only_titled(value: &Value) -> bool {
    value.get("title").is_some_and(Value::is_string)
        && value.get("type").is_none()
        && value.get("expr").is_none()
}

/// Whether the body is of schema version 2: elements and a layout in the place of panels.
pub(super) fn is_v2(body: &Value) -> bool {
    body.get("elements").is_some_and(Value::is_object) && body.get("layout").is_some()
}

fn wrapper(value: &Value) -> Option<(&'static str, String)> {
    if value.get("spec").is_some_and(Value::is_object) && value.get("kind").is_some() {
        let version = json::text(value, "apiVersion").unwrap_or_else(|| "a resource".to_owned());
        return Some(("spec", version));
    }
    let inner = value.get("dashboard")?;
    inner.is_object().then(|| ("dashboard", "an answer of the HTTP API".to_owned()))
}

fn description(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "true or false".to_owned(),
        Value::Number(_) => "a number".to_owned(),
        Value::String(_) => "a text".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(map) if map.is_empty() => "an empty object".to_owned(),
        Value::Object(map) => {
            let names: Vec<&str> = map.keys().take(3).map(String::as_str).collect();
            let short = |name: &str| name.chars().take(40).collect::<String>();
            format!("an object with {}", names.into_iter().map(short).collect::<Vec<_>>().join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn wrappers_are_taken_off_and_named() {
        let body = json!({"title": "T", "panels": []});
        for (document, name) in [
            (json!({"dashboard": body, "meta": {}}), "an answer of the HTTP API"),
            (
                json!({"apiVersion": "dashboard.grafana.app/v1beta1", "kind": "Dashboard", "metadata": {"name": "u"}, "spec": body}),
                "dashboard.grafana.app/v1beta1",
            ),
        ] {
            let mut report = Report::default();
            assert_eq!(unwrap(document, &mut report).unwrap()["title"], "T");
            assert_eq!(report.remarks, [Remark::Unwrapped(name.to_owned())]);
        }
    }
}
