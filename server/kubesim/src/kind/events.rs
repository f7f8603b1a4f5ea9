//! Events are one set of objects under two shapes: `v1`, as stored, and `events.k8s.io/v1`.

use serde_json::{Map, Value};

/// Core field, field of `events.k8s.io/v1`.
const FIELDS: &[(&str, &str)] = &[
    ("metadata", "metadata"),
    ("eventTime", "eventTime"),
    ("series", "series"),
    ("reportingComponent", "reportingController"),
    ("reportingInstance", "reportingInstance"),
    ("action", "action"),
    ("reason", "reason"),
    ("involvedObject", "regarding"),
    ("related", "related"),
    ("message", "note"),
    ("type", "type"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
];

/// A stored event as `events.k8s.io/v1` shows it.
pub(super) fn to_new(event: &Value) -> Value {
    let mut object = event.as_object().map(|fields| super::rename(fields, FIELDS)).unwrap_or_default();
    // The older field is always written, even when empty; the newer one never is.
    if object.get("reportingController").and_then(Value::as_str) == Some("") {
        object.remove("reportingController");
    }
    if object.get("reportingInstance").and_then(Value::as_str) == Some("") {
        object.remove("reportingInstance");
    }
    Value::Object(object)
}

/// An event of `events.k8s.io/v1` as it is stored.
pub(super) fn to_core(event: &Value) -> Value {
    let back: Vec<(&str, &str)> = FIELDS.iter().map(|(core, new)| (*new, *core)).collect();
    let mut object: Map<String, Value> =
        event.as_object().map(|fields| super::rename(fields, &back)).unwrap_or_default();
    object.entry("source").or_insert_with(|| Value::Object(Map::new()));
    object.entry("firstTimestamp").or_insert(Value::Null);
    object.entry("lastTimestamp").or_insert(Value::Null);
    object.entry("reportingComponent").or_insert_with(|| "".into());
    object.entry("reportingInstance").or_insert_with(|| "".into());
    Value::Object(object)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_has_two_shapes() {
        let core = json!({"metadata": {"name": "e"}, "involvedObject": {"kind": "Pod"}, "message": "m", "source": {},
            "firstTimestamp": null, "lastTimestamp": null, "reportingComponent": "", "reportingInstance": ""});
        let new = to_new(&core);
        assert_eq!(new["regarding"], json!({"kind": "Pod"}));
        assert_eq!(new["note"], "m");
        assert!(new.get("reportingController").is_none());
        assert_eq!(to_core(&new), core);
    }
}
