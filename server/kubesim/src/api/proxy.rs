//! The `proxy` subresource: the pages of a node's kubelet, and what is behind a Service.

use http::{StatusCode, header};
use serde_json::Value;

use super::{Body, Call, Reply};
use crate::{
    cluster::State,
    kubelet::{self, Page},
    object,
    options::Life,
    proxy::{
        self, Forward, Redirects,
        rewrite::{ProxyPath, Rewrite},
    },
    request::Request,
    status::ApiError,
    store::Store,
};

/// Where clients are, as far as backends are told.
const CLIENT: &str = "127.0.0.1";
const SLICES: &str = "endpointslices.discovery.k8s.io";

pub(super) fn answer(call: &Call<'_>, state: &State) -> Result<Reply, ApiError> {
    let attributes = &call.request.attributes;
    match call.kind.plural.as_str() {
        "services" => {}
        "nodes" => return node(call, state),
        _ => return Err(ApiError::unavailable("no backend is simulated here")),
    }
    let id = &attributes.name;
    let (scheme, name, port) = parts(id);
    let key = call.kind.key(&attributes.namespace, name);
    let Some(service) = state.store.get("services", &key) else {
        return Err(ApiError::not_found("", "services", name));
    };
    let Some(rest) = attributes.rest.as_deref() else {
        if call.request.method == http::Method::GET {
            let mut reply = Reply::text(StatusCode::MOVED_PERMANENTLY, "");
            reply.headers.push((header::LOCATION, format!("{}/", call.request.path)));
            return Ok(reply);
        }
        return forward(call.request, &backend(&state.store, &service, port, id)?, scheme, "");
    };
    forward(call.request, &backend(&state.store, &service, port, id)?, scheme, rest)
}

/// Sends a request on to a backend.
fn forward(request: &Request, address: &str, scheme: &str, rest: &str) -> Result<Reply, ApiError> {
    let path = ProxyPath::of(&request.path, rest);
    let headers = proxy::headers(
        &request.headers,
        request.header("host"),
        vec![
            ("X-Forwarded-For".to_owned(), forwarded_for(request)),
            ("X-Forwarded-Uri".to_owned(), path.forwarded),
        ],
    );
    Ok(Reply::body(Body::Forward(Box::new(Forward {
        address: address.to_owned(),
        tls: scheme == "https",
        certificate: None,
        method: request.method.clone(),
        path_and_query: with_query(&path.path, &request.raw_query),
        headers,
        body: request.body.clone(),
        rewrite: Rewrite { origin: String::new(), prefix: proxy::rewrite::encode(&path.prefix) },
        redirects: Redirects::PassedOn,
        limit: None,
    }))))
}

/// What a backend is told about the way that a request has come.
pub(super) fn forwarded_for(request: &Request) -> String {
    match request.header("x-forwarded-for") {
        "" => CLIENT.to_owned(),
        before => format!("{before}, {CLIENT}"),
    }
}

pub(super) fn with_query(path: &str, query: &str) -> String {
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// The address of a ready endpoint of a Service. `port` is a name or a number; empty is the port without a name.
pub(super) fn backend(store: &Store, service: &Value, port: &str, id: &str) -> Result<String, ApiError> {
    let name = object::name(service);
    let port = match port.parse::<i64>() {
        Ok(number) => object::list(service, &["spec", "ports"])
            .iter()
            .find(|candidate| object::integer(candidate, &["port"]) == Some(number))
            .map(|candidate| object::text(candidate, &["name"]))
            .ok_or_else(|| {
                ApiError::unavailable(format!("no service port {number} found for service {name:?}"))
            })?,
        Err(_) => port,
    };
    let prefix = format!("{}/", object::namespace(service));
    let slices = store.list(SLICES, &prefix).filter(|(_, slice)| {
        object::text(slice, &["metadata", "labels", "kubernetes.io/service-name"]) == name
    });
    for (_, slice) in slices {
        let ready = object::list(slice, &["endpoints"])
            .iter()
            .find(|endpoint| object::at(endpoint, &["conditions", "ready"]) != Some(&Value::Bool(false)));
        let address = ready.and_then(|endpoint| object::texts(endpoint, &["addresses"]).next());
        let number = object::list(slice, &["ports"])
            .iter()
            .find(|candidate| object::text(candidate, &["name"]) == port)
            .and_then(|candidate| object::integer(candidate, &["port"]));
        if let (Some(address), Some(number)) = (address, number) {
            return Ok(format!("{address}:{number}"));
        }
    }
    Err(ApiError::unavailable(format!("no endpoints available for service {id:?}")))
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

/// Scheme, name and port in `https:name:port`, `name:port` or `name`.
fn parts(id: &str) -> (&str, &str, &str) {
    let parts: Vec<&str> = id.split(':').collect();
    match parts.as_slice() {
        [scheme, name, port] => (scheme, name, port),
        [name, port] => ("http", name, port),
        _ => ("http", id, ""),
    }
}
