//! The project's own cases: every `eval` in `testdata/` must pass, and every function and aggregator must have one.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail at any line")]

use std::collections::BTreeSet;
use std::path::Path;

use crowsnest_promql::ast::ExprKind;
use crowsnest_promql::promqltest::{Outcome, Verdict, run};
use crowsnest_promql::{AGGREGATORS, FUNCTIONS, parse};

fn outcomes() -> Vec<(String, Outcome)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let outcomes = run(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        all.extend(outcomes.into_iter().map(|outcome| (name.clone(), outcome)));
    }
    all
}

#[test]
fn every_case_passes() {
    let failed: Vec<String> = outcomes()
        .into_iter()
        .filter(|(_, outcome)| outcome.verdict != Verdict::Passed)
        .map(|(name, outcome)| format!("{name}:{outcome}"))
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn every_function_and_aggregator_has_a_case() {
    let mut seen = BTreeSet::new();
    for (_, outcome) in outcomes() {
        parse(&outcome.query).unwrap().walk(&mut |expr| match &expr.kind {
            ExprKind::Call(call) => {
                seen.insert(call.function.name);
            }
            ExprKind::Aggregate(aggregate) => {
                seen.insert(aggregate.op.as_str());
            }
            _ => {}
        });
    }
    let known = FUNCTIONS.iter().map(|row| row.name).chain(AGGREGATORS.iter().map(|row| row.name));
    let missing: Vec<_> = known.filter(|name| !seen.contains(name)).collect();
    assert!(missing.is_empty(), "without a case: {}", missing.join(", "));
}
