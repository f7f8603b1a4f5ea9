//! What follows an operand: ranges, subqueries, `offset`, `@`, `anchored`, `smoothed`.

use super::{Fault, Parsed, Parser};
use crate::ast::{At, Edges, Expr, ExprKind, Modifiers, Subquery};
use crate::lexer::keyword::Keyword;
use crate::lexer::{TokenKind, number};
use crate::operators::Precedence;
use crate::{BinaryOp, Span, UnaryOp, ValueType};

impl Parser<'_> {
    pub(super) fn postfix(&mut self, mut expr: Expr) -> Parsed<Expr> {
        let depth = self.depth;
        loop {
            expr = match self.token.kind {
                TokenKind::LeftBracket => {
                    self.depth += 1;
                    self.check_depth()?;
                    self.brackets(expr)?
                }
                TokenKind::Keyword(Keyword::Offset) => self.offset(expr)?,
                TokenKind::At => self.at(expr)?,
                TokenKind::Keyword(Keyword::Anchored) => self.edges(expr, Edges::Anchored)?,
                TokenKind::Keyword(Keyword::Smoothed) => self.edges(expr, Edges::Smoothed)?,
                _ => break,
            };
        }
        self.depth = depth;
        Ok(expr)
    }

    fn brackets(&mut self, mut expr: Expr) -> Parsed<Expr> {
        let open = self.token.span;
        self.advance();
        if self.token.kind == TokenKind::RightBracket {
            return Err(self.fault("missing unit character in duration"));
        }
        let range = Box::new(self.duration_expr("subquery or range")?);
        require_positive(&range)?;
        if self.token.kind == TokenKind::Colon {
            self.advance();
            let step = match self.token.kind {
                TokenKind::RightBracket => None,
                _ => Some(Box::new(self.duration_expr("subquery or range")?)),
            };
            if let Some(step) = &step {
                require_positive(step)?;
            }
            self.close_bracket("subquery selector")?;
            let span = self.span_from(expr.span);
            let subquery = Subquery { expr, range, step, modifiers: Modifiers::default() };
            return Ok(Expr { kind: ExprKind::Subquery(Box::new(subquery)), span });
        }
        self.close_bracket("subquery or range")?;
        let span = self.span_from(expr.span);
        let ExprKind::Selector(selector) = &mut expr.kind else {
            return Err(Fault::new(span, "ranges only allowed for vector selectors"));
        };
        if selector.range.is_some() {
            return Err(Fault::new(open, "ranges only allowed for vector selectors"));
        }
        if selector.modifiers.offset.is_some() {
            return Err(Fault::new(open, "no offset modifiers allowed before range"));
        }
        if selector.modifiers.at.is_some() {
            return Err(Fault::new(open, "no @ modifiers allowed before range"));
        }
        if selector.modifiers.edges.is_some() {
            return Err(Fault::new(open, "no anchored or smoothed modifiers allowed before range"));
        }
        selector.range = Some(range);
        expr.span = span;
        Ok(expr)
    }

    fn close_bracket(&mut self, context: &str) -> Parsed<()> {
        self.expect(TokenKind::RightBracket, context, "\"]\"").map(|_| ())
    }

    /// An expression that gives a length of time in seconds.
    fn duration_expr(&mut self, context: &str) -> Parsed<Expr> {
        match self.token.kind {
            TokenKind::Number
            | TokenKind::Duration
            | TokenKind::LeftParen
            | TokenKind::Operator(BinaryOp::Add | BinaryOp::Sub) => {}
            TokenKind::Keyword(word) if word.is_function() => {}
            _ => return Err(self.unexpected(context, "number, duration, step(), or range()")),
        }
        let expr = self.expr(Precedence::Lowest)?;
        check_duration(&expr)?;
        Ok(in_place_of_duration(expr))
    }

    fn offset(&mut self, mut expr: Expr) -> Parsed<Expr> {
        let word = self.token.span;
        self.advance();
        let sign = match self.token.kind {
            TokenKind::Operator(BinaryOp::Add) => Some(UnaryOp::Plus),
            TokenKind::Operator(BinaryOp::Sub) => Some(UnaryOp::Minus),
            _ => None,
        };
        let start = self.token.span;
        if sign.is_some() {
            self.advance();
        }
        // `x offset -2^2` is `(x offset -2)^2`: calculations need parentheses here.
        let mut offset = match self.token.kind {
            TokenKind::Number | TokenKind::Duration | TokenKind::LeftParen => self.operand()?,
            TokenKind::Keyword(keyword) if keyword.is_function() => self.operand()?,
            _ => return Err(self.unexpected("offset", "number, duration, step(), or range()")),
        };
        check_duration(&offset)?;
        let span = start.to(offset.span);
        offset = match (sign, offset.kind) {
            (None, kind) => Expr { kind, span },
            (Some(UnaryOp::Minus), ExprKind::Number(mut literal)) => {
                literal.value = -literal.value;
                Expr { kind: ExprKind::Number(literal), span }
            }
            (Some(UnaryOp::Plus), kind) => Expr { kind, span },
            (Some(UnaryOp::Minus), kind) => {
                let operand = Expr { kind, span: offset.span };
                Expr { kind: ExprKind::Unary(UnaryOp::Minus, Box::new(operand)), span }
            }
        };
        let modifiers = modifiers_of(&mut expr, word, "offset modifier")?;
        if modifiers.offset.is_some() {
            return Err(Fault::new(word, "offset may not be set multiple times"));
        }
        modifiers.offset = Some(Box::new(in_place_of_duration(offset)));
        expr.span = self.span_from(expr.span);
        Ok(expr)
    }

    fn at(&mut self, mut expr: Expr) -> Parsed<Expr> {
        let sign = self.token.span;
        self.advance();
        let at = match self.token.kind {
            TokenKind::Keyword(word @ (Keyword::Start | Keyword::End)) => {
                self.advance();
                self.expect(TokenKind::LeftParen, "@", "\"(\"")?;
                self.expect(TokenKind::RightParen, "@", "\")\"")?;
                if word == Keyword::Start { At::Start } else { At::End }
            }
            _ => At::Time(self.at_time()?),
        };
        let modifiers = modifiers_of(&mut expr, sign, "@ modifier")?;
        if modifiers.at.is_some() {
            return Err(Fault::new(sign, "@ <timestamp> may not be set multiple times"));
        }
        modifiers.at = Some(at);
        expr.span = self.span_from(expr.span);
        Ok(expr)
    }

    /// A signed number of seconds, as milliseconds.
    fn at_time(&mut self) -> Parsed<i64> {
        let start = self.token.span;
        let negative = self.token.kind == TokenKind::Operator(BinaryOp::Sub);
        if negative || self.token.kind == TokenKind::Operator(BinaryOp::Add) {
            self.advance();
        }
        if !matches!(self.token.kind, TokenKind::Number | TokenKind::Duration) {
            return Err(self.unexpected("@", "timestamp"));
        }
        let number = self.number()?.value;
        let seconds = if negative { -number } else { number };
        let millis = (seconds * 1000.0).round();
        // The bounds are powers of two, so the comparison is exact.
        if !(-(2.0_f64.powi(63))..2.0_f64.powi(63)).contains(&millis) {
            let message =
                format!("timestamp out of bounds for @ modifier: {}", crate::printer::number(seconds));
            return Err(Fault::new(start, message));
        }
        Ok(millis as i64)
    }

    fn edges(&mut self, mut expr: Expr, edges: Edges) -> Parsed<Expr> {
        let word = self.token.span;
        self.advance();
        let modifiers = modifiers_of(&mut expr, word, "anchored or smoothed modifier")?;
        if modifiers.edges.is_some() {
            return Err(Fault::new(word, "anchored and smoothed modifiers may not be set multiple times"));
        }
        modifiers.edges = Some(edges);
        expr.span = self.span_from(expr.span);
        match &expr.kind {
            ExprKind::Selector(selector) if selector.range.is_some() || edges == Edges::Smoothed => Ok(expr),
            ExprKind::Selector(_) => Err(Fault::new(word, "anchored modifier only allowed after a range")),
            _ => Err(Fault::new(word, "anchored and smoothed modifiers cannot be used with subqueries")),
        }
    }
}

