//! `POST apply`: many objects as one text of YAML or JSON, as the user who sends it.
//!
//! Every object is tried first (`dryRun`), in the order of the text; if one fails, none is changed. Then they are brought one after the
//! other, and the first that fails ends it: the answer says how far it came. What cannot be tried because an object above it is not
//! there yet – its namespace, the definition of its kind – is not held against the text.

mod documents;
mod parameters;
mod plan;

use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use crowsnest_api::changes::{Extent, ObjectResult, Outcome, Report};
use serde_json::Value;

use self::documents::Document;
use self::parameters::Parameters;
use self::plan::{Kinds, Target, differ, waits_for_one_of};
use super::changes::{Asking, name_of, outcome_of, told};
use super::{ApiError, AppState, ErrorKind};
use crate::audit::Action;
use crate::cluster::{As, Managers, trim_object};

/// What a text may be sent as.
const MEDIA_TYPES: &[&str] = &["application/json", "application/yaml"];
/// How often a kind whose definition was brought a moment ago is looked for, and how long in between.
const LOOKS: usize = 10;
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);

/// One request, on its way.
struct Run<'a> {
    app: &'a AppState,
    asking: &'a Asking,
    parameters: Parameters,
    documents: Vec<Document>,
    kinds: Kinds,
}

/// `POST apply`.
pub(super) async fn apply(
    State(app): State<AppState>,
    asking: Asking,
    body: Bytes,
) -> Result<Json<Report>, ApiError> {
    let parameters = Parameters::read(&asking.query)?;
    let media_type = asking.media_type.split(';').next().unwrap_or_default().trim();
    if !MEDIA_TYPES.iter().any(|known| known.eq_ignore_ascii_case(media_type)) {
        let message = format!("the body of this request is {}", MEDIA_TYPES.join(" or "));
        return Err(ApiError::new(ErrorKind::UnsupportedMediaType, message));
    }
    let read = tokio::task::spawn_blocking(move || documents::read(&body));
    let documents = read.await.map_err(ApiError::internal)??;
    let mut run = Run { app: &app, asking: &asking, parameters, documents, kinds: Kinds::default() };
    let tried = run.each(Pass::Trial).await;
    let refused = tried.iter().any(|result| result.outcome == Outcome::Failed);
    if run.parameters.trial || refused {
        let dry_run = run.parameters.trial;
        return Ok(Json(Report { dry_run, extent: Extent::Nothing, results: tried }));
    }
    let results = run.each(Pass::Change).await;
    let changed = |result: &ObjectResult| !matches!(result.outcome, Outcome::Failed | Outcome::Untried);
    let extent = match results.iter().filter(|result| changed(result)).count() {
        0 => Extent::Nothing,
        some if some < results.len() => Extent::Some,
        _ => Extent::All,
    };
    Ok(Json(Report { dry_run: false, extent, results }))
}

/// Whether objects are tried or brought.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
    Trial,
    Change,
}

impl Run<'_> {
    /// All objects in their order. Trials go on after a failure, changes do not.
    async fn each(&mut self, pass: Pass) -> Vec<ObjectResult> {
        let mut results: Vec<ObjectResult> = Vec::with_capacity(self.documents.len());
        for at in 0..self.documents.len() {
            let Some(document) = self.documents.get(at).cloned() else { break };
            let failed = results.last().is_some_and(|last| {
                matches!(last.outcome, Outcome::Failed | Outcome::Untried) && pass == Pass::Change
            });
            results.push(if failed {
                blank(&document, Outcome::Untried)
            } else {
                self.one(at, &document, pass).await
            });
        }
        results
    }

    async fn one(&mut self, at: usize, document: &Document, pass: Pass) -> ObjectResult {
        let mut result = blank(document, Outcome::Failed);
        let error = match self.bring(document, pass, &mut result).await {
            Ok(()) => return result,
            Err(error) => error.problem(),
        };
        let above = self.documents.get(..at).unwrap_or_default();
        let namespace = if document.namespace.is_empty() { "" } else { &*result.namespace };
        if pass == Pass::Trial && error.status == 404 && waits_for_one_of(above, document, namespace) {
            return ObjectResult { outcome: Outcome::Waits, ..result };
        }
        ObjectResult { problem: Some(error), ..result }
    }

    /// Tries or brings one object, and writes into `result` what became of it.
    async fn bring(
        &mut self,
        document: &Document,
        pass: Pass,
        result: &mut ObjectResult,
    ) -> Result<(), ApiError> {
        let target = self.target(document, pass).await?;
        let kind = &target.resource.kind;
        result.target = Some(kind.to_string());
        target.scope.namespace().unwrap_or_default().clone_into(&mut result.namespace);
        let (app, viewer) = (self.app, &self.asking.viewer);
        let mut before = match target.before(viewer).await {
            Ok(before) => before,
            Err(error) => return Err(viewer.refused(app, error).await),
        };
        let change = target.change(document, &self.parameters, pass == Pass::Trial)?;
        let action = action_of(&change.method);
        let made = viewer.cluster.change(As::User(&viewer.credential), change).await;
        if pass == Pass::Change {
            let name = made.as_ref().map_or(document.name.as_str(), |made| name_of(made));
            let detail = told(kind, &target.scope, name, None);
            viewer.note(app, action, outcome_of(&made), self.asking.from, detail).await;
        }
        let mut after: Value = match made {
            Ok(after) => after,
            Err(error) => return Err(viewer.refused(app, error).await),
        };
        result.outcome = match &before {
            None => Outcome::Created,
            Some(before) if differ(before, &after) => Outcome::Configured,
            Some(_) => Outcome::Unchanged,
        };
        name_of(&after).clone_into(&mut result.name);
        for object in before.iter_mut().chain([&mut after]) {
            trim_object(kind, object, Managers::Hidden);
        }
        (result.before, result.after) = (before, Some(after));
        Ok(())
    }

    /// Where an object goes. A kind that the text itself defines may take a moment to be known.
    async fn target(&mut self, document: &Document, pass: Pass) -> Result<Target, ApiError> {
        let looks = if pass == Pass::Change { LOOKS } else { 1 };
        for look in 0..looks {
            if look > 0 {
                self.kinds.forget(&document.api_version);
                tokio::time::sleep(BETWEEN_LOOKS).await;
            }
            match self.kinds.find(&self.asking.viewer, document).await {
                Ok(Some(resource)) => return Target::of(document, resource, &self.parameters),
                Ok(None) => {}
                Err(error) => return Err(self.asking.viewer.refused(self.app, error).await),
            }
        }
        let Document { kind, api_version, .. } = document;
        Err(ApiError::new(ErrorKind::NotFound, format!("the cluster knows no {kind} of {api_version}")))
    }
}

fn action_of(method: &http::Method) -> Action {
    match *method {
        http::Method::POST => Action::CreateObject,
        http::Method::PUT => Action::ReplaceObject,
        _ => Action::ApplyObject,
    }
}

fn blank(document: &Document, outcome: Outcome) -> ObjectResult {
    ObjectResult {
        line: document.line,
        kind: document.kind.clone(),
        namespace: document.namespace.clone(),
        name: document.name.clone(),
        target: None,
        outcome,
        problem: None,
        before: None,
        after: None,
    }
}
