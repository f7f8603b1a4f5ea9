//! `crowsnest test`, run as people and scripts run it.

use std::path::Path;
use std::process::{Command, Output};

const GOOD: &str = "load 1m\n  requests 0+60x5\n\neval instant at 5m increase(requests[5m])\n  {} 300\n";

fn test_promql(arguments: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_crowsnest"))
        .args(["test", "promql"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn files_that_hold_pass_and_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("good.test"), GOOD).unwrap();
    let output = test_promql(&["good.test", "good.test"], folder.path());
    assert!(output.status.success(), "{output:?}");
    assert_eq!(stdout(&output), "2 passed, 0 failed\n");
}

#[test]
fn a_wrong_expectation_is_reported_at_its_line_and_fails_the_run() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("good.test"), GOOD).unwrap();
    std::fs::write(folder.path().join("bad.test"), GOOD.replace("{} 300\n", "{} 2\n")).unwrap();
    let output = test_promql(&["bad.test", "good.test"], folder.path());
    assert_eq!(output.status.code(), Some(1));
    let said = stdout(&output);
    assert!(said.starts_with("bad.test:4:1: increase(requests[5m]): "), "{said}");
    assert!(said.ends_with("1 passed, 1 failed\n"), "{said}");
}

#[test]
fn a_file_that_cannot_be_read_does_not_hide_the_others() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("good.test"), GOOD).unwrap();
    std::fs::write(folder.path().join("broken.test"), "\nload 1m\n  requests 1 2 x\n").unwrap();
    let output = test_promql(&["absent.test", "broken.test", "good.test"], folder.path());
    assert_eq!(output.status.code(), Some(1));
    let said = stdout(&output);
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].starts_with("absent.test:1:1: cannot read the file: "), "{said}");
    assert!(lines[1].starts_with("broken.test:3:1: "), "{said}");
    assert_eq!(lines[2], "1 passed, 2 failed");
}

#[test]
fn machines_get_the_report_as_json() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("bad.test"), GOOD.replace("{} 300\n", "{} 2\n")).unwrap();
    let output = test_promql(&["--json", "bad.test"], folder.path());
    assert_eq!(output.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((report["passed"].as_u64(), report["failed"].as_u64()), (Some(0), Some(1)));
    assert_eq!(
        (&report["findings"][0]["file"], &report["findings"][0]["line"]),
        (&"bad.test".into(), &4.into())
    );
}
