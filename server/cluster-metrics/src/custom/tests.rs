//! What the families of a configuration say, by the examples of its documentation.

use serde_json::{Value, json};

use super::{CustomState, Served};
use crate::{AllowList, Kind, Projector};

fn foo() -> Value {
    json!({
        "kind": "Foo", "apiVersion": "myteam.io/v1",
        "metadata": {"name": "foo", "namespace": "team", "uid": "u1",
            "labels": {"foo": "bar"}, "annotations": {"bar": "baz", "qux": "quxx"},
            "creationTimestamp": "2022-06-28T00:00:00Z"},
        "spec": {"version": "v1.2.3", "replicas": 1, "refs": ["my_other_foo", "foo_2"]},
        "status": {
            "phase": "Pending",
            "active": {"type-a": 1, "type-b": 3},
            "conditions": [{"type": "Ready", "status": "True"}, {"type": "Provisioned", "status": "False"}],
            "phases": ["Bar", "Pending"],
            "sub": {"type-a": {"active": 1, "ready": 2}, "type-b": {"active": 3, "ready": 4}},
            "uptime": 43.21,
        },
    })
}

fn served() -> Served {
    let [group, version, kind, resource] = ["myteam.io", "v1", "Foo", "foos"].map(str::to_owned);
    Served { group, version, kind, resource }
}

fn kinds(resource: &str) -> Vec<Kind> {
    let text = format!(
        "kind: CustomResourceStateMetrics\nspec:\n  resources:\n    - groupVersionKind: {{group: myteam.io, kind: Foo, version: v1}}\n{resource}"
    );
    let state = CustomState::parse(&text).unwrap_or_else(|faults| panic!("{faults:?}"));
    state.kinds(&[served()])
}

/// The rows of `foo` without the labels that all have.
fn rows(resource: &str) -> Vec<String> {
    let nothing = AllowList::default();
    let mut lines = Vec::new();
    for kind in kinds(resource) {
        let mut projector = Projector::new(&kind, &nothing, &nothing);
        let object = projector.project(&serde_json::to_vec(&foo()).unwrap()).unwrap();
        object.rows(&mut |row| {
            let (own, others): (Vec<_>, Vec<_>) =
                row.labels.iter().partition(|(name, _)| name.starts_with("customresource_"));
            assert_eq!(own.len(), 3);
            let labels: Vec<String> =
                others.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
            lines.push(format!("{}{{{}}} {}", row.name, labels.join(","), row.value));
        });
    }
    lines
}

/// The rows of one metric with this `each`.
#[track_caller]
fn check(each: &str, expected: &[&str]) {
    let found = rows(&format!("      metricNamePrefix: p\n      metrics: [{{name: m, each: {each}}}]"));
    assert_eq!(found, expected, "{each}");
}

