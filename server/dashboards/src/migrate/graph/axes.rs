//! Axes of a graph panel: the left one is that of all series, the right one comes by overrides.

use serde_json::{Value, json};

use super::super::overrides;
use crate::json;

/// The left axis, as defaults.
pub(super) fn convert(panel: &mut Value, old: &Value) {
    if let Some(unit) = json::list(old, "y_formats").first().and_then(Value::as_str) {
        json::set_absent(panel, "fieldConfig.defaults.unit", unit);
    }
    if let Some(decimals) = json::number(old, "decimals") {
        json::set_absent(panel, "fieldConfig.defaults.decimals", decimals);
    }
    let Some(left) = json::list(old, "yaxes").first() else { return };
    for (id, value) in properties(left) {
        json::set_absent(panel, &format!("fieldConfig.defaults.{id}"), value);
    }
}

/// The right axis, as properties of an override.
pub(super) fn right(old: &Value) -> Vec<Value> {
    let mut found = vec![overrides::property("custom.axisPlacement", "right")];
    if let Some(right) = json::list(old, "yaxes").get(1) {
        let placed = properties(right).into_iter().filter(|(id, _)| *id != "custom.axisPlacement");
        found.extend(placed.map(|(id, value)| overrides::property(id, value)));
        if right.get("show").is_some() && !json::flag(right, "show") {
            found.retain(|property| property["id"] != "custom.axisPlacement");
            found.push(overrides::property("custom.axisPlacement", "hidden"));
        }
    }
    found
}

fn properties(axis: &Value) -> Vec<(&'static str, Value)> {
    let mut found = Vec::new();
    if let Some(unit) = json::text(axis, "format") {
        found.push(("unit", unit.into()));
    }
    if let Some(label) = json::filled(axis, "label") {
        found.push(("custom.axisLabel", label.into()));
    }
    let bounds = [("min", "min"), ("max", "max"), ("decimals", "decimals")];
    found.extend(bounds.iter().filter_map(|(from, to)| Some((*to, json::number(axis, from)?.into()))));
    let base = json::whole(axis, "logBase", 1, 1024, 1);
    if base > 1 {
        found.push(("custom.scaleDistribution", json!({"type": "log", "log": base})));
    }
    if axis.get("show").is_some() && !json::flag(axis, "show") {
        found.push(("custom.axisPlacement", "hidden".into()));
    }
    found
}
