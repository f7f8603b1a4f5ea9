//! `api/v1/query` and `api/v1/query_range`: PromQL in, numbers out.

use crowsnest_api::prometheus::{Point, QueryData, Response};
use crowsnest_api::{Labels, parse_value};
use web_sys::AbortSignal;

use super::{ApiError, Client};
use crate::range::{SECOND, Seconds};
use crate::router::encode;

/// A series and its values: milliseconds since the epoch, rising.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) labels: Labels,
    pub(crate) points: Vec<(i64, f64)>,
}

/// What a query gave.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum QueryResult {
    /// One or more values per series; instant vectors have exactly one.
    Lines(Vec<Line>),
    /// A number without labels, and its time.
    Scalar(i64, f64),
    /// A text.
    Text(String),
}

impl QueryResult {
    /// The series, none where the result is not made of series.
    pub(crate) fn into_lines(self) -> Vec<Line> {
        match self {
            Self::Lines(lines) => lines,
            Self::Scalar(at, value) => vec![Line { labels: Labels::empty(), points: vec![(at, value)] }],
            Self::Text(_) => Vec::new(),
        }
    }
}

/// A result, and what the server remarked about it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) result: QueryResult,
    pub(crate) remarks: Vec<String>,
}

/// Evaluates `expression` at one moment: `at`, or the server's present.
pub(crate) async fn instant(
    client: Client,
    expression: &str,
    at: Option<i64>,
    abort: &AbortSignal,
) -> Result<Answer, ApiError> {
    let time = at.map(|at| format!("&time={}", Seconds(at))).unwrap_or_default();
    ask(client, "api/v1/query", &format!("query={}{time}", encode(expression)), abort).await
}

/// Evaluates `expression` every `step` from `from` to `to`, all in milliseconds.
pub(crate) async fn range(
    client: Client,
    expression: &str,
    (from, to): (i64, i64),
    step: i64,
    abort: &AbortSignal,
) -> Result<Answer, ApiError> {
    let query = format!(
        "query={}&start={}&end={}&step={}",
        encode(expression),
        Seconds(from),
        Seconds(to),
        Seconds(step)
    );
    ask(client, "api/v1/query_range", &query, abort).await
}

async fn ask(client: Client, path: &str, query: &str, abort: &AbortSignal) -> Result<Answer, ApiError> {
    match client.get::<Response<QueryData>>(path, query, Some(abort)).await? {
        Response::Success { data, mut warnings, infos } => {
            warnings.extend(infos);
            let result = read(data).ok_or(ApiError::Unreadable)?;
            Ok(Answer { result, remarks: warnings })
        }
        Response::Error { error, .. } => Err(ApiError::Query(error)),
    }
}

/// The wire's texts as numbers; `None` where one is not a number.
fn read(data: QueryData) -> Option<QueryResult> {
    let point =
        |Point(seconds, text): &Point| Some(((seconds * SECOND as f64).round() as i64, parse_value(text)?));
    Some(match data {
        QueryData::Vector(series) => QueryResult::Lines(
            series
                .into_iter()
                // Native histograms have no place in a chart of numbers yet.
                .filter_map(|one| one.value.map(|value| (one.metric, value)))
                .map(|(labels, value)| Some(Line { points: vec![point(&value)?], labels }))
                .collect::<Option<_>>()?,
        ),
        QueryData::Matrix(series) => QueryResult::Lines(
            series
                .into_iter()
                .map(|one| {
                    let points = one.values.iter().map(point).collect::<Option<_>>()?;
                    Some(Line { points, labels: one.metric })
                })
                .collect::<Option<_>>()?,
        ),
        QueryData::Scalar(value) => point(&value).map(|(at, value)| QueryResult::Scalar(at, value))?,
        QueryData::String(Point(_, text)) => QueryResult::Text(text),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, expected: Option<QueryResult>) {
        assert_eq!(read(serde_json::from_str(json).unwrap()), expected, "{json}");
    }

    #[test]
    fn every_kind_of_result_is_read() {
        let line = Line { labels: Labels::from_pairs([("a", "b")]), points: vec![(1_500, 2.0)] };
        check(
            r#"{"resultType":"vector","result":[{"metric":{"a":"b"},"value":[1.5,"2"]}]}"#,
            Some(QueryResult::Lines(vec![line.clone()])),
        );
        check(
            r#"{"resultType":"matrix","result":[{"metric":{"a":"b"},"values":[[1.5,"2"]]}]}"#,
            Some(QueryResult::Lines(vec![line])),
        );
        check(
            r#"{"resultType":"scalar","result":[1,"+Inf"]}"#,
            Some(QueryResult::Scalar(1_000, f64::INFINITY)),
        );
        check(r#"{"resultType":"string","result":[1,"text"]}"#, Some(QueryResult::Text("text".into())));
    }

    #[test]
    fn a_value_that_is_no_number_makes_the_answer_unreadable() {
        check(r#"{"resultType":"scalar","result":[1,"two"]}"#, None);
    }
}
