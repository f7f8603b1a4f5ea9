//! The answer to a query.

use std::sync::Arc;

use crowsnest_api::{Labels, Sample, Timestamp};

use super::{Annotations, QueryStats};
use crate::{FloatHistogram, Series};

/// An answer and what to know about it.
#[derive(Clone, Debug)]
pub struct QueryResult {
    /// The answer.
    pub value: Value,
    /// Warnings and hints.
    pub annotations: Annotations,
    /// What it cost.
    pub stats: QueryStats,
}

/// The four shapes of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// One number.
    Scalar(Sample),
    /// A string and the evaluation time; bytes that are not UTF-8 are replaced.
    String(Timestamp, String),
    /// One sample of each series, in label order unless the query sorts.
    Vector(Vec<VectorElement>),
    /// Samples of each series over time, in label order.
    Matrix(Vec<Series>),
}

/// A series with its sample at one time.
#[derive(Clone, Debug, PartialEq)]
pub struct VectorElement {
    /// The series.
    pub labels: Labels,
    /// The evaluation time.
    pub timestamp: Timestamp,
    /// Its value then.
    pub value: SampleValue,
}

/// What a sample holds.
#[derive(Clone, Debug, PartialEq)]
pub enum SampleValue {
    /// A number.
    Float(f64),
    /// A native histogram.
    Histogram(Arc<FloatHistogram>),
}

impl SampleValue {
    /// The number, if it is one.
    pub fn float(&self) -> Option<f64> {
        match self {
            Self::Float(value) => Some(*value),
            Self::Histogram(_) => None,
        }
    }

    /// The native histogram, if it is one.
    pub fn histogram(&self) -> Option<&Arc<FloatHistogram>> {
        match self {
            Self::Float(_) => None,
            Self::Histogram(histogram) => Some(histogram),
        }
    }

    /// `float` or `histogram`.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Float(_) => "float",
            Self::Histogram(_) => "histogram",
        }
    }
}

impl From<f64> for SampleValue {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<FloatHistogram> for SampleValue {
    fn from(histogram: FloatHistogram) -> Self {
        Self::Histogram(Arc::new(histogram))
    }
}
