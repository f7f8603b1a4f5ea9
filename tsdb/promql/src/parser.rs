//! From text to a checked syntax tree: a Pratt parser over the lexer's tokens.

mod check;
mod error;
mod operand;
mod postfix;
#[cfg(test)]
mod tests;

pub(crate) use error::Fault;
pub use error::ParseError;

#[cfg(feature = "engine")]
use crate::ast::Selector;
use crate::ast::{Binary, Expr, ExprKind, Fill, Group, Matching, MatchingLabels, NumberLiteral, Side};
use crate::lexer::keyword::Keyword;
use crate::lexer::{Lexer, Problem, Token, TokenKind, number, string};
use crate::operators::Precedence;
use crate::{BinaryOp, Span, UnaryOp};

/// The longest query that is read. Prometheus has no such limit; queries people write stay far below.
pub const MAX_QUERY_BYTES: usize = 1 << 20;

/// What a selector is told that could select every series.
pub(crate) const EMPTY_SELECTOR: &str = "vector selector must contain at least one non-empty matcher";

/// How deeply expressions may be nested, chains of operators included, so that walking the tree cannot exhaust the stack.
pub const MAX_DEPTH: usize = 200;

/// Parses and type-checks a query.
///
/// Regular expressions are not looked at: the parser knows none, so that it stays small in the browser. The engine
/// compiles them before it evaluates, and reports them as errors of the same kind.
///
/// # Errors
/// When the text is not PromQL, or an operator or function gets a type it cannot take.
pub fn parse(text: &str) -> Result<Expr, ParseError> {
    if text.len() > MAX_QUERY_BYTES {
        let message = format!("query has {} bytes, the limit is {MAX_QUERY_BYTES}", text.len());
        return Err(ParseError::new(text, Span::new(0, 0), message));
    }
    let parsed = Parser::new(text).query().and_then(|expr| {
        check::check(&expr, 0)?;
        Ok(expr)
    });
    parsed.map_err(|fault| fault.locate(text))
}

/// Parses a series selector as `match[]` has it: alone, without range, `offset` or `@`. Unlike in a query it may select
/// every series.
///
/// # Errors
/// When the text is anything else.
#[cfg(feature = "engine")]
pub(crate) fn parse_selector(text: &str) -> Result<Selector, ParseError> {
    if text.len() > MAX_QUERY_BYTES {
        let message = format!("selector has {} bytes, the limit is {MAX_QUERY_BYTES}", text.len());
        return Err(ParseError::new(text, Span::new(0, 0), message));
    }
    Parser::new(text).lone_selector().map_err(|fault| fault.locate(text))
}

/// Reads `name{label="value"}` at the start of `text`: the labels as written, and where they end.
///
/// # Errors
/// When there is no such thing, or it has a condition other than `=`.
#[cfg(feature = "engine")]
pub(crate) fn parse_series(text: &str) -> Result<(crowsnest_api::Labels, usize), ParseError> {
    let mut parser = Parser::new(text);
    let selector = parser.operand().map_err(|fault| fault.locate(text))?;
    let ExprKind::Selector(series) = selector.kind else {
        return Err(ParseError::new(text, selector.span, "expected a series"));
    };
    let mut pairs: Vec<_> =
        series.name.into_iter().map(|name| (crowsnest_api::METRIC_NAME.into(), name)).collect();
    for matcher in series.matchers {
        if matcher.op != crate::MatchOp::Equal {
            return Err(ParseError::new(
                text,
                matcher.span,
                "expected = between label and value of a series",
            ));
        }
        pairs.push((matcher.name, matcher.value));
    }
    Ok((crowsnest_api::Labels::from_pairs::<smol_str::SmolStr, _>(pairs), parser.last_end as usize))
}

struct Parser<'a> {
    text: &'a str,
    lexer: Lexer<'a>,
    token: Token,
    /// The token after `token`, where it has been looked at.
    ahead: Option<Token>,
    /// Where the last consumed token ended.
    last_end: u32,
    depth: usize,
    /// How many parentheses are open, for the message when the text ends too early.
    open_parens: usize,
}

