//! Deployments, DaemonSets and StatefulSets.

use serde::Deserialize;

use super::kept_as_read;
use super::node::Condition;
use crate::family::Family;
use crate::object::Identity;
use crate::rows::truth;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Deployment {
    spec: DeploymentSpec,
    status: DeploymentStatus,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct DeploymentSpec {
    replicas: Option<i32>,
    paused: bool,
    strategy: Strategy,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Strategy {
    rolling_update: Option<RollingUpdate>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RollingUpdate {
    max_unavailable: Option<Share>,
    max_surge: Option<Share>,
}

/// A number of pods, or a share of those that are wanted.
#[derive(Deserialize)]
#[serde(untagged)]
enum Share {
    Number(i32),
    Percent(Box<str>),
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct DeploymentStatus {
    replicas: i32,
    ready_replicas: i32,
    available_replicas: i32,
    unavailable_replicas: i32,
    updated_replicas: i32,
    terminating_replicas: Option<i32>,
    observed_generation: i64,
    conditions: Vec<Condition>,
}

impl Share {
    /// How many pods that is; a share is rounded by `round`.
    fn of(&self, replicas: Option<i32>, round: fn(f64) -> f64) -> Option<f64> {
        match self {
            Self::Number(number) => Some(f64::from(*number)),
            Self::Percent(text) => {
                let percent: f64 = text.strip_suffix('%')?.parse().ok()?;
                Some(round(percent * f64::from(replicas?) / 100.0))
            }
        }
    }
}

impl Deployment {
    fn share(&self, which: fn(&RollingUpdate) -> Option<&Share>, round: fn(f64) -> f64) -> Option<f64> {
        which(self.spec.strategy.rolling_update.as_ref()?)?.of(self.spec.replicas, round)
    }
}

kept_as_read!(
    Deployment,
    Identity::Namespaced("deployment"),
    &[
        Family::annotations("kube_deployment_annotations"),
        Family::created("kube_deployment_created"),
        Family::deleted("kube_deployment_deletion_timestamp"),
        Family::labels("kube_deployment_labels"),
        Family::generation("kube_deployment_metadata_generation"),
        Family::gauge(
            "kube_deployment_spec_paused",
            "[STABLE] Whether the deployment is paused and will not be processed by the deployment controller.",
            |_, deployment, rows| rows.one(truth(deployment.spec.paused)),
        ),
        Family::gauge(
            "kube_deployment_spec_replicas",
            "[STABLE] Number of desired pods for a deployment.",
            |_, deployment, rows| rows.maybe(deployment.spec.replicas),
        ),
        Family::gauge(
            "kube_deployment_spec_strategy_rollingupdate_max_surge",
            "[STABLE] Maximum number of replicas that can be scheduled above the desired number of replicas during a rolling update \
         of a deployment.",
            |_, deployment, rows| rows.maybe(deployment.share(|update| update.max_surge.as_ref(), f64::ceil)),
        ),
        Family::gauge(
            "kube_deployment_spec_strategy_rollingupdate_max_unavailable",
            "[STABLE] Maximum number of unavailable replicas during a rolling update of a deployment.",
            |_, deployment, rows| rows
                .maybe(deployment.share(|update| update.max_unavailable.as_ref(), f64::floor)),
        ),
        Family::gauge(
            "kube_deployment_status_condition",
            "[STABLE] The current status conditions of a deployment.",
            |_, deployment, rows| {
                for condition in &deployment.status.conditions {
                    let labels = [("reason", &*condition.reason), ("condition", &*condition.r#type)];
                    rows.status("status", &condition.status, &labels);
                }
            },
        ),
        Family::gauge(
            "kube_deployment_status_observed_generation",
            "[STABLE] The generation observed by the deployment controller.",
            |_, deployment, rows| rows.one(deployment.status.observed_generation as f64),
        ),
        Family::gauge(
            "kube_deployment_status_replicas",
            "[STABLE] The number of replicas per deployment.",
            |_, deployment, rows| rows.one(deployment.status.replicas.into()),
        ),
        Family::gauge(
            "kube_deployment_status_replicas_available",
            "[STABLE] The number of available replicas per deployment.",
            |_, deployment, rows| rows.one(deployment.status.available_replicas.into()),
        ),
        Family::gauge(
            "kube_deployment_status_replicas_ready",
            "[STABLE] The number of ready replicas per deployment.",
            |_, deployment, rows| rows.one(deployment.status.ready_replicas.into()),
        ),
        Family::gauge(
            "kube_deployment_status_replicas_unavailable",
            "[STABLE] The number of unavailable replicas per deployment.",
            |_, deployment, rows| rows.one(deployment.status.unavailable_replicas.into()),
        ),
        Family::gauge(
            "kube_deployment_status_replicas_updated",
            "[STABLE] The number of updated replicas per deployment.",
            |_, deployment, rows| rows.one(deployment.status.updated_replicas.into()),
        ),
        Family::gauge(
            "kube_deployment_status_terminating_replicas",
            "The number of terminating replicas per deployment.",
            |_, deployment, rows| rows.maybe(deployment.status.terminating_replicas),
        ),
    ]
);

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct DaemonSet {
    status: DaemonSetStatus,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct DaemonSetStatus {
    current_number_scheduled: i32,
    desired_number_scheduled: i32,
    number_available: i32,
    number_misscheduled: i32,
    number_ready: i32,
    number_unavailable: i32,
    observed_generation: i64,
    updated_number_scheduled: i32,
}

kept_as_read!(
    DaemonSet,
    Identity::Namespaced("daemonset"),
    &[
        Family::annotations("kube_daemonset_annotations"),
        Family::created("kube_daemonset_created"),
        Family::deleted("kube_daemonset_deletion_timestamp"),
        Family::labels("kube_daemonset_labels"),
        Family::generation("kube_daemonset_metadata_generation"),
        Family::gauge(
            "kube_daemonset_status_current_number_scheduled",
            "[STABLE] The number of nodes running at least one daemon pod and are supposed to.",
            |_, set, rows| rows.one(set.status.current_number_scheduled.into()),
        ),
        Family::gauge(
            "kube_daemonset_status_desired_number_scheduled",
            "[STABLE] The number of nodes that should be running the daemon pod.",
            |_, set, rows| rows.one(set.status.desired_number_scheduled.into()),
        ),
        Family::gauge(
            "kube_daemonset_status_number_available",
            "[STABLE] The number of nodes that should be running the daemon pod and have one or more of the daemon pod running and \
         available",
            |_, set, rows| rows.one(set.status.number_available.into()),
        ),
        Family::gauge(
            "kube_daemonset_status_number_misscheduled",
            "[STABLE] The number of nodes running a daemon pod but are not supposed to.",
            |_, set, rows| rows.one(set.status.number_misscheduled.into()),
        ),
        Family::gauge(
            "kube_daemonset_status_number_ready",
            "[STABLE] The number of nodes that should be running the daemon pod and have one or more of the daemon pod running and ready.",
            |_, set, rows| rows.one(set.status.number_ready.into()),
        ),
        Family::gauge(
            "kube_daemonset_status_number_unavailable",
            "[STABLE] The number of nodes that should be running the daemon pod and have none of the daemon pod running and available",
            |_, set, rows| rows.one(set.status.number_unavailable.into()),
        ),
        Family::gauge(
            "kube_daemonset_status_observed_generation",
            "[STABLE] The most recent generation observed by the daemon set controller.",
            |_, set, rows| rows.one(set.status.observed_generation as f64),
        ),
        Family::gauge(
            "kube_daemonset_status_updated_number_scheduled",
            "[STABLE] The total number of nodes that are running updated daemon pod",
            |_, set, rows| rows.one(set.status.updated_number_scheduled.into()),
        ),
    ]
);

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct StatefulSet {
    spec: StatefulSetSpec,
    status: StatefulSetStatus,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct StatefulSetSpec {
    replicas: Option<i32>,
    ordinals: Option<Ordinals>,
    persistent_volume_claim_retention_policy: Option<Retention>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Ordinals {
    start: i32,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Retention {
    when_deleted: Box<str>,
    when_scaled: Box<str>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct StatefulSetStatus {
    replicas: i32,
    available_replicas: i32,
    current_replicas: i32,
    ready_replicas: i32,
    updated_replicas: i32,
    observed_generation: i64,
    current_revision: Box<str>,
    update_revision: Box<str>,
}

kept_as_read!(
    StatefulSet,
    Identity::Namespaced("statefulset"),
    &[
        Family::annotations("kube_statefulset_annotations"),
        Family::created("kube_statefulset_created"),
        Family::deleted("kube_statefulset_deletion_timestamp"),
        Family::labels("kube_statefulset_labels"),
        Family::generation("kube_statefulset_metadata_generation"),
        Family::gauge(
            "kube_statefulset_ordinals_start",
            "[STABLE] Start ordinal of the StatefulSet.",
            |_, set, rows| rows.maybe(set.spec.ordinals.as_ref().map(|ordinals| ordinals.start)),
        ),
        Family::gauge(
            "kube_statefulset_persistentvolumeclaim_retention_policy",
            "[STABLE] Count of retention policy for StatefulSet template PVCs",
            |_, set, rows| {
                if let Some(policy) = &set.spec.persistent_volume_claim_retention_policy {
                    let labels =
                        [("when_deleted", &*policy.when_deleted), ("when_scaled", &*policy.when_scaled)];
                    rows.info(&labels);
                }
            },
        ),
        Family::gauge(
            "kube_statefulset_replicas",
            "[STABLE] Number of desired pods for a StatefulSet.",
            |_, set, rows| rows.maybe(set.spec.replicas),
        ),
        Family::gauge(
            "kube_statefulset_status_current_revision",
            "[STABLE] Indicates the version of the StatefulSet used to generate Pods in the sequence [0,currentReplicas).",
            |_, set, rows| rows.info(&[("revision", &set.status.current_revision)]),
        ),
        Family::gauge(
            "kube_statefulset_status_observed_generation",
            "[STABLE] The generation observed by the StatefulSet controller.",
            |_, set, rows| rows.one(set.status.observed_generation as f64),
        ),
        Family::gauge(
            "kube_statefulset_status_replicas",
            "[STABLE] The number of replicas per StatefulSet.",
            |_, set, rows| rows.one(set.status.replicas.into()),
        ),
        Family::gauge(
            "kube_statefulset_status_replicas_available",
            "[STABLE] The number of available replicas per StatefulSet.",
            |_, set, rows| rows.one(set.status.available_replicas.into()),
        ),
        Family::gauge(
            "kube_statefulset_status_replicas_current",
            "[STABLE] The number of current replicas per StatefulSet.",
            |_, set, rows| rows.one(set.status.current_replicas.into()),
        ),
        Family::gauge(
            "kube_statefulset_status_replicas_ready",
            "[STABLE] The number of ready replicas per StatefulSet.",
            |_, set, rows| rows.one(set.status.ready_replicas.into()),
        ),
        Family::gauge(
            "kube_statefulset_status_replicas_updated",
            "[STABLE] The number of updated replicas per StatefulSet.",
            |_, set, rows| rows.one(set.status.updated_replicas.into()),
        ),
        Family::gauge(
            "kube_statefulset_status_update_revision",
            "[STABLE] Indicates the version of the StatefulSet used to generate Pods in the sequence [replicas-updatedReplicas,replicas)",
            |_, set, rows| rows.info(&[("revision", &set.status.update_revision)]),
        ),
    ]
);
