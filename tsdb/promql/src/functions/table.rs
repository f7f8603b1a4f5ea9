//! The rows of the function table.

use super::{Arity, Function};
use crate::ValueType;
#[cfg(feature = "engine")]
use crate::engine::functions::{
    calendar, histogram, info, labels, math, over_time, rate, series, sort, trend,
};
#[cfg(feature = "engine")]
use crate::engine::{
    Implementation as I,
    Interpolation::{Counter, Gauge},
    Sliding as S, WindowFunction as W,
};
#[cfg(feature = "engine")]
use crate::{FloatHistogram, Fold};

/// One row a function: status, name, argument types, arity, result, documentation, implementation.
macro_rules! rows {
    ($($status:ident $name:literal [$($arg:ident),*] $arity:expr, $returns:ident, $doc:literal, $implementation:expr;)*) => {
        &[$(Function {
            name: $name,
            args: &[$(ValueType::$arg),*],
            arity: $arity,
            returns: ValueType::$returns,
            experimental: rows!(@$status),
            doc: $doc,
            #[cfg(feature = "engine")]
            implementation: $implementation,
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
    stable "abs" [InstantVector] EXACT, InstantVector, "Absolute value.", I::Sample(f64::abs);
    stable "absent" [InstantVector] EXACT, InstantVector, "1 when the vector is empty, nothing otherwise.", I::Call(series::absent);
    stable "absent_over_time" [RangeVector] EXACT, InstantVector, "1 when no series has a sample in the window, nothing otherwise.", I::Call(series::absent_over_time);
    stable "acos" [InstantVector] EXACT, InstantVector, "Arc cosine.", I::Sample(f64::acos);
    stable "acosh" [InstantVector] EXACT, InstantVector, "Inverse hyperbolic cosine.", I::Sample(math::acosh);
    stable "asin" [InstantVector] EXACT, InstantVector, "Arc sine.", I::Sample(f64::asin);
    stable "asinh" [InstantVector] EXACT, InstantVector, "Inverse hyperbolic sine.", I::Sample(math::asinh);
    stable "atan" [InstantVector] EXACT, InstantVector, "Arc tangent.", I::Sample(f64::atan);
    stable "atanh" [InstantVector] EXACT, InstantVector, "Inverse hyperbolic tangent.", I::Sample(f64::atanh);
    stable "avg_over_time" [RangeVector] EXACT, InstantVector, "Mean of the samples in the window.", I::Window(W::of_both(over_time::avg).folding(Fold::Sum));
    stable "ceil" [InstantVector] EXACT, InstantVector, "Rounds up to an integer.", I::Sample(f64::ceil);
    stable "changes" [RangeVector] EXACT, InstantVector, "How often the value changed within the window.", I::Window(W::of_both(over_time::changes).anchored(over_time::float_changes, over_time::changes));
    stable "clamp" [InstantVector, Scalar, Scalar] EXACT, InstantVector, "Limits values to between minimum and maximum.", I::SampleWith(math::clamp);
    stable "clamp_max" [InstantVector, Scalar] EXACT, InstantVector, "Limits values to a maximum.", I::SampleWith(math::clamp_max);
    stable "clamp_min" [InstantVector, Scalar] EXACT, InstantVector, "Limits values to a minimum.", I::SampleWith(math::clamp_min);
    stable "cos" [InstantVector] EXACT, InstantVector, "Cosine of an angle in radians.", I::Sample(f64::cos);
    stable "cosh" [InstantVector] EXACT, InstantVector, "Hyperbolic cosine.", I::Sample(f64::cosh);
    stable "count_over_time" [RangeVector] EXACT, InstantVector, "How many samples the window has.", I::Window(W::of_both(over_time::count).folding(Fold::Sum).of_amounts().sliding(S::Count));
    stable "day_of_month" [InstantVector] OPTIONAL, InstantVector, "Day of the month, 1 to 31, of a time in UTC.", I::Calendar(calendar::day_of_month);
    stable "day_of_week" [InstantVector] OPTIONAL, InstantVector, "Day of the week, 0 is Sunday, of a time in UTC.", I::Calendar(calendar::day_of_week);
    stable "day_of_year" [InstantVector] OPTIONAL, InstantVector, "Day of the year, 1 to 366, of a time in UTC.", I::Calendar(calendar::day_of_year);
    stable "days_in_month" [InstantVector] OPTIONAL, InstantVector, "How many days the month of a time in UTC has.", I::Calendar(calendar::days_in_month);
    stable "deg" [InstantVector] EXACT, InstantVector, "Radians as degrees.", I::Sample(math::deg);
    stable "delta" [RangeVector] EXACT, InstantVector, "Difference between the ends of the window, extrapolated to its edges; for gauges.", I::Window(W::of_both(rate::delta).of_amounts().between_edges(rate::delta_between_edges, rate::mixed_delta_between_edges, Gauge).sliding(S::Gauge));
    stable "deriv" [RangeVector] EXACT, InstantVector, "Slope per second by linear regression over the window; for gauges.", I::Window(W::new(trend::deriv));
    experimental "double_exponential_smoothing" [RangeVector, Scalar, Scalar] EXACT, InstantVector, "Smoothed value by smoothing and trend factor; for gauges.", I::Call(trend::double_exponential_smoothing);
    experimental "end" [] EXACT, Scalar, "End of the query's range, in seconds since the epoch.", I::Call(series::query_end);
    stable "exp" [InstantVector] EXACT, InstantVector, "e to the power of the value.", I::Sample(f64::exp);
    stable "first_over_time" [RangeVector] EXACT, InstantVector, "Oldest sample of the window.", I::Window(W::of_both(over_time::first).keeping_name());
    stable "floor" [InstantVector] EXACT, InstantVector, "Rounds down to an integer.", I::Sample(f64::floor);
    stable "histogram_avg" [InstantVector] EXACT, InstantVector, "Mean of the observations in native histograms.", I::NativeOnly(FloatHistogram::mean);
    stable "histogram_count" [InstantVector] EXACT, InstantVector, "Count of the observations in native histograms.", I::NativeOnly(|histogram| histogram.count);
    stable "histogram_fraction" [Scalar, Scalar, InstantVector] EXACT, InstantVector, "Share of the observations between two values.", I::Call(histogram::fraction);
    stable "histogram_quantile" [Scalar, InstantVector] EXACT, InstantVector, "The φ-quantile of the observations in histograms.", I::Call(histogram::quantile);
    experimental "histogram_quantiles" [InstantVector, String, Scalar] QUANTILES, InstantVector, "Several quantiles of the observations in histograms, told apart by a label.", I::Call(histogram::quantiles);
    stable "histogram_stddev" [InstantVector] EXACT, InstantVector, "Estimated standard deviation of the observations in native histograms.", I::NativeOnly(|histogram| histogram.variance().sqrt());
    stable "histogram_stdvar" [InstantVector] EXACT, InstantVector, "Estimated variance of the observations in native histograms.", I::NativeOnly(FloatHistogram::variance);
    stable "histogram_sum" [InstantVector] EXACT, InstantVector, "Sum of the observations in native histograms.", I::NativeOnly(|histogram| histogram.sum);
    stable "hour" [InstantVector] OPTIONAL, InstantVector, "Hour of the day, 0 to 23, of a time in UTC.", I::Calendar(calendar::hour);
    stable "idelta" [RangeVector] EXACT, InstantVector, "Difference between the last two samples of the window; for gauges.", I::Window(W::of_both(rate::idelta));
    stable "increase" [RangeVector] EXACT, InstantVector, "Growth of a counter over the window, extrapolated to its edges.", I::Window(W::of_both(rate::increase).of_amounts().between_edges(rate::increase_between_edges, rate::mixed_increase_between_edges, Counter).of_counters().sliding(S::Counter { per_second: false }));
    experimental "info" [InstantVector, InstantVector] OPTIONAL, InstantVector, "Adds the labels of the info series of the same target.", I::Call(info::info);
    stable "irate" [RangeVector] EXACT, InstantVector, "Growth per second of a counter between the last two samples of the window.", I::Window(W::of_both(rate::irate));
    stable "label_join" [InstantVector, String, String, String] REPEAT, InstantVector, "Sets a label to the values of others, joined by a separator.", I::Call(labels::join);
    stable "label_replace" [InstantVector, String, String, String, String] EXACT, InstantVector, "Sets a label from another one by a regular expression.", I::Call(labels::replace);
    stable "last_over_time" [RangeVector] EXACT, InstantVector, "Newest sample of the window.", I::Window(W::of_both(over_time::last).keeping_name().sliding(S::Last));
    stable "ln" [InstantVector] EXACT, InstantVector, "Natural logarithm.", I::Sample(f64::ln);
    stable "log10" [InstantVector] EXACT, InstantVector, "Decimal logarithm.", I::Sample(f64::log10);
    stable "log2" [InstantVector] EXACT, InstantVector, "Binary logarithm.", I::Sample(f64::log2);
    experimental "mad_over_time" [RangeVector] EXACT, InstantVector, "Median absolute deviation of the samples in the window.", I::Window(W::new(over_time::mad));
    experimental "max_of" [Scalar, Scalar] EXACT, Scalar, "The larger of two numbers.", I::Call(series::max_of);
    stable "max_over_time" [RangeVector] EXACT, InstantVector, "Largest sample of the window.", I::Window(W::new(over_time::max).folding(Fold::Max).sliding(S::Max));
    experimental "min_of" [Scalar, Scalar] EXACT, Scalar, "The smaller of two numbers.", I::Call(series::min_of);
    stable "min_over_time" [RangeVector] EXACT, InstantVector, "Smallest sample of the window.", I::Window(W::new(over_time::min).folding(Fold::Min).sliding(S::Min));
    stable "minute" [InstantVector] OPTIONAL, InstantVector, "Minute of the hour, 0 to 59, of a time in UTC.", I::Calendar(calendar::minute);
    stable "month" [InstantVector] OPTIONAL, InstantVector, "Month of the year, 1 to 12, of a time in UTC.", I::Calendar(calendar::month);
    stable "pi" [] EXACT, Scalar, "The number π.", I::Call(series::pi);
    stable "predict_linear" [RangeVector, Scalar] EXACT, InstantVector, "Value that many seconds ahead, by linear regression over the window; for gauges.", I::Window(W::new(trend::predict_linear));
    stable "present_over_time" [RangeVector] EXACT, InstantVector, "1 for each series with a sample in the window.", I::Window(W::of_both(over_time::present).sliding(S::Present));
    stable "quantile_over_time" [Scalar, RangeVector] EXACT, InstantVector, "The φ-quantile of the samples in the window.", I::Call(over_time::quantile);
    stable "rad" [InstantVector] EXACT, InstantVector, "Degrees as radians.", I::Sample(math::rad);
    experimental "range" [] EXACT, Scalar, "Length of the query's range, in seconds.", I::Call(series::query_range);
    stable "rate" [RangeVector] EXACT, InstantVector, "Growth per second of a counter over the window, extrapolated to its edges.", I::Window(W::of_both(rate::rate).between_edges(rate::rate_between_edges, rate::mixed_rate_between_edges, Counter).of_counters().sliding(S::Counter { per_second: true }));
    stable "resets" [RangeVector] EXACT, InstantVector, "How often a counter restarted within the window.", I::Window(W::of_both(over_time::resets).anchored(over_time::float_resets, over_time::resets));
    stable "round" [InstantVector, Scalar] OPTIONAL, InstantVector, "Rounds to the nearest multiple, 1 by default; halves go up.", I::SampleWith(math::round);
    stable "scalar" [InstantVector] EXACT, Scalar, "The value of a vector with one series, NaN otherwise.", I::Call(series::scalar);
    stable "sgn" [InstantVector] EXACT, InstantVector, "Sign: 1, 0 or -1.", I::Sample(math::sgn);
    stable "sin" [InstantVector] EXACT, InstantVector, "Sine of an angle in radians.", I::Sample(f64::sin);
    stable "sinh" [InstantVector] EXACT, InstantVector, "Hyperbolic sine.", I::Sample(f64::sinh);
    stable "sort" [InstantVector] EXACT, InstantVector, "Sorts by value, smallest first; instant queries only.", I::Call(sort::ascending);
    experimental "sort_by_label" [InstantVector, String] REPEAT, InstantVector, "Sorts by labels in natural order; instant queries only.", I::Call(sort::by_label);
    experimental "sort_by_label_desc" [InstantVector, String] REPEAT, InstantVector, "Sorts by labels in reverse natural order; instant queries only.", I::Call(sort::by_label_descending);
    stable "sort_desc" [InstantVector] EXACT, InstantVector, "Sorts by value, largest first; instant queries only.", I::Call(sort::descending);
    stable "sqrt" [InstantVector] EXACT, InstantVector, "Square root.", I::Sample(f64::sqrt);
    experimental "start" [] EXACT, Scalar, "Start of the query's range, in seconds since the epoch.", I::Call(series::query_start);
    experimental "start_timestamp" [InstantVector] EXACT, InstantVector, "When the counter behind each sample started, in seconds since the epoch.", I::Call(series::start_timestamp);
    stable "stddev_over_time" [RangeVector] EXACT, InstantVector, "Population standard deviation of the samples in the window.", I::Window(W::new(over_time::stddev));
    stable "stdvar_over_time" [RangeVector] EXACT, InstantVector, "Population variance of the samples in the window.", I::Window(W::new(over_time::stdvar));
    experimental "step" [] EXACT, Scalar, "Step of the query, in seconds.", I::Call(series::query_step);
    stable "sum_over_time" [RangeVector] EXACT, InstantVector, "Sum of the samples in the window.", I::Window(W::of_both(over_time::sum).folding(Fold::Sum).of_amounts());
    stable "tan" [InstantVector] EXACT, InstantVector, "Tangent of an angle in radians.", I::Sample(f64::tan);
    stable "tanh" [InstantVector] EXACT, InstantVector, "Hyperbolic tangent.", I::Sample(f64::tanh);
    stable "time" [] EXACT, Scalar, "The evaluation time, in seconds since the epoch.", I::Call(series::time);
    stable "timestamp" [InstantVector] EXACT, InstantVector, "When each sample was taken, in seconds since the epoch.", I::Call(series::timestamp);
    experimental "ts_of_first_over_time" [RangeVector] EXACT, InstantVector, "When the oldest sample of the window was taken.", I::Window(W::of_both(over_time::ts_of_first));
    experimental "ts_of_last_over_time" [RangeVector] EXACT, InstantVector, "When the newest sample of the window was taken.", I::Window(W::of_both(over_time::ts_of_last));
    experimental "ts_of_max_over_time" [RangeVector] EXACT, InstantVector, "When the largest sample of the window was last taken.", I::Window(W::new(over_time::ts_of_max).folding(Fold::Max));
    experimental "ts_of_min_over_time" [RangeVector] EXACT, InstantVector, "When the smallest sample of the window was last taken.", I::Window(W::new(over_time::ts_of_min).folding(Fold::Min));
    stable "vector" [Scalar] EXACT, InstantVector, "A vector with one series without labels.", I::Call(series::vector);
    stable "year" [InstantVector] OPTIONAL, InstantVector, "Year of a time in UTC.", I::Calendar(calendar::year);
};
