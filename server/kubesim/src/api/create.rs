//! `create`: from what a client sends to an object that the store may keep.

use http::StatusCode;
use serde_json::{Value, json};

use super::{Call, Reply, body, signing};
use crate::{
    cluster::State,
    defaults, limits,
    managed::{self, Manager, Operation},
    object,
    status::ApiError,
    validate,
};

/// Length of the random end of a generated name.
const SUFFIX_LENGTH: usize = 5;
/// The longest start of a generated name that is kept.
const GENERATE_NAME_LENGTH: usize = 63 - SUFFIX_LENGTH;

pub(super) fn create(call: &Call<'_>, state: &mut State) -> Result<Reply, ApiError> {
    let decoded = body::decode(call)?;
    let manager = manager(call, Operation::Update);
    let stored = insert(call, state, decoded.object, Owners::Updated(&manager))?;
    let reply = Reply::object(StatusCode::CREATED, call.request, call.kind, &stored, call.cluster.now())?;
    Ok(reply.with_warnings(&decoded.warnings))
}

/// Who sends the request, as `managedFields` name them.
pub(super) fn manager(call: &Call<'_>, operation: Operation) -> Manager {
    let request = call.request;
    let name = match request.query.non_empty("fieldManager") {
        Some(name) => name,
        None => match request.header("user-agent").split('/').next() {
            None | Some("") => "unknown",
            Some(agent) => agent,
        },
    };
    Manager {
        name: name.chars().take(128).collect(),
        operation,
        api_version: call.kind.api_version(),
        subresource: request.attributes.subresource.clone(),
    }
}

/// Where the owners of a new object's fields come from.
pub(super) enum Owners<'m> {
    /// The whole object is this manager's.
    Updated(&'m Manager),
    /// Server-side apply has worked them out: the `managedFields`.
    Applied(Option<Value>),
}

/// Makes an object of the call's kind and returns it as it is stored (or would be, in a dry run).
pub(super) fn insert(
    call: &Call<'_>,
    state: &mut State,
    mut object: Value,
    owners: Owners<'_>,
) -> Result<Value, ApiError> {
    let kind = call.kind;
    let request = call.request;
    let namespace = request.attributes.namespace.as_str();
    prepare_metadata(call, state, &mut object)?;
    if kind.namespaced {
        check_namespace(state, kind, namespace, object::name(&object))?;
    }
    if has_status(kind) {
        object::remove(&mut object, &["status"]);
    }
    signing::prepare(call, &mut object)?;
    defaults::apply(kind, &mut object);
    match owners {
        Owners::Updated(manager) => {
            // The status is the server's own.
            let status = object::remove(&mut object, &["status"]);
            managed::record_update(kind, &Value::Null, &mut object, manager, &call.cluster.now_text());
            if let Some(status) = status {
                object::set(&mut object, &["status"], status);
            }
        }
        Owners::Applied(Some(fields)) => object::set(&mut object, &["metadata", "managedFields"], fields),
        Owners::Applied(None) => {}
    }
    if kind.table == "pods" {
        limits::apply_limit_ranges(&state.store, namespace, &mut object);
        defaults::apply(kind, &mut object);
    }
    allocate(state, kind, &mut object);
    let causes = validate::check(kind, &object);
    if !causes.is_empty() {
        return Err(ApiError::invalid(&kind.group, &kind.kind, object::name(&object), &causes));
    }
    if kind.table == "pods" {
        limits::check_quota(&state.store, namespace, &object)?;
    }
    let key = kind.key(namespace, object::name(&object));
    if state.store.get(&kind.table, &key).is_some() {
        return Err(ApiError::already_exists(&kind.group, &kind.plural, object::name(&object)));
    }
    let stored = kind.to_stored(object);
    if request.dry_run() {
        return Ok(stored);
    }
    let stored = state.put(kind, &key, stored);
    follow_up(call, state, &stored);
    Ok(state.store.get(&kind.table, &key).map_or_else(|| stored.as_ref().clone(), |now| now.as_ref().clone()))
}

/// Whether the status of a new object is the server's business: it is wherever it has its own path.
fn has_status(kind: &crate::kind::Kind) -> bool {
    kind.subresource("status").is_some()
}

