//! `query` and `query_range`.

mod stats;

use axum::extract::State;
use axum::response::Response;
use crowsnest_api::query_stats::QueryStatistics;
use crowsnest_api::{Labels, Timestamp, format_value};
use crowsnest_promql::{Cacheable, Engine, QueryResult, RangeParams, SampleValue, StatsDetail, Value};
use serde::Serialize;

use super::answer::{Found, answer_query};
use super::params::{Params, invalid};
use super::seen::Seen;
use super::written::{Written, WrittenHistogram, WrittenText};
use crate::clock;
use crate::http::{ApiError, App, AppState};
use crate::query_pool::Job;

/// `query`: one evaluation at `time`, or now.
pub(crate) async fn instant(
    State(app): State<AppState>,
    seen: Seen,
    params: Params,
) -> Result<Response, ApiError> {
    let at = params.time("time")?.unwrap_or_else(clock::now);
    let timeout = params.duration("timeout")?;
    let (limit, detail) = (params.limit("limit")?, stats::detail(&params));
    let (text, expr) = params.expr()?;
    let shown = text.clone();
    let engine = engine(&app, &params)?;
    answer_query(&app, &shown, timeout, move |job| {
        let store = seen.store();
        let query = engine.query(&store, &expr).controlled(&job.control).with_stats(detail);
        let result = query.instant(at).map_err(|error| error.located(&text))?;
        Ok(found(result, &text, limit, detail, job))
    })
    .await
}

/// `query_range`: an evaluation at every `step` from `start` to `end`.
pub(crate) async fn range(
    State(app): State<AppState>,
    seen: Seen,
    params: Params,
) -> Result<Response, ApiError> {
    let (start, end) = (params.required_time("start")?, params.required_time("end")?);
    if end < start {
        return Err(invalid("end", "end timestamp must not be before start time"));
    }
    let range = RangeParams::new(start, end, params.step()?)
        .map_err(|error| ApiError::bad_request(error.to_string()))?;
    let timeout = params.duration("timeout")?;
    let (limit, detail) = (params.limit("limit")?, stats::detail(&params));
    let (text, expr) = params.expr()?;
    let shown = text.clone();
    let engine = engine(&app, &params)?;
    // Statistics are of the whole query; and people who doubt an answer want it afresh, by VictoriaMetrics's parameter.
    let afresh = detail != StatsDetail::Least || params.get("nocache") == Some("1");
    let state = AppState::clone(&app);
    answer_query(&app, &shown, timeout, move |job| {
        let store = seen.store();
        let evaluate = |range: RangeParams| {
            engine.query(&store, &expr).controlled(&job.control).with_stats(detail).range(range)
        };
        let result = if afresh {
            evaluate(range)
        } else {
            let (confinement, options) = (seen.confinement(), engine.options());
            let (lookback, resolution) = (options.lookback, options.resolution);
            let query = Cacheable { text: &text, expr: &expr, confinement, lookback, resolution, range };
            state.range_cache.range(&store, query, evaluate)
        };
        let result = result.map_err(|error| error.located(&text))?;
        Ok(found(result, &text, limit, detail, job))
    })
    .await
}

/// The engine, with the lookback and the resolution that the query asks for.
fn engine(app: &App, params: &Params) -> Result<Engine, ApiError> {
    let engine = app.engine.with_resolution(params.resolution()?);
    Ok(match params.lookback()? {
        Some(lookback) => engine.with_lookback(lookback),
        None => engine,
    })
}

/// An answer, and what it cost when that was asked for.
#[derive(Serialize)]
struct Answer {
    #[serde(flatten)]
    data: QueryData,
    #[serde(skip_serializing_if = "Option::is_none")]
    stats: Option<QueryStatistics>,
}

/// [`QueryData`](crowsnest_api::prometheus::QueryData) as it is written. A sample becomes text only when it is its turn,
/// for an answer may have fifty million, and text takes several times their memory.
#[derive(Serialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
enum QueryData {
    Vector(Vec<InstantSeries>),
    Matrix(Vec<RangeSeries>),
    Scalar(WrittenText),
    String(WrittenText),
}

#[derive(Serialize)]
struct InstantSeries {
    metric: Labels,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Written>,
    #[serde(skip_serializing_if = "Option::is_none")]
    histogram: Option<WrittenHistogram>,
}

#[derive(Serialize)]
struct RangeSeries {
    metric: Labels,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    values: Vec<Written>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    histograms: Vec<WrittenHistogram>,
}

fn instant_series(metric: Labels, timestamp: Timestamp, value: SampleValue) -> InstantSeries {
    match value {
        SampleValue::Float(value) => {
            InstantSeries { metric, value: Some(Written(timestamp, value)), histogram: None }
        }
        SampleValue::Histogram(histogram) => {
            InstantSeries { metric, value: None, histogram: Some(WrittenHistogram(timestamp, histogram)) }
        }
    }
}

fn found(
    result: QueryResult,
    text: &str,
    limit: Option<usize>,
    detail: StatsDetail,
    job: &Job,
) -> Found<Answer> {
    job.note(&result.stats);
    let stats = stats::told(result.stats, detail, job.queued);
    let (mut warnings, infos) = (result.annotations.warning_texts(text), result.annotations.info_texts(text));
    let (data, cut) = match result.value {
        Value::Scalar(sample) => {
            // Alone among values, Prometheus writes a scalar without an exponent.
            (QueryData::Scalar(WrittenText(sample.timestamp, format_value(sample.value))), None)
        }
        Value::String(at, text) => (QueryData::String(WrittenText(at, text)), None),
        Value::Vector(elements) => {
            let series = elements
                .into_iter()
                .map(|element| instant_series(element.labels, element.timestamp, element.value));
            let list = Found::cut(series.collect(), limit);
            (QueryData::Vector(list.data), Some(list.warnings))
        }
        Value::Matrix(series) => {
            let series = series.into_iter().map(|series| RangeSeries {
                metric: series.labels,
                values: series.samples.into_iter().map(Written::from).collect(),
                histograms: series
                    .histograms
                    .into_iter()
                    .map(|(at, histogram)| WrittenHistogram(at, histogram))
                    .collect(),
            });
            let list = Found::cut(series.collect(), limit);
            (QueryData::Matrix(list.data), Some(list.warnings))
        }
    };
    warnings.extend(cut.unwrap_or_default());
    Found { data: Answer { data, stats }, warnings, infos }
}
