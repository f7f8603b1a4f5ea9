//! Tokens of a query, for the parser and for syntax highlighting.
//!
//! Text that is not PromQL becomes [`TokenKind::Invalid`] and reading goes on after it, so that an editor can colour a
//! query while it is being typed; the parser stops at the first such token.

pub(crate) mod keyword;
pub(crate) mod number;
pub(crate) mod string;

use keyword::Keyword;

use crate::{AggregateOp, BinaryOp, MatchOp, Span};

/// A piece of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where it stands.
    pub span: Span,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A metric, label or function name.
    Identifier,
    /// A reserved word other than an operator or aggregator.
    Keyword(Keyword),
    /// An aggregation operator; it may also be used as a metric name.
    Aggregator(AggregateOp),
    /// An operator; the words among them may also be used as metric names.
    Operator(BinaryOp),
    /// A number.
    Number,
    /// A number with a unit of time: `1h30m`.
    Duration,
    /// A quoted string, quotes included.
    String,
    /// `=`, `=~`, `!~`, and `!=` within braces.
    Match(MatchOp),
    /// `(`
    LeftParen,
    /// `)`
    RightParen,
    /// `{`
    LeftBrace,
    /// `}`
    RightBrace,
    /// `[`
    LeftBracket,
    /// `]`
    RightBracket,
    /// `,`
    Comma,
    /// `:` within brackets.
    Colon,
    /// `@`
    At,
    /// `#` and the rest of the line.
    Comment,
    /// Not PromQL.
    Invalid(Problem),
    /// The end of the query; its span is empty.
    End,
}

/// How a token should look in an editor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenClass {
    /// A metric or label name.
    Name,
    /// A function's name; an identifier before a parenthesis.
    Function,
    /// An aggregation operator.
    Aggregator,
    /// Another reserved word.
    Keyword,
    /// A number or duration.
    Number,
    /// A string.
    String,
    /// An operator, in symbols or as a word.
    Operator,
    /// Brackets, commas and the like.
    Punctuation,
    /// A comment.
    Comment,
    /// Not PromQL.
    Invalid,
}

/// Why a token is [`TokenKind::Invalid`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// A character that starts no token.
    Character,
    /// `!` without `=` or `~`.
    LoneNot,
    /// Digits that are neither a number nor a duration.
    Number,
    /// A string without its closing quote.
    UnterminatedString,
    /// A raw string without its closing backquote.
    UnterminatedRawString,
    /// A backslash in a string before a character it cannot escape.
    Escape,
}

impl TokenKind {
    /// How it should look. `next` is the token after it, which tells functions from metrics.
    pub fn class(self, next: Self) -> TokenClass {
        match self {
            Self::Identifier if next == Self::LeftParen => TokenClass::Function,
            Self::Identifier => TokenClass::Name,
            Self::Keyword(word) if word.is_function() && next == Self::LeftParen => TokenClass::Function,
            Self::Keyword(_) => TokenClass::Keyword,
            Self::Aggregator(_) => TokenClass::Aggregator,
            Self::Operator(_) | Self::Match(_) | Self::At => TokenClass::Operator,
            Self::Number | Self::Duration => TokenClass::Number,
            Self::String => TokenClass::String,
            Self::Comment => TokenClass::Comment,
            Self::Invalid(_) => TokenClass::Invalid,
            _ => TokenClass::Punctuation,
        }
    }
}

/// The tokens of `text` in order, comments and invalid ones included; white space and the end are not.
pub fn tokenize(text: &str) -> Vec<Token> {
    let mut lexer = Lexer::new(text);
    std::iter::from_fn(|| Some(lexer.next_token()).filter(|token| token.kind != TokenKind::End)).collect()
}

