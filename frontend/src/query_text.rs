//! PromQL as it is written: its colours, and where it is wrong.

use std::ops::Range;

use crowsnest_promql::{Token, TokenClass, TokenKind, parse, tokenize};

/// A stretch of text and the class that colours it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Piece {
    pub(crate) text: String,
    /// A part of the block `.editor`; none for white space.
    pub(crate) class: Option<&'static str>,
    /// Whether it lies within the mistake.
    pub(crate) wrong: bool,
}

/// What is wrong with a query, and where.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mistake {
    /// Bytes; within the text, on character boundaries. Empty at the end of the text.
    pub(crate) span: Range<usize>,
    /// Line and column, both from 1; columns count characters.
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) message: String,
}

impl Mistake {
    /// Reads the position out of a server's message such as `1:5: parse error: unexpected end of input`, with or
    /// without words before it; `None` where there is no position that fits `text`.
    pub(crate) fn of_message(text: &str, message: &str) -> Option<Self> {
        let (place, rest) = message
            .match_indices(": parse error: ")
            .next()
            .map(|(at, found)| (message.get(..at), message.get(at + found.len()..)))?;
        let mut numbers = place?.rsplit([':', ' ']);
        let column: usize = numbers.next()?.parse().ok()?;
        let line: usize = numbers.next()?.parse().ok()?;
        let start = offset(text, line, column)?;
        Some(Self::at(text, token_at(text, start), rest?))
    }

    /// What our own parser finds wrong; an empty text is not wrong yet.
    pub(crate) fn of_text(text: &str) -> Option<Self> {
        if text.trim().is_empty() {
            return None;
        }
        let error = parse(text).err()?;
        Some(Self::at(text, error.span.range(), &error.message))
    }

    fn at(text: &str, span: Range<usize>, message: &str) -> Self {
        let start = boundary(text, span.start);
        let end = boundary(text, span.end.max(start));
        let before = text.get(..start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            span: start..end,
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
            message: message.to_owned(),
        }
    }
}

/// The largest character boundary that is not beyond `at`.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// The byte offset of a line and column, both from 1, columns in bytes as Prometheus counts them.
fn offset(text: &str, line: usize, column: usize) -> Option<usize> {
    let start = match line.checked_sub(1)? {
        0 => 0,
        before => text.match_indices('\n').nth(before - 1)?.0 + 1,
    };
    let at = start + column.checked_sub(1)?;
    (at <= text.len()).then_some(at)
}

/// The token that starts at or holds `at`, or the place itself.
fn token_at(text: &str, at: usize) -> Range<usize> {
    let found = tokenize(text).into_iter().map(|token| token.span.range()).find(|span| span.contains(&at));
    found.unwrap_or(at..at)
}

/// The text in coloured pieces, in order and complete.
pub(crate) fn pieces(text: &str, mistake: Option<&Mistake>) -> Vec<Piece> {
    let tokens = tokenize(text);
    let classes = classes(text, &tokens);
    let wrong = mistake.map(|mistake| mistake.span.clone()).unwrap_or_default();
    let mut pieces = Vec::with_capacity(tokens.len() * 2);
    let mut push = |range: Range<usize>, class| {
        // A mistake may begin or end inside a token: cut there.
        let cuts = [
            range.start,
            wrong.start.clamp(range.start, range.end),
            wrong.end.clamp(range.start, range.end),
            range.end,
        ];
        for cut in cuts.windows(2) {
            if let [from, to] = *cut
                && from < to
                && let Some(part) = text.get(from..to)
            {
                let wrong = wrong.start <= from && to <= wrong.end;
                pieces.push(Piece { text: part.to_owned(), class, wrong });
            }
        }
    };
    let mut at = 0;
    for (token, class) in tokens.iter().zip(classes) {
        let span = token.span.range();
        push(at..span.start, None);
        at = span.end;
        push(span, Some(class));
    }
    push(at..text.len(), None);
    pieces
}

