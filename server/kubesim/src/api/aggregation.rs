//! The aggregation layer: groups that other servers serve, to whom requests are passed on with the user's name.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::{
    Body, Reply,
    proxy::{backend, forwarded_for, with_query},
};
use crate::{
    cluster::{Cluster, FRONT_PROXY, State},
    object,
    proxy::{self, Forward, Passage, Redirects, rewrite::Rewrite},
    request::{Attributes, Request},
    status::ApiError,
    store::Store,
};

const SERVICES: &str = "apiservices.apiregistration.k8s.io";
/// Subresources that may take as long as they like.
const LONG: &[&str] = &["attach", "exec", "log", "portforward", "proxy"];
/// What a header's name may have of the key of an extra field.
const KEY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The APIServices of other servers.
fn foreign(store: &Store) -> impl Iterator<Item = &Value> {
    store
        .list(SERVICES, "")
        .map(|(_, service)| service.as_ref())
        .filter(|service| !object::text(service, &["spec", "service", "name"]).is_empty())
}

/// The groups of other servers.
pub(super) fn groups(store: &Store) -> Vec<Value> {
    let mut names: Vec<&str> =
        foreign(store).map(|service| object::text(service, &["spec", "group"])).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().filter_map(|name| group(store, name)).collect()
}

/// The group of APIServices of other servers, as discovery shows it.
pub(super) fn group(store: &Store, group: &str) -> Option<Value> {
    let versions: Vec<Value> = foreign(store)
        .filter(|service| object::text(service, &["spec", "group"]) == group)
        .map(|service| {
            let version = object::text(service, &["spec", "version"]);
            json!({"groupVersion": format!("{group}/{version}"), "version": version})
        })
        .collect();
    let preferred = versions.first()?.clone();
    Some(json!({
        "kind": "APIGroup", "apiVersion": "v1", "name": group, "versions": versions, "preferredVersion": preferred,
    }))
}

/// Passes a request on if another server serves its group and version.
pub(super) fn forward(
    cluster: &Cluster,
    state: &mut State,
    request: &Request,
) -> Option<Result<Reply, ApiError>> {
    let (group, version) = group_version(&request.attributes)?;
    let service = foreign(&state.store).find(|service| {
        object::text(service, &["spec", "group"]) == group
            && object::text(service, &["spec", "version"]) == version
    })?;
    let reference = object::at(service, &["spec", "service"])?;
    let address = address(&state.store, reference);
    Some(address.and_then(|address| to(cluster, state, request, address)))
}

/// Group and version of `/apis/group/version` and everything below.
fn group_version(attributes: &Attributes) -> Option<(String, String)> {
    if attributes.is_resource() {
        return Some((attributes.group.clone(), attributes.version.clone()));
    }
    let parts: Vec<&str> = attributes.path.split('/').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        ["apis", group, version] => Some(((*group).to_owned(), (*version).to_owned())),
        _ => None,
    }
}

fn address(store: &Store, reference: &Value) -> Result<String, ApiError> {
    let (namespace, name) = (object::text(reference, &["namespace"]), object::text(reference, &["name"]));
    let port = object::integer(reference, &["port"]).unwrap_or(443).to_string();
    let service = store
        .get("services", &format!("{namespace}/{name}"))
        .ok_or_else(|| ApiError::unavailable("service unavailable"))?;
    backend(store, &service, &port, name)
}

fn to(cluster: &Cluster, state: &mut State, request: &Request, address: String) -> Result<Reply, ApiError> {
    let passage = Passage::of(&request.headers);
    let mut more = vec![
        ("Audit-Id".to_owned(), state.random.uid()),
        ("X-Forwarded-For".to_owned(), forwarded_for(request)),
    ];
    if passage == Passage::Request {
        more.extend([
            ("X-Forwarded-Host".to_owned(), address.clone()),
            ("X-Forwarded-Proto".to_owned(), "https".to_owned()),
            ("X-Forwarded-Uri".to_owned(), request.path.clone()),
        ]);
    }
    let user = &request.user;
    more.push(("X-Remote-User".to_owned(), user.name.clone()));
    if !user.uid.is_empty() {
        more.push(("X-Remote-Uid".to_owned(), user.uid.clone()));
    }
    more.extend(user.groups.iter().map(|group| ("X-Remote-Group".to_owned(), group.clone())));
    for (key, values) in &user.extra {
        let key = utf8_percent_encode(key, KEY);
        more.extend(values.iter().map(|value| (format!("X-Remote-Extra-{key}"), value.clone())));
    }
    let certificate = cluster
        .front_proxy
        .client(FRONT_PROXY, &[], cluster.now().as_second())
        .map_err(|error| ApiError::unexpected(crate::pki::describe(&error)))?;
    let attributes = &request.attributes;
    let is_long = attributes.verb == "watch" || LONG.contains(&attributes.subresource.as_str());
    Ok(Reply::body(Body::Forward(Box::new(Forward {
        headers: proxy::headers(&request.headers, &address, more),
        rewrite: Rewrite { origin: format!("https://{address}"), prefix: String::new() },
        passage,
        address,
        tls: true,
        certificate: Some(certificate),
        method: request.method.clone(),
        path_and_query: with_query(&request.path, &request.raw_query),
        body: request.body.clone(),
        redirects: Redirects::Refused,
        limit: (!is_long).then_some(cluster.request_timeout),
    }))))
}
