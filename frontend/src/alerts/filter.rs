//! Conditions on labels, as silences have them, and the line above the list: words, and conditions among them.

use crowsnest_api::Labels;
use crowsnest_api::alerts::Alert;
use serde::{Deserialize, Serialize};

use super::words;
use crate::pattern::regexp;

/// Comparisons, the longer ones first.
const OPERATORS: &[(&str, bool, bool)] =
    &[("!~", false, true), ("=~", true, true), ("!=", false, false), ("=", true, false)];

/// A condition on a label, as Alertmanager writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Condition {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) is_regex: bool,
    #[serde(default = "yes")]
    pub(crate) is_equal: bool,
}

const fn yes() -> bool {
    true
}

impl Condition {
    /// That a label has a value.
    pub(crate) fn equal(name: &str, value: &str) -> Self {
        Self { name: name.to_owned(), value: value.to_owned(), is_regex: false, is_equal: true }
    }

    /// Reads `pod=~"web-.*"`, with quotes or without; `None` where the text is no condition.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
        let (name, rest) = text.split_at(end);
        let (operator, is_equal, is_regex) =
            OPERATORS.iter().find(|(operator, ..)| rest.starts_with(operator))?;
        let value = rest.get(operator.len()..)?;
        let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
        let (name, value) = (name.to_owned(), value.replace("\\\"", "\"").replace("\\\\", "\\"));
        (!name.is_empty()).then_some(Self { name, value, is_regex: *is_regex, is_equal: *is_equal })
    }

    /// How it compares.
    pub(crate) fn operator(&self) -> &'static str {
        let own = (self.is_equal, self.is_regex);
        OPERATORS.iter().find(|(_, equal, regex)| (*equal, *regex) == own).map_or("=", |(text, ..)| text)
    }

    /// The same condition, compared in another way.
    pub(crate) fn compared(mut self, operator: &str) -> Self {
        if let Some((_, equal, regex)) = OPERATORS.iter().find(|(text, ..)| *text == operator) {
            (self.is_equal, self.is_regex) = (*equal, *regex);
        }
        self
    }

    /// All ways to compare.
    pub(crate) fn operators() -> impl Iterator<Item = &'static str> {
        OPERATORS.iter().rev().map(|(text, ..)| *text)
    }

    /// Whether it holds; a label that is absent is empty.
    pub(crate) fn holds(&self, labels: &Labels) -> bool {
        let value = super::label(labels, &self.name);
        let is_same = if self.is_regex { fits(&self.value, value) } else { self.value == value };
        is_same == self.is_equal
    }
}

impl std::fmt::Display for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}{:?}", self.name, self.operator(), self.value)
    }
}

/// Whether a pattern fits the whole value. What is no pattern for the browser fits nothing here; the server will say what is wrong.
fn fits(pattern: &str, value: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '|' | ' ' | ':' | '/');
    if pattern.chars().all(is_plain) {
        return pattern.split('|').any(|one| one == value);
    }
    regexp(&format!("^(?:{pattern})$"), "su").is_some_and(|compiled| compiled.test(value))
}

/// What somebody typed above the list.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Filter {
    conditions: Vec<Condition>,
    /// In lower case.
    words: Vec<String>,
}

impl Filter {
    /// Reads the line: `checkout severity=~"critical|warning"`.
    pub(crate) fn read(text: &str) -> Self {
        let mut filter = Self::default();
        for part in parts(text) {
            match Condition::read(&part) {
                Some(condition) => filter.conditions.push(condition),
                None => filter.words.push(part.to_lowercase()),
            }
        }
        filter
    }

    /// Whether an alert is meant.
    pub(crate) fn takes(&self, alert: &Alert) -> bool {
        let has = |word: &String| {
            words(alert).to_lowercase().contains(word)
                || alert.labels.iter().any(|label| label.value.to_lowercase().contains(word))
        };
        self.conditions.iter().all(|condition| condition.holds(&alert.labels)) && self.words.iter().all(has)
    }
}

/// The parts of a line: spaces and commas part them, but not within quotes.
fn parts(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let (mut in_quotes, mut is_escaped) = (false, false);
    for c in text.chars() {
        if c == '"' && !is_escaped {
            in_quotes = !in_quotes;
        }
        is_escaped = c == '\\' && !is_escaped;
        match parts.last_mut() {
            Some(part) if in_quotes || !(c.is_whitespace() || c == ',') => part.push(c),
            _ => parts.push(String::new()),
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert() -> Alert {
        let labels = [("alertname", "PodRestarts"), ("namespace", "shop"), ("severity", "critical")];
        Alert { labels: Labels::from_pairs(labels), ..Alert::default() }
    }

    #[track_caller]
    fn check(line: &str, expected: bool) {
        assert_eq!(Filter::read(line).takes(&alert()), expected, "{line}");
    }

    #[test]
    fn a_line_has_words_and_conditions() {
        check("", true);
        check("restarts", true);
        check("RESTARTS shop", true);
        check("restarts data", false);
        check("namespace=shop", true);
        check("namespace=\"shop\", severity=~\"critical|warning\"", true);
        check("severity!~critical|warning", false);
        check("namespace!=shop", false);
        check("pod=", true);
        check("pod!=\"\"", false);
    }

    #[test]
    fn a_condition_survives_being_written_and_read() {
        for text in [r#"a="b c""#, r#"a!="x""#, r#"pod=~"web-1|web-2""#, r#"a!~"say \"x\"""#] {
            assert_eq!(Condition::read(text).map(|one| one.to_string()).as_deref(), Some(text));
        }
        assert_eq!(Condition::read("words"), None);
        assert_eq!(Condition::read("=x"), None);
        assert_eq!(Condition::equal("a", "b").compared("!~").to_string(), "a!~\"b\"");
    }
}
