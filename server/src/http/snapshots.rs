//! `/api/crowsnest/v1/snapshots`: dashboards with the numbers that they had. Who may read dashboards in a folder may read its snapshots; who may make some there may
//! make them.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Extension, Path, State};
use crowsnest_api::Timestamp;
use crowsnest_api::snapshots::{Listed, Making, Opened, Snapshot};
use crowsnest_dashboards::import::{Answers, Limits, import_value};
use http::StatusCode;

use super::dashboards::{DASHBOARDS, folder_of};
use super::reader::{Reader, Verb};
use super::{ApiError, AppState, ErrorKind, blocking};
use crate::audit::{Action, Outcome};
use crate::auth::Identified;
use crate::clock;
use crate::dashboards::{OWN_FOLDER, SnapshotError, SnapshotHead};
use crate::listen::Peer;

/// `GET`: those that the caller may read.
pub(super) async fn list(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
) -> Result<Json<Vec<Listed>>, ApiError> {
    let reader = Reader::of(&app, &identified, DASHBOARDS)?;
    let all = app.dashboards.snapshots.list(clock::now());
    let folders: BTreeSet<String> = all.iter().map(|head| head.folder.clone()).collect();
    let folders: Vec<String> = folders.into_iter().collect();
    let readable = reader.folders(&app, Verb::List, &folders).await?;
    let deletable = reader.folders(&app, Verb::Delete, &folders).await?;
    let seen = all.into_iter().filter(|head| readable.contains(&head.folder));
    let listed = |head: SnapshotHead| {
        let may_delete = head.by == reader.user() || deletable.contains(&head.folder);
        listed(head, may_delete)
    };
    Ok(Json(seen.map(listed).collect()))
}

/// `GET {id}`: one with its data.
pub(super) async fn one(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
    Path(id): Path<String>,
) -> Result<Json<Opened>, ApiError> {
    let reader = Reader::of(&app, &identified, DASHBOARDS)?;
    let head = readable(&app, &reader, &id).await?;
    let may_delete = may_delete(&app, &reader, &head).await?;
    let read = blocking(&app, move |app| app.dashboards.snapshots.read(&id).map_err(ApiError::internal));
    let snapshot = read.await?.ok_or_else(missing)?;
    Ok(Json(Opened { listed: listed(head, may_delete), snapshot }))
}

/// `POST`: keeps one.
pub(super) async fn make(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
    Extension(peer): Extension<Peer>,
    Json(making): Json<Making>,
) -> Result<Json<Listed>, ApiError> {
    let reader = Reader::of(&app, &identified, DASHBOARDS)?;
    let folder = folder_of(&making.folder)?.unwrap_or_else(|| OWN_FOLDER.to_owned());
    reader.must(&app, Verb::Create, &folder).await?;
    let (user, from) = (reader.user().to_owned(), peer.address.ip());
    blocking(&app, move |app| {
        let Snapshot { dashboard, panels } = making.snapshot;
        // The same way that a file comes in: nothing is kept that no page could show.
        let imported = import_value(dashboard, &Answers::new(), &Limits::default())
            .map_err(|error| ApiError::bad_request(error.to_string()))?;
        let snapshot = Snapshot { dashboard: imported.dashboard.into_json(), panels };
        let now = clock::now();
        let result = app.dashboards.snapshots.keep(&snapshot, (&folder, &user, making.hours), now);
        let outcome = if result.is_ok() { Outcome::Done } else { Outcome::Refused };
        let id = result.as_ref().map_or_else(|_| String::new(), |head| head.id.clone());
        app.audit.note(now, Action::SaveSnapshot, outcome, &user, from, &format!("{folder}/{id}"));
        Ok(Json(listed(result.map_err(refused)?, true)))
    })
    .await
}

/// `DELETE {id}`: by who made it, and by who may delete dashboards in its folder.
pub(super) async fn delete(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
    Extension(peer): Extension<Peer>,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let reader = Reader::of(&app, &identified, DASHBOARDS)?;
    let head = readable(&app, &reader, &id).await?;
    if head.by != reader.user() {
        reader.must(&app, Verb::Delete, &head.folder).await?;
    }
    let (user, from) = (reader.user().to_owned(), peer.address.ip());
    blocking(&app, move |app| {
        app.dashboards.snapshots.delete(&id).map_err(ApiError::internal)?;
        app.audit.note(clock::now(), Action::DeleteSnapshot, Outcome::Done, &user, from, &id);
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// One that the caller may read. What one may not read is as little there as what is not.
async fn readable(app: &AppState, reader: &Reader, id: &str) -> Result<SnapshotHead, ApiError> {
    let head = app.dashboards.snapshots.find(id, clock::now()).ok_or_else(missing)?;
    if reader.may(app, Verb::Get, &head.folder).await? { Ok(head) } else { Err(missing()) }
}

async fn may_delete(app: &AppState, reader: &Reader, head: &SnapshotHead) -> Result<bool, ApiError> {
    Ok(head.by == reader.user() || reader.may(app, Verb::Delete, &head.folder).await?)
}

fn missing() -> ApiError {
    ApiError::new(ErrorKind::NotFound, "there is no such snapshot, it has expired, or you may not see it")
}

fn listed(head: SnapshotHead, may_delete: bool) -> Listed {
    let seconds = |ms: i64| Timestamp::from_millis(ms).seconds();
    Listed {
        id: head.id,
        title: head.title,
        folder: head.folder,
        by: head.by,
        at: seconds(head.at),
        expires: seconds(head.expires),
        bytes: head.bytes,
        may_delete,
    }
}

fn refused(error: SnapshotError) -> ApiError {
    let kind = match &error {
        SnapshotError::Hours => ErrorKind::BadRequest,
        SnapshotError::Large(_) | SnapshotError::Full => ErrorKind::TooLarge,
        SnapshotError::Control(_) | SnapshotError::Compress(_) | SnapshotError::Name(_) => {
            return ApiError::internal(error);
        }
    };
    ApiError::new(kind, error.to_string())
}
