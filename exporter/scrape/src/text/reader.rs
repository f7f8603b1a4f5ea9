//! Reading a page as it arrives, piece by piece: no more than a line of it is ever held.

use super::line::{self, Line};
use super::{Dialect, ParseError, Problem};
use crate::page::{Interrupted, Point, Refusal, Sink};

/// The longest line, in bytes: a help text or the labels of one series.
const MAX_LINE_BYTES: usize = 1 << 20;

/// Reads a page of one of the text formats.
#[derive(Debug)]
pub(crate) struct LineReader {
    dialect: Dialect,
    /// The beginning of a line whose end has not come yet.
    partial: Vec<u8>,
    /// The number of the line that is read next, from 1.
    line: usize,
    ended: bool,
}

impl LineReader {
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self { dialect, partial: Vec::new(), line: 1, ended: false }
    }

    /// Reads the next piece of the page.
    pub(crate) fn feed<S: Sink>(
        &mut self,
        mut piece: &[u8],
        sink: &mut S,
    ) -> Result<(), Interrupted<S::Stop>> {
        while let Some(end) = piece.iter().position(|byte| *byte == b'\n') {
            let (head, rest) = piece.split_at_checked(end).unwrap_or((piece, &[]));
            if self.partial.is_empty() {
                self.read_line(head, sink)?;
            } else {
                self.keep(head)?;
                let mut whole = std::mem::take(&mut self.partial);
                self.read_line(&whole, sink)?;
                whole.clear();
                self.partial = whole;
            }
            self.line += 1;
            piece = rest.get(1..).unwrap_or_default();
        }
        self.keep(piece)
    }

    /// Reads what is left. OpenMetrics must have ended.
    pub(crate) fn finish<S: Sink>(&mut self, sink: &mut S) -> Result<(), Interrupted<S::Stop>> {
        let last = std::mem::take(&mut self.partial);
        if !last.is_empty() {
            self.read_line(&last, sink)?;
        }
        if self.dialect == Dialect::OpenMetrics && !self.ended {
            return Err(self.error(last.len(), Problem::Expected { what: "# EOF, as the page's last line" }));
        }
        Ok(())
    }

    fn keep<T>(&mut self, piece: &[u8]) -> Result<(), Interrupted<T>> {
        if self.partial.len() + piece.len() > MAX_LINE_BYTES {
            let problem = Problem::TooMany { what: "bytes in a line", limit: MAX_LINE_BYTES };
            return Err(self.error(MAX_LINE_BYTES, problem));
        }
        self.partial.extend_from_slice(piece);
        Ok(())
    }

    fn read_line<S: Sink>(&mut self, bytes: &[u8], sink: &mut S) -> Result<(), Interrupted<S::Stop>> {
        let text =
            std::str::from_utf8(bytes).map_err(|error| self.error(error.valid_up_to(), Problem::NotUtf8))?;
        if self.ended && !text.is_empty() {
            return Err(self.error(0, Problem::Expected { what: "nothing after # EOF" }));
        }
        match line::read(text, self.dialect).map_err(|(at, problem)| self.error(at, problem))? {
            Line::Nothing => {}
            Line::End => self.ended = true,
            Line::Fact { family, fact } => sink.fact(&family, fact),
            Line::Sample(sample) => {
                let point = Point::Float(sample.value);
                sink.sample(sample.series, point, sample.timestamp).map_err(|refusal| match refusal {
                    Refusal::Series(at, problem) => self.error(sample.at + at, problem),
                    Refusal::Stop(error) => Interrupted::Stopped(error),
                })?;
            }
        }
        Ok(())
    }

    fn error<T>(&self, bytes_before: usize, problem: Problem) -> Interrupted<T> {
        Interrupted::Parse(ParseError { line: self.line, column: bytes_before + 1, problem })
    }
}
