//! `/stream/log`: streams that last. The last segment of the path is what keeps a Kubernetes API server in between from
//! cutting them after a minute.

use axum::body::Body;
use axum::extract::{Extension, RawQuery, Request, State};
use axum::response::{IntoResponse as _, Response};
use crowsnest_api::cluster::{NotAName, WatchTarget};
use crowsnest_api::logs::LogQuestion;
use crowsnest_api::stream::{ANEW, EndReason, LAST_EVENT_ID, MAX_WATCHES};
use crowsnest_api::terminal::{TerminalKind, TerminalQuestion};
use http::HeaderMap;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderName, HeaderValue};

use super::objects::Viewer;
use super::terminal;
use super::{ApiError, AppState, ErrorKind, streamed};
use crate::auth::Identified;
use crate::clock;
use crate::cluster::ClusterError;
use crate::listen::Peer;
use crate::logs::{self, Pods};
use crate::watching::{self, Place, Subscriber, Watches};

/// Asks proxies of nginx's kind to pass on what comes as it comes.
const UNBUFFERED: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
/// What a browser that comes back by itself sends.
const LAST_EVENT_ID_HEADER: &str = "last-event-id";
/// The longest position that is read.
const MAX_ID: usize = 2048;

/// What a stream is asked to be.
#[derive(Debug, PartialEq, Eq)]
enum Question {
    Watch(Watches),
    Logs(Box<LogQuestion>),
    Terminal(Box<TerminalQuestion>),
}

/// `GET`: opens a stream.
pub(super) async fn open(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
    Extension(peer): Extension<Peer>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, ApiError> {
    let query = query.unwrap_or_default();
    let question = Question::read(&query)?;
    let viewer = Viewer::of(&app, &identified)?;
    if let Question::Terminal(question) = question {
        return terminal::open(&app, &identified, &viewer, peer, *question, request).await;
    }
    let place = app.streams.take(viewer.credential.fingerprint()).ok_or_else(|| {
        ApiError::new(ErrorKind::TooManyRequests, "too many streams are open; close some pages")
    })?;
    let id = last_event_id(&query, &headers);
    let subscriber = Subscriber {
        cluster: viewer.cluster.clone(),
        credential: viewer.credential.clone(),
        end: end_of(&app, &viewer),
        expire: expire(&app, &viewer),
        stopped: app.stop.subscribe(),
    };
    match question {
        Question::Watch(mut watches) => {
            // A browser that comes back by itself has what this very stream told it.
            if headers.contains_key(LAST_EVENT_ID_HEADER) {
                watches.anew.clear();
            }
            Ok(of_events(streamed(watching::open(subscriber, place, watches, id.as_deref()))))
        }
        Question::Terminal(_) => Err(ApiError::bad_request("a terminal is a WebSocket")),
        Question::Logs(question) => {
            let answer = logs(subscriber, place, *question, id.as_deref()).await;
            match answer {
                Ok(response) => Ok(response),
                Err(error) => Err(viewer.refused(&app, error).await),
            }
        }
    }
}

fn of_events(events: Body) -> Response {
    let kind = (CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    ([kind, UNBUFFERED], events).into_response()
}

/// Logs, as events or as a file.
async fn logs(
    subscriber: Subscriber,
    place: Place,
    question: LogQuestion,
    last_event_id: Option<&str>,
) -> Result<Response, ClusterError> {
    let pods = Pods::of(&question, &subscriber.cluster, &subscriber.credential).await?;
    if !question.download {
        let events = logs::open(subscriber, place, question, pods, last_event_id).await?;
        return Ok(of_events(streamed(events)));
    }
    let name = format!("attachment; filename=\"{}.log\"", file_name(question.of.name.as_str()));
    let text = logs::download(subscriber, place, question, pods).await?;
    let name = HeaderValue::try_from(name).unwrap_or(HeaderValue::from_static("attachment"));
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")),
        (CONTENT_DISPOSITION, name),
        UNBUFFERED,
    ];
    Ok((headers, streamed(text)).into_response())
}

/// A name that no file system takes amiss.
fn file_name(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect()
}

/// A browser that comes back by itself sends the header; the parameter is from when the page was made.
fn last_event_id(query: &str, headers: &HeaderMap) -> Option<String> {
    let header = headers.get(LAST_EVENT_ID_HEADER).and_then(|id| id.to_str().ok()).map(str::to_owned);
    let parameter = || {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(name, _)| name == LAST_EVENT_ID).map(|(_, id)| id.into_owned())
    };
    header.or_else(parameter).filter(|id| id.len() <= MAX_ID)
}

