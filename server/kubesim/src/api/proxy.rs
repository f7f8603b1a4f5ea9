//! The `proxy` subresource of Services: which endpoint a request would go to. Nothing is behind it yet.

use http::{StatusCode, header};

use super::{Call, Reply};
use crate::{cluster::State, object, status::ApiError};

pub(super) fn answer(call: &Call<'_>, state: &State) -> Result<Reply, ApiError> {
    let attributes = &call.request.attributes;
    if call.kind.plural != "services" {
        return Err(ApiError::unavailable("no backend is simulated here"));
    }
    let (scheme, name, port) = parts(&attributes.name);
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
    let _ = scheme;
    Err(ApiError::unavailable(format!("no endpoints available for service {:?}", attributes.name)))
}

/// `https:name:port`, `name:port` or `name`.
fn parts(id: &str) -> (&str, &str, &str) {
    let parts: Vec<&str> = id.split(':').collect();
    match parts.as_slice() {
        [scheme, name, port] => (scheme, name, port),
        [name, port] => ("", name, port),
        _ => ("", id, ""),
    }
}
