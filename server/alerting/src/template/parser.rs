//! Builds the syntax tree of a template, by the rules of Go's text/template.

use std::collections::BTreeMap;

use super::error::ParseError;
use super::lexer::{Keyword, Kind, Token, tokenize};
use super::literal;
use super::node::{Body, Branch, Call, Command, Node, Operand, OperandKind, Pipe};

/// How deep blocks and parentheses may be nested.
const MAX_NESTING: usize = 100;

/// What is in one text: a body, and the definitions within it.
#[derive(Debug, Default)]
pub(crate) struct Parsed {
    pub(crate) body: Body,
    pub(crate) definitions: BTreeMap<String, Body>,
}

/// Parses `text`; `knows` says which functions there are.
pub(crate) fn parse(text: &str, knows: &dyn Fn(&str) -> bool) -> Result<Parsed, ParseError> {
    let (tokens, error) = tokenize(text);
    let end = error.as_ref().map_or(text.len(), |error| error.at);
    let mut parser = Parser {
        tokens,
        next: 0,
        end,
        error,
        knows,
        variables: vec!["$".to_owned()],
        loops: 0,
        depth: 0,
        definitions: BTreeMap::new(),
    };
    let body = parser.top_level()?;
    Ok(Parsed { body, definitions: parser.definitions })
}

struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    next: usize,
    /// Where the tokens end.
    end: usize,
    /// What ended the tokens before the end of the text.
    error: Option<ParseError>,
    knows: &'a dyn Fn(&str) -> bool,
    variables: Vec<String>,
    loops: usize,
    depth: usize,
    definitions: BTreeMap<String, Body>,
}

/// What ended a body.
enum Ending {
    Eof,
    End,
    Else,
}

/// Which statement a pipeline belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Context {
    Command,
    If,
    Range,
    With,
    Template,
    Block,
    Parenthesis,
}

impl Context {
    fn name(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::If => "if",
            Self::Range => "range",
            Self::With => "with",
            Self::Template => "template clause",
            Self::Block => "block clause",
            Self::Parenthesis => "parenthesized pipeline",
        }
    }
}

impl<'a> Parser<'a> {
    fn top_level(&mut self) -> Result<Body, ParseError> {
        let (mut body, at) = (Body::new(), self.here());
        match self.body_until_ending(&mut body)? {
            Ending::Eof => Ok(body),
            Ending::End => Err(error(self.last_at(at), "unexpected {{end}}")),
            Ending::Else => Err(error(self.last_at(at), "unexpected {{else}}")),
        }
    }

    fn definition(&mut self) -> Result<(), ParseError> {
        let context = "define clause";
        let name = self.string(context)?;
        self.expect(Kind::RightDelim, context)?;
        let outer = std::mem::replace(&mut self.variables, vec!["$".to_owned()]);
        let body = self.nest(|parser| {
            let (mut body, at) = (Body::new(), parser.here());
            match parser.body_until_ending(&mut body)? {
                Ending::End => Ok(body),
                Ending::Eof => Err(error(parser.end, "unexpected EOF")),
                Ending::Else => Err(error(at, "unexpected {{else}} in define clause")),
            }
        })?;
        self.variables = outer;
        self.define(name, body);
        Ok(())
    }

    /// An empty definition does not replace another.
    fn define(&mut self, name: String, body: Body) {
        let is_empty = body.iter().all(|node| matches!(node, Node::Text(text) if text.trim().is_empty()));
        if !is_empty || !self.definitions.contains_key(&name) {
            self.definitions.insert(name, body);
        }
    }

    /// Reads on until something that does not belong to the body. At the top level takes definitions in, too.
    fn body_until_ending(&mut self, body: &mut Body) -> Result<Ending, ParseError> {
        loop {
            let token = self.take()?;
            match token.kind {
                Kind::Eof => return Ok(Ending::Eof),
                Kind::Text => body.push(Node::Text(token.text.to_owned())),
                Kind::LeftDelim => {
                    let next = self.take_past_space()?;
                    match next.kind {
                        Kind::Keyword(Keyword::End) => {
                            self.expect(Kind::RightDelim, "end")?;
                            return Ok(Ending::End);
                        }
                        Kind::Keyword(Keyword::Else) => return Ok(Ending::Else),
                        Kind::Keyword(Keyword::Define) if self.depth == 0 => self.definition()?,
                        Kind::Keyword(keyword) => body.push(self.statement(keyword, next)?),
                        _ => {
                            self.next -= 1;
                            body.push(Node::Action(self.pipeline(Context::Command, Kind::RightDelim)?));
                        }
                    }
                }
                _ => return Err(unexpected(&token, "input")),
            }
        }
    }

