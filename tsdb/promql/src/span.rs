//! Where something stands in the text of a query.

use std::fmt;
use std::ops::Range;

/// A half-open range of byte offsets into the text of a query. Queries are shorter than 4 GiB; see
/// [`crate::MAX_QUERY_BYTES`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset after the last byte.
    pub end: u32,
}

/// A place in a text, both counted from 1; columns count bytes, as Prometheus counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The byte within the line.
    pub column: u32,
}

impl Span {
    /// The bytes from `start` up to, not including, `end`.
    pub(crate) fn new(start: usize, end: usize) -> Self {
        let clamp = |offset| u32::try_from(offset).unwrap_or(u32::MAX);
        Self { start: clamp(start), end: clamp(end) }
    }

    /// From the start of this span to the end of `other`.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start, end: other.end }
    }

    /// As a range that `str::get` takes.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The text it covers; empty when it does not fit `text`.
    pub fn of(self, text: &str) -> &str {
        text.get(self.range()).unwrap_or_default()
    }

    /// Line and column at which it starts.
    pub fn position(self, text: &str) -> Position {
        let start = (self.start as usize).min(text.len());
        let before = text.as_bytes().get(..start).unwrap_or_default();
        let line_start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
        let lines = before.iter().filter(|&&byte| byte == b'\n').count();
        let one_based = |count: usize| u32::try_from(count + 1).unwrap_or(u32::MAX);
        Position { line: one_based(lines), column: one_based(start - line_start) }
    }
}

/// `line:column`.
impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_bytes_from_one() {
        let text = "sum(\n  über)";
        assert_eq!(Span::new(0, 3).position(text).to_string(), "1:1");
        assert_eq!(Span::new(7, 9).position(text).to_string(), "2:3");
        assert_eq!(Span::new(12, 13).position(text).to_string(), "2:8");
        assert_eq!(Span::new(99, 99).position(text).to_string(), "2:9");
    }

    #[test]
    fn a_span_that_does_not_fit_covers_nothing() {
        assert_eq!(Span::new(1, 3).of("abc"), "bc");
        assert_eq!(Span::new(1, 9).of("abc"), "");
    }
}
