//! `/api/crowsnest/v1/routing`: who is told of alerts, typed in the interface where no file says it.
//!
//! It is about the whole cluster: users of it need rights to `notificationpolicies.crowsnest.dev` in namespace `crowsnest`.

use axum::Json;
use axum::extract::{Extension, State};
use crowsnest_api::alerts::{Routing, SavingRouting};
use crowsnest_api::rules::Saved;

use super::reader::{Reader, Verb};
use super::{ApiError, AppState, ErrorKind, blocking};
use crate::audit::{Action, Outcome};
use crate::auth::Identified;
use crate::clock;
use crate::dashboards::OWN_FOLDER;
use crate::listen::Peer;
use crate::notifier::{TypeError, Typed};

/// What it is called in rights.
const POLICIES: &str = "notificationpolicies";

/// `GET`: the text for those who may change it, for others whether there is one.
pub(super) async fn read(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
) -> Result<Json<Routing>, ApiError> {
    let reader = Reader::of(&app, &identified, POLICIES)?;
    let may_change = reader.may(&app, Verb::Update, OWN_FOLDER).await?;
    let (source, typed) = app.notifier.routing();
    let shown = typed.filter(|_| may_change).unwrap_or_default();
    let Typed { text, version, by, at } = shown;
    Ok(Json(Routing { source, text, version, by, at, may_change }))
}

/// `PUT`: counts from now on, or is refused with line and column.
pub(super) async fn save(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
    Extension(peer): Extension<Peer>,
    Json(SavingRouting { text, version }): Json<SavingRouting>,
) -> Result<Json<Saved>, ApiError> {
    let reader = Reader::of(&app, &identified, POLICIES)?;
    reader.must(&app, Verb::Update, OWN_FOLDER).await?;
    let (by, from) = (reader.user().to_owned(), peer.address.ip());
    blocking(&app, move |app| {
        let now = clock::now();
        let typed = Typed { text, version, by: by.clone(), at: now.millis().div_euclid(1000) };
        let result = app.notifier.save_routing(typed);
        let outcome = if result.is_ok() { Outcome::Done } else { Outcome::Refused };
        app.audit.note(now, Action::SaveRouting, outcome, &by, from, "");
        let version = result.map_err(refused)?;
        Ok(Json(Saved { id: String::new(), version }))
    })
    .await
}

fn refused(error: TypeError) -> ApiError {
    let kind = match &error {
        TypeError::Wrong(_) => ErrorKind::BadRequest,
        TypeError::Changed { .. } | TypeError::NotHere(_) => ErrorKind::Conflict,
        TypeError::Control(_) => return ApiError::internal(error),
    };
    ApiError::new(kind, error.to_string())
}
