//! Reserved words.

use crate::lexer::TokenKind;
use crate::{BinaryOp, aggregators};

/// A reserved word that is neither operator nor aggregator. Queries may use any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Keyword {
    /// `anchored`
    Anchored,
    /// `bool`
    Bool,
    /// `by`
    By,
    /// `end`
    End,
    /// `fill`
    Fill,
    /// `fill_left`
    FillLeft,
    /// `fill_right`
    FillRight,
    /// `group_left`
    GroupLeft,
    /// `group_right`
    GroupRight,
    /// `ignoring`
    Ignoring,
    /// `max_of`
    MaxOf,
    /// `min_of`
    MinOf,
    /// `offset`
    Offset,
    /// `on`
    On,
    /// `range`
    Range,
    /// `smoothed`
    Smoothed,
    /// `start`
    Start,
    /// `step`
    Step,
    /// `without`
    Without,
}

/// The reserved words with their tokens.
const WORDS: &[(&str, TokenKind)] = &[
    ("anchored", TokenKind::Keyword(Keyword::Anchored)),
    ("and", TokenKind::Operator(BinaryOp::And)),
    ("atan2", TokenKind::Operator(BinaryOp::Atan2)),
    ("bool", TokenKind::Keyword(Keyword::Bool)),
    ("by", TokenKind::Keyword(Keyword::By)),
    ("end", TokenKind::Keyword(Keyword::End)),
    ("fill", TokenKind::Keyword(Keyword::Fill)),
    ("fill_left", TokenKind::Keyword(Keyword::FillLeft)),
    ("fill_right", TokenKind::Keyword(Keyword::FillRight)),
    ("group_left", TokenKind::Keyword(Keyword::GroupLeft)),
    ("group_right", TokenKind::Keyword(Keyword::GroupRight)),
    ("ignoring", TokenKind::Keyword(Keyword::Ignoring)),
    ("inf", TokenKind::Number),
    ("max_of", TokenKind::Keyword(Keyword::MaxOf)),
    ("min_of", TokenKind::Keyword(Keyword::MinOf)),
    ("nan", TokenKind::Number),
    ("offset", TokenKind::Keyword(Keyword::Offset)),
    ("on", TokenKind::Keyword(Keyword::On)),
    ("or", TokenKind::Operator(BinaryOp::Or)),
    ("range", TokenKind::Keyword(Keyword::Range)),
    ("smoothed", TokenKind::Keyword(Keyword::Smoothed)),
    ("start", TokenKind::Keyword(Keyword::Start)),
    ("step", TokenKind::Keyword(Keyword::Step)),
    ("unless", TokenKind::Operator(BinaryOp::Unless)),
    ("without", TokenKind::Keyword(Keyword::Without)),
];

impl Keyword {
    /// Whether it is the name of a function when a parenthesis follows.
    pub(crate) fn is_function(self) -> bool {
        matches!(self, Self::Start | Self::End | Self::Step | Self::Range | Self::MaxOf | Self::MinOf)
    }

    /// Whether a metric may have this name without quotes.
    pub(crate) fn may_be_metric(self) -> bool {
        !matches!(self, Self::Bool | Self::On | Self::Ignoring | Self::GroupLeft | Self::GroupRight)
    }

    /// Whether a label in a grouping list may have this name without quotes.
    pub(crate) fn may_be_label(self) -> bool {
        self != Self::Without
    }
}

/// What a word outside braces is.
pub(super) fn classify(word: &str) -> TokenKind {
    if let Some(aggregator) = aggregators::aggregator(word) {
        return TokenKind::Aggregator(aggregator.op);
    }
    let found = WORDS.iter().find(|(reserved, _)| reserved.eq_ignore_ascii_case(word));
    found.map_or(TokenKind::Identifier, |(_, kind)| *kind)
}

/// The reserved words and aggregators, for completion.
pub fn keywords() -> impl Iterator<Item = &'static str> {
    WORDS.iter().map(|(word, _)| *word)
}
