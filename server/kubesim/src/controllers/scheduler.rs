//! The scheduler: a node for each pod, by room, selectors and taints.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;

use super::{Step, events, pods, pods::set_condition};
use crate::{object, quantity::parse_milli};

/// What a node has, or pods ask for, in thousandths.
#[derive(Clone, Copy, Debug, Default)]
struct Room {
    cpu: i128,
    memory: i128,
    pods: i128,
}

pub(super) fn run(step: &mut Step<'_>) {
    let waiting = step.select(pods::TABLE, |pod| {
        object::text(pod, &["spec", "nodeName"]).is_empty() && pods::is_active(pod)
    });
    if waiting.is_empty() {
        return;
    }
    let nodes = step.all("nodes");
    let all = step.all(pods::TABLE);
    let mut free: BTreeMap<&str, Room> =
        nodes.iter().map(|(name, node)| (name.as_str(), allocatable(node))).collect();
    for (_, pod) in all.iter().filter(|(_, pod)| !is_over(pod)) {
        if let Some(room) = free.get_mut(object::text(pod, &["spec", "nodeName"])) {
            let asked = asked(pod);
            room.cpu -= asked.cpu;
            room.memory -= asked.memory;
            room.pods -= 1000;
        }
    }
    for (key, pod) in &waiting {
        place(step, key, pod, &nodes, &mut free);
    }
}

fn place(
    step: &mut Step<'_>,
    key: &str,
    pod: &Value,
    nodes: &[(String, Arc<Value>)],
    free: &mut BTreeMap<&str, Room>,
) {
    let spec = pod.get("spec").cloned().unwrap_or_default();
    let asked = asked(pod);
    let mut refusals: BTreeMap<&str, usize> = BTreeMap::new();
    let mut best: Option<(&str, i128)> = None;
    for (name, node) in nodes {
        let room = free.get(name.as_str()).copied().unwrap_or_default();
        let refusal = if object::at(node, &["spec", "unschedulable"]) == Some(&Value::Bool(true)) {
            Some("node(s) were unschedulable")
        } else if !tolerates(&spec, node) {
            Some("node(s) had untolerated taint(s)")
        } else if !selects(&spec, node) {
            Some("node(s) didn't match Pod's node affinity/selector")
        } else if room.pods < 1000 {
            Some("Too many pods")
        } else if room.cpu < asked.cpu {
            Some("Insufficient cpu")
        } else if room.memory < asked.memory {
            Some("Insufficient memory")
        } else {
            None
        };
        match refusal {
            Some(reason) => *refusals.entry(reason).or_default() += 1,
            None if best.is_none_or(|(_, cpu)| room.cpu > cpu) => best = Some((name, room.cpu)),
            None => {}
        }
    }
    let mut object = pod.clone();
    let now = step.now_text();
    match best {
        Some((node, _)) => {
            object::set(&mut object, &["spec", "nodeName"], node);
            set_condition(&mut object, "PodScheduled", "True", "", "", &now);
            if let Some(room) = free.get_mut(node) {
                room.cpu -= asked.cpu;
                room.memory -= asked.memory;
                room.pods -= 1000;
            }
            step.write(pods::TABLE, key, object);
            let message =
                format!("Successfully assigned {}/{} to {node}", object::namespace(pod), object::name(pod));
            events::tell(step, pod, "Normal", "Scheduled", &message, "default-scheduler");
        }
        None => {
            let reasons: Vec<String> =
                refusals.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
            let message = format!("0/{} nodes are available: {}.", nodes.len(), reasons.join(", "));
            let known = object::list(pod, &["status", "conditions"])
                .iter()
                .any(|condition| object::text(condition, &["message"]) == message);
            if !known {
                set_condition(&mut object, "PodScheduled", "False", "Unschedulable", &message, &now);
                step.write(pods::TABLE, key, object);
                events::tell(step, pod, "Warning", "FailedScheduling", &message, "default-scheduler");
            }
        }
    }
}

fn is_over(pod: &Value) -> bool {
    matches!(object::text(pod, &["status", "phase"]), "Succeeded" | "Failed")
}

fn allocatable(node: &Value) -> Room {
    let amount =
        |resource: &str| parse_milli(object::text(node, &["status", "allocatable", resource])).unwrap_or(0);
    Room { cpu: amount("cpu"), memory: amount("memory"), pods: amount("pods") }
}

fn asked(pod: &Value) -> Room {
    let sum = |resource: &str| -> i128 {
        object::list(pod, &["spec", "containers"])
            .iter()
            .filter_map(|container| {
                parse_milli(object::text(container, &["resources", "requests", resource]))
            })
            .sum()
    };
    Room { cpu: sum("cpu"), memory: sum("memory"), pods: 1000 }
}

/// Whether a pod spec's node selector fits a node.
pub(super) fn selects(spec: &Value, node: &Value) -> bool {
    // Most pods name no labels, and those of a node are a map to build.
    let wanted = object::string_map(spec, &["nodeSelector"]);
    wanted.is_empty() || {
        let labels = object::labels(node);
        wanted.iter().all(|(key, value)| labels.get(key) == Some(value))
    }
}

/// Whether a pod spec tolerates the taints of a node that keep pods away.
pub(super) fn tolerates(spec: &Value, node: &Value) -> bool {
    let tolerations = object::list(spec, &["tolerations"]);
    object::list(node, &["spec", "taints"])
        .iter()
        .filter(|taint| object::text(taint, &["effect"]) != "PreferNoSchedule")
        .all(|taint| {
            tolerations.iter().any(|toleration| {
                let same = |field: &str| object::text(toleration, &[field]) == object::text(taint, &[field]);
                let key = object::text(toleration, &["key"]).is_empty() || same("key");
                let effect = object::text(toleration, &["effect"]).is_empty() || same("effect");
                let value = object::text(toleration, &["operator"]) == "Exists" || same("value");
                key && effect && value
            })
        })
}
