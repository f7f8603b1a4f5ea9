//! The aggregation operators: one table for parser, evaluator, completion and documentation.

use crate::ValueType;

/// An aggregation operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AggregateOp {
    /// `avg`
    Avg,
    /// `bottomk`
    Bottomk,
    /// `count`
    Count,
    /// `count_values`
    CountValues,
    /// `group`
    Group,
    /// `limit_ratio`
    LimitRatio,
    /// `limitk`
    Limitk,
    /// `max`
    Max,
    /// `min`
    Min,
    /// `quantile`
    Quantile,
    /// `stddev`
    Stddev,
    /// `stdvar`
    Stdvar,
    /// `sum`
    Sum,
    /// `topk`
    Topk,
}

/// What the parser, the completion list and the documentation know about an aggregation.
#[derive(Clone, Copy, Debug)]
pub struct Aggregator {
    /// As written; queries may use any case.
    pub name: &'static str,
    /// Which one it is.
    pub op: AggregateOp,
    /// The type of the parameter before the aggregated expression, if it takes one.
    pub parameter: Option<ValueType>,
    /// Whether Prometheus 3 counts it as experimental.
    pub experimental: bool,
    /// One sentence for completion and documentation.
    pub doc: &'static str,
}

const fn row(
    name: &'static str,
    op: AggregateOp,
    parameter: Option<ValueType>,
    doc: &'static str,
) -> Aggregator {
    let experimental = matches!(op, AggregateOp::Limitk | AggregateOp::LimitRatio);
    Aggregator { name, op, parameter, experimental, doc }
}

/// Every aggregation operator, by name.
pub const AGGREGATORS: &[Aggregator] = &[
    row("avg", AggregateOp::Avg, None, "Mean of the group's values."),
    row("bottomk", AggregateOp::Bottomk, Some(ValueType::Scalar), "The k series with the smallest values."),
    row("count", AggregateOp::Count, None, "How many series the group has."),
    row(
        "count_values",
        AggregateOp::CountValues,
        Some(ValueType::String),
        "How many series have each value; the value becomes the label named first.",
    ),
    row("group", AggregateOp::Group, None, "1 for every group."),
    row(
        "limit_ratio",
        AggregateOp::LimitRatio,
        Some(ValueType::Scalar),
        "A share of the series, the same ones every time.",
    ),
    row("limitk", AggregateOp::Limitk, Some(ValueType::Scalar), "Any k series of the group."),
    row("max", AggregateOp::Max, None, "Largest value of the group."),
    row("min", AggregateOp::Min, None, "Smallest value of the group."),
    row(
        "quantile",
        AggregateOp::Quantile,
        Some(ValueType::Scalar),
        "The φ-quantile of the group's values, interpolated.",
    ),
    row("stddev", AggregateOp::Stddev, None, "Population standard deviation of the group's values."),
    row("stdvar", AggregateOp::Stdvar, None, "Population variance of the group's values."),
    row("sum", AggregateOp::Sum, None, "Sum of the group's values."),
    row("topk", AggregateOp::Topk, Some(ValueType::Scalar), "The k series with the largest values."),
];

impl AggregateOp {
    /// Its row in [`AGGREGATORS`].
    pub fn aggregator(self) -> &'static Aggregator {
        // The table has a row for every variant, in the variants' order; a test walks it.
        AGGREGATORS.get(self as usize).unwrap_or(&FALLBACK)
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        self.aggregator().name
    }
}

const FALLBACK: Aggregator = row("sum", AggregateOp::Sum, None, "");

/// The aggregation of that name, in any case.
pub fn aggregator(name: &str) -> Option<&'static Aggregator> {
    AGGREGATORS.iter().find(|aggregator| aggregator.name.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_aggregator_is_found_by_its_operator_and_by_its_name() {
        assert!(AGGREGATORS.is_sorted_by(|a, b| a.name < b.name));
        for row in AGGREGATORS {
            assert_eq!(row.op.as_str(), row.name);
            assert_eq!(aggregator(&row.name.to_uppercase()).unwrap().op, row.op);
            assert!(row.doc.ends_with('.'), "{} has no sentence", row.name);
        }
    }
}