/// The class of each token. Names are metrics, or labels where they stand in braces or after `by` and its like.
fn classes(text: &str, tokens: &[Token]) -> Vec<&'static str> {
    let mut braces = 0_usize;
    let mut grouping = false;
    tokens
        .iter()
        .enumerate()
        .map(|(at, token)| {
            let next = tokens.get(at + 1).map_or(TokenKind::End, |next| next.kind);
            match token.kind {
                TokenKind::LeftBrace => braces += 1,
                TokenKind::RightBrace => braces = braces.saturating_sub(1),
                TokenKind::RightParen => grouping = false,
                TokenKind::Keyword(_) if next == TokenKind::LeftParen => {
                    let word = token.span.of(text).to_ascii_lowercase();
                    grouping = matches!(
                        word.as_str(),
                        "by" | "without" | "on" | "ignoring" | "group_left" | "group_right"
                    );
                }
                _ => {}
            }
            match token.kind.class(next) {
                _ if grouping && matches!(token.kind, TokenKind::Identifier) => "editor__label",
                TokenClass::Name if braces > 0 => "editor__label",
                TokenClass::Name => "editor__metric",
                TokenClass::Function => "editor__function",
                TokenClass::Aggregator => "editor__function",
                TokenClass::Keyword => "editor__keyword",
                TokenClass::Number => "editor__number",
                TokenClass::String => "editor__string",
                TokenClass::Operator => "editor__operator",
                TokenClass::Punctuation => "editor__operator",
                TokenClass::Comment => "editor__comment",
                TokenClass::Invalid => "editor__invalid",
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class_of(text: &str, part: &str) -> &'static str {
        let found = pieces(text, None).into_iter().find(|piece| piece.text == part);
        found.and_then(|piece| piece.class).unwrap_or("none")
    }

    #[test]
    fn the_pieces_put_together_are_the_text() {
        let long =
            "sum by (mode) (\n  rate(node_cpu_seconds_total{mode!=\"idle\"}[5m]) # 대기 제외\n) > 0.5e";
        for text in ["", " ", long, "\"open", "a ~ ü {", "rate(x[5m"] {
            let mistake = Mistake::of_text(text);
            let joined: String = pieces(text, mistake.as_ref()).into_iter().map(|piece| piece.text).collect();
            assert_eq!(joined, text);
        }
    }

    #[test]
    fn labels_are_told_from_metrics() {
        let query = r#"sum by (mode) (rate(cpu{node="a"}[5m])) / on (job) up"#;
        assert_eq!(class_of(query, "mode"), "editor__label");
        assert_eq!(class_of(query, "node"), "editor__label");
        assert_eq!(class_of(query, "job"), "editor__label");
        assert_eq!(class_of(query, "cpu"), "editor__metric");
        assert_eq!(class_of(query, "up"), "editor__metric");
        assert_eq!(class_of(query, "rate"), "editor__function");
        assert_eq!(class_of(query, "by"), "editor__keyword");
        assert_eq!(class_of(query, "5m"), "editor__number");
    }

    #[test]
    fn a_mistake_is_found_where_it_is() {
        let text = "sum(rate(x[5m]) by";
        let mistake = Mistake::of_text(text).unwrap();
        assert_eq!((mistake.line, mistake.span.end <= text.len()), (1, true));
        assert_eq!(Mistake::of_text("up"), None);
        assert_eq!(Mistake::of_text("  \n"), None);
    }

    #[test]
    fn the_servers_position_is_understood() {
        let text = "rate(\n  up)";
        let message = "invalid parameter \"query\": 2:3: parse error: expected type range vector";
        let mistake = Mistake::of_message(text, message).unwrap();
        assert_eq!(mistake.span, 8..10);
        assert_eq!((mistake.line, mistake.column), (2, 3));
        assert_eq!(mistake.message, "expected type range vector");
    }

    #[test]
    fn a_position_outside_of_the_text_is_none() {
        assert_eq!(Mistake::of_message("up", "9:9: parse error: no"), None);
        assert_eq!(Mistake::of_message("up", "1:99: parse error: no"), None);
        assert_eq!(Mistake::of_message("up", "0:0: parse error: no"), None);
        assert_eq!(Mistake::of_message("up", "query timed out"), None);
    }

    #[test]
    fn a_mistake_at_the_end_is_empty_and_there() {
        let mistake = Mistake::of_message("up +", "1:5: parse error: unexpected end of input").unwrap();
        assert_eq!(mistake.span, 4..4);
    }

    #[test]
    fn a_mistake_inside_a_token_cuts_it() {
        let mistake = Mistake { span: 1..3, line: 1, column: 2, message: String::new() };
        let found: Vec<_> =
            pieces("node", Some(&mistake)).into_iter().map(|piece| (piece.text, piece.wrong)).collect();
        assert_eq!(found, [("n".to_owned(), false), ("od".to_owned(), true), ("e".to_owned(), false)]);
    }
}
