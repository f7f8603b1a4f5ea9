//! `/api/crowsnest/v1/dashboards`: what there is to see, folder by folder, and how it is changed.
//!
//! A folder is a namespace, or `crowsnest`. Users of the cluster need rights to `dashboards.crowsnest.dev` there; nothing is registered under that
//! name. What came with the server is there for everybody.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Extension, Path, RawQuery, State};
use crowsnest_api::cluster::Scope;
use crowsnest_api::dashboards::{
    Listed, Listing, Made, Making, Opened, PanelOutcome, PanelReport, Question, Report, Saving, Source,
    Version,
};
use crowsnest_dashboards::import::{Import, InputKind, Limits};
use crowsnest_dashboards::time::scrape::ScrapeIntervals;
use crowsnest_dashboards::{Dashboard, import, report};
use crowsnest_rbac::{Access, Role};
use http::StatusCode;
use serde_json::Value;

use super::objects::parse;
use super::reader::{Reader, Verb};
use super::{ApiError, AppState, ErrorKind, blocking};
use crate::api_v1::Seen;
use crate::audit::{Action, Outcome};
use crate::auth::Identified;
use crate::clock;
use crate::dashboards::{
    Base, Found, OWN_FOLDER, SaveError, Saved, USUAL_MS, fetched, new_uid, scrape_intervals,
};
use crate::fetch::Fetcher;
use crate::listen::Peer;

/// What they are called in rights.
pub(super) const DASHBOARDS: &str = "dashboards";
/// `GET`: all that the caller may see.
pub(super) async fn list(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
) -> Result<Json<Listing>, ApiError> {
    let reader = Reader::of(&app, &identified, DASHBOARDS)?;
    let all = app.dashboards.list();
    let mut folders: BTreeSet<String> = all.iter().map(|found| found.head.folder.clone()).collect();
    folders.insert(OWN_FOLDER.to_owned());
    let folders: Vec<String> = folders.into_iter().collect();
    let readable = reader.folders(&app, Verb::List, &folders).await?;
    let changeable = reader.folders(&app, Verb::Update, &folders).await?;
    let creatable = reader.folders(&app, Verb::Create, &folders).await?;
    let stars = stars(&app, &reader).await?;
    let seen = all
        .into_iter()
        .filter(|found| found.source == Source::BuiltIn || readable.contains(&found.head.folder));
    let dashboards =
        seen.map(|found| listed(&found, &stars, changeable.contains(&found.head.folder))).collect();
    let administers =
        app.auth.authoriser.authorise(&identified.caller, Access::Role(Role::Admin)).await.is_ok();
    let faults = if administers { app.dashboards.faults() } else { Vec::new() };
    Ok(Json(Listing { dashboards, folders: creatable.into_iter().collect(), faults }))
}