/// Reads tokens one after another.
pub(crate) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    /// Within `{…}`, where every word is a label name and `=` compares.
    in_braces: bool,
    /// Within `[…]`, where `:` separates range and step.
    in_brackets: bool,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0, in_braces: false, in_brackets: false }
    }

    /// Whether a brace is open.
    pub(crate) fn in_braces(&self) -> bool {
        self.in_braces
    }

    /// Whether a bracket is open.
    pub(crate) fn in_brackets(&self) -> bool {
        self.in_brackets
    }

    /// The next token; [`TokenKind::End`] for ever at the end.
    pub(crate) fn next_token(&mut self) -> Token {
        self.take_while(|c| matches!(c, ' ' | '\t' | '\n' | '\r'));
        let start = self.at;
        let kind = match self.bump() {
            None => TokenKind::End,
            Some(c) => self.token_from(c, start),
        };
        Token { kind, span: Span::new(start, self.at) }
    }

    fn token_from(&mut self, first: char, start: usize) -> TokenKind {
        use {BinaryOp as Op, TokenKind as Kind};
        match first {
            '#' => {
                self.take_while(|c| c != '\n');
                Kind::Comment
            }
            '(' => Kind::LeftParen,
            ')' => Kind::RightParen,
            ',' => Kind::Comma,
            '@' => Kind::At,
            '{' => {
                self.in_braces = true;
                Kind::LeftBrace
            }
            '}' => {
                self.in_braces = false;
                Kind::RightBrace
            }
            '[' => {
                self.in_brackets = true;
                Kind::LeftBracket
            }
            ']' => {
                self.in_brackets = false;
                Kind::RightBracket
            }
            ':' if self.in_brackets => Kind::Colon,
            '+' => Kind::Operator(Op::Add),
            '-' => Kind::Operator(Op::Sub),
            '*' => Kind::Operator(Op::Mul),
            '/' => Kind::Operator(Op::Div),
            '%' => Kind::Operator(Op::Mod),
            '^' => Kind::Operator(Op::Pow),
            '=' if self.eat('~') => Kind::Match(MatchOp::Regex),
            '=' if !self.in_braces && self.eat('=') => Kind::Operator(Op::Eq),
            '=' => Kind::Match(MatchOp::Equal),
            '!' if self.eat('~') => Kind::Match(MatchOp::NotRegex),
            '!' if self.eat('=') => {
                if self.in_braces {
                    Kind::Match(MatchOp::NotEqual)
                } else {
                    Kind::Operator(Op::NotEq)
                }
            }
            '!' => Kind::Invalid(Problem::LoneNot),
            '<' if self.eat('=') => Kind::Operator(Op::LessEq),
            '<' if self.eat('/') => Kind::Operator(Op::TrimAbove),
            '<' => Kind::Operator(Op::Less),
            '>' if self.eat('=') => Kind::Operator(Op::GreaterEq),
            '>' if self.eat('/') => Kind::Operator(Op::TrimBelow),
            '>' => Kind::Operator(Op::Greater),
            '"' | '\'' => self.quoted(first),
            '`' => {
                self.take_while(|c| c != '`');
                if self.eat('`') { Kind::String } else { Kind::Invalid(Problem::UnterminatedRawString) }
            }
            '0'..='9' => self.number(start),
            '.' if self.peek().is_some_and(|c| c.is_ascii_digit()) => self.number(start),
            c if c.is_ascii_alphabetic() || c == '_' || (c == ':' && !self.in_braces) => self.word(start),
            _ => Kind::Invalid(Problem::Character),
        }
    }

    fn word(&mut self, start: usize) -> TokenKind {
        let colons = !self.in_braces && !self.in_brackets;
        self.take_while(|c| c.is_ascii_alphanumeric() || c == '_' || (c == ':' && colons));
        let word = self.text.get(start..self.at).unwrap_or_default();
        if self.in_braces { TokenKind::Identifier } else { keyword::classify(word) }
    }

    /// Everything that could belong to a number is taken as one token, so that `5mm` is one mistake, not two tokens.
    fn number(&mut self, start: usize) -> TokenKind {
        let mut previous = '0';
        let hexadecimal = self
            .text
            .get(start..)
            .is_some_and(|rest| rest.get(..2).is_some_and(|prefix| prefix.eq_ignore_ascii_case("0x")));
        while let Some(c) = self.peek() {
            let exponent_sign = matches!(c, '+' | '-') && matches!(previous, 'e' | 'E') && !hexadecimal;
            if !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_') || exponent_sign) {
                break;
            }
            previous = c;
            self.bump();
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        if number::parse_number(text).is_some() {
            TokenKind::Number
        } else if number::parse_duration(text).is_some() {
            TokenKind::Duration
        } else {
            TokenKind::Invalid(Problem::Number)
        }
    }

    fn quoted(&mut self, quote: char) -> TokenKind {
        let mut bad_escape = false;
        loop {
            match self.peek() {
                None | Some('\n') => return TokenKind::Invalid(Problem::UnterminatedString),
                Some('\\') => {
                    self.bump();
                    match self.peek() {
                        None | Some('\n') => return TokenKind::Invalid(Problem::UnterminatedString),
                        Some(c) => {
                            let known = c == quote || "abfnrtv\\xuU01234567".contains(c);
                            bad_escape |= !known;
                            self.bump();
                        }
                    }
                }
                Some(c) => {
                    self.bump();
                    if c == quote {
                        break;
                    }
                }
            }
        }
        if bad_escape { TokenKind::Invalid(Problem::Escape) } else { TokenKind::String }
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) {
        while self.peek().is_some_and(&wanted) {
            self.bump();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, TokenClass)]) {
        let tokens = tokenize(text);
        let found: Vec<_> = tokens
            .iter()
            .enumerate()
            .map(|(i, token)| {
                let next = tokens.get(i + 1).map_or(TokenKind::End, |token| token.kind);
                (token.span.of(text), token.kind.class(next))
            })
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn words_are_coloured_by_what_they_mean() {
        use TokenClass::*;
        check(
            "SUM by(job) (rate(http:x[5m])) # now",
            &[
                ("SUM", Aggregator),
                ("by", Keyword),
                ("(", Punctuation),
                ("job", Name),
                (")", Punctuation),
                ("(", Punctuation),
                ("rate", Function),
                ("(", Punctuation),
                ("http:x", Name),
                ("[", Punctuation),
                ("5m", Number),
                ("]", Punctuation),
                (")", Punctuation),
                (")", Punctuation),
                ("# now", Comment),
            ],
        );
    }

    #[test]
    fn a_colon_within_brackets_separates_range_and_step() {
        use TokenClass::*;
        check(
            "x[1h:step()]",
            &[
                ("x", Name),
                ("[", Punctuation),
                ("1h", Number),
                (":", Punctuation),
                ("step", Function),
                ("(", Punctuation),
                (")", Punctuation),
                ("]", Punctuation),
            ],
        );
    }

    #[test]
    fn reading_goes_on_after_an_invalid_token() {
        use TokenClass::*;
        check(
            "5mm + ~ 'a\\q' 1",
            &[("5mm", Invalid), ("+", Operator), ("~", Invalid), ("'a\\q'", Invalid), ("1", Number)],
        );
        check("\"open", &[("\"open", Invalid)]);
    }

    #[test]
    fn words_within_braces_are_label_names() {
        use TokenClass::*;
        check(
            "a{by!='x',sum=~`y`} != 1",
            &[
                ("a", Name),
                ("{", Punctuation),
                ("by", Name),
                ("!=", Operator),
                ("'x'", String),
                (",", Punctuation),
                ("sum", Name),
                ("=~", Operator),
                ("`y`", String),
                ("}", Punctuation),
                ("!=", Operator),
                ("1", Number),
            ],
        );
    }
}
