//! From intermediate results to answers.

use crowsnest_api::{Labels, Sample, Timestamp};

use super::column::{Column, Computed, RangeSeries, RangeVector, merge_same, without_metric_labels};
use super::grid::Grid;
use super::{QueryError, SampleValue, Value, VectorElement};
use crate::ast::{Expr, ExprKind};
use crate::{AggregateOp, Series};

/// The answer to an instant query at `at`.
pub(crate) fn instant(computed: Computed, expr: &Expr, at: i64) -> Result<Value, QueryError> {
    let timestamp = Timestamp::from_millis(at);
    Ok(match computed {
        Computed::Scalar(values) => Value::Scalar(Sample { timestamp, value: first(&values)? }),
        Computed::String(bytes) => Value::String(timestamp, String::from_utf8_lossy(&bytes).into_owned()),
        Computed::Vector(columns) => {
            let mut columns = drop_names(columns)?;
            if !keeps_order(expr) {
                columns.sort_by(|a, b| a.labels.cmp(&b.labels));
            }
            let element = |column: Column| {
                let value = column.values.into_iter().next().flatten()?;
                Some(VectorElement { labels: column.labels, timestamp, value })
            };
            Value::Vector(columns.into_iter().filter_map(element).collect())
        }
        Computed::Range(range) => Value::Matrix(window_contents(range)?),
    })
}

/// The answer to a range query.
pub(crate) fn range(computed: Computed, expr: &Expr, grid: &Grid) -> Result<Value, QueryError> {
    let columns = match computed {
        Computed::Scalar(values) => {
            vec![Column::unlabelled(values.into_iter().map(Some))]
        }
        Computed::Vector(columns) => drop_names(columns)?,
        Computed::String(_) | Computed::Range(_) => {
            return Err(QueryError::Parameter(format!(
                "invalid parameter \"query\": invalid expression type {:?} for range query, must be Scalar or instant \
                 Vector",
                expr.value_type().as_str()
            )));
        }
    };
    let series = columns.into_iter().map(|column| samples(column.labels, grid.times().zip(column.values)));
    Ok(Value::Matrix(in_order(series.collect())))
}

/// The values that there are, as a series.
pub(super) fn samples(labels: Labels, values: impl Iterator<Item = (i64, Option<SampleValue>)>) -> Series {
    // Nearly all series have a float at nearly every step.
    let samples = Vec::with_capacity(values.size_hint().0);
    let mut series = Series { labels, samples, ..Series::default() };
    for (time, value) in values {
        match value {
            Some(SampleValue::Float(value)) => series.samples.push(Sample::new(time, value)),
            Some(SampleValue::Histogram(histogram)) => {
                series.histograms.push((Timestamp::from_millis(time), histogram));
            }
            None => {}
        }
    }
    series
}

fn first(values: &[f64]) -> Result<f64, QueryError> {
    values.first().copied().ok_or_else(|| QueryError::execution("an instant query has no step"))
}

/// What an instant query for a range vector shows: the samples of its one window.
fn window_contents(range: RangeVector) -> Result<Vec<Series>, QueryError> {
    let end = range.ends.first().copied().unwrap_or_default();
    let start = end.saturating_sub(range.range);
    let within = |time: Timestamp| (start.saturating_add(1)..=end).contains(&time.millis());
    let series = range.series.into_iter().map(|RangeSeries { mut series, drop_name }| {
        series.samples.retain(|sample| within(sample.timestamp));
        series.histograms.retain(|(timestamp, _)| within(*timestamp));
        series.downsampled = None;
        if drop_name {
            series.labels = without_metric_labels(&series.labels);
        }
        series
    });
    let series = in_order(series.collect());
    if series.windows(2).any(|pair| matches!(pair, [a, b] if a.labels == b.labels)) {
        return Err(super::column::same_labels());
    }
    Ok(series)
}

fn in_order(mut series: Vec<Series>) -> Vec<Series> {
    series.retain(|series| !series.is_empty());
    series.sort_by(|a, b| a.labels.cmp(&b.labels));
    series
}

/// Drops the names that were marked for it; series that come to be the same are joined.
fn drop_names(columns: Vec<Column>) -> Result<Vec<Column>, QueryError> {
    let columns = columns.into_iter().map(|column| {
        let labels = if column.drop_name { without_metric_labels(&column.labels) } else { column.labels };
        Column { labels, drop_name: false, values: column.values }
    });
    merge_same(columns.collect())
}

/// Whether the order of the series is what the query asks for.
fn keeps_order(expr: &Expr) -> bool {
    match &expr.without_parens().kind {
        ExprKind::Call(call) => call.function.name.starts_with("sort"),
        ExprKind::Aggregate(aggregate) => matches!(aggregate.op, AggregateOp::Topk | AggregateOp::Bottomk),
        _ => false,
    }
}