    fn statement(&mut self, keyword: Keyword, token: Token<'a>) -> Result<Node, ParseError> {
        match keyword {
            Keyword::If => Ok(Node::If(self.branch(token.at, Context::If)?)),
            Keyword::Range => Ok(Node::Range(self.branch(token.at, Context::Range)?)),
            Keyword::With => Ok(Node::With(self.branch(token.at, Context::With)?)),
            Keyword::Template => self.template(),
            Keyword::Block => self.block(token.at),
            Keyword::Break | Keyword::Continue => {
                let name = token.text;
                let next = self.take_past_space()?;
                if next.kind != Kind::RightDelim {
                    return Err(unexpected(&next, &format!("{{{{{name}}}}}")));
                }
                if self.loops == 0 {
                    return Err(error(token.at, format!("{{{{{name}}}}} outside {{{{range}}}}")));
                }
                Ok(if keyword == Keyword::Break { Node::Break } else { Node::Continue })
            }
            Keyword::Define | Keyword::Else | Keyword::End => Err(unexpected(&token, "command")),
        }
    }

    fn branch(&mut self, at: usize, context: Context) -> Result<Branch, ParseError> {
        self.nest(|parser| {
            let scope = parser.variables.len();
            let pipe = parser.pipeline(context, Kind::RightDelim)?;
            let in_loop = usize::from(context == Context::Range);
            let (mut then, mut otherwise) = (Body::new(), Body::new());
            parser.loops += in_loop;
            let ending = parser.body_until_ending(&mut then)?;
            parser.loops -= in_loop;
            match ending {
                Ending::End => {}
                Ending::Eof => return Err(error(parser.end, "unexpected EOF")),
                Ending::Else => parser.otherwise(context, &mut otherwise)?,
            }
            parser.variables.truncate(scope);
            Ok(Branch { at, pipe, then, otherwise })
        })
    }

    /// What follows `else`, up to the end of the whole statement.
    fn otherwise(&mut self, context: Context, body: &mut Body) -> Result<(), ParseError> {
        let next = self.peek_past_space()?;
        match (context, next.kind) {
            (Context::If, Kind::Keyword(Keyword::If)) => {
                self.take()?;
                body.push(Node::If(self.branch(next.at, Context::If)?));
                return Ok(());
            }
            (Context::With, Kind::Keyword(Keyword::With)) => {
                self.take()?;
                body.push(Node::With(self.branch(next.at, Context::With)?));
                return Ok(());
            }
            _ => {}
        }
        self.expect(Kind::RightDelim, "else")?;
        match self.body_until_ending(body)? {
            Ending::End => Ok(()),
            Ending::Eof => Err(error(self.end, "unexpected EOF")),
            Ending::Else => Err(error(self.here(), "expected end; found {{else}}")),
        }
    }

    fn template(&mut self) -> Result<Node, ParseError> {
        let at = self.peek_past_space()?.at;
        let name = self.string(Context::Template.name())?;
        let pipe = if self.peek_past_space()?.kind == Kind::RightDelim {
            self.take()?;
            None
        } else {
            Some(self.pipeline(Context::Template, Kind::RightDelim)?)
        };
        Ok(Node::Template(Call { at, name, pipe }))
    }

    fn block(&mut self, at: usize) -> Result<Node, ParseError> {
        let name = self.string(Context::Block.name())?;
        let pipe = self.pipeline(Context::Block, Kind::RightDelim)?;
        let body = self.nest(|parser| {
            let outer = std::mem::replace(&mut parser.variables, vec!["$".to_owned()]);
            let mut body = Body::new();
            match parser.body_until_ending(&mut body)? {
                Ending::End => {}
                Ending::Eof => return Err(error(parser.end, "unexpected EOF")),
                Ending::Else => return Err(error(at, "unexpected {{else}} in block clause")),
            }
            parser.variables = outer;
            Ok(body)
        })?;
        self.define(name.clone(), body);
        Ok(Node::Template(Call { at, name, pipe: Some(pipe) }))
    }

