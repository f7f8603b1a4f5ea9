//! Settings of gauges, stats and tables of Grafana 6 and 7 in the form of today: `options.fieldOptions` became field config,
//! `displayMode` of tables became `cellOptions`, hidden legends a flag.

use serde_json::{Value, json};

use super::{mappings, overrides};
use crate::json;

/// Changes what is there; does nothing to a panel of today.
pub(super) fn convert(panel: &mut Value) {
    field_options(panel);
    defaults(panel);
    legend(panel);
    cell_options(panel);
    transformations(panel);
    heatmap(panel);
    for rule in json::field_list(panel, "fieldConfig", "overrides") {
        for property in json::list_mut(rule, "properties") {
            cell_property(property);
        }
    }
}

/// `options.fieldOptions`, Grafana 6.
fn field_options(panel: &mut Value) {
    let Some(mut old) =
        panel.get_mut("options").map(|options| json::take(options, "fieldOptions")).filter(Value::is_object)
    else {
        return;
    };
    let calcs = json::texts(&old, "calcs");
    let fields = json::text(&old, "fields").unwrap_or_default();
    json::set_absent(
        panel,
        "options.reduceOptions",
        json!({"calcs": calcs, "fields": fields, "values": json::flag(&old, "values")}),
    );
    let mut new = json::take(&mut old, "defaults");
    for key in ["mappings", "thresholds"] {
        let value = json::take(&mut old, key);
        if !value.is_null() {
            json::set_absent(&mut new, key, value);
        }
    }
    if let Value::Object(map) = new {
        for (key, value) in map {
            let key = if key == "title" { "displayName" } else { key.as_str() };
            json::set_absent(panel, &format!("fieldConfig.defaults.{key}"), value);
        }
    }
    let rules = json::take(&mut old, "overrides");
    if rules.is_array() {
        json::set_absent(panel, "fieldConfig.overrides", rules);
    }
}

fn defaults(panel: &mut Value) {
    let Some(config) = panel.get_mut("fieldConfig").filter(|config| config.is_object()) else { return };
    json::set_absent(config, "defaults", json!({}));
    let defaults = json::field(config, "defaults");
    // A list of steps was the whole of it.
    if let Value::Array(steps) = json::at(defaults, "thresholds") {
        json::set(defaults, "thresholds", json!({"mode": "absolute", "steps": steps}));
    }
    thresholds(defaults);
    for mapping in json::list_mut(defaults, "mappings") {
        // Some writers said null by leaving the word out.
        if mapping.get("type").is_some_and(|kind| kind == "special")
            && json::text(mapping, "options.match").is_none()
        {
            json::set(mapping, "options.match", "null");
        }
    }
    if let Value::Array(old) = json::at(defaults, "mappings")
        && old.iter().any(mappings::is_old)
    {
        let (older, newer): (Vec<_>, Vec<_>) = old.iter().cloned().partition(mappings::is_old);
        let mut list = mappings::from_list(&older);
        list.extend(newer);
        json::set(defaults, "mappings", list);
    }
    let title = json::take(defaults, "title");
    if !title.is_null() {
        json::set_absent(defaults, "displayName", title);
    }
    json::set_absent(config, "overrides", json!([]));
}

/// Steps that each say where they begin: the first at minus infinity, which JSON cannot say, so it is null there.
fn thresholds(defaults: &mut Value) {
    let Some(thresholds) = defaults.get_mut("thresholds").filter(|thresholds| thresholds.is_object()) else {
        return;
    };
    json::set_absent(thresholds, "mode", "absolute");
    json::set_absent(thresholds, "steps", json!([]));
    for (at, step) in
        json::list_mut(thresholds, "steps").iter_mut().enumerate().filter(|(_, step)| step.is_object())
    {
        if json::number(step, "value").is_none() {
            let value = if at == 0 { Value::Null } else { Value::from(0) };
            json::set(step, "value", value);
        }
    }
}

