//! Evaluation, by two means. The plain one evaluates every node of the tree for all steps at once, children first; it is
//! the oracle that the other is compared with, so clarity goes before speed. The fast one, in `stream`, hands on series one
//! by one where it can, and is what answers unless [`Evaluation::Plain`] is asked for.
//!
//! Neither reads a clock or the network: series come from a [`Queryable`], time and cancellation from a [`Control`].
//!
//! Known differences from Prometheus 3: `fill` needs no feature to be switched on; two faults in one query may be reported
//! in another order.

mod aggregate;
mod agree;
mod annotations;
mod binary;
mod column;
mod control;
mod downsampled;
mod edges;
mod error;
mod evaluator;
mod finish;
pub(crate) mod functions;
mod grid;
mod matching;
mod pick;
mod prepare;
mod query;
mod range;
mod select;
mod set;
mod statistics;
pub(crate) mod stats;
pub(crate) mod stream;
mod value;
mod windows;

use std::sync::Arc;
use std::time::Duration;

use crowsnest_api::Timestamp;

pub use agree::ask_both;
pub use annotations::{Annotation, Annotations};
pub use control::Control;
pub(crate) use edges::Interpolation;
pub use error::QueryError;
pub(crate) use functions::Implementation;
pub use prepare::{Prepared, parse_matchers};
pub use query::Query;
pub use range::RangeParams;
pub use statistics::{NodeStats, QueryStats, StatsDetail};
pub use stats::{extreme, sum};
pub(crate) use stream::Sliding;
pub use value::{QueryResult, SampleValue, Value, VectorElement};
pub(crate) use windows::WindowFunction;

use crate::{Expr, Queryable, Resolution};

/// How an engine evaluates.
#[derive(Clone, Copy, Debug)]
pub struct EngineOptions {
    /// How long a sample counts after it was taken, when nothing newer comes.
    pub lookback: Duration,
    /// How long a query may run.
    pub timeout: Duration,
    /// How many samples a query may hold at once.
    pub max_samples: usize,
    /// How many series the selectors of a query may read together.
    pub max_series: usize,
    /// How many bytes a query may hold at once, labels included; an estimate.
    pub max_bytes: usize,
    /// The step of subqueries that name none.
    pub subquery_step: Duration,
    /// The finest buckets that answers rest on, also where there are raw samples. `None`: whatever is there.
    pub resolution: Option<Resolution>,
    /// What is switched on.
    pub features: Features,
    /// Which of the two evaluators.
    pub evaluation: Evaluation,
}

/// Which evaluator answers. Both give the same answers, but for the last digits where sums are taken in another order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Evaluation {
    /// Series by series where that is possible, and plainly where it is not.
    #[default]
    Streaming,
    /// Node by node: the one that is easy to check, for comparing with. Also used where statistics of nodes are asked for.
    Plain,
}

/// Behaviour that Prometheus keeps behind `--enable-feature`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// `promql-experimental-functions`: functions and aggregators marked experimental.
    pub experimental_functions: bool,
    /// `promql-extended-range-selectors`: `anchored` and `smoothed`.
    pub extended_ranges: bool,
    /// `promql-delayed-name-removal`: metric names are dropped at the very end instead of at each operation.
    pub delayed_name_removal: bool,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            lookback: Duration::from_secs(300),
            timeout: Duration::from_secs(120),
            max_samples: 50_000_000,
            max_series: 1_000_000,
            max_bytes: 1 << 30,
            subquery_step: Duration::from_secs(60),
            resolution: None,
            features: Features::default(),
            evaluation: Evaluation::default(),
        }
    }
}

/// Evaluates queries.
#[derive(Clone, Debug, Default)]
pub struct Engine {
    options: EngineOptions,
}

impl Engine {
    /// An engine with these options.
    pub fn new(options: EngineOptions) -> Self {
        Self { options }
    }

    /// How it evaluates.
    pub fn options(&self) -> &EngineOptions {
        &self.options
    }

    /// The same engine with another lookback.
    #[must_use]
    pub fn with_lookback(&self, lookback: Duration) -> Self {
        Self { options: EngineOptions { lookback, ..self.options } }
    }

    /// The same engine, answering from buckets that are no finer.
    #[must_use]
    pub fn with_resolution(&self, resolution: Option<Resolution>) -> Self {
        Self { options: EngineOptions { resolution, ..self.options } }
    }

    /// Checks what the parser cannot see, regular expressions and features that are switched off, and keeps what it
    /// compiles.
    ///
    /// # Errors
    /// [`QueryError::Query`], with the part of the query that is wrong.
    pub fn prepare(&self, expr: Expr) -> Result<Prepared, QueryError> {
        let expr = Arc::new(expr);
        let matchers = Arc::new(prepare::prepare(&expr, self.options.features)?);
        Ok(Prepared { expr, matchers })
    }

    /// Evaluates a query at one time.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub fn instant(
        &self,
        store: &dyn Queryable,
        expr: &Expr,
        at: Timestamp,
        control: &Control,
    ) -> Result<QueryResult, QueryError> {
        self.query(store, expr).controlled(control).instant(at)
    }

    /// Evaluates a query at every step of a range.
    ///
    /// # Errors
    /// See [`QueryError`]; also when the query gives a string or a range vector.
    pub fn range(
        &self,
        store: &dyn Queryable,
        expr: &Expr,
        range: RangeParams,
        control: &Control,
    ) -> Result<QueryResult, QueryError> {
        self.query(store, expr).controlled(control).range(range)
    }
}
