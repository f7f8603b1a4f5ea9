//! Cuts a template into tokens, by the rules of Go's text/template.

use super::error::ParseError;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    LeftDelim,
    RightDelim,
    Bool,
    Char,
    Number,
    String,
    RawString,
    Identifier,
    Keyword(Keyword),
    Field,
    Variable,
    Dot,
    Nil,
    Pipe,
    Assign,
    Declare,
    Comma,
    LeftParen,
    RightParen,
    Space,
    Eof,
}

/// Words with a meaning of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keyword {
    Block,
    Break,
    Continue,
    Define,
    Else,
    End,
    If,
    Range,
    Template,
    With,
}

const KEYWORDS: &[(&str, Keyword)] = &[
    ("block", Keyword::Block),
    ("break", Keyword::Break),
    ("continue", Keyword::Continue),
    ("define", Keyword::Define),
    ("else", Keyword::Else),
    ("end", Keyword::End),
    ("if", Keyword::If),
    ("range", Keyword::Range),
    ("template", Keyword::Template),
    ("with", Keyword::With),
];

/// A piece of a template.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind,
    /// Byte offset.
    pub(crate) at: usize,
    pub(crate) text: &'a str,
}

const LEFT: &str = "{{";
const RIGHT: &str = "}}";
const LEFT_COMMENT: &str = "/*";
const RIGHT_COMMENT: &str = "*/";
const SPACES: [char; 4] = [' ', '\t', '\r', '\n'];

/// Cuts `text` up. The tokens end with [`Kind::Eof`], or before the error, which belongs after them.
pub(crate) fn tokenize(text: &str) -> (Vec<Token<'_>>, Option<ParseError>) {
    let mut lexer = Lexer { text, at: 0, tokens: Vec::new(), open_parens: 0 };
    let error = lexer.run().err();
    (lexer.tokens, error)
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    tokens: Vec<Token<'a>>,
    open_parens: usize,
}

impl<'a> Lexer<'a> {
    fn run(&mut self) -> Result<(), ParseError> {
        let mut trim = false;
        loop {
            let Some(length) = self.rest().find(LEFT) else {
                self.text_token(self.rest().len(), trim, false);
                self.push(Kind::Eof, 0);
                return Ok(());
            };
            let marker = self.text.get(self.at + length + LEFT.len()..).unwrap_or_default();
            let trims_before = marker.starts_with('-') && marker.chars().nth(1).is_some_and(is_space);
            self.text_token(length, trim, trims_before);
            trim = self.action(trims_before)?;
        }
    }

    /// The text before an action, shortened at the sides where an action says so.
    fn text_token(&mut self, length: usize, trim_start: bool, trim_end: bool) {
        let text = self.text.get(self.at..self.at + length).unwrap_or_default();
        let mut kept = text;
        if trim_start {
            kept = kept.trim_start_matches(SPACES);
        }
        let skipped = text.len() - kept.len();
        if trim_end {
            kept = kept.trim_end_matches(SPACES);
        }
        if !kept.is_empty() {
            self.tokens.push(Token { kind: Kind::Text, at: self.at + skipped, text: kept });
        }
        self.at += length;
    }

    /// What is between delimiters; says whether the text after it loses its leading space.
    fn action(&mut self, trims_before: bool) -> Result<bool, ParseError> {
        let marker = if trims_before { 2 } else { 0 };
        let inside = self.text.get(self.at + LEFT.len() + marker..).unwrap_or_default();
        if inside.starts_with(LEFT_COMMENT) {
            return self.comment(inside);
        }
        self.push(Kind::LeftDelim, LEFT.len());
        self.at += marker;
        self.open_parens = 0;
        loop {
            let rest = self.rest();
            let trims_after =
                rest.starts_with(SPACES) && rest.get(1..).is_some_and(|rest| rest.starts_with("-}}"));
            if trims_after || rest.starts_with(RIGHT) {
                if self.open_parens > 0 {
                    return Err(self.error("unclosed left paren"));
                }
                self.at += if trims_after { 2 } else { 0 };
                self.push(Kind::RightDelim, RIGHT.len());
                return Ok(trims_after);
            }
            self.token()?;
        }
    }

    fn comment(&mut self, inside: &'a str) -> Result<bool, ParseError> {
        let Some(length) = inside.find(RIGHT_COMMENT) else { return Err(self.error("unclosed comment")) };
        let after = inside.get(length + RIGHT_COMMENT.len()..).unwrap_or_default();
        let trims_after =
            after.starts_with(SPACES) && after.get(1..).is_some_and(|rest| rest.starts_with("-}}"));
        let marker = if trims_after { 2 } else { 0 };
        let Some(rest) = after.get(marker..).and_then(|rest| rest.strip_prefix(RIGHT)) else {
            return Err(self.error("comment ends before closing delimiter"));
        };
        self.at = self.text.len() - rest.len();
        Ok(trims_after)
    }

