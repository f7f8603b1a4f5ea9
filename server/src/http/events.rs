//! `/api/crowsnest/v1/events`: what happened in the cluster, as the user may see it.

use axum::Json;
use axum::extract::{Extension, RawQuery, State};
use crowsnest_api::events::Events;

use super::about::places;
use super::objects::Viewer;
use super::{ApiError, AppState};
use crate::auth::Identified;
use crate::cluster::Gravity;

/// `GET events?in=…&from=…&to=…&type=Warning`: in namespaces or the whole cluster, from and to in milliseconds; all, or warnings alone.
pub(super) async fn events(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
    RawQuery(query): RawQuery,
) -> Result<Json<Events>, ApiError> {
    let viewer = Viewer::of(&app, &identified)?;
    let query = query.as_deref().unwrap_or_default();
    let scopes = places(query)?;
    let (mut window, mut gravity) = ((i64::MIN, i64::MAX), Gravity::All);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let bad = || ApiError::bad_request(format!("{name}: {value:?} cannot be read"));
        match name.as_ref() {
            "from" => window.0 = value.parse().map_err(|_| bad())?,
            "to" => window.1 = value.parse().map_err(|_| bad())?,
            "type" if value == "Warning" => gravity = Gravity::Warnings,
            "type" => return Err(ApiError::bad_request(format!("type: {value:?} is not Warning"))),
            _ => {}
        }
    }
    let mut unread = Vec::new();
    match viewer.cluster.events(&viewer.credential, &scopes, gravity, window, &mut unread).await {
        Ok(events) => Ok(Json(Events { events, unread })),
        Err(error) => Err(viewer.refused(&app, error).await),
    }
}
