//! `silences` and `silence/{id}`.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, Path, RawQuery, State};
use crowsnest_alerting::alertmanager::show_matchers;
use crowsnest_alerting::dispatch::{Silence, SilenceError, SilenceState};
use crowsnest_api::Timestamp;
use crowsnest_promql::{MatchOp, Matcher};
use serde::Deserialize;
use serde_json::{Value, json};

use super::filter::Filter;
use super::{Refused, read_time, time};
use crate::api_v1::Seen;
use crate::audit::{Action, Outcome};
use crate::auth::Identified;
use crate::clock;
use crate::http::{AppState, Reader, Verb};
use crate::listen::Peer;
use crate::notifier::sight::{folder, sees_silence};

/// What they are called in rights.
const SILENCES: &str = "silences";

/// A silence as it is posted.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Posted {
    id: String,
    matchers: Vec<PostedMatcher>,
    starts_at: String,
    ends_at: String,
    created_by: String,
    comment: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PostedMatcher {
    name: String,
    value: String,
    #[serde(default)]
    is_regex: bool,
    #[serde(default = "yes")]
    is_equal: bool,
}

const fn yes() -> bool {
    true
}

/// `GET silences`: those that mute, by their ends; those that will, by their beginnings; those that are over, the newest first.
pub(crate) async fn list(
    State(app): State<AppState>,
    seen: Seen,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Refused> {
    let filter = Filter::read(query.as_deref())?;
    let now = clock::now();
    let dispatcher = app.notifier.dispatcher();
    let takes = |silence: &&Silence| {
        filter.is_among(&silence.matchers) && sees_silence(seen.confinement(), &dispatcher, silence, now)
    };
    let mut silences: Vec<&Silence> = dispatcher.silences.all().filter(takes).collect();
    silences.sort_by_key(|silence| {
        let state = silence.state(now);
        let time = match state {
            SilenceState::Active => silence.ends_at.millis(),
            SilenceState::Pending => silence.starts_at.millis(),
            SilenceState::Expired => -silence.ends_at.millis(),
        };
        (state, time)
    });
    Ok(Json(silences.into_iter().map(|silence| shown(silence, now)).collect()))
}

/// `GET silence/{id}`.
pub(crate) async fn one(
    State(app): State<AppState>,
    seen: Seen,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refused> {
    let (dispatcher, now) = (app.notifier.dispatcher(), clock::now());
    let found = dispatcher.silences.get(&id);
    let found = found.filter(|silence| sees_silence(seen.confinement(), &dispatcher, silence, now));
    found.map(|silence| Json(shown(silence, now))).ok_or_else(|| missing(&id))
}

fn missing(id: &str) -> Refused {
    Refused::not_found(format!("silence {id} not found"))
}

fn shown(silence: &Silence, now: Timestamp) -> Value {
    let matchers = silence.matchers.iter().map(|matcher| {
        json!({
            "isEqual": matches!(matcher.op(), MatchOp::Equal | MatchOp::Regex),
            "isRegex": matches!(matcher.op(), MatchOp::Regex | MatchOp::NotRegex),
            "name": matcher.name(),
            "value": matcher.value(),
        })
    });
    json!({
        "id": silence.id,
        "status": {"state": silence.state(now).name()},
        "updatedAt": time(silence.updated_at),
        "comment": silence.comment,
        "createdBy": silence.created_by,
        "endsAt": time(silence.ends_at),
        "matchers": matchers.collect::<Vec<_>>(),
        "startsAt": time(silence.starts_at),
    })
}

/// `POST silences`: makes one, or changes one. Who may is decided by the namespaces that it is for, before and after.
pub(crate) async fn post(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
    Extension(peer): Extension<Peer>,
    body: Bytes,
) -> Result<Json<Value>, Refused> {
    let posted: Posted = serde_json::from_slice(&body)
        .map_err(|error| Refused::bad(format!("parsing silence body: {error}")))?;
    let now = clock::now();
    let silence = read(posted, now)?;
    let reader = Reader::of(&app, &identified, SILENCES)?;
    reader.must(&app, Verb::Create, folder(&silence.matchers)).await?;
    if let Some(before) = folder_of(&app, &silence.id) {
        reader.must(&app, Verb::Update, &before).await?;
    }
    let id = silence.id.clone();
    let detail = show_matchers(&silence.matchers);
    let keeper = AppState::clone(&app);
    let made = tokio::task::spawn_blocking(move || keeper.notifier.silence(silence, now)).await;
    match made.map_err(anyhow::Error::from).and_then(|made| made) {
        Ok(Ok(id)) => {
            let (user, from) = (reader.user(), peer.address.ip());
            app.audit.note(now, Action::SaveSilence, Outcome::Done, user, from, &format!("{id} {detail}"));
            Ok(Json(json!({"silenceID": id})))
        }
        Ok(Err(SilenceError::NotFound)) => Err(missing(&id)),
        Ok(Err(error)) => Err(Refused::bad(error.to_string())),
        Err(error) => Err(Refused::failed(&error)),
    }
}

fn read(posted: Posted, now: Timestamp) -> Result<Silence, Refused> {
    let required = |name: &str| Refused::invalid(format!("{name} in body is required"));
    for (name, is_there) in [
        ("comment", !posted.comment.is_empty()),
        ("createdBy", !posted.created_by.is_empty()),
        ("matchers", !posted.matchers.is_empty()),
    ] {
        if !is_there {
            return Err(required(name));
        }
    }
    let mut matchers = Vec::new();
    for matcher in posted.matchers {
        let op = match (matcher.is_equal, matcher.is_regex) {
            (true, false) => MatchOp::Equal,
            (true, true) => MatchOp::Regex,
            (false, false) => MatchOp::NotEqual,
            (false, true) => MatchOp::NotRegex,
        };
        let matcher = Matcher::new(matcher.name, op, matcher.value);
        matchers.push(matcher.map_err(|error| Refused::bad(error.to_string()))?);
    }
    Ok(Silence {
        id: posted.id,
        matchers,
        starts_at: read_time(&posted.starts_at)?.ok_or_else(|| required("startsAt"))?,
        ends_at: read_time(&posted.ends_at)?.ok_or_else(|| required("endsAt"))?,
        updated_at: now,
        created_by: posted.created_by,
        comment: posted.comment,
    })
}

/// Where the silence of an id belongs, if there is one.
fn folder_of(app: &AppState, id: &str) -> Option<String> {
    let dispatcher = app.notifier.dispatcher();
    dispatcher.silences.get(id).map(|silence| folder(&silence.matchers).to_owned())
}

/// `DELETE silence/{id}`: ends it now.
pub(crate) async fn expire(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
    Extension(peer): Extension<Peer>,
    Path(id): Path<String>,
) -> Result<(), Refused> {
    let reader = Reader::of(&app, &identified, SILENCES)?;
    let folder = folder_of(&app, &id).ok_or_else(|| missing(&id))?;
    reader.must(&app, Verb::Delete, &folder).await?;
    let (asked, keeper) = (id.clone(), AppState::clone(&app));
    let ended = tokio::task::spawn_blocking(move || keeper.notifier.expire(&asked, clock::now())).await;
    match ended.map_err(anyhow::Error::from).and_then(|ended| ended) {
        Ok(Ok(())) => {
            let (user, from) = (reader.user(), peer.address.ip());
            app.audit.note(clock::now(), Action::EndSilence, Outcome::Done, user, from, &id);
            Ok(())
        }
        Ok(Err(_)) => Err(missing(&id)),
        Err(error) => Err(Refused::failed(&error)),
    }
}
