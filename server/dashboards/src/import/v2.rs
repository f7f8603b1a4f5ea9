//! Bodies of schema version 2 as classic dashboards.
//!
//! Follows the schema that npm's `@grafana/schema` 13.2 publishes (`dashboard/v2`, and `v2alpha1`, `v2beta1` where they differ). What has
//! no counterpart in the classic form – conditions, tabs – is reported; the whole of an element that is not known stays
//! in its panel under `v2`.

mod layout;
mod variables;

use serde_json::{Map, Value, json};

use super::Limits;
use crate::json;
use crate::report::{Remark, Report};

/// Fields of the body that are read here; all others stay as they are.
const READ: &[&str] =
    &["annotations", "cursorSync", "elements", "layout", "links", "timeSettings", "variables"];

/// The classic form of `body`.
pub(super) fn to_classic(body: &Value, limits: &Limits, report: &mut Report) -> Value {
    report.note(Remark::ConvertedFromV2);
    let mut classic = body.clone();
    if let Some(map) = classic.as_object_mut() {
        map.retain(|key, _| !READ.contains(&key.as_str()));
    }
    let elements = Elements { body, limits, used: std::cell::Cell::new(0) };
    let mut placed = layout::Placed::default();
    let settings = layout::Context { elements: &elements, report };
    let mut list = variables::to_classic(json::list(body, "variables"));
    settings.place(json::at(body, "layout"), &mut placed);
    list.extend(placed.variables);
    json::set(&mut classic, "panels", placed.panels);
    json::set(&mut classic, "templating", json!({"list": list}));
    let annotations: Vec<Value> = json::list(body, "annotations").iter().map(annotation).collect();
    json::set(&mut classic, "annotations", json!({"list": annotations}));
    json::set(&mut classic, "links", json::list(body, "links").to_vec());
    let sync = match json::text(body, "cursorSync").as_deref() {
        Some("Crosshair") => 1,
        Some("Tooltip") => 2,
        _ => 0,
    };
    json::set(&mut classic, "graphTooltip", sync);
    time(&mut classic, json::at(body, "timeSettings"));
    classic
}

fn time(classic: &mut Value, settings: &Value) {
    let text = |key| json::text(settings, key);
    json::set(
        classic,
        "time",
        json!({"from": text("from").unwrap_or_else(|| "now-6h".into()), "to": text("to").unwrap_or_else(|| "now".into())}),
    );
    json::set(classic, "refresh", text("autoRefresh").unwrap_or_default());
    for (from, to) in [
        ("timezone", "timezone"),
        ("weekStart", "weekStart"),
        ("fiscalYearStartMonth", "fiscalYearStartMonth"),
        ("autoRefreshIntervals", "timepicker.refresh_intervals"),
        ("quickRanges", "timepicker.quick_ranges"),
        ("hideTimepicker", "timepicker.hidden"),
        ("nowDelay", "timepicker.nowDelay"),
    ] {
        let value = json::at(settings, from);
        if !value.is_null() {
            json::set(classic, to, value.clone());
        }
    }
}

/// The panels that the layout refers to by name.
struct Elements<'a> {
    body: &'a Value,
    limits: &'a Limits,
    used: std::cell::Cell<usize>,
}

impl Elements<'_> {
    /// The panel `name`; `None` once there are more than may be read.
    fn panel(&self, name: &str) -> Option<Value> {
        self.used.set(self.used.get() + 1);
        if self.used.get() > self.limits.panels {
            return None;
        }
        let element = self.body.get("elements")?.get(name)?;
        let spec = json::at(element, "spec");
        Some(match json::text(element, "kind").as_deref() {
            Some("LibraryPanel") => json!({
                "id": json::at(spec, "id"), "title": json::at(spec, "title"),
                "libraryPanel": json::at(spec, "libraryPanel"), "type": "library-panel-ref",
            }),
            Some("Panel") => panel(spec),
            _ => json!({"type": "unknown", "title": name, "v2": element}),
        })
    }
}

