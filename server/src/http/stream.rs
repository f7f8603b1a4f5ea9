//! `/stream/log`: streams that last. The last segment of the path is what keeps a Kubernetes API server in between from
//! cutting them after a minute.

use axum::body::Body;
use axum::extract::{Extension, RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use crowsnest_api::cluster::WatchTarget;
use crowsnest_api::stream::{EndReason, LAST_EVENT_ID, MAX_WATCHES};
use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};

use super::objects::Viewer;
use super::{ApiError, AppState, ErrorKind};
use crate::auth::Identified;
use crate::clock;
use crate::watching::{self, Subscriber};

/// Asks proxies of nginx's kind to pass on what comes as it comes.
const UNBUFFERED: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
/// The longest position that is read.
const MAX_ID: usize = 2048;

/// What a stream is asked to be.
#[derive(Debug, Default, PartialEq, Eq)]
struct Question {
    targets: Vec<WatchTarget>,
    last_event_id: Option<String>,
}

/// `GET`: opens a stream.
pub(super) async fn open(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let question = Question::read(query.as_deref().unwrap_or_default())?;
    let viewer = Viewer::of(&app, &identified)?;
    let place = app.streams.take(viewer.credential.fingerprint()).ok_or_else(|| {
        ApiError::new(ErrorKind::TooManyRequests, "too many streams are open; close some pages")
    })?;
    // A browser that comes back by itself sends the header; the parameter is from when the page was made.
    let header = headers.get("last-event-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    let last_event_id = header.or(question.last_event_id).filter(|id| id.len() <= MAX_ID);
    let subscriber = Subscriber {
        cluster: viewer.cluster.clone(),
        credential: viewer.credential.clone(),
        end: end_of(&app, &viewer),
        expire: expire(&app, &viewer),
        stopped: app.stop.subscribe(),
    };
    let events = watching::open(subscriber, place, question.targets, last_event_id.as_deref());
    let kind = (CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    Ok(([kind, UNBUFFERED], Body::from_stream(events)).into_response())
}

/// How it is found out that a stream's owner is not signed in any more.
fn end_of(app: &AppState, viewer: &Viewer) -> Box<dyn Fn() -> Option<EndReason> + Send + Sync> {
    let app = AppState::clone(app);
    let Some(id) = viewer.session.clone() else {
        let ends = viewer.credential.ends();
        return Box::new(move || ends.is_some_and(|ends| ends <= clock::now()).then_some(EndReason::Expired));
    };
    Box::new(move || app.auth.sessions.end_of(&id, clock::now()))
}

/// Ends the session whose token the API server no longer accepts.
fn expire(app: &AppState, viewer: &Viewer) -> Box<dyn Fn() + Send + Sync> {
    let (app, viewer) = (AppState::clone(app), viewer.clone());
    Box::new(move || {
        let (app, viewer) = (AppState::clone(&app), viewer.clone());
        tokio::spawn(async move { viewer.end_session(&app).await });
    })
}

impl Question {
    fn read(query: &str) -> Result<Self, ApiError> {
        let mut question = Self::default();
        let mut kind = None;
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "kind" => kind = Some(value.into_owned()),
                "of" => question
                    .targets
                    .push(value.parse().map_err(|error| ApiError::bad_request(format!("of: {error}")))?),
                LAST_EVENT_ID => question.last_event_id = Some(value.into_owned()),
                _ => {}
            }
            if question.targets.len() > MAX_WATCHES {
                return Err(ApiError::bad_request(format!(
                    "a stream has at most {MAX_WATCHES} watches (of=…)"
                )));
            }
        }
        match kind.as_deref() {
            Some("watch") if question.targets.is_empty() => {
                Err(ApiError::bad_request("nothing to watch; say what, as in of=core.v1.pods/shop"))
            }
            Some("watch") => Ok(question),
            _ => Err(ApiError::bad_request("kind must be watch")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_refused(query: &str) {
        assert!(Question::read(query).is_err(), "{query}");
    }

    #[test]
    fn watches_are_read_in_their_order() {
        let query = "kind=watch&of=core.v1.pods%2Fshop&of=core.v1.events/-/fieldSelector%3Dtype%3DWarning&last_event_id=x";
        let question = Question::read(query).unwrap();
        let of: Vec<String> = question.targets.iter().map(ToString::to_string).collect();
        assert_eq!(of, ["core.v1.pods/shop", "core.v1.events/-/fieldSelector=type=Warning"]);
        assert_eq!(question.last_event_id.as_deref(), Some("x"));
    }

    #[test]
    fn a_stream_of_nothing_of_too_much_or_of_something_else_is_refused() {
        for query in
            ["", "kind=watch", "kind=tail&of=core.v1.pods/-", "kind=watch&of=pods", "of=core.v1.pods/-"]
        {
            check_refused(query);
        }
        check_refused(&format!("kind=watch{}", "&of=core.v1.pods/-".repeat(MAX_WATCHES + 1)));
    }
}
