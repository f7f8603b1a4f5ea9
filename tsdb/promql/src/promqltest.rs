//! Runs promqltest files, the language in which Prometheus writes its own PromQL tests.
//!
//! `load` fills an empty store, `eval` runs a query and compares its answer with the lines that follow. Every instant
//! query is run again in ways that must not change its answer: with its time fixed by `@` and evaluated at other times,
//! and as a range query around its time.

mod check;
mod literal;
mod nhcb;
mod number;
mod run;
mod script;
mod series;
mod values;
mod variants;

use std::fmt;

pub use run::{run, run_on};
pub use series::{is_histogram, metric, series};

/// What came of one `eval`.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Its line in the file, counted from 1.
    pub line: usize,
    /// Its query.
    pub query: String,
    /// Whether the answer was the expected one.
    pub verdict: Verdict,
}

/// Whether an answer was the expected one.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It was, in every variant.
    Passed,
    /// It was not; says what was found instead.
    Failed(String),
}

/// A file that cannot be read as promqltest; nothing was run.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct ScriptError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

impl ScriptError {
    fn new(line: usize, message: impl Into<String>) -> Self {
        Self { line, message: message.into() }
    }
}

/// `12: rate(x[5m]): expected 3, got 4`
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, query, verdict } = self;
        match verdict {
            Verdict::Passed => write!(f, "{line}: {query}: passed"),
            Verdict::Failed(why) => write!(f, "{line}: {query}: {why}"),
        }
    }
}