/// `displayMode: hidden` of Grafana 8 is `showLegend: false`; `asTable` and the rest stay.
fn legend(panel: &mut Value) {
    // A heatmap's legend has other fields.
    if json::text(panel, "type").as_deref() == Some("heatmap") {
        return;
    }
    let Some(legend) = panel.pointer_mut("/options/legend").filter(|legend| legend.is_object()) else {
        return;
    };
    let mode = json::text(legend, "displayMode");
    if mode.as_deref() == Some("hidden") {
        json::set(legend, "displayMode", "list");
        json::set(legend, "showLegend", false);
    } else {
        json::set_absent(legend, "showLegend", true);
    }
    if mode.is_none() {
        let table = json::flag(legend, "asTable");
        json::set(legend, "displayMode", if table { "table" } else { "list" });
    }
}

/// Display modes of table cells before Grafana 9.
fn cells(mode: &str) -> Value {
    match mode {
        "basic" | "gradient-gauge" | "lcd-gauge" => {
            let style = match mode {
                "basic" => "basic",
                "lcd-gauge" => "lcd",
                _ => "gradient",
            };
            json!({"type": "gauge", "mode": style})
        }
        "color-background" => json!({"type": mode, "mode": "gradient"}),
        "color-background-solid" => json!({"type": "color-background", "mode": "basic"}),
        other => json!({"type": other}),
    }
}

fn cell_options(panel: &mut Value) {
    if json::text(panel, "type").as_deref() != Some("table") {
        return;
    }
    let Some(custom) = panel.pointer_mut("/fieldConfig/defaults/custom").filter(|custom| custom.is_object())
    else {
        return;
    };
    if let Some(mode) = json::text(custom, "displayMode") {
        json::take(custom, "displayMode");
        json::set_absent(custom, "cellOptions", cells(&mode));
    }
}

fn cell_property(property: &mut Value) {
    if property.get("id").is_some_and(|id| id == "custom.displayMode") {
        let mode = json::text(property, "value").unwrap_or_default();
        *property = overrides::property("custom.cellOptions", cells(&mode));
    } else if property.get("id").is_some_and(|id| id == "title") {
        json::set(property, "id", "displayName");
    } else if property.get("id").is_some_and(|id| id == "mappings")
        && json::list(property, "value").iter().any(mappings::is_old)
    {
        let new = mappings::from_list(json::list(property, "value"));
        json::set(property, "value", new);
    } else if property.get("id").is_some_and(|id| id == "custom.hideFrom.graph") {
        json::set(property, "id", "custom.hideFrom.viz");
    }
}

/// Old names of transformations.
fn transformations(panel: &mut Value) {
    for transformation in json::list_mut(panel, "transformations") {
        match json::text(transformation, "id").as_deref() {
            Some("seriesToColumns") => {
                json::set(transformation, "id", "joinByField");
                json::set_absent(transformation, "options.mode", "outer");
            }
            Some("calculateFieldFromReducers") => json::set(transformation, "id", "calculateField"),
            _ => {}
        }
        json::set_absent(transformation, "options", json!({}));
    }
}

