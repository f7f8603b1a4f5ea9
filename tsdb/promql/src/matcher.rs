//! A compiled label matcher.

mod pattern;

use crowsnest_api::Labels;
use regex::{Regex, RegexBuilder};
use smol_str::SmolStr;

pub use pattern::Candidates;

use crate::MatchOp;
use pattern::Pattern;

/// What the compiled regular expressions of one question may take together, in bytes.
const PATTERNS_BYTES: usize = 64 << 20;
/// Sizes that an expression is compiled with in turn, in bytes; the first that is enough is what it is taken to take.
/// The last is the default of `regex`.
const PATTERN_SIZES: [usize; 4] = [64 << 10, 256 << 10, 1 << 20, 10 << 20];

/// A condition on one label. A missing label counts as the empty value.
#[derive(Clone, Debug)]
pub struct Matcher {
    name: SmolStr,
    op: MatchOp,
    value: SmolStr,
    /// Present exactly when `op` is `Regex` or `NotRegex`; it is about the whole value, and `.` matches newlines.
    pattern: Option<Pattern>,
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

/// Room for the compiled regular expressions of one question.
///
/// A dozen characters such as `(\w{10}){10}` compile to megabytes, and a question may have thousands of them.
#[derive(Debug)]
pub struct PatternBudget {
    left: usize,
}

impl Default for PatternBudget {
    fn default() -> Self {
        Self { left: PATTERNS_BYTES }
    }
}

impl PatternBudget {
    fn compile(&mut self, pattern: &str) -> Result<Regex, regex::Error> {
        let mut too_big = regex::Error::CompiledTooBig(0);
        for size in PATTERN_SIZES.map(|size| size.min(self.left)) {
            match anchored_within(pattern, size) {
                Ok(regex) => {
                    self.left -= size;
                    return Ok(regex);
                }
                Err(error @ regex::Error::CompiledTooBig(_)) => too_big = error,
                Err(error) => return Err(error),
            }
        }
        Err(too_big)
    }
}

impl Matcher {
    /// Compiles a matcher that stands alone.
    ///
    /// # Errors
    /// When `op` is a regex and `value` is not one, or one that takes too much memory.
    pub fn new(
        name: impl Into<SmolStr>,
        op: MatchOp,
        value: impl Into<SmolStr>,
    ) -> Result<Self, MatcherError> {
        Self::within(&mut PatternBudget::default(), name, op, value)
    }

    /// Compiles one of several matchers, which together stay within `budget`.
    ///
    /// # Errors
    /// Those of [`Matcher::new`].
    pub fn within(
        budget: &mut PatternBudget,
        name: impl Into<SmolStr>,
        op: MatchOp,
        value: impl Into<SmolStr>,
    ) -> Result<Self, MatcherError> {
        let (name, value) = (name.into(), value.into());
        let pattern = match op {
            MatchOp::Equal | MatchOp::NotEqual => None,
            MatchOp::Regex | MatchOp::NotRegex => {
                let regex = budget.compile(&value).map_err(|source| MatcherError {
                    name: name.clone(),
                    pattern: value.clone(),
                    source,
                })?;
                Some(Pattern::new(&value, regex))
            }
        };
        Ok(Self { name, op, value, pattern })
    }

    /// `name="value"`.
    pub fn equal(name: impl Into<SmolStr>, value: impl Into<SmolStr>) -> Self {
        Self { name: name.into(), op: MatchOp::Equal, value: value.into(), pattern: None }
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
        let described = || self.pattern.as_ref().is_some_and(|pattern| pattern.matches(value));
        match self.op {
            MatchOp::Equal => value == self.value,
            MatchOp::NotEqual => value != self.value,
            MatchOp::Regex => described(),
            MatchOp::NotRegex => !described(),
        }
    }

    /// Whether it passes what its value or pattern does not describe.
    pub fn is_negated(&self) -> bool {
        matches!(self.op, MatchOp::NotEqual | MatchOp::NotRegex)
    }

    /// Whether every value passes, as with `=~".*"`.
    pub fn passes_all(&self) -> bool {
        self.op == MatchOp::Regex
            && matches!(&self.pattern, Some(Pattern::Beginning(nothing)) if nothing.is_empty())
    }

    /// Where to look for values that its value or pattern describes: for those that pass, or, of a negated one, for the others.
    pub fn candidates(&self) -> Candidates<'_> {
        match &self.pattern {
            Some(pattern) => pattern.candidates(),
            None => Candidates::Texts(std::slice::from_ref(&self.value)),
        }
    }

    /// Whether a series with these labels passes.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.matches_value(labels.get(&self.name).map_or("", SmolStr::as_str))
    }
}

/// As in a selector: `name="value"`.
impl std::fmt::Display for Matcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        crate::printer::fmt_matcher(f, &self.name, self.op, &self.value)
    }
}

/// A regular expression that must match the whole of a text, line breaks included.
pub(crate) fn anchored(pattern: &str) -> Result<Regex, regex::Error> {
    let [.., largest] = PATTERN_SIZES;
    anchored_within(pattern, largest)
}

/// The same with a limit on what it takes when it is compiled, in bytes.
fn anchored_within(pattern: &str, bytes: usize) -> Result<Regex, regex::Error> {
    let compile = |pattern: &str| RegexBuilder::new(pattern).size_limit(bytes).build();
    // `a)|(b` is no expression by itself, but would become one within the group.
    if pattern.contains(')') {
        compile(pattern)?;
    }
    compile(&format!("^(?s:{pattern})$"))
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

    #[test]
    fn expressions_that_compile_to_megabytes_use_up_their_room_and_plain_ones_do_not() {
        let compiled = |pattern: &str, count: usize| {
            let mut budget = PatternBudget::default();
            (0..count)
                .take_while(|_| Matcher::within(&mut budget, "a", MatchOp::Regex, pattern).is_ok())
                .count()
        };
        assert_eq!(compiled("web-[0-9]+|db-.*", 500), 500);
        let large = compiled("(?:a{200}){200}", 20);
        assert!((1..20).contains(&large), "{large}");
    }
}
