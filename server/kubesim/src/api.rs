//! Answering requests.

mod aggregation;
pub(crate) mod body;
pub(crate) mod chaos;
mod create;
mod delete;
mod discovery;
mod evict;
mod exec;
mod issuer;
pub(crate) mod log;
mod openapi;
mod patch;
mod proxy;
mod read;
mod reply;
mod review;
mod scale;
mod signing;
mod subresource;
mod token;
mod update;
pub(crate) mod watch;

use std::sync::Arc;

pub(crate) use reply::{Body, Reply};

use crate::{
    access,
    cluster::{Cluster, State},
    kind::Kind,
    request::Request,
    status::ApiError,
};

/// Answers a request whose sender is known.
pub(crate) fn handle(cluster: &Arc<Cluster>, request: &Request) -> Reply {
    route(cluster, request).unwrap_or_else(|error| Reply::error(&error))
}

fn route(cluster: &Arc<Cluster>, request: &Request) -> Result<Reply, ApiError> {
    if request.path == chaos::PATH {
        return chaos::answer(cluster, request);
    }
    if request.path == issuer::PATH {
        return issuer::answer(cluster, request);
    }
    let attributes = &request.attributes;
    let mut state = cluster.lock();
    access::authorize(cluster, &state.store, &request.user, attributes)?;
    if let Some(passed_on) = aggregation::forward(cluster, &mut state, request) {
        return passed_on;
    }
    if !attributes.is_resource() {
        return Ok(discovery::answer(cluster, &state, request));
    }
    let kind = match state.registry.find(&attributes.group, &attributes.version, &attributes.resource) {
        Some(kind) => kind,
        None if state.registry.of(&attributes.group, &attributes.version).next().is_some() => {
            return Err(ApiError::no_such_resource());
        }
        None => return Ok(Reply::not_found_page()),
    };
    let misplaced = if kind.namespaced {
        attributes.namespace.is_empty()
            && !matches!(attributes.verb.as_str(), "list" | "watch" | "deletecollection")
            && kind.plural != "localsubjectaccessreviews"
    } else {
        !attributes.namespace.is_empty() && kind.plural != "namespaces"
    };
    if misplaced {
        // Only lists reach across namespaces.
        let creates = attributes.verb == "create" && attributes.name.is_empty();
        return Err(if creates { ApiError::method_not_allowed() } else { ApiError::no_such_resource() });
    }
    if !attributes.subresource.is_empty() {
        let Some(subresource) = kind.subresource(&attributes.subresource) else {
            return Err(ApiError::no_such_resource());
        };
        // A proxy passes every method on.
        if !subresource.verbs.contains(&attributes.verb.as_str()) && subresource.name != "proxy" {
            return Err(ApiError::method_not_allowed());
        }
        return subresource::answer(&Call { cluster, request, kind: &kind }, &mut state);
    }
    // Objects are made in their collection and changed under their own path. A list may name one object in its
    // field selector.
    let misdirected = match attributes.verb.as_str() {
        "create" => !attributes.name.is_empty(),
        "update" | "patch" => attributes.name.is_empty(),
        _ => false,
    };
    if misdirected || !kind.verbs.contains(&attributes.verb.as_str()) {
        return Err(ApiError::method_not_allowed());
    }
    let call = Call { cluster, request, kind: &kind };
    match attributes.verb.as_str() {
        "get" => read::get(&call, &state),
        "list" => read::list(&call, state),
        "watch" => watch::start(&call, &state),
        "create" if review::is_review(&kind) => {
            drop(state);
            review::create(&call)
        }
        "create" => create::create(&call, &mut state),
        "update" => update::replace(&call, &mut state),
        "patch" => patch::patch(&call, &mut state),
        "delete" => delete::delete(&call, &mut state),
        "deletecollection" => delete::delete_collection(&call, &mut state),
        _ => Err(ApiError::method_not_allowed()),
    }
}

/// A request to a kind.
#[derive(Clone, Copy)]
pub(crate) struct Call<'c> {
    pub(crate) cluster: &'c Arc<Cluster>,
    pub(crate) request: &'c Request,
    pub(crate) kind: &'c Arc<Kind>,
}

impl Call<'_> {
    /// The key of the object that the request names.
    pub(crate) fn key(&self) -> String {
        self.kind.key(&self.request.attributes.namespace, &self.request.attributes.name)
    }

    /// The stored object that the request names.
    pub(crate) fn stored(&self, state: &State) -> Result<Arc<serde_json::Value>, ApiError> {
        state.store.get(&self.kind.table, &self.key()).ok_or_else(|| self.not_found())
    }

    pub(crate) fn not_found(&self) -> ApiError {
        ApiError::not_found(&self.kind.group, &self.kind.plural, &self.request.attributes.name)
    }
}
