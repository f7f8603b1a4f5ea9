//! PromQL: parser with byte spans on every node, and an evaluator over the trait [`Queryable`].
//!
//! Knows label sets and samples; knows nothing of stores, HTTP, JSON or time of day. Without the feature `engine`
//! only the parser is compiled, as the browser uses it.

mod aggregators;
pub mod ast;
mod completion;
#[cfg(feature = "engine")]
pub mod engine;
mod functions;
#[cfg(feature = "engine")]
pub mod histogram;
mod lexer;
mod match_op;
#[cfg(feature = "engine")]
mod matcher;
#[cfg(feature = "engine")]
mod memory;
mod operators;
mod parser;
mod printer;
#[cfg(feature = "engine")]
pub mod promqltest;
#[cfg(test)]
mod reference;
mod span;
#[cfg(feature = "engine")]
mod storage;
mod text;
mod value_type;

pub use aggregators::{AGGREGATORS, AggregateOp, Aggregator, aggregator};
pub use ast::Expr;
pub use completion::{Completion, Wanted, complete, functions_giving};
#[cfg(feature = "engine")]
pub use engine::{
    Annotation, Annotations, Control, Engine, EngineOptions, Evaluation, Features, NodeStats, Prepared,
    Query, QueryError, QueryResult, QueryStats, RangeParams, SampleValue, StatsDetail, Value, VectorElement,
    ask_both, parse_matchers,
};
pub use functions::{Arity, FUNCTIONS, Function, function};
#[cfg(feature = "engine")]
pub use histogram::FloatHistogram;
pub use lexer::keyword::{Keyword, keywords};
pub use lexer::{Problem, Token, TokenClass, TokenKind, tokenize};
pub use match_op::MatchOp;
#[cfg(feature = "engine")]
pub use matcher::{Matcher, MatcherError, PatternBudget};
#[cfg(feature = "engine")]
pub use memory::MemoryStore;
pub use operators::{BinaryOp, UnaryOp};
pub use parser::{MAX_DEPTH, MAX_QUERY_BYTES, ParseError, parse};
pub use printer::pretty;
pub use span::{Position, Span};
#[cfg(feature = "engine")]
pub use storage::{Confined, Confinement, Queryable, Scope, Selection, Series, SeriesSet, StorageError};
pub use value_type::ValueType;
