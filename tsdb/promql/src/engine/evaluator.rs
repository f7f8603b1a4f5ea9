//! Walks the tree.

use std::sync::Arc;

use super::column::{Column, Computed, Held, merge_same, without_metric_labels};
use super::grid::Grid;
use super::prepare::CompiledMatchers;
use super::statistics::Recorder;
use super::stream::Shared;
use super::{
    Annotations, Control, EngineOptions, Evaluation, Implementation, QueryError, SampleValue, StatsDetail,
    aggregate, binary, stream, windows,
};
use crate::ast::{Call, Expr, ExprKind};
use crate::engine::functions::{calendar, math};
use crate::{BinaryOp, Fold, Queryable, Span, UnaryOp, ValueType};

/// The state of one query.
pub(crate) struct Evaluator<'a> {
    pub(crate) options: EngineOptions,
    pub(crate) store: &'a dyn Queryable,
    pub(crate) control: &'a Control,
    /// The range of the whole query in milliseconds, the same inside subqueries.
    pub(crate) query: QueryRange,
    /// The compiled matchers of every selector in the tree, by the selector's address.
    pub(crate) matchers: Arc<CompiledMatchers>,
    pub(crate) annotations: Annotations,
    pub(crate) recorder: Recorder,
    /// Held by results that are still needed.
    held: Held,
    /// Whether nodes that can stream do so.
    pub(super) streaming: bool,
    /// What the query has several times, when it streams.
    pub(crate) shared: Shared<'a>,
    /// What becomes of the samples of the selector of windows that is evaluated next.
    pub(super) fold: Fold,
}

/// How far a query has come, to go back to when a part has to be evaluated another way.
#[derive(Clone, Copy)]
pub(crate) struct Progress {
    held: Held,
    series: usize,
    annotations: (usize, usize),
}

/// What `start()`, `end()`, `step()` and `range()` are about; milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct QueryRange {
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) step: i64,
}

