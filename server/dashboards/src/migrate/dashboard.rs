//! What surrounds the panels: variables, annotations, links, time, and fields whose types have changed.

use serde_json::{Value, json};

use super::SCHEMA_VERSION;
use crate::datasource::{self, SourceVariables};
use crate::json;

/// Fields that may be left out but not null, by the published schema.
const NOT_NULL: &[&str] = &[
    "description",
    "refresh",
    "revision",
    "style",
    "tags",
    "timezone",
    "title",
    "uid",
    "version",
    "weekStart",
    "gnetId",
    "links",
    "graphTooltip",
    "liveNow",
    "editable",
    "fiscalYearStartMonth",
    "preload",
    "snapshot",
    "time",
    "timepicker",
];

/// Brings everything but the panels to the form of today.
pub(crate) fn migrate(dashboard: &mut Value) {
    drop_null(dashboard, NOT_NULL);
    if dashboard.get("refresh").is_some_and(|refresh| !refresh.is_string()) {
        json::set(dashboard, "refresh", "");
    }
    // A flag before Grafana 4.4.
    if json::flag(dashboard, "sharedCrosshair") {
        json::set_absent(dashboard, "graphTooltip", 1);
    }
    json::take(dashboard, "sharedCrosshair");
    if json::filled(dashboard, "time.from").is_none() || json::filled(dashboard, "time.to").is_none() {
        json::set(dashboard, "time", json!({"from": "now-6h", "to": "now"}));
    }
    for key in ["title", "uid"] {
        if let Some(text) = json::text(dashboard, key) {
            json::set(dashboard, key, text);
        }
    }
    let variables = SourceVariables::of(dashboard);
    for variable in json::field_list(dashboard, "templating", "list") {
        self::variable(variable, &variables);
    }
    for annotation in json::field_list(dashboard, "annotations", "list") {
        data_source(annotation, &variables);
        if annotation.get("target").is_some_and(|target| target.get("limit").is_some()) {
            json::set_absent(annotation, "target.tags", json!([]));
        }
        // A target is a query, and by the published schema every query has a name; Grafana gives this one.
        if annotation.get("target").is_some_and(Value::is_object) {
            json::set_absent(annotation, "target.refId", "Anno");
        }
    }
    for link in json::list_mut(dashboard, "links") {
        self::link(link);
    }
    json::set(dashboard, "schemaVersion", SCHEMA_VERSION);
}

/// Fields of a panel whose types have changed.
pub(super) fn clean_panel(panel: &mut Value, variables: &SourceVariables) {
    data_source(panel, variables);
    drop_null(
        panel,
        &[
            "title",
            "description",
            "interval",
            "maxDataPoints",
            "repeat",
            "timeFrom",
            "timeShift",
            "links",
            "repeatDirection",
            "maxPerRow",
            "cacheTimeout",
            "transparent",
            "libraryPanel",
            "hideTimeOverride",
            "targets",
            "options",
            "pluginVersion",
        ],
    );
    for key in ["title", "description", "interval", "timeFrom", "timeShift", "pluginVersion"] {
        if panel.get(key).is_some_and(|value| !value.is_string()) {
            let text = json::text(panel, key).unwrap_or_default();
            json::set(panel, key, text);
        }
    }
    if panel.get("maxDataPoints").is_some_and(Value::is_string) {
        match json::number(panel, "maxDataPoints") {
            Some(number) => json::set(panel, "maxDataPoints", number),
            None => drop(json::take(panel, "maxDataPoints")),
        }
    }
    // `repeatIteration`, `scopedVars`: traces of copies that an older Grafana saved.
    for key in ["repeatIteration", "scopedVars", "$$hashKey"] {
        json::take(panel, key);
    }
    for target in json::list_mut(panel, "targets") {
        data_source(target, variables);
    }
    name_targets(panel);
    for link in json::list_mut(panel, "links") {
        self::link(link);
    }
    move_options(panel);
}

/// What was a field of the panel itself before Grafana 7 or 8, by the panel's kind, and the option that it is today.
const MOVED: &[(&str, &[(&str, &str)])] = &[
    (
        "dashlist",
        &[
            ("headings", "showHeadings"),
            ("limit", "maxItems"),
            ("query", "query"),
            ("recent", "showRecentlyViewed"),
            ("search", "showSearch"),
            ("starred", "showStarred"),
            ("tags", "tags"),
        ],
    ),
    ("text", &[("content", "content"), ("mode", "mode")]),
];

fn move_options(panel: &mut Value) {
    let kind = json::text(panel, "type").unwrap_or_default();
    let Some((_, moved)) = MOVED.iter().find(|(known, _)| *known == kind) else { return };
    for (from, to) in *moved {
        let value = json::take(panel, from);
        if !value.is_null() {
            json::set_absent(panel, &format!("options.{to}"), value);
        }
    }
}

