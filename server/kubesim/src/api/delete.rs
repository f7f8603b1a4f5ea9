//! `delete` and `deletecollection`: preconditions, finalizers, grace periods, and what an object takes with it.

use std::{sync::Arc, time::Duration};

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{Call, Reply, body, read::Selection};
use crate::{clock::seconds, cluster::State, kind::Kind, object, status::ApiError};

/// Kinds whose deletion answers with the object and not with a Status.
const RETURN_OBJECT: &[&str] = &[
    "pods",
    "services",
    "serviceaccounts",
    "resourcequotas",
    "persistentvolumes",
    "persistentvolumeclaims",
    "podtemplates",
    "replicationcontrollers",
];
/// The longest time that the simulated kubelet takes to end a pod, whatever grace it has.
const LONGEST_STOP: Duration = Duration::from_secs(2);
const FOREGROUND: &str = "foregroundDeletion";

/// What becomes of the objects that the deleted one owns.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Propagation {
    Orphan,
    Background,
    Foreground,
}

/// `DeleteOptions`, from body and query.
struct DeleteOptions {
    propagation: Propagation,
    grace_seconds: Option<i64>,
    uid: String,
    resource_version: String,
    dry_run: bool,
}

impl DeleteOptions {
    fn read(call: &Call<'_>) -> Result<DeleteOptions, ApiError> {
        let request = call.request;
        let body = if request.body.is_empty() { Value::Null } else { body::parse(request, "DeleteOptions")? };
        let query = &request.query;
        let policy = match object::text(&body, &["propagationPolicy"]) {
            "" => query.get("propagationPolicy").unwrap_or_default(),
            policy => policy,
        };
        let orphans =
            body.get("orphanDependents") == Some(&Value::Bool(true)) || query.flag("orphanDependents");
        let propagation = match policy {
            "Orphan" => Propagation::Orphan,
            "" if orphans => Propagation::Orphan,
            "Foreground" => Propagation::Foreground,
            "" | "Background" => Propagation::Background,
            other => {
                let supported = [json!("Foreground"), json!("Background"), json!("Orphan"), json!("nil")];
                let cause =
                    crate::status::Cause::not_supported("propagationPolicy", &json!(other), &supported);
                return Err(ApiError::invalid("", "DeleteOptions", "", &[cause]));
            }
        };
        Ok(DeleteOptions {
            propagation,
            grace_seconds: match object::integer(&body, &["gracePeriodSeconds"]) {
                Some(seconds) => Some(seconds),
                None => query.integer("gracePeriodSeconds")?,
            },
            uid: object::text(&body, &["preconditions", "uid"]).to_owned(),
            resource_version: object::text(&body, &["preconditions", "resourceVersion"]).to_owned(),
            dry_run: request.dry_run() || !object::list(&body, &["dryRun"]).is_empty(),
        })
    }
}

pub(super) fn delete(call: &Call<'_>, state: &mut State) -> Result<Reply, ApiError> {
    let options = DeleteOptions::read(call)?;
    let stored = call.stored(state)?;
    check_preconditions(call.kind, &stored, &options)?;
    match delete_one(call, state, &call.key(), &stored, &options) {
        Outcome::Waiting(object) => {
            Reply::object(StatusCode::OK, call.request, call.kind, &object, call.cluster.now())
        }
        Outcome::Gone(last) if RETURN_OBJECT.contains(&call.kind.plural.as_str()) => {
            Reply::object(StatusCode::OK, call.request, call.kind, &last, call.cluster.now())
        }
        Outcome::Gone(last) => Ok(Reply::ok(json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
            "details": details(call.kind, &last),
        }))),
    }
}

fn details(kind: &Kind, last: &Value) -> Value {
    let fields = [
        ("name", object::name(last)),
        ("group", kind.group.as_str()),
        ("kind", kind.plural.as_str()),
        ("uid", object::uid(last)),
    ];
    let fields: Map<String, Value> = fields
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    Value::Object(fields)
}

pub(super) fn delete_collection(call: &Call<'_>, state: &mut State) -> Result<Reply, ApiError> {
    let options = DeleteOptions::read(call)?;
    let selection = Selection::of(call)?;
    let selected: Vec<(String, Arc<Value>)> = state
        .store
        .list(&call.kind.table, &selection.prefix)
        .filter(|(key, object)| selection.selects(key, object))
        .map(|(key, object)| (key.to_owned(), Arc::clone(object)))
        .collect();
    let mut items = Vec::new();
    for (key, stored) in selected {
        let (Outcome::Waiting(object) | Outcome::Gone(object)) =
            delete_one(call, state, &key, &stored, &options);
        let mut item = call.kind.present(&object);
        if !call.kind.typed_items() {
            object::remove(&mut item, &["apiVersion"]);
            object::remove(&mut item, &["kind"]);
        }
        items.push(item);
    }
    Ok(Reply::ok(json!({
        "kind": call.kind.list_kind, "apiVersion": call.kind.api_version(),
        "metadata": {"resourceVersion": state.store.revision().to_string()}, "items": items,
    })))
}

