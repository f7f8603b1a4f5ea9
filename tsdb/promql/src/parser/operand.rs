//! What stands between operators: literals, selectors, calls, aggregations, parentheses.

use crowsnest_api::METRIC_NAME;
use smol_str::SmolStr;

use super::{Fault, Parsed, Parser};
use crate::ast::{Aggregate, Call, Expr, ExprKind, Grouping, LabelMatcher, Modifiers, Selector};
use crate::lexer::TokenKind;
use crate::lexer::keyword::Keyword;
use crate::{AggregateOp, MatchOp, functions};

impl Parser<'_> {
    pub(super) fn operand(&mut self) -> Parsed<Expr> {
        let start = self.token.span;
        let token = self.token.kind;
        let kind = match token {
            TokenKind::Number | TokenKind::Duration => ExprKind::Number(self.number()?),
            TokenKind::String => ExprKind::String(self.string()?),
            TokenKind::LeftParen => {
                self.advance();
                let inner = self.expr(crate::operators::Precedence::Lowest)?;
                self.close_paren()?;
                ExprKind::Paren(Box::new(inner))
            }
            TokenKind::LeftBrace => self.selector(None)?,
            TokenKind::Identifier => self.named()?,
            TokenKind::Keyword(word) if word.is_function() && self.peek_kind() == TokenKind::LeftParen => {
                self.call()?
            }
            TokenKind::Keyword(word) if word.may_be_metric() => self.named_selector()?,
            TokenKind::Operator(op) if op.is_set() => self.named_selector()?,
            TokenKind::Aggregator(op) => match self.peek_kind() {
                TokenKind::LeftParen | TokenKind::Keyword(Keyword::By | Keyword::Without) => {
                    self.aggregate(op)?
                }
                _ => self.named_selector()?,
            },
            _ => return Err(self.unexpected("", "")),
        };
        Ok(Expr { kind, span: self.span_from(start) })
    }

    /// A name, braces, or both; what follows is left.
    #[cfg(feature = "engine")]
    pub(super) fn bare_selector(&mut self) -> Parsed<Selector> {
        let kind = match self.token.kind {
            TokenKind::LeftBrace => self.selector(None)?,
            TokenKind::Identifier | TokenKind::Aggregator(_) => self.named_selector()?,
            TokenKind::Keyword(word) if word.may_be_metric() => self.named_selector()?,
            TokenKind::Operator(op) if op.is_set() => self.named_selector()?,
            _ => return Err(self.unexpected("", "")),
        };
        match kind {
            ExprKind::Selector(selector) => Ok(*selector),
            _ => Err(self.unexpected("", "")),
        }
    }

    fn close_paren(&mut self) -> Parsed<()> {
        self.expect(TokenKind::RightParen, "", "").map(|_| ())
    }

    fn named(&mut self) -> Parsed<ExprKind> {
        if self.peek_kind() == TokenKind::LeftParen { self.call() } else { self.named_selector() }
    }

    fn named_selector(&mut self) -> Parsed<ExprKind> {
        let name = SmolStr::new(self.token.span.of(self.text));
        self.advance();
        self.selector(Some(name))
    }

    fn call(&mut self) -> Parsed<ExprKind> {
        let name = self.token.span.of(self.text);
        // Functions that are reserved words may be written in any case; all others may not.
        let lower = name.to_ascii_lowercase();
        let wanted = if matches!(self.token.kind, TokenKind::Keyword(_)) { lower.as_str() } else { name };
        let function = functions::function(wanted)
            .ok_or_else(|| self.fault(format!("unknown function with name {name:?}")))?;
        let name_span = self.token.span;
        self.advance();
        let args = self.arguments()?;
        Ok(ExprKind::Call(Call { function, name_span, args }))
    }

    /// `(a, b)`. A comma after the last argument is an error, as in Prometheus.
    fn arguments(&mut self) -> Parsed<Vec<Expr>> {
        self.expect(TokenKind::LeftParen, "", "\"(\"")?;
        let mut args = Vec::new();
        if self.token.kind == TokenKind::RightParen {
            self.advance();
            return Ok(args);
        }
        loop {
            args.push(self.expr(crate::operators::Precedence::Lowest)?);
            if self.token.kind != TokenKind::Comma {
                break;
            }
            self.advance();
            if self.token.kind == TokenKind::RightParen {
                return Err(self.fault("trailing commas not allowed in function call args"));
            }
        }
        self.close_paren()?;
        Ok(args)
    }

    fn aggregate(&mut self, op: AggregateOp) -> Parsed<ExprKind> {
        let name = self.token.span;
        self.advance();
        let before = self.grouping()?;
        if self.token.kind != TokenKind::LeftParen {
            return Err(self.unexpected("aggregation", ""));
        }
        let mut args = self.arguments()?;
        let grouping = match before {
            Some(grouping) => grouping,
            None => self.grouping()?.unwrap_or(Grouping::By(Vec::new())),
        };
        let wanted = if op.aggregator().parameter.is_some() { 2 } else { 1 };
        if args.is_empty() {
            return Err(Fault::new(self.span_from(name), "no arguments for aggregate expression provided"));
        }
        if args.len() != wanted {
            let message = format!(
                "wrong number of arguments for aggregate expression provided, expected {wanted}, got {}",
                args.len()
            );
            return Err(Fault::new(self.span_from(name), message));
        }
        let Some(expr) = args.pop() else {
            return Err(Fault::new(name, "no arguments for aggregate expression provided"));
        };
        Ok(ExprKind::Aggregate(Box::new(Aggregate { op, grouping, parameter: args.pop(), expr })))
    }

    fn grouping(&mut self) -> Parsed<Option<Grouping>> {
        if self.eat_keyword(Keyword::By) {
            return self.label_list().map(|labels| Some(Grouping::By(labels)));
        }
        if self.eat_keyword(Keyword::Without) {
            return self.label_list().map(|labels| Some(Grouping::Without(labels)));
        }
        Ok(None)
    }

    /// `(a, "b.c",)`: names of labels.
    pub(super) fn label_list(&mut self) -> Parsed<Vec<SmolStr>> {
        const CONTEXT: &str = "grouping opts";
        self.expect(TokenKind::LeftParen, CONTEXT, "\"(\"")?;
        let mut labels = Vec::new();
        while self.token.kind != TokenKind::RightParen {
            labels.push(self.grouping_label(CONTEXT)?);
            match self.token.kind {
                TokenKind::Comma => self.advance(),
                TokenKind::RightParen => {}
                _ => return Err(self.unexpected(CONTEXT, "\",\" or \")\"")),
            }
        }
        self.advance();
        Ok(labels)
    }

    fn grouping_label(&mut self, context: &str) -> Parsed<SmolStr> {
        let text = self.token.span.of(self.text);
        let plain = match self.token.kind {
            TokenKind::Identifier => !text.contains(':'),
            TokenKind::Keyword(word) => word.may_be_label(),
            TokenKind::Aggregator(_) => true,
            TokenKind::Operator(op) => op.is_set() || op == crate::BinaryOp::Atan2,
            TokenKind::String => return self.label_name_string(),
            _ => false,
        };
        if !plain {
            return Err(self.unexpected(context, "label"));
        }
        self.advance();
        Ok(SmolStr::new(text))
    }

    /// A quoted name: any UTF-8 but the empty string.
    fn label_name_string(&mut self) -> Parsed<SmolStr> {
        let span = self.token.span;
        match String::from_utf8(self.string()?) {
            Ok(name) if !name.is_empty() => Ok(SmolStr::new(name)),
            _ => Err(Fault::new(span, format!("invalid label name {}", span.of(self.text)))),
        }
    }

    /// The rest of a selector: an optional `{…}`.
    fn selector(&mut self, name: Option<SmolStr>) -> Parsed<ExprKind> {
        const CONTEXT: &str = "label matching";
        let mut matchers = Vec::new();
        if self.token.kind == TokenKind::LeftBrace {
            self.advance();
            while self.token.kind != TokenKind::RightBrace {
                let start = self.token.span;
                let label = match self.token.kind {
                    TokenKind::Identifier => {
                        let label = SmolStr::new(start.of(self.text));
                        self.advance();
                        label
                    }
                    TokenKind::String => {
                        let quoted = self.label_name_string()?;
                        if !matches!(self.token.kind, TokenKind::Match(_)) {
                            let (name, op) = (SmolStr::new_static(METRIC_NAME), MatchOp::Equal);
                            let span = self.span_from(start);
                            matchers.push(LabelMatcher { name, op, value: quoted, span });
                            self.after_matcher(CONTEXT)?;
                            continue;
                        }
                        quoted
                    }
                    _ => return Err(self.unexpected(CONTEXT, "identifier or \"}\"")),
                };
                let TokenKind::Match(op) = self.token.kind else {
                    return Err(self.unexpected(CONTEXT, "label matching operator"));
                };
                self.advance();
                let value = self.matcher_value(CONTEXT)?;
                matchers.push(LabelMatcher { name: label, op, value, span: self.span_from(start) });
                self.after_matcher(CONTEXT)?;
            }
            self.advance();
        }
        Ok(ExprKind::Selector(Box::new(Selector {
            name,
            matchers,
            range: None,
            modifiers: Modifiers::default(),
        })))
    }

    fn matcher_value(&mut self, context: &str) -> Parsed<SmolStr> {
        if self.token.kind != TokenKind::String {
            return Err(self.unexpected(context, "string"));
        }
        let span = self.token.span;
        String::from_utf8(self.string()?)
            .map(SmolStr::new)
            .map_err(|_| Fault::new(span, format!("label value {} is not UTF-8", span.of(self.text))))
    }

    fn after_matcher(&mut self, context: &str) -> Parsed<()> {
        match self.token.kind {
            TokenKind::Comma => {
                self.advance();
                if self.token.kind == TokenKind::Comma {
                    return Err(self.unexpected(context, "identifier or \"}\""));
                }
                Ok(())
            }
            TokenKind::RightBrace => Ok(()),
            _ => Err(self.unexpected(context, "\",\" or \"}\"")),
        }
    }
}

/// Whether a condition surely lets the empty value pass, as far as can be told without a regular expression engine.
pub(super) fn surely_matches_empty(matcher: &LabelMatcher) -> bool {
    match matcher.op {
        MatchOp::Equal => matcher.value.is_empty(),
        MatchOp::NotEqual => !matcher.value.is_empty(),
        MatchOp::Regex => matches!(matcher.value.as_str(), "" | ".*" | ".*?" | "(.*)" | ".?" | "^.*$"),
        MatchOp::NotRegex => matches!(matcher.value.as_str(), ".+" | "(.+)" | "^.+$"),
    }
}
