//! Paths that are no resources: health, version, and what the server serves.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use http::{StatusCode, header};
use serde_json::{Map, Value, json};

use super::{Reply, aggregation, openapi};
use crate::{
    cluster::{Cluster, State},
    encode::wants_aggregated_discovery,
    kind::{Kind, Subresource, group_version},
    object,
    request::Request,
    status::ApiError,
};

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
/// What `?verbose` tells about.
const CHECKS: &[&str] = &[
    "ping",
    "log",
    "etcd",
    "poststarthook/start-apiextensions-controllers",
    "poststarthook/crd-informer-synced",
    "poststarthook/rbac/bootstrap-roles",
    "poststarthook/apiservice-registration-controller",
    "poststarthook/apiservice-discovery-controller",
];

pub(super) fn answer(cluster: &Cluster, state: &State, request: &Request) -> Reply {
    if request.method != http::Method::GET && request.method != http::Method::HEAD {
        return Reply::error(&ApiError::method_not_allowed());
    }
    let parts: Vec<&str> = request.path.split('/').filter(|part| !part.is_empty()).collect();
    let aggregated = wants_aggregated_discovery(request.header("accept"));
    match parts.as_slice() {
        [] => paths(state),
        ["version"] => Reply::ok(version()),
        [check @ ("healthz" | "livez" | "readyz")] => health(request, check),
        ["openapi", "v3", rest @ ..] => openapi::answer(state, request, rest),
        ["metrics"] => Reply::text(StatusCode::OK, metrics(cluster)),
        ["api"] if aggregated => aggregated_groups(state, true),
        ["apis"] if aggregated => aggregated_groups(state, false),
        ["api"] => Reply::ok(json!({
            "kind": "APIVersions", "versions": ["v1"],
            "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": cluster.address()}],
        })),
        ["apis"] => {
            let groups: Vec<Value> = state
                .registry
                .groups()
                .into_iter()
                .filter(|(group, _)| !group.is_empty())
                .map(|(group, versions)| group_of(group, &versions))
                .chain(aggregation::groups(&state.store).into_iter().map(without_type))
                .collect();
            Reply::ok(json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}))
        }
        ["apis", group] => match state.registry.groups().into_iter().find(|(name, _)| name == group) {
            Some((group, versions)) => {
                let mut value = group_of(group, &versions);
                value["kind"] = "APIGroup".into();
                value["apiVersion"] = "v1".into();
                Reply::ok(value)
            }
            None => aggregation::group(&state.store, group).map_or_else(Reply::not_found_page, Reply::ok),
        },
        ["api", version] => resources(state, "", version),
        ["apis", group, version] => resources(state, group, version),
        _ => Reply::not_found_page(),
    }
}

fn paths(state: &State) -> Reply {
    let mut paths = vec!["/api".to_owned(), "/api/v1".to_owned(), "/apis".to_owned()];
    for (group, versions) in state.registry.groups().into_iter().filter(|(group, _)| !group.is_empty()) {
        paths.push(format!("/apis/{group}"));
        paths.extend(versions.iter().map(|version| format!("/apis/{group}/{version}")));
    }
    paths.extend(["/healthz", "/livez", "/metrics", "/readyz", "/version"].map(str::to_owned));
    Reply::ok(json!({ "paths": paths }))
}

fn version() -> Value {
    json!({
        "major": "1", "minor": "36", "emulationMajor": "1", "emulationMinor": "36", "minCompatibilityMajor": "1",
        "minCompatibilityMinor": "35", "gitVersion": "v1.36.0+kubesim", "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z", "goVersion": "none", "compiler": "rustc",
        "platform": "linux/amd64",
    })
}

/// The API server's own metrics: few of them, and of the newest requests alone.
fn metrics(cluster: &Cluster) -> String {
    let mut requests: BTreeMap<(String, String, String), usize> = BTreeMap::new();
    for asked in cluster.asked.all().into_iter().filter(|asked| asked.allowed) {
        *requests.entry((asked.group, asked.resource, asked.verb.to_uppercase())).or_default() += 1;
    }
    let mut text = String::from(
        "# HELP apiserver_request_total [STABLE] Counter of apiserver requests broken out for each verb, dry run value, group, \
         version, resource, scope, component, and HTTP response code.\n# TYPE apiserver_request_total counter\n",
    );
    for ((group, resource, verb), count) in requests {
        let (resource, subresource) = resource.split_once('/').unwrap_or((&resource, ""));
        _ = writeln!(
            text,
            "apiserver_request_total{{code=\"200\",component=\"apiserver\",dry_run=\"\",group=\"{group}\",\
             resource=\"{resource}\",scope=\"\",subresource=\"{subresource}\",verb=\"{verb}\",version=\"v1\"}} {count}"
        );
    }
    text
}

fn health(request: &Request, check: &str) -> Reply {
    if !request.query.flag("verbose") {
        return Reply::text(StatusCode::OK, "ok");
    }
    let mut text: String = CHECKS.iter().map(|check| format!("[+]{check} ok\n")).collect();
    text.push_str(check);
    text.push_str(" check passed\n");
    Reply::text(StatusCode::OK, text)
}

/// A group as one of a list.
fn without_type(mut group: Value) -> Value {
    object::remove(&mut group, &["kind"]);
    object::remove(&mut group, &["apiVersion"]);
    group
}