type Parsed<T> = Result<T, Fault>;

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        let end = Token { kind: TokenKind::End, span: Span::new(0, 0) };
        let mut parser = Self {
            text,
            lexer: Lexer::new(text),
            token: end,
            ahead: None,
            last_end: 0,
            depth: 0,
            open_parens: 0,
        };
        parser.advance();
        parser.last_end = 0;
        parser
    }

    fn query(&mut self) -> Parsed<Expr> {
        if self.token.kind == TokenKind::End {
            return Err(self.fault("no expression found in input"));
        }
        let expr = self.expr(Precedence::Lowest)?;
        match self.token.kind {
            TokenKind::End => Ok(expr),
            TokenKind::RightParen => Err(self.fault("unexpected right parenthesis ')'")),
            TokenKind::RightBracket => Err(self.fault("unexpected right bracket ']'")),
            TokenKind::RightBrace => Err(self.fault("unexpected right brace '}'")),
            _ => Err(self.unexpected("", "")),
        }
    }

    #[cfg(feature = "engine")]
    fn lone_selector(&mut self) -> Parsed<Selector> {
        let span = self.token.span;
        let selector = self.bare_selector()?;
        if self.token.kind != TokenKind::End {
            return Err(self.unexpected("", ""));
        }
        check::has_one_name(&selector, span)?;
        Ok(selector)
    }

    /// An expression of operators that bind more tightly than `loosest`.
    fn expr(&mut self, loosest: Precedence) -> Parsed<Expr> {
        self.nested(|parser| {
            let mut lhs = parser.signed()?;
            let depth = parser.depth;
            while let TokenKind::Operator(op) = parser.token.kind {
                let precedence = op.precedence();
                if precedence <= loosest {
                    break;
                }
                // A chain `a + b + c` is a tree that grows to the left: it costs depth like nesting does.
                parser.depth += 1;
                lhs = parser.binary(lhs, op, precedence)?;
            }
            parser.depth = depth;
            Ok(lhs)
        })
    }

    fn binary(&mut self, lhs: Expr, op: BinaryOp, precedence: Precedence) -> Parsed<Expr> {
        self.check_depth()?;
        let op_span = self.token.span;
        self.advance();
        let return_bool = self.eat_keyword(Keyword::Bool);
        let matching = self.matching()?;
        // What stands right of `^` may be `^` again: it groups from the right.
        let right = if op == BinaryOp::Pow { Precedence::Product } else { precedence };
        let rhs = self.expr(right)?;
        let span = lhs.span.to(rhs.span);
        let binary = Binary { op, op_span, lhs, rhs, return_bool, matching };
        Ok(Expr { kind: ExprKind::Binary(Box::new(binary)), span })
    }

    /// `on (…) group_left (…) fill (…)`, each optional.
    fn matching(&mut self) -> Parsed<Matching> {
        let mut matching = Matching::default();
        match self.token.kind {
            TokenKind::Keyword(Keyword::On) => {
                self.advance();
                matching.labels = MatchingLabels::On(self.label_list()?);
            }
            TokenKind::Keyword(Keyword::Ignoring) => {
                self.advance();
                matching.labels = MatchingLabels::Ignoring(self.label_list()?);
            }
            _ => return self.fill().map(|fill| Matching { fill, ..matching }),
        }
        let many = match self.token.kind {
            TokenKind::Keyword(Keyword::GroupLeft) => Some(Side::Left),
            TokenKind::Keyword(Keyword::GroupRight) => Some(Side::Right),
            _ => None,
        };
        if let Some(many) = many {
            self.advance();
            let listed = self.token.kind == TokenKind::LeftParen;
            let include = if listed { self.label_list()? } else { Vec::new() };
            matching.group = Some(Group { many, include });
        }
        matching.fill = self.fill()?;
        Ok(matching)
    }

    fn fill(&mut self) -> Parsed<Fill> {
        let mut fill = Fill::default();
        while let TokenKind::Keyword(word @ (Keyword::Fill | Keyword::FillLeft | Keyword::FillRight)) =
            self.token.kind
        {
            // `a + fill` is about a metric of that name; `a + fill(0) b` is a modifier.
            if self.peek_kind() != TokenKind::LeftParen {
                break;
            }
            let span = self.token.span;
            self.advance();
            self.advance();
            let negative = self.token.kind == TokenKind::Operator(BinaryOp::Sub);
            if negative || self.token.kind == TokenKind::Operator(BinaryOp::Add) {
                self.advance();
            }
            if !matches!(self.token.kind, TokenKind::Number | TokenKind::Duration) {
                return Err(self.unexpected("fill modifier", "number"));
            }
            let number = self.number()?;
            let value = if negative { -number.value } else { number.value };
            self.expect(TokenKind::RightParen, "fill modifier", "\")\"")?;
            let set_left = word != Keyword::FillRight;
            let set_right = word != Keyword::FillLeft;
            if (set_left && fill.left.is_some()) || (set_right && fill.right.is_some()) {
                return Err(Fault::new(span, "fill modifier may not be set multiple times"));
            }
            fill.left = if set_left { Some(value) } else { fill.left };
            fill.right = if set_right { Some(value) } else { fill.right };
        }
        Ok(fill)
    }

    /// An operand with signs before it and modifiers after it.
    fn signed(&mut self) -> Parsed<Expr> {
        let op = match self.token.kind {
            TokenKind::Operator(BinaryOp::Add) => UnaryOp::Plus,
            TokenKind::Operator(BinaryOp::Sub) => UnaryOp::Minus,
            _ => {
                let operand = self.operand()?;
                return self.postfix(operand);
            }
        };
        let start = self.token.span;
        self.advance();
        // A sign binds like `*`: only `^` binds more tightly.
        let operand = self.expr(Precedence::Product)?;
        let span = start.to(operand.span);
        Ok(match operand.kind {
            ExprKind::Number(number) => {
                let value = if op == UnaryOp::Minus { -number.value } else { number.value };
                Expr { kind: ExprKind::Number(NumberLiteral { value, ..number }), span }
            }
            kind => {
                let operand = Expr { kind, span: operand.span };
                Expr { kind: ExprKind::Unary(op, Box::new(operand)), span }
            }
        })
    }

    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.depth += 1;
        self.check_depth()?;
        let result = parse(self);
        self.depth -= 1;
        result
    }

    fn check_depth(&self) -> Parsed<()> {
        if self.depth > MAX_DEPTH {
            return Err(self.fault(format!("expression is nested more than {MAX_DEPTH} levels deep")));
        }
        Ok(())
    }

    fn number(&mut self) -> Parsed<NumberLiteral> {
        let text = self.token.span.of(self.text);
        let literal = match self.token.kind {
            TokenKind::Duration => number::parse_duration(text)
                .map(|millis| NumberLiteral { value: millis as f64 / 1000.0, is_duration: true }),
            _ => number::parse_number(text).map(|value| NumberLiteral { value, is_duration: false }),
        };
        let literal = literal.ok_or_else(|| self.fault(format!("error parsing number: {text}")))?;
        self.advance();
        Ok(literal)
    }

    /// The bytes of the string at hand.
    fn string(&mut self) -> Parsed<Vec<u8>> {
        let literal = self.token.span.of(self.text);
        let bytes = string::unquote(literal)
            .ok_or_else(|| self.fault(format!("error unquoting string {literal}: invalid syntax")))?;
        self.advance();
        Ok(bytes)
    }

    fn advance(&mut self) {
        self.last_end = self.token.span.end;
        match self.token.kind {
            TokenKind::LeftParen => self.open_parens += 1,
            TokenKind::RightParen => self.open_parens = self.open_parens.saturating_sub(1),
            _ => {}
        }
        self.token = match self.ahead.take() {
            Some(token) => token,
            None => self.read(),
        };
    }

    fn read(&mut self) -> Token {
        loop {
            let token = self.lexer.next_token();
            if token.kind != TokenKind::Comment {
                return token;
            }
        }
    }

    fn peek_kind(&mut self) -> TokenKind {
        if let Some(token) = self.ahead {
            return token.kind;
        }
        let token = self.read();
        self.ahead = Some(token);
        token.kind
    }

    fn eat_keyword(&mut self, keyword: Keyword) -> bool {
        let found = self.token.kind == TokenKind::Keyword(keyword);
        if found {
            self.advance();
        }
        found
    }

    fn expect(&mut self, kind: TokenKind, context: &str, expected: &str) -> Parsed<Span> {
        if self.token.kind != kind {
            return Err(self.unexpected(context, expected));
        }
        let span = self.token.span;
        self.advance();
        Ok(span)
    }

    /// From `start` to the end of what has been consumed.
    fn span_from(&self, start: Span) -> Span {
        Span { start: start.start, end: self.last_end }
    }

    fn fault(&self, message: impl Into<String>) -> Fault {
        Fault::new(self.token.span, message)
    }

    /// The token at hand does not belong here.
    fn unexpected(&self, context: &str, expected: &str) -> Fault {
        if let TokenKind::Invalid(problem) = self.token.kind {
            return self.fault(self.describe_problem(problem));
        }
        if self.token.kind == TokenKind::End && self.lexer.in_braces() {
            return self.fault("unexpected end of input inside braces");
        }
        if self.token.kind == TokenKind::End && self.lexer.in_brackets() {
            return self.fault("unexpected end of input in duration expression");
        }
        if self.token.kind == TokenKind::End && self.open_parens > 0 {
            return self.fault("unclosed left parenthesis");
        }
        let mut message = format!("unexpected {}", self.describe_token());
        if !context.is_empty() {
            message.push_str(&format!(" in {context}"));
        }
        if !expected.is_empty() {
            message.push_str(&format!(", expected {expected}"));
        }
        self.fault(message)
    }

    fn describe_token(&self) -> String {
        let text = self.token.span.of(self.text);
        let quoted = || string::quote(text.as_bytes());
        match self.token.kind {
            TokenKind::End => "end of input".to_owned(),
            TokenKind::Identifier => format!("identifier {}", quoted()),
            TokenKind::Keyword(_) => format!("<{text}>"),
            TokenKind::Aggregator(_) => format!("<aggr:{text}>"),
            TokenKind::Operator(_) => format!("<op:{text}>"),
            TokenKind::Number => format!("number {}", quoted()),
            TokenKind::Duration => format!("duration {}", quoted()),
            TokenKind::String => format!("string {}", quoted()),
            _ => quoted(),
        }
    }

    fn describe_problem(&self, problem: Problem) -> String {
        let text = self.token.span.of(self.text);
        match problem {
            Problem::Character => format!("unexpected character: '{text}'"),
            Problem::LoneNot => "unexpected character after '!'".to_owned(),
            Problem::Number => format!("bad number or duration syntax: {}", string::quote(text.as_bytes())),
            Problem::UnterminatedString => "unterminated quoted string".to_owned(),
            Problem::UnterminatedRawString => "unterminated raw string".to_owned(),
            Problem::Escape => format!("unknown escape sequence in string {text}"),
        }
    }
}
