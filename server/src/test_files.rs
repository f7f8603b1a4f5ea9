//! `crowsnest test`: runs test files that need no server, and prints one line for each thing that is wrong.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::{Args, Subcommand};
use crowsnest_promql::promqltest::{self, Verdict};
use serde::Serialize;

/// What kind of test files.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum TestArgs {
    /// PromQL tests in promqltest, the language of Prometheus's own
    Promql(FilesArgs),
}

/// Which files, and for whom the report is.
#[derive(Clone, Debug, Args)]
pub(crate) struct FilesArgs {
    /// Files to run
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print the report as one JSON object
    #[arg(long)]
    json: bool,
}

/// What came of all files: tests that passed, tests that failed, and a finding for each of the latter.
#[derive(Debug, Default, Serialize)]
struct Report {
    passed: usize,
    failed: usize,
    findings: Vec<Finding>,
}

/// Something wrong at a place; lines and columns count from 1.
#[derive(Debug, Serialize)]
struct Finding {
    file: PathBuf,
    line: usize,
    column: usize,
    message: String,
}

/// Runs the files and prints the report.
///
/// # Errors
/// When any test failed, or a file could not be read.
pub(crate) fn run(args: &TestArgs) -> anyhow::Result<()> {
    let TestArgs::Promql(args) = args;
    let mut report = Report::default();
    for file in &args.files {
        report.run_promql(file);
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        for Finding { file, line, column, message } in &report.findings {
            println!("{}:{line}:{column}: {message}", file.display());
        }
        println!("{} passed, {} failed", report.passed, report.failed);
    }
    match report.failed {
        0 => Ok(()),
        failed => bail!("{failed} of {} tests failed", report.passed + failed),
    }
}

impl Report {
    /// A command of promqltest has a line to itself, so that is where its findings are.
    fn run_promql(&mut self, file: &Path) {
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) => return self.fail(file, 1, format!("cannot read the file: {error}")),
        };
        let outcomes = match promqltest::run(&text) {
            Ok(outcomes) => outcomes,
            Err(error) => return self.fail(file, error.line, error.message),
        };
        for outcome in outcomes {
            let (query, line) = (outcome.query, outcome.line);
            match outcome.verdict {
                Verdict::Passed => self.passed += 1,
                Verdict::Failed(why) => self.fail(file, line, format!("{query}: {why}")),
            }
        }
    }

    fn fail(&mut self, file: &Path, line: usize, message: String) {
        self.failed += 1;
        self.findings.push(Finding { file: file.to_owned(), line, column: 1, message });
    }
}