/// The fields that the server fills in or refuses.
fn prepare_metadata(call: &Call<'_>, state: &mut State, object: &mut Value) -> Result<(), ApiError> {
    let kind = call.kind;
    let namespace = call.request.attributes.namespace.as_str();
    if !object::text(object, &["metadata", "resourceVersion"]).is_empty() {
        return Err(ApiError::bad_request("resourceVersion should not be set on objects to be created"));
    }
    if kind.namespaced {
        let own = object::namespace(object);
        if !own.is_empty() && own != namespace {
            return Err(ApiError::bad_request(
                "the namespace of the provided object does not match the namespace sent on the request",
            ));
        }
        object::set(object, &["metadata", "namespace"], namespace);
    } else {
        object::remove(object, &["metadata", "namespace"]);
    }
    for field in
        ["uid", "selfLink", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "managedFields"]
    {
        object::remove(object, &["metadata", field]);
    }
    let prefix = object::text(object, &["metadata", "generateName"]).to_owned();
    if object::name(object).is_empty() && !prefix.is_empty() {
        let start: String = prefix.chars().take(GENERATE_NAME_LENGTH).collect();
        let name = format!("{start}{}", state.random.suffix(SUFFIX_LENGTH));
        object::set(object, &["metadata", "name"], name);
    }
    object::set(object, &["metadata", "uid"], state.random.uid());
    object::set(object, &["metadata", "creationTimestamp"], call.cluster.now_text());
    if kind.has_generation() {
        object::set(object, &["metadata", "generation"], 1);
    }
    Ok(())
}

fn check_namespace(
    state: &State,
    kind: &crate::kind::Kind,
    namespace: &str,
    name: &str,
) -> Result<(), ApiError> {
    let Some(found) = state.store.get("namespaces", namespace) else {
        return Err(ApiError::not_found("", "namespaces", namespace));
    };
    if object::is_terminating(&found) {
        let detail =
            format!("unable to create new content in namespace {namespace} because it is being terminated");
        return Err(ApiError::forbidden(&kind.group, &kind.plural, name, &detail));
    }
    Ok(())
}

/// Addresses and ports of Services.
fn allocate(state: &mut State, kind: &crate::kind::Kind, object: &mut Value) {
    if kind.table != "services" || object::text(object, &["spec", "type"]) == "ExternalName" {
        return;
    }
    if object::text(object, &["spec", "clusterIP"]).is_empty() {
        let random = state.random.next();
        let address = format!("10.96.{}.{}", (random >> 8) % 254 + 1, random % 254 + 1);
        object::set(object, &["spec", "clusterIP"], address);
    }
    let address = object::text(object, &["spec", "clusterIP"]).to_owned();
    object::set_default(object, &["spec", "clusterIPs"], json!([address]));
    if matches!(object::text(object, &["spec", "type"]), "NodePort" | "LoadBalancer") {
        object::set_default(object, &["spec", "externalTrafficPolicy"], "Cluster");
        let ports = object::map_mut(object, &["spec"]).get_mut("ports").and_then(Value::as_array_mut);
        for port in ports.into_iter().flatten() {
            let number = 30_000 + state.random.next() % 2768;
            object::set_default(port, &["nodePort"], number);
        }
    }
}

/// What a real cluster's controllers make at once for a new object.
fn follow_up(call: &Call<'_>, state: &mut State, stored: &Value) {
    match call.kind.table.as_str() {
        "namespaces" => {
            let name = object::name(stored).to_owned();
            let account = json!({"apiVersion": "v1", "kind": "ServiceAccount",
                "metadata": {"name": "default", "namespace": name}});
            let authority = call.cluster.authority.pem().unwrap_or_default();
            let roots = json!({"apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {"name": "kube-root-ca.crt", "namespace": name}, "data": {"ca.crt": authority}});
            for mut object in [account, roots] {
                let uid = state.random.uid();
                object::set(&mut object, &["metadata", "uid"], uid);
                object::set(&mut object, &["metadata", "creationTimestamp"], call.cluster.now_text());
                let table = if object::text(&object, &["kind"]) == "ConfigMap" {
                    "configmaps"
                } else {
                    "serviceaccounts"
                };
                let key = format!("{name}/{}", object::name(&object));
                state.store.put(table, &key, object);
            }
        }
        crate::crd::TABLE => establish(call, state, stored),
        _ => {}
    }
}

/// A definition is accepted as soon as it is made.
fn establish(call: &Call<'_>, state: &mut State, stored: &Value) {
    let now = call.cluster.now_text();
    let condition = |kind: &str, reason: &str, message: &str| json!({"type": kind, "status": "True", "lastTransitionTime": now, "reason": reason, "message": message});
    let mut definition = stored.clone();
    let status = json!({
        "conditions": [
            condition("NamesAccepted", "NoConflicts", "no conflicts found"),
            condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
        ],
        "acceptedNames": object::at(stored, &["spec", "names"]).cloned().unwrap_or_default(),
        "storedVersions": object::list(stored, &["spec", "versions"])
            .iter()
            .filter(|version| version.get("storage") == Some(&Value::Bool(true)))
            .map(|version| object::text(version, &["name"]))
            .collect::<Vec<_>>(),
    });
    object::set(&mut definition, &["status"], status);
    let key = object::name(stored).to_owned();
    state.put(call.kind, &key, definition);
}
