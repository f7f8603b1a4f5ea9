//! PromQL: parser with byte spans on every node, and an evaluator over the trait [`Queryable`].
//!
//! Knows label sets and samples; knows nothing of stores, HTTP, JSON or time of day. Without the feature `engine`
//! only the parser is compiled, as the browser uses it.

#[cfg(feature = "engine")]
mod matcher;
#[cfg(feature = "engine")]
mod storage;

#[cfg(feature = "engine")]
pub use matcher::{MatchOp, Matcher, MatcherError};
#[cfg(feature = "engine")]
pub use storage::{Queryable, Scope, Selection, Series, SeriesSet, StorageError};
