//! Why a query has no answer.

use crate::{ParseError, Span, StorageError};

/// A query that has no answer. Texts are Prometheus's where it has some.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// A part of the query is wrong in a way that the parser cannot see, such as a regular expression.
    #[error("{message}")]
    Query {
        /// The part of the query.
        span: Span,
        /// What is wrong with it.
        message: String,
    },
    /// The parameters of the query are wrong; the text names the parameter.
    #[error("{0}")]
    Parameter(String),
    /// Evaluation failed because of the data.
    #[error("{0}")]
    Execution(String),
    /// The query needs more samples at once than allowed.
    #[error("query processing would load too many samples into memory in query execution")]
    TooManySamples,
    /// The query was cancelled.
    #[error("query was canceled in expression evaluation")]
    Canceled,
    /// The query took too long.
    #[error("query timed out in expression evaluation")]
    Timeout,
    /// The store could not answer.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl QueryError {
    /// The `errorType` of the Prometheus HTTP API.
    pub fn error_type(&self) -> &'static str {
        match self {
            Self::Query { .. } | Self::Parameter(_) => "bad_data",
            Self::Execution(_) | Self::TooManySamples | Self::Storage(StorageError::LimitExceeded(_)) => {
                "execution"
            }
            Self::Canceled => "canceled",
            Self::Timeout => "timeout",
            Self::Storage(StorageError::Read(_)) => "internal",
        }
    }

    /// A fault in the query itself told as a fault of the parameter `query`, with line and column; `query` is its text.
    /// Other errors stay as they are.
    #[must_use]
    pub fn located(self, query: &str) -> Self {
        match self {
            Self::Query { span, message } => {
                let error = ParseError::new(query, span, message);
                Self::Parameter(format!("invalid parameter \"query\": {error}"))
            }
            other => other,
        }
    }

    pub(crate) fn at(span: Span, message: impl Into<String>) -> Self {
        Self::Query { span, message: message.into() }
    }

    pub(crate) fn execution(message: impl Into<String>) -> Self {
        Self::Execution(message.into())
    }
}
