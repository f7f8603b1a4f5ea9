//! What `check` and `test` print: a line for each thing that is wrong, then how many passed and failed.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args;
use crowsnest_alerting::yaml::{Fault, Place};
use serde::Serialize;

/// Which files, and for whom the report is.
#[derive(Clone, Debug, Args)]
pub(crate) struct FilesArgs {
    /// Files to read
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print the report as one JSON object
    #[arg(long)]
    json: bool,
}

/// What came of all files: how much of them is right, how much is not, and findings.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    passed: usize,
    failed: usize,
    findings: Vec<Finding>,
}

/// Something to tell about a place; lines and columns count from 1.
#[derive(Debug, Serialize)]
struct Finding {
    file: PathBuf,
    line: usize,
    column: usize,
    message: String,
}

impl FilesArgs {
    /// Reads every file, has `judge` report on it, and prints the report.
    ///
    /// # Errors
    /// When anything failed, or a file could not be read.
    pub(crate) fn report(&self, mut judge: impl FnMut(&mut Report, &Path, &str)) -> anyhow::Result<()> {
        let mut report = Report::default();
        for file in &self.files {
            match std::fs::read_to_string(file) {
                Ok(text) => judge(&mut report, file, &text),
                Err(error) => report.fail(file, Place::START, format!("cannot read the file: {error}")),
            }
        }
        if self.json {
            println!("{}", serde_json::to_string_pretty(&report)?);
        } else {
            for Finding { file, line, column, message } in &report.findings {
                println!("{}:{line}:{column}: {message}", file.display());
            }
            println!("{} passed, {} failed", report.passed, report.failed);
        }
        match report.failed {
            0 => Ok(()),
            failed => bail!("{failed} of {} failed", report.passed + failed),
        }
    }
}

impl Report {
    /// One more thing is right.
    pub(crate) fn pass(&mut self) {
        self.passed += 1;
    }

    /// One more thing is wrong.
    pub(crate) fn fail(&mut self, file: &Path, at: Place, message: String) {
        self.failed += 1;
        self.note(file, at, message);
    }

    /// A file is wrong, for each of these reasons.
    pub(crate) fn fail_once(&mut self, file: &Path, faults: Vec<Fault>) {
        self.failed += 1;
        for fault in faults {
            self.note(file, fault.at, fault.message);
        }
    }

    /// Something to know, which makes nothing fail.
    pub(crate) fn note(&mut self, file: &Path, at: Place, message: String) {
        let file = file.to_owned();
        self.findings.push(Finding { file, line: at.line, column: at.column, message });
    }
}
