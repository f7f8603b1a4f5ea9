//! StatefulSets: numbered pods, one after the other, each with its own volumes.

use serde_json::{Value, json};

use super::{Step, content_hash, events, pods};
use crate::object;

const TABLE: &str = "statefulsets.apps";
const CLAIMS: &str = "persistentvolumeclaims";
const REVISION: &str = "controller-revision-hash";

pub(super) fn run(step: &mut Step<'_>) {
    for (key, set) in step.all(TABLE) {
        if object::is_terminating(&set) {
            continue;
        }
        let template = object::at(&set, &["spec", "template"]).cloned().unwrap_or_default();
        let revision = format!("{}-{}", object::name(&set), content_hash(&template));
        let wanted = object::integer(&set, &["spec", "replicas"]).unwrap_or(1).max(0);
        let owned = step.owned(pods::TABLE, &set);
        let find = |ordinal: i64| {
            let name = format!("{}-{ordinal}", object::name(&set));
            owned.iter().find(|(_, pod)| object::name(pod) == name)
        };
        let mut in_order = true;
        for ordinal in 0..wanted {
            match find(ordinal) {
                None if in_order => create(step, &set, &template, ordinal, &revision),
                Some((_, pod)) if pods::is_ready(pod) && pods::is_active(pod) => continue,
                _ => {}
            }
            // Pods come one by one, unless the set says otherwise.
            in_order = in_order && object::text(&set, &["spec", "podManagementPolicy"]) == "Parallel";
        }
        shrink_or_update(step, &owned, wanted, &revision);
        write_status(step, &key, &set, &owned, &revision);
    }
}

fn create(step: &mut Step<'_>, set: &Value, template: &Value, ordinal: i64, revision: &str) {
    let name = format!("{}-{ordinal}", object::name(set));
    let namespace = object::namespace(set);
    let mut template = template.clone();
    for claim in object::list(set, &["spec", "volumeClaimTemplates"]) {
        let volume = object::name(claim);
        let claim_name = format!("{volume}-{name}");
        if step.state.store.get(CLAIMS, &format!("{namespace}/{claim_name}")).is_none() {
            let mut object = claim.clone();
            object::set(&mut object, &["metadata", "name"], claim_name.as_str());
            object::set(&mut object, &["metadata", "namespace"], namespace);
            object::set(
                &mut object,
                &["metadata", "labels"],
                json!(object::string_map(set, &["spec", "selector", "matchLabels"])),
            );
            object::set(&mut object, &["status"], json!({"phase": "Pending"}));
            step.create(CLAIMS, None, object);
        }
        let mut volumes = object::list(&template, &["spec", "volumes"]).to_vec();
        volumes.push(json!({"name": volume, "persistentVolumeClaim": {"claimName": claim_name}}));
        object::set(&mut template, &["spec", "volumes"], volumes);
    }
    let index = ordinal.to_string();
    let labels = [
        (REVISION, revision),
        ("statefulset.kubernetes.io/pod-name", name.as_str()),
        ("apps.kubernetes.io/pod-index", index.as_str()),
    ];
    object::set(&mut template, &["spec", "hostname"], name.as_str());
    pods::create(step, set, &template, &name, &labels, "");
    let message = format!("create Pod {name} in StatefulSet {} successful", object::name(set));
    events::tell(step, set, "Normal", "SuccessfulCreate", &message, "statefulset-controller");
}

/// Deletes what is too many from the top, or one pod of an older revision once all are ready.
fn shrink_or_update(
    step: &mut Step<'_>,
    owned: &[(String, std::sync::Arc<Value>)],
    wanted: i64,
    revision: &str,
) {
    let ordinal = |pod: &Value| -> i64 {
        object::name(pod).rsplit('-').next().and_then(|number| number.parse().ok()).unwrap_or(0)
    };
    let mut active: Vec<_> = owned.iter().filter(|(_, pod)| !object::is_terminating(pod)).collect();
    active.sort_by_key(|(_, pod)| -ordinal(pod));
    let ended = |pod: &Value| matches!(object::text(pod, &["status", "phase"]), "Succeeded" | "Failed");
    let all_ready = owned.iter().all(|(_, pod)| pods::is_ready(pod) && !object::is_terminating(pod));
    let victim = active.iter().find(|(_, pod)| {
        let outdated = object::text(pod, &["metadata", "labels", REVISION]) != revision;
        ended(pod) || ordinal(pod) >= wanted || (outdated && all_ready)
    });
    if let Some((key, pod)) = victim {
        pods::delete(step, key, pod);
    }
}

fn write_status(
    step: &mut Step<'_>,
    key: &str,
    set: &Value,
    owned: &[(String, std::sync::Arc<Value>)],
    revision: &str,
) {
    let ready = owned.iter().filter(|(_, pod)| pods::is_ready(pod)).count();
    let updated = owned
        .iter()
        .filter(|(_, pod)| object::text(pod, &["metadata", "labels", REVISION]) == revision)
        .count();
    let mut status = json!({
        "observedGeneration": object::integer(set, &["metadata", "generation"]).unwrap_or(1),
        "replicas": owned.len(), "availableReplicas": ready, "currentRevision": revision,
        "updateRevision": revision, "collisionCount": 0,
    });
    for (field, value) in
        [("readyReplicas", ready), ("currentReplicas", updated), ("updatedReplicas", updated)]
    {
        if value > 0 {
            object::set(&mut status, &[field], value);
        }
    }
    step.write_status(TABLE, key, set, status);
}
