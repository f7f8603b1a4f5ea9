//! `notifications` and `notifications/live`: what the server wants its operator to know, now and as it comes.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use http::StatusCode;
use serde::Serialize;

use super::answer::plain;
use crate::clock;
use crate::http::AppState;
use crate::notices::Notice;

/// How often a line without meaning shows proxies that the stream is alive.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// One entry, as Prometheus writes it.
#[derive(Debug, Serialize)]
struct Entry {
    text: &'static str,
    date: String,
    active: bool,
}

impl From<Notice> for Entry {
    fn from(notice: Notice) -> Self {
        Self { text: notice.text, date: clock::rfc3339(notice.since), active: notice.active }
    }
}

/// `notifications`: those that are active.
pub(crate) async fn list(State(app): State<AppState>) -> Response {
    let entries: Vec<Entry> = app.notices.active().into_iter().map(Entry::from).collect();
    plain(entries).into_response()
}

/// `notifications/live`: those that are active, and then every change, as server-sent events. 204 when as many listen
/// as may, which tells a browser not to come back at once.
pub(crate) async fn live(State(app): State<AppState>) -> Response {
    let Some(subscription) = app.notices.subscribe() else {
        return StatusCode::NO_CONTENT.into_response();
    };
    let events = stream::unfold(subscription, async |mut subscription| {
        let notice = subscription.next().await?;
        let event = Event::default().json_data(Entry::from(notice)).unwrap_or_default();
        Some((Ok::<_, Infallible>(event), subscription))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response()
}
