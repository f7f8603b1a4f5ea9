//! Variables of schema version 2 in the classic form: words in the place of numbers, the kind outside.

use serde_json::{Value, json};

use super::source;
use crate::json;

const KINDS: &[(&str, &str)] = &[
    ("AdhocVariable", "adhoc"),
    ("ConstantVariable", "constant"),
    ("CustomVariable", "custom"),
    ("DatasourceVariable", "datasource"),
    ("GroupByVariable", "groupby"),
    ("IntervalVariable", "interval"),
    ("QueryVariable", "query"),
    ("SwitchVariable", "switch"),
    ("TextVariable", "textbox"),
];
const HIDE: &[&str] = &["dontHide", "hideLabel", "hideVariable", "inControlsMenu"];
const REFRESH: &[&str] = &["never", "onDashboardLoad", "onTimeRangeChanged"];
const SORT: &[&str] = &[
    "disabled",
    "alphabeticalAsc",
    "alphabeticalDesc",
    "numericalAsc",
    "numericalDesc",
    "alphabeticalCaseInsensitiveAsc",
    "alphabeticalCaseInsensitiveDesc",
    "naturalAsc",
    "naturalDesc",
];

pub(super) fn to_classic(variables: &[Value]) -> Vec<Value> {
    variables.iter().map(one).collect()
}

fn one(variable: &Value) -> Value {
    let kind = json::text(variable, "kind").unwrap_or_default();
    let spec = json::at(variable, "spec");
    let mut classic = if spec.is_object() { spec.clone() } else { json!({}) };
    let name = KINDS.iter().find(|(known, _)| *known == kind).map_or(kind.as_str(), |(_, classic)| classic);
    json::set(&mut classic, "type", name);
    for (key, words) in [("hide", HIDE), ("refresh", REFRESH), ("sort", SORT)] {
        let word = json::text(spec, key);
        if let Some(number) = word.and_then(|word| words.iter().position(|known| *known == word)) {
            json::set(&mut classic, key, number);
        }
    }
    match kind.as_str() {
        "QueryVariable" => {
            let query = json::at(spec, "query");
            json::set(&mut classic, "datasource", source(query, json::at(spec, "datasource")));
            json::set(&mut classic, "query", json::at(query, "spec").clone());
            // A query that was a text came through an object of one field.
            if let Some(text) = json::filled(query, "spec.__legacyStringValue") {
                json::set(&mut classic, "query", text);
            }
        }
        "DatasourceVariable" => {
            json::take(&mut classic, "pluginId");
            json::set(&mut classic, "query", json::text(spec, "pluginId").unwrap_or_default());
        }
        "SwitchVariable" => {
            let current = json::text(spec, "current").unwrap_or_default();
            json::set(&mut classic, "current", json!({"text": current, "value": current}));
        }
        "AdhocVariable" | "GroupByVariable" => {
            json::set(&mut classic, "datasource", source(variable, json::at(spec, "datasource")));
        }
        _ => {}
    }
    classic
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_numbers_and_the_kind_goes_inside() {
        let variable = json!({"kind": "QueryVariable", "spec": {
            "name": "pod", "hide": "hideVariable", "refresh": "onTimeRangeChanged", "sort": "naturalDesc", "regex": "",
            "query": {"kind": "DataQuery", "group": "prometheus", "spec": {"query": "label_values(pod)"}},
        }});
        let classic = one(&variable);
        let numbers = (&classic["hide"], &classic["refresh"], &classic["sort"]);
        assert_eq!(numbers, (&json!(2), &json!(2), &json!(8)));
        assert_eq!(
            (&classic["type"], &classic["query"]["query"]),
            (&json!("query"), &json!("label_values(pod)"))
        );
    }
}
