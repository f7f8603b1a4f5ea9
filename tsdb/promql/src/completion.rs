//! What can stand at a place in a query, for an editor to offer: the query may be unfinished, on both sides.
//!
//! Works on tokens alone, so that nothing before or after the place needs to parse. Names of metrics and labels are not
//! known here; selectors tell the editor which ones to ask for.

mod place;
mod selectors;
#[cfg(test)]
mod tests;

use smol_str::SmolStr;

use crate::lexer::string;
use crate::{FUNCTIONS, Function, Span, Token, TokenKind, ValueType, tokenize};
use place::Place;

/// What can stand at a place, and what it would replace.
#[derive(Clone, Debug, PartialEq)]
pub struct Completion {
    /// The word or text that is being typed there, up to its end even when that lies after the place.
    pub replaces: Span,
    /// What can stand there, most likely first; nothing within comments.
    pub wanted: Vec<Wanted>,
}

/// One kind of thing that can stand at a place.
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    /// The name of a metric.
    Metric,
    /// A call of a function that gives this type; see [`functions_giving`].
    Function(ValueType),
    /// An aggregation; see [`crate::AGGREGATORS`].
    Aggregator,
    /// One of these words or signs.
    Words(&'static [&'static str]),
    /// The name of a label of the series that match one of these selectors; of any series when there are none.
    LabelName(Vec<String>),
    /// A value of a label, without quotes.
    LabelValue {
        /// The label.
        label: SmolStr,
        /// Of the series that match these selectors; of any when there are none.
        of: Vec<String>,
        /// Whether a quote has been opened already.
        quoted: bool,
    },
    /// A number.
    Number,
    /// A length of time, such as `5m`.
    Duration,
    /// A text in quotes.
    Text,
}

/// The functions that give a type, by name.
pub fn functions_giving(returns: ValueType) -> impl Iterator<Item = &'static Function> {
    FUNCTIONS.iter().filter(move |function| function.returns == returns)
}

/// What can stand at byte `at` of a query; a place within a character counts as its beginning.
pub fn complete(text: &str, at: usize) -> Completion {
    let at = (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let before = tokenize(text.get(..at).unwrap_or_default());
    let whole = tokenize(text);
    let nothing = Completion { replaces: Span::new(at, at), wanted: Vec::new() };
    // A comment goes on to the end of its line.
    if before.last().is_some_and(|token| token.kind == TokenKind::Comment && token.span.range().end == at) {
        return nothing;
    }
    let before: Vec<Token> = before.into_iter().filter(|token| token.kind != TokenKind::Comment).collect();
    let (typed, before) = match before.split_last() {
        Some((last, rest)) if is_typed(text, *last, at) => (Some(*last), rest),
        _ => (None, before.as_slice()),
    };
    let place = Place::find(text, before);
    let replaces = typed.map_or(nothing.replaces, |typed| replaced(text, typed, &whole, at));
    let quoted = typed.is_some_and(|typed| is_quoted(text, typed));
    Completion { replaces, wanted: place.wanted(text, &whole, replaces, quoted) }
}

/// Whether a token that ends at the place is still being typed there: words, numbers and open strings are.
fn is_typed(text: &str, token: Token, at: usize) -> bool {
    let ends_here = token.span.range().end == at;
    match token.kind {
        TokenKind::Invalid(problem) => is_open(problem),
        TokenKind::Operator(_) => ends_here && token.span.of(text).starts_with(|c: char| c.is_alphabetic()),
        kind => ends_here && is_word(kind),
    }
}

fn is_word(kind: TokenKind) -> bool {
    matches!(
        kind,
        TokenKind::Identifier
            | TokenKind::Keyword(_)
            | TokenKind::Aggregator(_)
            | TokenKind::Number
            | TokenKind::Duration
    )
}

fn is_open(problem: crate::Problem) -> bool {
    use crate::Problem::{Number, UnterminatedRawString, UnterminatedString};
    matches!(problem, Number | UnterminatedString | UnterminatedRawString)
}

fn is_quoted(text: &str, token: Token) -> bool {
    token.span.of(text).starts_with(['"', '\'', '`'])
}

/// All of the word at the place, also what of it lies after the place; of a string, what lies within its quotes.
fn replaced(text: &str, typed: Token, whole: &[Token], at: usize) -> Span {
    let start = typed.span.range().start;
    let whole = whole.iter().find(|token| token.span.range().start == start);
    if !is_quoted(text, typed) {
        let end = whole.filter(|token| is_word(token.kind)).map_or(at, |token| token.span.range().end);
        return Span::new(start, end.max(at));
    }
    // Where the string has no end in the whole text either, what follows the place is not part of it.
    let end = whole
        .filter(|token| token.kind == TokenKind::String && string::unquote(token.span.of(text)).is_some());
    Span::new(start + 1, end.map_or(at, |token| token.span.range().end - 1).max(at))
}
