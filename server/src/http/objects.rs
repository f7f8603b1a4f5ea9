//! Objects of the cluster, asked for as the user who looks at them.

use axum::Json;
use axum::extract::{Extension, Path as UrlPath, RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use crowsnest_api::cluster::{Kind, Namespaces, ObjectName, Scope};
use crowsnest_api::kinds::{ServedKinds, TablePage};
use crowsnest_api::stream::SYNC_CHUNK;
use crowsnest_rbac::{Caller, Credential, Via};
use http::header::{CONTENT_TYPE, HeaderValue};
use serde_json::Value;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tracing::{info, warn};

use super::{ApiError, AppState, ErrorKind};
use crate::audit::{Action, Outcome};
use crate::auth::Identified;
use crate::clock;
use crate::cluster::{
    As, Cluster, ClusterError, Form, Managers, Path, Rows, RowsPage, trim_listed, trim_object,
};

/// Parameters of a list that go on to the API server, and the bytes that each may have.
const PARAMETERS: &[(&str, usize)] =
    &[("continue", 16 << 10), ("fieldSelector", 4 << 10), ("labelSelector", 4 << 10)];
/// When to come back while the API server is away.
const RETRY: Duration = Duration::from_secs(5);

/// A caller who can be shown the cluster.
#[derive(Clone)]
pub(crate) struct Viewer {
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) user: String,
    pub(crate) credential: Credential,
    /// The session, if that is how the caller came.
    pub(crate) session: Option<String>,
}

impl Viewer {
    /// Finds out with what the cluster is asked for this caller.
    pub(crate) fn of(app: &AppState, identified: &Identified) -> Result<Self, ApiError> {
        let nothing = || {
            ApiError::new(
                ErrorKind::NotFound,
                "this server shows no cluster; it would with --auth kube, to users of that cluster",
            )
        };
        let Caller::User { identity, via } = &identified.caller else { return Err(nothing()) };
        let (Some(cluster), Some(credential)) = (app.auth.cluster(), identity.credential()) else {
            return Err(nothing());
        };
        let session = match via {
            Via::Session { id } => Some(id.clone()),
            Via::Bearer | Via::Open => None,
        };
        Ok(Self {
            cluster: Arc::clone(cluster),
            user: identity.user.clone(),
            credential: credential.clone(),
            session,
        })
    }

    /// Tells why the API server did not answer. Where it no longer knows the credential, the session is over.
    pub(crate) async fn refused(&self, app: &AppState, error: ClusterError) -> ApiError {
        match error {
            ClusterError::Refused(status) if status.code == 401 => {
                self.end_session(app).await;
                let name = self.credential.name();
                ApiError::new(
                    ErrorKind::NoCredentials,
                    format!(
                        "the Kubernetes API server no longer accepts your {name}; sign in again with a new one"
                    ),
                )
            }
            ClusterError::Refused(status) => {
                let wait = status.retry_after();
                let error = ApiError::relayed(status);
                wait.map_or(error.clone(), |wait| error.retry_after(wait))
            }
            ClusterError::Unreachable(_) | ClusterError::TimedOut(_) => {
                ApiError::new(ErrorKind::Unavailable, error.told()).retry_after(RETRY)
            }
            ClusterError::Answer(_) => ApiError::new(ErrorKind::BadGateway, error.told()),
        }
    }

    /// Writes to the audit log, off the threads that serve requests.
    pub(crate) async fn note(
        &self,
        app: &AppState,
        action: Action,
        outcome: Outcome,
        from: IpAddr,
        detail: String,
    ) {
        let (app, user) = (AppState::clone(app), self.user.clone());
        let noting = move || app.audit.note(clock::now(), action, outcome, &user, from, &detail);
        // An error is a panic there, which has been told already.
        tokio::task::spawn_blocking(noting).await.ok();
    }

