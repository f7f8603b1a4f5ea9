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
