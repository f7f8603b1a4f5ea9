//! Scale, restart, pause, another image, and back to an earlier revision.

use serde_json::{Value as Json, json};

use super::{Change, Given, ObjectRef, Wrong, kubectl_name, shell};
use crate::cluster::object::{at, integer, is_true, list, name, text};
use crate::i18n::Msg;
use crate::json::Value;

const RESTARTED: &str = "kubectl.kubernetes.io/restartedAt";
const REVISION: &str = "deployment.kubernetes.io/revision";
/// The label that tells the pods of one ReplicaSet from another's.
const HASH: &str = "pod-template-hash";
/// More replicas than a small or medium cluster has room for.
const MAX_REPLICAS: i64 = 10_000;

pub(super) fn replicas(object: &Value) -> String {
    integer(object, &["spec", "replicas"]).unwrap_or(1).to_string()
}

pub(super) fn scale(target: &ObjectRef, _: &Value, given: &Given<'_>) -> Result<Vec<Change>, Wrong> {
    let replicas = given.text(0).parse::<i64>().ok().filter(|count| (0..=MAX_REPLICAS).contains(count));
    let replicas = replicas.ok_or(Msg::WrongReplicas)?;
    let patch = json!({"spec": {"replicas": replicas}});
    Ok(vec![Change::Merge { target: target.clone(), below: "scale", patch }])
}

pub(super) fn kubectl_scale(target: &ObjectRef, given: &Given<'_>) -> String {
    format!("kubectl scale {} --replicas={}", kubectl_name(target), shell(given.text(0)))
}

pub(super) fn restart(target: &ObjectRef, _: &Value, given: &Given<'_>) -> Result<Vec<Change>, Wrong> {
    let patch = json!({"spec": {"template": {"metadata": {"annotations": {RESTARTED: given.now}}}}});
    Ok(vec![Change::Merge { target: target.clone(), below: "", patch }])
}

pub(super) fn is_paused(object: &Value) -> bool {
    is_true(object, &["spec", "paused"])
}

pub(super) fn pause(target: &ObjectRef, object: &Value, _: &Given<'_>) -> Result<Vec<Change>, Wrong> {
    let patch = json!({"spec": {"paused": if is_paused(object) { Json::Null } else { true.into() }}});
    Ok(vec![Change::Merge { target: target.clone(), below: "", patch }])
}

/// Where the pods of a kind are described.
fn template(object: &Value) -> Option<&Value> {
    at(object, &["spec", "jobTemplate", "spec", "template"]).or_else(|| at(object, &["spec", "template"]))
}

pub(super) fn containers(object: &Value) -> Vec<String> {
    let all = template(object).map(|template| list(template, &["spec", "containers"])).unwrap_or_default();
    all.iter().map(|container| text(container, &["name"]).to_owned()).collect()
}

pub(super) fn first_image(object: &Value) -> String {
    let first = template(object).and_then(|template| list(template, &["spec", "containers"]).first());
    first.map(|container| text(container, &["image"])).unwrap_or_default().to_owned()
}

pub(super) fn set_image(target: &ObjectRef, object: &Value, given: &Given<'_>) -> Result<Vec<Change>, Wrong> {
    let (container, image) = (given.text(0), given.text(1));
    if image.is_empty() || image.contains(char::is_whitespace) {
        return Err(Msg::WrongImage);
    }
    let pods = json!({"spec": {"template": {"spec": {"containers": [{"name": container, "image": image}]}}}});
    let is_cron = at(object, &["spec", "jobTemplate"]).is_some();
    let patch = if is_cron { json!({"spec": {"jobTemplate": pods}}) } else { pods };
    Ok(vec![Change::Strategic { target: target.clone(), below: "", patch }])
}

pub(super) fn kubectl_image(target: &ObjectRef, given: &Given<'_>) -> String {
    format!(
        "kubectl set image {} {}",
        kubectl_name(target),
        shell(&format!("{}={}", given.text(0), given.text(1)))
    )
}

/// An earlier state of a workload's pods.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Revision {
    pub(crate) number: i64,
    /// The ReplicaSet or ControllerRevision that keeps it.
    pub(crate) kept_by: String,
    /// The description of pods, without what tells this revision's pods from others'.
    pub(crate) template: Json,
    /// Why it was made, if somebody said so.
    pub(crate) cause: String,
}

/// The revisions of a workload among ReplicaSets or ControllerRevisions, the newest first.
pub(crate) fn revisions(owner: &Value, kept: &[Value]) -> Vec<Revision> {
    let uid = text(owner, &["metadata", "uid"]);
    let is_owned = |object: &&Value| {
        let owners = list(object, &["metadata", "ownerReferences"]);
        !uid.is_empty() && owners.iter().any(|owner| text(owner, &["uid"]) == uid)
    };
    let mut found: Vec<Revision> = kept.iter().filter(is_owned).filter_map(revision).collect();
    found.sort_by_key(|revision| std::cmp::Reverse(revision.number));
    found
}

