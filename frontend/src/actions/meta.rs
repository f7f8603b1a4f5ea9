//! What every object has: labels, annotations, its end. And what a few have: more room, a decision.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::{Change, Given, ObjectRef, Wrong, kubectl_name, shell, uid};
use crate::cluster::object::{condition, list, pairs, text};
use crate::i18n::Msg;
use crate::json::Value;

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The policies of a deletion, the usual first.
pub(super) fn policies(_: &Value) -> Vec<String> {
    ["Background", "Foreground", "Orphan"].map(str::to_owned).to_vec()
}

fn policy(given: &Given<'_>) -> &'static str {
    match given.text(0) {
        "Foreground" => "Foreground",
        "Orphan" => "Orphan",
        _ => "Background",
    }
}

pub(super) fn delete(target: &ObjectRef, object: &Value, given: &Given<'_>) -> Result<Vec<Change>, Wrong> {
    Ok(vec![Change::Delete { target: target.clone(), policy: policy(given), uid: uid(object) }])
}

pub(super) fn kubectl_delete(target: &ObjectRef, given: &Given<'_>) -> String {
    format!("kubectl delete {} --cascade={}", kubectl_name(target), policy(given).to_lowercase())
}

fn lines(object: &Value, which: &str) -> String {
    let line = |(key, value): (&str, &str)| format!("{key}={value}\n");
    pairs(object, &["metadata", which]).filter(|(key, _)| *key != LAST_APPLIED).map(line).collect()
}

pub(super) fn labels(object: &Value) -> String {
    lines(object, "labels")
}

pub(super) fn annotations(object: &Value) -> String {
    lines(object, "annotations")
}

/// Keys and values, a line each, `=` between them.
fn read_pairs(text: &str) -> Option<BTreeMap<&str, &str>> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(|line| line.split_once('=').filter(|(key, _)| !key.is_empty() && !key.contains(' '))).collect()
}

/// What is other than before; null for what is gone.
fn differences(object: &Value, which: &'static str, given: &Given<'_>) -> Result<Map<String, Json>, Wrong> {
    let wanted = read_pairs(given.text(0)).ok_or(Msg::WrongPairs)?;
    let before: BTreeMap<&str, &str> =
        pairs(object, &["metadata", which]).filter(|(key, _)| *key != LAST_APPLIED).collect();
    let gone =
        before.keys().filter(|key| !wanted.contains_key(*key)).map(|key| ((*key).to_owned(), Json::Null));
    let set = wanted.iter().filter(|(key, value)| before.get(*key) != Some(*value));
    Ok(gone.chain(set.map(|(key, value)| ((*key).to_owned(), (*value).into()))).collect())
}

fn set_pairs(
    target: &ObjectRef,
    object: &Value,
    which: &'static str,
    given: &Given<'_>,
) -> Result<Vec<Change>, Wrong> {
    let patch = json!({"metadata": {which: differences(object, which, given)?}});
    Ok(vec![Change::Merge { target: target.clone(), below: "", patch }])
}

pub(super) fn set_labels(
    target: &ObjectRef,
    object: &Value,
    given: &Given<'_>,
) -> Result<Vec<Change>, Wrong> {
    set_pairs(target, object, "labels", given)
}

pub(super) fn set_annotations(
    target: &ObjectRef,
    object: &Value,
    given: &Given<'_>,
) -> Result<Vec<Change>, Wrong> {
    set_pairs(target, object, "annotations", given)
}

fn kubectl_pairs(target: &ObjectRef, verb: &str, given: &Given<'_>) -> String {
    let lines = given.text(0).lines().map(str::trim).filter(|line| !line.is_empty());
    let words: Vec<String> = lines.map(shell).collect();
    format!("kubectl {verb} {} --overwrite {}", kubectl_name(target), words.join(" "))
}

pub(super) fn kubectl_labels(target: &ObjectRef, given: &Given<'_>) -> String {
    kubectl_pairs(target, "label", given)
}

pub(super) fn kubectl_annotations(target: &ObjectRef, given: &Given<'_>) -> String {
    kubectl_pairs(target, "annotate", given)
}

