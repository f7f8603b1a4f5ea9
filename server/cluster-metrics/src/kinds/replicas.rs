//! ReplicaSets and ReplicationControllers.

use serde::Deserialize;

use super::kept_as_read;
use crate::family::Family;
use crate::object::Identity;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct ReplicaSet {
    spec: Spec,
    status: Status,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Controller {
    spec: Spec,
    status: Status,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Spec {
    replicas: Option<i32>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    replicas: i32,
    fully_labeled_replicas: i32,
    ready_replicas: i32,
    available_replicas: i32,
    terminating_replicas: Option<i32>,
    observed_generation: i64,
}

kept_as_read!(
    ReplicaSet,
    Identity::Namespaced("replicaset"),
    &[
        Family::annotations("kube_replicaset_annotations"),
        Family::created("kube_replicaset_created"),
        Family::labels("kube_replicaset_labels"),
        Family::generation("kube_replicaset_metadata_generation"),
        Family::owner("kube_replicaset_owner", "[STABLE] Information about the ReplicaSet's owner."),
        Family::gauge(
            "kube_replicaset_spec_replicas",
            "[STABLE] Number of desired pods for a ReplicaSet.",
            |_, set, rows| rows.maybe(set.spec.replicas),
        ),
        Family::gauge(
            "kube_replicaset_status_fully_labeled_replicas",
            "[STABLE] The number of fully labeled replicas per ReplicaSet.",
            |_, set, rows| rows.one(set.status.fully_labeled_replicas.into()),
        ),
        Family::gauge(
            "kube_replicaset_status_observed_generation",
            "[STABLE] The generation observed by the ReplicaSet controller.",
            |_, set, rows| rows.one(set.status.observed_generation as f64),
        ),
        Family::gauge(
            "kube_replicaset_status_ready_replicas",
            "[STABLE] The number of ready replicas per ReplicaSet.",
            |_, set, rows| rows.one(set.status.ready_replicas.into()),
        ),
        Family::gauge(
            "kube_replicaset_status_replicas",
            "[STABLE] The number of replicas per ReplicaSet.",
            |_, set, rows| rows.one(set.status.replicas.into()),
        ),
        Family::gauge(
            "kube_replicaset_status_terminating_replicas",
            "The number of terminating replicas per ReplicaSet.",
            |_, set, rows| rows.maybe(set.status.terminating_replicas),
        ),
    ]
);

kept_as_read!(
    Controller,
    Identity::Namespaced("replicationcontroller"),
    &[
        Family::created("kube_replicationcontroller_created"),
        Family::generation("kube_replicationcontroller_metadata_generation"),
        Family::owner(
            "kube_replicationcontroller_owner",
            "Information about the ReplicationController's owner."
        ),
        Family::gauge(
            "kube_replicationcontroller_spec_replicas",
            "[STABLE] Number of desired pods for a ReplicationController.",
            |_, controller, rows| rows.maybe(controller.spec.replicas),
        ),
        Family::gauge(
            "kube_replicationcontroller_status_available_replicas",
            "[STABLE] The number of available replicas per ReplicationController.",
            |_, controller, rows| rows.one(controller.status.available_replicas.into()),
        ),
        Family::gauge(
            "kube_replicationcontroller_status_fully_labeled_replicas",
            "[STABLE] The number of fully labeled replicas per ReplicationController.",
            |_, controller, rows| rows.one(controller.status.fully_labeled_replicas.into()),
        ),
        Family::gauge(
            "kube_replicationcontroller_status_observed_generation",
            "[STABLE] The generation observed by the ReplicationController controller.",
            |_, controller, rows| rows.one(controller.status.observed_generation as f64),
        ),
        Family::gauge(
            "kube_replicationcontroller_status_ready_replicas",
            "[STABLE] The number of ready replicas per ReplicationController.",
            |_, controller, rows| rows.one(controller.status.ready_replicas.into()),
        ),
        Family::gauge(
            "kube_replicationcontroller_status_replicas",
            "[STABLE] The number of replicas per ReplicationController.",
            |_, controller, rows| rows.one(controller.status.replicas.into()),
        ),
    ]
);
