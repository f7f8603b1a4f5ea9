//! The fast evaluator: series by series, each with all its steps, from the store through the operators into accumulators.
//!
//! Where the plain evaluator makes a matrix of every node, here a node hands each series on as soon as it has it, so that
//! a sum over many series holds its groups and one series. It knows selectors, functions of windows and of samples,
//! arithmetic and the common aggregations, of floats. Any other node is evaluated plainly on what its own operands stream.
//! Data that needs the plain evaluator, such as native histograms or series that come to have the same labels, makes it
//! step back: [`Stop::NotCovered`].

mod fold;
mod join;
mod map;
mod names;
mod once;
mod share;
mod slide;
mod source;

use crowsnest_api::{Labels, is_stale, stale_nan};

pub(crate) use share::Shared;
pub(crate) use slide::Sliding;

use super::column::{Column, Held};
use super::evaluator::Evaluator;
use super::grid::Grid;
use super::{Implementation, QueryError, SampleValue};
use crate::ast::{Binary, Call, Expr, ExprKind};
use crate::{StorageError, UnaryOp, ValueType};

/// A series with its float at each step. A staleness marker, which is no value of a series, stands where there is none.
#[derive(Clone, Debug, Default)]
pub(super) struct FloatColumn {
    pub(super) labels: Labels,
    /// As [`Column::drop_name`].
    pub(super) drop_name: bool,
    pub(super) values: Vec<f64>,
}

/// Why a stream ended early.
#[derive(Debug)]
pub(super) enum Stop {
    /// The plain evaluator has to do it.
    NotCovered,
    /// The query has no answer.
    Failed(QueryError),
}

impl From<QueryError> for Stop {
    fn from(error: QueryError) -> Self {
        Self::Failed(error)
    }
}

impl From<StorageError> for Stop {
    fn from(error: StorageError) -> Self {
        Self::Failed(error.into())
    }
}