fn modifiers_of<'e>(expr: &'e mut Expr, at: Span, what: &str) -> Parsed<&'e mut Modifiers> {
    match &mut expr.kind {
        ExprKind::Selector(selector) => Ok(&mut selector.modifiers),
        ExprKind::Subquery(subquery) => Ok(&mut subquery.modifiers),
        _ => Err(Fault::new(
            at,
            format!(
                "{what} must be preceded by an instant vector selector or range vector selector or a subquery"
            ),
        )),
    }
}

/// Only numbers and the functions about the query's own range can give a length of time.
fn check_duration(expr: &Expr) -> Parsed<()> {
    let allowed = match &expr.kind {
        ExprKind::Number(literal) => {
            let limit = number::MAX_MILLIS as f64 / 1000.0;
            if !(-limit..=limit).contains(&literal.value) {
                return Err(Fault::new(expr.span, "duration out of range"));
            }
            true
        }
        ExprKind::Unary(..) | ExprKind::Paren(_) => true,
        ExprKind::Binary(binary) => {
            let arithmetic =
                !binary.op.is_comparison() && !binary.op.keeps_name() && binary.op != BinaryOp::Atan2;
            arithmetic && binary.matching == Default::default()
        }
        ExprKind::Call(call) => matches!(call.function.name, "step" | "range" | "max_of" | "min_of"),
        _ => false,
    };
    if !allowed || expr.value_type() != ValueType::Scalar {
        return Err(Fault::new(
            expr.span,
            "unexpected expression in duration, expected number, duration, step(), or range()",
        ));
    }
    expr.children().into_iter().try_for_each(check_duration)
}

/// A plain number of seconds here means the same as one with a unit; whole milliseconds count.
fn in_place_of_duration(mut expr: Expr) -> Expr {
    if let ExprKind::Number(literal) = &mut expr.kind {
        literal.value = (literal.value * 1000.0).round() / 1000.0;
        literal.is_duration = true;
    }
    expr
}

fn require_positive(duration: &Expr) -> Parsed<()> {
    match duration.kind {
        ExprKind::Number(literal) if literal.value <= 0.0 || literal.value.is_nan() => {
            Err(Fault::new(duration.span, "duration must be greater than 0"))
        }
        _ => Ok(()),
    }
}