/// The first heatmap, Grafana 4 to 9, `dataFormat: tsbuckets`.
fn heatmap(panel: &mut Value) {
    if json::text(panel, "type").as_deref() != Some("heatmap") || panel.get("dataFormat").is_none() {
        return;
    }
    let buckets = json::text(panel, "dataFormat").as_deref() == Some("tsbuckets");
    json::set(panel, "options.calculate", !buckets);
    if let Some(unit) = json::text(panel, "yAxis.format") {
        json::set_absent(panel, "options.yAxis.unit", unit);
    }
    for (from, to) in [("yAxis.decimals", "decimals"), ("yAxis.min", "min"), ("yAxis.max", "max")] {
        if let Some(number) = json::number(panel, from) {
            json::set_absent(panel, &format!("options.yAxis.{to}"), number);
        }
    }
    if json::flag(panel, "reverseYBuckets") {
        json::set(panel, "options.yAxis.reverse", true);
    }
    let spectrum = json::text(panel, "color.mode").as_deref() == Some("spectrum");
    let scheme = json::text(panel, "color.colorScheme").unwrap_or_else(|| "Oranges".to_owned());
    let scheme = scheme.strip_prefix("interpolate").unwrap_or(&scheme).to_owned();
    let fill = json::text(panel, "color.cardColor").unwrap_or_else(|| "dark-orange".to_owned());
    let exponent = json::number(panel, "color.exponent").unwrap_or(0.5);
    json::set(
        panel,
        "options.color",
        json!({"mode": if spectrum { "scheme" } else { "opacity" }, "scheme": scheme, "fill": fill,
            "scale": "exponential", "exponent": exponent, "steps": 64, "reverse": false}),
    );
    json::set_absent(panel, "options.cellGap", json::number(panel, "cards.cardPadding").unwrap_or(1.0));
    json::set_absent(panel, "options.legend", json!({"show": json::flag(panel, "legend.show")}));
    if json::flag(panel, "hideZeroBuckets") {
        json::set(panel, "options.filterValues", json!({"le": 1e-9}));
    }
    let read = [
        "cards",
        "color",
        "dataFormat",
        "heatmap",
        "hideZeroBuckets",
        "highlightCards",
        "legend",
        "reverseYBuckets",
        "tooltip",
        "tooltipDecimals",
        "xAxis",
        "xBucketNumber",
        "xBucketSize",
        "yAxis",
        "yBucketBound",
        "yBucketNumber",
        "yBucketSize",
    ];
    if let Some(map) = panel.as_object_mut() {
        map.retain(|key, _| !read.contains(&key.as_str()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_grafana_6_become_field_config() {
        let mut panel = json!({"type": "gauge", "options": {"fieldOptions": {
            "calcs": ["mean"], "values": false,
            "defaults": {"title": "Load", "unit": "percent", "max": 100},
            "thresholds": [{"color": "green", "index": 0}, {"color": "red", "value": 80}],
            "mappings": [{"type": 1, "value": "0", "text": "off"}],
        }}});
        convert(&mut panel);
        let defaults = &panel["fieldConfig"]["defaults"];
        assert_eq!(panel["options"]["reduceOptions"]["calcs"], json!(["mean"]));
        assert_eq!((&defaults["displayName"], &defaults["max"]), (&json!("Load"), &json!(100)));
        assert_eq!(defaults["thresholds"]["steps"][0]["value"], Value::Null);
        assert_eq!(defaults["mappings"][0]["type"], "value");
        let once = panel.clone();
        convert(&mut panel);
        assert_eq!(panel, once);
    }

    #[test]
    fn what_older_writers_left_out_is_said() {
        let mut panel = json!({"fieldConfig": {"defaults": {
            "thresholds": {"steps": [{"color": "green"}, {"color": "red", "value": "80"}]},
            "mappings": [{"type": "special", "options": {"match": null, "result": {"text": "N/A"}}}],
        }}});
        convert(&mut panel);
        let defaults = &panel["fieldConfig"]["defaults"];
        assert_eq!(defaults["thresholds"]["mode"], "absolute");
        assert_eq!(defaults["thresholds"]["steps"][0], json!({"color": "green", "value": null}));
        assert_eq!(defaults["mappings"][0]["options"]["match"], "null");
        let mut empty = json!({"fieldConfig": {"overrides": []}});
        convert(&mut empty);
        assert_eq!(empty["fieldConfig"], json!({"defaults": {}, "overrides": []}));
    }

    #[test]
    fn display_modes_of_cells_and_hidden_legends_have_their_new_names() {
        let mut panel = json!({"type": "table", "fieldConfig": {
            "defaults": {"custom": {"displayMode": "lcd-gauge"}},
            "overrides": [{"matcher": {}, "properties": [{"id": "custom.displayMode", "value": "color-text"}]}],
        }, "options": {"legend": {"displayMode": "hidden"}}});
        convert(&mut panel);
        assert_eq!(
            panel["fieldConfig"]["defaults"]["custom"]["cellOptions"],
            json!({"type": "gauge", "mode": "lcd"})
        );
        let property = &panel["fieldConfig"]["overrides"][0]["properties"][0];
        assert_eq!(property, &json!({"id": "custom.cellOptions", "value": {"type": "color-text"}}));
        assert_eq!(panel["options"]["legend"], json!({"displayMode": "list", "showLegend": false}));
    }
}
