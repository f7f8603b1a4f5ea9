//! Deployments: one ReplicaSet for each template, and rolling from one to the next.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Step, content_hash, events, pods::set_condition, replica_set};
use crate::object;

const TABLE: &str = "deployments.apps";
const REVISION: &str = "deployment.kubernetes.io/revision";
/// A Deployment that is annotated with a number of seconds is rolled out anew that often.
const ROLLOUT_EVERY: &str = "kubesim.crowsnest.dev/rollout-every";
const HASH: &str = "pod-template-hash";

/// A ReplicaSet of a Deployment.
struct Set {
    key: String,
    object: Arc<Value>,
    wanted: i64,
    available: i64,
}

pub(super) fn run(step: &mut Step<'_>) {
    for (key, deployment) in step.all(TABLE) {
        if object::is_terminating(&deployment) {
            continue;
        }
        if restart_on_schedule(step, &key, &deployment) {
            continue;
        }
        let sets: Vec<Set> = step
            .owned(replica_set::TABLE, &deployment)
            .into_iter()
            .map(|(key, object)| Set {
                wanted: object::integer(&object, &["spec", "replicas"]).unwrap_or(0),
                available: object::integer(&object, &["status", "availableReplicas"]).unwrap_or(0),
                key,
                object,
            })
            .collect();
        let template = object::at(&deployment, &["spec", "template"]).cloned().unwrap_or_default();
        // The hash tells sets apart that were made here, the template itself those that came with the cluster.
        let hash = content_hash(&template);
        let (current, old): (Vec<Set>, Vec<Set>) = sets.into_iter().partition(|set| {
            object::text(&set.object, &["metadata", "labels", HASH]) == hash
                || plain_template(&set.object) == template
        });
        let paused = object::at(&deployment, &["spec", "paused"]) == Some(&Value::Bool(true));
        match current.first() {
            None if paused => {}
            None => start_rollout(step, &key, &deployment, &template, &old),
            Some(new) => {
                roll(step, &deployment, new, &old);
                write_status(step, &key, &deployment, new, &old);
            }
        }
    }
}

/// Begins a rollout where one is due. Says whether it did.
fn restart_on_schedule(step: &mut Step<'_>, key: &str, deployment: &Value) -> bool {
    const RESTARTED: [&str; 5] =
        ["spec", "template", "metadata", "annotations", "kubectl.kubernetes.io/restartedAt"];
    let period: i64 =
        object::text(deployment, &["metadata", "annotations", ROLLOUT_EVERY]).parse().unwrap_or_default();
    if period <= 0 {
        return false;
    }
    let now = step.now.as_second();
    let Ok(due) = jiff::Timestamp::from_second(now - now.rem_euclid(period)) else { return false };
    let due = crate::clock::seconds(due);
    let born = object::text(deployment, &["metadata", "creationTimestamp"]);
    if born > due.as_str() || object::text(deployment, &RESTARTED) == due {
        return false;
    }
    let mut deployment = deployment.clone();
    object::set(&mut deployment, &RESTARTED, due);
    let generation = object::integer(&deployment, &["metadata", "generation"]).unwrap_or(0) + 1;
    object::set(&mut deployment, &["metadata", "generation"], generation);
    step.write(TABLE, key, deployment);
    true
}

/// The template of a ReplicaSet without the label that tells it from others.
fn plain_template(set: &Value) -> Value {
    let mut template = object::at(set, &["spec", "template"]).cloned().unwrap_or_default();
    object::remove(&mut template, &["metadata", "labels", HASH]);
    template
}

fn revision(object: &Value) -> i64 {
    object::text(object, &["metadata", "annotations", REVISION]).parse().unwrap_or(0)
}

/// Makes the ReplicaSet of a new template.
fn start_rollout(step: &mut Step<'_>, key: &str, deployment: &Value, template: &Value, old: &[Set]) {
    let hash = content_hash(template);
    let name = format!("{}-{hash}", object::name(deployment));
    let next = old.iter().map(|set| revision(&set.object)).max().unwrap_or(0) + 1;
    let mut set = json!({
        "metadata": {
            "name": name, "namespace": object::namespace(deployment),
            "labels": object::at(template, &["metadata", "labels"]).cloned().unwrap_or_default(),
            "annotations": {REVISION: next.to_string()},
        },
        "spec": {
            "replicas": 0, "template": template,
            "selector": object::at(deployment, &["spec", "selector"]).cloned().unwrap_or_default(),
        },
        "status": {"replicas": 0},
    });
    for path in [
        ["metadata", "labels", HASH].as_slice(),
        &["spec", "selector", "matchLabels", HASH],
        &["spec", "template", "metadata", "labels", HASH],
    ] {
        object::set(&mut set, path, hash.as_str());
    }
    step.create(replica_set::TABLE, Some(deployment), set);
    let mut deployment = deployment.clone();
    object::set(&mut deployment, &["metadata", "annotations", REVISION], next.to_string());
    let message = format!("Created new replica set {name:?}");
    let now = step.now_text();
    set_condition(&mut deployment, "Progressing", "True", "NewReplicaSetCreated", &message, &now);
    step.write(TABLE, key, deployment);
}

