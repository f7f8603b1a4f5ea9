//! Changing objects of the cluster, as the user who asks: create, replace, patch, delete, and some of what lies below objects.
//!
//! The address is that of the object (see `objects.rs`), the subresource a parameter. Nothing of a request goes on but what
//! `changes/parameters.rs` knows, a checked media type, and a body of JSON. What is written to the audit log names the object and what was
//! done, never what was sent; a trial (`dryRun`) changes nothing and is not written there.

mod parameters;

use std::net::IpAddr;

use axum::body::Bytes;
use axum::extract::{FromRequestParts, Path as UrlPath, State};
use axum::response::{IntoResponse as _, Response};
use crowsnest_api::changes::HIDDEN;
use crowsnest_api::cluster::{Kind, ObjectName, Scope};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{Method, StatusCode};
use serde_json::Value;

use self::parameters::Parameters;
use super::objects::{Viewer, answer, parse};
use super::{ApiError, AppState, ErrorKind};
use crate::audit::{Action, Outcome};
use crate::auth::Identified;
use crate::cluster::{As, Change, ClusterError, Managers, Path, is_secret, trim_object};
use crate::listen::Peer;

pub(super) const JSON: &str = "application/json";
/// Server-side apply. JSON is YAML as well.
pub(super) const APPLY: &str = "application/apply-patch+yaml";
/// The ways to write a patch.
const PATCHES: &[&str] = &[
    APPLY,
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
];

/// What is done to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Create,
    Replace,
    Patch,
    Delete,
}

impl Verb {
    fn method(self) -> Method {
        match self {
            Self::Create => Method::POST,
            Self::Replace => Method::PUT,
            Self::Patch => Method::PATCH,
            Self::Delete => Method::DELETE,
        }
    }

    fn action(self, media_type: &str) -> Action {
        match self {
            Self::Create => Action::CreateObject,
            Self::Replace => Action::ReplaceObject,
            Self::Patch if media_type == APPLY => Action::ApplyObject,
            Self::Patch => Action::PatchObject,
            Self::Delete => Action::DeleteObject,
        }
    }

    /// The media type of a request, if it is one that goes with the verb.
    fn media_type(self, given: &str) -> Result<&'static str, ApiError> {
        let known: &[&'static str] = match self {
            Self::Create | Self::Replace => &[JSON],
            Self::Patch => PATCHES,
            // Its body is of our own making.
            Self::Delete => return Ok(JSON),
        };
        let given = given.split(';').next().unwrap_or_default().trim();
        known.iter().find(|known| given.eq_ignore_ascii_case(known)).copied().ok_or_else(|| {
            let message = format!("the body of this request is {}", known.join(" or "));
            ApiError::new(ErrorKind::UnsupportedMediaType, message)
        })
    }
}

/// Who asks for a change, and what a request says beside its address and its body.
pub(super) struct Asking {
    pub(super) viewer: Viewer,
    pub(super) from: IpAddr,
    pub(super) query: String,
    pub(super) media_type: String,
}

impl FromRequestParts<AppState> for Asking {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        let missing = || ApiError::internal(anyhow::anyhow!("a request came past the guard"));
        let identified = parts.extensions.get::<Identified>().ok_or_else(missing)?;
        let from = parts.extensions.get::<Peer>().ok_or_else(missing)?.address.ip();
        let media_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        Ok(Self {
            viewer: Viewer::of(app, identified)?,
            from,
            query: parts.uri.query().unwrap_or_default().to_owned(),
            media_type: media_type.unwrap_or_default().to_owned(),
        })
    }
}

/// `POST objects/{kind}/{namespace}`: a new object.
pub(super) async fn create(
    State(app): State<AppState>,
    asking: Asking,
    UrlPath((kind, scope)): UrlPath<(String, String)>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let object = Object { kind: parse(&kind)?, scope: parse(&scope)?, name: None };
    let made = run(&app, asking, Verb::Create, object, body).await?;
    Ok((StatusCode::CREATED, made).into_response())
}

/// `POST objects/{kind}/{namespace}/{name}?subresource=eviction`: what is created below an object.
pub(super) async fn create_below(
    State(app): State<AppState>,
    asking: Asking,
    UrlPath(path): UrlPath<(String, String, String)>,
    body: Bytes,
) -> Result<Response, ApiError> {
    run(&app, asking, Verb::Create, Object::at(&path)?, body).await
}

/// `PUT objects/{kind}/{namespace}/{name}`.
pub(super) async fn replace(
    State(app): State<AppState>,
    asking: Asking,
    UrlPath(path): UrlPath<(String, String, String)>,
    body: Bytes,
) -> Result<Response, ApiError> {
    run(&app, asking, Verb::Replace, Object::at(&path)?, body).await
}

/// `PATCH objects/{kind}/{namespace}/{name}`.
pub(super) async fn patch(
    State(app): State<AppState>,
    asking: Asking,
    UrlPath(path): UrlPath<(String, String, String)>,
    body: Bytes,
) -> Result<Response, ApiError> {
    run(&app, asking, Verb::Patch, Object::at(&path)?, body).await
}

