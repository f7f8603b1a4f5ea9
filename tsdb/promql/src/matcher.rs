//! A compiled label matcher.

use crowsnest_api::Labels;
use regex::Regex;
use smol_str::SmolStr;

use crate::MatchOp;

/// A condition on one label. A missing label counts as the empty value.
#[derive(Clone, Debug)]
pub struct Matcher {
    name: SmolStr,
    op: MatchOp,
    value: SmolStr,
    /// Present exactly when `op` is `Regex` or `NotRegex`; anchored at both ends, `.` matches newlines.
    regex: Option<Regex>,
}

/// A pattern that is not a regular expression.
#[derive(Debug, thiserror::Error)]
#[error("invalid regular expression {pattern:?} for label {name}")]
pub struct MatcherError {
    /// The label it was meant for.
    pub name: SmolStr,
    /// The pattern as written.
    pub pattern: SmolStr,
    /// What is wrong with it.
    #[source]
    pub source: regex::Error,
}

impl Matcher {
    /// Compiles a matcher.
    ///
    /// # Errors
    /// When `op` is a regex and `value` is not one.
    pub fn new(
        name: impl Into<SmolStr>,
        op: MatchOp,
        value: impl Into<SmolStr>,
    ) -> Result<Self, MatcherError> {
        let (name, value) = (name.into(), value.into());
        let regex = match op {
            MatchOp::Equal | MatchOp::NotEqual => None,
            MatchOp::Regex | MatchOp::NotRegex => Some(anchored(&value).map_err(|source| MatcherError {
                name: name.clone(),
                pattern: value.clone(),
                source,
            })?),
        };
        Ok(Self { name, op, value, regex })
    }

    /// `name="value"`.
    pub fn equal(name: impl Into<SmolStr>, value: impl Into<SmolStr>) -> Self {
        Self { name: name.into(), op: MatchOp::Equal, value: value.into(), regex: None }
    }

    /// The label it looks at.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it compares.
    pub fn op(&self) -> MatchOp {
        self.op
    }

    /// What it compares with, as written.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Whether a label with this value passes; the empty value stands for a missing label.
    pub fn matches_value(&self, value: &str) -> bool {
        let regex_matches = || self.regex.as_ref().is_some_and(|regex| regex.is_match(value));
        match self.op {
            MatchOp::Equal => value == self.value,
            MatchOp::NotEqual => value != self.value,
            MatchOp::Regex => regex_matches(),
            MatchOp::NotRegex => !regex_matches(),
        }
    }

    /// Whether a series with these labels passes.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.matches_value(labels.get(&self.name).map_or("", SmolStr::as_str))
    }
}

/// A regular expression that must match the whole of a text, line breaks included.
pub(crate) fn anchored(pattern: &str) -> Result<Regex, regex::Error> {
    // `a)|(b` is no expression by itself, but would become one within the group.
    if pattern.contains(')') {
        Regex::new(pattern)?;
    }
    Regex::new(&format!("^(?s:{pattern})$"))
}

/// What is wrong with a regular expression, in one line.
pub(crate) fn reason(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    last.trim().trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(op: MatchOp, pattern: &str, value: &str, expected: bool) {
        assert_eq!(Matcher::new("a", op, pattern).unwrap().matches_value(value), expected);
    }

    #[test]
    fn regexes_match_the_whole_value_and_dot_matches_newlines() {
        check(MatchOp::Regex, "b|c", "b", true);
        check(MatchOp::Regex, "b|c", "bc", false);
        check(MatchOp::Regex, "x.y", "x\ny", true);
        check(MatchOp::NotRegex, ".+", "", true);
    }

    #[test]
    fn a_pattern_cannot_escape_its_anchors() {
        assert!(Matcher::new("a", MatchOp::Regex, "x)|(y").is_err());
        check(MatchOp::Regex, "(x)|(y)", "xz", false);
    }

    #[test]
    fn a_missing_label_counts_as_empty() {
        assert!(Matcher::equal("a", "").matches(&Labels::empty()));
        assert!(!Matcher::new("a", MatchOp::NotEqual, "").unwrap().matches(&Labels::empty()));
    }
}
