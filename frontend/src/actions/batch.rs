//! CronJobs and Jobs: hold, run now, run again.

use serde_json::{Value as Json, json};

use super::{Change, Given, ObjectRef, Wrong, uid};
use crate::cluster::object::{at, is_true, text};
use crate::i18n::Msg;
use crate::json::Value;

/// The longest name that a Job's pods leave room for.
const MAX_NAME: usize = 52;
/// Labels that a Job's controller gives its pods, old and new.
const OWN_LABELS: &[&str] =
    &["controller-uid", "job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name"];

pub(super) fn is_suspended(object: &Value) -> bool {
    is_true(object, &["spec", "suspend"])
}

pub(super) fn suspend(target: &ObjectRef, object: &Value, _: &Given<'_>) -> Result<Vec<Change>, Wrong> {
    let patch = json!({"spec": {"suspend": !is_suspended(object)}});
    Ok(vec![Change::Merge { target: target.clone(), below: "", patch }])
}

/// A name for one more run: the beginning of the old one, and a word behind it.
pub(super) fn run_name(object: &Value) -> String {
    let stem: String = text(object, &["metadata", "name"]).chars().take(MAX_NAME - 7).collect();
    let word = (js_like_word(text(object, &["metadata", "resourceVersion"]))).to_string();
    format!("{}-run-{word}", stem.trim_end_matches(['-', '.']))
}

/// Something short that differs from state to state of an object.
fn js_like_word(version: &str) -> u64 {
    version.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte))) % 1000
}

pub(super) fn trigger(target: &ObjectRef, object: &Value, given: &Given<'_>) -> Result<Vec<Change>, Wrong> {
    let spec = at(object, &["spec", "jobTemplate", "spec"]).ok_or(Msg::WrongObject)?.to_json();
    let mut metadata =
        at(object, &["spec", "jobTemplate", "metadata"]).map_or_else(|| json!({}), Value::to_json);
    metadata["name"] = good_name(given)?.into();
    metadata["annotations"]["cronjob.kubernetes.io/instantiate"] = "manual".into();
    metadata["ownerReferences"] = json!([{
        "apiVersion": "batch/v1", "kind": "CronJob", "name": target.name, "uid": uid(object), "controller": true,
    }]);
    create(target, metadata, spec)
}

pub(super) fn run_again(target: &ObjectRef, object: &Value, given: &Given<'_>) -> Result<Vec<Change>, Wrong> {
    let mut spec = at(object, &["spec"]).ok_or(Msg::WrongObject)?.to_json();
    // Which pods are whose, the controller says anew.
    if let Some(spec) = spec.as_object_mut() {
        spec.remove("selector");
        spec.remove("manualSelector");
        spec.insert("suspend".to_owned(), false.into());
    }
    if let Some(labels) = spec.pointer_mut("/template/metadata/labels").and_then(Json::as_object_mut) {
        labels.retain(|label, _| !OWN_LABELS.contains(&label.as_str()));
    }
    let mut metadata = json!({"name": good_name(given)?});
    if let Some(labels) = at(object, &["metadata", "labels"]).and_then(Value::as_object) {
        let labels: serde_json::Map<String, Json> = labels
            .iter()
            .filter(|(label, _)| !OWN_LABELS.contains(label))
            .map(|(label, value)| (label.to_owned(), value.to_json()))
            .collect();
        metadata["labels"] = labels.into();
    }
    create(target, metadata, spec)
}

fn good_name<'a>(given: &'a Given<'_>) -> Result<&'a str, Wrong> {
    let name = given.text(0);
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    (!name.is_empty() && name.len() <= 63 && name.chars().all(good)).then_some(name).ok_or(Msg::WrongName)
}

fn create(target: &ObjectRef, metadata: Json, spec: Json) -> Result<Vec<Change>, Wrong> {
    let kind = crowsnest_api::cluster::Kind::new("batch", "v1", "jobs").map_err(|_| Msg::WrongObject)?;
    let object = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec});
    Ok(vec![Change::Create { kind, namespace: target.namespace.clone(), object }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::target_of;

    fn made(changes: Result<Vec<Change>, Wrong>) -> Json {
        match changes.as_deref() {
            Ok([Change::Create { object, .. }]) => object.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_run_belongs_to_its_cron_job_and_says_that_somebody_started_it() {
        let cron: Value =
            json!({"metadata": {"name": "backup", "namespace": "data", "uid": "u", "resourceVersion": "12"},
            "spec": {"jobTemplate": {"metadata": {"labels": {"app": "backup"}}, "spec": {"template": {}}}}})
            .into();
        let target = target_of(("batch", "v1", "cronjobs"), &cron).unwrap();
        let name = run_name(&cron);
        assert!(name.starts_with("backup-run-"), "{name}");
        let job = made(trigger(&target, &cron, &Given { values: std::slice::from_ref(&name), now: "" }));
        assert_eq!(
            (&job["metadata"]["name"], &job["metadata"]["labels"]["app"]),
            (&json!(name), &json!("backup"))
        );
        assert_eq!(job["metadata"]["ownerReferences"][0]["uid"], "u");
        assert_eq!(job["metadata"]["annotations"]["cronjob.kubernetes.io/instantiate"], "manual");
        assert!(trigger(&target, &cron, &Given { values: &["A b".into()], now: "" }).is_err());
    }

    #[test]
    fn a_job_that_runs_again_has_nothing_of_its_first_run() {
        let job: Value = json!({"metadata": {"name": "once", "namespace": "data", "labels": {"a": "b", "job-name": "once"}},
            "spec": {"selector": {"matchLabels": {"controller-uid": "u"}}, "template": {"metadata": {"labels":
                {"controller-uid": "u", "batch.kubernetes.io/job-name": "once", "a": "b"}}}}}).into();
        let target = target_of(("batch", "v1", "jobs"), &job).unwrap();
        let again = made(run_again(&target, &job, &Given { values: &["once-2".into()], now: "" }));
        assert_eq!(again["spec"]["selector"], Json::Null);
        assert_eq!(again["spec"]["template"]["metadata"]["labels"], json!({"a": "b"}));
        assert_eq!(again["metadata"], json!({"name": "once-2", "labels": {"a": "b"}}));
    }
}
