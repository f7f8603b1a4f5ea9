//! The four types of PromQL.

use std::fmt;

/// What an expression evaluates to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueType {
    /// One number at each step.
    Scalar,
    /// A set of series with one sample each at each step.
    InstantVector,
    /// A set of series with the samples of a time range at each step.
    RangeVector,
    /// A string, the same at each step.
    String,
}

impl ValueType {
    /// The name the documentation and the error messages use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::InstantVector => "instant vector",
            Self::RangeVector => "range vector",
            Self::String => "string",
        }
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
