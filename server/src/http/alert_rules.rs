//! `/api/crowsnest/v1/rules`: alerting rules that are made here, and what would come of one.
//!
//! A folder is a namespace, or `crowsnest`. Users of the cluster need rights to `alertrules.crowsnest.dev` there; and nobody makes a rule that sees more than they do.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Extension, Path, State};
use crowsnest_api::rules::{Asking, Fault, Preview, Rules, Saved, Saving};
use crowsnest_promql::Confinement;
use crowsnest_rbac::Caller;
use http::StatusCode;

use super::dashboards::folder_of;
use super::reader::{Reader, Verb};
use super::{ApiError, App, AppState, ErrorKind, blocking};
use crate::api_v1::{Seen, pool_failed};
use crate::audit::{Action, Outcome};
use crate::auth::Identified;
use crate::clock;
use crate::dashboards::OWN_FOLDER;
use crate::listen::Peer;
use crate::notifier::new_id;
use crate::rules::sight::sees_namespace;
use crate::rules::written::{Author, Record, SaveError, is_of_all};

/// What they are called in rights.
const ALERT_RULES: &str = "alertrules";

/// `GET`: those that the caller may read, and what is wrong with objects in namespaces that they may see.
pub(super) async fn list(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
    seen: Seen,
) -> Result<Json<Rules>, ApiError> {
    let reader = Reader::of(&app, &identified, ALERT_RULES)?;
    let all = app.rules.written.all();
    let mut folders: BTreeSet<String> = all.values().map(|record| record.folder.clone()).collect();
    folders.insert(OWN_FOLDER.to_owned());
    let folders: Vec<String> = folders.into_iter().collect();
    let readable = reader.folders(&app, Verb::List, &folders).await?;
    let changeable = reader.folders(&app, Verb::Update, &folders).await?;
    let creatable = reader.folders(&app, Verb::Create, &folders).await?;
    let mut rules: Vec<_> = all
        .iter()
        .filter(|(_, record)| readable.contains(&record.folder))
        .map(|(id, record)| record.shown(id, changeable.contains(&record.folder)))
        .collect();
    rules.sort_by(|a, b| (&a.folder, &a.rule.alert).cmp(&(&b.folder, &b.rule.alert)));
    let faults =
        app.rules.faults().into_iter().filter(|fault| sees_namespace(seen.confinement(), &fault.namespace));
    let faults = faults.map(|fault| Fault { place: fault.place, message: fault.message }).collect();
    Ok(Json(Rules { rules, folders: creatable.into_iter().collect(), faults }))
}

/// `POST`: a new one.
pub(super) async fn make(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
    Extension(peer): Extension<Peer>,
    seen: Seen,
    Json(saving): Json<Saving>,
) -> Result<Json<Saved>, ApiError> {
    let reader = Reader::of(&app, &identified, ALERT_RULES)?;
    let folder = folder_of(&saving.folder)?.unwrap_or_else(|| OWN_FOLDER.to_owned());
    reader.must(&app, Verb::Create, &folder).await?;
    must_see(&folder, seen.confinement())?;
    let id = new_id().map_err(ApiError::internal)?;
    save_as(&app, &identified, &peer, id, Saving { folder, version: 0, ..saving }).await
}

/// `PUT {id}`: a new version, with the rights of whoever saves it.
pub(super) async fn save(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
    Extension(peer): Extension<Peer>,
    Path(id): Path<String>,
    seen: Seen,
    Json(saving): Json<Saving>,
) -> Result<Json<Saved>, ApiError> {
    let reader = Reader::of(&app, &identified, ALERT_RULES)?;
    let before = readable(&app, &reader, &id).await?;
    reader.must(&app, Verb::Update, &before.folder).await?;
    let folder = folder_of(&saving.folder)?.unwrap_or_else(|| before.folder.clone());
    if folder != before.folder {
        reader.must(&app, Verb::Create, &folder).await?;
    }
    must_see(&folder, seen.confinement())?;
    if saving.version == 0 {
        return Err(ApiError::bad_request("version: which one is changed is missing"));
    }
    save_as(&app, &identified, &peer, id, Saving { folder, ..saving }).await
}

