//! `POST reveal/{namespace}/{name}?key=…`: one value of a Secret, for whoever may read the Secret, noted in the audit log.
//!
//! No `GET`, so that no link and no page elsewhere fetches it. Everywhere else a Secret has the names of its values only.

use axum::Json;
use axum::extract::{Path as UrlPath, State};
use crowsnest_api::changes::Revealed;
use crowsnest_api::cluster::{Kind, ObjectName, Scope};
use http::header::{CACHE_CONTROL, HeaderName};
use serde_json::Value;

use super::changes::{Asking, outcome_of, told};
use super::objects::parse;
use super::{ApiError, AppState, ErrorKind};
use crate::audit::Action;
use crate::cluster::{As, Form, Path};

/// The longest name of a value that Kubernetes has.
const MAX_KEY: usize = 253;

pub(super) async fn reveal(
    State(app): State<AppState>,
    asking: Asking,
    UrlPath((scope, name)): UrlPath<(String, String)>,
) -> Result<([(HeaderName, &'static str); 1], Json<Revealed>), ApiError> {
    let (scope, name) = (parse::<Scope>(&scope)?, parse::<ObjectName>(&name)?);
    let kind = Kind::new("", "v1", "secrets").map_err(ApiError::internal)?;
    let given: Vec<_> = form_urlencoded::parse(asking.query.as_bytes()).collect();
    let key = match given.as_slice() {
        [(parameter, key)] if parameter == "key" && (1..=MAX_KEY).contains(&key.len()) => key.to_string(),
        _ => return Err(ApiError::bad_request("name one value of the Secret, as in key=password")),
    };
    let Asking { viewer, from, .. } = asking;
    let path = Path::object(&kind, &scope, &name);
    let secret = viewer.cluster.get::<Value>(As::User(&viewer.credential), &path, Form::Whole).await;
    let detail = told(&kind, &scope, name.as_str(), Some(&key));
    viewer.note(&app, Action::RevealSecret, outcome_of(&secret), from, detail).await;
    let secret = match secret {
        Ok(secret) => secret,
        Err(error) => return Err(viewer.refused(&app, error).await),
    };
    let value = secret.get("data").and_then(|data| data.get(&key)).and_then(Value::as_str);
    let value = value
        .ok_or_else(|| ApiError::new(ErrorKind::NotFound, format!("the Secret has no value {key:?}")))?
        .to_owned();
    Ok(([(CACHE_CONTROL, "no-store")], Json(Revealed { value })))
}
