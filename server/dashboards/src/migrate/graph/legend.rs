//! Legend of a graph panel.

use serde_json::{Value, json};

use crate::json;

/// Calculations of old legends and what they are called now, in the order of columns.
const CALCS: &[(&str, &str)] =
    &[("min", "min"), ("max", "max"), ("avg", "mean"), ("current", "lastNotNull"), ("total", "sum")];

/// The calculation's name of today.
pub(super) fn calc(old: &str) -> Option<&'static str> {
    CALCS.iter().chain([("count", "count")].iter()).find(|(name, _)| *name == old).map(|(_, new)| *new)
}

/// Title of a calculation's column, by which a legend is sorted.
fn title(calc: &str) -> &'static str {
    match calc {
        "min" => "Min",
        "max" => "Max",
        "mean" => "Mean",
        "sum" => "Total",
        _ => "Last *",
    }
}

pub(super) fn convert(panel: &mut Value, old: &Value) {
    let Some(legend) = old.get("legend").filter(|legend| legend.is_object()) else {
        json::set_absent(
            panel,
            "options.legend",
            json!({"showLegend": true, "displayMode": "list", "placement": "bottom", "calcs": []}),
        );
        return;
    };
    let table = json::flag(legend, "alignAsTable");
    let mut new = json!({
        "showLegend": legend.get("show").is_none() || json::flag(legend, "show"),
        "displayMode": if table { "table" } else { "list" },
        "placement": if json::flag(legend, "rightSide") { "right" } else { "bottom" },
        "calcs": [],
    });
    if json::flag(legend, "values") {
        let calcs: Vec<&str> =
            CALCS.iter().filter(|(name, _)| json::flag(legend, name)).map(|(_, new)| *new).collect();
        json::set(&mut new, "calcs", calcs);
    }
    if let Some(by) = json::filled(legend, "sort").and_then(|name| calc(&name)) {
        json::set(&mut new, "sortBy", title(by));
        json::set(&mut new, "sortDesc", json::flag(legend, "sortDesc"));
    }
    if let Some(width) = json::number(legend, "sideWidth") {
        json::set(&mut new, "width", width);
    }
    json::set(panel, "options.legend", new);
    if json::flag(legend, "hideEmpty") || json::flag(legend, "hideZero") {
        hide(panel, json::flag(legend, "hideEmpty"), json::flag(legend, "hideZero"));
    }
}

/// Series that are empty or zero leave the legend.
fn hide(panel: &mut Value, empty: bool, zero: bool) {
    let rules = [(empty, "allIsNull"), (zero, "allIsZero")];
    for (_, reducer) in rules.iter().filter(|(asked, _)| *asked) {
        let matcher = json!({"id": "byValue", "options": {"reducer": reducer, "op": "gte", "value": 0}});
        let hidden = json!({"legend": true, "tooltip": true, "viz": false});
        super::overrides::push(panel, &matcher, &[super::overrides::property("custom.hideFrom", hidden)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_become_calculations_and_a_table() {
        let mut panel = json!({});
        let legend = json!({"show": true, "values": true, "avg": true, "current": true, "alignAsTable": true,
            "rightSide": true, "sort": "current", "sortDesc": true});
        convert(&mut panel, &json!({"legend": legend}));
        assert_eq!(
            panel["options"]["legend"],
            json!({"showLegend": true, "displayMode": "table", "placement": "right",
                "calcs": ["mean", "lastNotNull"], "sortBy": "Last *", "sortDesc": true})
        );
    }
}
