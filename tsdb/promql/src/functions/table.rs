//! The rows of the function table.

use super::{Arity, Function};
use crate::ValueType;

/// One row a function: status, name, argument types, arity, result, documentation.
macro_rules! rows {
    ($($status:ident $name:literal [$($arg:ident),*] $arity:expr, $returns:ident, $doc:literal;)*) => {
        &[$(Function {
            name: $name,
            args: &[$(ValueType::$arg),*],
            arity: $arity,
            returns: ValueType::$returns,
            experimental: rows!(@$status),
            doc: $doc,
        }),*]
    };
    (@stable) => { false };
    (@experimental) => { true };
}

const EXACT: Arity = Arity::Exact;
const OPTIONAL: Arity = Arity::OptionalLast;
const REPEAT: Arity = Arity::RepeatLast { most: None };
/// One to ten quantiles after the vector and the label's name.
const QUANTILES: Arity = Arity::RepeatLast { most: Some(12) };

/// Every function, by name.
#[rustfmt::skip]
pub const FUNCTIONS: &[Function] = rows! {
    stable "abs" [InstantVector] EXACT, InstantVector, "Absolute value.";
    stable "absent" [InstantVector] EXACT, InstantVector, "1 when the vector is empty, nothing otherwise.";
    stable "absent_over_time" [RangeVector] EXACT, InstantVector, "1 when no series has a sample in the window, nothing otherwise.";
    stable "acos" [InstantVector] EXACT, InstantVector, "Arc cosine.";
    stable "acosh" [InstantVector] EXACT, InstantVector, "Inverse hyperbolic cosine.";
    stable "asin" [InstantVector] EXACT, InstantVector, "Arc sine.";
    stable "asinh" [InstantVector] EXACT, InstantVector, "Inverse hyperbolic sine.";
    stable "atan" [InstantVector] EXACT, InstantVector, "Arc tangent.";
    stable "atanh" [InstantVector] EXACT, InstantVector, "Inverse hyperbolic tangent.";
    stable "avg_over_time" [RangeVector] EXACT, InstantVector, "Mean of the samples in the window.";
    stable "ceil" [InstantVector] EXACT, InstantVector, "Rounds up to an integer.";
    stable "changes" [RangeVector] EXACT, InstantVector, "How often the value changed within the window.";
    stable "clamp" [InstantVector, Scalar, Scalar] EXACT, InstantVector, "Limits values to between minimum and maximum.";
    stable "clamp_max" [InstantVector, Scalar] EXACT, InstantVector, "Limits values to a maximum.";
    stable "clamp_min" [InstantVector, Scalar] EXACT, InstantVector, "Limits values to a minimum.";
    stable "cos" [InstantVector] EXACT, InstantVector, "Cosine of an angle in radians.";
    stable "cosh" [InstantVector] EXACT, InstantVector, "Hyperbolic cosine.";
    stable "count_over_time" [RangeVector] EXACT, InstantVector, "How many samples the window has.";
    stable "day_of_month" [InstantVector] OPTIONAL, InstantVector, "Day of the month, 1 to 31, of a time in UTC.";
    stable "day_of_week" [InstantVector] OPTIONAL, InstantVector, "Day of the week, 0 is Sunday, of a time in UTC.";
    stable "day_of_year" [InstantVector] OPTIONAL, InstantVector, "Day of the year, 1 to 366, of a time in UTC.";
    stable "days_in_month" [InstantVector] OPTIONAL, InstantVector, "How many days the month of a time in UTC has.";
    stable "deg" [InstantVector] EXACT, InstantVector, "Radians as degrees.";
    stable "delta" [RangeVector] EXACT, InstantVector, "Difference between the ends of the window, extrapolated to its edges; for gauges.";
    stable "deriv" [RangeVector] EXACT, InstantVector, "Slope per second by linear regression over the window; for gauges.";
    experimental "double_exponential_smoothing" [RangeVector, Scalar, Scalar] EXACT, InstantVector, "Smoothed value by smoothing and trend factor; for gauges.";
    experimental "end" [] EXACT, Scalar, "End of the query's range, in seconds since the epoch.";
    stable "exp" [InstantVector] EXACT, InstantVector, "e to the power of the value.";
    stable "first_over_time" [RangeVector] EXACT, InstantVector, "Oldest sample of the window.";
    stable "floor" [InstantVector] EXACT, InstantVector, "Rounds down to an integer.";
    stable "histogram_avg" [InstantVector] EXACT, InstantVector, "Mean of the observations in native histograms.";
    stable "histogram_count" [InstantVector] EXACT, InstantVector, "Count of the observations in native histograms.";
    stable "histogram_fraction" [Scalar, Scalar, InstantVector] EXACT, InstantVector, "Share of the observations between two values.";
    stable "histogram_quantile" [Scalar, InstantVector] EXACT, InstantVector, "The φ-quantile of the observations in histograms.";
    experimental "histogram_quantiles" [InstantVector, String, Scalar] QUANTILES, InstantVector, "Several quantiles of the observations in histograms, told apart by a label.";
    stable "histogram_stddev" [InstantVector] EXACT, InstantVector, "Estimated standard deviation of the observations in native histograms.";
    stable "histogram_stdvar" [InstantVector] EXACT, InstantVector, "Estimated variance of the observations in native histograms.";
    stable "histogram_sum" [InstantVector] EXACT, InstantVector, "Sum of the observations in native histograms.";
    stable "hour" [InstantVector] OPTIONAL, InstantVector, "Hour of the day, 0 to 23, of a time in UTC.";
    stable "idelta" [RangeVector] EXACT, InstantVector, "Difference between the last two samples of the window; for gauges.";
    stable "increase" [RangeVector] EXACT, InstantVector, "Growth of a counter over the window, extrapolated to its edges.";
    experimental "info" [InstantVector, InstantVector] OPTIONAL, InstantVector, "Adds the labels of matching info series.";
    stable "irate" [RangeVector] EXACT, InstantVector, "Growth per second of a counter between the last two samples of the window.";
    stable "label_join" [InstantVector, String, String, String] REPEAT, InstantVector, "Sets a label to the values of others, joined by a separator.";
    stable "label_replace" [InstantVector, String, String, String, String] EXACT, InstantVector, "Sets a label from another one by a regular expression.";
    stable "last_over_time" [RangeVector] EXACT, InstantVector, "Newest sample of the window.";
    stable "ln" [InstantVector] EXACT, InstantVector, "Natural logarithm.";
    stable "log10" [InstantVector] EXACT, InstantVector, "Decimal logarithm.";
    stable "log2" [InstantVector] EXACT, InstantVector, "Binary logarithm.";
    experimental "mad_over_time" [RangeVector] EXACT, InstantVector, "Median absolute deviation of the samples in the window.";
    experimental "max_of" [Scalar, Scalar] EXACT, Scalar, "The larger of two numbers.";
    stable "max_over_time" [RangeVector] EXACT, InstantVector, "Largest sample of the window.";
    experimental "min_of" [Scalar, Scalar] EXACT, Scalar, "The smaller of two numbers.";
    stable "min_over_time" [RangeVector] EXACT, InstantVector, "Smallest sample of the window.";
    stable "minute" [InstantVector] OPTIONAL, InstantVector, "Minute of the hour, 0 to 59, of a time in UTC.";
    stable "month" [InstantVector] OPTIONAL, InstantVector, "Month of the year, 1 to 12, of a time in UTC.";
    stable "pi" [] EXACT, Scalar, "The number π.";
    stable "predict_linear" [RangeVector, Scalar] EXACT, InstantVector, "Value that many seconds ahead, by linear regression over the window; for gauges.";
    stable "present_over_time" [RangeVector] EXACT, InstantVector, "1 for each series with a sample in the window.";
    stable "quantile_over_time" [Scalar, RangeVector] EXACT, InstantVector, "The φ-quantile of the samples in the window.";
    stable "rad" [InstantVector] EXACT, InstantVector, "Degrees as radians.";
    experimental "range" [] EXACT, Scalar, "Length of the query's range, in seconds.";
    stable "rate" [RangeVector] EXACT, InstantVector, "Growth per second of a counter over the window, extrapolated to its edges.";
    stable "resets" [RangeVector] EXACT, InstantVector, "How often a counter restarted within the window.";
    stable "round" [InstantVector, Scalar] OPTIONAL, InstantVector, "Rounds to the nearest multiple, 1 by default; halves go up.";
    stable "scalar" [InstantVector] EXACT, Scalar, "The value of a vector with one series, NaN otherwise.";
    stable "sgn" [InstantVector] EXACT, InstantVector, "Sign: 1, 0 or -1.";
    stable "sin" [InstantVector] EXACT, InstantVector, "Sine of an angle in radians.";
    stable "sinh" [InstantVector] EXACT, InstantVector, "Hyperbolic sine.";
    stable "sort" [InstantVector] EXACT, InstantVector, "Sorts by value, smallest first; instant queries only.";
    experimental "sort_by_label" [InstantVector, String] REPEAT, InstantVector, "Sorts by labels in natural order; instant queries only.";
    experimental "sort_by_label_desc" [InstantVector, String] REPEAT, InstantVector, "Sorts by labels in reverse natural order; instant queries only.";
    stable "sort_desc" [InstantVector] EXACT, InstantVector, "Sorts by value, largest first; instant queries only.";
    stable "sqrt" [InstantVector] EXACT, InstantVector, "Square root.";
    experimental "start" [] EXACT, Scalar, "Start of the query's range, in seconds since the epoch.";
    experimental "start_timestamp" [InstantVector] EXACT, InstantVector, "When the counter behind each sample started, in seconds since the epoch.";
    stable "stddev_over_time" [RangeVector] EXACT, InstantVector, "Population standard deviation of the samples in the window.";
    stable "stdvar_over_time" [RangeVector] EXACT, InstantVector, "Population variance of the samples in the window.";
    experimental "step" [] EXACT, Scalar, "Step of the query, in seconds.";
    stable "sum_over_time" [RangeVector] EXACT, InstantVector, "Sum of the samples in the window.";
    stable "tan" [InstantVector] EXACT, InstantVector, "Tangent of an angle in radians.";
    stable "tanh" [InstantVector] EXACT, InstantVector, "Hyperbolic tangent.";
    stable "time" [] EXACT, Scalar, "The evaluation time, in seconds since the epoch.";
    stable "timestamp" [InstantVector] EXACT, InstantVector, "When each sample was taken, in seconds since the epoch.";
    experimental "ts_of_first_over_time" [RangeVector] EXACT, InstantVector, "When the oldest sample of the window was taken.";
    experimental "ts_of_last_over_time" [RangeVector] EXACT, InstantVector, "When the newest sample of the window was taken.";
    experimental "ts_of_max_over_time" [RangeVector] EXACT, InstantVector, "When the largest sample of the window was last taken.";
    experimental "ts_of_min_over_time" [RangeVector] EXACT, InstantVector, "When the smallest sample of the window was last taken.";
    stable "vector" [Scalar] EXACT, InstantVector, "A vector with one series without labels.";
    stable "year" [InstantVector] OPTIONAL, InstantVector, "Year of a time in UTC.";
};
