//! Whether two evaluators gave the same answer.

use std::collections::BTreeSet;

use crowsnest_api::Labels;

use super::{Evaluation, QueryError, QueryResult, SampleValue, Value};
use crate::{Engine, EngineOptions, Series};

/// Two answers in which sums were taken in another order may differ by this much of their value.
const TOLERANCE: f64 = 1e-12;

/// Asks both evaluators, and gives the answer when they agree.
///
/// # Errors
/// With what differs: series and their order, times, values, warnings and hints, or whether there is an answer at all.
pub fn ask_both(
    options: EngineOptions,
    ask: impl Fn(&Engine) -> Result<QueryResult, QueryError>,
) -> Result<Result<QueryResult, QueryError>, String> {
    let answers = [Evaluation::Streaming, Evaluation::Plain]
        .map(|evaluation| ask(&Engine::new(EngineOptions { evaluation, ..options })));
    let [streaming, plain] = answers;
    let difference = match (&streaming, &plain) {
        (Ok(streaming), Ok(plain)) => difference(streaming, plain),
        (Err(_), Err(_)) => None,
        (Ok(_), Err(error)) => Some(format!("only the plain evaluator fails: {error}")),
        (Err(error), Ok(_)) => Some(format!("only the streaming evaluator fails: {error}")),
    };
    difference.map_or(Ok(streaming), Err)
}

fn difference(streaming: &QueryResult, plain: &QueryResult) -> Option<String> {
    let told = |result: &QueryResult| -> BTreeSet<String> {
        let annotations = &result.annotations;
        let all = annotations.warnings.iter().chain(&annotations.infos);
        all.map(|annotation| format!("{} {:?}", annotation.message, annotation.span)).collect()
    };
    let (ours, theirs) = (told(streaming), told(plain));
    if ours != theirs {
        return Some(format!("the streaming evaluator tells {ours:?}, the plain one {theirs:?}"));
    }
    let (ours, theirs) = (rows(&streaming.value), rows(&plain.value));
    if ours.len() != theirs.len() {
        return Some(format!("{} rows when streaming, {} plainly", ours.len(), theirs.len()));
    }
    let mut pairs = ours.iter().zip(&theirs);
    let (ours, theirs) = pairs.find(|(ours, theirs)| !ours.same(theirs))?;
    Some(format!("{ours:?} when streaming, {theirs:?} plainly"))
}

/// A sample of an answer.
#[derive(Debug)]
struct Row<'a> {
    labels: Option<&'a Labels>,
    at: i64,
    value: RowValue,
}

#[derive(Debug)]
enum RowValue {
    Float(f64),
    /// A native histogram or a string.
    Text(String),
}

impl Row<'_> {
    fn same(&self, other: &Self) -> bool {
        let values = match (&self.value, &other.value) {
            (RowValue::Float(a), RowValue::Float(b)) => {
                a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= TOLERANCE * a.abs().max(b.abs())
            }
            (RowValue::Text(a), RowValue::Text(b)) => a == b,
            _ => false,
        };
        values && self.labels == other.labels && self.at == other.at
    }
}

impl From<&SampleValue> for RowValue {
    fn from(value: &SampleValue) -> Self {
        match value {
            SampleValue::Float(value) => Self::Float(*value),
            SampleValue::Histogram(histogram) => Self::Text(histogram.to_string()),
        }
    }
}

fn rows(value: &Value) -> Vec<Row<'_>> {
    let of_series = |series: &'_ Series| {
        series
            .merged()
            .into_iter()
            .map(|(at, value)| (at.millis(), RowValue::from(&value)))
            .collect::<Vec<_>>()
    };
    match value {
        Value::Scalar(sample) => {
            vec![Row { labels: None, at: sample.timestamp.millis(), value: RowValue::Float(sample.value) }]
        }
        Value::String(at, text) => {
            vec![Row { labels: None, at: at.millis(), value: RowValue::Text(text.clone()) }]
        }
        Value::Vector(elements) => elements
            .iter()
            .map(|element| Row {
                labels: Some(&element.labels),
                at: element.timestamp.millis(),
                value: (&element.value).into(),
            })
            .collect(),
        Value::Matrix(all) => all
            .iter()
            .flat_map(|series| {
                of_series(series).into_iter().map(|(at, value)| Row {
                    labels: Some(&series.labels),
                    at,
                    value,
                })
            })
            .collect(),
    }
}
