//! `graph` panels, drawn by Grafana up to version 10, as `timeseries`, `barchart` or `histogram`.

mod axes;
mod legend;
mod series;

use serde_json::{Value, json};

use super::{mappings, overrides};
use crate::json;
use crate::report::Remark;

/// Settings of the old panel that have been read and are not kept.
const READ: &[&str] = &[
    "aliasColors",
    "bars",
    "dashLength",
    "dashes",
    "decimals",
    "fill",
    "fillGradient",
    "hiddenSeries",
    "legend",
    "linewidth",
    "lines",
    "nullPointMode",
    "percentage",
    "pointradius",
    "points",
    "renderer",
    "seriesOverrides",
    "spaceLength",
    "stack",
    "steppedLine",
    "thresholds",
    "timeRegions",
    "tooltip",
    "xaxis",
    "yaxes",
    "yaxis",
    // Names of Grafana 2 that later versions left in place.
    "grid",
    "leftYAxisLabel",
    "y-axis",
    "x-axis",
    "y_formats",
];

/// Turns the panel over and gives the kind it has now.
pub(super) fn convert(panel: &mut Value, remarks: &mut Vec<Remark>) -> &'static str {
    let old = panel.clone();
    defaults(panel, &old);
    axes::convert(panel, &old);
    legend::convert(panel, &old);
    thresholds(panel, &old);
    colors(panel, &old);
    series::convert(panel, &old, remarks);
    json::set_absent(
        panel,
        "options.tooltip.mode",
        if json::flag(&old, "tooltip.shared") { "multi" } else { "single" },
    );
    let sort = match json::whole(&old, "tooltip.sort", 0, 2, 0) {
        1 => "asc",
        2 => "desc",
        _ => "none",
    };
    json::set_absent(panel, "options.tooltip.sort", sort);
    if let Some(links) = json::at(&old, "options.dataLinks").as_array().filter(|links| !links.is_empty()) {
        json::set_absent(panel, "fieldConfig.defaults.links", links.clone());
    }
    if old.get("alert").is_some() {
        remarks.push(Remark::Ignored("alert".to_owned()));
    }
    if !json::list(&old, "timeRegions").is_empty() {
        remarks.push(Remark::Ignored("timeRegions".to_owned()));
    }
    let kind = match json::text(&old, "xaxis.mode").as_deref() {
        Some("series") => "barchart",
        Some("histogram") => "histogram",
        _ => "timeseries",
    };
    if kind == "barchart" {
        bars_by_series(panel, &old);
    }
    if let Some(map) = panel.as_object_mut() {
        map.retain(|key, _| !READ.contains(&key.as_str()));
    }
    kind
}

/// How all series are drawn.
fn defaults(panel: &mut Value, old: &Value) {
    let mut custom = json!({});
    let bars = json::flag(old, "bars");
    // Grafana draws lines where the panel does not say.
    let lines = old.get("lines").is_none_or(|_| json::flag(old, "lines"));
    let points = json::flag(old, "points");
    let style = if bars {
        "bars"
    } else if lines {
        "line"
    } else {
        "points"
    };
    json::set(&mut custom, "drawStyle", style);
    let fill = json::number(old, "fill").unwrap_or(1.0).clamp(0.0, 10.0) * 10.0;
    let gradient = json::number(old, "fillGradient").unwrap_or(0.0).clamp(0.0, 10.0) * 10.0;
    let opacity = if bars {
        100.0
    } else if gradient > 0.0 {
        gradient
    } else {
        fill
    };
    json::set(&mut custom, "fillOpacity", opacity);
    json::set(&mut custom, "gradientMode", if gradient > 0.0 { "opacity" } else { "none" });
    json::set(&mut custom, "lineWidth", json::number(old, "linewidth").unwrap_or(1.0).clamp(0.0, 10.0));
    json::set(&mut custom, "showPoints", if points { "always" } else { "never" });
    if points || style == "points" {
        json::set(&mut custom, "pointSize", point_size(json::number(old, "pointradius").unwrap_or(2.0)));
    }
    let step = json::flag(old, "steppedLine");
    json::set(&mut custom, "lineInterpolation", if step { "stepAfter" } else { "linear" });
    if json::flag(old, "dashes") {
        json::set(&mut custom, "lineStyle", dashes(old, old));
    }
    json::set(&mut custom, "spanNulls", json::text(old, "nullPointMode").as_deref() == Some("connected"));
    if json::text(old, "nullPointMode").as_deref() == Some("null as zero") {
        json::set_absent(panel, "fieldConfig.defaults.nullValueMode", "null as zero");
    }
    let stacking = match (json::flag(old, "stack"), json::flag(old, "percentage")) {
        (true, true) => "percent",
        (true, false) => "normal",
        _ => "none",
    };
    json::set(&mut custom, "stacking", json!({"mode": stacking, "group": "A"}));
    json::set(panel, "fieldConfig.defaults.custom", custom);
    json::set_absent(panel, "fieldConfig.overrides", json!([]));
    let old_mappings = json::list(old, "fieldConfig.defaults.mappings");
    if old_mappings.iter().any(mappings::is_old) {
        json::set(panel, "fieldConfig.defaults.mappings", mappings::from_list(old_mappings));
    }
}

/// Diameter of a point in pixels.
fn point_size(radius: f64) -> f64 {
    2.0 + 2.0 * radius.clamp(0.0, 10.0)
}

/// Dashes of a series, or of the panel where the series does not say.
fn dashes(of: &Value, panel: &Value) -> Value {
    let length = |key: &str| json::number(of, key).or_else(|| json::number(panel, key)).unwrap_or(10.0);
    json!({"fill": "dash", "dash": [length("dashLength"), length("spaceLength")]})
}

