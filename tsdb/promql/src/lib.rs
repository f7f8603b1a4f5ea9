//! PromQL: parser with byte spans on every node, and an evaluator over the trait [`Queryable`].
//!
//! Knows label sets and samples; knows nothing of stores, HTTP, JSON or time of day. Without the feature `engine`
//! only the parser is compiled, as the browser uses it.
//!
//! A query is parsed, then evaluated by an [`Engine`] at one time or at the steps of a range:
//!
//! ```
//! use std::time::Duration;
//!
//! use crowsnest_api::{Labels, Sample, Timestamp};
//! use crowsnest_promql::{Control, Engine, MemoryStore, RangeParams, Value, parse};
//!
//! let mut store = MemoryStore::default();
//! for (node, speed) in [("a", 2.0), ("b", 3.0)] {
//!     let labels = Labels::from_pairs([("__name__", "requests_total"), ("node", node)]);
//!     for i in 0..40 {
//!         store.append(&labels, Sample::new(i * 15_000, i as f64 * 15.0 * speed));
//!     }
//! }
//!
//! let expr = parse("sum(rate(requests_total[1m]))")?;
//! let (start, end) = (Timestamp::from_millis(120_000), Timestamp::from_millis(180_000));
//! let range = RangeParams::new(start, end, Duration::from_secs(30))?;
//! let answer = Engine::default().range(&store, &expr, range, &Control::unlimited())?;
//! let Value::Matrix(series) = answer.value else { unreachable!("a range query gives a matrix") };
//! let values: Vec<f64> = series[0].samples.iter().map(|sample| sample.value.round()).collect();
//! assert_eq!(values, [5.0, 5.0, 5.0]);
//!
//! // What is wrong with a query is told with its place.
//! let error = parse("sum(rate(requests_total))").unwrap_err();
//! assert_eq!(error.to_string().split(' ').next(), Some("1:10:"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Another store implements [`Queryable`]; [`Confined`] limits what of it can be seen. Limits of memory, series and time are
//! [`EngineOptions`], and [`Control`] ends a query from outside.

mod aggregators;
pub mod ast;
#[cfg(feature = "engine")]
mod cache;
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
mod threshold;
mod value_type;

pub use aggregators::{AGGREGATORS, AggregateOp, Aggregator, aggregator};
pub use ast::Expr;
#[cfg(feature = "engine")]
pub use cache::{Cacheable, RangeCache, RangeCacheStats, Receipt, Receipts};
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
pub use matcher::{Candidates, Matcher, MatcherError, PatternBudget};
#[cfg(feature = "engine")]
pub use memory::MemoryStore;
pub use operators::{BinaryOp, UnaryOp};
pub use parser::{MAX_DEPTH, MAX_QUERY_BYTES, ParseError, parse};
pub use printer::pretty;
pub use span::{Position, Span};
#[cfg(feature = "engine")]
pub use storage::{
    Confined, Confinement, Downsampled, Fold, Queryable, Resolution, Scope, Selection, Series, SeriesSet,
    StorageError, Windows,
};
pub use value_type::ValueType;
