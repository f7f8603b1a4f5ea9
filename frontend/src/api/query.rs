//! `api/v1/query` and `api/v1/query_range`: PromQL in, numbers out.

use crowsnest_api::prometheus::{Point, QueryData, Response};
use crowsnest_api::query_stats::QueryStatistics;
use crowsnest_api::{Labels, parse_value};
use serde::Deserialize;
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
    /// Series left out because they are native histograms, which have no place in a chart of numbers yet.
    pub(crate) histograms: usize,
    /// What it cost, where that was asked for.
    pub(crate) cost: Option<QueryStatistics>,
    /// All of it as the server wrote it, where that was asked for.
    pub(crate) text: Option<String>,
}

/// What is wanted beside the result.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Detail {
    pub(crate) cost: bool,
    pub(crate) text: bool,
}

/// The data of an answer without its result.
#[derive(Deserialize)]
struct CostData {
    #[serde(default)]
    stats: Option<QueryStatistics>,
}

/// Evaluates `expression` at one moment: `at`, or the server's present.
pub(crate) async fn instant(
    client: Client,
    expression: &str,
    at: Option<i64>,
    abort: &AbortSignal,
) -> Result<Answer, ApiError> {
    ask(client, &instant_query(expression, at), Detail::default(), abort).await
}

/// Evaluates `expression` every `step` from `from` to `to`, all in milliseconds.
pub(crate) async fn range(
    client: Client,
    expression: &str,
    span: (i64, i64),
    step: i64,
    abort: &AbortSignal,
) -> Result<Answer, ApiError> {
    ask(client, &range_query(expression, span, step), Detail::default(), abort).await
}

/// The path and parameters of [`instant`].
pub(crate) fn instant_query(expression: &str, at: Option<i64>) -> (&'static str, String) {
    let time = at.map(|at| format!("&time={}", Seconds(at))).unwrap_or_default();
    ("api/v1/query", format!("query={}{time}", encode(expression)))
}

/// The path and parameters of [`range`].
pub(crate) fn range_query(expression: &str, (from, to): (i64, i64), step: i64) -> (&'static str, String) {
    let (from, to, step) = (Seconds(from), Seconds(to), Seconds(step));
    ("api/v1/query_range", format!("query={}&start={from}&end={to}&step={step}", encode(expression)))
}

/// Asks a query with as much beside its result as is wanted.
pub(crate) async fn ask(
    client: Client,
    (path, query): &(&str, String),
    detail: Detail,
    abort: &AbortSignal,
) -> Result<Answer, ApiError> {
    let stats = if detail.cost { "&stats=all" } else { "" };
    let text = client.get_text(path, &format!("{query}{stats}"), Some(abort)).await?;
    let parsed = serde_json::from_str::<Response<QueryData>>(&text).map_err(|_| ApiError::Unreadable)?;
    let (data, mut remarks, infos) = match parsed {
        Response::Success { data, warnings, infos } => (data, warnings, infos),
        Response::Error { error, .. } => return Err(ApiError::Query(error)),
    };
    remarks.extend(infos);
    let (result, histograms) = read(data).ok_or(ApiError::Unreadable)?;
    let cost = || match serde_json::from_str::<Response<CostData>>(&text) {
        Ok(Response::Success { data, .. }) => data.stats,
        _ => None,
    };
    let cost = if detail.cost { cost() } else { None };
    Ok(Answer { result, remarks, histograms, cost, text: detail.text.then_some(text) })
}

/// The wire's texts as numbers, and how many series are histograms only; `None` where a text is not a number.
fn read(data: QueryData) -> Option<(QueryResult, usize)> {
    let point =
        |Point(seconds, text): &Point| Some(((seconds * SECOND as f64).round() as i64, parse_value(text)?));
    let histograms = match &data {
        QueryData::Vector(series) => series.iter().filter(|one| one.value.is_none()).count(),
        QueryData::Matrix(series) => series.iter().filter(|one| one.values.is_empty()).count(),
        QueryData::Scalar(_) | QueryData::String(_) => 0,
    };
    let result = match data {
        QueryData::Vector(series) => QueryResult::Lines(
            series
                .into_iter()
                .filter_map(|one| one.value.map(|value| (one.metric, value)))
                .map(|(labels, value)| Some(Line { points: vec![point(&value)?], labels }))
                .collect::<Option<_>>()?,
        ),
        QueryData::Matrix(series) => QueryResult::Lines(
            series
                .into_iter()
                .filter(|one| !one.values.is_empty())
                .map(|one| {
                    let points = one.values.iter().map(point).collect::<Option<_>>()?;
                    Some(Line { points, labels: one.metric })
                })
                .collect::<Option<_>>()?,
        ),
        QueryData::Scalar(value) => point(&value).map(|(at, value)| QueryResult::Scalar(at, value))?,
        QueryData::String(Point(_, text)) => QueryResult::Text(text),
    };
    Some((result, histograms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, expected: Option<QueryResult>) {
        let read = read(serde_json::from_str(json).unwrap());
        assert_eq!(read.map(|(result, _)| result), expected, "{json}");
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
    fn histograms_are_counted_and_left_out() {
        let json = r#"{"resultType":"vector","result":[{"metric":{},"value":[1,"2"]},
            {"metric":{"a":"b"},"histogram":[1,{"count":"1","sum":"1"}]}]}"#;
        let (result, histograms) = read(serde_json::from_str(json).unwrap()).unwrap();
        assert_eq!((result.into_lines().len(), histograms), (1, 1));
    }

    #[test]
    fn a_value_that_is_no_number_makes_the_answer_unreadable() {
        check(r#"{"resultType":"scalar","result":[1,"two"]}"#, None);
    }
}
