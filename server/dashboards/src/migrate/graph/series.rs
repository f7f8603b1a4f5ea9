//! `seriesOverrides` of a graph panel as overrides of field config.

use serde_json::{Value, json};

use super::super::overrides::{self, property};
use super::{axes, dashes, point_size};
use crate::json;
use crate::report::Remark;

pub(super) fn convert(panel: &mut Value, old: &Value, remarks: &mut Vec<Remark>) {
    for rule in json::list(old, "seriesOverrides") {
        let Some(alias) = json::filled(rule, "alias") else { continue };
        overrides::push(panel, &overrides::matcher(&alias), &properties(rule, old, remarks));
    }
}

fn properties(rule: &Value, old: &Value, remarks: &mut Vec<Remark>) -> Vec<Value> {
    let mut found = Vec::new();
    let Some(rule_map) = rule.as_object() else { return found };
    for (key, value) in rule_map {
        let number = json::to_number(value);
        let is_true = json::flag(rule, key);
        match (key.as_str(), number) {
            ("alias" | "$$hashKey" | "dashLength" | "spaceLength", _) => {}
            ("yaxis", Some(2.0)) => found.extend(axes::right(old)),
            ("yaxis", _) => {}
            ("color", _) => found.extend(value.as_str().map(overrides::color)),
            ("fill", Some(fill)) => found.push(property("custom.fillOpacity", fill.clamp(0.0, 10.0) * 10.0)),
            ("fillGradient", Some(fill)) if fill > 0.0 => {
                found.push(property("custom.fillOpacity", fill.clamp(0.0, 10.0) * 10.0));
                found.push(property("custom.gradientMode", "opacity"));
            }
            ("fillGradient", _) => {}
            ("fillBelowTo", _) => {
                found.extend(json::to_text(value).map(|name| property("custom.fillBelowTo", name)));
                if rule.get("fill").is_none() {
                    found.push(property("custom.fillOpacity", 35.0));
                }
            }
            ("linewidth", Some(width)) => found.push(property("custom.lineWidth", width.clamp(0.0, 10.0))),
            ("lines", _) if is_true => found.push(property("custom.drawStyle", "line")),
            ("lines", _) => found.push(property("custom.lineWidth", 0)),
            ("bars", _) if is_true => {
                found.push(property("custom.drawStyle", "bars"));
                found.push(property("custom.fillOpacity", 100.0));
            }
            ("points", _) if is_true => {
                // Points alone where lines are off.
                if rule.get("lines").is_some() && !json::flag(rule, "lines") {
                    found.push(property("custom.drawStyle", "points"));
                } else {
                    found.push(property("custom.showPoints", "always"));
                }
            }
            ("bars", _) => found.push(property("custom.drawStyle", "line")),
            ("points", _) => found.push(property("custom.showPoints", "never")),
            ("pointradius", Some(radius)) => found.push(property("custom.pointSize", point_size(radius))),
            ("steppedLine", _) => {
                let step = if is_true { "stepAfter" } else { "linear" };
                found.push(property("custom.lineInterpolation", step));
            }
            ("dashes", _) if is_true => found.push(property("custom.lineStyle", dashes(rule, old))),
            ("dashes", _) => found.push(property("custom.lineStyle", json!({"fill": "solid"}))),
            ("stack", _) => found.push(property("custom.stacking", stacking(value))),
            ("transform", _) => {
                found.extend(json::to_text(value).map(|how| property("custom.transform", how)));
            }
            ("hiddenSeries", _) if is_true => {
                found.push(property(
                    "custom.hideFrom",
                    json!({"viz": true, "legend": false, "tooltip": false}),
                ));
            }
            ("hiddenSeries", _) => {}
            (key, _) => {
                let remark = Remark::Ignored(format!("seriesOverrides.{key}"));
                if !remarks.contains(&remark) {
                    remarks.push(remark);
                }
            }
        }
    }
    found
}

/// `true`, `false`, or the letter of a group.
fn stacking(value: &Value) -> Value {
    match value {
        Value::Bool(false) => json!({"mode": "none", "group": "A"}),
        Value::String(group) if group != "true" && group != "false" => {
            json!({"mode": "normal", "group": group})
        }
        Value::String(group) if group == "false" => json!({"mode": "none", "group": "A"}),
        _ => json!({"mode": "normal", "group": "A"}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_below_zero_on_the_right_axis_keeps_its_unit() {
        let old = json!({
            "yaxes": [{"format": "short"}, {"format": "Bps", "label": "in"}],
            "seriesOverrides": [{"alias": "/rx.*/", "yaxis": 2, "transform": "negative-Y", "zindex": -1}],
        });
        let (mut panel, mut remarks) = (json!({}), Vec::new());
        convert(&mut panel, &old, &mut remarks);
        let rule = &panel["fieldConfig"]["overrides"][0];
        assert_eq!(rule["matcher"], json!({"id": "byRegexp", "options": "/rx.*/"}));
        assert_eq!(
            rule["properties"],
            json!([
                {"id": "custom.transform", "value": "negative-Y"},
                {"id": "custom.axisPlacement", "value": "right"},
                {"id": "unit", "value": "Bps"},
                {"id": "custom.axisLabel", "value": "in"},
            ])
        );
        assert_eq!(remarks, [Remark::Ignored("seriesOverrides.zindex".to_owned())]);
    }
}
