//! What was rolled out lately: new ReplicaSets and ControllerRevisions, and who changed their workloads just before.
//!
//! Metadata is all that is read: owners, revisions, and who manages which fields since when.

use crowsnest_api::cluster::{Kind, Scope};
use crowsnest_api::recent::Rollout;
use crowsnest_rbac::Credential;
use serde::Deserialize;
use serde_json::Value;

use super::{As, Cluster, ClusterError, Form, Path};

/// Pages that are read of the list of each kind.
const MAX_PAGES: usize = 4;
/// Rollouts that are told.
const MOST: usize = 20;
/// Seconds before a revision, and after it, within which a change of its workload is taken for its cause.
const BEFORE: i64 = 30;
const AFTER: i64 = 5;
const REVISION: &str = "deployment.kubernetes.io/revision";
/// What revisions are kept in, and what they are of.
const REVISIONS: &[&str] = &["replicasets", "controllerrevisions"];
const WORKLOADS: &[(&str, &str)] =
    &[("Deployment", "deployments"), ("StatefulSet", "statefulsets"), ("DaemonSet", "daemonsets")];

#[derive(Deserialize)]
struct Item {
    metadata: Metadata,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metadata {
    name: String,
    namespace: String,
    creation_timestamp: Option<jiff::Timestamp>,
    annotations: std::collections::BTreeMap<String, String>,
    owner_references: Vec<Owner>,
    managed_fields: Vec<Manager>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Owner {
    kind: String,
    name: String,
    controller: bool,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Manager {
    manager: String,
    subresource: String,
    time: Option<jiff::Timestamp>,
    fields_v1: Value,
}

impl Cluster {
    /// The newest rollouts since `since` (seconds), as far as the user may read them.
    pub(crate) async fn rollouts(
        &self,
        credential: &Credential,
        scopes: &[Scope],
        since: i64,
        unread: &mut Vec<String>,
    ) -> Result<Vec<Rollout>, ClusterError> {
        let mut found = Vec::new();
        for scope in scopes {
            for resource in REVISIONS {
                let revisions = self.metadata(credential, resource, scope, unread).await?;
                found.extend(revisions.iter().filter_map(|item| rollout(item, since)));
            }
        }
        found.sort_by(|a, b| b.at.total_cmp(&a.at));
        found.truncate(MOST);
        for (kind, resource) in WORKLOADS {
            for scope in scopes {
                let is_asked = |one: &Rollout| {
                    one.kind == *kind && scope.namespace().is_none_or(|namespace| namespace == one.namespace)
                };
                if !found.iter().any(is_asked) {
                    continue;
                }
                let workloads = self.metadata(credential, resource, scope, unread).await?;
                for one in found.iter_mut().filter(|one| is_asked(one)) {
                    let of = |item: &&Item| {
                        item.metadata.name == one.name && item.metadata.namespace == one.namespace
                    };
                    one.manager =
                        workloads.iter().find(of).map(|item| cause(item, one.at)).unwrap_or_default();
                }
            }
        }
        Ok(found)
    }

    /// The metadata of all objects of a kind of `apps`, or none and why.
    async fn metadata(
        &self,
        credential: &Credential,
        resource: &str,
        scope: &Scope,
        unread: &mut Vec<String>,
    ) -> Result<Vec<Item>, ClusterError> {
        let kind =
            Kind::new("apps", "v1", resource).map_err(|error| ClusterError::Answer(error.to_string()))?;
        let list = Path::list(&kind, scope);
        match self.list(As::User(credential), list, Form::MetadataList, MAX_PAGES).await {
            Ok((items, _)) => Ok(items),
            Err(ClusterError::Refused(status)) if matches!(status.code, 403 | 404) => {
                unread.push(status.message);
                Ok(Vec::new())
            }
            Err(error) => Err(error),
        }
    }
}

/// The rollout that a revision is of, if it was made since then.
fn rollout(item: &Item, since: i64) -> Option<Rollout> {
    let Metadata { namespace, creation_timestamp, annotations, owner_references, .. } = &item.metadata;
    let at = creation_timestamp.as_ref()?.as_second();
    let owner = owner_references.iter().find(|owner| owner.controller)?;
    (at >= since).then(|| Rollout {
        kind: owner.kind.clone(),
        namespace: namespace.clone(),
        name: owner.name.clone(),
        revision: annotations.get(REVISION).cloned().unwrap_or_default(),
        at: at as f64,
        ..Rollout::default()
    })
}

/// Who set fields of a workload's `spec` just before; nobody where that cannot be told.
fn cause(workload: &Item, at: f64) -> String {
    let at = at as i64;
    let managers = workload
        .metadata
        .managed_fields
        .iter()
        .filter(|one| one.subresource.is_empty() && one.fields_v1.get("f:spec").is_some());
    let near = managers.filter_map(|one| {
        let time = one.time.as_ref()?.as_second();
        (at - BEFORE..=at + AFTER).contains(&time).then_some((time.abs_diff(at), one))
    });
    near.min_by_key(|(distance, _)| *distance).map(|(_, one)| one.manager.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn item(metadata: &Value) -> Item {
        serde_json::from_value(json!({"metadata": metadata})).unwrap()
    }

    #[test]
    fn a_new_replica_set_is_a_rollout_of_its_deployment() {
        let set = |owner: Value| {
            item(&json!({"name": "web-1", "namespace": "shop", "creationTimestamp": "1970-01-01T00:16:40Z",
                "annotations": {REVISION: "7"}, "ownerReferences": [owner]}))
        };
        let owned = set(json!({"kind": "Deployment", "name": "web", "controller": true}));
        let told = rollout(&owned, 1_000).unwrap();
        assert_eq!(
            (told.kind.as_str(), told.name.as_str(), told.revision.as_str(), told.at),
            ("Deployment", "web", "7", 1_000.0)
        );
        assert_eq!(rollout(&owned, 1_001), None, "older ones are no news");
        assert_eq!(rollout(&set(json!({"kind": "Deployment", "name": "web"})), 0), None);
    }

    #[test]
    fn whoever_set_the_spec_just_before_is_named_and_nobody_else() {
        let workload = item(&json!({"name": "web", "managedFields": [
            {"manager": "helm", "time": "1970-01-01T00:00:10Z", "fieldsV1": {"f:spec": {}}},
            {"manager": "kubectl-edit", "time": "1970-01-01T00:16:39Z", "fieldsV1": {"f:spec": {}}},
            {"manager": "kube-controller-manager", "subresource": "status", "time": "1970-01-01T00:16:40Z",
                "fieldsV1": {"f:status": {}}},
            {"manager": "labeller", "time": "1970-01-01T00:16:40Z", "fieldsV1": {"f:metadata": {}}},
        ]}));
        assert_eq!(cause(&workload, 1_000.0), "kubectl-edit");
        assert_eq!(cause(&workload, 5_000.0), "");
    }
}