pub(super) fn room(object: &Value) -> String {
    text(object, &["spec", "resources", "requests", "storage"]).to_owned()
}

pub(super) fn expand(target: &ObjectRef, _: &Value, given: &Given<'_>) -> Result<Vec<Change>, Wrong> {
    let size = given.text(0);
    let good = size.starts_with(|c: char| c.is_ascii_digit())
        && size.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
    if !good {
        return Err(Msg::WrongSize);
    }
    let patch = json!({"spec": {"resources": {"requests": {"storage": size}}}});
    Ok(vec![Change::Merge { target: target.clone(), below: "", patch }])
}

/// Whether nobody has decided about a request for a certificate.
pub(super) fn is_undecided(object: &Value) -> bool {
    ["Approved", "Denied"].iter().all(|decision| condition(object, decision).is_none())
}

fn decide(target: &ObjectRef, object: &Value, decision: &str, given: &Given<'_>) -> Vec<Change> {
    let mut conditions: Vec<Json> =
        list(object, &["status", "conditions"]).iter().map(Value::to_json).collect();
    conditions.push(json!({
        "type": decision, "status": "True", "reason": "CrowsnestDecision",
        "message": "Decided in Crowsnest", "lastUpdateTime": given.now,
    }));
    let patch = json!({"status": {"conditions": conditions}});
    vec![Change::Merge { target: target.clone(), below: "approval", patch }]
}

pub(super) fn approve(target: &ObjectRef, object: &Value, given: &Given<'_>) -> Result<Vec<Change>, Wrong> {
    Ok(decide(target, object, "Approved", given))
}

pub(super) fn deny(target: &ObjectRef, object: &Value, given: &Given<'_>) -> Result<Vec<Change>, Wrong> {
    Ok(decide(target, object, "Denied", given))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::target_of;

    #[test]
    fn labels_that_are_gone_are_taken_away_and_those_that_stay_are_not_sent() {
        let object: Value = json!({"metadata": {"name": "a", "namespace": "b", "labels": {"keep": "1", "gone": "2", "other": "3"}}}).into();
        let target = target_of(("", "v1", "configmaps"), &object).unwrap();
        assert_eq!(labels(&object), "gone=2\nkeep=1\nother=3\n");
        let given = ["keep=1\n other=4 \nnew=\n\n".to_owned()];
        let changes = set_labels(&target, &object, &Given { values: &given, now: "" }).unwrap();
        let Change::Merge { patch, .. } = &changes[0] else { panic!("{changes:?}") };
        assert_eq!(patch, &json!({"metadata": {"labels": {"gone": null, "other": "4", "new": ""}}}));
        for wrong in ["a", "=b", "a b=c"] {
            assert!(set_labels(&target, &object, &Given { values: &[wrong.into()], now: "" }).is_err());
        }
    }

    #[test]
    fn a_deletion_is_of_this_object_and_no_later_one_of_its_name() {
        let object: Value = json!({"metadata": {"name": "a", "uid": "u"}}).into();
        let target = target_of(("", "v1", "namespaces"), &object).unwrap();
        let given = ["Orphan".to_owned()];
        let given = Given { values: &given, now: "" };
        assert_eq!(
            delete(&target, &object, &given).unwrap(),
            [Change::Delete { target: target.clone(), policy: "Orphan", uid: "u".into() }]
        );
        assert_eq!(kubectl_delete(&target, &given), "kubectl delete namespaces/a --cascade=orphan");
    }

    #[test]
    fn a_decision_about_a_certificate_keeps_what_was_said_before() {
        let object: Value =
            json!({"metadata": {"name": "a"}, "status": {"conditions": [{"type": "X"}]}}).into();
        assert!(is_undecided(&object));
        let target = target_of(("certificates.k8s.io", "v1", "certificatesigningrequests"), &object).unwrap();
        let changes = approve(&target, &object, &Given { values: &[], now: "n" }).unwrap();
        let Change::Merge { patch, below, .. } = &changes[0] else { panic!("{changes:?}") };
        assert_eq!(
            (*below, patch["status"]["conditions"][1]["type"].as_str()),
            ("approval", Some("Approved"))
        );
        assert!(!is_undecided(&patch.clone().into()));
    }
}
