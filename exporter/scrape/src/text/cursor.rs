//! What is left of a line, and how its smallest parts are taken from it.

use smol_str::SmolStr;

use super::Problem;

/// What is left of a line.
pub(super) struct Cursor<'a> {
    pub(super) rest: &'a str,
}

impl<'a> Cursor<'a> {
    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    pub(super) fn take_char(&mut self, c: char) -> bool {
        self.rest.strip_prefix(c).map(|rest| self.rest = rest).is_some()
    }

    /// Moves on by `bytes`, which end at a character's boundary.
    pub(super) fn advance(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    pub(super) fn peek_while(&self, wanted: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len());
        self.rest.get(..end).unwrap_or_default()
    }

    pub(super) fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let taken = self.peek_while(wanted);
        self.advance(taken.len());
        taken
    }

    pub(super) fn skip_blanks(&mut self) {
        self.take_while(is_blank);
    }

    pub(super) fn metric_name(&mut self) -> Result<SmolStr, Problem> {
        if self.peek() == Some('"') { self.string() } else { self.plain_metric_name() }
    }

    pub(super) fn plain_metric_name(&mut self) -> Result<SmolStr, Problem> {
        self.plain_name("a metric name", |c| c.is_ascii_alphanumeric() || c == '_' || c == ':')
    }

    pub(super) fn plain_label_name(&mut self) -> Result<SmolStr, Problem> {
        self.plain_name("a label name", |c| c.is_ascii_alphanumeric() || c == '_')
    }

    fn plain_name(&mut self, what: &'static str, allowed: fn(char) -> bool) -> Result<SmolStr, Problem> {
        if self.peek().is_some_and(|c| c.is_ascii_digit()) {
            return Err(Problem::Expected { what });
        }
        match self.take_while(allowed) {
            "" => Err(Problem::Expected { what }),
            name => Ok(name.into()),
        }
    }

    /// A string in double quotes, the cursor being at the first of them.
    pub(super) fn string(&mut self) -> Result<SmolStr, Problem> {
        let inner = self.rest.strip_prefix('"').unwrap_or(self.rest);
        let Some(end) = end_of_string(inner) else { return Err(Problem::OpenString) };
        let text = unescape(inner.get(..end).unwrap_or_default());
        self.rest = inner.get(end + 1..).unwrap_or_default();
        Ok(text)
    }
}

/// Where the quote is that ends a string, whose first quote has been taken already.
pub(super) fn end_of_string(inner: &str) -> Option<usize> {
    let mut escaped = false;
    // Quotes and backslashes are no part of any other character's bytes.
    inner.bytes().position(|byte| match byte {
        _ if escaped => {
            escaped = false;
            false
        }
        b'\\' => {
            escaped = true;
            false
        }
        byte => byte == b'"',
    })
}

pub(super) fn is_blank(c: char) -> bool {
    c == ' ' || c == '\t'
}

/// Undoes `\\`, `\n` and `\"`; any other backslash stays.
pub(super) fn unescape(text: &str) -> SmolStr {
    if !text.contains('\\') {
        return text.into();
    }
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (c, false) => plain.push(c),
            (_, true) => match chars.next() {
                Some('n') => plain.push('\n'),
                Some(c @ ('\\' | '"')) => plain.push(c),
                Some(c) => plain.extend(['\\', c]),
                None => plain.push('\\'),
            },
        }
    }
    plain.into()
}

/// The first 40 characters, for an error message.
pub(super) fn excerpt(text: &str) -> String {
    text.chars().take(40).collect()
}
