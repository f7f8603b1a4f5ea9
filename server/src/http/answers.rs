//! `POST /api/crowsnest/v1/answers`: the queries of all panels that are seen, in one request.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use crowsnest_api::Timestamp;
use crowsnest_api::answers::{
    Answer, Grid, Held, MAX_QUERIES, MEDIA_TYPE, Question, Questions, Series, write,
};
use crowsnest_promql::{
    Cacheable, Confinement, PatternBudget, Queryable, RangeParams, Receipt, parse_matchers,
};
use futures_util::stream::{self, StreamExt as _};
use http::header::{CONTENT_TYPE, HeaderValue};

use super::{ApiError, App, AppState};
use crate::api_v1::{Seen, pool_failed};
use crate::dashboards::series_of;
use crate::query_pool::Job;

/// How many of one request wait for a place to run at the same time.
const AT_ONCE: usize = 8;
/// Bytes of all answers together; no browser draws as much.
const MAX_BYTES: usize = 64 << 20;

/// Evaluates each. What is wrong with one is its answer and keeps no other from being answered.
pub(super) async fn answer(
    State(app): State<AppState>,
    seen: Seen,
    Json(Questions { queries }): Json<Questions>,
) -> Result<Response, ApiError> {
    if queries.len() > MAX_QUERIES {
        return Err(ApiError::bad_request(format!(
            "{} queries at once, at most {MAX_QUERIES} are answered; ask for fewer panels",
            queries.len()
        )));
    }
    let seen = Arc::new(seen);
    let mut records = stream::iter(queries.into_iter().enumerate())
        .map(|(index, question)| record(&app, &seen, index, question))
        .buffer_unordered(AT_ONCE);
    let mut body = Vec::new();
    while let Some(record) = records.next().await {
        body.extend_from_slice(&record?);
        if body.len() > MAX_BYTES {
            return Err(ApiError::bad_request(format!(
                "the answers have more than {} MiB together; narrow the queries or take a longer step",
                MAX_BYTES >> 20
            )));
        }
    }
    Ok(([(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE))], Bytes::from(body)).into_response())
}

/// The record of one query.
async fn record(
    app: &AppState,
    seen: &Arc<Seen>,
    index: usize,
    question: Question,
) -> Result<Vec<u8>, ApiError> {
    let (state, seen, text) = (AppState::clone(app), Arc::clone(seen), question.expr.clone());
    let grid = Grid::of(&question);
    let evaluated = app.pool.run(&text, None, move |job| {
        let told = evaluate(&state, &seen, &question, job);
        let start = told.as_ref().ok().and_then(|told| told.start).unwrap_or(grid.start);
        let (outcome, warnings, receipt) = match told {
            Ok(Told { series, warnings, receipt, .. }) => (Ok(series), warnings, receipt),
            Err(message) => (Err(message), Vec::new(), None),
        };
        let mut record = Vec::new();
        write(&Answer { index, start, outcome, warnings, receipt }, grid.starting(start), &mut record);
        record
    });
    evaluated.await.map_err(pool_failed)
}

/// The answer to one query, as the caller may see it.
struct Told {
    series: Vec<Series>,
    /// The engine's remarks.
    warnings: Vec<String>,
    /// The first step that is told, where those before it are held.
    start: Option<i64>,
    /// For the next time.
    receipt: Option<String>,
}

fn evaluate(app: &App, seen: &Seen, question: &Question, job: &Job) -> Result<Told, String> {
    let text = &question.expr;
    let expr = crowsnest_promql::parse(text).map_err(|error| error.to_string())?;
    let confinement = narrowed(seen.confinement(), &question.matchers)?;
    let store = confinement.of(&*app.storage.queryable);
    let query = || app.engine.query(&store, &expr).controlled(&job.control);
    let (mut receipt, mut start) = (None, None);
    let result = match question.step {
        None => query().instant(Timestamp::from_millis(question.to)),
        Some(step) => {
            let step = std::time::Duration::from_millis(u64::try_from(step).unwrap_or(0));
            let (from, to) = (Timestamp::from_millis(question.from), Timestamp::from_millis(question.to));
            let range = RangeParams::new(from, to.max(from), step).map_err(|error| error.to_string())?;
            let options = app.engine.options();
            let (lookback, resolution) = (options.lookback, options.resolution);
            let confinement = &confinement;
            let cacheable = Cacheable { text, expr: &expr, confinement, lookback, resolution, range };
            receipt = app.receipts.give(&store, &cacheable);
            start = question.held.as_ref().and_then(|held| first_to_tell(app, &store, &cacheable, held));
            app.range_cache.range(&store, cacheable, |range| query().range(range))
        }
    };
    let result = result.map_err(|error| error.located(text).to_string())?;
    job.note(&result.stats);
    let warnings = result.annotations.warning_texts(text);
    let mut series = series_of(result.value).ok_or("a text has no place in a panel; query a number")?;
    if let Some(start) = start {
        series.retain_mut(|series| series.forget_before(start));
    }
    // What came with a warning is asked for as a whole again.
    let receipt = receipt.filter(|_| warnings.is_empty()).map(|receipt| receipt.text());
    Ok(Told { series, warnings, start, receipt })
}

/// The step after those that the caller holds and that hold.
fn first_to_tell(
    app: &App,
    store: &dyn Queryable,
    query: &Cacheable<'_>,
    Held { receipt, from, to }: &Held,
) -> Option<i64> {
    let receipt = Receipt::parse(receipt)?;
    let held = (Timestamp::from_millis(*from), Timestamp::from_millis(*to));
    let until = app.receipts.holds_until(store, query, receipt, held)?;
    Some(until.millis().saturating_add(query.range.step_ms()))
}

/// What the caller may see, and of it what `matchers` select.
fn narrowed(seen: &Confinement, matchers: &[String]) -> Result<Confinement, String> {
    if matchers.is_empty() {
        return Ok(seen.clone());
    }
    let text = format!("{{{}}}", matchers.join(","));
    let wanted = parse_matchers(&text, &mut PatternBudget::default()).map_err(|error| error.to_string())?;
    Ok(Confinement::to(seen.matchers().iter().cloned().chain(wanted).collect()))
}
