//! `table` panels with `styles[]`, drawn by Grafana up to version 7, as `table` with field config.

use serde_json::{Value, json};

use super::overrides::{self, property};
use super::thresholds;
use crate::json;
use crate::report::Remark;

/// Settings of the old panel that have been read and are not kept.
const READ: &[&str] =
    &["columns", "fontSize", "pageSize", "scroll", "showHeader", "sort", "styles", "transform"];

/// Turns the panel over and gives the kind it has now.
pub(super) fn convert(panel: &mut Value, remarks: &mut Vec<Remark>) -> &'static str {
    let old = panel.clone();
    if let Some(transformation) = transformation(&old) {
        let mut list = vec![transformation];
        list.extend_from_slice(json::list(&old, "transformations"));
        json::set(panel, "transformations", list);
    }
    json::set_absent(panel, "fieldConfig.defaults", json!({}));
    json::set_absent(panel, "fieldConfig.overrides", json!([]));
    json::set_absent(
        panel,
        "options.showHeader",
        old.get("showHeader").is_none() || json::flag(&old, "showHeader"),
    );
    for style in json::list(&old, "styles") {
        self::style(panel, style, remarks);
    }
    if let Some(map) = panel.as_object_mut() {
        map.retain(|key, _| !READ.contains(&key.as_str()));
    }
    "table"
}

/// How series became rows.
fn transformation(old: &Value) -> Option<Value> {
    let (id, options) = match json::text(old, "transform")?.as_str() {
        "timeseries_to_rows" => ("seriesToRows", json!({})),
        "timeseries_to_columns" => ("joinByField", json!({"byField": "Time", "mode": "outer"})),
        "timeseries_aggregations" => {
            let calcs: Vec<Value> = json::list(old, "columns")
                .iter()
                .filter_map(|column| Some(calc(&json::text(column, "value")?).into()))
                .collect();
            let calcs = if calcs.is_empty() { vec!["lastNotNull".into()] } else { calcs };
            ("reduce", json!({"reducers": calcs, "mode": "seriesToRows", "includeTimeField": false}))
        }
        "table" => ("merge", json!({})),
        _ => return None,
    };
    Some(json!({"id": id, "options": options}))
}

fn calc(old: &str) -> &str {
    match old {
        "avg" => "mean",
        "current" => "lastNotNull",
        "total" => "sum",
        other => other,
    }
}

/// One rule of `styles[]`: of all columns, or of those whose name matches.
fn style(panel: &mut Value, style: &Value, remarks: &mut Vec<Remark>) {
    let Some(pattern) = json::filled(style, "pattern") else { return };
    let mut found = Vec::new();
    if let Some(alias) = json::filled(style, "alias") {
        found.push(property("displayName", alias));
    }
    match json::text(style, "type").as_deref() {
        Some("hidden") => found.push(property("custom.hidden", true)),
        Some("date") => {
            let format =
                json::filled(style, "dateFormat").unwrap_or_else(|| "YYYY-MM-DD HH:mm:ss".to_owned());
            found.push(property("unit", format!("time: {format}")));
        }
        Some("number") => {
            found.extend(json::filled(style, "unit").map(|unit| property("unit", unit)));
            found.extend(json::number(style, "decimals").map(|decimals| property("decimals", decimals)));
        }
        Some("string") => {
            let maps = match json::whole(style, "mappingType", 0, 2, 1) {
                2 => json::list(style, "rangeMaps"),
                _ => json::list(style, "valueMaps"),
            };
            let mappings = super::mappings::from_list(maps);
            if !mappings.is_empty() {
                found.push(property("mappings", mappings));
            }
        }
        _ => {}
    }
    if json::flag(style, "link") {
        let url = json::text(style, "linkUrl").unwrap_or_default();
        let title = json::text(style, "linkTooltip").unwrap_or_default();
        let blank = json::flag(style, "linkTargetBlank");
        let url = own_variables(&url);
        found.push(property(
            "links",
            json!([{"title": own_variables(&title), "url": url, "targetBlank": blank}]),
        ));
    }
    let colored = match json::text(style, "colorMode").as_deref() {
        Some("cell" | "row") => Some("color-background"),
        Some("value") => Some("color-text"),
        _ => None,
    };
    if let Some(how) = colored {
        let numbers = json::texts(style, "thresholds");
        let numbers = numbers.iter().filter_map(|text| text.trim().parse::<f64>().ok());
        found.push(property("custom.cellOptions", json!({"type": how})));
        found.push(property("thresholds", thresholds::from_numbers(numbers, &json::texts(style, "colors"))));
    }
    if let Some(align) = json::filled(style, "align") {
        found.push(property("custom.align", align));
    }
    if json::flag(style, "sanitize") {
        remarks.push(Remark::Ignored("styles.sanitize".to_owned()));
    }
    if pattern == "/.*/" {
        for property in found {
            if let Some(id) = property["id"].as_str() {
                json::set_absent(panel, &format!("fieldConfig.defaults.{id}"), property["value"].clone());
            }
        }
    } else {
        overrides::push(panel, &overrides::matcher(&pattern), &found);
    }
}

/// Variables of the old panel's links in the words of today: `$__cell`, `$__cell_2`, `$__cell:raw`.
fn own_variables(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("$__cell") {
        let (before, from) = rest.split_at(at);
        result.push_str(before);
        let after = from.strip_prefix("$__cell").unwrap_or_default();
        let numbered = after
            .strip_prefix('_')
            .map(|rest| rest.split_once(|c: char| !c.is_ascii_digit()).map_or(rest, |(n, _)| n));
        match numbered.filter(|digits| !digits.is_empty()) {
            Some(digits) => {
                result.push_str("${__data.fields[");
                result.push_str(digits);
                result.push_str("]}");
                rest = after.get(1 + digits.len()..).unwrap_or_default();
            }
            None => {
                result.push_str("${__value.text}");
                rest = after.strip_prefix(":raw").unwrap_or(after);
            }
        }
    }
    result + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_become_overrides_and_the_rule_for_all_defaults() {
        let mut panel = json!({"type": "table", "transform": "table", "styles": [
            {"pattern": "Time", "type": "hidden"},
            {"pattern": "Value", "alias": "Uptime", "type": "number", "unit": "s", "decimals": 2, "colorMode": "cell",
             "thresholds": ["10", "20"], "colors": ["a", "b", "c"], "link": true, "linkUrl": "d/x?var-pod=$__cell_2&v=$__cell"},
            {"pattern": "/.*/", "type": "number", "unit": "short"},
        ]});
        convert(&mut panel, &mut Vec::new());
        assert_eq!(panel["transformations"][0]["id"], "merge");
        assert_eq!(panel["fieldConfig"]["defaults"]["unit"], "short");
        let rules = &panel["fieldConfig"]["overrides"];
        assert_eq!(rules[0]["properties"][0], json!({"id": "custom.hidden", "value": true}));
        assert_eq!(rules[1]["matcher"], json!({"id": "byName", "options": "Value"}));
        let link = &rules[1]["properties"][3]["value"][0]["url"];
        assert_eq!(link, "d/x?var-pod=${__data.fields[2]}&v=${__value.text}");
        assert!(panel.get("styles").is_none());
    }
}
