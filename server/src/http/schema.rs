//! `GET schema/{group}/{version}`: what the kinds of a version of a group are made of, in the words of the API server.

use axum::extract::{Extension, Path as UrlPath, State};
use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH};
use http::{HeaderMap, StatusCode};

use super::{ApiError, AppState, Viewer};
use crate::auth::Identified;
use crate::cluster::NoSchema;

/// The core group's name in addresses.
const CORE: &str = "core";
/// A description with this hash is good for ever, and whether it is still the API server's is asked every time.
const KEPT: HeaderValue = HeaderValue::from_static("private, no-cache");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

pub(super) async fn read(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
    UrlPath((group, version)): UrlPath<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let viewer = Viewer::of(&app, &identified)?;
    let group = if group == CORE { "" } else { &group };
    let (schema, hash) = match viewer.cluster.schema(&viewer.credential, group, &version).await {
        Ok(found) => found,
        // Editors ask about whatever somebody types, and browsers note each 404 on their console: nothing is an answer.
        Err(NoSchema::NotThere) => return Ok(StatusCode::NO_CONTENT.into_response()),
        Err(NoSchema::Cluster(error)) => return Err(viewer.refused(&app, error).await),
    };
    let etag = HeaderValue::try_from(format!("{hash:?}")).map_err(ApiError::internal)?;
    let kept = [(CACHE_CONTROL, KEPT), (ETAG, etag.clone())];
    // Compressed on the way, a tag is a weak one.
    let known = headers.get(IF_NONE_MATCH).and_then(|known| known.to_str().ok()).unwrap_or_default();
    if known.trim_start_matches("W/").as_bytes() == etag.as_bytes() {
        return Ok((StatusCode::NOT_MODIFIED, kept).into_response());
    }
    Ok((kept, [(CONTENT_TYPE, JSON)], schema).into_response())
}
