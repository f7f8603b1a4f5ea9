//! The `proxy` subresource: the pages of a node's kubelet, and which endpoint of a Service a request would go to.
//! Nothing is behind Services yet.

use http::{StatusCode, header};

use super::{Call, Reply};
use crate::{
    cluster::State,
    kubelet::{self, Page},
    object,
    options::Life,
    status::ApiError,
};

pub(super) fn answer(call: &Call<'_>, state: &State) -> Result<Reply, ApiError> {
    let attributes = &call.request.attributes;
    match call.kind.plural.as_str() {
        "services" => {}
        "nodes" => return node(call, state),
        _ => return Err(ApiError::unavailable("no backend is simulated here")),
    }
    let (name, port) = parts(&attributes.name);
    let key = call.kind.key(&attributes.namespace, name);
    let Some(service) = state.store.get("services", &key) else {
        return Err(ApiError::not_found("", "services", name));
    };
    if attributes.rest.is_none() && call.request.method == http::Method::GET {
        let mut reply = Reply::text(StatusCode::MOVED_PERMANENTLY, "");
        reply.headers.push((header::LOCATION, format!("{}/", call.request.path)));
        return Ok(reply);
    }
    let ports = object::list(&service, &["spec", "ports"]);
    let known = ports.iter().any(|candidate| {
        object::text(candidate, &["name"]) == port
            || object::integer(candidate, &["port"]).is_some_and(|number| number.to_string() == port)
    });
    if !known {
        let id = &attributes.name;
        return Err(ApiError::unavailable(format!("no service port {port:?} found for service {id:?}")));
    }
    Err(ApiError::unavailable(format!("no endpoints available for service {:?}", attributes.name)))
}

/// The pages of a kubelet.
fn node(call: &Call<'_>, state: &State) -> Result<Reply, ApiError> {
    let stored = call.stored(state)?;
    let path = call.request.attributes.rest.as_deref().unwrap_or_default();
    if call.cluster.life == Life::Still {
        return Err(ApiError::unavailable(format!("error trying to reach node {:?}", object::name(&stored))));
    }
    match kubelet::page(&state.store, object::name(&stored), path, call.cluster.now()) {
        Some(Page::Text(text)) => Ok(Reply::text(StatusCode::OK, text)),
        Some(Page::Json(value)) => Ok(Reply::ok(value)),
        None => Ok(Reply::not_found_page()),
    }
}

/// `https:name:port`, `name:port` or `name`.
fn parts(id: &str) -> (&str, &str) {
    let parts: Vec<&str> = id.split(':').collect();
    match parts.as_slice() {
        [_, name, port] => (name, port),
        [name, port] => (name, port),
        _ => (id, ""),
    }
}