    fn pipeline(&mut self, context: Context, end: Kind) -> Result<Pipe, ParseError> {
        let at = self.peek_past_space()?.at;
        let (declares, assigns) = self.declarations(context)?;
        let mut commands = Vec::new();
        loop {
            let token = self.take_past_space()?;
            match token.kind {
                kind if kind == end => break,
                Kind::Bool
                | Kind::Char
                | Kind::Dot
                | Kind::Field
                | Kind::Identifier
                | Kind::Number
                | Kind::Nil
                | Kind::RawString
                | Kind::String
                | Kind::Variable
                | Kind::LeftParen => {
                    self.next -= 1;
                    commands.push(self.command()?);
                }
                _ => return Err(unexpected(&token, context.name())),
            }
        }
        if commands.is_empty() {
            return Err(error(at, format!("missing value for {}", context.name())));
        }
        for (index, command) in commands.iter().enumerate().skip(1) {
            let first = command.operands.first().map(|operand| &operand.kind);
            let is_constant = matches!(
                first,
                Some(
                    OperandKind::Bool(_)
                        | OperandKind::Dot
                        | OperandKind::Nil
                        | OperandKind::Int { .. }
                        | OperandKind::Float { .. }
                        | OperandKind::Str { .. }
                )
            );
            if is_constant {
                return Err(error(
                    command.at,
                    format!("non executable command in pipeline stage {}", index + 1),
                ));
            }
        }
        Ok(Pipe { at, declares, assigns, commands })
    }

    /// `$x :=`, `$x =`, and in a loop `$i, $x :=`.
    fn declarations(&mut self, context: Context) -> Result<(Vec<String>, bool), ParseError> {
        let mut names = Vec::new();
        loop {
            let start = self.next;
            let variable = self.peek_past_space()?;
            if variable.kind != Kind::Variable {
                return Ok((names, false));
            }
            self.take()?;
            let next = self.peek_past_space()?;
            match next.kind {
                Kind::Assign | Kind::Declare => {
                    self.take()?;
                    names.push(variable.text.to_owned());
                    self.variables.push(variable.text.to_owned());
                    return Ok((names, next.kind == Kind::Assign));
                }
                Kind::Comma => {
                    self.take()?;
                    names.push(variable.text.to_owned());
                    self.variables.push(variable.text.to_owned());
                    if context != Context::Range || names.len() > 1 {
                        return Err(error(next.at, format!("too many declarations in {}", context.name())));
                    }
                    if self.peek_past_space()?.kind != Kind::Variable {
                        return Err(error(next.at, "range can only initialize variables"));
                    }
                }
                _ => {
                    self.next = start;
                    return Ok((names, false));
                }
            }
        }
    }

    fn command(&mut self) -> Result<Command, ParseError> {
        let at = self.peek_past_space()?.at;
        let mut operands = Vec::new();
        loop {
            self.peek_past_space()?;
            operands.extend(self.operand()?);
            let token = self.take()?;
            match token.kind {
                Kind::Space => {}
                Kind::RightDelim | Kind::RightParen => {
                    self.next -= 1;
                    break;
                }
                Kind::Pipe => break,
                _ => return Err(unexpected(&token, "operand")),
            }
        }
        if operands.is_empty() {
            return Err(error(at, "empty command"));
        }
        Ok(Command { at, operands })
    }

    fn operand(&mut self) -> Result<Option<Operand>, ParseError> {
        let Some(term) = self.term()? else { return Ok(None) };
        let chain = self.peek()?;
        if chain.kind != Kind::Field {
            return Ok(Some(term));
        }
        let mut fields = Vec::new();
        while self.peek()?.kind == Kind::Field {
            fields.push(self.take()?.text.trim_start_matches('.').to_owned());
        }
        let kind = match term.kind {
            OperandKind::Field(mut of) => {
                of.extend(fields);
                OperandKind::Field(of)
            }
            OperandKind::Variable { name, fields: mut of } => {
                of.extend(fields);
                OperandKind::Variable { name, fields: of }
            }
            OperandKind::Function(_) | OperandKind::Pipe(_) | OperandKind::Chain { .. } => {
                OperandKind::Chain { of: Box::new(term), fields }
            }
            _ => return Err(error(chain.at, format!("unexpected . after term {:?}", term.to_string()))),
        };
        Ok(Some(Operand { at: chain.at, kind }))
    }

