//! How workloads are: so many replicas wanted, so many there, and what that means in a word.

use crate::json::Value;

use super::object::{at, condition, holds, integer, is_true, list, text};
use crate::components::Tone;
use crate::i18n::Msg;

/// How many replicas there are of what sort.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) desired: usize,
    pub(crate) ready: usize,
    pub(crate) available: usize,
    /// Of the newest revision; `None` for kinds that have one revision only.
    pub(crate) updated: Option<i64>,
}

/// How a workload is, in Kubernetes' word where it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) tone: Tone,
    pub(crate) word: String,
    /// What the word leaves open.
    pub(crate) note: Option<Msg>,
}

impl State {
    fn new(tone: Tone, word: &str) -> Self {
        Self { tone, word: word.to_owned(), note: None }
    }
}

/// The counts of a Deployment, ReplicaSet, StatefulSet, DaemonSet or ReplicationController.
pub(crate) fn counts(object: &Value) -> Counts {
    let status = |field| integer(object, &["status", field]);
    let number = |value: Option<i64>| usize::try_from(value.unwrap_or(0)).unwrap_or(0);
    if let Some(desired) = status("desiredNumberScheduled") {
        return Counts {
            desired: number(Some(desired)),
            ready: number(status("numberReady")),
            available: number(status("numberAvailable")),
            updated: Some(status("updatedNumberScheduled").unwrap_or(0)),
        };
    }
    let has_revisions =
        ["strategy", "updateStrategy"].iter().any(|field| at(object, &["spec", field]).is_some());
    Counts {
        // One is what Kubernetes takes where nothing is said.
        desired: number(integer(object, &["spec", "replicas"]).or(Some(1))),
        ready: number(status("readyReplicas")),
        available: number(status("availableReplicas")),
        updated: status("updatedReplicas").or(has_revisions.then_some(0)),
    }
}

/// How it is.
pub(crate) fn state(object: &Value) -> State {
    let counts = counts(object);
    if !text(object, &["metadata", "deletionTimestamp"]).is_empty() {
        return State::new(Tone::Done, "Terminating");
    }
    if let Some(failure) = condition(object, "ReplicaFailure").filter(|_| holds(object, "ReplicaFailure")) {
        return State::new(Tone::Critical, reason_or(failure, "ReplicaFailure"));
    }
    let progressing = condition(object, "Progressing");
    if let Some(stuck) = progressing.filter(|one| text(one, &["status"]) == "False") {
        return State::new(Tone::Critical, reason_or(stuck, "ProgressDeadlineExceeded"));
    }
    if is_true(object, &["spec", "paused"]) {
        return State { note: not_all(counts), ..State::new(Tone::Done, "Paused") };
    }
    if counts.desired == 0 {
        return State::new(Tone::Done, "ScaledToZero");
    }
    let is_seen =
        integer(object, &["status", "observedGeneration"]) >= integer(object, &["metadata", "generation"]);
    let wants_update =
        counts.updated.is_some_and(|updated| usize::try_from(updated).unwrap_or(0) < counts.desired);
    let is_new = progressing.is_some_and(|one| text(one, &["reason"]) != "NewReplicaSetAvailable");
    let lacks = counts.ready < counts.desired;
    if !is_seen || wants_update || (is_new && lacks) {
        return State { note: not_all(counts), ..State::new(Tone::Progress, "Progressing") };
    }
    match counts.ready {
        ready if ready >= counts.desired => State::new(Tone::Ok, "Available"),
        0 => State::new(Tone::Critical, "Unavailable"),
        _ => State { note: not_all(counts), ..State::new(Tone::Warning, "Available") },
    }
}

fn not_all(counts: Counts) -> Option<Msg> {
    (counts.ready < counts.desired).then_some(Msg::StatusNotAllReady)
}

fn reason_or<'v>(condition: &'v Value, word: &'v str) -> &'v str {
    Some(text(condition, &["reason"])).filter(|reason| !reason.is_empty()).unwrap_or(word)
}

/// The images of its containers.
pub(crate) fn images(object: &Value) -> Vec<&str> {
    let containers = list(object, &["spec", "template", "spec", "containers"]);
    containers.iter().map(|one| text(one, &["image"])).filter(|image| !image.is_empty()).collect()
}

/// How a Job is.
pub(crate) fn job_state(job: &Value) -> State {
    let with_reason = |kind, tone, word| {
        condition(job, kind).filter(|_| holds(job, kind)).map(|one| State::new(tone, reason_or(one, word)))
    };
    if holds(job, "Complete") {
        return State::new(Tone::Done, "Complete");
    }
    if let Some(failed) = with_reason("Failed", Tone::Critical, "Failed") {
        return failed;
    }
    if is_true(job, &["spec", "suspend"]) {
        return State::new(Tone::Done, "Suspended");
    }
    match (integer(job, &["status", "active"]), integer(job, &["status", "failed"])) {
        (_, Some(failed)) if failed > 0 => {
            State { note: Some(Msg::StatusPodsFailed), ..State::new(Tone::Warning, "Running") }
        }
        (Some(active), _) if active > 0 => State::new(Tone::Progress, "Running"),
        _ => State::new(Tone::Progress, "Pending"),
    }
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;

    #[track_caller]
    fn check(spec: Value, status: Value, tone: Tone, word: &str) {
        let object = json!({"metadata": {"generation": 2}, "spec": spec, "status": status});
        let state = state(&object);
        assert_eq!((state.tone, state.word.as_str()), (tone, word), "{object}");
    }

    #[test]
    fn a_workload_has_a_word_for_how_it_is() {
        let seen =
            |ready: i64| json!({"observedGeneration": 2, "readyReplicas": ready, "updatedReplicas": 2});
        check(json!({"replicas": 2}), seen(2), Tone::Ok, "Available");
        check(json!({"replicas": 2}), seen(1), Tone::Warning, "Available");
        check(json!({"replicas": 2}), seen(0), Tone::Critical, "Unavailable");
        check(json!({"replicas": 3}), seen(2), Tone::Progress, "Progressing");
        check(
            json!({"replicas": 2}),
            json!({"observedGeneration": 1, "readyReplicas": 2}),
            Tone::Progress,
            "Progressing",
        );
        check(json!({"replicas": 0}), json!({"observedGeneration": 2}), Tone::Done, "ScaledToZero");
        check(json!({"replicas": 2, "paused": true}), seen(1), Tone::Done, "Paused");
        check(
            json!({"replicas": 2}),
            json!({"observedGeneration": 2, "conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]}),
            Tone::Critical,
            "ProgressDeadlineExceeded",
        );
        check(
            json!({}),
            json!({"observedGeneration": 2, "desiredNumberScheduled": 5, "numberReady": 5, "updatedNumberScheduled": 5}),
            Tone::Ok,
            "Available",
        );
    }

    #[test]
    fn a_job_that_failed_says_why() {
        let job = json!({"status": {"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]}});
        assert_eq!(job_state(&job), State::new(Tone::Critical, "BackoffLimitExceeded"));
        assert_eq!(job_state(&json!({"status": {"active": 1}})).tone, Tone::Progress);
        assert_eq!(job_state(&json!({"spec": {"suspend": true}})).word, "Suspended");
    }
}
