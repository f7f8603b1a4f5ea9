//! Rules on a server: evaluated, recorded, told about, remembered, and read again.

use std::path::Path;

use serde_json::Value;

use crate::support::server::ADMIN;
use crate::support::{Server, now_ms, series, wait_for};

const RULES: &str = "groups:
- name: a
  interval: 1s
  rules:
  - record: twice
    expr: heartbeat * 2
    labels: {kind: sum}
  - alert: Beating
    expr: twice > 1
    for: 1s
    labels: {severity: '{{ $labels.kind }}'}
    annotations: {summary: '{{ $value }}'}
- name: b
  interval: 1s
  rules:
  - alert: Waiting
    expr: vector(1)
    for: 1h
";

/// A server with rules in a folder, and the folder.
fn server(rules: &str) -> (Server, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("rules")).unwrap();
    write(folder.path(), rules);
    let server = Server::start_with(&["--provisioning", folder.path().to_str().unwrap()]);
    (server, folder)
}

fn write(folder: &Path, rules: &str) {
    std::fs::write(folder.join("rules/r.yml"), rules).unwrap();
}

fn data(server: &Server, path: &str, params: &[(&str, &str)]) -> Value {
    let (status, body) = server.ask(path, params);
    assert_eq!(status, 200, "{body}");
    body["data"].clone()
}

fn alert(server: &Server, name: &str) -> Option<Value> {
    let alerts = data(server, "api/v1/alerts", &[]);
    alerts["alerts"].as_array().unwrap().iter().find(|alert| alert["labels"]["alertname"] == name).cloned()
}

#[test]
fn rules_are_evaluated_recorded_and_told_about() {
    let (server, _folder) = server(RULES);
    server.push(vec![series("heartbeat", &[(now_ms(), 1.0)])]);
    let firing = wait_for("an alert that fires", || {
        alert(&server, "Beating").filter(|alert| alert["state"] == "firing")
    });
    assert_eq!(firing["labels"]["severity"], "sum");
    assert_eq!(firing["annotations"]["summary"], "2");
    assert_eq!(firing["value"], "2e+00");
    assert_eq!(server.query("twice")[0]["value"][1], "2");
    let states = server.query("ALERTS{alertname=\"Beating\",alertstate=\"firing\"}");
    assert_eq!(states[0]["value"][1], "1");
    assert_eq!(server.query("ALERTS_FOR_STATE{alertname=\"Beating\"}").len(), 1);

    let groups = data(&server, "api/v1/rules", &[]);
    let rules = &groups["groups"][0]["rules"];
    assert_eq!((&rules[0]["type"], &rules[0]["health"]), (&"recording".into(), &"ok".into()));
    assert_eq!((&rules[1]["type"], &rules[1]["query"]), (&"alerting".into(), &"twice > 1".into()));
    assert_eq!(rules[1]["duration"], 1.0);

    let only = data(&server, "api/v1/rules", &[("type", "record"), ("match[]", "{kind=\"sum\"}")]);
    assert_eq!(only["groups"][0]["rules"].as_array().unwrap().len(), 1);
    let page = data(&server, "api/v1/rules", &[("group_limit", "1")]);
    assert_eq!((&page["groups"][0]["name"], page["groups"].as_array().unwrap().len()), (&"a".into(), 1));
    let token = page["groupNextToken"].as_str().unwrap();
    let rest = data(&server, "api/v1/rules", &[("group_limit", "1"), ("group_next_token", token)]);
    assert_eq!(rest["groups"][0]["name"], "b");
    assert!(rest.get("groupNextToken").is_none());
}

#[test]
fn a_crash_takes_nothing_from_what_an_alert_has_waited() {
    let (mut server, _folder) = server(RULES);
    let before = wait_for("a pending alert", || alert(&server, "Waiting"));
    wait_for("a second evaluation", || {
        let samples = server.samples("ALERTS_FOR_STATE{alertname=\"Waiting\"}");
        (samples.len() >= 2).then_some(())
    });
    server.crash_and_restart();
    let after = wait_for("the alert", || alert(&server, "Waiting"));
    let since = |alert: &Value| alert["activeAt"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let moved = since(&after).as_millisecond() - since(&before).as_millisecond();
    // Only the time away counts, and there was more of it than one evaluation.
    let away = now_ms() - since(&before).as_millisecond();
    assert!((0..away).contains(&moved), "active since {moved} ms later, {away} ms after the beginning");
}

#[test]
fn rules_are_read_again_and_what_is_wrong_with_them_changes_nothing() {
    let (server, folder) = server(RULES);
    let names = || {
        let groups = data(&server, "api/v1/rules", &[]);
        groups["groups"].as_array().unwrap().iter().map(|group| group["name"].to_string()).collect::<Vec<_>>()
    };
    write(folder.path(), "groups:\n- name: c\n  rules:\n  - record: x\n");
    let response = server.post("-/reload").bearer_auth(ADMIN).send().unwrap();
    assert_eq!(response.status(), 400);
    let said = response.text().unwrap();
    assert!(said.contains("r.yml:4:5: group"), "{said}");
    assert_eq!(names(), ["\"a\"", "\"b\""]);
    write(folder.path(), "groups:\n- name: c\n  rules:\n  - {record: x, expr: up}\n");
    assert_eq!(server.post("-/reload").bearer_auth(ADMIN).send().unwrap().status(), 200);
    assert_eq!(names(), ["\"c\""]);
}
