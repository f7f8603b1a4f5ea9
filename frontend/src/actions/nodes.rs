//! Cordon, taints, and what a drain does with each pod.

use serde_json::{Value as Json, json};

use super::{Change, Given, ObjectRef, Wrong, kubectl_name, shell};
use crate::cluster::object::{at, is_true, list, name, namespace, text};
use crate::i18n::Msg;
use crate::json::Value;

const EFFECTS: &[&str] = &["NoSchedule", "PreferNoSchedule", "NoExecute"];
const MIRROR: &str = "kubernetes.io/config.mirror";

pub(super) fn is_cordoned(node: &Value) -> bool {
    is_true(node, &["spec", "unschedulable"])
}

pub(super) fn cordon(target: &ObjectRef, node: &Value, _: &Given<'_>) -> Result<Vec<Change>, Wrong> {
    let patch = json!({"spec": {"unschedulable": if is_cordoned(node) { Json::Null } else { true.into() }}});
    Ok(vec![Change::Merge { target: target.clone(), below: "", patch }])
}

/// `key=value:Effect`, a line each.
pub(super) fn taints(node: &Value) -> String {
    let line = |taint: &Value| {
        let (key, value, effect) = (text(taint, &["key"]), text(taint, &["value"]), text(taint, &["effect"]));
        let equals = if value.is_empty() { "" } else { "=" };
        format!("{key}{equals}{value}:{effect}\n")
    };
    list(node, &["spec", "taints"]).iter().map(line).collect()
}

pub(super) fn set_taints(target: &ObjectRef, node: &Value, given: &Given<'_>) -> Result<Vec<Change>, Wrong> {
    let lines = given.text(0).lines().map(str::trim).filter(|line| !line.is_empty());
    let taints: Option<Vec<Json>> = lines.map(|line| taint(node, line)).collect();
    let patch = json!({"spec": {"taints": taints.ok_or(Msg::WrongTaint)?}});
    Ok(vec![Change::Merge { target: target.clone(), below: "", patch }])
}

/// One taint; one that is there already keeps since when it is.
fn taint(node: &Value, line: &str) -> Option<Json> {
    let (what, effect) = line.rsplit_once(':')?;
    let (key, value) = what.split_once('=').unwrap_or((what, ""));
    if key.is_empty() || !EFFECTS.contains(&effect) {
        return None;
    }
    let is_same = |taint: &&Value| {
        text(taint, &["key"]) == key && text(taint, &["value"]) == value && text(taint, &["effect"]) == effect
    };
    let known = list(node, &["spec", "taints"]).iter().find(is_same).map(Value::to_json);
    let mut new = json!({"key": key, "effect": effect});
    if !value.is_empty() {
        new["value"] = value.into();
    }
    Some(known.unwrap_or(new))
}

pub(super) fn kubectl_taints(target: &ObjectRef, given: &Given<'_>) -> String {
    let words: Vec<String> =
        given.text(0).lines().map(str::trim).filter(|line| !line.is_empty()).map(shell).collect();
    format!("kubectl taint --overwrite {} {}", kubectl_name(target).replace('/', " "), words.join(" "))
}

/// A pod that a drain has to do with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DrainPod {
    pub(crate) target: ObjectRef,
    pub(crate) uid: String,
    /// Why it stays, if it does.
    pub(crate) stays: Option<Msg>,
    /// Whether what it wrote into an emptyDir is lost.
    pub(crate) loses_data: bool,
    /// Whether nothing makes another one.
    pub(crate) is_alone: bool,
}

/// The pods of a node, and which of them go.
pub(crate) fn drained(pods: &[Value]) -> Vec<DrainPod> {
    let read = |pod: &Value| {
        let kind = crowsnest_api::cluster::Kind::new("", "v1", "pods").ok()?;
        let target = ObjectRef { kind, namespace: namespace(pod).to_owned(), name: name(pod).to_owned() };
        Some(DrainPod {
            target,
            uid: super::uid(pod),
            stays: stays(pod),
            loses_data: list(pod, &["spec", "volumes"]).iter().any(|volume| volume.get("emptyDir").is_some()),
            is_alone: list(pod, &["metadata", "ownerReferences"]).is_empty(),
        })
    };
    pods.iter().filter_map(read).collect()
}

/// Why a pod is not evicted by a drain: its DaemonSet would bring it back at once, the kubelet keeps it, or it is over.
fn stays(pod: &Value) -> Option<Msg> {
    let owners = list(pod, &["metadata", "ownerReferences"]);
    if at(pod, &["metadata", "annotations", MIRROR]).is_some() {
        Some(Msg::StaysStatic)
    } else if owners.iter().any(|owner| text(owner, &["kind"]) == "DaemonSet") {
        Some(Msg::StaysDaemon)
    } else if matches!(text(pod, &["status", "phase"]), "Succeeded" | "Failed") {
        Some(Msg::StaysDone)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::target_of;

    #[test]
    fn taints_are_lines_and_those_that_stay_keep_their_time() {
        let node: Value = json!({"metadata": {"name": "a"}, "spec": {"taints": [
            {"key": "gpu", "value": "yes", "effect": "NoSchedule", "timeAdded": "t"}, {"key": "x", "effect": "NoExecute"}]}}).into();
        assert_eq!(taints(&node), "gpu=yes:NoSchedule\nx:NoExecute\n");
        let target = target_of(("", "v1", "nodes"), &node).unwrap();
        let set = |text: &str| set_taints(&target, &node, &Given { values: &[text.to_owned()], now: "" });
        let Ok(changes) = set("gpu=yes:NoSchedule\nnew:PreferNoSchedule\n") else { panic!() };
        let Change::Merge { patch, .. } = &changes[0] else { panic!("{changes:?}") };
        assert_eq!(
            patch["spec"]["taints"],
            json!([
            {"key": "gpu", "value": "yes", "effect": "NoSchedule", "timeAdded": "t"}, {"key": "new", "effect": "PreferNoSchedule"}])
        );
        for wrong in ["gpu", "gpu:Never", ":NoSchedule"] {
            assert_eq!(set(wrong), Err(Msg::WrongTaint), "{wrong}");
        }
    }

    #[test]
    fn a_drain_leaves_what_would_come_back_at_once() {
        let owned = |kind: &str| -> Value {
            json!({"metadata": {"name": "p", "namespace": "n", "ownerReferences": [{"kind": kind}]}}).into()
        };
        assert_eq!(stays(&owned("DaemonSet")), Some(Msg::StaysDaemon));
        assert_eq!(stays(&owned("ReplicaSet")), None);
        assert_eq!(
            stays(&json!({"metadata": {"annotations": {MIRROR: "x"}}}).into()),
            Some(Msg::StaysStatic)
        );
        assert_eq!(stays(&json!({"status": {"phase": "Succeeded"}}).into()), Some(Msg::StaysDone));
        let pods =
            drained(&[json!({"metadata": {"name": "p"}, "spec": {"volumes": [{"emptyDir": {}}]}}).into()]);
        assert!(pods[0].loses_data && pods[0].is_alone && pods[0].stays.is_none());
    }
}