    fn token(&mut self) -> Result<(), ParseError> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Err(self.error("unclosed action")) };
        let length = |accept: fn(char) -> bool| rest.find(|c| !accept(c)).unwrap_or(rest.len());
        match first {
            _ if is_space(first) => {
                let spaces = length(is_space);
                // The last space may belong to a trim marker.
                let marked = spaces > 1 && rest.get(spaces..).is_some_and(|rest| rest.starts_with("-}}"));
                self.push(Kind::Space, if marked { spaces - 1 } else { spaces });
            }
            '=' => self.push(Kind::Assign, 1),
            ':' if rest.starts_with(":=") => self.push(Kind::Declare, 2),
            ':' => return Err(self.error("expected :=")),
            '|' => self.push(Kind::Pipe, 1),
            ',' => self.push(Kind::Comma, 1),
            '"' | '\'' => self.quoted(first)?,
            '`' => {
                let Some(length) = rest.get(1..).and_then(|rest| rest.find('`')) else {
                    return Err(self.error("unterminated raw quoted string"));
                };
                self.push(Kind::RawString, length + 2);
            }
            '$' | '.'
                if !rest.get(1..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) =>
            {
                self.name_after(first)?;
            }
            '(' => {
                self.push(Kind::LeftParen, 1);
                self.open_parens += 1;
            }
            ')' => {
                if self.open_parens == 0 {
                    return Err(self.error("unexpected right paren"));
                }
                self.push(Kind::RightParen, 1);
                self.open_parens -= 1;
            }
            '+' | '-' | '.' | '0'..='9' => self.number()?,
            '$' => self.name_after(first)?,
            _ if is_word(first) => {
                let word = length(is_word);
                self.word(word)?;
            }
            _ => return Err(self.error(format!("unrecognized character in action: {}", code_point(first)))),
        }
        Ok(())
    }

    fn quoted(&mut self, quote: char) -> Result<(), ParseError> {
        let what = if quote == '"' { "quoted string" } else { "character constant" };
        let mut escaped = false;
        for (at, c) in self.rest().char_indices().skip(1) {
            match c {
                '\n' => break,
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                _ if c == quote => {
                    self.push(if quote == '"' { Kind::String } else { Kind::Char }, at + 1);
                    return Ok(());
                }
                _ => {}
            }
        }
        Err(self.error(format!("unterminated {what}")))
    }

    /// A field or a variable: its first character and the word that follows.
    fn name_after(&mut self, first: char) -> Result<(), ParseError> {
        let name = self.rest().get(1..).unwrap_or_default();
        let length = name.find(|c| !is_word(c)).unwrap_or(name.len());
        self.terminated(1 + length)?;
        match (first, length) {
            ('.', 0) => self.push(Kind::Dot, 1),
            ('.', _) => self.push(Kind::Field, 1 + length),
            _ => self.push(Kind::Variable, 1 + length),
        }
        Ok(())
    }

    fn word(&mut self, length: usize) -> Result<(), ParseError> {
        self.terminated(length)?;
        let word = self.rest().get(..length).unwrap_or_default();
        let keyword = KEYWORDS.iter().find(|(name, _)| *name == word);
        let kind = match (word, keyword) {
            (_, Some((_, keyword))) => Kind::Keyword(*keyword),
            ("true" | "false", _) => Kind::Bool,
            ("nil", _) => Kind::Nil,
            _ => Kind::Identifier,
        };
        self.push(kind, length);
        Ok(())
    }

    /// A word must be followed by something that cannot be part of one, nor begin another operand.
    fn terminated(&self, length: usize) -> Result<(), ParseError> {
        let rest = self.rest().get(length..).unwrap_or_default();
        match rest.chars().next() {
            None => Ok(()),
            Some(c) if is_space(c) || matches!(c, '.' | ',' | '|' | ':' | '=' | '(' | ')') => Ok(()),
            Some(_) if rest.starts_with(RIGHT) => Ok(()),
            Some(c) => Err(self.error(format!("bad character {}", code_point(c)))),
        }
    }

    fn number(&mut self) -> Result<(), ParseError> {
        let rest = self.rest();
        let unsigned = rest.trim_start_matches(['+', '-']);
        let sign = (rest.len() - unsigned.len()).min(1);
        let digits: fn(char) -> bool = match unsigned.as_bytes() {
            [b'0', b'x' | b'X', ..] => |c| c.is_ascii_hexdigit() || matches!(c, 'x' | 'X' | '_'),
            [b'0', b'o' | b'O' | b'b' | b'B', ..] => {
                |c| c.is_ascii_digit() || matches!(c, 'o' | 'O' | 'b' | 'B' | '_')
            }
            _ => |c| c.is_ascii_digit() || c == '_',
        };
        let mut length = sign;
        let mut take = |accept: fn(char) -> bool| {
            let rest = rest.get(length..).unwrap_or_default();
            length += rest.find(|c| !accept(c)).unwrap_or(rest.len());
            rest.chars().next()
        };
        take(digits);
        if rest.get(length..).is_some_and(|rest| rest.starts_with('.')) {
            length += 1;
            let rest = rest.get(length..).unwrap_or_default();
            length += rest.find(|c| !digits(c)).unwrap_or(rest.len());
        }
        if rest.get(length..).is_some_and(|rest| rest.starts_with(['e', 'E', 'p', 'P'])) {
            length += 1;
            if rest.get(length..).is_some_and(|rest| rest.starts_with(['+', '-'])) {
                length += 1;
            }
            let rest = rest.get(length..).unwrap_or_default();
            length += rest.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(rest.len());
        }
        let next = rest.get(length..).and_then(|rest| rest.chars().next());
        if let Some(next) = next.filter(|&c| is_word(c)) {
            let shown = rest.get(..length + next.len_utf8()).unwrap_or_default();
            return Err(self.error(format!("bad number syntax: {shown:?}")));
        }
        self.push(Kind::Number, length);
        Ok(())
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn push(&mut self, kind: Kind, length: usize) {
        let text = self.rest().get(..length).unwrap_or_default();
        self.tokens.push(Token { kind, at: self.at, text });
        self.at += length;
    }

    fn error(&self, message: impl Into<String>) -> ParseError {
        ParseError { at: self.at, message: message.into() }
    }
}

fn is_space(c: char) -> bool {
    SPACES.contains(&c)
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// As Go's `%#U`: `U+0021 '!'`.
fn code_point(c: char) -> String {
    if c.is_control() { format!("U+{:04X}", u32::from(c)) } else { format!("U+{:04X} '{c}'", u32::from(c)) }
}
