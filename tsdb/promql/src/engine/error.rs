//! Why a query has no answer.

use crate::{ParseError, StorageError};

/// A query that has no answer. Texts are Prometheus's where it has some.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The query is wrong in a way that shows before evaluation, at a place in its text.
    #[error(transparent)]
    Query(#[from] ParseError),
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
            Self::Query(_) | Self::Parameter(_) => "bad_data",
            Self::Execution(_) | Self::TooManySamples | Self::Storage(StorageError::LimitExceeded(_)) => {
                "execution"
            }
            Self::Canceled => "canceled",
            Self::Timeout => "timeout",
            Self::Storage(StorageError::Read(_)) => "internal",
        }
    }

    pub(crate) fn execution(message: impl Into<String>) -> Self {
        Self::Execution(message.into())
    }
}