    fn term(&mut self) -> Result<Option<Operand>, ParseError> {
        let token = self.take_past_space()?;
        let kind = match token.kind {
            Kind::Identifier if (self.knows)(token.text) => OperandKind::Function(token.text.to_owned()),
            Kind::Identifier => {
                return Err(error(token.at, format!("function {:?} not defined", token.text)));
            }
            Kind::Dot => OperandKind::Dot,
            Kind::Nil => OperandKind::Nil,
            Kind::Bool => OperandKind::Bool(token.text == "true"),
            Kind::Variable => {
                if !self.variables.iter().any(|name| name == token.text) {
                    return Err(error(token.at, format!("undefined variable {:?}", token.text)));
                }
                OperandKind::Variable { name: token.text.to_owned(), fields: Vec::new() }
            }
            Kind::Field => OperandKind::Field(vec![token.text.trim_start_matches('.').to_owned()]),
            Kind::Char | Kind::Number => {
                literal::number(token.text).map_err(|message| error(token.at, message))?
            }
            Kind::String | Kind::RawString => {
                let value = literal::unquote(token.text).ok_or_else(|| error(token.at, "invalid syntax"))?;
                OperandKind::Str { value, quoted: token.text.to_owned() }
            }
            Kind::LeftParen => {
                let pipe = self.nest(|parser| parser.pipeline(Context::Parenthesis, Kind::RightParen))?;
                OperandKind::Pipe(Box::new(pipe))
            }
            _ => {
                self.next -= 1;
                return Ok(None);
            }
        };
        Ok(Some(Operand { at: token.at, kind }))
    }

    fn nest<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T, ParseError>) -> Result<T, ParseError> {
        if self.depth >= MAX_NESTING {
            return Err(error(self.here(), format!("more than {MAX_NESTING} nested blocks")));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    /// A quoted name.
    fn string(&mut self, context: &str) -> Result<String, ParseError> {
        let token = self.take_past_space()?;
        match token.kind {
            Kind::String | Kind::RawString => {
                literal::unquote(token.text).ok_or_else(|| error(token.at, "invalid syntax"))
            }
            _ => Err(unexpected(&token, context)),
        }
    }

    fn expect(&mut self, kind: Kind, context: &str) -> Result<(), ParseError> {
        let token = self.take_past_space()?;
        if token.kind == kind { Ok(()) } else { Err(unexpected(&token, context)) }
    }

    fn peek(&self) -> Result<Token<'a>, ParseError> {
        let end = || self.error.clone().unwrap_or_else(|| error(self.end, "unexpected EOF"));
        self.tokens.get(self.next).copied().ok_or_else(end)
    }

    fn take(&mut self) -> Result<Token<'a>, ParseError> {
        let token = self.peek()?;
        self.next += 1;
        Ok(token)
    }

    fn peek_past_space(&mut self) -> Result<Token<'a>, ParseError> {
        while self.peek()?.kind == Kind::Space {
            self.next += 1;
        }
        self.peek()
    }

    fn take_past_space(&mut self) -> Result<Token<'a>, ParseError> {
        self.peek_past_space()?;
        self.take()
    }

    /// Where the token before the next one is.
    fn last_at(&self, otherwise: usize) -> usize {
        self.next.checked_sub(1).and_then(|last| self.tokens.get(last)).map_or(otherwise, |token| token.at)
    }

    fn here(&self) -> usize {
        self.tokens.get(self.next).map_or(self.end, |token| token.at)
    }
}

fn error(at: usize, message: impl Into<String>) -> ParseError {
    ParseError { at, message: message.into() }
}

fn unexpected(token: &Token<'_>, context: &str) -> ParseError {
    let shown = match token.kind {
        Kind::Eof => "EOF".to_owned(),
        Kind::Keyword(_) => format!("<{}>", token.text),
        _ if token.text.chars().count() > 10 => {
            format!("{:?}...", token.text.chars().take(10).collect::<String>())
        }
        _ => format!("{:?}", token.text),
    };
    error(token.at, format!("unexpected {shown} in {context}"))
}