impl<'a> Evaluator<'a> {
    pub(crate) fn new(
        options: EngineOptions,
        store: &'a dyn Queryable,
        control: &'a Control,
        query: QueryRange,
        (expr, matchers): (&'a Expr, Arc<CompiledMatchers>),
        (detail, grid): (StatsDetail, &Grid),
    ) -> Self {
        let (annotations, recorder) = (Annotations::default(), Recorder::new(detail, grid));
        // What is counted step by step and node by node is there only when every node is evaluated for itself.
        let streaming = options.evaluation == Evaluation::Streaming && detail == StatsDetail::Least;
        let shared = if streaming { Shared::of(expr) } else { Shared::default() };
        let held = Held::default();
        let fold = Fold::Samples;
        Self {
            options,
            store,
            control,
            query,
            matchers,
            annotations,
            recorder,
            held,
            streaming,
            shared,
            fold,
        }
    }

    /// Evaluates an argument. Should it be a selector, this becomes of its samples.
    pub(crate) fn folding(&mut self, arg: &Expr, fold: Fold, grid: &Grid) -> Result<Computed, QueryError> {
        let is_selector = matches!(arg.without_parens().kind, ExprKind::Selector(_));
        let before = std::mem::replace(&mut self.fold, if is_selector { fold } else { Fold::Samples });
        let computed = self.eval(arg, grid);
        self.fold = before;
        computed
    }

    /// Evaluates a node at every time of the grid.
    pub(crate) fn eval(&mut self, expr: &Expr, grid: &Grid) -> Result<Computed, QueryError> {
        self.check()?;
        if !self.recorder.records_nodes() {
            return self.eval_node(expr, grid);
        }
        let started = self.control.elapsed();
        self.recorder.enter_node();
        let computed = self.eval_node(expr, grid)?;
        let elapsed = self.control.elapsed().saturating_sub(started);
        self.recorder.leave_node(expr.span, &computed, elapsed);
        Ok(computed)
    }

    fn eval_node(&mut self, expr: &Expr, grid: &Grid) -> Result<Computed, QueryError> {
        let held = self.held;
        let streamed = match self.streaming && stream::streams(expr) {
            true => self.streamed(expr, grid)?,
            false => None,
        };
        let computed = match &expr.kind {
            _ if let Some(columns) = streamed => Computed::Vector(columns),
            ExprKind::Number(number) => Computed::Scalar(vec![number.value; grid.len()]),
            ExprKind::String(bytes) => Computed::String(bytes.clone()),
            ExprKind::Selector(selector) if selector.range.is_some() => {
                Computed::Range(self.select_windows(selector, grid)?)
            }
            ExprKind::Selector(selector) => Computed::Vector(self.select_instant(selector, expr.span, grid)?),
            ExprKind::Subquery(subquery) => Computed::Range(self.subquery(subquery, grid)?),
            ExprKind::Call(call) => self.call(call, grid)?,
            ExprKind::Aggregate(aggregate) => {
                Computed::Vector(aggregate::aggregate(self, aggregate, expr.span, grid)?)
            }
            ExprKind::Binary(binary) => binary::binary(self, binary, expr.span, grid)?,
            ExprKind::Unary(op, operand) => {
                let operand = self.eval(operand, grid)?;
                self.unary(*op, operand)?
            }
            ExprKind::Paren(inner) => self.eval(inner, grid)?,
        };
        if let (Computed::Range(range), ExprKind::Selector(_) | ExprKind::Subquery(_)) =
            (&computed, &expr.kind)
        {
            self.recorder.looked_at_windows(range);
        }
        // What the children held is gone; what came of it counts.
        self.held = held;
        self.hold(computed.held())?;
        Ok(computed)
    }

    /// Evaluates a node that the parser has found to be a scalar.
    pub(crate) fn scalar(&mut self, expr: &Expr, grid: &Grid) -> Result<Vec<f64>, QueryError> {
        match self.eval(expr, grid)? {
            Computed::Scalar(values) => Ok(values),
            _ => Err(mistyped(ValueType::Scalar)),
        }
    }

    /// Evaluates a node that the parser has found to be an instant vector.
    pub(crate) fn vector(&mut self, expr: &Expr, grid: &Grid) -> Result<Vec<Column>, QueryError> {
        match self.eval(expr, grid)? {
            Computed::Vector(columns) => Ok(columns),
            _ => Err(mistyped(ValueType::InstantVector)),
        }
    }

    /// The bytes of a node that the parser has found to be a string.
    pub(crate) fn string(&mut self, expr: &Expr, grid: &Grid) -> Result<Vec<u8>, QueryError> {
        match self.eval(expr, grid)? {
            Computed::String(bytes) => Ok(bytes),
            _ => Err(mistyped(ValueType::String)),
        }
    }

    /// The argument of a call; the parser has counted them.
    pub(crate) fn arg<'c>(&self, call: &'c Call, index: usize) -> Result<&'c Expr, QueryError> {
        call.args.get(index).ok_or_else(|| {
            QueryError::execution(format!("argument {index} of {} is missing", call.function.name))
        })
    }

    fn call(&mut self, call: &Call, grid: &Grid) -> Result<Computed, QueryError> {
        match &call.function.implementation {
            Implementation::Sample(of) => {
                let columns = self.vector(self.arg(call, 0)?, grid)?;
                self.map(columns, |_, value| Some(of(value))).map(Computed::Vector)
            }
            Implementation::SampleWith(of) => math::with_scalars(self, call, grid, *of).map(Computed::Vector),
            Implementation::Calendar(of) => calendar::of_times(self, call, grid, *of).map(Computed::Vector),
            Implementation::Window(function) => {
                windows::call(self, call, grid, *function).map(Computed::Vector)
            }
            Implementation::Call(function) => function(self, call, grid),
            Implementation::NativeOnly(of) => {
                let columns = self.vector(self.arg(call, 0)?, grid)?;
                self.map_values(columns, |_, value| value.histogram().map(|histogram| of(histogram).into()))
                    .map(Computed::Vector)
            }
        }
    }

    fn unary(&self, op: UnaryOp, operand: Computed) -> Result<Computed, QueryError> {
        match (op, operand) {
            (UnaryOp::Plus, operand) => Ok(operand),
            (UnaryOp::Minus, Computed::Scalar(values)) => {
                Ok(Computed::Scalar(values.into_iter().map(|value| -value).collect()))
            }
            (UnaryOp::Minus, Computed::Vector(columns)) => {
                let negative = |_, value: &SampleValue| {
                    Some(match value {
                        SampleValue::Float(value) => SampleValue::Float(-value),
                        SampleValue::Histogram(histogram) => histogram.scaled(-1.0).into(),
                    })
                };
                self.map_values(columns, negative).map(Computed::Vector)
            }
            (UnaryOp::Minus, _) => Err(mistyped(ValueType::InstantVector)),
        }
    }

    /// Calculates every float anew from step and value; native histograms and the name are dropped.
    pub(crate) fn map(
        &self,
        columns: Vec<Column>,
        of: impl Fn(usize, f64) -> Option<f64>,
    ) -> Result<Vec<Column>, QueryError> {
        self.map_values(columns, |step, value| of(step, value.float()?).map(SampleValue::Float))
    }

    /// Calculates every value anew from step and value; the name is dropped.
    pub(crate) fn map_values(
        &self,
        columns: Vec<Column>,
        of: impl Fn(usize, &SampleValue) -> Option<SampleValue>,
    ) -> Result<Vec<Column>, QueryError> {
        let columns = columns.into_iter().map(|mut column| {
            for (step, slot) in column.values.iter_mut().enumerate() {
                *slot = slot.as_ref().and_then(|value| of(step, value));
            }
            self.without_name(column)
        });
        merge_same(columns.collect())
    }

    /// Drops the name of a column, now or at the end of the query.
    pub(crate) fn without_name(&self, mut column: Column) -> Column {
        if self.options.features.delayed_name_removal {
            column.drop_name = true;
        } else {
            column.labels = without_metric_labels(&column.labels);
        }
        column
    }

    /// The milliseconds of a range, step or offset.
    pub(crate) fn duration(&self, expr: &Expr) -> Result<i64, QueryError> {
        let millis = (self.seconds(expr)? * 1000.0).round();
        if millis.abs() > crate::lexer::number::MAX_MILLIS as f64 || millis.is_nan() {
            return Err(QueryError::at(expr.span, "duration out of range"));
        }
        Ok(millis as i64)
    }

    /// As [`Self::duration`]; a window of no length is an error.
    pub(crate) fn positive_duration(&self, expr: &Expr) -> Result<i64, QueryError> {
        match self.duration(expr)? {
            millis if millis > 0 => Ok(millis),
            _ => Err(QueryError::at(expr.span, "duration must be greater than 0")),
        }
    }

    fn seconds(&self, expr: &Expr) -> Result<f64, QueryError> {
        Ok(match &expr.kind {
            ExprKind::Number(number) => number.value,
            ExprKind::Paren(inner) => self.seconds(inner)?,
            ExprKind::Unary(UnaryOp::Plus, operand) => self.seconds(operand)?,
            ExprKind::Unary(UnaryOp::Minus, operand) => -self.seconds(operand)?,
            ExprKind::Binary(operation) => {
                let (left, right) = (self.seconds(&operation.lhs)?, self.seconds(&operation.rhs)?);
                if right == 0.0 && matches!(operation.op, BinaryOp::Div | BinaryOp::Mod) {
                    let what = if operation.op == BinaryOp::Div { "division" } else { "modulo" };
                    return Err(QueryError::at(expr.span, format!("{what} by zero")));
                }
                binary::calculate(operation.op, left, right)
            }
            ExprKind::Call(call) => match (call.function.name, call.args.as_slice()) {
                ("step", _) => self.query.step as f64 / 1000.0,
                ("range", _) => self.query.end.saturating_sub(self.query.start) as f64 / 1000.0,
                ("max_of", [a, b]) => self.seconds(a)?.max(self.seconds(b)?),
                ("min_of", [a, b]) => self.seconds(a)?.min(self.seconds(b)?),
                _ => return Err(mistyped(ValueType::Scalar)),
            },
            _ => return Err(mistyped(ValueType::Scalar)),
        })
    }

    /// How long a sample counts, in milliseconds.
    pub(crate) fn lookback(&self) -> i64 {
        i64::try_from(self.options.lookback.as_millis()).unwrap_or(i64::MAX)
    }

    pub(crate) fn warn(&mut self, span: Span, message: impl Into<String>) {
        self.annotations.warn(span, message);
    }

    /// Counts what is held against the limits.
    pub(crate) fn hold(&mut self, more: Held) -> Result<(), QueryError> {
        self.held.samples = self.held.samples.saturating_add(more.samples);
        self.held.bytes = self.held.bytes.saturating_add(more.bytes);
        self.recorder.peak_samples = self.recorder.peak_samples.max(self.held.samples);
        if self.held.samples > self.options.max_samples {
            return Err(QueryError::TooManySamples);
        }
        if self.held.bytes > self.options.max_bytes {
            let limit = self.options.max_bytes;
            return Err(QueryError::execution(format!(
                "query processing would take too much memory in query execution: the limit is {limit} bytes"
            )));
        }
        Ok(())
    }

    /// No longer counts what is not needed any more.
    pub(crate) fn release(&mut self, less: Held) {
        self.held.samples = self.held.samples.saturating_sub(less.samples);
        self.held.bytes = self.held.bytes.saturating_sub(less.bytes);
    }

    pub(crate) fn progress(&self) -> Progress {
        let Annotations { warnings, infos } = &self.annotations;
        Progress { held: self.held, series: self.recorder.series, annotations: (warnings.len(), infos.len()) }
    }

    /// Forgets what was found since; from here on nothing streams.
    pub(crate) fn go_back(&mut self, to: Progress) {
        self.held = to.held;
        self.recorder.series = to.series;
        self.annotations.warnings.truncate(to.annotations.0);
        self.annotations.infos.truncate(to.annotations.1);
        self.streaming = false;
    }

    /// Whether to go on; called at least once for each series that is read.
    pub(crate) fn check(&self) -> Result<(), QueryError> {
        self.control.check(self.options.timeout)
    }
}

/// A node whose type is not what the parser checked: a mistake in a table or in this engine.
pub(crate) fn mistyped(wanted: ValueType) -> QueryError {
    QueryError::execution(format!("expected {wanted}, got something else: this is a mistake in the engine"))
}