#[test]
fn a_gauge_is_the_number_at_a_place_or_of_each_element_there() {
    check("{type: Gauge, gauge: {path: [status, uptime]}}", &["p_m{} 43.21"]);
    check("{type: gauge, gauge: {path: [metadata, creationTimestamp]}}", &["p_m{} 1656374400"]);
    check(
        "{type: Gauge, gauge: {path: [status, active], labelFromKey: type}}",
        &[r#"p_m{type="type-a"} 1"#, r#"p_m{type="type-b"} 3"#],
    );
    check(
        "{type: Gauge, gauge: {path: [status, conditions], labelsFromPath: {type: [type]}, valueFrom: [status]}}",
        &[r#"p_m{type="Provisioned"} 0"#, r#"p_m{type="Ready"} 1"#],
    );
    check(r#"{type: Gauge, gauge: {path: [status, conditions, "[type=Ready]", status]}}"#, &["p_m{} 1"]);
    check(
        "{type: Gauge, gauge: {path: [status, sub], labelFromKey: type, labelsFromPath: {active: [active]}, valueFrom: [ready]}}",
        &[r#"p_m{active="1",type="type-a"} 2"#, r#"p_m{active="3",type="type-b"} 4"#],
    );
}

#[test]
fn the_value_may_be_a_field_of_the_place_itself() {
    check(
        "{type: Gauge, gauge: {path: [metadata], labelsFromPath: {name: [name]}, valueFrom: [creationTimestamp]}}",
        &[r#"p_m{name="foo"} 1656374400"#],
    );
    check(
        "{type: Gauge, gauge: {path: [spec], labelsFromPath: {version: [version]}, valueFrom: [replicas], nilIsZero: true}}",
        &[r#"p_m{version="v1.2.3"} 1"#],
    );
}

#[test]
fn what_is_not_there_is_nothing_unless_it_counts_as_zero() {
    check("{type: Gauge, gauge: {path: [spec, paused]}}", &[]);
    check("{type: Gauge, gauge: {path: [spec, paused], nilIsZero: true}}", &["p_m{} 0"]);
    check("{type: Gauge, gauge: {path: [spec, version]}}", &[]);
    check("{type: Gauge, gauge: {path: [status, conditions], valueFrom: [nothing]}}", &[]);
    check("{type: Info, info: {path: [spec, nothing], labelsFromPath: {a: [b]}}}", &[]);
    check("{type: StateSet, stateSet: {path: [spec, nothing], labelName: a, list: [b]}}", &[]);
}

#[test]
fn an_info_is_one_with_labels_from_below_its_place() {
    check(
        "{type: Info, info: {labelsFromPath: {version: [spec, version]}}}",
        &[r#"p_m{version="v1.2.3"} 1"#],
    );
    check(
        "{type: Info, info: {path: [spec, refs], labelsFromPath: {ref: []}}}",
        &[r#"p_m{ref="foo_2"} 1"#, r#"p_m{ref="my_other_foo"} 1"#],
    );
    check(
        "{type: Info, info: {path: [status, active], labelFromKey: type}}",
        &[r#"p_m{type="type-a"} 1"#, r#"p_m{type="type-b"} 1"#],
    );
    check(
        "{type: Info, info: {path: [status, sub], labelsFromPath: {active: [active]}}}",
        &[r#"p_m{active="1"} 1"#, r#"p_m{active="3"} 1"#],
    );
}

#[test]
fn a_state_set_has_a_row_for_each_word() {
    check(
        "{type: StateSet, stateSet: {path: [status, phase], labelName: phase, list: [Pending, Bar]}}",
        &[r#"p_m{phase="Bar"} 0"#, r#"p_m{phase="Pending"} 1"#],
    );
    check(
        "{type: StateSet, stateSet: {path: [status, conditions], valueFrom: [status], labelName: is, list: ['True'], labelsFromPath: {type: [type]}}}",
        &[r#"p_m{is="True",type="Provisioned"} 0"#, r#"p_m{is="True",type="Ready"} 1"#],
    );
}

#[test]
fn labels_of_the_resource_of_the_metric_and_of_the_place_come_together() {
    let found = rows(
        r#"
      commonLabels: {crd_type: foo, team: none}
      labelsFromPath: {name: [metadata, name]}
      metrics:
        - name: ready_count
          commonLabels: {custom_metric: "yes"}
          labelsFromPath:
            "*": [metadata, labels]
            "lorem_*": [metadata, annotations]
            team: [metadata, namespace]
            version: [spec, version]
          each:
            type: Gauge
            gauge: {path: [status, sub], labelFromKey: type, labelsFromPath: {version: [active]}, valueFrom: [ready]}
"#,
    );
    let expected = |version: u8, kind: &str, value: u8| {
        format!(
            r#"kube_customresource_ready_count{{crd_type="foo",custom_metric="yes",foo="bar",lorem_bar="baz",lorem_qux="quxx",name="foo",team="team",type="{kind}",version="{version}"}} {value}"#
        )
    };
    assert_eq!(found, [expected(1, "type-a", 2), expected(3, "type-b", 4)]);
}

#[test]
fn any_version_and_any_kind_are_those_that_are_served() {
    let text = "spec: {resources: [{groupVersionKind: {group: myteam.io, version: '*', kind: '*'}, metricNamePrefix: '', metrics: [{name: up, help: Whether it is., each: {type: Info, info: {labelsFromPath: {name: [metadata, name]}}}}]}]}";
    let state = CustomState::parse(text).unwrap();
    assert_eq!(state.groups().into_iter().collect::<Vec<_>>(), [("myteam.io", None)]);
    let more = |version: &str, kind: &str| Served { version: version.into(), kind: kind.into(), ..served() };
    let elsewhere = Served { group: "other.io".into(), ..served() };
    assert_eq!(state.missing(std::slice::from_ref(&elsewhere)), ["myteam.io/* *"]);
    let kinds = state.kinds(&[served(), more("v2", "Foo"), more("v1", "Bar"), elsewhere]);
    let told: Vec<&str> = kinds.iter().map(|kind| &*kind.go_type).collect();
    assert_eq!(told, ["myteam.io_v1_Foo", "myteam.io_v2_Foo", "myteam.io_v1_Bar"]);
    let families = kinds[0].families();
    assert_eq!((families.len(), &*families[0].name, &*families[0].help), (1, "up", "Whether it is."));
}

#[test]
fn what_is_wrong_with_a_configuration_is_told_by_its_place() {
    let text = "\
kind: CustomResourceState
spec:
  resources:
    - groupVersionKind: {group: a.io, kind: A}
      metrics:
        - name: bad-name
          each: {type: Counter}
        - name: good
          each: {type: Gauge, gauge: {path: [status, '[x]']}}
          commonLabels: {0bad: x}
        - name: states
          each: {type: StateSet, stateSet: {path: [x]}}
    - metrics: []
      colour: red
";
    let faults: Vec<String> = CustomState::parse(text).unwrap_err().iter().map(ToString::to_string).collect();
    assert_eq!(
        faults,
        [
            r#"1:1: kind is "CustomResourceState", not "CustomResourceStateMetrics""#,
            r#"4:25: groupVersionKind has no version or no kind; write "*" for any"#,
            r#"6:11: "kube_customresource_bad-name" is no name of a metric"#,
            r#"7:18: type is "Counter"; there are Gauge, Info and StateSet"#,
            r#"9:39: "[x]" is no search in a list: write [key=value]"#,
            r#"10:26: "0bad" is no name of a label"#,
            r#"12:44: a stateSet has no labelName or no list"#,
            r#"13:7: a resource has no groupVersionKind"#,
            r#"14:7: field colour not found in a resource"#,
        ]
    );
}
