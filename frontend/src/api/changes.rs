//! Changing objects of the cluster: what is asked of the server, and how it refuses.

use crowsnest_api::changes::{Cause, Report, Revealed};
use crowsnest_api::cluster::{Kind, Scope};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{ApiError, Client};
use crate::json::Value;
use crate::router::encode;

const OBJECTS: &str = "api/crowsnest/v1/objects";

/// One object, by its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ObjectRef {
    pub(crate) kind: Kind,
    /// Empty for what is in none.
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl ObjectRef {
    fn path(&self) -> String {
        format!("{}/{}", list_path(&self.kind, &self.namespace), encode(&self.name))
    }
}

fn list_path(kind: &Kind, namespace: &str) -> String {
    let scope = if namespace.is_empty() { Scope::CLUSTER.to_string() } else { encode(namespace) };
    format!("{OBJECTS}/{kind}/{scope}")
}

/// How an object is changed, and with what.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Change {
    /// One more of a kind in a namespace.
    Create { kind: Kind, namespace: String, object: serde_json::Value },
    /// Fields as they are to be; null takes one away.
    Merge { target: ObjectRef, below: &'static str, patch: serde_json::Value },
    /// The same with lists that are merged by key, as Kubernetes' own kinds are.
    Strategic { target: ObjectRef, below: &'static str, patch: serde_json::Value },
    /// A port, opened in the browser. It is answered where.
    OpenPort { target: ObjectRef, port: u16, tls: bool },
    /// An eviction.
    Evict { target: ObjectRef },
    /// With one of the three propagation policies; only the object that is known by its uid, where it is given.
    Delete { target: ObjectRef, policy: &'static str, uid: String },
}

/// Where ports are opened.
const FORWARDS: &str = "api/crowsnest/v1/forwards";

/// Why a change was refused.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) error: ApiError,
    /// What the API server listed.
    pub(crate) causes: Vec<Cause>,
}

impl Refusal {
    /// HTTP status; 0 where there was no answer.
    pub(crate) fn status(&self) -> u16 {
        match &self.error {
            ApiError::Refused { status, .. } => *status,
            ApiError::Denied(_) => 403,
            _ => 0,
        }
    }
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self { error, causes: Vec::new() }
    }
}

/// Changes an object. A trial changes nothing.
pub(crate) async fn change(client: Client, change: &Change) -> Result<Value, Refusal> {
    let (method, path, media_type, body) = request(change);
    let text = client.send(method, &path, media_type, &body).await?;
    serde_json::from_str(&text).map_err(|_| ApiError::Unreadable.into())
}

fn request(change: &Change) -> (&'static str, String, &'static str, String) {
    match change {
        Change::Create { kind, namespace, object } => {
            ("POST", list_path(kind, namespace), "application/json", object.to_string())
        }
        Change::Merge { target, below, patch } => {
            ("PATCH", path_below(target, below), "application/merge-patch+json", patch.to_string())
        }
        Change::Strategic { target, below, patch } => {
            ("PATCH", path_below(target, below), "application/strategic-merge-patch+json", patch.to_string())
        }
        Change::OpenPort { target: ObjectRef { kind, namespace, name }, port, tls } => {
            let body = serde_json::json!({
                "kind": kind, "namespace": namespace, "name": name, "port": port, "tls": tls,
            });
            ("POST", FORWARDS.to_owned(), "application/json", body.to_string())
        }
        Change::Evict { target } => {
            let body = serde_json::json!({
                "apiVersion": "policy/v1", "kind": "Eviction",
                "metadata": {"name": target.name, "namespace": target.namespace},
            });
            ("POST", target.path() + "?subresource=eviction", "application/json", body.to_string())
        }
        Change::Delete { target, policy, uid } => {
            let uid = if uid.is_empty() { String::new() } else { format!("&uid={}", encode(uid)) };
            ("DELETE", format!("{}?propagationPolicy={policy}{uid}", target.path()), "", String::new())
        }
    }
}

/// An object, or what lies below it.
fn path_below(target: &ObjectRef, below: &str) -> String {
    let below = if below.is_empty() { String::new() } else { format!("?subresource={below}") };
    target.path() + &below
}

/// An object as the API server has it; `managers` asks for who manages its fields.
pub(crate) async fn read_object<T: DeserializeOwned>(
    client: Client,
    target: &ObjectRef,
    managers: bool,
) -> Result<T, ApiError> {
    client.get(&target.path(), if managers { "managedFields=shown" } else { "" }, None).await
}

/// The objects of a kind in a namespace that a selector picks, up to a page of them.
pub(crate) async fn fetch_objects(
    client: Client,
    kind: &Kind,
    namespace: &str,
    selector: &str,
) -> Result<Vec<Value>, ApiError> {
    #[derive(Deserialize)]
    struct List {
        items: Vec<Value>,
    }
    let list: List = client.get(&list_path(kind, namespace), selector, None).await?;
    Ok(list.items)
}

/// What a text of objects is asked to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Apply {
    pub(crate) trial: bool,
    /// Take over fields that somebody else manages.
    pub(crate) force: bool,
    /// `apply`, `create` or `replace`.
    pub(crate) mode: &'static str,
    /// Where objects go that name none; empty is the server's default.
    pub(crate) namespace: String,
}

/// Applies a text of one or many objects.
pub(crate) async fn apply(client: Client, text: &str, how: &Apply) -> Result<Report, Refusal> {
    let mut query = format!("mode={}", how.mode);
    if how.trial {
        query.push_str("&dryRun=All");
    }
    if how.force {
        query.push_str("&force=true");
    }
    if !how.namespace.is_empty() {
        query.push_str(&format!("&namespace={}", encode(&how.namespace)));
    }
    let answer =
        client.send("POST", &format!("api/crowsnest/v1/apply?{query}"), "application/yaml", text).await?;
    serde_json::from_str(&answer).map_err(|_| ApiError::Unreadable.into())
}

/// One value of a Secret, in base64.
pub(crate) async fn reveal(client: Client, secret: &ObjectRef, key: &str) -> Result<String, Refusal> {
    let path = format!(
        "api/crowsnest/v1/reveal/{}/{}?key={}",
        encode(&secret.namespace),
        encode(&secret.name),
        encode(key)
    );
    let answer = client.send("POST", &path, "", "").await?;
    let revealed: Revealed = serde_json::from_str(&answer).map_err(|_| ApiError::Unreadable)?;
    Ok(revealed.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn web() -> ObjectRef {
        ObjectRef {
            kind: "apps.v1.deployments".parse().unwrap(),
            namespace: "shop".into(),
            name: "web".into(),
        }
    }

    #[test]
    fn a_change_goes_to_the_address_of_its_object() {
        let scale = Change::Merge {
            target: web(),
            below: "scale",
            patch: serde_json::json!({"spec": {"replicas": 3}}),
        };
        let (method, path, media_type, body) = request(&scale);
        assert_eq!((method, media_type), ("PATCH", "application/merge-patch+json"));
        assert_eq!(path, "api/crowsnest/v1/objects/apps.v1.deployments/shop/web?subresource=scale");
        assert_eq!(body, r#"{"spec":{"replicas":3}}"#);
        let delete = Change::Delete { target: web(), policy: "Foreground", uid: "u 1".into() };
        assert!(request(&delete).1.ends_with("/shop/web?propagationPolicy=Foreground&uid=u%201"));
        let node =
            ObjectRef { kind: "core.v1.nodes".parse().unwrap(), namespace: String::new(), name: "a".into() };
        assert_eq!(node.path(), "api/crowsnest/v1/objects/core.v1.nodes/-/a");
    }
}