/// Moves replicas from old sets to the new one, as far as the strategy allows now.
fn roll(step: &mut Step<'_>, deployment: &Value, new: &Set, old: &[Set]) {
    let wanted = object::integer(deployment, &["spec", "replicas"]).unwrap_or(1);
    let total: i64 = new.wanted + old.iter().map(|set| set.wanted).sum::<i64>();
    if object::text(deployment, &["spec", "strategy", "type"]) == "Recreate" {
        let left: i64 =
            old.iter().map(|set| object::integer(&set.object, &["status", "replicas"]).unwrap_or(0)).sum();
        for set in old {
            scale(step, deployment, set, 0);
        }
        if left == 0 {
            scale(step, deployment, new, wanted);
        }
        return;
    }
    let (surge, unavailable) = allowances(deployment, wanted);
    if new.wanted >= wanted {
        scale(step, deployment, new, wanted);
    } else {
        let room = (wanted + surge - total).clamp(0, wanted - new.wanted);
        scale(step, deployment, new, new.wanted + room);
    }
    // What is not yet there of the new set is missing already.
    let missing = (new.wanted - new.available).max(0);
    let mut removable = total - (wanted - unavailable) - missing;
    for set in old {
        let idle = (set.wanted - set.available).max(0);
        let going = set.wanted.min(idle.max(removable.max(0)));
        removable -= going;
        scale(step, deployment, set, set.wanted - going);
    }
}

/// How many pods may be too many and too few; percentages round up and down.
fn allowances(deployment: &Value, wanted: i64) -> (i64, i64) {
    let resolve = |field: &str, up: bool| {
        let value = object::at(deployment, &["spec", "strategy", "rollingUpdate", field]);
        match value {
            Some(Value::Number(number)) => number.as_i64().unwrap_or(0),
            Some(Value::String(text)) => {
                let percent: i64 = text.trim_end_matches('%').parse().unwrap_or(25);
                (wanted * percent + if up { 99 } else { 0 }) / 100
            }
            _ => 0,
        }
    };
    let (surge, unavailable) = (resolve("maxSurge", true), resolve("maxUnavailable", false));
    if surge == 0 && unavailable == 0 { (0, 1) } else { (surge, unavailable) }
}

fn scale(step: &mut Step<'_>, deployment: &Value, set: &Set, replicas: i64) {
    if set.wanted == replicas {
        return;
    }
    let mut object = set.object.as_ref().clone();
    object::set(&mut object, &["spec", "replicas"], replicas);
    let generation = object::integer(&object, &["metadata", "generation"]).unwrap_or(0) + 1;
    object::set(&mut object, &["metadata", "generation"], generation);
    step.write(replica_set::TABLE, &set.key, object);
    let direction = if replicas > set.wanted { "up" } else { "down" };
    let message = format!(
        "Scaled {direction} replica set {} from {} to {replicas}",
        object::name(&set.object),
        set.wanted
    );
    events::tell(step, deployment, "Normal", "ScalingReplicaSet", &message, "deployment-controller");
}

fn write_status(step: &mut Step<'_>, key: &str, deployment: &Value, new: &Set, old: &[Set]) {
    let count = |set: &Set, field: &str| object::integer(&set.object, &["status", field]).unwrap_or(0);
    let sum = |field: &str| count(new, field) + old.iter().map(|set| count(set, field)).sum::<i64>();
    let wanted = object::integer(deployment, &["spec", "replicas"]).unwrap_or(1);
    let mut status = json!({
        "observedGeneration": object::integer(deployment, &["metadata", "generation"]).unwrap_or(1),
        "conditions": object::list(deployment, &["status", "conditions"]),
    });
    let available = sum("availableReplicas");
    for (field, value) in [
        ("replicas", sum("replicas")),
        ("updatedReplicas", count(new, "replicas")),
        ("readyReplicas", sum("readyReplicas")),
        ("availableReplicas", available),
        ("unavailableReplicas", (wanted - available).max(0)),
    ] {
        if value > 0 {
            object::set(&mut status, &[field], value);
        }
    }
    let mut object = deployment.clone();
    object::set(&mut object, &["status"], status);
    let now = step.now_text();
    let (_, unavailable) = allowances(deployment, wanted);
    if available >= wanted - unavailable {
        let message = "Deployment has minimum availability.";
        set_condition(&mut object, "Available", "True", "MinimumReplicasAvailable", message, &now);
    } else {
        let message = "Deployment does not have minimum availability.";
        set_condition(&mut object, "Available", "False", "MinimumReplicasUnavailable", message, &now);
    }
    let name = object::name(&new.object);
    let complete =
        count(new, "availableReplicas") >= wanted && old.iter().all(|set| count(set, "replicas") == 0);
    let started = object::text(&new.object, &["metadata", "creationTimestamp"]);
    let deadline = object::integer(deployment, &["spec", "progressDeadlineSeconds"]).unwrap_or(600);
    let late = step.seconds_since(started).is_some_and(|seconds| seconds > deadline);
    if complete {
        let message = format!("ReplicaSet {name:?} has successfully progressed.");
        set_condition(&mut object, "Progressing", "True", "NewReplicaSetAvailable", &message, &now);
    } else if late && object::condition(deployment, "Available") != "True" {
        let message = format!("ReplicaSet {name:?} has timed out progressing.");
        set_condition(&mut object, "Progressing", "False", "ProgressDeadlineExceeded", &message, &now);
    } else {
        let message = format!("ReplicaSet {name:?} is progressing.");
        set_condition(&mut object, "Progressing", "True", "ReplicaSetUpdated", &message, &now);
    }
    step.write(TABLE, key, object);
}
