//! Answers, and whether two are alike.

use crowsnest_api::{Labels, Timestamp};
use crowsnest_promql::{QueryError, QueryResult, SampleValue, Value};

/// How far values may differ, relative to the largest term on the way to them.
const TOLERANCE: f64 = 1e-12;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    Error(String),
    Scalar(Point),
    String(String),
    Vector(Vec<(Labels, Point)>),
    Matrix(Vec<(Labels, Vec<Point>)>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    pub(crate) at: Timestamp,
    pub(crate) value: f64,
}

impl Answer {
    pub(crate) fn of(result: Result<QueryResult, QueryError>) -> Self {
        let value = match result {
            Ok(result) => result.value,
            Err(error) => return Self::Error(error.to_string()),
        };
        match value {
            Value::Scalar(sample) => Self::Scalar(Point { at: sample.timestamp, value: sample.value }),
            Value::String(_, text) => Self::String(text),
            Value::Vector(elements) => Self::Vector(
                elements
                    .into_iter()
                    .map(|element| {
                        let SampleValue::Float(value) = element.value else { panic!("no histograms here") };
                        (element.labels, Point { at: element.timestamp, value })
                    })
                    .collect(),
            ),
            Value::Matrix(series) => Self::Matrix(
                series
                    .into_iter()
                    .map(|series| {
                        let points = series
                            .samples
                            .iter()
                            .map(|sample| Point { at: sample.timestamp, value: sample.value });
                        (series.labels, points.collect())
                    })
                    .collect(),
            ),
        }
    }

    /// The largest finite number in it.
    pub(crate) fn largest(&self) -> f64 {
        self.values().into_iter().map(f64::abs).filter(|value| value.is_finite()).fold(0.0, f64::max)
    }

    /// Whether all numbers in it are.
    pub(crate) fn is_finite(&self) -> bool {
        self.values().into_iter().all(f64::is_finite)
    }

    /// Whether two series have the same value at the same time; NaN is like NaN.
    pub(crate) fn has_ties(&self) -> bool {
        let points: Vec<Point> = match self {
            Self::Vector(elements) => elements.iter().map(|(_, point)| *point).collect(),
            Self::Matrix(series) => series.iter().flat_map(|(_, points)| points.iter().copied()).collect(),
            _ => Vec::new(),
        };
        let alike = |a: f64, b: f64| a == b || a.is_nan() && b.is_nan();
        let tie = |(i, a): (usize, &Point)| {
            points.iter().skip(i + 1).any(|b| a.at == b.at && alike(a.value, b.value))
        };
        points.iter().enumerate().any(tie)
    }

    fn values(&self) -> Vec<f64> {
        match self {
            Self::Error(_) | Self::String(_) => Vec::new(),
            Self::Scalar(point) => vec![point.value],
            Self::Vector(elements) => elements.iter().map(|(_, point)| point.value).collect(),
            Self::Matrix(series) => {
                series.iter().flat_map(|(_, points)| points).map(|point| point.value).collect()
            }
        }
    }
}

/// What differs, if anything. `scale` is the largest term on the way to the answers.
pub(crate) fn difference(ours: &Answer, theirs: &Answer, ordered: bool, scale: f64) -> Option<String> {
    match (ours, theirs) {
        (Answer::Error(_), Answer::Error(_)) => None,
        (Answer::Error(error), _) => Some(format!("only we fail: {error}")),
        (_, Answer::Error(error)) => Some(format!("only they fail: {error}")),
        (Answer::Scalar(ours), Answer::Scalar(theirs)) => point("", *ours, *theirs, scale),
        (Answer::String(ours), Answer::String(theirs)) => {
            (ours != theirs).then(|| format!("{ours:?}, theirs {theirs:?}"))
        }
        (Answer::Vector(ours), Answer::Vector(theirs)) => vector(ours, theirs, ordered, scale),
        (Answer::Matrix(ours), Answer::Matrix(theirs)) if ordered => matrix(ours, theirs, scale),
        (Answer::Matrix(ours), Answer::Matrix(theirs)) => {
            matrix(&sorted(ours.clone()), &sorted(theirs.clone()), scale)
        }
        _ => Some("answers of different types".to_owned()),
    }
}

fn vector(ours: &[(Labels, Point)], theirs: &[(Labels, Point)], ordered: bool, scale: f64) -> Option<String> {
    if ordered && ours.len() == theirs.len() {
        // Equal values may come in any order, so it is the values that must.
        let mut places = ours.iter().zip(theirs);
        if let Some(found) =
            places.find_map(|((_, ours), (_, theirs))| point("in order", *ours, *theirs, scale))
        {
            return Some(found);
        }
    }
    let with_list = |list: &[(Labels, Point)]| {
        list.iter().map(|(labels, point)| (labels.clone(), vec![*point])).collect::<Vec<_>>()
    };
    matrix(&sorted(with_list(ours)), &sorted(with_list(theirs)), scale)
}

fn sorted(mut series: Vec<(Labels, Vec<Point>)>) -> Vec<(Labels, Vec<Point>)> {
    series.sort_by(|a, b| a.0.cmp(&b.0));
    series
}

fn matrix(ours: &[(Labels, Vec<Point>)], theirs: &[(Labels, Vec<Point>)], scale: f64) -> Option<String> {
    let missing = |all: &[(Labels, Vec<Point>)], other: &[(Labels, Vec<Point>)]| {
        all.iter()
            .map(|(labels, _)| labels)
            .find(|labels| !other.iter().any(|(known, _)| known == *labels))
            .cloned()
    };
    if let Some(labels) = missing(ours, theirs) {
        return Some(format!("only ours: {labels}"));
    }
    if let Some(labels) = missing(theirs, ours) {
        return Some(format!("only theirs: {labels}"));
    }
    if ours.len() != theirs.len() {
        return Some(format!("{} series, theirs {}", ours.len(), theirs.len()));
    }
    ours.iter().zip(theirs).find_map(|((labels, ours), (other, theirs))| {
        if labels != other {
            return Some(format!("{labels} where theirs has {other}"));
        }
        let times = |points: &[Point]| points.iter().map(|point| point.at.millis()).collect::<Vec<_>>();
        if times(ours) != times(theirs) {
            return Some(format!("{labels}: points at {:?}, theirs {:?}", times(ours), times(theirs)));
        }
        ours.iter().zip(theirs).find_map(|(ours, theirs)| point(&labels.to_string(), *ours, *theirs, scale))
    })
}

fn point(of: &str, ours: Point, theirs: Point, scale: f64) -> Option<String> {
    let (a, b) = (ours.value, theirs.value);
    let alike = a == b
        || (a.is_nan() && b.is_nan())
        || (a - b).abs() <= TOLERANCE * a.abs().max(b.abs()).max(scale) && a.is_finite() && b.is_finite();
    (!alike).then(|| format!("{of} at {}: {a:?}, theirs {b:?}", ours.at.millis()))
}
