//! Namespaces.

use serde::Deserialize;

use super::kept_as_read;
use super::node::Condition;
use crate::family::Family;
use crate::object::Identity;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Namespace {
    status: NamespaceStatus,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct NamespaceStatus {
    phase: Box<str>,
    conditions: Vec<Condition>,
}

kept_as_read!(
    Namespace,
    Identity::Cluster("namespace"),
    &[
        Family::annotations("kube_namespace_annotations"),
        Family::created("kube_namespace_created"),
        Family::labels("kube_namespace_labels"),
        Family::gauge(
            "kube_namespace_status_condition",
            "The condition of a namespace.",
            |_, namespace, rows| {
                for condition in &namespace.status.conditions {
                    rows.status("status", &condition.status, &[("condition", &condition.r#type)]);
                }
            },
        ),
        Family::gauge(
            "kube_namespace_status_phase",
            "[STABLE] kubernetes namespace status phase.",
            |_, namespace, rows| rows.each_of("phase", &["Active", "Terminating"], &namespace.status.phase),
        ),
    ]
);
