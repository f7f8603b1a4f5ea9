//! Taking an offer: what is written, and where the caret stands afterwards.

use std::ops::Range;

use crowsnest_promql::{Arity, TokenKind, function, tokenize};

use super::{Colons, Offer, OfferKind, is_plain};

/// A change of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Edit {
    /// The bytes that go.
    pub(crate) replaces: Range<usize>,
    /// What comes in their place.
    pub(crate) text: String,
    /// The byte of the new text, within the whole, at which the caret then stands.
    pub(crate) caret: usize,
    /// Whether a name is wanted there next.
    pub(crate) goes_on: bool,
}

impl Edit {
    /// Whether it leaves the text as it is.
    pub(crate) fn changes_nothing(&self, text: &str) -> bool {
        text.get(self.replaces.clone()) == Some(&self.text) && self.caret == self.replaces.end
    }
}

/// The change that takes `offer` in place of the bytes `replaces`.
pub(crate) fn accept(text: &str, replaces: &Range<usize>, offer: &Offer) -> Edit {
    let before = text.get(..replaces.start).unwrap_or_default();
    let after = text.get(replaces.end..).unwrap_or_default();
    let name = offer.name.as_str();
    // What is written, split where the caret then stands.
    let (head, tail, goes_on) = match offer.kind {
        OfferKind::Function | OfferKind::Aggregator if !opens(after) => {
            let takes_none = function(name)
                .is_some_and(|function| function.arity == Arity::Exact && function.args.is_empty());
            if takes_none { (format!("{name}()"), "", false) } else { (format!("{name}("), ")", false) }
        }
        OfferKind::Word if takes_labels(name) && !opens(after) => (format!("{name} ("), ")", true),
        OfferKind::Metric if !is_plain(name, Colons::Allowed) => (format!("{{{}}}", quoted(name)), "", false),
        OfferKind::Label => label(name, before, after),
        OfferKind::Value => value(name, before, after),
        _ => (name.to_owned(), "", false),
    };
    let mut replaces = replaces.clone();
    // The quote that follows a value is gone past, not written again.
    if offer.kind == OfferKind::Value && tail.is_empty() && head.ends_with('"') && after.starts_with('"') {
        replaces.end += 1;
    }
    let caret = replaces.start + head.len();
    Edit { replaces, text: head + tail, caret, goes_on }
}

fn opens(after: &str) -> bool {
    after.trim_start().starts_with('(')
}

fn takes_labels(word: &str) -> bool {
    matches!(word, "by" | "without" | "on" | "ignoring" | "group_left" | "group_right")
}

/// Within braces a label is followed by a value, in a list it is not.
fn label(name: &str, before: &str, after: &str) -> (String, &'static str, bool) {
    if before.ends_with('"') {
        return (escaped(name), "", false);
    }
    let name = if is_plain(name, Colons::Forbidden) { name.to_owned() } else { quoted(name) };
    let has_operator = after.trim_start().starts_with(['=', '!']);
    if is_in_braces(before) && !has_operator { (format!("{name}=\""), "\"", true) } else { (name, "", false) }
}

fn value(name: &str, before: &str, after: &str) -> (String, &'static str, bool) {
    let is_pattern = || {
        let operator = before.trim_end_matches(['"', '\'', '`']).trim_end();
        operator.ends_with("=~") || operator.ends_with("!~")
    };
    let name = if is_pattern() { literal(name) } else { name.to_owned() };
    match before.chars().next_back() {
        Some('"') => (format!("{}\"", escaped(&name)), "", false),
        // Other quotes have other rules; what they hold is written as it is.
        Some('\'' | '`') => (name, if after.starts_with(['\'', '`']) { "" } else { closing(before) }, false),
        _ => (quoted(&name), "", false),
    }
}

fn closing(before: &str) -> &'static str {
    if before.ends_with('`') { "`" } else { "'" }
}

