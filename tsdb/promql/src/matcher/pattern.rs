//! Regular expressions of matchers in their cheapest form: a set of texts, a beginning, or an automaton.

use regex::Regex;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::literal::Extractor;
use regex_syntax::hir::{Dot, Hir, HirKind};
use smol_str::SmolStr;

/// An expression that matches this many texts at most is taken as the set of them.
const MOST_TEXTS: usize = 1_000;
/// Bytes of each of them at most.
const LONGEST_TEXT: usize = 1_024;

/// What a matcher compares with, negated or not. Never matches more or less than the expression that it is made of.
#[derive(Clone, Debug)]
pub(super) enum Pattern {
    /// These texts alone, sorted: `web-(1|2)`.
    Texts(Vec<SmolStr>),
    /// Whatever begins so: `web-.*`.
    Beginning(SmolStr),
    /// What the expression says; all of it begins so.
    Expression { beginning: SmolStr, regex: Regex },
}

/// Where to look for the values that a matcher's pattern describes: all are among these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Candidates<'a> {
    /// These, sorted.
    Texts(&'a [SmolStr]),
    /// All that begin so.
    Beginning(&'a str),
}

impl Pattern {
    /// `regex` is `pattern`, compiled so that it matches whole texts.
    pub(super) fn new(pattern: &str, regex: Regex) -> Self {
        let parsed = ParserBuilder::new().dot_matches_new_line(true).build().parse(pattern);
        let Ok(parsed) = parsed else { return Self::Expression { beginning: SmolStr::default(), regex } };
        let mut extractor = Extractor::new();
        extractor.limit_total(MOST_TEXTS).limit_literal_len(LONGEST_TEXT);
        let found = extractor.extract(&parsed);
        if let Some(literals) = found.literals().filter(|_| found.is_exact()) {
            let texts = literals.iter().map(|literal| std::str::from_utf8(literal.as_bytes()));
            if let Ok(texts) = texts.collect::<Result<Vec<_>, _>>() {
                // `a\bb` is extracted as `ab`, which it does not match.
                let mut texts: Vec<SmolStr> =
                    texts.into_iter().filter(|text| regex.is_match(text)).map(SmolStr::new).collect();
                texts.sort_unstable();
                texts.dedup();
                return Self::Texts(texts);
            }
        }
        let beginning = SmolStr::new(whole_characters(found.longest_common_prefix().unwrap_or_default()));
        if is_beginning_and_anything(&parsed, &beginning) {
            Self::Beginning(beginning)
        } else {
            Self::Expression { beginning, regex }
        }
    }

    pub(super) fn matches(&self, value: &str) -> bool {
        match self {
            Self::Texts(texts) => texts.binary_search_by(|text| text.as_str().cmp(value)).is_ok(),
            Self::Beginning(beginning) => value.starts_with(beginning.as_str()),
            Self::Expression { beginning, regex } => {
                value.starts_with(beginning.as_str()) && regex.is_match(value)
            }
        }
    }

    pub(super) fn candidates(&self) -> Candidates<'_> {
        match self {
            Self::Texts(texts) => Candidates::Texts(texts),
            Self::Beginning(beginning) | Self::Expression { beginning, .. } => {
                Candidates::Beginning(beginning)
            }
        }
    }
}

/// Whether an expression is a text and then `.*`.
fn is_beginning_and_anything(parsed: &Hir, beginning: &str) -> bool {
    let anything = |hir: &Hir| {
        let HirKind::Repetition(repetition) = hir.kind() else { return false };
        repetition.min == 0 && repetition.max.is_none() && *repetition.sub == Hir::dot(Dot::AnyChar)
    };
    match parsed.kind() {
        HirKind::Concat(parts) => {
            let [HirKind::Literal(text), _] =
                [0, 1].map(|at| parts.get(at).map_or(&HirKind::Empty, Hir::kind))
            else {
                return false;
            };
            parts.len() == 2 && *text.0 == *beginning.as_bytes() && parts.last().is_some_and(anything)
        }
        _ => anything(parsed),
    }
}

/// A text up to the last character that is there as a whole.
fn whole_characters(bytes: &[u8]) -> &str {
    let valid = std::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len);
    bytes.get(..valid).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::matcher::anchored;

    fn pattern(expression: &str) -> Pattern {
        Pattern::new(expression, anchored(expression).unwrap())
    }

    #[track_caller]
    fn check_texts(expression: &str, expected: &[&str]) {
        assert!(matches!(pattern(expression), Pattern::Texts(texts) if texts == expected), "{expression}");
    }

    #[test]
    fn expressions_that_match_a_few_texts_are_the_set_of_them() {
        check_texts("web", &["web"]);
        check_texts("web-(1|2)|db", &["db", "web-1", "web-2"]);
        check_texts("^a[bc]?$", &["a", "ab", "ac"]);
        check_texts(r"a\.b", &["a.b"]);
        check_texts(r"a\bb|c", &["c"]);
        check_texts("", &[""]);
        check_texts("[a&&b]|(?i)é", &["É", "é"]);
        let many: Vec<String> = (0..900).map(|n| format!("node-{n:04}.example.org:9100")).collect();
        let texts: Vec<&str> = many.iter().map(String::as_str).collect();
        check_texts(&many.join("|").replace('.', r"\."), &texts);
    }

    #[test]
    fn what_begins_in_one_way_is_looked_for_there() {
        let check = |expression: &str, beginning: &str, anything: bool| {
            let pattern = pattern(expression);
            assert_eq!(pattern.candidates(), Candidates::Beginning(beginning), "{expression}");
            assert_eq!(matches!(pattern, Pattern::Beginning(_)), anything, "{expression}");
        };
        check("web-.*", "web-", true);
        check(".*", "", true);
        check("web-.+", "web-", false);
        check("web-.*1", "web-", false);
        check("(web-1|web-2).*", "web-", false);
        check(".*web", "", false);
        check("web-[^.]*", "web-", false);
        check("(?-s)web-.*", "web-", false);
        check("ä.*|ö.*", "", false);
    }

    proptest! {
        #[test]
        fn the_cheap_form_matches_what_the_expression_matches(
            expression in "([ab]|[ab]+|\\.|\\.\\*|\\.\\+|\\||\\(a\\|b\\)|\\(b\\.\\*\\)|\\[ab\\]|a\\?|b\\{0,2\\}|\\^|\\$|\\\\b|é|\\(\\?i:k\\)){0,6}",
            values in proptest::collection::vec("[abékK\u{212a}\n]{0,4}", 1..20),
        ) {
            let Ok(regex) = anchored(&expression) else { return Ok(()) };
            let pattern = Pattern::new(&expression, regex.clone());
            for value in values {
                let matches = regex.is_match(&value);
                prop_assert_eq!(pattern.matches(&value), matches, "{} on {:?} as {:?}", expression, value, pattern);
                let among = match pattern.candidates() {
                    Candidates::Texts(texts) => texts.contains(&SmolStr::new(&value)),
                    Candidates::Beginning(beginning) => value.starts_with(beginning),
                };
                prop_assert!(among || !matches, "{} has no candidate {:?}", expression, value);
            }
        }
    }
}
