//! Where in a query a place is: within which brackets, and after what.

use smol_str::SmolStr;

use super::{Wanted, selectors};
use crate::lexer::keyword::Keyword;
use crate::lexer::string;
use crate::{AggregateOp, BinaryOp, Function, Span, Token, TokenKind, ValueType, function};

const MATCH_OPERATORS: &[&str] = &["=", "!=", "=~", "!~"];
const GROUPING: &[&str] = &["by", "without"];
const MATCHING: &[&str] = &["on", "ignoring"];
const MATCHING_COMPARISONS: &[&str] = &["bool", "on", "ignoring"];
const GROUPS: &[&str] = &["group_left", "group_right"];
const TIMES: &[&str] = &["start()", "end()"];
const OPERATORS: &[&str] =
    &["+", "-", "*", "/", "%", "^", "==", "!=", ">", "<", ">=", "<=", "and", "or", "unless", "atan2"];
const AFTER_SELECTOR: &[&str] = &["offset", "@"];

/// What is open at a place.
#[derive(Clone, Copy)]
enum Open {
    /// A parenthesis of no particular meaning, or the query itself.
    Expression,
    /// The arguments of a function; the number of the one at hand.
    Call(&'static Function, usize),
    /// The arguments of an aggregation; the number of the one at hand.
    Aggregate(AggregateOp, usize),
    /// A list of labels after `by`, `on` and their like.
    Labels(Keyword),
    /// A selector's conditions.
    Conditions,
    /// A range, with or without a step.
    Range,
}

/// Within what, and after which tokens.
pub(super) struct Place {
    open: Open,
    /// What was closed by the last token, if it closed anything.
    closed: Option<Open>,
    /// The last tokens before the place, oldest first.
    last: [Option<Token>; 2],
    /// The label before an operator within conditions.
    label: Option<SmolStr>,
}

impl Place {
    /// The place after these tokens.
    pub(super) fn find(text: &str, tokens: &[Token]) -> Self {
        let mut stack = Vec::new();
        let (mut open, mut closed) = (Open::Expression, None);
        for (at, token) in tokens.iter().enumerate() {
            closed = None;
            let opened = match token.kind {
                TokenKind::LeftParen => Some(opened_by(text, tokens.get(..at).unwrap_or_default())),
                TokenKind::LeftBrace => Some(Open::Conditions),
                TokenKind::LeftBracket => Some(Open::Range),
                TokenKind::RightParen | TokenKind::RightBrace | TokenKind::RightBracket => {
                    closed = Some(open);
                    open = stack.pop().unwrap_or(Open::Expression);
                    None
                }
                TokenKind::Comma => {
                    open = match open {
                        Open::Call(function, argument) => Open::Call(function, argument + 1),
                        Open::Aggregate(op, argument) => Open::Aggregate(op, argument + 1),
                        other => other,
                    };
                    None
                }
                _ => None,
            };
            if let Some(opened) = opened {
                stack.push(open);
                open = opened;
            }
        }
        let [label, last] =
            [2, 1].map(|back| tokens.len().checked_sub(back).and_then(|at| tokens.get(at)).copied());
        let name = |token: Token| match token.kind {
            TokenKind::String => {
                string::unquote(token.span.of(text)).and_then(|name| String::from_utf8(name).ok())
            }
            _ => Some(token.span.of(text).to_owned()),
        };
        Self { open, closed, last: [label, last], label: label.and_then(name).map(SmolStr::new) }
    }

    /// What can stand here. `typed` is what is being typed, `quoted` whether that is a string.
    pub(super) fn wanted(&self, text: &str, whole: &[Token], typed: Span, quoted: bool) -> Vec<Wanted> {
        let last = self.last[1].map(|token| token.kind);
        match self.open {
            Open::Conditions => self.wanted_of_condition(text, whole, typed, quoted),
            Open::Range => match last {
                Some(TokenKind::Number | TokenKind::Duration | TokenKind::RightParen) => {
                    vec![Wanted::Words(&["]", ":"])]
                }
                _ => vec![Wanted::Duration, Wanted::Words(&["step()", "range()"])],
            },
            Open::Labels(_) => match last {
                Some(TokenKind::LeftParen | TokenKind::Comma) => {
                    vec![Wanted::LabelName(selectors::all(text, whole, typed))]
                }
                _ => vec![Wanted::Words(&[",", ")"])],
            },
            _ if quoted => vec![Wanted::Text],
            _ => self.wanted_in_expression(last),
        }
    }

    fn wanted_of_condition(&self, text: &str, whole: &[Token], typed: Span, quoted: bool) -> Vec<Wanted> {
        let own = || selectors::around(text, whole, typed);
        match self.last[1].map(|token| token.kind) {
            Some(TokenKind::LeftBrace | TokenKind::Comma) => vec![Wanted::LabelName(own())],
            Some(TokenKind::Match(_)) => match &self.label {
                Some(label) => vec![Wanted::LabelValue { label: label.clone(), of: own(), quoted }],
                None => Vec::new(),
            },
            Some(TokenKind::String)
                if self.last[0].is_some_and(|token| matches!(token.kind, TokenKind::Match(_))) =>
            {
                vec![Wanted::Words(&[",", "}"])]
            }
            _ => vec![Wanted::Words(MATCH_OPERATORS)],
        }
    }