/// A text as part of a pattern that matches it. A full stop stays: it matches itself, and addresses are full of them.
fn literal(text: &str) -> String {
    let special = |c: char| r"\+*?()|[]{}^$".contains(c);
    text.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

fn escaped(text: &str) -> String {
    text.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n")
}

fn is_in_braces(before: &str) -> bool {
    let depth = tokenize(before).iter().fold(0_i32, |depth, token| match token.kind {
        TokenKind::LeftBrace => depth + 1,
        TokenKind::RightBrace => depth - 1,
        _ => depth,
    });
    depth > 0
}

/// Whether typing `closing` at byte `at` is to go past the one that stands there: where the text has no need of another.
pub(crate) fn overtypes(text: &str, at: usize, closing: char) -> bool {
    let opening = match closing {
        ')' => '(',
        '}' => '{',
        ']' => '[',
        '"' => '"',
        _ => return false,
    };
    let (before, after) = text.split_at_checked(at).unwrap_or((text, ""));
    let count = |wanted: char| text.matches(wanted).count();
    after.starts_with(closing)
        && if closing == '"' {
            before.matches('"').count() % 2 == 1
        } else {
            count(opening) <= count(closing)
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use OfferKind::{Aggregator, Function, Label, Metric, Value, Word};

    /// `marked` has bars around what is replaced; the result has one where the caret stands.
    #[track_caller]
    fn check(marked: &str, kind: OfferKind, name: &str, expected: &str) {
        let (from, to) = (marked.find('|').unwrap(), marked.rfind('|').unwrap() - 1);
        let text = marked.replace('|', "");
        let offer = Offer { kind, name: name.to_owned(), hit: 0..0, note: String::new() };
        let edit = accept(&text, &(from..to), &offer);
        let mut result = text;
        result.replace_range(edit.replaces.clone(), &edit.text);
        result.insert(edit.caret, '|');
        assert_eq!(result, expected);
    }

    #[test]
    fn calls_get_their_parentheses_once() {
        check("|ra|", Function, "rate", "rate(|)");
        check("|ra|(x)", Function, "rate", "rate|(x)");
        check("|ti|", Function, "time", "time()|");
        check("1 + |su|", Aggregator, "sum", "1 + sum(|)");
        check("sum |b|", Word, "by", "sum by (|)");
        check("sum |b| (x)", Word, "by", "sum by| (x)");
        check("a |a| b", Word, "and", "a and| b");
    }

    #[test]
    fn labels_lead_to_their_values_within_braces_only() {
        check("up{|j|", Label, "job", "up{job=\"|\"");
        check("up{|j|=\"x\"}", Label, "job", "up{job|=\"x\"}");
        check("sum by (|j|) (up{a=\"b\"})", Label, "job", "sum by (job|) (up{a=\"b\"})");
        check("up{|h|}", Label, "http.status", "up{\"http.status\"=\"|\"}");
    }

    #[test]
    fn values_are_quoted_once() {
        check("up{job=||}", Value, "a\"b", "up{job=\"a\\\"b\"|}");
        check("up{job=\"|a|\"}", Value, "abc", "up{job=\"abc\"|}");
        check("up{job=\"|a|", Value, "abc", "up{job=\"abc\"|");
        check("up{job='|a|'}", Value, "abc", "up{job='abc|'}");
        check("up{job=~\"|a|\"}", Value, "a(b).c", "up{job=~\"a\\\\(b\\\\).c\"|}");
    }

    #[test]
    fn names_that_need_quotes_get_braces() {
        check("|http|", Metric, "http.status", "{\"http.status\"}|");
        check("|http|", Metric, "http_total", "http_total|");
    }

    #[test]
    fn what_is_there_already_is_no_change() {
        let offer = Offer { kind: Metric, name: "up".to_owned(), hit: 0..2, note: String::new() };
        assert!(accept("up", &(0..2), &offer).changes_nothing("up"));
        assert!(!accept("u", &(0..1), &offer).changes_nothing("u"));
    }

    #[test]
    fn a_closing_sign_is_gone_past_where_no_other_is_needed() {
        assert!(overtypes("rate(x)", 6, ')'));
        assert!(!overtypes("sum(rate(x)", 10, ')'));
        assert!(overtypes("x{a=\"b\"}", 6, '"') && !overtypes("x{a=\"\"}", 4, '"'));
        assert!(!overtypes("x", 1, ')') && !overtypes("xx", 1, 'x'));
    }
}
