//! The grammar of label selectors: `a=b, c in (d, e), !f`.

use super::Requirement;

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    /// `=`, `==`, `!=`, `<`, `>`, `!`, `(`, `)`, `,`
    Sign(&'static str),
}

const SIGNS: &[&str] = &["==", "!=", "=", "<", ">", "!", "(", ")", ","];

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            tokens.push(Token::Sign(sign));
            rest = rest.strip_prefix(sign).unwrap_or_default();
        } else {
            let end = rest.find(|c: char| c.is_whitespace() || "=!<>(),".contains(c)).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            tokens.push(Token::Word(word.to_owned()));
            rest = after;
        }
        rest = rest.trim_start();
    }
    tokens
}

/// Reads a selector; the message of a refusal is that of the API server.
pub(super) fn requirements(text: &str) -> Result<Vec<Requirement>, String> {
    let mut parser = Parser { tokens: tokens(text), position: 0 };
    let mut requirements = Vec::new();
    if parser.peek().is_none() {
        return Ok(requirements);
    }
    loop {
        let requirement =
            parser.requirement().map_err(|problem| format!("unable to parse requirement: {problem}"))?;
        requirements.push(requirement);
        match parser.take() {
            None => return Ok(requirements),
            Some(Token::Sign(",")) if parser.peek().is_some() => {}
            Some(Token::Sign(",")) => return Err("found '', expected: identifier after ','".to_owned()),
            Some(other) => {
                return Err(format!("found '{}', expected: ',' or 'end of string'", show(Some(&other))));
            }
        }
    }
}

struct Parser {
    tokens: Vec<Token>,
    position: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.position)
    }

    fn take(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.position).cloned();
        self.position += 1;
        token
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        if self.peek() == Some(&Token::Sign("!")) {
            self.take();
            return Ok(Requirement::Absent(self.word()?));
        }
        let key = self.word()?;
        match self.peek().cloned() {
            None | Some(Token::Sign(",")) => Ok(Requirement::Exists(key)),
            Some(Token::Sign("=" | "==")) => {
                self.take();
                Ok(Requirement::In(key, vec![self.value()?]))
            }
            Some(Token::Sign("!=")) => {
                self.take();
                Ok(Requirement::NotIn(key, vec![self.value()?]))
            }
            Some(Token::Sign(sign @ ("<" | ">"))) => {
                self.take();
                let text = self.value()?;
                let bound = text.parse().map_err(|_| {
                    format!("values[0][{key}]: Invalid value: {text:?}: for 'Gt', 'Lt' operators, the value must be an integer")
                })?;
                Ok(if sign == ">" { Requirement::Greater(key, bound) } else { Requirement::Less(key, bound) })
            }
            Some(Token::Word(word)) if word == "in" || word == "notin" => {
                self.take();
                let values = self.set()?;
                Ok(if word == "in" { Requirement::In(key, values) } else { Requirement::NotIn(key, values) })
            }
            other => Err(format!("found '{}', expected: in, notin, =, ==, !=, gt, lt", show(other.as_ref()))),
        }
    }

    fn word(&mut self) -> Result<String, String> {
        match self.take() {
            Some(Token::Word(word)) => Ok(word),
            other => Err(format!("found '{}', expected: identifier", show(other.as_ref()))),
        }
    }

    /// A value may be missing, which is the empty value.
    fn value(&mut self) -> Result<String, String> {
        match self.peek() {
            None | Some(Token::Sign(",")) => Ok(String::new()),
            _ => self.word(),
        }
    }

    fn set(&mut self) -> Result<Vec<String>, String> {
        match self.take() {
            Some(Token::Sign("(")) => {}
            other => return Err(format!("found '{}' expected: '('", show(other.as_ref()))),
        }
        let mut values = Vec::new();
        loop {
            match self.take() {
                Some(Token::Word(word)) => values.push(word),
                Some(Token::Sign(",")) => {}
                Some(Token::Sign(")")) => return Ok(values),
                other => return Err(format!("found '{}', expected: ',', or ')'", show(other.as_ref()))),
            }
        }
    }
}

fn show(token: Option<&Token>) -> &str {
    match token {
        None => "",
        Some(Token::Word(word)) => word,
        Some(Token::Sign(sign)) => sign,
    }
}
