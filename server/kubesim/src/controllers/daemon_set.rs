//! DaemonSets: one pod on each node that fits.

use serde_json::{Value, json};

use super::{Step, content_hash, events, pods, scheduler};
use crate::object;

const TABLE: &str = "daemonsets.apps";
const REVISION: &str = "controller-revision-hash";

pub(super) fn run(step: &mut Step<'_>) {
    let nodes = step.all("nodes");
    for (key, set) in step.all(TABLE) {
        if object::is_terminating(&set) {
            continue;
        }
        let template = object::at(&set, &["spec", "template"]).cloned().unwrap_or_default();
        let revision = content_hash(&template);
        let pod_spec = template.get("spec").cloned().unwrap_or_default();
        let owned = step.owned(pods::TABLE, &set);
        let fitting: Vec<&str> = nodes
            .iter()
            .filter(|(_, node)| scheduler::selects(&pod_spec, node) && scheduler::tolerates(&pod_spec, node))
            .map(|(name, _)| name.as_str())
            .collect();
        let on = |pod: &Value, node: &str| object::text(pod, &["spec", "nodeName"]) == node;
        for node in &fitting {
            if !owned.iter().any(|(_, pod)| on(pod, node)) {
                let name = format!("{}-{}", object::name(&set), step.state.random.suffix(5));
                pods::create(step, &set, &template, &name, &[(REVISION, &revision)], node);
                events::tell(
                    step,
                    &set,
                    "Normal",
                    "SuccessfulCreate",
                    &format!("Created pod: {name}"),
                    "daemonset-controller",
                );
            }
        }
        let outdated = |pod: &Value| object::text(pod, &["metadata", "labels", REVISION]) != revision;
        let steady = owned.iter().all(|(_, pod)| pods::is_active(pod) && pods::is_ready(pod));
        let mut replaced = false;
        for (pod_key, pod) in owned.iter().filter(|(_, pod)| !object::is_terminating(pod)) {
            let misplaced = !fitting.iter().any(|node| on(pod, node));
            let ended = !pods::is_active(pod);
            // One node after the other gets the new template.
            let next = steady && !replaced && outdated(pod);
            if misplaced || ended || next {
                replaced |= next;
                pods::delete(step, pod_key, pod);
            }
        }
        let ready = owned.iter().filter(|(_, pod)| pods::is_ready(pod) && pods::is_active(pod)).count();
        let updated = owned.iter().filter(|(_, pod)| !outdated(pod)).count();
        let mut status = json!({
            "currentNumberScheduled": owned.len().min(fitting.len()), "desiredNumberScheduled": fitting.len(),
            "numberMisscheduled": 0, "numberReady": ready,
            "observedGeneration": object::integer(&set, &["metadata", "generation"]).unwrap_or(1),
        });
        for (field, value) in [
            ("updatedNumberScheduled", updated),
            ("numberAvailable", ready),
            ("numberUnavailable", fitting.len().saturating_sub(ready)),
        ] {
            if value > 0 {
                object::set(&mut status, &[field], value);
            }
        }
        step.write_status(TABLE, &key, &set, status);
    }
}