/// `DELETE {id}`.
pub(super) async fn delete(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
    Extension(peer): Extension<Peer>,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let reader = Reader::of(&app, &identified, ALERT_RULES)?;
    let record = readable(&app, &reader, &id).await?;
    reader.must(&app, Verb::Delete, &record.folder).await?;
    let (user, from) = (reader.user().to_owned(), peer.address.ip());
    blocking(&app, move |app| {
        app.rules.delete(&id).map_err(ApiError::internal)?;
        let detail = format!("{}/{}", record.folder, record.rule.alert);
        app.audit.note(clock::now(), Action::DeleteRule, Outcome::Done, &user, from, &detail);
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// `POST preview`: what would have come of it. Nothing is kept, and nobody is told anything.
pub(super) async fn preview(
    State(app): State<AppState>,
    seen: Seen,
    Json(asking): Json<Asking>,
) -> Result<Json<Preview>, ApiError> {
    let folder = folder_of(&asking.folder)?.unwrap_or_else(|| OWN_FOLDER.to_owned());
    let asking = Asking { folder, ..asking };
    let state = AppState::clone(&app);
    let text = asking.rule.expr.clone();
    let previewed =
        app.pool.run(&text, None, move |job| state.rules.preview(&asking, seen.confinement(), &job.control));
    previewed.await.map_err(pool_failed)?.map(Json).map_err(ApiError::bad_request)
}

/// Refuses a rule that would see more than its author.
fn must_see(folder: &str, seen: &Confinement) -> Result<(), ApiError> {
    let refused = |what: String| Err(ApiError::new(ErrorKind::Forbidden, what));
    if is_of_all(folder) && !seen.is_none() {
        let what = "a rule about the whole cluster needs the rights to list pods in all namespaces and to get nodes; make it in the folder of a namespace";
        return refused(what.to_owned());
    }
    if !is_of_all(folder) && !sees_namespace(seen, folder) {
        return refused(format!("you may not see the metrics of namespace {folder}, which the rule would"));
    }
    Ok(())
}

/// Saves it in the caller's name, and notes that.
async fn save_as(
    app: &AppState,
    identified: &Identified,
    peer: &Peer,
    id: String,
    Saving { rule, folder, version }: Saving,
) -> Result<Json<Saved>, ApiError> {
    let Caller::User { identity, .. } = &identified.caller else {
        return Err(ApiError::new(ErrorKind::Forbidden, "rules are for users"));
    };
    let author = Author { user: identity.user.clone(), groups: identity.groups.clone() };
    let from = peer.address.ip();
    blocking(app, move |app: &App| {
        let (now, user) = (clock::now(), author.user.clone());
        let detail = format!("{folder}/{}", rule.alert);
        let mut rule = rule;
        rule.alert = rule.alert.trim().to_owned();
        let record = Record { folder, rule, version, author, at: now.millis(), stopped: None };
        let result = app.rules.save(&id, version, record);
        let outcome = if result.is_ok() { Outcome::Done } else { Outcome::Refused };
        app.audit.note(now, Action::SaveRule, outcome, &user, from, &detail);
        Ok(Json(Saved { id, version: result.map_err(refused)? }))
    })
    .await
}

/// One that the caller may read. What one may not read is as little there as what is not.
async fn readable(app: &AppState, reader: &Reader, id: &str) -> Result<Record, ApiError> {
    let missing = || ApiError::new(ErrorKind::NotFound, "there is no such rule, or you may not see it");
    let record = app.rules.written.find(id).ok_or_else(missing)?;
    if reader.may(app, Verb::Get, &record.folder).await? { Ok(record) } else { Err(missing()) }
}

fn refused(error: SaveError) -> ApiError {
    let kind = match &error {
        SaveError::Wrong(_) => ErrorKind::BadRequest,
        SaveError::Full => ErrorKind::TooLarge,
        SaveError::Taken { .. } | SaveError::Changed { .. } => ErrorKind::Conflict,
        SaveError::NotThere => ErrorKind::NotFound,
        SaveError::Control(_) => return ApiError::internal(error),
    };
    ApiError::new(kind, error.to_string())
}

#[cfg(test)]
mod tests {
    use http::Method;
    use serde_json::{Value, json};

    use super::super::matrix::Scene;
    use super::super::surface::ask_with;
    use super::*;

    /// What a user is answered.
    async fn said(
        scene: &Scene,
        user: &str,
        method: Method,
        path: &str,
        body: &Value,
    ) -> (StatusCode, Value) {
        let token = &scene.users.iter().find(|(name, _)| *name == user).unwrap().1;
        let path = format!("/api/crowsnest/v1/rules{path}");
        let body = body.to_string();
        let (status, said) =
            ask_with(&scene.surface, &method, &path, Some(token), ("application/json", &body)).await;
        (status, serde_json::from_str(&said).unwrap_or(Value::Null))
    }

    fn rule(folder: &str, version: u64) -> Value {
        json!({"folder": folder, "version": version, "rule": {"alert": "Gone", "expr": "up == 0", "for": "5m"}})
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn nobody_makes_a_rule_that_sees_more_than_they_do() {
        let scene = Scene::new().await;
        for (user, folder, expected) in [
            ("editor", "shop", StatusCode::OK),
            ("editor", "data", StatusCode::FORBIDDEN),
            ("editor", "crowsnest", StatusCode::FORBIDDEN),
            ("viewer", "shop", StatusCode::FORBIDDEN),
            ("nobody", "shop", StatusCode::FORBIDDEN),
            ("root", "crowsnest", StatusCode::OK),
            ("root", "not a folder", StatusCode::BAD_REQUEST),
        ] {
            let (status, said) = said(&scene, user, Method::POST, "", &rule(folder, 0)).await;
            assert_eq!(status, expected, "{user} {folder}: {said}");
        }
        let (_, all) = said(&scene, "root", Method::GET, "", &Value::Null).await;
        let folders: Vec<_> =
            all["rules"].as_array().unwrap().iter().map(|one| one["folder"].clone()).collect();
        assert_eq!(folders, ["crowsnest", "shop"]);
        // What is in a folder that one may not read is not there.
        let (_, own) = said(&scene, "nobody", Method::GET, "", &Value::Null).await;
        assert_eq!(own["rules"], json!([]));
        let of_all = format!("/{}", all["rules"][0]["id"].as_str().unwrap());
        let (status, _) = said(&scene, "nobody", Method::DELETE, &of_all, &Value::Null).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        // Nobody moves one to where it would see more, and the slower of two is told so.
        let of_shop = format!("/{}", all["rules"][1]["id"].as_str().unwrap());
        let change = |folder, version| (Method::PUT, rule(folder, version));
        for (user, (method, body), expected) in [
            ("editor", change("crowsnest", 1), StatusCode::FORBIDDEN),
            ("editor", change("shop", 1), StatusCode::OK),
            ("editor", change("shop", 1), StatusCode::CONFLICT),
            ("editor", change("shop", 0), StatusCode::BAD_REQUEST),
        ] {
            let (status, said) = said(&scene, user, method, &of_shop, &body).await;
            assert_eq!(status, expected, "{body}: {said}");
        }
        let file = |(key, _): (crate::rules::GroupKey, _)| key.file;
        let files: Vec<_> = scene.app.rules.list().into_iter().map(file).collect();
        assert!(files.contains(&"written/shop".to_owned()), "{files:?}");
        let (status, _) = said(&scene, "editor", Method::DELETE, &of_shop, &Value::Null).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        assert!(!scene.app.rules.list().into_iter().map(file).any(|file| file == "written/shop"));
    }
}
