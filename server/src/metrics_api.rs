//! `metrics.k8s.io/v1beta1`: what nodes and pods use now, for `kubectl top` and HorizontalPodAutoscalers.
//!
//! The API server asks, over a connection that shows its front-proxy certificate, after it has decided that the user may; nobody else is answered. Which
//! nodes and pods there are, and what a label selector picks, the API server says itself; what they use comes out of the store.

mod body;
mod usage;

use axum::Json;
use axum::extract::{Path as Below, Query, State};
use axum::response::{IntoResponse as _, Response};
use crowsnest_api::cluster::{Kind, Scope};
use serde::Deserialize;
use serde_json::{Value, json};

use self::body::Failure;
use self::usage::Usage;
use crate::clock;
use crate::cluster::{As, Form, Path};
use crate::http::AppState;

/// Pages that are read.
const MAX_PAGES: usize = 100;

/// What a list may be asked with.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Selection {
    label_selector: String,
    field_selector: String,
}

/// An object that may have metrics, by its metadata.
#[derive(Clone, Debug, Deserialize)]
struct Named {
    metadata: Metadata,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Metadata {
    name: String,
    namespace: String,
    labels: Value,
}

/// `/apis/metrics.k8s.io`.
pub(crate) async fn group() -> Json<Value> {
    Json(body::group())
}

/// `/apis/metrics.k8s.io/v1beta1`.
pub(crate) async fn kinds() -> Json<Value> {
    Json(body::kinds())
}

/// All nodes, or those that a selector picks.
pub(crate) async fn nodes(
    State(app): State<AppState>,
    Query(selection): Query<Selection>,
) -> Result<Response, Failure> {
    let nodes = list(&app, "nodes", &Scope::CLUSTER, &selection).await?;
    let usage = Usage::of_nodes(&app).await?;
    let now = clock::now();
    let items: Vec<Value> = nodes.iter().filter_map(|node| body::node(&node.metadata, &usage, now)).collect();
    Ok(body::list("NodeMetricsList", &items))
}

/// One node.
pub(crate) async fn node(
    State(app): State<AppState>,
    Below(name): Below<String>,
) -> Result<Response, Failure> {
    let nodes = list(&app, "nodes", &Scope::CLUSTER, &Selection::of_name(&name)).await?;
    let usage = Usage::of_nodes(&app).await?;
    let found = nodes.first().and_then(|node| body::node(&node.metadata, &usage, clock::now()));
    found.map(|node| Json(node).into_response()).ok_or_else(|| Failure::not_found("nodes", &name))
}

/// Pods of all namespaces.
pub(crate) async fn pods(
    State(app): State<AppState>,
    Query(selection): Query<Selection>,
) -> Result<Response, Failure> {
    pods_of(&app, &Scope::CLUSTER, &selection).await
}

/// Pods of one namespace.
pub(crate) async fn pods_there(
    State(app): State<AppState>,
    Below(namespace): Below<String>,
    Query(selection): Query<Selection>,
) -> Result<Response, Failure> {
    pods_of(&app, &scope(&namespace)?, &selection).await
}

/// One pod.
pub(crate) async fn pod(
    State(app): State<AppState>,
    Below((namespace, name)): Below<(String, String)>,
) -> Result<Response, Failure> {
    let scope = scope(&namespace)?;
    let pods = list(&app, "pods", &scope, &Selection::of_name(&name)).await?;
    let usage = Usage::of_pods(&app, scope.namespace()).await?;
    let found = pods.first().and_then(|pod| body::pod(&pod.metadata, &usage, clock::now()));
    found.map(|pod| Json(pod).into_response()).ok_or_else(|| Failure::not_found("pods", &name))
}

async fn pods_of(app: &AppState, scope: &Scope, selection: &Selection) -> Result<Response, Failure> {
    let pods = list(app, "pods", scope, selection).await?;
    let usage = Usage::of_pods(app, scope.namespace()).await?;
    let now = clock::now();
    let items: Vec<Value> = pods.iter().filter_map(|pod| body::pod(&pod.metadata, &usage, now)).collect();
    Ok(body::list("PodMetricsList", &items))
}

fn scope(namespace: &str) -> Result<Scope, Failure> {
    namespace.parse().map_err(|_| Failure::bad_request(format!("{namespace:?} is no namespace")))
}

impl Selection {
    fn of_name(name: &str) -> Self {
        Self { field_selector: format!("metadata.name={name}"), ..Self::default() }
    }
}

/// The objects that there are, by their metadata.
async fn list(
    app: &AppState,
    resource: &str,
    scope: &Scope,
    selection: &Selection,
) -> Result<Vec<Named>, Failure> {
    let cluster = app.cluster.as_ref().ok_or_else(|| Failure::unavailable("this server knows no cluster"))?;
    let kind = Kind::new("", "v1", resource).map_err(|error| Failure::bad_request(error.to_string()))?;
    let selectors =
        [("labelSelector", &selection.label_selector), ("fieldSelector", &selection.field_selector)];
    let given = selectors.into_iter().filter(|(_, value)| !value.is_empty());
    let path = given.fold(Path::list(&kind, scope), |path, (name, value)| path.with(name, value));
    let listed = cluster.list(As::Server, path, Form::MetadataList, MAX_PAGES).await;
    listed.map(|(found, _)| found).map_err(Failure::of)
}

/// `{"kind": …, "apiVersion": …}` and more.
fn object(kind: &str, more: Value) -> Value {
    let mut object = json!({"kind": kind, "apiVersion": body::VERSION});
    if let (Some(object), Value::Object(more)) = (object.as_object_mut(), more) {
        object.extend(more);
    }
    object
}
