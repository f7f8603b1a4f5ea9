//! `crowsnest check` and `crowsnest test rules`, run as people and scripts run them.

use std::path::Path;
use std::process::{Command, Output};

fn run(arguments: &[&str], folder: &Path) -> (Output, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crowsnest"));
    let output = command.args(arguments).current_dir(folder).output().unwrap();
    let said = String::from_utf8(output.stdout.clone()).unwrap();
    (output, said)
}

const GOOD: &str =
    "groups:\n- name: g\n  rules:\n  - {record: a, expr: sum(b)}\n  - {record: a, expr: sum(c)}\n";

#[test]
fn rule_files_are_checked_with_place_and_count() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("good.yml"), GOOD).unwrap();
    std::fs::write(folder.path().join("bad.yml"), GOOD.replace("sum(b)", "sum(")).unwrap();
    let (output, said) = run(&["check", "rules", "good.yml"], folder.path());
    assert!(output.status.success());
    assert_eq!(said, "good.yml:5:5: duplicate rule: a is also at 4:5\n1 passed, 0 failed\n");
    let (output, said) = run(&["check", "rules", "bad.yml", "good.yml"], folder.path());
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said.starts_with("bad.yml:4:23: group \"g\", rule 1, \"a\": could not parse expression: 1:"),
        "{said}"
    );
    assert!(said.ends_with("1 passed, 1 failed\n"), "{said}");
}

#[test]
fn unit_tests_of_rules_find_their_rule_files() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("rules")).unwrap();
    std::fs::write(folder.path().join("rules/r.yml"), GOOD.replace("  - {record: a, expr: sum(c)}\n", ""))
        .unwrap();
    let test = "rule_files: [rules/*.yml]\ntests:\n- interval: 1m\n  input_series: [{series: b, values: '1 2'}]\n  promql_expr_test: [{expr: a, eval_time: 1m, exp_samples: [{labels: a, value: 2}]}]\n";
    std::fs::write(folder.path().join("good.yml"), test).unwrap();
    std::fs::write(folder.path().join("bad.yml"), test.replace("value: 2", "value: 3")).unwrap();
    let (output, said) = run(&["test", "rules", "good.yml"], folder.path());
    assert!(output.status.success(), "{said}");
    let (output, said) = run(&["test", "rules", "bad.yml", "good.yml"], folder.path());
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(said, "bad.yml:5:22: a at 1m: expected a 3, got a 2\n1 passed, 1 failed\n");
}

#[test]
fn dashboards_are_checked_and_what_will_not_be_drawn_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let panel = |kind: &str| {
        format!("{{\"id\": 7, \"title\": \"P\", \"type\": \"{kind}\", \"targets\": [{{\"expr\": \"up\"}}]}}")
    };
    let board = |kind: &str| format!("{{\"title\": \"T\", \"panels\": [{}]}}", panel(kind));
    for (name, text) in [
        ("good.json", board("timeseries")),
        ("odd.json", board("acme-globe-panel")),
        ("bad.json", "{\n\"title\": }".to_owned()),
    ] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let (output, said) = run(&["check", "dashboard", "good.json", "odd.json", "bad.json"], folder.path());
    assert_eq!(output.status.code(), Some(1));
    let lines: Vec<&str> = said.lines().collect();
    let [odd, bad, "2 passed, 1 failed"] = lines.as_slice() else { panic!("{said}") };
    assert!(odd.starts_with("odd.json:1:1: panel 7 \"P\": ") && odd.contains("acme-globe-panel"), "{odd}");
    assert!(bad.starts_with("bad.json:2:10: this is not JSON: "), "{bad}");
}

#[test]
fn settings_are_checked_with_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("good.toml", "data-dir = \"d\"\nauth = \"static\"\nstatic-token-file = \"users.yaml\"\n"),
        ("unknown.toml", "data-dir = \"d\"\nretentoin = \"15d\"\n"),
        ("senseless.toml", "listen = \"0.0.0.0:8443\"\nauth = \"none\"\n"),
    ] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let files = ["check", "config", "good.toml", "unknown.toml", "senseless.toml"];
    let (output, said) = run(&files, folder.path());
    assert_eq!(output.status.code(), Some(1));
    let lines: Vec<&str> = said.lines().collect();
    let [unknown, senseless, "1 passed, 2 failed"] = lines.as_slice() else { panic!("{said}") };
    assert!(unknown.starts_with("unknown.toml:2:1: unknown field `retentoin`"), "{unknown}");
    assert!(senseless.starts_with("senseless.toml:1:1: ") && senseless.contains("loopback"), "{senseless}");
}
