//! Patterns with JavaScript's meaning, run by whoever has an engine for them.
//!
//! Dashboards use look-ahead and named groups, which Rust's `regex` does not have. In the browser its own `RegExp` runs them; on the
//! server `fancy-regex` does, with a limit on backtracking (feature `fancy-regex`).

#[cfg(feature = "fancy-regex")]
mod fancy;

#[cfg(feature = "fancy-regex")]
pub use fancy::Fancy;

/// Compiles patterns.
pub trait Engine {
    /// The pattern `source` with JavaScript's `flags`; `None` when it is not one.
    fn compile(&self, source: &str, flags: &str) -> Option<Box<dyn Pattern>>;
}

/// A pattern that is ready.
pub trait Pattern {
    /// All that it matches in `text`, from left to right without overlaps. Empty too when the search was given up because it took too long.
    fn find_all(&self, text: &str) -> Vec<Match>;

    /// Whether it matches somewhere in `text`.
    fn is_match(&self, text: &str) -> bool {
        !self.find_all(text).is_empty()
    }
}

/// One match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Match {
    /// Bytes of the text that it begins and ends at.
    pub span: (usize, usize),
    /// What the groups have, from the whole match on; `None` for a group that took no part.
    pub groups: Vec<Option<String>>,
    /// What the named groups have.
    pub named: Vec<(String, String)>,
}

impl Match {
    /// What the group `name` has.
    pub fn named(&self, name: &str) -> Option<&str> {
        self.named.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str())
    }

    /// What the group `at` has.
    pub fn group(&self, at: usize) -> Option<&str> {
        self.groups.get(at)?.as_deref()
    }
}

/// `text` as dashboards write patterns: `/source/flags`, or a source that must match from begin to end.
pub fn compile(text: &str, engine: &dyn Engine) -> Option<Box<dyn Pattern>> {
    match literal(text) {
        Some((source, flags)) => engine.compile(source, flags),
        None => engine.compile(&format!("^{text}$"), ""),
    }
}

/// Whether the pattern asks for all matches, `/…/g`.
pub(crate) fn is_global(text: &str) -> bool {
    literal(text).is_some_and(|(_, flags)| flags.contains('g'))
}

/// Source and flags of `/source/flags`.
fn literal(text: &str) -> Option<(&str, &str)> {
    let (source, flags) = text.strip_prefix('/')?.rsplit_once('/')?;
    flags.chars().all(|flag| "dgimsuvy".contains(flag)).then_some((source, flags))
}

/// `text` with what `pattern` matches replaced by `with`, in which `$1`, `$&`, `$<name>` and `$$` mean what they do in JavaScript.
pub fn replace(text: &str, pattern: &dyn Pattern, with: &str, all: bool) -> String {
    let mut result = String::with_capacity(text.len());
    let mut end = 0;
    for found in pattern.find_all(text).iter().take(if all { usize::MAX } else { 1 }) {
        result.push_str(text.get(end..found.span.0).unwrap_or_default());
        expand(with, found, &mut result);
        end = found.span.1.max(end);
    }
    result + text.get(end..).unwrap_or_default()
}

fn expand(template: &str, found: &Match, out: &mut String) {
    let mut rest = template;
    while let Some(at) = rest.find('$') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let after = from.get(1..).unwrap_or_default();
        let digits = after.bytes().take(2).take_while(u8::is_ascii_digit).count();
        let number = after.get(..digits).and_then(|digits| digits.parse::<usize>().ok());
        if let Some(rest_after) = after.strip_prefix('$') {
            out.push('$');
            rest = rest_after;
        } else if let Some(rest_after) = after.strip_prefix('&') {
            out.push_str(found.group(0).unwrap_or_default());
            rest = rest_after;
        } else if let Some(number) = number.filter(|number| *number > 0 && *number < found.groups.len()) {
            out.push_str(found.group(number).unwrap_or_default());
            rest = after.get(digits..).unwrap_or_default();
        } else if let Some((name, rest_after)) =
            after.strip_prefix('<').and_then(|inner| inner.split_once('>'))
        {
            out.push_str(found.named(name).unwrap_or_default());
            rest = rest_after;
        } else {
            out.push('$');
            rest = after;
        }
    }
    out.push_str(rest);
}
