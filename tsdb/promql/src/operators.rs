//! Binary and unary operators, and how tightly they bind.

use std::fmt;

/// An operator between two expressions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Mod,
    /// `^`
    Pow,
    /// `atan2`
    Atan2,
    /// `==`
    Eq,
    /// `!=`
    NotEq,
    /// `>`
    Greater,
    /// `<`
    Less,
    /// `>=`
    GreaterEq,
    /// `<=`
    LessEq,
    /// `</`: the part of a native histogram below a value.
    TrimAbove,
    /// `>/`: the part of a native histogram above a value.
    TrimBelow,
    /// `and`
    And,
    /// `or`
    Or,
    /// `unless`
    Unless,
}

/// A sign before an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    /// `+`
    Plus,
    /// `-`
    Minus,
}

/// How tightly operators bind, loosest first. Signs bind like [`Precedence::Product`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Precedence {
    /// Looser than every operator.
    Lowest,
    /// `or`
    Or,
    /// `and`, `unless`
    And,
    /// Comparisons and histogram trimming.
    Comparison,
    /// `+`, `-`
    Sum,
    /// `*`, `/`, `%`, `atan2`
    Product,
    /// `^`, the only one that groups from the right.
    Power,
}

impl BinaryOp {
    /// Every operator.
    pub const ALL: &'static [Self] = &[
        Self::Add,
        Self::Sub,
        Self::Mul,
        Self::Div,
        Self::Mod,
        Self::Pow,
        Self::Atan2,
        Self::Eq,
        Self::NotEq,
        Self::Greater,
        Self::Less,
        Self::GreaterEq,
        Self::LessEq,
        Self::TrimAbove,
        Self::TrimBelow,
        Self::And,
        Self::Or,
        Self::Unless,
    ];

    /// As written in a query.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Mod => "%",
            Self::Pow => "^",
            Self::Atan2 => "atan2",
            Self::Eq => "==",
            Self::NotEq => "!=",
            Self::Greater => ">",
            Self::Less => "<",
            Self::GreaterEq => ">=",
            Self::LessEq => "<=",
            Self::TrimAbove => "</",
            Self::TrimBelow => ">/",
            Self::And => "and",
            Self::Or => "or",
            Self::Unless => "unless",
        }
    }

    /// Whether it compares; without `bool` it then filters instead of calculating.
    pub const fn is_comparison(self) -> bool {
        matches!(self, Self::Eq | Self::NotEq | Self::Greater | Self::Less | Self::GreaterEq | Self::LessEq)
    }

    /// Whether it combines sets of series and looks at no values.
    pub const fn is_set(self) -> bool {
        matches!(self, Self::And | Self::Or | Self::Unless)
    }

    /// Whether it cuts off a part of native histograms.
    pub const fn is_trim(self) -> bool {
        matches!(self, Self::TrimAbove | Self::TrimBelow)
    }

    /// Whether the result keeps the metric's name: the operator selects, it does not calculate.
    pub const fn keeps_name(self) -> bool {
        self.is_comparison() || self.is_set() || self.is_trim()
    }

    pub(crate) const fn precedence(self) -> Precedence {
        match self {
            Self::Or => Precedence::Or,
            Self::And | Self::Unless => Precedence::And,
            Self::Add | Self::Sub => Precedence::Sum,
            Self::Mul | Self::Div | Self::Mod | Self::Atan2 => Precedence::Product,
            Self::Pow => Precedence::Power,
            Self::Eq
            | Self::NotEq
            | Self::Greater
            | Self::Less
            | Self::GreaterEq
            | Self::LessEq
            | Self::TrimAbove
            | Self::TrimBelow => Precedence::Comparison,
        }
    }
}

impl UnaryOp {
    /// As written in a query.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plus => "+",
            Self::Minus => "-",
        }
    }
}

impl fmt::Display for BinaryOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