/// `GET {uid}?version=`: one of them with its JSON.
pub(super) async fn one(
    State(app): State<AppState>,
    seen: Result<Seen, ApiError>,
    Extension(identified): Extension<Identified>,
    Path(uid): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<Opened>, ApiError> {
    let version = version_of(query.as_deref().unwrap_or_default())?;
    let reader = Reader::of(&app, &identified, DASHBOARDS)?;
    let found = readable(&app, &reader, &uid).await?;
    let may_change = reader.may(&app, Verb::Update, &found.head.folder).await?;
    let stars = stars(&app, &reader).await?;
    let read = blocking(&app, move |app| {
        let dashboard = app.dashboards.read(&uid, version).map_err(ApiError::internal)?;
        Ok(dashboard.map(|dashboard| {
            // Who may see no metrics has no intervals of them either.
            let scrape = seen.map_or_else(
                |_| ScrapeIntervals::all(USUAL_MS),
                |seen| {
                    let board = Dashboard::from_json(dashboard.clone());
                    scrape_intervals(&board, &seen.store(), clock::now())
                },
            );
            (dashboard, scrape)
        }))
    });
    let missing = || ApiError::new(ErrorKind::NotFound, "this version is not kept any more");
    let (dashboard, scrape) = read.await?.ok_or_else(missing)?;
    let listed = listed(&found, &stars, may_change);
    let ScrapeIntervals { usual_ms, by_metric } = scrape;
    Ok(Json(Opened { listed, dashboard, scrape_interval_ms: usual_ms, metric_intervals_ms: by_metric }))
}

/// The JSON of a dashboard that the caller may see.
pub(super) async fn json_of(app: &AppState, identified: &Identified, uid: String) -> Result<Value, ApiError> {
    let reader = Reader::of(app, identified, DASHBOARDS)?;
    readable(app, &reader, &uid).await?;
    let read = blocking(app, move |app| app.dashboards.read(&uid, None).map_err(ApiError::internal));
    read.await?.ok_or_else(|| ApiError::new(ErrorKind::NotFound, "this dashboard is not kept any more"))
}

/// `GET {uid}/versions`: those that are kept, the latest first.
pub(super) async fn versions(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
    Path(uid): Path<String>,
) -> Result<Json<Vec<Version>>, ApiError> {
    let reader = Reader::of(&app, &identified, DASHBOARDS)?;
    readable(&app, &reader, &uid).await?;
    Ok(Json(app.dashboards.versions(&uid)))
}

/// `POST`: makes one of a text in any of Grafana's forms, or says what would become of it.
pub(super) async fn make(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
    Extension(peer): Extension<Peer>,
    Json(making): Json<Making>,
) -> Result<Json<Made>, ApiError> {
    let reader = Reader::of(&app, &identified, DASHBOARDS)?;
    let folder = folder_of(&making.folder)?.unwrap_or_else(|| OWN_FOLDER.to_owned());
    reader.must(&app, Verb::Create, &folder).await?;
    let text = match making.gnet_id {
        Some(id) => {
            let fetcher = Fetcher::to(&app.config.outbound_allow);
            let fetched = fetched::fetch(&fetcher, app.config.dashboards_url.as_ref(), id).await;
            fetched.map_err(|error| ApiError::bad_request(format!("{error:#}")))?
        }
        None => making.text,
    };
    let (answers, dry_run) = (making.answers, making.dry_run);
    // Eight megabytes of JSON take their time.
    let imported = blocking(&app, move |_| {
        import(&text, &answers, &Limits::default()).map_err(|error| ApiError::bad_request(error.to_string()))
    });
    let imported = imported.await?;
    let made = made(&imported);
    let dashboard = with_uid(imported.dashboard)?;
    let uid = dashboard.uid().unwrap_or_default();
    let before = app.dashboards.find(&uid);
    let existed = before.is_some();
    if dry_run {
        return Ok(Json(Made { existed, ..made }));
    }
    let base = if making.overwrite { Base::Whatever } else { Base::Nothing };
    if let Some(before) = before.filter(|_| making.overwrite) {
        // Whoever takes one away from a folder changes that one, too.
        reader.must(&app, Verb::Update, &before.head.folder).await?;
    }
    let saving = NewVersion { dashboard, base, folder, message: making.message };
    let version = save_as(&app, &reader, &peer, saving).await?;
    Ok(Json(Made { uid, version, existed, ..made }))
}

/// `PUT {uid}`: a new version.
pub(super) async fn save(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
    Extension(peer): Extension<Peer>,
    Path(uid): Path<String>,
    Json(saving): Json<Saving>,
) -> Result<Json<Made>, ApiError> {
    let reader = Reader::of(&app, &identified, DASHBOARDS)?;
    let found = readable(&app, &reader, &uid).await?;
    reader.must(&app, Verb::Update, &found.head.folder).await?;
    let folder = folder_of(&saving.folder)?.unwrap_or_else(|| found.head.folder.clone());
    if folder != found.head.folder {
        reader.must(&app, Verb::Create, &folder).await?;
    }
    let imported = import::import_value(saving.dashboard, &import::Answers::new(), &Limits::default())
        .map_err(|error| ApiError::bad_request(error.to_string()))?;
    let made = made(&imported);
    let dashboard = named(imported.dashboard, &uid);
    let base = Base::Version(saving.version);
    let saving = NewVersion { dashboard, base, folder, message: saving.message };
    let version = save_as(&app, &reader, &peer, saving).await?;
    Ok(Json(Made { uid, version, existed: true, ..made }))
}

/// `DELETE {uid}`: with all versions.
pub(super) async fn delete(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
    Extension(peer): Extension<Peer>,
    Path(uid): Path<String>,
) -> Result<StatusCode, ApiError> {
    let reader = Reader::of(&app, &identified, DASHBOARDS)?;
    let found = readable(&app, &reader, &uid).await?;
    reader.must(&app, Verb::Delete, &found.head.folder).await?;
    if found.source != Source::Stored {
        return Err(refused(SaveError::ReadOnly(found.source)));
    }
    let (user, from) = (reader.user().to_owned(), peer.address.ip());
    blocking(&app, move |app| {
        app.dashboards.delete(&uid).map_err(ApiError::internal)?;
        app.audit.note(clock::now(), Action::DeleteDashboard, Outcome::Done, &user, from, &uid);
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// `PUT {uid}/star`.
pub(super) async fn star(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
    Path(uid): Path<String>,
) -> Result<StatusCode, ApiError> {
    set_star(&app, &identified, uid, true).await
}

/// `DELETE {uid}/star`.
pub(super) async fn unstar(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
    Path(uid): Path<String>,
) -> Result<StatusCode, ApiError> {
    set_star(&app, &identified, uid, false).await
}

async fn set_star(
    app: &AppState,
    identified: &Identified,
    uid: String,
    starred: bool,
) -> Result<StatusCode, ApiError> {
    let reader = Reader::of(app, identified, DASHBOARDS)?;
    readable(app, &reader, &uid).await?;
    let user = reader.user().to_owned();
    blocking(app, move |app| {
        app.dashboards.stars.set(&user, &uid, starred).map_err(ApiError::internal)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// What is to be saved.
struct NewVersion {
    dashboard: Dashboard,
    base: Base,
    folder: String,
    message: String,
}

/// Saves it in the caller's name, and notes that.
async fn save_as(
    app: &AppState,
    reader: &Reader,
    peer: &Peer,
    NewVersion { dashboard, base, folder, message }: NewVersion,
) -> Result<u64, ApiError> {
    let (user, from) = (reader.user().to_owned(), peer.address.ip());
    blocking(app, move |app| {
        let saved = Saved { folder: &folder, by: &user, message: &message };
        let now = clock::now();
        let result = app.dashboards.save(&dashboard, base, saved, now);
        let outcome = if result.is_ok() { Outcome::Done } else { Outcome::Refused };
        let detail = format!("{folder}/{}", dashboard.uid().unwrap_or_default());
        app.audit.note(now, Action::SaveDashboard, outcome, &user, from, &detail);
        result.map_err(refused)
    })
    .await
}

/// One that the caller may see. What one may not see is as little there as what is not.
async fn readable(app: &AppState, reader: &Reader, uid: &str) -> Result<Found, ApiError> {
    let missing = || ApiError::new(ErrorKind::NotFound, "there is no such dashboard, or you may not see it");
    let found = app.dashboards.find(uid).ok_or_else(missing)?;
    if found.source != Source::BuiltIn && !reader.may(app, Verb::Get, &found.head.folder).await? {
        return Err(missing());
    }
    Ok(found)
}

async fn stars(app: &AppState, reader: &Reader) -> Result<BTreeSet<String>, ApiError> {
    let user = reader.user().to_owned();
    blocking(app, move |app| app.dashboards.stars.of(&user).map_err(ApiError::internal)).await
}

fn listed(found: &Found, stars: &BTreeSet<String>, may_change: bool) -> Listed {
    let head = &found.head;
    let latest = head.versions.last();
    Listed {
        uid: head.uid.clone(),
        title: head.title.clone(),
        folder: head.folder.clone(),
        tags: head.tags.clone(),
        source: found.source,
        panels: head.panels,
        version: head.version(),
        updated: latest.map_or(0.0, |latest| latest.told().at),
        by: latest.map_or_else(String::new, |latest| latest.by.clone()),
        starred: stars.contains(&head.uid),
        may_change: may_change && found.source == Source::Stored,
    }
}

/// What an import came to, before it is stored.
fn made(imported: &Import) -> Made {
    let question = |input: &import::Input| Question {
        name: input.name.clone(),
        label: input.label.clone(),
        data_source: matches!(input.kind, InputKind::DataSource(_)),
        value: input.answer.clone().unwrap_or_default(),
    };
    let words = |remarks: &[report::Remark]| remarks.iter().map(ToString::to_string).collect();
    let panel = |panel: &report::PanelReport| PanelReport {
        title: panel.title.clone(),
        outcome: match panel.outcome {
            report::Outcome::TakenOver => PanelOutcome::TakenOver,
            report::Outcome::Converted { .. } => PanelOutcome::Converted,
            report::Outcome::Unsupported { .. } => PanelOutcome::Unsupported,
        },
        words: panel.outcome.to_string(),
        remarks: words(&panel.remarks),
    };
    Made {
        uid: imported.dashboard.uid().unwrap_or_default(),
        title: imported.dashboard.title(),
        version: 0,
        existed: false,
        inputs: imported.inputs.iter().map(question).collect(),
        report: Report {
            panels: imported.report.panels.iter().map(panel).collect(),
            remarks: words(&imported.report.remarks),
        },
    }
}

/// The dashboard with a uid: its own, where it has one that can be used.
fn with_uid(dashboard: Dashboard) -> Result<Dashboard, ApiError> {
    match dashboard.uid() {
        Some(_) => Ok(dashboard),
        None => Ok(named(dashboard, &new_uid().map_err(ApiError::internal)?)),
    }
}

fn named(dashboard: Dashboard, uid: &str) -> Dashboard {
    let mut json = dashboard.into_json();
    if let Value::Object(map) = &mut json {
        map.insert("uid".to_owned(), uid.into());
    }
    Dashboard::from_json(json)
}

/// A folder's name, where one is given.
pub(super) fn folder_of(text: &str) -> Result<Option<String>, ApiError> {
    match text {
        "" => Ok(None),
        text => Ok(parse::<Scope>(text)?.namespace().map(str::to_owned)),
    }
}

fn version_of(query: &str) -> Result<Option<u64>, ApiError> {
    let found = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "version");
    let Some((_, text)) = found else { return Ok(None) };
    text.parse().map(Some).map_err(|_| ApiError::bad_request(format!("version: {text:?} is no number")))
}

fn refused(error: SaveError) -> ApiError {
    let kind = match &error {
        SaveError::Taken { .. } | SaveError::Changed(_) => ErrorKind::Conflict,
        SaveError::NotThere(_) => ErrorKind::NotFound,
        SaveError::Uid => ErrorKind::BadRequest,
        SaveError::ReadOnly(_) => ErrorKind::Forbidden,
        SaveError::Full { .. } => ErrorKind::TooLarge,
        SaveError::Control(_) | SaveError::Compress(_) => return ApiError::internal(error),
    };
    ApiError::new(kind, error.to_string())
}