/// How it is found out that a stream's owner is not signed in any more.
pub(super) fn end_of(app: &AppState, viewer: &Viewer) -> Box<dyn Fn() -> Option<EndReason> + Send + Sync> {
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
        let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let pairs = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        match pairs.clone().find(|(name, _)| *name == "kind").map(|(_, kind)| kind) {
            Some("watch") => watches(&pairs).map(Self::Watch),
            Some("logs") => LogQuestion::read(pairs)
                .map(|question| Self::Logs(Box::new(question)))
                .map_err(|error| ApiError::bad_request(error.to_string())),
            Some("exec") => terminal(TerminalKind::Exec, pairs),
            Some("attach") => terminal(TerminalKind::Attach, pairs),
            _ => Err(ApiError::bad_request("kind must be watch, logs, exec or attach")),
        }
    }
}

fn terminal<'a>(
    kind: TerminalKind,
    pairs: impl Iterator<Item = (&'a str, &'a str)> + Clone,
) -> Result<Question, ApiError> {
    TerminalQuestion::read(kind, pairs)
        .map(|question| Question::Terminal(Box::new(question)))
        .map_err(|error| ApiError::bad_request(error.to_string()))
}

fn watches<'a>(pairs: &(impl Iterator<Item = (&'a str, &'a str)> + Clone)) -> Result<Watches, ApiError> {
    let wrong = |error: NotAName| ApiError::bad_request(format!("of: {error}"));
    let all =
        |wanted: &'static str| pairs.clone().filter(move |(name, _)| *name == wanted).take(MAX_WATCHES + 1);
    let targets =
        all("of").map(|(_, of)| of.parse().map_err(wrong)).collect::<Result<Vec<WatchTarget>, _>>()?;
    match targets.len() {
        0 => return Err(ApiError::bad_request("nothing to watch; say what, as in of=core.v1.pods/shop")),
        n if n > MAX_WATCHES => {
            return Err(ApiError::bad_request(format!("a stream has at most {MAX_WATCHES} watches (of=…)")));
        }
        _ => {}
    }
    let number = |(_, number): (&str, &str)| {
        number.parse().ok().filter(|number| *number < targets.len()).ok_or_else(|| {
            ApiError::bad_request(format!("{ANEW}: {number} is the number of no watch; they count from 0"))
        })
    };
    let anew = all(ANEW).map(number).collect::<Result<Vec<usize>, _>>()?;
    Ok(Watches { targets, anew })
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
        let query = "kind=watch&of=core.v1.pods%2Fshop&of=core.v1.events/-/fieldSelector%3Dtype%3DWarning&last_event_id=x&anew=1";
        let Question::Watch(watches) = Question::read(query).unwrap() else { panic!("no watches") };
        let of: Vec<String> = watches.targets.iter().map(ToString::to_string).collect();
        assert_eq!(of, ["core.v1.pods/shop", "core.v1.events/-/fieldSelector=type=Warning"]);
        assert_eq!(watches.anew, [1]);
        assert_eq!(last_event_id(query, &HeaderMap::new()).as_deref(), Some("x"));
        let headers =
            HeaderMap::from_iter([("last-event-id".parse().unwrap(), HeaderValue::from_static("y"))]);
        assert_eq!(last_event_id(query, &headers).as_deref(), Some("y"));
    }

    #[test]
    fn a_stream_of_nothing_of_too_much_or_of_something_else_is_refused() {
        for query in [
            "",
            "kind=watch",
            "kind=tail&of=core.v1.pods/-",
            "kind=watch&of=pods",
            "kind=watch&of=core.v1.pods/-&anew=1",
            "kind=watch&of=core.v1.pods/-&anew=pods",
            "of=core.v1.pods/-",
            "kind=logs",
            "kind=logs&of=core.v1.pods/shop",
        ] {
            check_refused(query);
        }
        check_refused(&format!("kind=watch{}", "&of=core.v1.pods/-".repeat(MAX_WATCHES + 1)));
    }
}
