//! HorizontalPodAutoscalers and PodDisruptionBudgets.

use serde::Deserialize;

use super::kept_as_read;
use super::node::Condition;
use crate::family::Family;
use crate::object::Identity;
use crate::quantity::Quantity;
use crate::rows::Rows;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Autoscaler {
    spec: AutoscalerSpec,
    status: AutoscalerStatus,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct AutoscalerSpec {
    scale_target_ref: TargetRef,
    min_replicas: Option<i32>,
    max_replicas: i32,
    metrics: Vec<Metric>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct TargetRef {
    api_version: Box<str>,
    kind: Box<str>,
    name: Box<str>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct AutoscalerStatus {
    current_replicas: i32,
    desired_replicas: i32,
    conditions: Vec<Condition>,
    current_metrics: Vec<Metric>,
}

/// What is scaled by, or what it is at: one of these.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metric {
    resource: Option<Source>,
    container_resource: Option<Source>,
    pods: Option<Source>,
    object: Option<Source>,
    external: Option<Source>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Source {
    name: Box<str>,
    container: Box<str>,
    metric: MetricName,
    target: Amount,
    current: Amount,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct MetricName {
    name: Box<str>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Amount {
    value: Option<Quantity>,
    average_value: Option<Quantity>,
    average_utilization: Option<i32>,
}

impl Metric {
    fn source(&self) -> Option<&Source> {
        let of_name = self.pods.as_ref().or(self.object.as_ref()).or(self.external.as_ref());
        self.resource.as_ref().or(self.container_resource.as_ref()).or(of_name)
    }
}

/// A row for each amount that each metric has.
fn metric_rows(metrics: &[Metric], amount: fn(&Source) -> &Amount, rows: &mut Rows<'_>) {
    for source in metrics.iter().filter_map(Metric::source) {
        let name = if source.name.is_empty() { &source.metric.name } else { &source.name };
        let Amount { value, average_value, average_utilization } = amount(source);
        let amounts = [
            ("value", value.map(|amount| amount.0)),
            ("average", average_value.map(|amount| amount.0)),
            ("utilization", average_utilization.map(f64::from)),
        ];
        for (kind, amount) in amounts {
            if let Some(amount) = amount {
                let labels = [
                    ("metric_name", &**name),
                    ("metric_target_type", kind),
                    ("container", &*source.container),
                ];
                rows.with(&labels, amount);
            }
        }
    }
}

kept_as_read!(
    Autoscaler,
    Identity::Namespaced("horizontalpodautoscaler"),
    &[
        Family::annotations("kube_horizontalpodautoscaler_annotations"),
        Family::gauge("kube_horizontalpodautoscaler_created", "Unix creation timestamp", |meta, _, rows| {
            rows.time(meta.created);
        }),
        Family::deleted("kube_horizontalpodautoscaler_deletion_timestamp"),
        Family::gauge(
            "kube_horizontalpodautoscaler_info",
            "Information about this autoscaler.",
            |_, autoscaler, rows| {
                let target = &autoscaler.spec.scale_target_ref;
                rows.info(&[
                    ("scaletargetref_api_version", &target.api_version),
                    ("scaletargetref_kind", &target.kind),
                    ("scaletargetref_name", &target.name),
                ]);
            },
        ),
        Family::labels("kube_horizontalpodautoscaler_labels"),
        Family::gauge(
            "kube_horizontalpodautoscaler_metadata_generation",
            "[STABLE] The generation observed by the HorizontalPodAutoscaler controller.",
            |meta, _, rows| rows.one(meta.generation as f64),
        ),
        Family::gauge(
            "kube_horizontalpodautoscaler_spec_max_replicas",
            "[STABLE] Upper limit for the number of pods that can be set by the autoscaler; cannot be smaller than MinReplicas.",
            |_, autoscaler, rows| rows.one(autoscaler.spec.max_replicas.into()),
        ),
        Family::gauge(
            "kube_horizontalpodautoscaler_spec_min_replicas",
            "[STABLE] Lower limit for the number of pods that can be set by the autoscaler, default 1.",
            |_, autoscaler, rows| rows.one(autoscaler.spec.min_replicas.unwrap_or(1).into()),
        ),
        Family::gauge(
            "kube_horizontalpodautoscaler_spec_target_metric",
            "The metric specifications used by this autoscaler when calculating the desired replica count.",
            |_, autoscaler, rows| metric_rows(&autoscaler.spec.metrics, |source| &source.target, rows),
        ),
        Family::gauge(
            "kube_horizontalpodautoscaler_status_condition",
            "[STABLE] The condition of this autoscaler.",
            |_, autoscaler, rows| {
                for condition in &autoscaler.status.conditions {
                    rows.status("status", &condition.status, &[("condition", &condition.r#type)]);
                }
            },
        ),
        Family::gauge(
            "kube_horizontalpodautoscaler_status_current_replicas",
            "[STABLE] Current number of replicas of pods managed by this autoscaler.",
            |_, autoscaler, rows| rows.one(autoscaler.status.current_replicas.into()),
        ),
        Family::gauge(
            "kube_horizontalpodautoscaler_status_desired_replicas",
            "[STABLE] Desired number of replicas of pods managed by this autoscaler.",
            |_, autoscaler, rows| rows.one(autoscaler.status.desired_replicas.into()),
        ),
        Family::gauge(
            "kube_horizontalpodautoscaler_status_target_metric",
            "[STABLE] The current metric status used by this autoscaler when calculating the desired replica count.",
            |_, autoscaler, rows| metric_rows(
                &autoscaler.status.current_metrics,
                |source| &source.current,
                rows
            ),
        ),
    ]
);

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct DisruptionBudget {
    status: BudgetStatus,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct BudgetStatus {
    current_healthy: i32,
    desired_healthy: i32,
    disruptions_allowed: i32,
    expected_pods: i32,
    observed_generation: i64,
}

kept_as_read!(
    DisruptionBudget,
    Identity::Namespaced("poddisruptionbudget"),
    &[
        Family::annotations("kube_poddisruptionbudget_annotations"),
        Family::created("kube_poddisruptionbudget_created"),
        Family::deleted("kube_poddisruptionbudget_deletion_timestamp"),
        Family::labels("kube_poddisruptionbudget_labels"),
        Family::gauge(
            "kube_poddisruptionbudget_status_current_healthy",
            "[STABLE] Current number of healthy pods",
            |_, budget, rows| rows.one(budget.status.current_healthy.into()),
        ),
        Family::gauge(
            "kube_poddisruptionbudget_status_desired_healthy",
            "[STABLE] Minimum desired number of healthy pods",
            |_, budget, rows| rows.one(budget.status.desired_healthy.into()),
        ),
        Family::gauge(
            "kube_poddisruptionbudget_status_expected_pods",
            "[STABLE] Total number of pods counted by this disruption budget",
            |_, budget, rows| rows.one(budget.status.expected_pods.into()),
        ),
        Family::gauge(
            "kube_poddisruptionbudget_status_observed_generation",
            "[STABLE] Most recent generation observed when updating this PDB status",
            |_, budget, rows| rows.one(budget.status.observed_generation as f64),
        ),
        Family::gauge(
            "kube_poddisruptionbudget_status_pod_disruptions_allowed",
            "[STABLE] Number of pod disruptions that are currently allowed",
            |_, budget, rows| rows.one(budget.status.disruptions_allowed.into()),
        ),
    ]
);