    /// Ends the session because its credential is worth nothing any more.
    pub(crate) async fn end_session(&self, app: &AppState) {
        let Some(id) = self.session.clone() else { return };
        // A stream may still go on with a token that the session has a newer one for.
        let current = app.auth.sessions.record(&id).map(|record| record.credential);
        if current.is_some_and(|current| current != self.credential.fingerprint()) {
            return;
        }
        info!(user = self.user, "the API server no longer accepts a session's token");
        let app = AppState::clone(app);
        match tokio::task::spawn_blocking(move || app.auth.sessions.end(&id)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!(err = &error as &dyn std::error::Error, "cannot end a session"),
            Err(error) => warn!(err = &error as &dyn std::error::Error, "cannot end a session"),
        }
    }
}

/// `objects/{kind}/{namespace}`: a page of a list.
pub(super) async fn list(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
    UrlPath((kind, scope)): UrlPath<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let (kind, scope) = (parse::<Kind>(&kind)?, parse::<Scope>(&scope)?);
    let viewer = Viewer::of(&app, &identified)?;
    let (query, form) = form_of(query.as_deref().unwrap_or_default())?;
    let path = with_parameters(Path::list(&kind, &scope), &query)?;
    let who = As::User(&viewer.credential);
    if form == Asked::Table {
        let path = path.with("includeObject", "Metadata");
        return match viewer.cluster.get::<Value>(who, &path, Form::Table).await {
            Ok(table) => as_table(kind, table).await,
            Err(error) => Err(viewer.refused(&app, error).await),
        };
    }
    match viewer.cluster.get::<Value>(who, &path, Form::of_list(&kind)).await {
        Ok(list) => {
            answer(list, move |list| {
                if let Some(items) = list.get_mut("items").and_then(Value::as_array_mut) {
                    items.iter_mut().for_each(|object| trim_listed(&kind, object));
                }
            })
            .await
        }
        Err(error) => Err(viewer.refused(&app, error).await),
    }
}

/// `objects/{kind}/{namespace}/{name}`: one object.
pub(super) async fn one(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
    UrlPath((kind, scope, name)): UrlPath<(String, String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let (kind, scope, name) = (parse::<Kind>(&kind)?, parse::<Scope>(&scope)?, parse::<ObjectName>(&name)?);
    let viewer = Viewer::of(&app, &identified)?;
    let (mut path, mut managers) = (Path::object(&kind, &scope, &name), Managers::Hidden);
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        match (&*name, &*value) {
            ("managedFields", "shown") => managers = Managers::Shown,
            ("subresource", "scale") => path = path.below("scale"),
            _ => {
                return Err(ApiError::bad_request(
                    "an object has the parameters managedFields=shown and subresource=scale",
                ));
            }
        }
    }
    match viewer.cluster.get::<Value>(As::User(&viewer.credential), &path, Form::Whole).await {
        Ok(object) => answer(object, move |object| trim_object(&kind, object, managers)).await,
        Err(error) => Err(viewer.refused(&app, error).await),
    }
}

/// `kinds`: what the API server serves to the caller.
pub(super) async fn kinds(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
) -> Result<Json<ServedKinds>, ApiError> {
    let viewer = Viewer::of(&app, &identified)?;
    match viewer.cluster.served(&viewer.credential).await {
        Ok(kinds) => Ok(Json(ServedKinds::clone(&kinds))),
        Err(error) => Err(viewer.refused(&app, error).await),
    }
}

/// `namespaces`: those that the caller has a use for.
pub(super) async fn namespaces(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
) -> Result<Json<Namespaces>, ApiError> {
    let viewer = Viewer::of(&app, &identified)?;
    match viewer.cluster.namespaces(&viewer.user, &viewer.credential).await {
        Ok(namespaces) => Ok(Json(namespaces)),
        Err(error) => Err(viewer.refused(&app, error).await),
    }
}

/// How a list is asked for: whole objects, or the API server's own table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Objects,
    Table,
}

