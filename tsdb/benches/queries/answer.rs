//! Answers: printed, compared, and summed up in a number.

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crowsnest_api::{Labels, Sample, with_json_value};
use crowsnest_promql::Value;

/// Every series with its floats, in the order of the answer.
fn rows(value: &Value) -> Vec<(&Labels, Vec<Sample>)> {
    match value {
        Value::Matrix(series) => {
            series.iter().map(|series| (&series.labels, series.samples.clone())).collect()
        }
        Value::Vector(elements) => {
            let sample = |element: &crowsnest_promql::VectorElement| Sample {
                timestamp: element.timestamp,
                value: element.value.float().unwrap_or(f64::NAN),
            };
            elements.iter().map(|element| (&element.labels, vec![sample(element)])).collect()
        }
        Value::Scalar(_) | Value::String(..) => Vec::new(),
    }
}

/// Text as large as the API's.
pub(crate) fn print(value: &Value) -> String {
    let mut text = String::new();
    for (labels, samples) in rows(value) {
        let _ = write!(text, "{labels}");
        for sample in samples {
            let time = sample.timestamp.millis() / 1000;
            let _ = with_json_value(sample.value, |value| write!(text, "[{time},\"{value}\"],"));
        }
    }
    text
}

/// A number that changes with the answer's first ten digits, and how many points it has.
pub(crate) fn checksum(value: &Value) -> (u64, usize) {
    let mut hasher = DefaultHasher::new();
    let mut points = 0;
    for (labels, samples) in rows(value) {
        labels.hash(&mut hasher);
        points += samples.len();
        for sample in samples {
            (sample.timestamp.millis(), format!("{:.10e}", sample.value)).hash(&mut hasher);
        }
    }
    (hasher.finish(), points)
}

/// Both engines must agree, but for the rounding that another order of summing brings.
pub(crate) fn assert_same(query: &str, found: &Value, expected: &Value) {
    let (found, expected) = (rows(found), rows(expected));
    assert_eq!(found.len(), expected.len(), "{query}: series");
    for ((labels, samples), (expected_labels, expected_samples)) in found.iter().zip(&expected) {
        assert_eq!(labels, expected_labels, "{query}");
        assert_eq!(samples.len(), expected_samples.len(), "{query}: samples of {labels}");
        for (sample, expected) in samples.iter().zip(expected_samples) {
            let close = (sample.value - expected.value).abs() <= 1e-12 * expected.value.abs();
            let same = close || sample.value.to_bits() == expected.value.to_bits();
            assert!(
                same && sample.timestamp == expected.timestamp,
                "{query}: {labels}: {sample:?} {expected:?}"
            );
        }
    }
}
