//! `singlestat` panels, drawn by Grafana up to version 7, as `stat` or `gauge`; and the old pie plug-in's settings.

use serde_json::{Value, json};

use super::overrides::matcher;
use super::{mappings, thresholds};
use crate::json;
use crate::report::Remark;

/// Settings of the old panel that have been read and are not kept.
const READ: &[&str] = &[
    "cacheTimeout",
    "colorBackground",
    "colorPostfix",
    "colorPrefix",
    "colorValue",
    "colors",
    "decimals",
    "format",
    "gauge",
    "mappingType",
    "mappingTypes",
    "nullPointMode",
    "nullText",
    "postfix",
    "postfixFontSize",
    "prefix",
    "prefixFontSize",
    "rangeMaps",
    "sparkline",
    "tableColumn",
    "thresholds",
    "valueFontSize",
    "valueMaps",
    "valueName",
];

/// Calculations of the old panel and those of today.
const CALCS: &[(&str, &str)] = &[
    ("min", "min"),
    ("max", "max"),
    ("avg", "mean"),
    ("current", "lastNotNull"),
    ("total", "sum"),
    ("name", "lastNotNull"),
    ("first", "firstNotNull"),
    ("delta", "delta"),
    ("diff", "diff"),
    ("range", "range"),
    ("last_time", "lastNotNull"),
];

/// Turns the panel over and gives the kind it has now.
pub(super) fn convert(panel: &mut Value, remarks: &mut Vec<Remark>) -> &'static str {
    let old = panel.clone();
    let gauge = json::flag(&old, "gauge.show");
    let value_name = json::text(&old, "valueName").unwrap_or_else(|| "avg".to_owned());
    let calc = CALCS.iter().find(|(name, _)| *name == value_name).map_or("mean", |(_, calc)| *calc);
    let column = json::filled(&old, "tableColumn").map(|name| format!("/^{}$/", escaped(&name)));
    json::set(
        panel,
        "options.reduceOptions",
        json!({"calcs": [calc], "fields": column.unwrap_or_default(), "values": false}),
    );
    json::set_absent(panel, "options.orientation", "horizontal");
    if value_name == "last_time" {
        remarks.push(Remark::Ignored("valueName: last_time".to_owned()));
    }
    if gauge {
        for (from, to) in [("gauge.minValue", "min"), ("gauge.maxValue", "max")] {
            if let Some(bound) = json::number(&old, from) {
                json::set(panel, &format!("fieldConfig.defaults.{to}"), bound);
            }
        }
        json::set(panel, "options.showThresholdMarkers", json::flag(&old, "gauge.thresholdMarkers"));
        json::set(panel, "options.showThresholdLabels", json::flag(&old, "gauge.thresholdLabels"));
    } else {
        let color = if json::flag(&old, "colorBackground") {
            "background"
        } else if json::flag(&old, "colorValue") {
            "value"
        } else {
            "none"
        };
        json::set(panel, "options.colorMode", color);
        json::set(
            panel,
            "options.graphMode",
            if json::flag(&old, "sparkline.show") { "area" } else { "none" },
        );
        json::set(panel, "options.textMode", if value_name == "name" { "name" } else { "auto" });
        json::set(panel, "options.justifyMode", "auto");
    }
    defaults(panel, &old);
    if let Some(map) = panel.as_object_mut() {
        map.retain(|key, _| !READ.contains(&key.as_str()));
    }
    if gauge { "gauge" } else { "stat" }
}

fn defaults(panel: &mut Value, old: &Value) {
    let mut put = |key: &str, value: Value| json::set(panel, &format!("fieldConfig.defaults.{key}"), value);
    if let Some(unit) = json::text(old, "format") {
        put("unit", unit.into());
    }
    if let Some(decimals) = json::number(old, "decimals") {
        put("decimals", decimals.into());
    }
    if let Some(text) = json::filled(old, "nullText") {
        put("noValue", text.into());
    }
    let colors = json::texts(old, "colors");
    let steps = json::text(old, "thresholds").unwrap_or_default();
    put("thresholds", thresholds::from_text(&steps, &colors));
    put("color", json!({"mode": "thresholds"}));
    let maps = match json::whole(old, "mappingType", 0, 2, 1) {
        2 => json::list(old, "rangeMaps"),
        _ => json::list(old, "valueMaps"),
    };
    put("mappings", mappings::from_list(maps).into());
    json::set_absent(panel, "fieldConfig.overrides", json!([]));
    around(panel, old);
}

