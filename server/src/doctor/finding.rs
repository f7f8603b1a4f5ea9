//! What an examination finds, and how it is told: a line each, or JSON.

use std::fmt;

use serde::Serialize;

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    /// As it should be.
    Ok,
    /// It works, and will not for long, or not in full.
    Warn,
    /// Something does not work.
    Fail,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    pub(crate) level: Level,
    /// The check that found it.
    pub(crate) subject: &'static str,
    /// What is the case; never a secret, and never anything out of a file that may hold one.
    pub(crate) what: String,
    /// What a parser said of such a file. It may quote it: for the terminal of whoever may read the file anyway, and left out of bundles.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) quoted: String,
    /// What to do about it; empty where all is well.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) remedy: String,
}

impl Finding {
    pub(super) fn ok(subject: &'static str, what: impl Into<String>) -> Self {
        Self::new(Level::Ok, subject, what, "")
    }

    pub(super) fn warn(subject: &'static str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(Level::Warn, subject, what, remedy)
    }

    pub(super) fn fail(subject: &'static str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(Level::Fail, subject, what, remedy)
    }

    fn new(level: Level, subject: &'static str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { level, subject, what: what.into(), quoted: String::new(), remedy: remedy.into() }
    }

    /// With the words of a parser.
    pub(super) fn quoting(mut self, words: impl Into<String>) -> Self {
        self.quoted = words.into();
        self
    }

    /// Without them.
    pub(super) fn without_quotes(mut self) -> Self {
        self.quoted.clear();
        self
    }
}

/// One line, whatever is in it.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            Level::Ok => "ok",
            Level::Warn => "warn",
            Level::Fail => "fail",
        };
        write!(f, "{level:<5} {}: {}", self.subject, one_line(&self.what))?;
        if !self.quoted.is_empty() {
            write!(f, ": {}", one_line(&self.quoted))?;
        }
        if !self.remedy.is_empty() {
            write!(f, "; {}", one_line(&self.remedy))?;
        }
        Ok(())
    }
}

fn one_line(text: &str) -> String {
    text.split('\n').map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" | ")
}

/// `1 file`, `2 files`.
pub(super) fn many(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// How many of each level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Count {
    ok: usize,
    warn: usize,
    pub(super) fail: usize,
}

impl Count {
    pub(super) fn of(findings: &[Finding]) -> Self {
        let count = |level| findings.iter().filter(|finding| finding.level == level).count();
        Self { ok: count(Level::Ok), warn: count(Level::Warn), fail: count(Level::Fail) }
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ok, {} to look at, {} failed", self.ok, self.warn, self.fail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_one_line_that_says_what_and_what_to_do() {
        let finding = Finding::fail("disk", "only 1MiB is free\nin /data", "make room");
        assert_eq!(finding.to_string(), "fail  disk: only 1MiB is free | in /data; make room");
        let quoting = Finding::warn("files", "a.yml:1:2", "correct it").quoting("no such key: x");
        assert_eq!(quoting.to_string(), "warn  files: a.yml:1:2: no such key: x; correct it");
        assert_eq!(quoting.without_quotes().to_string(), "warn  files: a.yml:1:2; correct it");
        assert_eq!(Finding::ok("disk", "fine").to_string(), "ok    disk: fine");
    }

    #[test]
    fn levels_are_counted() {
        let all = [Finding::ok("a", "x"), Finding::warn("a", "x", "y"), Finding::ok("b", "x")];
        assert_eq!(Count::of(&all).to_string(), "2 ok, 1 to look at, 0 failed");
    }
}
