//! The selectors in a query that is being typed, to ask for the labels of what they match.

use crate::lexer::keyword::Keyword;
use crate::{MatchOp, Span, Token, TokenKind};

/// A selector as far as it is finished.
struct Selector {
    /// From its name or brace to its closing brace, or to where the text ends.
    span: Span,
    text: String,
}

/// Every selector of the query that says anything, each once. A condition at the place that is typed does not count.
pub(super) fn all(text: &str, tokens: &[Token], typed: Span) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    for Selector { text, .. } in selectors(text, tokens, typed) {
        if !text.is_empty() && !texts.contains(&text) {
            texts.push(text);
        }
    }
    texts
}

/// The selector around the place that is typed, without the condition there; nothing when it says nothing.
pub(super) fn around(text: &str, tokens: &[Token], typed: Span) -> Vec<String> {
    let holds = |selector: &Selector| (selector.span.start..=selector.span.end).contains(&typed.start);
    let own = selectors(text, tokens, typed).into_iter().rfind(holds);
    own.map(|selector| selector.text).filter(|text| !text.is_empty()).into_iter().collect()
}

fn selectors(text: &str, tokens: &[Token], typed: Span) -> Vec<Selector> {
    let mut found: Vec<Selector> = Vec::new();
    let mut at = 0;
    // Within a list of labels, names are none of metrics.
    let mut in_labels = false;
    while let Some(token) = tokens.get(at) {
        let next = tokens.get(at + 1).map(|token| token.kind);
        match token.kind {
            TokenKind::Keyword(word) if opens_labels(word) && next == Some(TokenKind::LeftParen) => {
                in_labels = true;
            }
            TokenKind::RightParen => in_labels = false,
            TokenKind::LeftBrace => {
                let (selector, end) = braces(text, tokens, at, None, typed);
                found.push(selector);
                at = end;
                continue;
            }
            TokenKind::Identifier if !in_labels && next != Some(TokenKind::LeftParen) => {
                if next == Some(TokenKind::LeftBrace) {
                    let (selector, end) = braces(text, tokens, at + 1, Some(*token), typed);
                    found.push(selector);
                    at = end;
                    continue;
                }
                // What is being typed itself says nothing yet.
                if token.span.start != typed.start {
                    found.push(Selector { span: token.span, text: token.span.of(text).to_owned() });
                }
            }
            _ => {}
        }
        at += 1;
    }
    found
}

fn opens_labels(word: Keyword) -> bool {
    use Keyword::{By, GroupLeft, GroupRight, Ignoring, On, Without};
    matches!(word, By | Without | On | Ignoring | GroupLeft | GroupRight)
}

/// A selector from its opening brace on, and the number of the token after it.
fn braces(text: &str, tokens: &[Token], open: usize, name: Option<Token>, typed: Span) -> (Selector, usize) {
    let rest = tokens.get(open + 1..).unwrap_or_default();
    let length = rest.iter().position(|token| token.kind == TokenKind::RightBrace).unwrap_or(rest.len());
    let conditions: Vec<&str> = rest
        .get(..length)
        .unwrap_or_default()
        .windows(3)
        .filter_map(|window| match window {
            [label, op, value]
                if matches!(label.kind, TokenKind::Identifier | TokenKind::String)
                    && matches!(
                        op.kind,
                        TokenKind::Match(
                            MatchOp::Equal | MatchOp::NotEqual | MatchOp::Regex | MatchOp::NotRegex
                        )
                    )
                    && value.kind == TokenKind::String =>
            {
                let whole = label.span.to(value.span);
                let is_typed = whole.start <= typed.start && typed.start <= whole.end;
                (!is_typed).then(|| whole.of(text))
            }
            _ => None,
        })
        .collect();
    let name_text = name.map_or("", |name| name.span.of(text));
    let told = match conditions.as_slice() {
        [] => name_text.to_owned(),
        conditions => format!("{name_text}{{{}}}", conditions.join(",")),
    };
    let start = name.or(tokens.get(open).copied()).map_or(0, |token| token.span.start);
    let end = match rest.get(length) {
        Some(close) => close.span.end,
        None => u32::try_from(text.len()).unwrap_or(u32::MAX),
    };
    (Selector { span: Span { start, end }, text: told }, open + 1 + length + 1)
}
