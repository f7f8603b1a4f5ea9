//! One evaluation: whose, of what, how closely watched.

use std::sync::Arc;
use std::time::Duration;

use crowsnest_api::Timestamp;

use super::column::Computed;
use super::evaluator::{Evaluator, QueryRange};
use super::grid::Grid;
use super::prepare::{CompiledMatchers, Prepared};
use super::{Control, Engine, QueryError, QueryResult, RangeParams, StatsDetail, Value, finish, prepare};
use crate::ast::ExprKind;
use crate::{Confinement, Expr, Queryable};

/// A query that is about to be evaluated.
pub struct Query<'a> {
    engine: &'a Engine,
    store: &'a dyn Queryable,
    expr: &'a Expr,
    /// Compiled already.
    matchers: Option<Arc<CompiledMatchers>>,
    confinement: Confinement,
    control: Control,
    stats: StatsDetail,
}

impl Engine {
    /// A query over a store: all of it, without limits of its own, until it is told otherwise.
    pub fn query<'a>(&'a self, store: &'a dyn Queryable, expr: &'a Expr) -> Query<'a> {
        let (confinement, control) = (Confinement::none(), Control::unlimited());
        Query {
            engine: self,
            store,
            expr,
            matchers: None,
            confinement,
            control,
            stats: StatsDetail::default(),
        }
    }

    /// The same of an expression that was prepared by this engine.
    pub fn prepared<'a>(&'a self, store: &'a dyn Queryable, prepared: &'a Prepared) -> Query<'a> {
        let matchers = Some(Arc::clone(&prepared.matchers));
        Query { matchers, ..self.query(store, &prepared.expr) }
    }
}

impl Query<'_> {
    /// Adds conditions to every selector, those inside of subqueries and of `info()` included.
    #[must_use]
    pub fn confined(mut self, to: &Confinement) -> Self {
        self.confinement = to.clone();
        self
    }

    /// Lets it be stopped, and tells it the time.
    #[must_use]
    pub fn controlled(mut self, by: &Control) -> Self {
        self.control = by.clone();
        self
    }

    /// Keeps more of what it costs.
    #[must_use]
    pub fn with_stats(mut self, detail: StatsDetail) -> Self {
        self.stats = detail;
        self
    }

    /// Evaluates it at one time.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub fn instant(self, at: Timestamp) -> Result<QueryResult, QueryError> {
        let at = at.millis();
        let (query, expr) = (QueryRange { start: at, end: at, step: 0 }, self.expr);
        self.evaluate(query, &Grid::instant(at), |computed| finish::instant(computed, expr, at))
    }

    /// Evaluates it at every step of a range.
    ///
    /// # Errors
    /// See [`QueryError`]; also when the query gives a string or a range vector.
    pub fn range(self, range: RangeParams) -> Result<QueryResult, QueryError> {
        let query =
            QueryRange { start: range.start().millis(), end: range.end().millis(), step: range.step_ms() };
        let (grid, expr) = (Grid::range(query.start, query.end, query.step), self.expr);
        self.evaluate(query, &grid, |computed| finish::range(computed, expr, &grid))
    }

    fn evaluate(
        self,
        query: QueryRange,
        grid: &Grid,
        finish: impl FnOnce(Computed) -> Result<Value, QueryError>,
    ) -> Result<QueryResult, QueryError> {
        let Self { engine, store, expr, matchers, confinement, control, stats } = self;
        let clock = Stopwatch { control: &control, started: control.elapsed() };
        let matchers = match matchers {
            Some(matchers) => matchers,
            None => Arc::new(prepare::prepare(expr, engine.options.features)?),
        };
        let preparation = clock.elapsed();
        let seen = confinement.of(store);
        let mut evaluator =
            Evaluator::new(engine.options, &seen, &control, query, (expr, matchers), (stats, grid));
        let computed = evaluator.eval(expr, grid)?;
        let evaluation = clock.elapsed() - preparation;
        let value = finish(computed)?;
        let sorting = clock.elapsed() - preparation - evaluation;
        let is_subquery = matches!(expr.without_parens().kind, ExprKind::Subquery(_));
        let Evaluator { annotations, recorder, .. } = evaluator;
        let mut stats = recorder.finish(grid, is_subquery);
        (stats.preparation, stats.evaluation, stats.sorting) = (preparation, evaluation, sorting);
        Ok(QueryResult { value, annotations, stats })
    }
}

/// Time since the evaluation began, by the control's clock.
struct Stopwatch<'a> {
    control: &'a Control,
    started: Duration,
}

impl Stopwatch<'_> {
    fn elapsed(&self) -> Duration {
        self.control.elapsed().saturating_sub(self.started)
    }
}
