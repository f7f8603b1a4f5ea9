//! What is wrong with a query.

use crate::{Position, Span};

/// A query that cannot be parsed, or whose types do not fit. Prints as Prometheus prints it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{position}: parse error: {message}")]
pub struct ParseError {
    /// The part of the query that is wrong.
    pub span: Span,
    /// Line and column where that part starts.
    pub position: Position,
    /// What is wrong, in Prometheus's words where it has some.
    pub message: String,
}

impl ParseError {
    pub(crate) fn new(text: &str, span: Span, message: impl Into<String>) -> Self {
        Self { span, position: span.position(text), message: message.into() }
    }
}

/// A fault found below the parser's top level, before its line and column are known.
pub(crate) struct Fault {
    pub(crate) span: Span,
    pub(crate) message: String,
}

impl Fault {
    pub(crate) fn new(span: Span, message: impl Into<String>) -> Self {
        Self { span, message: message.into() }
    }

    pub(crate) fn locate(self, text: &str) -> ParseError {
        ParseError::new(text, self.span, self.message)
    }
}
