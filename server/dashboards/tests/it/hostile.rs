//! Dashboards that mean harm, or nothing.

use std::collections::BTreeMap;

use crowsnest_dashboards::field::configure;
use crowsnest_dashboards::frame::{Field, Frame, Values};
use crowsnest_dashboards::import::{Answers, Import, Limits, import, import_value};
use crowsnest_dashboards::interpolate::{Bound, Format, interpolate};
use crowsnest_dashboards::layout::{MOST_PLACED, RepeatValue, layout};
use crowsnest_dashboards::model::LinkKind;
use crowsnest_dashboards::pattern::Fancy;
use crowsnest_dashboards::report::Remark;
use crowsnest_dashboards::transform::{self, Context};
use crowsnest_dashboards::variables::{Candidate, Choice, options};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Names that the format knows, so that made-up JSON gets past the first look.
const KEYS: &[&str] = &[
    "panels",
    "rows",
    "templating",
    "list",
    "type",
    "gridPos",
    "x",
    "y",
    "w",
    "h",
    "targets",
    "datasource",
    "uid",
    "query",
    "name",
    "fieldConfig",
    "defaults",
    "overrides",
    "matcher",
    "properties",
    "id",
    "value",
    "options",
    "legend",
    "yaxes",
    "seriesOverrides",
    "alias",
    "thresholds",
    "mappings",
    "styles",
    "pattern",
    "transformations",
    "links",
    "url",
    "spec",
    "elements",
    "layout",
    "kind",
    "items",
    "__inputs",
    "__elements",
    "libraryPanel",
    "repeat",
    "collapsed",
    "current",
    "annotations",
    "time",
    "fieldOptions",
    "custom",
];
const TEXTS: &[&str] = &[
    "graph",
    "singlestat",
    "table",
    "row",
    "timeseries",
    "heatmap",
    "text",
    "byName",
    "organize",
    "joinByField",
    "groupBy",
    "calculateField",
    "$x",
    "${x:json}",
    "/a/",
    "now-6h",
    "prometheus",
    "javascript:alert(1)",
    "1e999",
    "GridLayout",
    "RowsLayout",
    "Panel",
];

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-5i64..40).prop_map(Value::from),
        prop::sample::select(TEXTS).prop_map(Value::from),
        "[ -~]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((prop::sample::select(KEYS), inner), 0..6)
                .prop_map(|pairs| pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

fn taken(json: Value) -> Option<Import> {
    import_value(json, &Answers::new(), &Limits::default()).ok()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_json_is_imported_or_refused_and_imports_again_unchanged(mut json in any_json(), panel in any_json(), variable in any_json()) {
        if let Some(map) = json.as_object_mut() {
            map.entry("panels").or_insert_with(|| json!([panel]));
            map.entry("templating").or_insert_with(|| json!({"list": [variable]}));
        }
        if let Some(first) = taken(json) {
            let again = taken(first.dashboard.json().clone()).unwrap();
            prop_assert_eq!(first.dashboard.json(), again.dashboard.json());
            let _ = (first.dashboard.annotations(), first.dashboard.links(), first.dashboard.time());
        }
    }

    #[test]
    fn any_options_leave_frames_in_one_piece(field_config in any_json(), id in prop::sample::select(TEXTS), options in any_json()) {
        let frame = |name: &str| Frame {
            ref_id: name.to_owned(),
            name: None,
            fields: vec![Field::new("Time", Values::Times(vec![Some(1), None])), Field::new("x", Values::texts(["a", "b"])),
                         Field::new("Value", Values::numbers([1.0, f64::NAN]))],
        };
        let context = Context { engine: &Fancy, interpolate: &str::to_owned };
        let mut frames = transform::apply(vec![frame("A"), frame("B")], &[json!({"id": id, "options": options})], &context);
        configure(&mut frames, &field_config, &BTreeMap::<String, Bound>::new(), &Fancy);
        prop_assert!(frames.iter().map(Frame::len).sum::<usize>() < 100);
    }
}

#[test]
fn scripts_in_links_are_not_followed_and_told() {
    let link = json!({"title": "x", "url": "javascript:alert(1)", "type": "link"});
    let import = taken(json!({"title": "T", "links": [link], "panels": [
        {"id": 1, "type": "stat", "links": [link], "fieldConfig": {"defaults": {"links": [link]}, "overrides": []}},
    ]}))
    .unwrap();
    assert!(import.report.panels[0].remarks.iter().any(|remark| matches!(remark, Remark::UnsafeLink(_))));
    assert_eq!(import.dashboard.links()[0].kind, LinkKind::Url(String::new()));
    assert_eq!(import.dashboard.panels()[0].links[0].kind, LinkKind::Url(String::new()));
    let mut frames =
        vec![Frame { fields: vec![Field::new("v", Values::numbers([1.0]))], ..Frame::default() }];
    configure(
        &mut frames,
        &import.dashboard.panels()[0].field_config,
        &BTreeMap::<String, Bound>::new(),
        &Fancy,
    );
    assert!(frames[0].fields[0].config.links.is_empty());
}

#[test]
fn a_pattern_that_explodes_and_variables_in_a_circle_end() {
    let import = taken(json!({"title": "T", "templating": {"list": [
        {"name": "a", "type": "query", "query": "label_values($b)", "regex": "/^(a+)+$/"},
        {"name": "b", "type": "query", "query": "label_values($a)"},
        {"name": "c", "type": "query", "query": "x", "regex": "/^(([a-z])+.)+(?=[A-Z])([a-z])+$/"},
    ]}}))
    .unwrap();
    assert!(import.report.remarks.contains(&Remark::CyclicVariables(vec!["a".to_owned(), "b".to_owned()])));
    let text = "a".repeat(5_000);
    let candidates = [Candidate { text: text.clone(), value: text }];
    let variables = import.dashboard.variables();
    let found = options(&variables[2], "", &variables[2].regex, &candidates, &Fancy);
    assert!(found.list.is_empty());
}

#[test]
fn repeats_of_repeats_and_long_values_have_an_end() {
    let panels: Vec<Value> =
        (1..=500).map(|id| json!({"id": id, "type": "stat", "repeat": "v", "gridPos": {"y": id}})).collect();
    let import = taken(json!({"title": "T", "panels": panels})).unwrap();
    let values =
        |_: &str| -> Vec<RepeatValue> { (0..10_000).map(|at| (at.to_string(), String::new())).collect() };
    assert!(layout(&import.dashboard, &|_, _| true, &values).len() <= MOST_PLACED + 200);
    let scope = BTreeMap::from([("v".to_owned(), Bound::text("x".repeat(100_000)))]);
    assert!(interpolate(&"$v".repeat(1_000), &scope, &Format::Raw).len() < 2 << 20);
}

#[test]
fn markup_in_a_choice_stays_text() {
    let variable = &taken(json!({"title": "T", "templating": {"list": [{"name": "v", "type": "textbox"}]}}))
        .unwrap()
        .dashboard
        .variables()[0];
    let bound = Choice::of(["<img src=x onerror=alert(1)>"]).bind(variable, &[], None, 0);
    let scope = BTreeMap::from([("v".to_owned(), bound)]);
    assert_eq!(interpolate("${v}", &scope, &Format::Html), "&lt;img src=x onerror=alert(1)&gt;");
}

#[test]
fn depth_and_size_are_bounded() {
    let deep = format!("{{\"panels\":{}{}}}", "[".repeat(5_000), "]".repeat(5_000));
    assert!(import(&deep, &Answers::new(), &Limits::default()).is_err());
    let long = format!("{{\"title\":\"{}\"}}", "x".repeat(9 << 20));
    assert!(
        import(&long, &Answers::new(), &Limits::default())
            .unwrap_err()
            .to_string()
            .starts_with("the file has 94")
    );
}
