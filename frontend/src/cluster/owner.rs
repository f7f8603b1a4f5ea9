//! Whose a pod is: the workload that people know it by.

use crate::json::Value;

use super::object::{is_true, list, name, namespace, text};

/// A workload.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Workload {
    pub(crate) namespace: String,
    /// `Deployment`, `StatefulSet`, `Pod` for one that belongs to nothing.
    pub(crate) kind: String,
    pub(crate) name: String,
}

/// The workload behind a pod, as far as the pod itself tells.
///
/// A ReplicaSet that is named after a template hash belongs to a Deployment, and a Job that ends in the minute it was
/// planned for belongs to a CronJob; so Kubernetes names them.
pub(crate) fn of(pod: &Value) -> Workload {
    let owner =
        list(pod, &["metadata", "ownerReferences"]).iter().find(|owner| is_true(owner, &["controller"]));
    let (kind, name) = match owner {
        None => ("Pod", name(pod)),
        Some(owner) => {
            let (kind, name) = (text(owner, &["kind"]), text(owner, &["name"]));
            let hash = text(pod, &["metadata", "labels", "pod-template-hash"]);
            let (before, last) = name.rsplit_once('-').unwrap_or((name, ""));
            let is_minute = last.len() >= 8 && last.bytes().all(|byte| byte.is_ascii_digit());
            match kind {
                "ReplicaSet" if !hash.is_empty() && last == hash => ("Deployment", before),
                "Job" if is_minute => ("CronJob", before),
                _ => (kind, name),
            }
        }
    };
    Workload { namespace: namespace(pod).to_owned(), kind: kind.to_owned(), name: name.to_owned() }
}

/// The name of the workload of a kind that a pod belongs to, directly or over what that workload makes.
pub(crate) fn named(pod: &Value, kind: &str) -> Option<String> {
    let workload = of(pod);
    if workload.kind == kind {
        return Some(workload.name);
    }
    let owners = list(pod, &["metadata", "ownerReferences"]);
    let owner = owners.iter().find(|one| is_true(one, &["controller"]) && text(one, &["kind"]) == kind)?;
    Some(text(owner, &["name"]).to_owned())
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;

    #[track_caller]
    fn check(kind: &str, owner: &str, expected: (&str, &str)) {
        let pod = json!({"metadata": {"name": "p", "namespace": "n", "labels": {"pod-template-hash": "6c9f7d5b8"},
            "ownerReferences": [{"kind": kind, "name": owner, "controller": true}]}});
        let workload = of(&pod);
        assert_eq!((workload.kind.as_str(), workload.name.as_str()), expected);
    }

    #[test]
    fn a_pod_is_known_by_what_somebody_wrote() {
        check("ReplicaSet", "web-6c9f7d5b8", ("Deployment", "web"));
        check("ReplicaSet", "by-hand", ("ReplicaSet", "by-hand"));
        check("Job", "backup-29341582", ("CronJob", "backup"));
        check("Job", "migrate-schema", ("Job", "migrate-schema"));
        check("StatefulSet", "redis", ("StatefulSet", "redis"));
    }

    #[test]
    fn a_pod_of_nobody_is_its_own() {
        assert_eq!(of(&json!({"metadata": {"name": "p"}})).kind, "Pod");
    }
}