fn check_preconditions(kind: &Kind, stored: &Value, options: &DeleteOptions) -> Result<(), ApiError> {
    // The refusal names the kind and not the plural.
    let conflict = |detail: &str| ApiError::conflict(&kind.group, &kind.kind, object::name(stored), detail);
    if !options.uid.is_empty() && options.uid != object::uid(stored) {
        return Err(conflict(&format!(
            "the UID in the precondition ({}) does not match the UID in record ({}). The object might have been \
             deleted and then recreated",
            options.uid,
            object::uid(stored)
        )));
    }
    let version = object::text(stored, &["metadata", "resourceVersion"]);
    if !options.resource_version.is_empty() && options.resource_version != version {
        return Err(conflict(&format!(
            "the ResourceVersion in the precondition ({}) does not match the ResourceVersion in record ({version}). \
             The object might have been modified",
            options.resource_version
        )));
    }
    Ok(())
}

enum Outcome {
    /// Marked for deletion; finalizers or a grace period hold it.
    Waiting(Arc<Value>),
    Gone(Arc<Value>),
}

fn delete_one(
    call: &Call<'_>,
    state: &mut State,
    key: &str,
    stored: &Arc<Value>,
    options: &DeleteOptions,
) -> Outcome {
    let kind = call.kind;
    let grace = grace_seconds(kind, stored, options);
    let holds = !object::list(stored, &["metadata", "finalizers"]).is_empty();
    let foreground = options.propagation == Propagation::Foreground;
    let is_namespace = kind.table == "namespaces";
    if !holds && !foreground && grace == 0 && !is_namespace {
        if options.dry_run {
            return Outcome::Gone(Arc::clone(stored));
        }
        let last = remove_now(state, kind, key).unwrap_or_else(|| Arc::clone(stored));
        release(call, state, &last, options.propagation);
        return Outcome::Gone(last);
    }
    let marked = marked(call, stored, grace, foreground, is_namespace);
    if options.dry_run {
        return Outcome::Waiting(Arc::new(marked));
    }
    let marked = state.put(kind, key, marked);
    if foreground {
        release(call, state, &marked, Propagation::Background);
        finish_foreground(state, kind, key);
    }
    if is_namespace {
        empty_namespace(state, object::name(&marked));
        if object::list(&marked, &["metadata", "finalizers"]).is_empty() {
            state.remove(kind, key);
        }
    }
    if grace > 0 {
        stop_later(call, key, grace);
    }
    Outcome::Waiting(marked)
}

/// The object as it waits for its end.
fn marked(call: &Call<'_>, stored: &Value, grace: i64, foreground: bool, is_namespace: bool) -> Value {
    let kind = call.kind;
    let mut marked = kind.present(stored);
    if !object::is_terminating(stored) {
        let ends = call.cluster.now() + jiff::SignedDuration::from_secs(grace);
        object::set(&mut marked, &["metadata", "deletionTimestamp"], seconds(ends));
        object::set(&mut marked, &["metadata", "deletionGracePeriodSeconds"], grace);
        if let Some(generation) = object::integer(stored, &["metadata", "generation"]) {
            object::set(&mut marked, &["metadata", "generation"], generation + 1);
        }
    }
    if foreground {
        let mut finalizers = object::list(&marked, &["metadata", "finalizers"]).to_vec();
        if !finalizers.contains(&json!(FOREGROUND)) {
            finalizers.push(json!(FOREGROUND));
        }
        object::set(&mut marked, &["metadata", "finalizers"], finalizers);
    }
    if is_namespace {
        object::set(&mut marked, &["status", "phase"], "Terminating");
    }
    kind.to_stored(marked)
}

/// How long a pod on a node may take to end; everything else ends at once.
fn grace_seconds(kind: &Kind, stored: &Value, options: &DeleteOptions) -> i64 {
    let on_node = !object::text(stored, &["spec", "nodeName"]).is_empty();
    let ended = matches!(object::text(stored, &["status", "phase"]), "Succeeded" | "Failed");
    if kind.table != "pods" || !on_node || ended {
        return 0;
    }
    let own = object::integer(stored, &["spec", "terminationGracePeriodSeconds"]).unwrap_or(30);
    options.grace_seconds.unwrap_or(own).max(0)
}

