//! The Alertmanager API v2 below `/alertmanager/api/v2`, for amtool, for senders of alerts, and for those that show them.
//!
//! Parameters, shapes and error texts follow Alertmanager; see its api/v2/openapi.yaml. Whoever may not see every namespace is
//! told of the alerts, groups and silences of those that they may.

mod alerts;
mod filter;
mod silences;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use crowsnest_api::Timestamp;
use http::StatusCode;
use serde_json::{Value, json};

pub(crate) use self::alerts::{groups, list as alerts, post as post_alerts};
pub(crate) use self::silences::{
    expire as expire_silence, list as silences, one as silence, post as post_silence,
};
use crate::http::{ApiError, AppState, KeepsBody};

/// A request that is refused.
pub(crate) enum Refused {
    /// In Alertmanager's way: a status, and a text or an object.
    Theirs(StatusCode, Value),
    /// For a reason that Alertmanager does not know.
    Ours(Box<ApiError>),
}

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        Self::Ours(Box::new(error))
    }
}

impl Refused {
    fn bad(message: impl Into<String>) -> Self {
        Self::Theirs(StatusCode::BAD_REQUEST, Value::String(message.into()))
    }

    /// A field that is missing or wrong.
    fn invalid(message: impl Into<String>) -> Self {
        Self::Theirs(StatusCode::UNPROCESSABLE_ENTITY, json!({"code": 602, "message": message.into()}))
    }

    fn not_found(message: impl Into<String>) -> Self {
        Self::Theirs(StatusCode::NOT_FOUND, Value::String(message.into()))
    }

    fn failed(error: &anyhow::Error) -> Self {
        tracing::error!(err = &**error as &dyn std::error::Error, "request failed");
        Self::Theirs(
            StatusCode::INTERNAL_SERVER_ERROR,
            Value::String("something went wrong; the log has it".into()),
        )
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Ours(error) => error.into_response(),
            Self::Theirs(status, body) => {
                let mut response = (status, Json(body)).into_response();
                response.extensions_mut().insert(KeepsBody);
                response
            }
        }
    }
}

/// `status`: what runs here, and since when.
pub(crate) async fn status(State(app): State<AppState>) -> Json<Value> {
    Json(json!({
        "cluster": {"peers": [], "status": "disabled"},
        // With secrets in it, it is nobody's business; those who may read the file have it.
        "config": {"original": ""},
        "uptime": time(app.started),
        "versionInfo": {
            "branch": "",
            "buildDate": "",
            "buildUser": "",
            "goVersion": "",
            "revision": "",
            "version": env!("CARGO_PKG_VERSION"),
        },
    }))
}

/// `receivers`: their names.
pub(crate) async fn receivers(State(app): State<AppState>) -> Json<Value> {
    let dispatcher = app.notifier.dispatcher();
    let receivers = dispatcher.config().receivers.iter().map(|receiver| json!({"name": receiver.name}));
    Json(receivers.collect())
}

/// A time with milliseconds, always three digits of them.
fn time(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.millis()).unwrap_or_default();
    format!("{at:.3}")
}

/// Reads RFC 3339; Go's zero time and an empty text are no time.
fn read_time(text: &str) -> Result<Option<Timestamp>, Refused> {
    if text.is_empty() || text.starts_with("0001-01-01T00:00:00") {
        return Ok(None);
    }
    let parsed: Result<jiff::Timestamp, _> = text.parse();
    match parsed {
        Ok(at) => Ok(Some(Timestamp::from_millis(at.as_millisecond()))),
        Err(_) => Err(Refused::bad(format!("parsing time {text:?}: not RFC 3339"))),
    }
}
