//! `patch`: finding out what an object would be, then updating it.

use http::StatusCode;
use serde_json::Value;

use super::{
    Call, Reply, body,
    create::{self, Owners},
    update::{Tracking, change},
};
use crate::{
    cluster::State,
    managed::{
        Operation,
        apply::{OnConflict, apply},
        shape::Shape,
    },
    object,
    patch::{json, merge, strategic_merge},
    status::ApiError,
};

const JSON: &str = "application/json-patch+json";
const MERGE: &str = "application/merge-patch+json";
const STRATEGIC: &str = "application/strategic-merge-patch+json";
pub(super) const APPLY: &str = "application/apply-patch+yaml";

pub(super) fn patch(call: &Call<'_>, state: &mut State) -> Result<Reply, ApiError> {
    let reply = |code, stored: &Value, warnings: &[String]| {
        let reply = Reply::object(code, call.request, call.kind, stored, call.cluster.now())?;
        Ok(reply.with_warnings(warnings))
    };
    if body::media_type(call.request) == APPLY {
        let (code, stored, warnings) = server_side_apply(call, state)?;
        return reply(code, &stored, &warnings);
    }
    let old = call.stored(state)?;
    let new = patched(call, &call.kind.present(&old))?;
    let decoded = body::check(call, new)?;
    let stored = change(call, state, &old, decoded.object, Tracking::Update)?;
    reply(StatusCode::OK, &stored, &decoded.warnings)
}

/// `before` with the patch of the request carried out.
pub(super) fn patched(call: &Call<'_>, before: &Value) -> Result<Value, ApiError> {
    let media_type = body::media_type(call.request);
    let accepted: &[&str] =
        if call.kind.custom.is_some() { &[JSON, MERGE, APPLY] } else { &[JSON, MERGE, STRATEGIC, APPLY] };
    if !accepted.contains(&media_type) {
        return Err(ApiError::unsupported_media_type(accepted));
    }
    let patch: Value = serde_json::from_slice(&call.request.body)
        .map_err(|error| ApiError::bad_request(format!("error decoding patch: {error}")))?;
    let mut new = before.clone();
    match media_type {
        JSON => json(&mut new, &patch)?,
        MERGE => merge(&mut new, &patch),
        _ => strategic_merge(Shape::of(call.kind), &mut new, &patch),
    }
    Ok(new)
}

fn server_side_apply(
    call: &Call<'_>,
    state: &mut State,
) -> Result<(StatusCode, Value, Vec<String>), ApiError> {
    let query = &call.request.query;
    if query.non_empty("fieldManager").is_none() {
        let cause = crate::status::Cause::required("fieldManager", "is required for apply patch");
        return Err(ApiError::invalid("meta.k8s.io", "PatchOptions", "", &[cause]));
    }
    let config = body::parse_yaml(&call.request.body)?;
    if object::at(&config, &["metadata", "managedFields"]).is_some_and(|fields| !fields.is_null()) {
        return Err(ApiError::bad_request("metadata.managedFields must be nil"));
    }
    let mut decoded = body::check(call, config)?;
    let name = object::name(&decoded.object);
    if !name.is_empty() && *name != call.request.attributes.name {
        return Err(ApiError::bad_request(format!(
            "the name of the object ({name}) does not match the name on the URL ({})",
            call.request.attributes.name
        )));
    }
    object::set(&mut decoded.object, &["metadata", "name"], call.request.attributes.name.as_str());
    let manager = create::manager(call, Operation::Apply);
    let now = call.cluster.now_text();
    let on_conflict = if query.flag("force") { OnConflict::Force } else { OnConflict::Refuse };
    let Ok(old) = call.stored(state) else {
        if !call.request.attributes.subresource.is_empty() {
            return Err(call.not_found());
        }
        let merged = apply(call.kind, &Value::Null, &decoded.object, &manager, on_conflict, &now)?;
        let fields = object::at(&merged, &["metadata", "managedFields"]).cloned();
        let stored = create::insert(call, state, merged, Owners::Applied(fields))?;
        return Ok((StatusCode::CREATED, stored, decoded.warnings));
    };
    let live = call.kind.present(&old);
    let merged = apply(call.kind, &live, &decoded.object, &manager, on_conflict, &now)?;
    let stored = change(call, state, &old, merged, Tracking::Applied)?;
    Ok((StatusCode::OK, stored, decoded.warnings))
}
