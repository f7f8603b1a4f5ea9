//! Claims and volumes: a claim of a class that provisions gets a volume of its own.

use serde_json::{Value, json};

use super::{Step, events};
use crate::object;

const CLAIMS: &str = "persistentvolumeclaims";
const VOLUMES: &str = "persistentvolumes";
const CLASSES: &str = "storageclasses.storage.k8s.io";

pub(super) fn run(step: &mut Step<'_>) {
    for (key, claim) in step.all(CLAIMS) {
        if object::text(&claim, &["status", "phase"]) == "Bound" || object::is_terminating(&claim) {
            continue;
        }
        let class_name = object::text(&claim, &["spec", "storageClassName"]);
        let class = step.state.store.get(CLASSES, class_name);
        let provisioner = class.as_deref().map_or("", |class| object::text(class, &["provisioner"]));
        if provisioner.is_empty() || provisioner == "kubernetes.io/no-provisioner" {
            if step.seconds_since(object::text(&claim, &["metadata", "creationTimestamp"])) == Some(1) {
                let message = format!("storageclass.storage.k8s.io {class_name:?} not found");
                events::tell(
                    step,
                    &claim,
                    "Warning",
                    "ProvisioningFailed",
                    &message,
                    "persistentvolume-controller",
                );
            }
            continue;
        }
        bind(step, &key, &claim, class.as_deref().unwrap_or(&Value::Null));
    }
}

fn bind(step: &mut Step<'_>, key: &str, claim: &Value, class: &Value) {
    let volume = format!("pvc-{}", object::uid(claim));
    let size = object::text(claim, &["spec", "resources", "requests", "storage"]);
    let modes = object::list(claim, &["spec", "accessModes"]).to_vec();
    let reclaim = match object::text(class, &["reclaimPolicy"]) {
        "" => "Delete",
        policy => policy,
    };
    step.create(
        VOLUMES,
        None,
        json!({
            "metadata": {"name": volume},
            "spec": {
                "capacity": {"storage": size}, "accessModes": modes, "persistentVolumeReclaimPolicy": reclaim,
                "storageClassName": object::name(class), "volumeMode": "Filesystem",
                "csi": {"driver": object::text(class, &["provisioner"]), "volumeHandle": volume},
                "claimRef": {
                    "kind": "PersistentVolumeClaim", "apiVersion": "v1", "namespace": object::namespace(claim),
                    "name": object::name(claim), "uid": object::uid(claim),
                },
            },
            "status": {"phase": "Bound"},
        }),
    );
    let mut claim = claim.clone();
    object::set(&mut claim, &["spec", "volumeName"], volume);
    let size = object::text(&claim, &["spec", "resources", "requests", "storage"]).to_owned();
    object::set(
        &mut claim,
        &["status"],
        json!({"phase": "Bound", "accessModes": modes, "capacity": {"storage": size}}),
    );
    step.write(CLAIMS, key, claim);
}
