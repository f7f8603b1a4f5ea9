//! Prometheus's own tests, where they are at hand: every `eval` is run, and each file must pass as many as it once did.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may fail at any line"
)]

#[path = "corpus/mutations.rs"]
mod mutations;

use std::path::{Path, PathBuf};

use crowsnest_promql::promqltest::{Verdict, run};

/// How many evals of each file pass at least. Raise a number when the engine learns something; never lower one.
const FLOORS: &[(&str, usize)] = &[
    ("aggregators.test", 117),
    ("at_modifier.test", 60),
    ("collision.test", 2),
    ("duration_expression.test", 43),
    ("extended_vectors.test", 123),
    ("fill-modifier.test", 34),
    ("functions.test", 313),
    ("histograms.test", 137),
    ("info.test", 39),
    ("limit.test", 28),
    ("literals.test", 25),
    ("name_label_dropping.test", 22),
    ("native_histograms.test", 379),
    ("operators.test", 163),
    ("range_queries.test", 18),
    ("selectors.test", 24),
    ("staleness.test", 17),
    ("start_timestamps.test", 20),
    ("subquery.test", 25),
    ("trig_functions.test", 19),
    ("type_and_unit.test", 44),
];

fn corpus() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = match std::env::var_os("CROWSNEST_CORPUS") {
        Some(folder) => root.join(folder),
        None => root.join("../shared/corpus"),
    };
    let found = Some(folder.join("promqltest")).filter(|folder| folder.is_dir());
    if found.is_none() {
        println!("corpus absent: set CROWSNEST_CORPUS to run Prometheus's own PromQL tests");
    }
    found
}

/// The names of the files, in order.
fn test_files(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .filter(|name| name.ends_with(".test"))
        .collect();
    names.sort();
    names
}

#[test]
fn prometheus_own_tests_pass_at_least_as_often_as_before() {
    let Some(folder) = corpus() else {
        return;
    };
    let verbose = std::env::var_os("PROMQLTEST_FAILURES").is_some();
    let mut below = Vec::new();
    let (mut all_passed, mut all) = (0, 0);
    println!("{:<28} {:>6} {:>6} {:>6}", "file", "passed", "failed", "floor");
    for name in test_files(&folder) {
        let text = std::fs::read_to_string(folder.join(&name)).unwrap();
        let outcomes = run(&text).unwrap_or_else(|error| {
            below.push(format!("{name}: {error}"));
            Vec::new()
        });
        let (mut passed, mut failed) = (0, 0);
        for outcome in &outcomes {
            match &outcome.verdict {
                Verdict::Passed => passed += 1,
                Verdict::Failed(_) => failed += 1,
            }
            if verbose && outcome.verdict != Verdict::Passed {
                println!("{name}:{outcome}");
            }
        }
        let floor = FLOORS.iter().find(|(file, _)| *file == name).map_or(0, |(_, floor)| *floor);
        println!("{name:<28} {passed:>6} {failed:>6} {floor:>6}");
        if passed < floor {
            below.push(format!("{name}: {passed} of {floor}"));
        }
        all_passed += passed;
        all += outcomes.len();
    }
    println!("{:<28} {all_passed:>6} of {all}", "all");
    assert!(below.is_empty(), "fewer evals pass than before: {}", below.join(", "));
}
