//! Unit tests of rules: each file gets promtool's verdict.

use std::path::Path;

use crowsnest_alerting::unit_test::{RuleText, run};
use crowsnest_promql::Engine;

use crate::corpus;
use crate::rule_files::verdicts;

const LEFT_OPEN: &str = "since version 3 ranges and lookback leave out their first instant";
/// Files that get another verdict here than from promtool 2.42, and why.
const OTHERWISE: &[(&str, &str)] = &[
    ("konflux-o11y/data_plane.crashloopbackoff_test/crashloopbackoff_test.yaml", LEFT_OPEN),
    ("konflux-o11y/data_plane.node_alerts_test/node_alerts_test.yaml", LEFT_OPEN),
    // The last digit of a rate over one sample less.
    (
        "konflux-o11y/recording.caching_availability_recording_rules_test/caching_availability_recording_rules_test.yaml",
        LEFT_OPEN,
    ),
    ("kubernetes-mixin/tests/absent_alert-test.yaml", LEFT_OPEN),
    ("kubernetes-mixin/tests/tests.yaml", LEFT_OPEN),
    (
        "promtool-testdata/no-test-group-interval/no-test-group-interval.yml",
        "an interval of its own since version 3",
    ),
    ("promtool-testdata/unittest/unittest.yml", "native histograms are newer"),
];

/// Runs a file; the error is the first thing that is wrong.
fn verdict(path: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(path).unwrap();
    let folder = path.parent().unwrap();
    let mut rule_files = |pattern: &str| {
        let paths = glob::glob(folder.join(pattern).to_str().unwrap()).map_err(|error| error.to_string())?;
        let read = |path: std::path::PathBuf| RuleText {
            file: path.display().to_string(),
            text: std::fs::read_to_string(path).unwrap(),
        };
        Ok(paths.map(|path| read(path.unwrap())).collect())
    };
    let outcomes = run(&text, &Engine::default(), &mut rule_files).map_err(|faults| faults[0].to_string())?;
    match outcomes.tests.iter().find_map(|test| test.faults.first()) {
        Some(fault) => Err(fault.to_string()),
        None => Ok(()),
    }
}

#[track_caller]
fn check(is_chosen: impl Fn(&str) -> bool) {
    let mut wrong = Vec::new();
    for (name, passes, detail) in verdicts("test") {
        let Some(path) = corpus::find(&format!("rules/{name}")) else { return };
        if !is_chosen(&name) {
            continue;
        }
        let passes = passes != OTHERWISE.iter().any(|(file, _)| *file == name);
        match (verdict(&path), passes) {
            (Ok(()), false) => wrong.push(format!("{name}: passes, promtool: {detail}")),
            (Err(why), true) => wrong.push(format!("{name}:{why}")),
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const LONG: &str = "kubernetes-mixin/tests/tests.yaml";

#[test]
fn tests_of_kubernetes_rules_are_judged_as_promtool_judges_them() {
    check(|name| name.starts_with("kubernetes-mixin") && name != LONG);
}

#[test]
fn the_longest_test_of_kubernetes_rules_passes() {
    check(|name| name == LONG);
}

#[test]
fn tests_of_konflux_are_judged_as_promtool_judges_them() {
    check(|name| name.starts_with("konflux"));
}

#[test]
fn tests_of_promtool_and_others_are_judged_as_promtool_judges_them() {
    check(|name| !name.starts_with("konflux") && !name.starts_with("kubernetes-mixin"));
}