/// Queries without a name get the next free letter.
fn name_targets(panel: &mut Value) {
    let used: Vec<String> =
        json::list(panel, "targets").iter().filter_map(|target| json::filled(target, "refId")).collect();
    let mut free =
        (b'A'..=b'Z').map(|letter| char::from(letter).to_string()).filter(|name| !used.contains(name));
    let mut count = used.len();
    for target in json::list_mut(panel, "targets") {
        if target.is_object() && json::filled(target, "refId").is_none() {
            count += 1;
            let name = free.next().unwrap_or_else(|| format!("Q{count}"));
            json::set(target, "refId", name);
        }
    }
}

fn data_source(of: &mut Value, variables: &SourceVariables) {
    let Some(reference) = of.get("datasource") else { return };
    match datasource::to_object(reference, variables) {
        Some(object) => json::set(of, "datasource", object),
        None => drop(json::take(of, "datasource")),
    }
}

/// Variables: flags of Grafana 1 and 2 that were two, options of data sources, numbers written as truth.
fn variable(variable: &mut Value, variables: &SourceVariables) {
    data_source(variable, variables);
    drop_null(
        variable,
        &["allValue", "label", "description", "regex", "current", "definition", "options", "sort", "multi"],
    );
    if json::text(variable, "type").as_deref() == Some("filter") {
        json::set(variable, "type", "query");
    }
    if variable.get("type").is_none() {
        json::set(variable, "type", "query");
    }
    for (flag, hide) in [("hideVariable", 2), ("hideLabel", 1)] {
        if json::flag(variable, flag) {
            json::set_absent(variable, "hide", hide);
        }
        json::take(variable, flag);
    }
    for key in ["refresh", "hide", "sort"] {
        match variable.get(key) {
            Some(Value::Bool(flag)) => {
                let number = i64::from(*flag);
                json::set(variable, key, number);
            }
            Some(Value::Null) => drop(json::take(variable, key)),
            Some(Value::String(_)) => {
                let number = json::whole(variable, key, 0, 9, 0);
                json::set(variable, key, number);
            }
            _ => {}
        }
    }
    for key in ["includeAll", "multi"] {
        if variable.get(key).is_some_and(|flag| !flag.is_boolean()) {
            let flag = json::flag(variable, key);
            json::set(variable, key, flag);
        }
    }
    if json::at(variable, "current").as_object().is_some_and(serde_json::Map::is_empty) {
        json::take(variable, "current");
    }
    drop_null_current(variable);
}

/// A choice of nothing.
fn drop_null_current(variable: &mut Value) {
    let current = json::at(variable, "current");
    if current.is_object() && (json::at(current, "text").is_null() || json::at(current, "value").is_null()) {
        let value = match (json::at(current, "value"), json::at(current, "text")) {
            (Value::Null, text) => text.clone(),
            (value, _) => value.clone(),
        };
        if value.is_null() {
            json::take(variable, "current");
        } else {
            json::set(variable, "current.value", value.clone());
            json::set(variable, "current.text", value);
        }
    }
}

/// Links: fields that the schema wants.
fn link(link: &mut Value) {
    if !link.is_object() {
        return;
    }
    // A panel's link named a dashboard by its title before Grafana 6.
    let dashboard = json::text(link, "dashUri").map(|uri| format!("dashboard/{uri}"));
    if let Some(url) = dashboard {
        json::set_absent(link, "url", url);
    }
    let kind = json::text(link, "type").unwrap_or_default();
    if !matches!(kind.as_str(), "link" | "dashboards") {
        json::set(link, "type", "link");
    }
    for (key, empty) in [
        ("title", json!("")),
        ("icon", json!("external link")),
        ("tooltip", json!("")),
        ("tags", json!([])),
        ("asDropdown", json!(false)),
        ("includeVars", json!(false)),
        ("keepTime", json!(false)),
        ("targetBlank", json!(false)),
    ] {
        json::set_absent(link, key, empty);
    }
    drop_null(link, &["url"]);
}

fn drop_null(of: &mut Value, keys: &[&str]) {
    if let Some(map) = of.as_object_mut() {
        map.retain(|key, value| !(value.is_null() && keys.contains(&key.as_str())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_of_old_variables_become_numbers() {
        let mut dashboard = json!({"refresh": false, "sharedCrosshair": true, "templating": {"list": [
            {"name": "a", "hideLabel": true, "refresh": true, "datasource": "$ds", "allValue": null},
        ]}});
        migrate(&mut dashboard);
        let variable = &dashboard["templating"]["list"][0];
        assert_eq!((&variable["hide"], &variable["refresh"]), (&json!(1), &json!(1)));
        assert_eq!(variable["datasource"], json!({"type": "prometheus", "uid": "$ds"}));
        assert_eq!((&dashboard["refresh"], &dashboard["graphTooltip"]), (&json!(""), &json!(1)));
        assert_eq!(dashboard["schemaVersion"], SCHEMA_VERSION);
    }

    #[test]
    fn queries_without_a_name_get_free_letters() {
        let mut panel = json!({"targets": [{"expr": "a"}, {"expr": "b", "refId": "A"}, {"expr": "c"}]});
        clean_panel(&mut panel, &SourceVariables::default());
        let names: Vec<_> =
            json::list(&panel, "targets").iter().filter_map(|target| json::text(target, "refId")).collect();
        assert_eq!(names, ["B", "A", "C"]);
    }
}
