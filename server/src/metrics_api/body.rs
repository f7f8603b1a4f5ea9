//! Bodies of the API, and its refusals.

use axum::Json;
use axum::response::{IntoResponse, Response};
use crowsnest_api::Timestamp;
use http::StatusCode;
use serde_json::{Value, json};

use super::usage::{Amount, Usage};
use super::{Metadata, object};
use crate::clock;
use crate::cluster::ClusterError;
use crate::http::{ApiError, KeepsBody};

const GROUP: &str = "metrics.k8s.io";
pub(super) const VERSION: &str = "metrics.k8s.io/v1beta1";
/// Over how long processor time is counted: the time between two samples, which is seldom longer.
const WINDOW: &str = "30s";

pub(super) fn group() -> Value {
    let version = json!({"groupVersion": VERSION, "version": "v1beta1"});
    json!({
        "kind": "APIGroup", "apiVersion": "v1", "name": GROUP, "versions": [version], "preferredVersion": version,
    })
}

pub(super) fn kinds() -> Value {
    let kind = |name: &str, kind: &str, namespaced: bool| json!({"name": name, "singularName": "", "namespaced": namespaced, "kind": kind, "verbs": ["get", "list"]});
    json!({
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": VERSION,
        "resources": [kind("nodes", "NodeMetrics", false), kind("pods", "PodMetrics", true)],
    })
}

pub(super) fn list(kind: &str, items: &[Value]) -> Response {
    Json(object(kind, json!({"metadata": {}, "items": items}))).into_response()
}

/// A node's metrics, if there are any.
pub(super) fn node(node: &Metadata, usage: &Usage, now: Timestamp) -> Option<Value> {
    let used = usage.get("", &node.name, "")?;
    Some(object(
        "NodeMetrics",
        json!({
            "metadata": metadata(node, now), "timestamp": clock::rfc3339(seconds(now)), "window": WINDOW, "usage": amounts(used),
        }),
    ))
}

/// A pod's metrics, if there are any.
pub(super) fn pod(pod: &Metadata, usage: &Usage, now: Timestamp) -> Option<Value> {
    let containers: Vec<Value> = usage
        .containers(&pod.namespace, &pod.name)
        .map(|(name, used)| json!({"name": name, "usage": amounts(used)}))
        .collect();
    if containers.is_empty() {
        return None;
    }
    Some(object(
        "PodMetrics",
        json!({
            "metadata": metadata(pod, now), "timestamp": clock::rfc3339(seconds(now)), "window": WINDOW, "containers": containers,
        }),
    ))
}

fn metadata(of: &Metadata, now: Timestamp) -> Value {
    let mut metadata = json!({"name": of.name, "creationTimestamp": clock::rfc3339(seconds(now))});
    for (field, value) in [("namespace", json!(of.namespace)), ("labels", of.labels.clone())] {
        if !value.is_null() && value != json!("") {
            metadata[field] = value;
        }
    }
    metadata
}

/// Whole seconds, as Kubernetes writes times.
fn seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_millis(at.millis().div_euclid(1000) * 1000)
}

/// As metrics-server writes amounts: billionths of a core, and kibibytes.
fn amounts(used: &Amount) -> Value {
    json!({
        "cpu": format!("{}n", (used.cores * 1e9).round().max(0.0)),
        "memory": format!("{}Ki", (used.bytes / 1024.0).round().max(0.0)),
    })
}

/// A refusal, as Kubernetes words one.
pub(crate) struct Failure {
    code: StatusCode,
    reason: &'static str,
    message: String,
    details: Value,
}

impl Failure {
    fn new(code: StatusCode, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: Value::Null }
    }

    pub(super) fn not_found(resource: &str, name: &str) -> Self {
        let message = format!("{resource}.{GROUP} {name:?} not found");
        let details = json!({"name": name, "group": GROUP, "kind": resource});
        Self { details, ..Self::new(StatusCode::NOT_FOUND, "NotFound", message) }
    }

    pub(super) fn bad_request(message: String) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    pub(super) fn unavailable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", message)
    }

    /// The API server does not say what there is.
    pub(super) fn of(error: ClusterError) -> Self {
        match error {
            // A selector that is none, for example.
            ClusterError::Refused(status) if status.code == 400 => Self::bad_request(status.message),
            other => Self::unavailable(other.told()),
        }
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        tracing::warn!(error = ?error, "cannot answer for metrics.k8s.io");
        Self::unavailable("the metrics cannot be read now")
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": self.message,
            "reason": self.reason, "details": self.details, "code": self.code.as_u16(),
        });
        let mut response = (self.code, Json(status)).into_response();
        response.extensions_mut().insert(KeepsBody);
        response
    }
}