fn panel(spec: &Value) -> Value {
    let viz = json::at(spec, "vizConfig");
    // The plug-in is the group; before v2beta1 it was the kind.
    let kind = json::filled(viz, "group").or_else(|| json::filled(viz, "kind")).unwrap_or_default();
    let version = json::filled(viz, "version").or_else(|| json::filled(viz, "spec.pluginVersion"));
    let mut panel = json!({
        "id": json::at(spec, "id"), "title": json::text(spec, "title").unwrap_or_default(), "type": kind,
        "options": json::at(viz, "spec.options"), "fieldConfig": json::at(viz, "spec.fieldConfig"),
    });
    if let Some(version) = version {
        json::set(&mut panel, "pluginVersion", version);
    }
    let links: Vec<Value> = json::list(spec, "links").to_vec();
    if !links.is_empty() {
        json::set(&mut panel, "links", links);
    }
    for key in ["description", "subtitle", "transparent"] {
        let value = json::at(spec, key);
        if !value.is_null() && value.as_str() != Some("") {
            json::set(&mut panel, key, value.clone());
        }
    }
    let data = json::at(spec, "data.spec");
    let targets: Vec<Value> = json::list(data, "queries").iter().map(query).collect();
    let own = one_source(&targets);
    if !targets.is_empty() {
        json::set(&mut panel, "datasource", own);
        json::set(&mut panel, "targets", targets);
    }
    let transformations: Vec<Value> =
        json::list(data, "transformations").iter().map(transformation).collect();
    if !transformations.is_empty() {
        json::set(&mut panel, "transformations", transformations);
    }
    if let Some(options) = json::at(data, "queryOptions").as_object() {
        for (key, value) in options {
            json::set(&mut panel, key, value.clone());
        }
    }
    panel
}

/// The source of all queries, or that each has its own.
fn one_source(targets: &[Value]) -> Value {
    let mut sources = targets.iter().map(|target| json::at(target, "datasource"));
    match sources.next() {
        Some(first) if sources.all(|other| other == first) => first.clone(),
        Some(_) => json!({"type": "datasource", "uid": "-- Mixed --"}),
        None => Value::Null,
    }
}

fn query(query: &Value) -> Value {
    let spec = json::at(query, "spec");
    let mut target = data_query(json::at(spec, "query"), json::at(spec, "datasource"));
    json::set(&mut target, "refId", json::text(spec, "refId").unwrap_or_else(|| "A".to_owned()));
    if json::flag(spec, "hidden") {
        json::set(&mut target, "hide", true);
    }
    target
}

/// The query's own fields, with its data source beside them. `older` is where that stood before v2beta1.
fn data_query(query: &Value, older: &Value) -> Value {
    let mut target = match json::at(query, "spec") {
        Value::Object(map) => Value::Object(map.clone()),
        _ => Value::Object(Map::new()),
    };
    json::set(&mut target, "datasource", source(query, older));
    target
}

fn source(query: &Value, older: &Value) -> Value {
    let group = json::filled(query, "group")
        .or_else(|| json::filled(query, "kind").filter(|kind| kind != "DataQuery"));
    let name = json::filled(query, "datasource.name").or_else(|| json::filled(older, "uid"));
    let kind = group.or_else(|| json::filled(older, "type"));
    let mut reference = Map::new();
    reference.extend(kind.map(|kind| ("type".to_owned(), kind.into())));
    reference.extend(name.map(|name| ("uid".to_owned(), name.into())));
    Value::Object(reference)
}

fn transformation(transformation: &Value) -> Value {
    let spec = json::at(transformation, "spec");
    let id = json::filled(transformation, "group").or_else(|| json::filled(spec, "id"));
    let id = id.or_else(|| json::filled(transformation, "kind")).unwrap_or_default();
    let mut classic = json!({"id": id, "options": json::at(spec, "options")});
    for key in ["disabled", "filter", "topic"] {
        let value = json::at(spec, key);
        if !value.is_null() {
            json::set(&mut classic, key, value.clone());
        }
    }
    classic
}

