//! `/api/crowsnest/v1/queries`: which queries run and which took long, and how to end one.

use axum::Json;
use axum::extract::{Extension, Path, State};
use crowsnest_api::queries::{self, Queries, QueryCost};
use crowsnest_rbac::{Access, Caller, Role};
use http::StatusCode;
use tracing::info;

use super::{ApiError, App, AppState, ErrorKind};
use crate::auth::Identified;
use crate::query_pool::{ActiveQuery, Asked, SlowQuery};

/// `GET`: one's own queries; an administrator sees everybody's.
pub(super) async fn list(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
) -> Json<Queries> {
    let viewer = Viewer::of(&app, &identified).await;
    let active = app.pool.active().into_iter().filter(|query| viewer.may_see(&query.asked));
    let slow = app.pool.slow().into_iter().filter(|query| viewer.may_see(&query.asked));
    Json(Queries { active: active.map(describe_active).collect(), slow: slow.map(describe_slow).collect() })
}

/// `DELETE …/{id}`: ends a query of one's own; an administrator ends anybody's.
pub(super) async fn end(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
    Path(id): Path<u64>,
) -> Result<StatusCode, ApiError> {
    let viewer = Viewer::of(&app, &identified).await;
    if !app.pool.kill(id, |asked| viewer.may_see(asked)) {
        // Whether somebody else has such a query is nobody's business.
        return Err(ApiError::new(ErrorKind::NotFound, format!("there is no query {id}; it may have ended")));
    }
    info!(id, by = viewer.user, "a query was ended");
    Ok(StatusCode::NO_CONTENT)
}

struct Viewer {
    user: String,
    sees_all: bool,
}

impl Viewer {
    async fn of(app: &App, identified: &Identified) -> Self {
        let user = match &identified.caller {
            Caller::User { identity, .. } => identity.user.clone(),
            Caller::Pusher { .. } | Caller::Anonymous | Caller::Unknown => String::new(),
        };
        let verdict = app.auth.authoriser.authorise(&identified.caller, Access::Role(Role::Admin)).await;
        Self { user, sees_all: verdict.is_ok() }
    }

    fn may_see(&self, asked: &Asked) -> bool {
        self.sees_all || (!self.user.is_empty() && *asked.user == *self.user)
    }
}

fn describe_active(query: ActiveQuery) -> queries::ActiveQuery {
    let ActiveQuery { id, asked: Asked { user, text, since }, running } = query;
    let running_seconds = running.map(|running| running.as_secs_f64());
    queries::ActiveQuery { id, user: user.to_string(), query: text, since: since.seconds(), running_seconds }
}

fn describe_slow(query: SlowQuery) -> queries::SlowQuery {
    let SlowQuery { asked: Asked { user, text, since }, queued, ran, cost } = query;
    queries::SlowQuery {
        user: user.to_string(),
        query: text,
        since: since.seconds(),
        queued_seconds: queued.as_secs_f64(),
        running_seconds: ran.as_secs_f64(),
        cost: cost.map(|cost| QueryCost {
            series: cost.series,
            samples: cost.samples,
            peak_samples: cost.peak_samples,
        }),
    }
}