/// Takes one series after the other; none is without any value. It may take what it needs out of the column, whose room
/// is used again.
pub(super) type Sink<'s> = &'s mut dyn FnMut(&mut Evaluator<'_>, &mut FloatColumn) -> Result<(), Stop>;

impl FloatColumn {
    /// Whether it has a value at any step.
    fn has_values(&self) -> bool {
        self.values.iter().any(|value| !is_stale(*value))
    }

    /// Takes it over from a node that was evaluated plainly; `None` when there are native histograms.
    fn of(column: Column) -> Option<Self> {
        let value = |value: Option<SampleValue>| match value {
            None => Some(stale_nan()),
            Some(SampleValue::Float(value)) => Some(value),
            Some(SampleValue::Histogram(_)) => None,
        };
        let Column { labels, drop_name, values } = column;
        let values = values.into_iter().map(value).collect::<Option<_>>()?;
        Some(Self { labels, drop_name, values })
    }

    fn to_column(&self) -> Column {
        let value = |value: &f64| (!is_stale(*value)).then_some(SampleValue::Float(*value));
        let values = self.values.iter().map(value).collect();
        Column { labels: self.labels.clone(), drop_name: self.drop_name, values }
    }
}

impl Evaluator<'_> {
    /// The columns of a node that streams; `None` when its data does not, and everything is as it was.
    pub(super) fn streamed(&mut self, expr: &Expr, grid: &Grid) -> Result<Option<Vec<Column>>, QueryError> {
        let before = self.progress();
        let mut columns = Vec::new();
        let streamed = self.stream(expr, grid, &mut |evaluator, column| {
            evaluator.hold(Held::of_series(&column.labels, column.values.len()))?;
            columns.push(column.to_column());
            Ok(())
        });
        match streamed {
            Ok(()) => Ok(Some(columns)),
            Err(Stop::Failed(error)) => Err(error),
            Err(Stop::NotCovered) => {
                self.go_back(before);
                Ok(None)
            }
        }
    }

    /// Hands every series of an instant vector to the sink.
    fn stream(&mut self, expr: &Expr, grid: &Grid, sink: Sink<'_>) -> Result<(), Stop> {
        self.check()?;
        if grid.len() > 1 && streams(expr) && once::is_fixed(expr) {
            return self.stream_shared(expr, &grid.first(), &mut |evaluator, column| {
                let value = column.values.first().copied().unwrap_or(stale_nan());
                column.values.clear();
                column.values.resize(grid.len(), value);
                sink(evaluator, column)
            });
        }
        self.stream_shared(expr, grid, sink)
    }

    fn stream_node(&mut self, expr: &Expr, grid: &Grid, sink: Sink<'_>) -> Result<(), Stop> {
        match &expr.kind {
            _ if !streams(expr) => self.stream_plain(expr, grid, sink),
            ExprKind::Paren(inner) => self.stream(inner, grid, sink),
            ExprKind::Selector(selector) => source::newest(self, selector, grid, sink),
            ExprKind::Aggregate(aggregate) => fold::aggregate(self, aggregate, grid, sink),
            ExprKind::Unary(UnaryOp::Plus, operand) => self.stream(operand, grid, sink),
            ExprKind::Unary(UnaryOp::Minus, operand) => {
                map::each(self, operand, grid, sink, |_, value| Some(-value))
            }
            ExprKind::Binary(binary) => match (binary.lhs.value_type(), binary.rhs.value_type()) {
                (ValueType::InstantVector, ValueType::InstantVector) => join::join(self, binary, grid, sink),
                _ => map::with_scalar(self, binary, grid, sink),
            },
            ExprKind::Call(call) => self.stream_call(call, grid, sink),
            _ => self.stream_plain(expr, grid, sink),
        }
    }

    fn stream_call(&mut self, call: &Call, grid: &Grid, sink: Sink<'_>) -> Result<(), Stop> {
        match &call.function.implementation {
            Implementation::Sample(of) => {
                map::each(self, self.arg(call, 0)?, grid, sink, |_, value| Some(of(value)))
            }
            Implementation::SampleWith(of) => map::with_arguments(self, call, grid, sink, *of),
            Implementation::Window(function) => source::windows(self, call, *function, grid, sink),
            _ => Err(Stop::NotCovered),
        }
    }

    /// Evaluates a node plainly, and streams what came of it.
    fn stream_plain(&mut self, expr: &Expr, grid: &Grid, sink: Sink<'_>) -> Result<(), Stop> {
        let columns = self.vector(expr, grid)?;
        self.pass_on(columns, sink)
    }

    /// Hands columns that are there already to the sink.
    fn pass_on(&mut self, columns: Vec<Column>, sink: Sink<'_>) -> Result<(), Stop> {
        for column in columns {
            let held = Held::of_series(&column.labels, column.values.len());
            let mut column = FloatColumn::of(column).ok_or(Stop::NotCovered)?;
            sink(self, &mut column)?;
            self.release(held);
        }
        Ok(())
    }
}

/// Whether this kind of node can hand on its series one by one.
pub(super) fn streams(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Paren(inner) | ExprKind::Unary(UnaryOp::Plus, inner) => streams(inner),
        ExprKind::Unary(UnaryOp::Minus, operand) => operand.value_type() == ValueType::InstantVector,
        ExprKind::Selector(selector) => selector.range.is_none() && selector.modifiers.edges.is_none(),
        ExprKind::Aggregate(aggregate) => fold::knows(aggregate.op),
        ExprKind::Binary(binary) => streams_binary(binary),
        ExprKind::Call(call) => match &call.function.implementation {
            Implementation::Sample(_) | Implementation::SampleWith(_) => true,
            Implementation::Window(_) => source::range_selector(call).is_some(),
            _ => false,
        },
        ExprKind::Number(_) | ExprKind::String(_) | ExprKind::Subquery(_) => false,
    }
}

fn streams_binary(binary: &Binary) -> bool {
    let sides = [binary.lhs.value_type(), binary.rhs.value_type()];
    let vectors = sides.iter().filter(|side| **side == ValueType::InstantVector).count();
    match vectors {
        0 => false,
        1 => !binary.op.is_trim(),
        _ => !binary.op.is_set() && !binary.op.is_trim() && binary.matching.fill == Default::default(),
    }
}
