//! The answer to a query.

use crowsnest_api::{Labels, Sample, Timestamp};

use super::Annotations;
use crate::Series;

/// An answer and what to know about it.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryResult {
    /// The answer.
    pub value: Value,
    /// Warnings and hints.
    pub annotations: Annotations,
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
    /// Its sample; the timestamp is the evaluation time.
    pub sample: Sample,
}
