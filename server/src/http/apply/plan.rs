//! What one object of a text means to a cluster: its address there, and the request that brings it.

use std::collections::HashMap;

use crowsnest_api::changes::{FIELD_MANAGER, HIDDEN};
use crowsnest_api::cluster::{ObjectName, Scope};
use http::Method;
use serde_json::Value;

use super::Document;
use super::parameters::{Mode, Parameters};
use crate::cluster::{As, Change, ClusterError, Path, Resource, is_secret};
use crate::http::changes::{APPLY, JSON};
use crate::http::{ApiError, ErrorKind, Viewer};

/// What only the API server writes; sent back, some of it is refused.
const ITS_OWN: &[&str] = &["managedFields", "creationTimestamp", "generation", "selfLink"];

/// The kinds of a cluster, asked for once a request each.
#[derive(Default)]
pub(super) struct Kinds {
    known: HashMap<String, Vec<(String, Resource)>>,
}

impl Kinds {
    /// What the cluster calls a document's kind.
    pub(super) async fn find(
        &mut self,
        viewer: &Viewer,
        document: &Document,
    ) -> Result<Option<Resource>, ClusterError> {
        if !self.known.contains_key(&document.api_version) {
            let version = document.api_version.split_once('/').unwrap_or(("", &document.api_version));
            let kinds = viewer.cluster.kinds_of(As::User(&viewer.credential), version).await?;
            self.known.insert(document.api_version.clone(), kinds);
        }
        let kinds = self.known.get(&document.api_version);
        let found = kinds.into_iter().flatten().find(|(kind, _)| *kind == document.kind);
        Ok(found.map(|(_, resource)| resource.clone()))
    }

    /// Forgets a version, of which there may be more kinds by now.
    pub(super) fn forget(&mut self, api_version: &str) {
        self.known.remove(api_version);
    }
}

/// An object and where it goes.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) resource: Resource,
    pub(super) scope: Scope,
    /// None where the API server makes one.
    pub(super) name: Option<ObjectName>,
}

impl Target {
    pub(super) fn of(
        document: &Document,
        resource: Resource,
        parameters: &Parameters,
    ) -> Result<Self, ApiError> {
        let bad = |error: &dyn std::fmt::Display| ApiError::bad_request(error.to_string());
        let scope = match (resource.namespaced, &*document.namespace) {
            (false, _) => Scope::CLUSTER,
            (true, "") => parameters.namespace.clone(),
            (true, namespace) => namespace.parse().map_err(|error| bad(&error))?,
        };
        let name = match &*document.name {
            "" if parameters.mode == Mode::Create => None,
            "" => return Err(ApiError::bad_request("only what is created gets a name from the API server")),
            name => Some(name.parse().map_err(|error| bad(&error))?),
        };
        Ok(Self { resource, scope, name })
    }

    /// The object there, if there is one.
    pub(super) async fn before(&self, viewer: &Viewer) -> Result<Option<Value>, ClusterError> {
        let Some(name) = &self.name else { return Ok(None) };
        let path = Path::object(&self.resource.kind, &self.scope, name);
        match viewer
            .cluster
            .get::<Value>(As::User(&viewer.credential), &path, crate::cluster::Form::Whole)
            .await
        {
            Ok(object) => Ok(Some(object)),
            Err(ClusterError::Refused(status)) if status.code == 404 => Ok(None),
            // Who may not read it may still be let change it; what it was is not told then.
            Err(ClusterError::Refused(status)) if status.code == 403 => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The request that brings the object.
    pub(super) fn change(
        &self,
        document: &Document,
        parameters: &Parameters,
        trial: bool,
    ) -> Result<Change, ApiError> {
        let mut object = document.object.clone();
        self.prepare(&mut object, parameters.mode)?;
        let kind = &self.resource.kind;
        let (method, path, media_type) = match (parameters.mode, &self.name) {
            (Mode::Create, _) | (_, None) => (Method::POST, Path::list(kind, &self.scope), JSON),
            (Mode::Replace, Some(name)) => (Method::PUT, Path::object(kind, &self.scope, name), JSON),
            (Mode::Apply, Some(name)) => {
                let path = Path::object(kind, &self.scope, name);
                (Method::PATCH, if parameters.force { path.with("force", "true") } else { path }, APPLY)
            }
        };
        let manager = parameters.field_manager.as_deref().unwrap_or(FIELD_MANAGER);
        let mut path = path.with("fieldManager", manager).with("fieldValidation", "Strict");
        if trial {
            path = path.with("dryRun", "All");
        }
        let body = serde_json::to_vec(&object).map_err(ApiError::internal)?;
        Ok(Change { method, path, media_type, body })
    }

    fn prepare(&self, object: &mut Value, mode: Mode) -> Result<(), ApiError> {
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.retain(|name, _| !ITS_OWN.contains(&name.as_str()));
            if mode == Mode::Replace && !metadata.contains_key("resourceVersion") {
                let message = "what is replaced is named with its resourceVersion, so that nobody's change is overwritten";
                return Err(ApiError::new(ErrorKind::BadRequest, message));
            }
            if mode == Mode::Create {
                metadata.remove("resourceVersion");
                metadata.remove("uid");
            }
        }
        if mode != Mode::Replace
            && let Some(fields) = object.as_object_mut()
        {
            fields.remove("status");
        }
        if is_secret(&self.resource.kind) { leave_out_hidden(object, mode) } else { Ok(()) }
    }
}

/// A value that was not shown is not sent. Where that would take it away, nothing is.
fn leave_out_hidden(object: &mut Value, mode: Mode) -> Result<(), ApiError> {
    for field in ["data", "stringData"] {
        let Some(values) = object.get_mut(field).and_then(Value::as_object_mut) else { continue };
        let before = values.len();
        values.retain(|_, value| value != HIDDEN);
        if values.len() != before && mode != Mode::Apply {
            return Err(ApiError::bad_request(
                "a Secret with values that are not shown can be applied only: whoever replaces it needs them all",
            ));
        }
    }
    Ok(())
}

/// Whether an object above this one has to be there first: its namespace, or the definition of its kind.
pub(super) fn waits_for_one_of(before: &[Document], document: &Document, namespace: &str) -> bool {
    let text = |object: &Value, path: &str| {
        object.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let group = document.api_version.split_once('/').map_or("", |(group, _)| group);
    before.iter().any(|other| match other.kind.as_str() {
        "Namespace" => !namespace.is_empty() && other.name == namespace,
        "CustomResourceDefinition" => {
            text(&other.object, "/spec/group") == group
                && text(&other.object, "/spec/names/kind") == document.kind
        }
        _ => false,
    })
}

/// Whether two states of an object differ in more than what every write changes.
pub(super) fn differ(before: &Value, after: &Value) -> bool {
    let essence = |object: &Value| {
        let mut object = object.clone();
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.retain(|name, _| !ITS_OWN.contains(&name.as_str()) && name != "resourceVersion");
        }
        object
    };
    essence(before) != essence(after)
}