/// Text around the value. The panel of today has none; a unit can stand for one of them when it is plain.
fn around(panel: &mut Value, old: &Value) {
    let plain = json::text(panel, "fieldConfig.defaults.unit")
        .is_none_or(|unit| matches!(&*unit, "" | "none" | "short"));
    let (prefix, postfix) = (json::filled(old, "prefix"), json::filled(old, "postfix"));
    match (prefix, postfix) {
        (None, Some(postfix)) if plain => {
            json::set(panel, "fieldConfig.defaults.unit", format!("suffix:{}", postfix.trim()));
        }
        (Some(prefix), None) if plain => {
            json::set(panel, "fieldConfig.defaults.unit", format!("prefix:{prefix}"));
        }
        // Kept for our own drawing, which puts them around the value.
        (prefix, postfix) => {
            for (key, text) in [("prefix", prefix), ("postfix", postfix)] {
                if let Some(text) = text {
                    json::set(panel, &format!("options.text.{key}"), text);
                }
            }
        }
    }
}

/// A name as a pattern that matches nothing else.
pub(super) fn escaped(name: &str) -> String {
    let mut pattern = String::with_capacity(name.len());
    for c in name.chars() {
        if "\\^$.|?*+()[]{}/".contains(c) {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

/// Settings of `grafana-piechart-panel`, whose kind has been changed.
pub(super) fn convert_pie(panel: &mut Value) {
    let old = panel.clone();
    let value_name = json::text(&old, "valueName").unwrap_or_else(|| "current".to_owned());
    let calc = CALCS.iter().find(|(name, _)| *name == value_name).map_or("lastNotNull", |(_, calc)| *calc);
    json::set(panel, "options.reduceOptions", json!({"calcs": [calc], "fields": "", "values": false}));
    let kind = json::text(&old, "pieType").unwrap_or_else(|| "pie".to_owned());
    json::set(panel, "options.pieType", kind);
    let show = old.get("legend").is_none() || json::flag(&old, "legend.show");
    let place = match json::text(&old, "legendType").as_deref() {
        Some("Right side") => "right",
        _ => "bottom",
    };
    let mut values = Vec::new();
    for (flag, value) in [("legend.values", "value"), ("legend.percentage", "percent")] {
        if json::flag(&old, flag) {
            values.push(value);
        }
    }
    json::set(
        panel,
        "options.legend",
        json!({"showLegend": show, "displayMode": if values.is_empty() { "list" } else { "table" },
            "placement": place, "values": values, "calcs": []}),
    );
    for (from, to) in [("format", "unit"), ("decimals", "decimals")] {
        let value = json::take(panel, from);
        if !value.is_null() {
            json::set_absent(panel, &format!("fieldConfig.defaults.{to}"), value);
        }
    }
    if let Some(colors) = old.get("aliasColors").and_then(Value::as_object) {
        for (name, color) in colors {
            if let Some(color) = color.as_str() {
                super::overrides::push(panel, &matcher(name), &[super::overrides::color(color)]);
            }
        }
    }
    if let Some(map) = panel.as_object_mut() {
        let read = [
            "aliasColors",
            "pieType",
            "legendType",
            "legend",
            "valueName",
            "nullPointMode",
            "fontSize",
            "strokeWidth",
        ];
        map.retain(|key, _| !read.contains(&key.as_str()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(mut panel: Value) -> (Value, &'static str) {
        let kind = convert(&mut panel, &mut Vec::new());
        (panel, kind)
    }

    #[test]
    fn a_number_with_colours_keeps_steps_and_calculation() {
        let (panel, kind) = converted(json!({
            "valueName": "current", "format": "percent", "thresholds": "65, 90", "colorValue": true,
            "colors": ["a", "b", "c"], "sparkline": {"show": true}, "nullText": "gone",
            "valueMaps": [{"op": "=", "text": "N/A", "value": "null"}],
        }));
        assert_eq!(kind, "stat");
        assert_eq!(panel["options"]["reduceOptions"]["calcs"], json!(["lastNotNull"]));
        assert_eq!(
            (&panel["options"]["colorMode"], &panel["options"]["graphMode"]),
            (&json!("value"), &json!("area"))
        );
        let defaults = &panel["fieldConfig"]["defaults"];
        assert_eq!(defaults["thresholds"]["steps"][2], json!({"color": "c", "value": 90.0}));
        assert_eq!((&defaults["unit"], &defaults["noValue"]), (&json!("percent"), &json!("gone")));
        assert_eq!(defaults["mappings"][0]["type"], "special");
        assert!(panel.get("sparkline").is_none());
    }

    #[test]
    fn a_dial_keeps_its_bounds() {
        let (panel, kind) = converted(json!({"gauge": {"show": true, "minValue": 0, "maxValue": 100}}));
        assert_eq!(kind, "gauge");
        assert_eq!(panel["fieldConfig"]["defaults"]["max"], 100.0);
        assert_eq!(panel["options"]["reduceOptions"]["calcs"], json!(["mean"]));
    }

    #[test]
    fn text_around_the_value_is_not_lost() {
        let (panel, _) = converted(json!({"format": "none", "postfix": " cores"}));
        assert_eq!(panel["fieldConfig"]["defaults"]["unit"], "suffix:cores");
        let (panel, _) = converted(json!({"format": "bytes", "prefix": "at most "}));
        assert_eq!(panel["options"]["text"]["prefix"], "at most ");
    }
}
