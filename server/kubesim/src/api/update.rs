//! `update`, and the last steps that every change of an object goes through.

use std::sync::Arc;

use http::StatusCode;
use serde_json::Value;

use super::{Call, Reply, body, create, delete, signing};
use crate::{
    cluster::State,
    defaults,
    kind::Kind,
    managed::{self, Operation},
    object,
    status::ApiError,
    validate,
};

/// Fields of the metadata that no client changes.
const FIXED: &[&str] = &[
    "name",
    "namespace",
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "selfLink",
];

/// The path at which containers are added to a running pod, and their field.
const ADDED_CONTAINERS: &str = "ephemeralcontainers";
const ADDED_FIELD: &[&str] = &["spec", "ephemeralContainers"];

pub(super) fn replace(call: &Call<'_>, state: &mut State) -> Result<Reply, ApiError> {
    let decoded = body::decode(call)?;
    let name = object::name(&decoded.object);
    let wanted = &call.request.attributes.name;
    if name != wanted {
        return Err(ApiError::bad_request(format!(
            "the name of the object ({name}) does not match the name on the URL ({wanted})"
        )));
    }
    let old = call.stored(state)?;
    let stored = change(call, state, &old, decoded.object, Tracking::Update)?;
    let reply = Reply::object(StatusCode::OK, call.request, call.kind, &stored, call.cluster.now())?;
    Ok(reply.with_warnings(&decoded.warnings))
}

/// Who keeps track of field owners.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Tracking {
    /// This module does, by comparing.
    Update,
    /// Server-side apply already has.
    Applied,
}

/// Puts `new` (in the call's version) in the place of `old` (as stored), and returns what is stored then.
pub(super) fn change(
    call: &Call<'_>,
    state: &mut State,
    old: &Arc<Value>,
    mut new: Value,
    tracking: Tracking,
) -> Result<Value, ApiError> {
    let kind = call.kind;
    let before = kind.present(old);
    check_version(call, &before, &new)?;
    keep_fixed(kind, &call.request.attributes.subresource, &before, &mut new);
    if matches!(call.request.attributes.subresource.as_str(), "" | ADDED_CONTAINERS | "resize") {
        defaults::apply(kind, &mut new);
    }
    if kind.has_generation() && is_of_new_generation(&before, &new) {
        let generation = object::integer(&before, &["metadata", "generation"]).unwrap_or(0) + 1;
        object::set(&mut new, &["metadata", "generation"], generation);
    }
    match tracking {
        Tracking::Update => {
            let manager = create::manager(call, Operation::Update);
            // Entries of the scale path carry no time.
            let now = if manager.subresource == "scale" { String::new() } else { call.cluster.now_text() };
            managed::record_update(kind, &before, &mut new, &manager, &now);
        }
        Tracking::Applied => {}
    }
    signing::check_change(call, &before, &mut new);
    let mut causes = validate::check(kind, &new);
    if call.request.attributes.subresource == ADDED_CONTAINERS {
        causes.extend(validate::added_containers(&before, &new));
    }
    if !causes.is_empty() {
        return Err(ApiError::invalid(&kind.group, &kind.kind, object::name(&new), &causes));
    }
    let version = object::text(old, &["metadata", "resourceVersion"]).to_owned();
    object::set(&mut new, &["metadata", "resourceVersion"], version);
    let stored = kind.to_stored(new);
    if stored == **old || call.request.dry_run() {
        return Ok(stored);
    }
    let key = call.key();
    if object::is_terminating(&stored)
        && object::list(&stored, &["metadata", "finalizers"]).is_empty()
        && object::integer(&stored, &["metadata", "deletionGracePeriodSeconds"]).unwrap_or(0) == 0
    {
        // The last finalizer has gone: so does the object.
        return Ok(delete::remove_now(state, kind, &key).map_or(stored, |last| last.as_ref().clone()));
    }
    let stored = state.put(kind, &key, stored);
    signing::follow_up(call, state, &stored);
    Ok(stored.as_ref().clone())
}

/// A change must start from the newest state, if it says which it starts from.
fn check_version(call: &Call<'_>, before: &Value, new: &Value) -> Result<(), ApiError> {
    let kind = call.kind;
    let conflict = |detail: &str| ApiError::conflict(&kind.group, &kind.plural, object::name(before), detail);
    let uid = object::uid(new);
    if !uid.is_empty() && uid != object::uid(before) {
        return Err(conflict(&format!(
            "Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
            object::uid(before)
        )));
    }
    let version = object::text(new, &["metadata", "resourceVersion"]);
    if !version.is_empty() && version != object::text(before, &["metadata", "resourceVersion"]) {
        return Err(conflict(
            "the object has been modified; please apply your changes to the latest version and try again",
        ));
    }
    if kind.custom.is_some() && version.is_empty() && call.request.method == http::Method::PUT {
        let cause = crate::status::Cause::invalid(
            "metadata.resourceVersion",
            &Value::from(0),
            "must be specified for an update",
        );
        return Err(ApiError::invalid(&kind.group, &kind.kind, object::name(before), &[cause]));
    }
    Ok(())
}

/// Puts back what this path cannot change.
fn keep_fixed(kind: &Kind, subresource: &str, before: &Value, new: &mut Value) {
    for field in FIXED {
        match object::at(before, &["metadata", field]) {
            Some(value) => object::set(new, &["metadata", field], value.clone()),
            None => {
                object::remove(new, &["metadata", field]);
            }
        }
    }
    let keep = |new: &mut Value, field: &str| match before.get(field) {
        Some(value) => object::set(new, &[field], value.clone()),
        None => {
            object::remove(new, &[field]);
        }
    };
    match subresource {
        "" if kind.subresource("status").is_some() => {
            keep(new, "status");
            if kind.subresource(ADDED_CONTAINERS).is_some() {
                keep_added(before, new);
            }
        }
        // Nothing else changes there.
        ADDED_CONTAINERS => {
            let added = object::at(new, ADDED_FIELD).cloned();
            keep(new, "status");
            keep(new, "spec");
            if let Some(added) = added {
                object::set(new, ADDED_FIELD, added);
            }
        }
        "status" | "approval" => {
            let fields: Vec<String> = ["spec".to_owned()]
                .into_iter()
                .chain(new.as_object().into_iter().flat_map(|fields| fields.keys().cloned()))
                .filter(|field| !matches!(field.as_str(), "status" | "metadata" | "kind" | "apiVersion"))
                .collect();
            for field in fields {
                keep(new, &field);
            }
        }
        _ => {}
    }
}

/// Containers are added to a running pod at a path of their own, and nowhere else.
fn keep_added(before: &Value, new: &mut Value) {
    match object::at(before, ADDED_FIELD) {
        Some(added) => object::set(new, ADDED_FIELD, added.clone()),
        None => {
            object::remove(new, ADDED_FIELD);
        }
    }
}

/// Whether more changed than metadata and status.
fn is_of_new_generation(before: &Value, new: &Value) -> bool {
    let desired = |object: &Value| {
        let mut object = object.clone();
        if let Some(fields) = object.as_object_mut() {
            fields
                .retain(|field, _| !matches!(field.as_str(), "metadata" | "status" | "kind" | "apiVersion"));
        }
        object
    };
    desired(before) != desired(new)
}
