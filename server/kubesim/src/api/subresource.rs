//! Paths below an object, each with rules of its own.

use http::{Method, StatusCode};
use serde_json::json;

use super::{Call, Reply, body, evict, exec, log, patch, proxy, read, scale, token, update};
use crate::{cluster::State, object, status::ApiError};

/// Answers a request to a subresource that its kind has.
pub(super) fn answer(call: &Call<'_>, state: &mut State) -> Result<Reply, ApiError> {
    match call.request.attributes.subresource.as_str() {
        "scale" => scale::answer(call, state),
        "eviction" => evict::evict(call, state),
        "token" => token::create(call, state),
        "binding" => bind(call, state),
        "finalize" => finalize(call, state),
        "proxy" => proxy::answer(call, state),
        "exec" => exec::exec(call, state),
        "attach" => exec::attach(call, state),
        "portforward" => exec::forward(call, state),
        "log" => log::answer(call, state),
        _ => match call.request.method {
            Method::GET => read::get(call, state),
            Method::PATCH => patch::patch(call, state),
            _ => update::replace(call, state),
        },
    }
}

/// Puts a pod on a node.
fn bind(call: &Call<'_>, state: &mut State) -> Result<Reply, ApiError> {
    let binding = body::parse(call.request, "Binding")?;
    let pod = call.stored(state)?;
    if !object::text(&pod, &["spec", "nodeName"]).is_empty() {
        let detail = format!("pod {} is already assigned to node", object::name(&pod));
        return Err(ApiError::conflict("", "pods/binding", object::name(&pod), &detail));
    }
    let mut bound = pod.as_ref().clone();
    object::set(&mut bound, &["spec", "nodeName"], object::text(&binding, &["target", "name"]));
    if !call.request.dry_run() {
        state.put(call.kind, &call.key(), bound);
    }
    let status =
        json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201});
    Ok(Reply::json(StatusCode::CREATED, status))
}

/// Sets a namespace's own finalizers; without any, a namespace that is to go goes.
fn finalize(call: &Call<'_>, state: &mut State) -> Result<Reply, ApiError> {
    let wanted = body::parse(call.request, "Namespace")?;
    let old = call.stored(state)?;
    let mut new = old.as_ref().clone();
    let finalizers = object::list(&wanted, &["spec", "finalizers"]).to_vec();
    object::set(&mut new, &["spec", "finalizers"], finalizers);
    let stored = state.put(call.kind, &call.key(), new);
    Reply::object(StatusCode::OK, call.request, call.kind, &stored, call.cluster.now())
}
