//! Making pods from templates, and judging them.

use serde_json::Value;

use super::Step;
use crate::{clock::seconds, object};

pub(super) const TABLE: &str = "pods";

/// Makes a pod from a template for its owner. `labels` come on top of the template's.
pub(super) fn create(
    step: &mut Step<'_>,
    owner: &Value,
    template: &Value,
    name: &str,
    labels: &[(&str, &str)],
    node: &str,
) {
    let mut pod = serde_json::json!({
        "metadata": template.get("metadata").cloned().unwrap_or_default(),
        "spec": template.get("spec").cloned().unwrap_or_default(),
    });
    object::remove(&mut pod, &["metadata", "creationTimestamp"]);
    object::set(&mut pod, &["metadata", "name"], name);
    object::set(&mut pod, &["metadata", "namespace"], object::namespace(owner));
    for (label, value) in labels {
        object::set(&mut pod, &["metadata", "labels", label], *value);
    }
    if !node.is_empty() {
        object::set(&mut pod, &["spec", "nodeName"], node);
    }
    crate::limits::apply_limit_ranges(&step.state.store, object::namespace(owner), &mut pod);
    step.create(TABLE, Some(owner), pod);
}

/// Whether a pod still counts for its owner.
pub(super) fn is_active(pod: &Value) -> bool {
    !object::is_terminating(pod) && !matches!(object::text(pod, &["status", "phase"]), "Succeeded" | "Failed")
}

pub(super) fn is_ready(pod: &Value) -> bool {
    object::condition(pod, "Ready") == "True"
}

/// Asks for the end of a pod: at once where no kubelet has it, else within its grace period.
pub(super) fn delete(step: &mut Step<'_>, key: &str, pod: &Value) {
    if object::text(pod, &["spec", "nodeName"]).is_empty() {
        return step.remove(TABLE, key);
    }
    let grace = object::integer(pod, &["spec", "terminationGracePeriodSeconds"]).unwrap_or(30).clamp(0, 3600);
    let mut pod = pod.clone();
    let ends = step.now + jiff::SignedDuration::from_secs(grace);
    object::set(&mut pod, &["metadata", "deletionTimestamp"], seconds(ends));
    object::set(&mut pod, &["metadata", "deletionGracePeriodSeconds"], grace);
    step.write(TABLE, key, pod);
}

/// Sets a condition of a status; the transition time moves when its status does.
pub(super) fn set_condition(
    object: &mut Value,
    kind: &str,
    status: &str,
    reason: &str,
    message: &str,
    now: &str,
) {
    let mut conditions = object::list(object, &["status", "conditions"]).to_vec();
    let since = conditions
        .iter()
        .find(|condition| {
            object::text(condition, &["type"]) == kind && object::text(condition, &["status"]) == status
        })
        .map_or(now, |condition| object::text(condition, &["lastTransitionTime"]))
        .to_owned();
    let mut condition = serde_json::json!({"type": kind, "status": status, "lastTransitionTime": since});
    for (field, text) in [("reason", reason), ("message", message)] {
        if !text.is_empty() {
            object::set(&mut condition, &[field], text);
        }
    }
    match conditions.iter_mut().find(|known| object::text(known, &["type"]) == kind) {
        Some(known) => *known = condition,
        None => conditions.push(condition),
    }
    object::set(object, &["status", "conditions"], conditions);
}
