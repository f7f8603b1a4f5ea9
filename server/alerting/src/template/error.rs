//! What can be wrong with a template.

/// A template that cannot be parsed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParseError {
    /// Byte offset into the text at which it was noticed.
    pub at: usize,
    /// What is wrong, in Go's words.
    pub message: String,
}

impl ParseError {
    /// As Go prints it, for a template of this name.
    pub fn describe(&self, name: &str, text: &str) -> String {
        format!("template: {name}:{}: {}", line_and_column(text, self.at).0, self.message)
    }
}

/// A template that could not be executed. Prints as Go prints it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ExecError(pub String);

/// The line, counted from 1, and the byte within it, counted from 0, as Go's messages have them.
pub(crate) fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = text.as_bytes().get(..at.min(text.len())).unwrap_or_default();
    let line_start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
    (1 + before.iter().filter(|&&byte| byte == b'\n').count(), before.len() - line_start)
}