/// Takes `as` out of a query; the only value that it may have is `table`.
fn form_of(query: &str) -> Result<(String, Asked), ApiError> {
    let mut rest = form_urlencoded::Serializer::new(String::new());
    let mut asked = Asked::Objects;
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match (&*name, &*value) {
            ("as", "table") => asked = Asked::Table,
            ("as", _) => return Err(ApiError::bad_request("as must be table")),
            (name, value) => _ = rest.append_pair(name, value),
        }
    }
    Ok((rest.finish(), asked))
}

/// A page of a list in the API server's own columns.
async fn as_table(kind: Kind, table: Value) -> Result<Response, ApiError> {
    let next = table.pointer("/metadata/continue").and_then(Value::as_str).unwrap_or_default().to_owned();
    let written = tokio::task::spawn_blocking(move || {
        let RowsPage { columns, mut items } = Rows::page(table);
        items.iter_mut().for_each(|object| trim_listed(&kind, object));
        serde_json::to_vec(&TablePage { columns, items, next })
    });
    written_json(written.await.map_err(ApiError::internal)?)
}

fn written_json(body: Result<Vec<u8>, serde_json::Error>) -> Result<Response, ApiError> {
    let body = body.map_err(ApiError::internal)?;
    Ok(([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response())
}

pub(super) fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, ApiError> {
    text.parse().map_err(|error: T::Err| ApiError::bad_request(error.to_string()))
}

/// Passes on what a list may be asked with. A page has at most [`SYNC_CHUNK`] objects, whatever is asked for.
fn with_parameters(mut path: Path, query: &str) -> Result<Path, ApiError> {
    let mut limit = SYNC_CHUNK;
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if name == "limit" {
            let asked = value.parse::<usize>().ok().filter(|limit| *limit > 0);
            limit =
                asked.ok_or_else(|| ApiError::bad_request("limit is a whole number, at least 1"))?.min(limit);
            continue;
        }
        let Some((_, most)) = PARAMETERS.iter().find(|(known, _)| *known == name) else {
            return Err(ApiError::bad_request(format!(
                "a list has no parameter {:?}; there are limit, continue, labelSelector and fieldSelector",
                name.chars().take(64).collect::<String>()
            )));
        };
        if value.len() > *most {
            return Err(ApiError::bad_request(format!("{name} has more than {most} bytes")));
        }
        if !value.is_empty() {
            path = path.with(&name, &value);
        }
    }
    Ok(path.with("limit", &limit.to_string()))
}

/// Trims and writes JSON where it holds up nobody else: a page may have some megabytes.
pub(super) async fn answer(
    mut json: Value,
    trim: impl FnOnce(&mut Value) + Send + 'static,
) -> Result<Response, ApiError> {
    let written = tokio::task::spawn_blocking(move || {
        trim(&mut json);
        serde_json::to_vec(&json)
    });
    written_json(written.await.map_err(ApiError::internal)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query_of(query: &str) -> Result<String, ApiError> {
        let path = Path::list(&"core.v1.pods".parse().unwrap(), &Scope::CLUSTER);
        with_parameters(path, query)
            .map(|path| path.to_string().trim_start_matches("/api/v1/pods?").to_owned())
    }

    #[test]
    fn a_table_is_asked_for_by_that_word_alone() {
        assert_eq!(form_of("as=table&limit=1").unwrap(), ("limit=1".to_owned(), Asked::Table));
        assert_eq!(form_of("limit=1").unwrap().1, Asked::Objects);
        assert!(form_of("as=keys").is_err());
    }

    #[test]
    fn only_what_lists_know_goes_on_to_the_api_server() {
        assert_eq!(query_of("").unwrap(), "limit=500");
        assert_eq!(query_of("limit=9999&continue=").unwrap(), "limit=500");
        assert_eq!(query_of("labelSelector=a%3Db&limit=3").unwrap(), "labelSelector=a%3Db&limit=3");
        for wrong in
            ["watch=true", "limit=0", "limit=x", "pretty=1", &format!("continue={}", "x".repeat(20_000))]
        {
            assert!(query_of(wrong).is_err(), "{wrong}");
        }
    }
}
