//! What the rows of the function table point to.

pub(crate) mod calendar;
pub(crate) mod histogram;
mod histogram_rate;
pub(crate) mod info;
pub(crate) mod labels;
pub(crate) mod math;
pub(crate) mod over_time;
pub(crate) mod rate;
pub(crate) mod series;
pub(crate) mod sort;
pub(crate) mod trend;

use super::column::Computed;
use super::evaluator::Evaluator;
use super::grid::Grid;
use super::windows::WindowFunction;
use super::{QueryError, functions::calendar::Moment};
use crate::FloatHistogram;
use crate::ast::Call;

/// How a function is evaluated.
pub(crate) enum Implementation {
    /// Each sample by itself.
    Sample(fn(f64) -> f64),
    /// Each sample by itself, with scalars; the sample goes when there is no result.
    SampleWith(fn(f64, &[f64]) -> Option<f64>),
    /// Each sample taken as a time.
    Calendar(fn(&Moment) -> f64),
    /// Each window of samples by itself.
    Window(WindowFunction),
    /// Anything else.
    Call(CallFunction),
    /// Native histograms have a result, floats have none.
    NativeOnly(fn(&FloatHistogram) -> f64),
}

/// Evaluates a call with all its arguments.
pub(crate) type CallFunction = fn(&mut Evaluator<'_>, &Call, &Grid) -> Result<Computed, QueryError>;
