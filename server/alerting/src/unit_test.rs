//! Unit tests of rules, in promtool's format: series go in, rules are evaluated, alerts and answers come out.
//!
//! Follows `promtool test rules` of Prometheus 3. A test evaluates every group at every `evaluation_interval`, whatever
//! the group's own interval is.

mod judge;
mod read;
mod scene;

use crowsnest_promql::Engine;

use crate::rules::Group;
use crate::yaml::{Fault, Place};

/// What came of a file.
#[derive(Debug, Default)]
pub struct Outcomes {
    /// What to know about it, without being wrong.
    pub notes: Vec<Fault>,
    /// Each test, in order.
    pub tests: Vec<Outcome>,
}

/// What came of one test.
#[derive(Debug)]
pub struct Outcome {
    /// Its name, often empty.
    pub name: String,
    /// Where it begins.
    pub at: Place,
    /// What is not as expected; nothing when it has passed.
    pub faults: Vec<Fault>,
}

/// A rule file that a test file names.
pub struct RuleText {
    /// Its name, for messages.
    pub file: String,
    /// What is in it.
    pub text: String,
}

/// Runs the tests of a file. `rule_files` finds the files that a pattern stands for, which is relative to the test file.
///
/// # Errors
/// When the file, or a rule file that it names, is wrong; then no test was run.
pub fn run(
    text: &str,
    engine: &Engine,
    rule_files: &mut dyn FnMut(&str) -> Result<Vec<RuleText>, String>,
) -> Result<Outcomes, Vec<Fault>> {
    let file = read::file(text)?;
    let mut outcomes = Outcomes::default();
    let mut groups: Vec<std::sync::Arc<Group>> = Vec::new();
    for (at, pattern) in &file.rule_files {
        let found = rule_files(pattern).map_err(|error| vec![Fault::new(*at, error)])?;
        if found.is_empty() {
            outcomes.notes.push(Fault::new(*at, format!("no file matches {pattern}")));
        }
        for RuleText { file, text } in found {
            let parsed = crate::rules::RuleFile::parse(&text, engine).map_err(|faults| {
                faults.into_iter().map(|fault| Fault::new(*at, format!("{file}:{fault}"))).collect::<Vec<_>>()
            })?;
            groups.extend(parsed.groups.into_iter().map(std::sync::Arc::new));
        }
    }
    let order = |group: &std::sync::Arc<Group>| {
        file.group_order.iter().position(|name| *name == group.name).unwrap_or(usize::MAX)
    };
    groups.sort_by_key(order);
    for test in &file.tests {
        let faults = scene::Scene::new(engine, &file, test, &groups).play();
        outcomes.tests.push(Outcome { name: test.name.clone(), at: test.at, faults });
    }
    Ok(outcomes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = "groups:\n- name: g\n  rules:\n  - {record: twice, expr: x * 2}\n  - {alert: High, expr: twice > 5, for: 1m, labels: {severity: page}, annotations: {d: 'is {{ $value }} in {{ $externalLabels.c }}'}}\n";

    fn run_one(test: &str) -> Vec<String> {
        let text = format!(
            "rule_files: [r.yml]\nevaluation_interval: 1m\ntests:\n- interval: 1m\n  external_labels: {{c: c1}}\n  input_series: [{{series: 'x{{j=\"a\"}}', values: '1 2 3 4'}}]\n{test}"
        );
        let mut rules = |_: &str| Ok(vec![RuleText { file: "r.yml".into(), text: RULES.into() }]);
        let outcomes = run(&text, &Engine::default(), &mut rules).unwrap();
        outcomes.tests[0].faults.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_expected_passes() {
        let test = "  alert_rule_test:\n  - {eval_time: 2m, alertname: High}\n  - eval_time: 3m\n    alertname: High\n    exp_alerts: [{exp_labels: {j: a, severity: page}, exp_annotations: {d: is 8 in c1}}]\n  promql_expr_test:\n  - {expr: twice, eval_time: 2m, exp_samples: [{labels: 'twice{j=\"a\"}', value: 6}]}\n  - {expr: sum(twice), eval_time: 1m, exp_samples: [{value: 4}]}\n";
        assert_eq!(run_one(test), [""; 0]);
    }

    #[test]
    fn what_differs_is_told_at_the_expectation() {
        let test = "  alert_rule_test:\n  - {eval_time: 3m, alertname: High}\n  promql_expr_test:\n  - {expr: twice, eval_time: 2m, exp_samples: [{labels: twice, value: 6}]}\n";
        let faults = run_one(test);
        assert!(
            faults[0].starts_with(
                "8:5: High at 3m: expected no alerts, got {j=\"a\", severity=\"page\"} {d=\"is 8 in c1\"}"
            ),
            "{faults:?}"
        );
        assert!(
            faults[1].starts_with("10:5: twice at 2m: expected twice 6, got twice{j=\"a\"} 6"),
            "{faults:?}"
        );
    }

    #[test]
    fn a_rule_file_that_is_wrong_fails_the_file() {
        let text = "rule_files: [r.yml]\ntests: []\n";
        let mut rules = |_: &str| Ok(vec![RuleText { file: "r.yml".into(), text: "x: 1".into() }]);
        let faults = run(text, &Engine::default(), &mut rules).unwrap_err();
        assert_eq!(faults[0].to_string(), "1:14: r.yml:1:1: field x not found in rule file");
    }
}
