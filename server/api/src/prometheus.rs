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
    /// Its value.
    pub value: Point,
}

/// A series with its values over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RangeSeries {
    /// The series.
    pub metric: Labels,
    /// Its values, oldest first.
    pub values: Vec<Point>,
}

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
                value: Point(1.5, "1".into()),
            }]),
            warnings: vec![],
            infos: vec![],
        };
        let json = r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"up"},"value":[1.5,"1"]}]}}"#;
        assert_eq!(serde_json::to_string(&body).unwrap(), json);
        let error: Response<()> = Response::Error { error_type: ErrorType::BadData, error: "no".into() };
        assert_eq!(
            serde_json::to_string(&error).unwrap(),
            r#"{"status":"error","errorType":"bad_data","error":"no"}"#
        );
    }
}
