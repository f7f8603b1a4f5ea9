//! The `scale` subresource: the replica counts of a kind as an `autoscaling/v1 Scale`.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    Call, Reply, body, patch,
    update::{Tracking, change},
};
use crate::{cluster::State, object, status::ApiError};

pub(super) fn answer(call: &Call<'_>, state: &mut State) -> Result<Reply, ApiError> {
    let old = call.stored(state)?;
    if call.request.method == Method::GET {
        return Ok(Reply::ok(scale_of(call, &old)));
    }
    let before = scale_of(call, &old);
    let wanted = if call.request.method == Method::PATCH {
        patch::patched(call, &before)?
    } else {
        body::parse(call.request, "Scale")?
    };
    let replicas = object::integer(&wanted, &["spec", "replicas"]).unwrap_or(0);
    if replicas < 0 {
        let cause = crate::status::Cause::invalid(
            "spec.replicas",
            &json!(replicas),
            "must be greater than or equal to 0",
        );
        return Err(ApiError::invalid("autoscaling", "Scale", object::name(&old), &[cause]));
    }
    let mut new = call.kind.present(&old);
    let version = object::text(&wanted, &["metadata", "resourceVersion"]);
    object::set(&mut new, &["metadata", "resourceVersion"], version);
    object::set(&mut new, &paths(call).0, replicas);
    let stored = change(call, state, &old, new, Tracking::Update)?;
    Ok(Reply::json(StatusCode::OK, scale_of(call, &stored)))
}

/// Where the wanted and the current count are.
fn paths<'c>(call: &Call<'c>) -> (Vec<&'c str>, Vec<&'c str>) {
    match call.kind.custom.as_ref().and_then(|custom| custom.scale.as_ref()) {
        Some(scale) => (
            scale.spec_replicas.iter().map(String::as_str).collect(),
            scale.status_replicas.iter().map(String::as_str).collect(),
        ),
        None => (vec!["spec", "replicas"], vec!["status", "replicas"]),
    }
}

fn scale_of(call: &Call<'_>, stored: &Value) -> Value {
    let (wanted, current) = paths(call);
    let mut metadata = json!({});
    for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        if let Some(value) = object::at(stored, &["metadata", field]) {
            object::set(&mut metadata, &[field], value.clone());
        }
    }
    let mut status = json!({"replicas": object::integer(stored, &current).unwrap_or(0)});
    let selector = selector(call, stored);
    if !selector.is_empty() {
        object::set(&mut status, &["selector"], selector);
    }
    json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata,
        "spec": {"replicas": object::integer(stored, &wanted).unwrap_or(0)}, "status": status,
    })
}

fn selector(call: &Call<'_>, stored: &Value) -> String {
    if let Some(custom) = &call.kind.custom {
        let path: Vec<&str> =
            custom.scale.iter().flat_map(|scale| scale.selector.iter().map(String::as_str)).collect();
        return object::at(stored, &path).and_then(Value::as_str).unwrap_or_default().to_owned();
    }
    let labels = match object::at(stored, &["spec", "selector", "matchLabels"]) {
        Some(_) => object::string_map(stored, &["spec", "selector", "matchLabels"]),
        None => object::string_map(stored, &["spec", "selector"]),
    };
    let terms: Vec<String> = labels.into_iter().map(|(key, value)| format!("{key}={value}")).collect();
    terms.join(",")
}
