//! ReplicaSets, and the ReplicationControllers before them: as many pods as are wanted.

use serde_json::json;

use super::{Step, events, pods};
use crate::object;

pub(super) const TABLE: &str = "replicasets.apps";

pub(super) fn run(step: &mut Step<'_>) {
    replicate(step, TABLE, "replicaset-controller");
    replicate(step, "replicationcontrollers", "replication-controller");
}

fn replicate(step: &mut Step<'_>, table: &str, source: &str) {
    for (key, set) in step.all(table) {
        if object::is_terminating(&set) {
            continue;
        }
        let mut active: Vec<_> =
            step.owned(pods::TABLE, &set).into_iter().filter(|(_, pod)| pods::is_active(pod)).collect();
        let wanted = usize::try_from(object::integer(&set, &["spec", "replicas"]).unwrap_or(1)).unwrap_or(0);
        let template = object::at(&set, &["spec", "template"]).cloned().unwrap_or_default();
        for _ in active.len()..wanted {
            let name = format!("{}-{}", object::name(&set), step.state.random.suffix(5));
            pods::create(step, &set, &template, &name, &[], "");
            events::tell(step, &set, "Normal", "SuccessfulCreate", &format!("Created pod: {name}"), source);
        }
        // Those that do no work go first, then the youngest.
        active.sort_by_key(|(_, pod)| {
            (!pods::is_ready(pod), object::text(pod, &["metadata", "creationTimestamp"]).to_owned())
        });
        let surplus = active.len().saturating_sub(wanted);
        for (pod_key, pod) in active.iter().rev().take(surplus) {
            pods::delete(step, pod_key, pod);
            let message = format!("Deleted pod: {}", object::name(pod));
            events::tell(step, &set, "Normal", "SuccessfulDelete", &message, source);
        }
        let ready = active.iter().filter(|(_, pod)| pods::is_ready(pod)).count();
        let mut status = json!({
            "replicas": active.len(),
            "observedGeneration": object::integer(&set, &["metadata", "generation"]).unwrap_or(1),
        });
        if !active.is_empty() {
            object::set(&mut status, &["fullyLabeledReplicas"], active.len());
        }
        if ready > 0 {
            object::set(&mut status, &["readyReplicas"], ready);
            object::set(&mut status, &["availableReplicas"], ready);
        }
        step.write_status(table, &key, &set, status);
    }
}
