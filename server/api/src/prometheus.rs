//! Bodies of the Prometheus HTTP API, `/api/v1/…`.
//!
//! Shapes follow <https://prometheus.io/docs/prometheus/latest/querying/api/>.

use serde::{Deserialize, Serialize};

use crate::Labels;

/// The envelope of every answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum Response<T> {
    /// It worked.
    Success {
        /// The answer.
        data: T,
        /// What may be wrong with the answer.
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        warnings: Vec<String>,
        /// What may be wrong with the question.
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        infos: Vec<String>,
    },
    /// It did not.
    Error {
        /// The kind of error.
        #[serde(rename = "errorType")]
        error_type: ErrorType,
        /// The message.
        error: String,
    },
}

/// Kinds of errors; each has one HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorType {
    /// The request is malformed: 400.
    BadData,
    /// The query failed while it was evaluated: 422.
    Execution,
    /// The query was cancelled: 499.
    Canceled,
    /// The query took too long: 503.
    Timeout,
    /// Our fault: 500.
    Internal,
    /// Not here: 404.
    NotFound,
    /// Cannot be answered in the wanted form: 406.
    NotAcceptable,
    /// Not now: 503.
    Unavailable,
    /// No session, or not allowed: 401 or 403. Not in Prometheus, which has no users.
    Unauthorized,
}

/// A time in seconds and a value in text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point(pub f64, pub String);

/// `data` of `query` and `query_range`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
pub enum QueryData {
    /// One sample per series.
    Vector(Vec<InstantSeries>),
    /// Many samples per series.
    Matrix(Vec<RangeSeries>),
    /// A number.
    Scalar(Point),
    /// A text.
    String(Point),
}

/// A series with its value at one time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InstantSeries {
    /// The series.
    pub metric: Labels,
    /// Its value, when that is a float.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Point>,
    /// Its value, when that is a native histogram.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub histogram: Option<HistogramPoint>,
}

/// A series with its values over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RangeSeries {
    /// The series.
    pub metric: Labels,
    /// Its values that are floats, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Point>,
    /// Its values that are native histograms, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub histograms: Vec<HistogramPoint>,
}

/// A time in seconds and a native histogram.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistogramPoint(pub f64, pub NativeHistogram);

/// A native histogram; amounts are written as values are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NativeHistogram {
    /// How many observations there are.
    pub count: String,
    /// Their sum.
    pub sum: String,
    /// The buckets with observations, lowest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buckets: Vec<HistogramBucket>,
}

/// Which ends belong to the bucket (0: the upper one, 1: the lower one, 2: neither, 3: both), both ends, and the count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistogramBucket(pub u8, pub String, pub String, pub String);

/// One family in `metadata`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// `counter`, `gauge`, …
    pub r#type: String,
    /// One sentence for people.
    pub help: String,
    /// The unit, often empty.
    pub unit: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_have_the_documented_shape() {
        let body = Response::Success {
            data: QueryData::Vector(vec![InstantSeries {
                metric: Labels::from_pairs([("__name__", "up")]),
                value: Some(Point(1.5, "1".into())),
                histogram: None,
            }]),
            warnings: vec![],
            infos: vec![],
        };
        let json = r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"up"},"value":[1.5,"1"]}]}}"#;
        assert_eq!(serde_json::to_string(&body).unwrap(), json);
        let histogram = NativeHistogram {
            count: "3".into(),
            sum: "5".into(),
            buckets: vec![HistogramBucket(0, "1".into(), "2".into(), "3".into())],
        };
        let series = RangeSeries {
            metric: Labels::empty(),
            values: vec![],
            histograms: vec![HistogramPoint(1.5, histogram)],
        };
        assert_eq!(
            serde_json::to_string(&series).unwrap(),
            r#"{"metric":{},"histograms":[[1.5,{"count":"3","sum":"5","buckets":[[0,"1","2","3"]]}]]}"#
        );
        let error: Response<()> = Response::Error { error_type: ErrorType::BadData, error: "no".into() };
        assert_eq!(
            serde_json::to_string(&error).unwrap(),
            r#"{"status":"error","errorType":"bad_data","error":"no"}"#
        );
    }
}