/// `aliasColors`: a colour a name.
fn colors(panel: &mut Value, old: &Value) {
    let Some(colors) = old.get("aliasColors").and_then(Value::as_object) else { return };
    for (name, color) in colors {
        if let Some(color) = color.as_str() {
            let matcher = json!({"id": "byName", "options": name});
            overrides::push(panel, &matcher, &[overrides::color(color)]);
        }
    }
}

/// Lines and areas at values: steps that are transparent where no area was.
fn thresholds(panel: &mut Value, old: &Value) {
    let mut marks: Vec<(f64, bool, String, bool, bool)> = json::list(old, "thresholds")
        .iter()
        .filter_map(|threshold| {
            let color = match json::text(threshold, "colorMode").as_deref() {
                Some("critical") => "red".to_owned(),
                Some("warning") => "orange".to_owned(),
                Some("custom") => json::text(threshold, "fillColor")
                    .or_else(|| json::text(threshold, "lineColor"))
                    .unwrap_or_else(|| "red".to_owned()),
                _ => "green".to_owned(),
            };
            let above = json::text(threshold, "op").as_deref() != Some("lt");
            let area = json::flag(threshold, "fill");
            Some((json::number(threshold, "value")?, above, color, area, json::flag(threshold, "line")))
        })
        .collect();
    if marks.is_empty() {
        return;
    }
    marks.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut steps = Vec::new();
    let base = marks.first().filter(|mark| !mark.1).map_or("transparent", |mark| mark.2.as_str());
    steps.push(json!({"color": base, "value": null}));
    for (at, (value, above, color, ..)) in marks.iter().enumerate() {
        // Below the next mark that looks down, its colour counts.
        let next = marks.get(at + 1).filter(|mark| !mark.1).map(|mark| mark.2.as_str());
        let color = if *above { color.as_str() } else { next.unwrap_or("transparent") };
        steps.push(json!({"color": color, "value": value}));
    }
    let (area, line) = (marks.iter().any(|mark| mark.3), marks.iter().any(|mark| mark.4));
    let style = match (line, area) {
        (true, true) => "line+area",
        (true, false) => "line",
        (false, true) => "area",
        (false, false) => "off",
    };
    json::set(panel, "fieldConfig.defaults.thresholds", json!({"mode": "absolute", "steps": steps}));
    json::set(panel, "fieldConfig.defaults.custom.thresholdsStyle", json!({"mode": style}));
}

/// The axis of series: one bar a series, reduced as `xaxis.values` says.
fn bars_by_series(panel: &mut Value, old: &Value) {
    let calc =
        json::texts(old, "xaxis.values").first().map_or("sum", |name| legend::calc(name).unwrap_or("sum"));
    let reduce = json!({"id": "reduce", "options": {"reducers": [calc], "mode": "seriesToRows", "labelsToFields": false}});
    let mut transformations = json::list(panel, "transformations").to_vec();
    transformations.push(reduce);
    json::set(panel, "transformations", transformations);
    json::set_absent(panel, "options.orientation", "auto");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(panel: Value) -> (Value, &'static str, Vec<Remark>) {
        let (mut panel, mut remarks) = (panel, Vec::new());
        let kind = convert(&mut panel, &mut remarks);
        (panel, kind, remarks)
    }

    #[test]
    fn lines_bars_and_points_become_drawing_styles() {
        let custom = |panel| converted(panel).0["fieldConfig"]["defaults"]["custom"].clone();
        let plain = custom(json!({"type": "graph"}));
        assert_eq!((&plain["drawStyle"], &plain["fillOpacity"]), (&json!("line"), &json!(10.0)));
        assert_eq!(plain["showPoints"], "never");
        let bars = custom(json!({"bars": true, "lines": false, "stack": true, "percentage": true}));
        assert_eq!((&bars["drawStyle"], &bars["fillOpacity"]), (&json!("bars"), &json!(100.0)));
        assert_eq!(bars["stacking"]["mode"], "percent");
        let points = custom(json!({"lines": false, "points": true, "pointradius": 5}));
        assert_eq!((&points["drawStyle"], &points["pointSize"]), (&json!("points"), &json!(12.0)));
        let line =
            custom(json!({"lines": true, "steppedLine": true, "nullPointMode": "connected", "fill": 0}));
        assert_eq!((&line["lineInterpolation"], &line["spanNulls"]), (&json!("stepAfter"), &json!(true)));
    }

    #[test]
    fn thresholds_are_transparent_where_no_area_was() {
        let (panel, ..) = converted(json!({"thresholds": [
            {"op": "gt", "value": 80, "colorMode": "critical", "fill": true, "line": true},
            {"op": "lt", "value": 20, "colorMode": "warning", "fill": true},
        ]}));
        let defaults = &panel["fieldConfig"]["defaults"];
        assert_eq!(
            defaults["thresholds"]["steps"],
            json!([
                {"color": "orange", "value": null},
                {"color": "transparent", "value": 20.0},
                {"color": "red", "value": 80.0},
            ])
        );
        assert_eq!(defaults["custom"]["thresholdsStyle"]["mode"], "line+area");
    }

    #[test]
    fn the_mode_of_the_axis_chooses_the_kind_and_old_settings_go() {
        let (panel, kind, remarks) = converted(
            json!({"xaxis": {"mode": "series", "values": ["avg"]}, "alert": {"name": "x"}, "lines": true}),
        );
        assert_eq!(kind, "barchart");
        assert_eq!(panel["transformations"][0]["options"]["reducers"], json!(["mean"]));
        assert_eq!(remarks, [Remark::Ignored("alert".to_owned())]);
        assert!(panel.get("xaxis").is_none() && panel.get("alert").is_some());
    }
}
