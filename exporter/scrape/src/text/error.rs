//! What can be wrong with a page of text, and where.

/// The first thing wrong with a page.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}")]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// The byte within the line, from 1.
    pub column: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Bytes that are not text.
    #[error("the page is not UTF-8")]
    NotUtf8,
    /// More of something than [`Limits`](super::Limits) allow.
    #[error("more than {limit} {what}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How much is allowed.
        limit: usize,
    },
    /// Something else was due.
    #[error("expected {what}")]
    Expected {
        /// What was due.
        what: &'static str,
    },
    /// A string that does not end on its line.
    #[error("the quoted string does not end on this line")]
    OpenString,
    /// A value that is not a number.
    #[error("{text:?} is not a number")]
    BadValue {
        /// The text in the value's place, at most 40 characters of it.
        text: String,
    },
    /// A time that is not a whole number of milliseconds.
    #[error("{text:?} is not a time in whole milliseconds")]
    BadTimestamp {
        /// The text in the time's place, at most 40 characters of it.
        text: String,
    },
    /// A time that is not a number of seconds.
    #[error("{text:?} is not a time in seconds")]
    BadTime {
        /// The text in the time's place, at most 40 characters of it.
        text: String,
    },
    /// A type that the format does not know.
    #[error("{text:?} is not a metric type")]
    BadType {
        /// The text in the type's place, at most 40 characters of it.
        text: String,
    },
    /// One label name twice in one series.
    #[error("label {name:?} appears twice")]
    DuplicateLabel {
        /// The label's name.
        name: String,
    },
}
