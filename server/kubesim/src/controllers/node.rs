//! Nodes: heartbeats, and what happens to the pods of a node that stops giving them.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Step, events, pods, pods::set_condition};
use crate::{clock::seconds, object};

const LEASES: &str = "leases.coordination.k8s.io";
/// A node that is annotated with this gives no heartbeat.
const SILENT: &str = "kubesim.crowsnest.dev/silent";
/// A node that is annotated with `60/600` gives none in the last 60 of every 600 seconds.
const ABSENT: &str = "kubesim.crowsnest.dev/absent";
const HEARTBEAT_SECONDS: i64 = 10;
const UNREACHABLE: &str = "node.kubernetes.io/unreachable";

pub(super) fn run(step: &mut Step<'_>) {
    for (name, node) in step.all("nodes") {
        let silent = is_silent(&node, step.now);
        if !silent {
            renew(step, &name, &node);
        }
        let ready = object::condition(&node, "Ready") == "True";
        if silent == ready {
            set_ready(step, &name, &node, !silent);
        }
    }
}

/// Whether a node gives no sign of life now.
pub(crate) fn is_silent(node: &Value, now: Timestamp) -> bool {
    let annotation = |name: &str| object::text(node, &["metadata", "annotations", name]);
    if annotation(SILENT) == "true" {
        return true;
    }
    let Some((away, period)) = annotation(ABSENT).split_once('/') else { return false };
    match (away.parse::<i64>(), period.parse::<i64>()) {
        (Ok(away), Ok(period)) if period > 0 => now.as_second().rem_euclid(period) >= period - away,
        _ => false,
    }
}

/// Renews the lease of a node.
fn renew(step: &mut Step<'_>, name: &str, node: &Value) {
    let key = format!("kube-node-lease/{name}");
    let renewed = format!("{}.000000Z", seconds(step.now).trim_end_matches('Z'));
    match step.state.store.get(LEASES, &key) {
        None => step.create(
            LEASES,
            Some(node),
            json!({
                "metadata": {"name": name, "namespace": "kube-node-lease"},
                "spec": {"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": renewed},
            }),
        ),
        Some(lease) => {
            let age =
                step.seconds_since(object::text(&lease, &["spec", "renewTime"])).unwrap_or(HEARTBEAT_SECONDS);
            if age >= HEARTBEAT_SECONDS {
                let mut lease = lease.as_ref().clone();
                object::set(&mut lease, &["spec", "renewTime"], renewed);
                step.write(LEASES, &key, lease);
            }
        }
    }
}

fn set_ready(step: &mut Step<'_>, name: &str, node: &Value, ready: bool) {
    let mut object = node.clone();
    let now = step.now_text();
    let mut taints = object::list(node, &["spec", "taints"]).to_vec();
    taints.retain(|taint| object::text(taint, &["key"]) != UNREACHABLE);
    if ready {
        let message = "kubelet is posting ready status";
        set_condition(&mut object, "Ready", "True", "KubeletReady", message, &now);
    } else {
        let message = "Kubelet stopped posting node status.";
        set_condition(&mut object, "Ready", "Unknown", "NodeStatusUnknown", message, &now);
        taints.push(json!({"key": UNREACHABLE, "effect": "NoSchedule", "timeAdded": now}));
    }
    if taints.is_empty() {
        object::remove(&mut object, &["spec", "taints"]);
    } else {
        object::set(&mut object, &["spec", "taints"], taints);
    }
    step.write("nodes", name, object);
    let (kind, reason) = if ready { ("Normal", "NodeReady") } else { ("Warning", "NodeNotReady") };
    events::tell(
        step,
        node,
        kind,
        reason,
        &format!("Node {name} status is now: {reason}"),
        "node-controller",
    );
    if !ready {
        mark_pods(step, name);
    }
}

/// Nobody knows any more how the pods of a silent node are.
fn mark_pods(step: &mut Step<'_>, node: &str) {
    let now = step.now_text();
    for (key, pod) in step.all(pods::TABLE) {
        if object::text(&pod, &["spec", "nodeName"]) == node && pods::is_ready(&pod) {
            let mut pod = pod.as_ref().clone();
            set_condition(&mut pod, "Ready", "False", "NodeNotReady", "Node is not ready", &now);
            step.write(pods::TABLE, &key, pod);
        }
    }
}