fn revision(kept: &Value) -> Option<Revision> {
    let number = integer(kept, &["revision"])
        .or_else(|| text(kept, &["metadata", "annotations", REVISION]).parse().ok())?;
    let mut template =
        at(kept, &["data", "spec", "template"]).or_else(|| at(kept, &["spec", "template"]))?.to_json();
    if let Some(template) = template.as_object_mut() {
        template.remove("$patch");
    }
    if let Some(labels) = template.pointer_mut("/metadata/labels").and_then(Json::as_object_mut) {
        labels.remove(HASH);
    }
    let cause = text(kept, &["metadata", "annotations", "kubernetes.io/change-cause"]).to_owned();
    Some(Revision { number, kept_by: name(kept).to_owned(), template, cause })
}

/// Brings a revision back. All of the description is replaced, so that what was added since goes.
pub(crate) fn restore(target: &ObjectRef, revision: &Revision) -> Change {
    let mut template = revision.template.clone();
    if let Some(fields) = template.as_object_mut() {
        fields.insert("$patch".to_owned(), "replace".into());
    }
    Change::Strategic { target: target.clone(), below: "", patch: json!({"spec": {"template": template}}) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::target_of;

    fn web() -> (ObjectRef, Value) {
        let object: Value = json!({
            "metadata": {"name": "web", "namespace": "shop", "uid": "u"},
            "spec": {"replicas": 2, "template": {"spec": {"containers": [{"name": "main", "image": "web:1"}, {"name": "side", "image": "s:1"}]}}},
        }).into();
        (target_of(("apps", "v1", "deployments"), &object).unwrap(), object)
    }

    fn given<'a>(values: &'a [String]) -> Given<'a> {
        Given { values, now: "2026-01-02T03:04:05Z" }
    }

    #[test]
    fn a_number_of_replicas_is_set_and_nonsense_is_not() {
        let (target, object) = web();
        let patch = json!({"spec": {"replicas": 5}});
        let expected = vec![Change::Merge { target: target.clone(), below: "scale", patch }];
        assert_eq!(scale(&target, &object, &given(&["5".into()])), Ok(expected));
        for wrong in ["", "-1", "x", "1000000"] {
            assert_eq!(scale(&target, &object, &given(&[wrong.into()])), Err(Msg::WrongReplicas));
        }
        assert_eq!(
            kubectl_scale(&target, &given(&["5".into()])),
            "kubectl scale deployments.apps/web -n shop --replicas=5"
        );
    }

    #[test]
    fn another_image_is_set_of_one_container() {
        let (target, object) = web();
        assert_eq!(
            (containers(&object), first_image(&object)),
            (vec!["main".into(), "side".into()], "web:1".into())
        );
        let changes = set_image(&target, &object, &given(&["side".into(), "s:2".into()])).unwrap();
        let Change::Strategic { patch, .. } = &changes[0] else { panic!("{changes:?}") };
        assert_eq!(
            patch["spec"]["template"]["spec"]["containers"],
            json!([{"name": "side", "image": "s:2"}])
        );
        assert!(set_image(&target, &object, &given(&["side".into(), " ".into()])).is_err());
    }

    #[test]
    fn revisions_are_those_of_the_owner_without_what_tells_their_pods_apart() {
        let (target, object) = web();
        let set = |number: &str, uid: &str, image: &str| -> Value {
            json!({
                "metadata": {"name": format!("web-{number}"), "annotations": {REVISION: number}, "ownerReferences": [{"uid": uid}]},
                "spec": {"template": {"metadata": {"labels": {"app": "web", HASH: "x"}}, "spec": {"containers": [{"image": image}]}}},
            })
            .into()
        };
        let found =
            revisions(&object, &[set("1", "u", "web:0"), set("2", "u", "web:1"), set("9", "other", "x")]);
        assert_eq!(found.iter().map(|revision| revision.number).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(found[1].template["metadata"]["labels"], json!({"app": "web"}));
        let Change::Strategic { patch, .. } = restore(&target, &found[1]) else { panic!() };
        assert_eq!(patch["spec"]["template"]["$patch"], "replace");
        let kept: Value =
            json!({"metadata": {"name": "db-1", "ownerReferences": [{"uid": "u"}]}, "revision": 3,
            "data": {"spec": {"template": {"$patch": "replace", "spec": {}}}}})
            .into();
        assert_eq!(revisions(&object, &[kept])[0].template, json!({"spec": {}}));
    }
}