fn annotation(annotation: &Value) -> Value {
    let spec = json::at(annotation, "spec");
    let query = json::at(spec, "query");
    let mut classic = match json::at(spec, "legacyOptions") {
        Value::Object(map) => Value::Object(map.clone()),
        _ => json!({}),
    };
    for key in ["enable", "hide", "iconColor", "name", "filter", "placement", "mappings"] {
        let value = json::at(spec, key);
        if !value.is_null() {
            json::set(&mut classic, key, value.clone());
        }
    }
    json::set(&mut classic, "builtIn", i64::from(json::flag(spec, "builtIn")));
    json::set(&mut classic, "datasource", source(query, json::at(spec, "datasource")));
    if let Value::Object(map) = json::at(query, "spec") {
        for (key, value) in map {
            json::set_absent(&mut classic, key, value.clone());
        }
    }
    classic
}

#[cfg(test)]
mod tests {
    use crate::import::{Answers, Limits, import};
    use crate::report::Remark;

    use super::*;

    #[test]
    fn elements_on_rows_become_panels_on_the_grid() {
        let element = |id: i64, kind: &str| {
            json!({"kind": "Panel", "spec": {"id": id, "title": format!("P{id}"), "links": [],
                "data": {"kind": "QueryGroup", "spec": {"queries": [{"kind": "PanelQuery", "spec": {"refId": "A", "hidden": false,
                    "query": {"kind": "DataQuery", "group": "prometheus", "version": "v0", "datasource": {"name": "${ds}"}, "spec": {"expr": "up"}}}}],
                    "transformations": [{"kind": "Transformation", "group": "organize", "spec": {"options": {}}}],
                    "queryOptions": {"interval": "1m"}}},
                "vizConfig": {"kind": "VizConfig", "group": kind, "version": "13.0", "spec": {"options": {}, "fieldConfig": {"defaults": {"unit": "s"}, "overrides": []}}}}})
        };
        let item = |name: &str, x: i64| {
            json!({"kind": "GridLayoutItem", "spec": {"x": x, "y": 0, "width": 12, "height": 8,
                "element": {"kind": "ElementReference", "name": name}, "repeat": {"mode": "variable", "value": "ds", "direction": "v"}}})
        };
        let grid = json!({"kind": "GridLayout", "spec": {"items": [item("a", 0), item("b", 12)]}});
        let file = json!({"apiVersion": "dashboard.grafana.app/v2beta1", "kind": "Dashboard", "metadata": {"name": "u1"}, "spec": {
            "title": "T", "cursorSync": "Crosshair", "elements": {"a": element(1, "timeseries"), "b": element(2, "stat")},
            "layout": {"kind": "RowsLayout", "spec": {"rows": [
                {"kind": "RowsLayoutRow", "spec": {"title": "R", "collapse": false, "layout": grid}},
                {"kind": "RowsLayoutRow", "spec": {"title": "S", "collapse": true, "layout": {"kind": "AutoGridLayout", "spec": {"items": [
                    {"kind": "AutoGridLayoutItem", "spec": {"element": {"kind": "ElementReference", "name": "a"}}}]}}}},
            ]}},
            "variables": [{"kind": "DatasourceVariable", "spec": {"name": "ds", "pluginId": "prometheus", "hide": "dontHide"}}],
            "timeSettings": {"from": "now-1h", "to": "now", "autoRefresh": "30s"},
        }});
        let import = import(&file.to_string(), &Answers::new(), &Limits::default()).unwrap();
        let json = import.dashboard.json();
        let kinds: Vec<_> =
            json::list(json, "panels").iter().map(|panel| panel["type"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["row", "timeseries", "stat", "row"]);
        assert_eq!(json["panels"][1]["gridPos"], json!({"x": 0, "y": 1, "w": 12, "h": 8}));
        assert_eq!(
            (&json["panels"][1]["interval"], &json["panels"][2]["repeat"]),
            (&json!("1m"), &json!("ds"))
        );
        assert_eq!(json["panels"][3]["panels"][0]["title"], "P1");
        assert_eq!(
            (&json["uid"], &json["graphTooltip"], &json["time"]["from"]),
            (&json!("u1"), &json!(1), &json!("now-1h"))
        );
        assert!(import.report.remarks.contains(&Remark::ConvertedFromV2));
        assert_eq!(import.report.counts(), (3, 0, 0));
    }
}
