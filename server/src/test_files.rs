//! `crowsnest test`: runs test files that need no server, and prints one line for each thing that is wrong.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use crowsnest_alerting::unit_test::{self, RuleText};
use crowsnest_alerting::yaml::{Fault, Place};
use crowsnest_promql::Engine;
use crowsnest_promql::promqltest::{self, Verdict};

use crate::report::{FilesArgs, Report};

/// What kind of test files.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum TestArgs {
    /// PromQL tests in promqltest, the language of Prometheus's own
    Promql(FilesArgs),
    /// Unit tests of rules, in promtool's format
    Rules(FilesArgs),
}

/// Runs the files and prints the report.
///
/// # Errors
/// When any test failed, or a file could not be read.
pub(crate) fn run(args: &TestArgs) -> anyhow::Result<()> {
    match args {
        TestArgs::Promql(args) => args.report(run_promql),
        TestArgs::Rules(args) => args.report(run_rules),
    }
}

/// A command of promqltest has a line to itself, so that is where its findings are.
fn run_promql(report: &mut Report, file: &Path, text: &str) {
    let at = |line| Place { line, column: 1 };
    let outcomes = match promqltest::run(text) {
        Ok(outcomes) => outcomes,
        Err(error) => return report.fail(file, at(error.line), error.message),
    };
    for outcome in outcomes {
        let (query, line) = (outcome.query, outcome.line);
        match outcome.verdict {
            Verdict::Passed => report.pass(),
            Verdict::Failed(why) => report.fail(file, at(line), format!("{query}: {why}")),
        }
    }
}

/// Each test of a file counts; a file that cannot be run counts as one that failed.
fn run_rules(report: &mut Report, file: &Path, text: &str) {
    let folder = file.parent().unwrap_or(Path::new(""));
    let outcomes = match unit_test::run(text, &Engine::default(), &mut |pattern| rule_files(folder, pattern))
    {
        Ok(outcomes) => outcomes,
        Err(faults) => return report.fail_once(file, faults),
    };
    for note in outcomes.notes {
        report.note(file, note.at, note.message);
    }
    for test in outcomes.tests {
        if test.faults.is_empty() {
            report.pass();
        } else {
            let name = if test.name.is_empty() { String::new() } else { format!("{}: ", test.name) };
            let told = |mut fault: Fault| {
                fault.message.insert_str(0, &name);
                fault
            };
            report.fail_once(file, test.faults.into_iter().map(told).collect());
        }
    }
}

/// The rule files that a pattern stands for, relative to the folder of the test file.
fn rule_files(folder: &Path, pattern: &str) -> Result<Vec<RuleText>, String> {
    let pattern = folder.join(pattern).display().to_string();
    let paths = glob::glob(&pattern).map_err(|error| format!("{pattern:?}: {error}"))?;
    let read = |path: Result<PathBuf, glob::GlobError>| {
        let path = path.map_err(|error| error.to_string())?;
        let file = path.display().to_string();
        let text = std::fs::read_to_string(&path).map_err(|error| format!("cannot read {file}: {error}"))?;
        Ok(RuleText { file, text })
    };
    paths.map(read).collect()
}