/// A group of another server in the newer form, which here does not ask that server for its kinds.
fn aggregated_foreign(group: &Value) -> Value {
    let versions: Vec<Value> = object::list(group, &["versions"])
        .iter()
        .map(|version| json!({"version": version["version"], "resources": [], "freshness": "Current"}))
        .collect();
    json!({"metadata": {"name": group["name"]}, "versions": versions})
}

fn group_of(group: &str, versions: &[&str]) -> Value {
    let versions: Vec<Value> = versions
        .iter()
        .map(|version| json!({"groupVersion": group_version(group, version), "version": version}))
        .collect();
    json!({"name": group, "preferredVersion": versions.first(), "versions": versions})
}

/// The resources of one version, the subresources among them.
fn resources(state: &State, group: &str, version: &str) -> Reply {
    let kinds: Vec<&Kind> = state.registry.of(group, version).map(AsRef::as_ref).collect();
    if kinds.is_empty() {
        return Reply::not_found_page();
    }
    let resources: Vec<Value> = kinds
        .into_iter()
        .flat_map(|kind| {
            std::iter::once(resource(kind))
                .chain(kind.subresources.iter().map(move |sub| subresource(kind, sub)))
        })
        .collect();
    let mut list = json!({
        "kind": "APIResourceList", "groupVersion": group_version(group, version), "resources": resources,
    });
    if !group.is_empty() {
        list["apiVersion"] = "v1".into();
    }
    Reply::ok(list)
}

fn resource(kind: &Kind) -> Value {
    let mut resource = Map::new();
    resource.insert("name".to_owned(), kind.plural.as_str().into());
    resource.insert("singularName".to_owned(), kind.singular.as_str().into());
    resource.insert("namespaced".to_owned(), kind.namespaced.into());
    resource.insert("kind".to_owned(), kind.kind.as_str().into());
    resource.insert("verbs".to_owned(), kind.verbs.clone().into());
    add_names(kind, &mut resource);
    if kind.verbs.contains(&"watch") {
        resource.insert("storageVersionHash".to_owned(), kind.storage_version_hash().into());
    }
    Value::Object(resource)
}

fn add_names(kind: &Kind, resource: &mut Map<String, Value>) {
    for (field, names) in [("shortNames", &kind.short_names), ("categories", &kind.categories)] {
        if !names.is_empty() {
            resource.insert(field.to_owned(), names.clone().into());
        }
    }
}

fn subresource(kind: &Kind, subresource: &Subresource) -> Value {
    let mut value = json!({
        "name": format!("{}/{}", kind.plural, subresource.name), "singularName": "", "namespaced": kind.namespaced,
        "kind": subresource.kind, "verbs": subresource.verbs,
    });
    if let Some((group, version)) = &subresource.group_version {
        value["group"] = group.as_str().into();
        value["version"] = version.as_str().into();
    }
    value
}

fn aggregated_groups(state: &State, core: bool) -> Reply {
    let mut items: Vec<Value> = state
        .registry
        .groups()
        .into_iter()
        .filter(|(group, _)| group.is_empty() == core)
        .map(|(group, versions)| {
            let metadata = if core { json!({}) } else { json!({"name": group}) };
            let versions: Vec<Value> = versions
                .into_iter()
                .map(|version| {
                    let resources: Vec<Value> =
                        state.registry.of(group, version).map(|kind| aggregated_resource(kind)).collect();
                    json!({"version": version, "resources": resources, "freshness": "Current"})
                })
                .collect();
            json!({"metadata": metadata, "versions": versions})
        })
        .collect();
    if !core {
        items.extend(aggregation::groups(&state.store).iter().map(aggregated_foreign));
    }
    let list = json!({
        "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items,
    });
    let digest = openssl::sha::sha512(list.to_string().as_bytes());
    let tag: String = digest.iter().map(|byte| format!("{byte:02X}")).collect();
    let mut reply = Reply::ok(list);
    reply.content_type = AGGREGATED;
    reply.headers.push((header::ETAG, format!("\"{tag}\"")));
    reply.headers.push((header::VARY, "Accept".to_owned()));
    reply
}

fn aggregated_resource(kind: &Kind) -> Value {
    // Built-in kinds leave their group out here; custom ones name it.
    let own = |kind_name: &str| match &kind.custom {
        Some(_) => json!({"group": kind.group, "version": kind.version, "kind": kind_name}),
        None => json!({"group": "", "version": "", "kind": kind_name}),
    };
    let mut resource = Map::new();
    resource.insert("resource".to_owned(), kind.plural.as_str().into());
    resource.insert("responseKind".to_owned(), own(&kind.kind));
    resource.insert("scope".to_owned(), if kind.namespaced { "Namespaced" } else { "Cluster" }.into());
    resource.insert("singularResource".to_owned(), kind.singular.as_str().into());
    resource.insert("verbs".to_owned(), kind.verbs.clone().into());
    add_names(kind, &mut resource);
    if !kind.subresources.is_empty() {
        let subresources: Vec<Value> = kind
            .subresources
            .iter()
            .map(|sub| {
                let response = match &sub.group_version {
                    Some((group, version)) => json!({"group": group, "version": version, "kind": sub.kind}),
                    None => own(&sub.kind),
                };
                json!({"subresource": sub.name, "responseKind": response, "verbs": sub.verbs})
            })
            .collect();
        resource.insert("subresources".to_owned(), subresources.into());
    }
    Value::Object(resource)
}