    fn wanted_in_expression(&self, last: Option<TokenKind>) -> Vec<Wanted> {
        let Some(last) = last else { return self.operand() };
        match (last, self.closed) {
            (TokenKind::Keyword(Keyword::Offset), _) => vec![Wanted::Duration, Wanted::Words(&["-"])],
            (TokenKind::At, _) => vec![Wanted::Words(TIMES), Wanted::Number],
            (TokenKind::Keyword(Keyword::Bool), _) => {
                [vec![Wanted::Words(MATCHING)], self.operand()].concat()
            }
            (TokenKind::Keyword(word), _) if takes_labels(word) => vec![Wanted::Words(&["("])],
            // `sum by (a) (…)`: the list stands before what is aggregated.
            (TokenKind::RightParen, Some(Open::Labels(Keyword::By | Keyword::Without))) => {
                [vec![Wanted::Words(&["("])], after_operand(&[])].concat()
            }
            (TokenKind::RightParen, Some(Open::Labels(Keyword::On | Keyword::Ignoring))) => {
                [vec![Wanted::Words(GROUPS)], self.operand()].concat()
            }
            (TokenKind::RightParen, Some(Open::Labels(_))) => self.operand(),
            (TokenKind::RightParen, Some(Open::Aggregate(..))) => after_operand(GROUPING),
            (TokenKind::Aggregator(_), _) => {
                [vec![Wanted::Words(GROUPING)], after_operand(AFTER_SELECTOR)].concat()
            }
            (TokenKind::Identifier | TokenKind::RightBrace | TokenKind::RightBracket, _) => {
                after_operand(AFTER_SELECTOR)
            }
            (TokenKind::RightParen | TokenKind::Number | TokenKind::Duration | TokenKind::String, _) => {
                after_operand(&[])
            }
            (TokenKind::Operator(op), _) => [after_operator(op), self.operand()].concat(),
            _ => self.operand(),
        }
    }

    /// What can begin an operand, by the type that is wanted.
    fn operand(&self) -> Vec<Wanted> {
        let wanted = match self.open {
            Open::Call(function, argument) => function.args.get(argument).or(function.args.last()).copied(),
            Open::Aggregate(op, argument) => match (op.aggregator().parameter, argument) {
                (Some(parameter), 0) => Some(parameter),
                _ => Some(ValueType::InstantVector),
            },
            _ => None,
        };
        let vector = [Wanted::Metric, Wanted::Function(ValueType::InstantVector), Wanted::Aggregator];
        let scalar = [Wanted::Function(ValueType::Scalar), Wanted::Number];
        match wanted {
            Some(ValueType::String) => vec![Wanted::Text],
            Some(ValueType::Scalar) => scalar.to_vec(),
            // Selectors become range vectors by a range, everything else by one with a step.
            Some(ValueType::InstantVector | ValueType::RangeVector) => vector.to_vec(),
            None => vector.into_iter().chain(scalar).collect(),
        }
    }
}

fn takes_labels(word: Keyword) -> bool {
    matches!(
        word,
        Keyword::By
            | Keyword::Without
            | Keyword::On
            | Keyword::Ignoring
            | Keyword::GroupLeft
            | Keyword::GroupRight
    )
}

/// What a parenthesis after these tokens opens.
fn opened_by(text: &str, before: &[Token]) -> Open {
    let Some(last) = before.last() else { return Open::Expression };
    let name = last.span.of(text);
    match last.kind {
        TokenKind::Identifier => function(name).map_or(Open::Expression, |function| Open::Call(function, 0)),
        TokenKind::Keyword(word) if takes_labels(word) => Open::Labels(word),
        TokenKind::Keyword(_) => {
            function(&name.to_ascii_lowercase()).map_or(Open::Expression, |function| Open::Call(function, 0))
        }
        TokenKind::Aggregator(op) => Open::Aggregate(op, 0),
        // `sum by (a) (`: the aggregation stands before its list of labels.
        TokenKind::RightParen => {
            let list = before.iter().rposition(|token| token.kind == TokenKind::LeftParen);
            let words = list.and_then(|list| before.get(..list)).unwrap_or_default();
            match words {
                [.., aggregator, by] => match (aggregator.kind, by.kind) {
                    (TokenKind::Aggregator(op), TokenKind::Keyword(Keyword::By | Keyword::Without)) => {
                        Open::Aggregate(op, 0)
                    }
                    _ => Open::Expression,
                },
                _ => Open::Expression,
            }
        }
        _ => Open::Expression,
    }
}

/// What can follow an operand: something that belongs to it, then operators.
fn after_operand(own: &'static [&'static str]) -> Vec<Wanted> {
    let own = (!own.is_empty()).then_some(Wanted::Words(own));
    own.into_iter().chain([Wanted::Words(OPERATORS)]).collect()
}

fn after_operator(op: BinaryOp) -> Vec<Wanted> {
    vec![Wanted::Words(if op.is_comparison() { MATCHING_COMPARISONS } else { MATCHING })]
}
