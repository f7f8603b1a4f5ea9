//! The `proxy` subresource: the pages of a node's kubelet, and what is behind a Service, a pod or a node's other ports.

use http::{Method, StatusCode, header};
use serde_json::Value;

use super::{Body, Call, Reply};
use crate::{
    cluster::State,
    kubelet::{self, Page},
    object,
    options::Life,
    proxy::{
        self, Forward, Passage, Redirects,
        rewrite::{ProxyPath, Rewrite},
    },
    request::Request,
    status::ApiError,
    store::Store,
};

/// Where clients are, as far as backends are told.
const CLIENT: &str = "127.0.0.1";
/// The port of kubelets.
const KUBELET: &str = "10250";
const SLICES: &str = "endpointslices.discovery.k8s.io";

pub(super) fn answer(call: &Call<'_>, state: &State) -> Result<Reply, ApiError> {
    let attributes = &call.request.attributes;
    let (scheme, name, port) = parts(&attributes.name);
    let resource = call.kind.plural.as_str();
    let object = state
        .store
        .get(&call.kind.table, &call.kind.key(&attributes.namespace, name))
        .ok_or_else(|| ApiError::not_found("", resource, name))?;
    if attributes.rest.is_none() && call.request.method == Method::GET {
        let mut reply = Reply::text(StatusCode::MOVED_PERMANENTLY, "");
        reply.headers.push((header::LOCATION, format!("{}/", call.request.path)));
        return Ok(reply);
    }
    let rest = attributes.rest.as_deref().unwrap_or_default();
    let address = match resource {
        "nodes" if matches!(port, "" | KUBELET) => return kubelet_page(call, state, name, rest),
        "nodes" => host_and_port(node_address(&object), port, scheme)?,
        "pods" => pod_address(&object, port, scheme)?,
        _ => backend(&state.store, &object, port, &attributes.name)?,
    };
    forward(call.request, &address, scheme, rest)
}

fn node_address(node: &Value) -> &str {
    let addresses = object::list(node, &["status", "addresses"]);
    let internal = addresses.iter().find(|address| object::text(address, &["type"]) == "InternalIP");
    internal.map(|address| object::text(address, &["address"])).unwrap_or_default()
}

/// Where a pod listens: on `port`, or on the first port that its containers name.
fn pod_address(pod: &Value, port: &str, scheme: &str) -> Result<String, ApiError> {
    let ip = object::text(pod, &["status", "podIP"]);
    if !port.is_empty() {
        return host_and_port(ip, port, scheme);
    }
    let containers = object::list(pod, &["spec", "containers"]);
    let named = containers.iter().find_map(|container| {
        object::integer(object::list(container, &["ports"]).first()?, &["containerPort"])
    });
    host_and_port(ip, &named.map(|port| port.to_string()).unwrap_or_default(), scheme)
}

/// `host:port`; without a port the one that the scheme has.
fn host_and_port(host: &str, port: &str, scheme: &str) -> Result<String, ApiError> {
    let port = match port {
        "" if scheme == "https" => "443",
        "" => "80",
        port => port,
    };
    match host {
        "" => Err(ApiError::bad_request("address not allowed")),
        host if host.contains(':') => Ok(format!("[{host}]:{port}")),
        host => Ok(format!("{host}:{port}")),
    }
}

/// Sends a request on to a backend.
fn forward(request: &Request, address: &str, scheme: &str, rest: &str) -> Result<Reply, ApiError> {
    let path = ProxyPath::of(&request.path, rest);
    let passage = Passage::of(&request.headers);
    let mut more = vec![("X-Forwarded-For".to_owned(), forwarded_for(request))];
    if passage == Passage::Request {
        more.push(("X-Forwarded-Uri".to_owned(), path.forwarded));
    }
    Ok(Reply::body(Body::Forward(Box::new(Forward {
        address: address.to_owned(),
        tls: scheme == "https",
        certificate: None,
        method: request.method.clone(),
        path_and_query: with_query(&path.path, &request.raw_query),
        headers: proxy::headers(&request.headers, request.header("host"), more),
        passage,
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
fn kubelet_page(call: &Call<'_>, state: &State, node: &str, path: &str) -> Result<Reply, ApiError> {
    if call.cluster.life == Life::Still {
        return Err(ApiError::unavailable(format!("error trying to reach node {node:?}")));
    }
    match kubelet::page(&state.store, node, path, call.cluster.now()) {
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