/// What the kubelet does in a real cluster: the pod is gone when its containers have ended.
fn stop_later(call: &Call<'_>, key: &str, grace: i64) {
    let wait = LONGEST_STOP.min(Duration::from_secs(grace.unsigned_abs()));
    let (cluster, kind, key) = (Arc::clone(call.cluster), Arc::clone(call.kind), key.to_owned());
    tokio::spawn(async move {
        tokio::time::sleep(wait).await;
        let mut state = cluster.lock();
        let Some(pod) = state.store.get(&kind.table, &key) else { return };
        if object::is_terminating(&pod) && object::list(&pod, &["metadata", "finalizers"]).is_empty() {
            state.remove(&kind, &key);
        }
    });
}

/// Takes an object out of the store; a definition takes the objects of its kind with it.
pub(super) fn remove_now(state: &mut State, kind: &Kind, key: &str) -> Option<Arc<Value>> {
    if kind.table == crate::crd::TABLE {
        let definition = state.store.get(&kind.table, key);
        for custom in definition.iter().flat_map(|definition| crate::crd::kinds(definition)) {
            let keys: Vec<String> =
                state.store.list(&custom.table, "").map(|(key, _)| key.to_owned()).collect();
            for key in keys {
                state.remove(&custom, &key);
            }
        }
    }
    state.remove(kind, key)
}

/// Deletes or frees what an object owned.
fn release(call: &Call<'_>, state: &mut State, owner: &Value, propagation: Propagation) {
    let uid = object::uid(owner).to_owned();
    let namespace = object::namespace(owner);
    let prefix = if namespace.is_empty() { String::new() } else { format!("{namespace}/") };
    let kinds: Vec<Arc<Kind>> =
        state.registry.kinds().filter(|kind| kind.namespaced || namespace.is_empty()).cloned().collect();
    for kind in kinds.iter().filter(|kind| kind.stored_as == kind.api_version()) {
        let owned: Vec<(String, Arc<Value>)> = state
            .store
            .list(&kind.table, &prefix)
            .filter(|(_, object)| owners(object).any(|owner| owner == uid))
            .map(|(key, object)| (key.to_owned(), Arc::clone(object)))
            .collect();
        for (key, object) in owned {
            if propagation == Propagation::Orphan || owners(&object).count() > 1 {
                disown(state, kind, &key, &object, &uid);
            } else {
                let call = Call { kind, ..*call };
                let options = DeleteOptions {
                    propagation: Propagation::Background,
                    grace_seconds: None,
                    uid: String::new(),
                    resource_version: String::new(),
                    dry_run: false,
                };
                delete_one(&call, state, &key, &object, &options);
            }
        }
    }
}

fn owners(object: &Value) -> impl Iterator<Item = &str> {
    object::list(object, &["metadata", "ownerReferences"]).iter().map(|owner| object::text(owner, &["uid"]))
}

fn disown(state: &mut State, kind: &Kind, key: &str, object: &Value, uid: &str) {
    let mut object = object.clone();
    let mut left = object::list(&object, &["metadata", "ownerReferences"]).to_vec();
    left.retain(|owner| object::text(owner, &["uid"]) != uid);
    if left.is_empty() {
        object::remove(&mut object, &["metadata", "ownerReferences"]);
    } else {
        object::set(&mut object, &["metadata", "ownerReferences"], left);
    }
    state.put(kind, key, object);
}

/// Ends a foreground deletion: what was owned has been deleted, so the finalizer goes.
fn finish_foreground(state: &mut State, kind: &Kind, key: &str) {
    let Some(stored) = state.store.get(&kind.table, key) else { return };
    let mut object = stored.as_ref().clone();
    let mut left = object::list(&object, &["metadata", "finalizers"]).to_vec();
    left.retain(|finalizer| finalizer != FOREGROUND);
    if left.is_empty() {
        state.remove(kind, key);
    } else {
        object::set(&mut object, &["metadata", "finalizers"], left);
        state.put(kind, key, object);
    }
}

/// Deletes everything in a namespace, without grace.
fn empty_namespace(state: &mut State, namespace: &str) {
    let kinds: Vec<Arc<Kind>> = state.registry.kinds().filter(|kind| kind.namespaced).cloned().collect();
    let prefix = format!("{namespace}/");
    for kind in kinds {
        let keys: Vec<String> =
            state.store.list(&kind.table, &prefix).map(|(key, _)| key.to_owned()).collect();
        for key in keys {
            state.remove(&kind, &key);
        }
    }
}

/// Deletes a pod for its eviction.
pub(super) fn evict(call: &Call<'_>, state: &mut State, pod: &Arc<Value>) -> Result<(), ApiError> {
    let options = DeleteOptions::read(call)?;
    delete_one(call, state, &call.key(), pod, &options);
    Ok(())
}
