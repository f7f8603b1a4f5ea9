//! `/api/crowsnest/v1/recent`: what was rolled out lately, and by whom, as the user may see it.

use axum::Json;
use axum::extract::{Extension, RawQuery, State};
use crowsnest_api::recent::{Recent, Rollout};
use crowsnest_rbac::{Access, Role};

use super::about::places;
use super::objects::Viewer;
use super::{ApiError, AppState};
use crate::audit::Noted;
use crate::auth::Identified;
use crate::clock;

/// How far back is looked: a day, in seconds.
const SINCE: i64 = 24 * 3600;
/// Seconds before a rollout within which a change through this server is taken for its cause.
const BEFORE: i64 = 30;
const AFTER: i64 = 5;

/// `GET recent?in=…`.
pub(super) async fn recent(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
    RawQuery(query): RawQuery,
) -> Result<Json<Recent>, ApiError> {
    let viewer = Viewer::of(&app, &identified)?;
    let scopes = places(query.as_deref().unwrap_or_default())?;
    let mut recent = Recent::default();
    let since = clock::now().millis() / 1000 - SINCE;
    match viewer.cluster.rollouts(&viewer.credential, &scopes, since, &mut recent.unread).await {
        Ok(rollouts) => recent.rollouts = rollouts,
        Err(error) => return Err(viewer.refused(&app, error).await),
    }
    // The log tells of everybody: it is for those who administer this server.
    let may_read = app.auth.authoriser.authorise(&identified.caller, Access::Role(Role::Admin)).await.is_ok();
    if may_read && !recent.rollouts.is_empty() {
        let app = AppState::clone(&app);
        let noted = tokio::task::spawn_blocking(move || app.audit.newest()).await.unwrap_or_default();
        for rollout in &mut recent.rollouts {
            rollout.user = who(rollout, &noted);
        }
    }
    Ok(Json(recent))
}

/// The user who changed the workload just before, through this server.
fn who(rollout: &Rollout, noted: &[Noted]) -> String {
    let Rollout { kind, namespace, name, at, .. } = rollout;
    let object = format!("apps.v1.{}s/{namespace}/{name}", kind.to_lowercase());
    let at = *at as i64;
    let is_cause = |line: &&Noted| {
        line.outcome == "done"
            && line.detail == object
            && (at - BEFORE..=at + AFTER).contains(&line.seconds())
    };
    noted.iter().rev().find(is_cause).map(|line| line.user.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_changed_the_workload_through_this_server_just_before_is_named() {
        let line = |at: &str, outcome: &str, user: &str, detail: &str| -> Noted {
            serde_json::from_value(serde_json::json!({
                "at": at, "outcome": outcome, "user": user, "detail": detail, "action": "patch-object",
            }))
            .unwrap()
        };
        let noted = [
            line("1970-01-01T00:16:38Z", "done", "ann", "apps.v1.deployments/shop/web"),
            line("1970-01-01T00:16:39Z", "refused", "bob", "apps.v1.deployments/shop/web"),
            line("1970-01-01T00:16:39Z", "done", "eve", "apps.v1.deployments/shop/other"),
        ];
        let web = Rollout {
            kind: "Deployment".into(),
            namespace: "shop".into(),
            name: "web".into(),
            at: 1_000.0,
            ..Rollout::default()
        };
        assert_eq!(who(&web, &noted), "ann");
        assert_eq!(who(&Rollout { at: 2_000.0, ..web }, &noted), "");
    }
}