/// `DELETE objects/{kind}/{namespace}/{name}`.
pub(super) async fn delete(
    State(app): State<AppState>,
    asking: Asking,
    UrlPath(path): UrlPath<(String, String, String)>,
) -> Result<Response, ApiError> {
    run(&app, asking, Verb::Delete, Object::at(&path)?, Bytes::new()).await
}

/// What is changed; without a name, one more of its kind.
struct Object {
    kind: Kind,
    scope: Scope,
    name: Option<ObjectName>,
}

impl Object {
    fn at((kind, scope, name): &(String, String, String)) -> Result<Self, ApiError> {
        Ok(Self { kind: parse(kind)?, scope: parse(scope)?, name: Some(parse(name)?) })
    }

    fn path(&self) -> Path {
        match &self.name {
            Some(name) => Path::object(&self.kind, &self.scope, name),
            None => Path::list(&self.kind, &self.scope),
        }
    }
}

/// `core.v1.pods/shop/web`, with what lies below it: how the audit log names what was changed.
pub(super) fn told(kind: &Kind, scope: &Scope, name: &str, below: Option<&str>) -> String {
    let below = below.map(|below| format!("/{below}")).unwrap_or_default();
    format!("{kind}/{scope}/{name}{below}")
}

async fn run(
    app: &AppState,
    asking: Asking,
    verb: Verb,
    object: Object,
    body: Bytes,
) -> Result<Response, ApiError> {
    let parameters = Parameters::read(verb, &asking.query)?;
    let below = parameters.subresource();
    if verb == Verb::Create && object.name.is_some() != below.is_some() {
        return Err(ApiError::bad_request(
            "an object is created without a name in its address, an eviction with it",
        ));
    }
    let media_type = verb.media_type(&asking.media_type)?;
    let (path, body) = match verb {
        Verb::Delete => (object.path(), parameters.delete_options().to_string().into_bytes()),
        _ => (parameters.of_path(object.path()), checked(&object.kind, body).await?.to_vec()),
    };
    let change = Change { method: verb.method(), path, media_type, body };
    let Asking { viewer, from, .. } = asking;
    let outcome = viewer.cluster.change(As::User(&viewer.credential), change).await;
    if !parameters.is_trial() {
        let name = match (&object.name, &outcome) {
            (Some(name), _) => name.as_str(),
            (None, Ok(made)) => name_of(made),
            (None, Err(_)) => "",
        };
        let detail = told(&object.kind, &object.scope, name, below);
        viewer.note(app, verb.action(media_type), outcome_of(&outcome), from, detail).await;
    }
    match outcome {
        Ok(object_now) => {
            answer(object_now, move |now| trim_object(&object.kind, now, Managers::Hidden)).await
        }
        Err(error) => Err(viewer.refused(app, error).await),
    }
}

/// How a change ended, for the audit log.
pub(super) fn outcome_of<T>(result: &Result<T, ClusterError>) -> Outcome {
    if result.is_ok() { Outcome::Done } else { Outcome::Refused }
}

/// The name of an object.
pub(super) fn name_of(object: &Value) -> &str {
    object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default()
}

/// A body that is JSON, and no Secret as it is shown.
async fn checked(kind: &Kind, body: Bytes) -> Result<Bytes, ApiError> {
    if is_secret(kind) && body.windows(HIDDEN.len()).any(|part| part == HIDDEN.as_bytes()) {
        return Err(ApiError::bad_request(format!(
            "{HIDDEN} stands for a value that was not shown; leave it out"
        )));
    }
    // A large body would hold up others.
    let check = move || serde_json::from_slice::<serde::de::IgnoredAny>(&body).map(|_| body);
    let checked = tokio::task::spawn_blocking(check).await.map_err(ApiError::internal)?;
    checked.map_err(|error| ApiError::bad_request(format!("the body is not JSON: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_has_a_media_type_that_goes_with_its_verb() {
        assert_eq!(
            Verb::Patch.media_type("Application/Merge-Patch+JSON; charset=utf-8").unwrap(),
            PATCHES[2]
        );
        assert_eq!(Verb::Create.media_type(JSON).unwrap(), JSON);
        for (verb, wrong) in [
            (Verb::Create, "application/yaml"),
            (Verb::Create, ""),
            (Verb::Patch, JSON),
            (Verb::Patch, "text/plain"),
            (Verb::Replace, APPLY),
        ] {
            assert!(verb.media_type(wrong).is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn what_is_no_json_and_secrets_as_they_are_shown_go_nowhere() {
        let (secrets, maps): (Kind, Kind) =
            ("core.v1.secrets".parse().unwrap(), "core.v1.configmaps".parse().unwrap());
        let shown = Bytes::from(format!("{{\"data\":{{\"a\":\"{HIDDEN}\"}}}}"));
        assert!(checked(&secrets, shown.clone()).await.is_err());
        assert!(checked(&maps, shown).await.is_ok());
        assert!(checked(&maps, Bytes::from_static(b"a: 1")).await.is_err());
        assert!(checked(&maps, Bytes::from_static(b"")).await.is_err());
        assert!(checked(&maps, Bytes::from("[".repeat(100_000))).await.is_err());
    }
}
