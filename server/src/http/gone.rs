//! `/api/crowsnest/v1/gone/{namespace}/{name}`: pods that are no more, for whoever may read pods there.

use axum::Json;
use axum::extract::{Extension, Path as UrlPath, State};
use crowsnest_api::access::Right;
use crowsnest_api::cluster::{ObjectName, Scope};
use crowsnest_api::gone::Gone;

use super::objects::{Viewer, parse};
use super::{ApiError, AppState, ErrorKind, blocking};
use crate::auth::Identified;
use crate::clock;

/// The last state is told to those who may get pods of that name, their last lines to those who may read the log of one that lives.
pub(super) async fn gone(
    State(app): State<AppState>,
    Extension(identified): Extension<Identified>,
    UrlPath((namespace, name)): UrlPath<(String, String)>,
) -> Result<Json<Gone>, ApiError> {
    let (scope, name) = (parse::<Scope>(&namespace)?, parse::<ObjectName>(&name)?);
    let namespace = scope.namespace().unwrap_or_default().to_owned();
    let viewer = Viewer::of(&app, &identified)?;
    let get = Right::to("get", "", "pods", "").within(namespace.clone()).named(name.as_str().to_owned());
    let rights = [get.clone(), get.below("log")];
    let answers = match viewer.cluster.may_each(&viewer.credential, &rights).await {
        Ok(answers) => answers,
        Err(error) => return Err(viewer.refused(&app, error).await),
    };
    let &[true, may_read_logs] = answers.as_slice() else {
        let message = format!(
            "pods {:?} is forbidden: you may not get pods in the namespace {namespace:?}",
            name.as_str()
        );
        return Err(ApiError::new(ErrorKind::Forbidden, message));
    };
    let keeps_logs = app.config.keep_last_logs;
    let kept = blocking(&app, move |app| {
        Ok(app.gone.as_ref().map(|gone| gone.of(&namespace, name.as_str(), clock::now())).unwrap_or_default())
    });
    let mut gone = kept.await?;
    if !may_read_logs {
        gone.iter_mut().for_each(|pod| pod.logs.clear());
    }
    Ok(Json(Gone { gone, keeps_logs, may_read_logs }))
}
