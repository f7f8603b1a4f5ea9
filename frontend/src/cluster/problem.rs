//! Everything that is wrong in the cluster, one line each: pods of one workload with one trouble are one problem.

use std::collections::BTreeMap;

use crate::json::Value;

use super::ingress::IngressTrouble;
use super::node::{self, NodeTrouble};
use super::object::{name, text};
use super::owner::{self, Workload};
use super::pod;
use super::trouble::{self, Trouble};
use super::volume::VolumeTrouble;
use super::{event, object};
use crate::arrange::Arrange as _;
use crate::verdict::Severity;

/// Something that needs somebody.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Problem {
    /// Pods of a workload.
    Workload(WorkloadProblem),
    /// A node, by what Kubernetes knows of it.
    Node(NodeTrouble),
    /// A volume that is full, or nearly.
    Volume(VolumeTrouble),
    /// An Ingress that leads nowhere.
    Ingress(IngressTrouble),
}

/// A trouble that one or more pods of a workload have.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct WorkloadProblem {
    pub(crate) workload: Workload,
    /// The trouble of the pod that has had it worst.
    pub(crate) trouble: Trouble,
    /// One of the pods, to look at.
    pub(crate) pod: String,
    /// How many pods have it, and how many the workload has.
    pub(crate) pods: (usize, usize),
}

impl Problem {
    /// How bad it is.
    pub(crate) fn severity(&self) -> Severity {
        match self {
            Self::Workload(problem) => problem.trouble.severity,
            Self::Node(trouble) => trouble.severity,
            Self::Volume(trouble) => trouble.severity,
            // Whoever calls its hosts gets an error.
            Self::Ingress(_) => Severity::Critical,
        }
    }

    /// What the list is sorted by after severity: nodes first, then volumes, workloads, ingresses; namespace and name.
    fn place(&self) -> (u8, &str, &str) {
        match self {
            Self::Node(trouble) => (0, "", &trouble.node),
            Self::Volume(trouble) => (1, &trouble.filling.namespace, &trouble.filling.claim),
            Self::Workload(problem) => (2, &problem.workload.namespace, &problem.workload.name),
            Self::Ingress(trouble) => (3, &trouble.namespace, &trouble.name),
        }
    }
}

/// Finds what is wrong, worst first. `events` give the words of probes and of the kubelet.
pub(crate) fn find<'p, 'n, 'e>(
    pods: impl Iterator<Item = &'p Value>,
    nodes: impl Iterator<Item = &'n Value>,
    events: impl Iterator<Item = &'e Value>,
    now: i64,
) -> Vec<Problem> {
    let heard = warnings(events);
    let mut totals: BTreeMap<Workload, usize> = BTreeMap::new();
    let mut found: BTreeMap<(Workload, String), WorkloadProblem> = BTreeMap::new();
    for pod in pods {
        let workload = owner::of(pod);
        if !pod::is_over(pod) {
            *totals.entry(workload.clone()).or_default() += 1;
        }
        let Some(mut trouble) = trouble::of(pod, now) else { continue };
        if trouble.cause.wants_event() {
            for (reason, message) in heard.get(text(pod, &["metadata", "uid"])).into_iter().flatten() {
                trouble.cause.hear(reason, message);
            }
        }
        let entry = found.entry((workload.clone(), trouble.reason.clone()));
        let problem = entry.or_insert_with(|| WorkloadProblem {
            workload,
            trouble: trouble.clone(),
            pod: name(pod).to_owned(),
            pods: (0, 0),
        });
        problem.pods.0 += 1;
        if (trouble.severity, trouble.at) < (problem.trouble.severity, problem.trouble.at) {
            problem.trouble = trouble;
            name(pod).clone_into(&mut problem.pod);
        }
    }
    let workloads = found.into_values().map(|mut problem| {
        let total = totals.get(&problem.workload).copied().unwrap_or(0);
        problem.pods.1 = total.max(problem.pods.0);
        Problem::Workload(problem)
    });
    let mut all: Vec<Problem> = nodes.flat_map(node::troubles).map(Problem::Node).chain(workloads).collect();
    sort(&mut all);
    all
}

/// Worst first.
pub(crate) fn sort(all: &mut [Problem]) {
    all.arrange_by(|a, b| a.severity().cmp(&b.severity()).then_with(|| a.place().cmp(&b.place())));
}

/// Reasons and messages of the warnings about each object, by its uid, oldest first.
fn warnings<'v>(events: impl Iterator<Item = &'v Value>) -> BTreeMap<&'v str, Vec<(&'v str, &'v str)>> {
    let mut warnings: Vec<&Value> = events.filter(|event| event::is_warning(event)).collect();
    warnings.arrange_by_key(|event| event::last_seen(event));
    let mut heard: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    for event in warnings {
        let words = (text(event, &["reason"]), text(event, &["message"]));
        heard.entry(object::text(event, &["involvedObject", "uid"])).or_default().push(words);
    }
    heard
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;
    use crate::i18n::Lang;

    fn pod(name: &str, deployment: &str, status: Value) -> Value {
        json!({"metadata": {"name": name, "namespace": "shop", "uid": name, "labels": {"pod-template-hash": "h"},
                "ownerReferences": [{"kind": "ReplicaSet", "name": format!("{deployment}-h"), "controller": true}]},
            "spec": {"containers": [{"name": "c", "image": "i"}]}, "status": status})
    }

    fn crashing(restarts: i64) -> Value {
        json!({"phase": "Running", "containerStatuses": [{"name": "c", "restartCount": restarts,
            "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"exitCode": 1, "finishedAt": "1970-01-01T00:00:01Z"}}}]})
    }

    fn running() -> Value {
        json!({"phase": "Running", "containerStatuses": [{"name": "c", "ready": true, "state": {"running": {}}}]})
    }

    #[test]
    fn pods_of_a_workload_with_the_same_trouble_are_one_problem() {
        let pods = [
            pod("a", "checkout", crashing(3)),
            pod("b", "checkout", crashing(5)),
            pod("c", "checkout", running()),
            pod("d", "web", running()),
        ];
        let found = find(pods.iter(), [].iter(), [].iter(), 2_000);
        let [Problem::Workload(problem)] = found.as_slice() else {
            panic!("one problem expected: {found:?}")
        };
        assert_eq!(
            (problem.workload.name.as_str(), problem.workload.kind.as_str(), problem.pods),
            ("checkout", "Deployment", (2, 3))
        );
    }

    #[test]
    fn what_is_broken_comes_before_what_needs_a_look_and_nodes_before_workloads() {
        let image = json!({"phase": "Pending", "containerStatuses": [{"name": "c", "state": {"waiting": {"reason": "ErrImagePull"}}}]});
        let unplaced = json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "m"}]});
        let pods = [pod("a", "zebra", image), pod("b", "apple", unplaced)];
        let nodes = [
            json!({"metadata": {"name": "n1"}, "status": {"conditions": [{"type": "DiskPressure", "status": "True"}]}}),
        ];
        let found = find(pods.iter(), nodes.iter(), [].iter(), 0);
        let names: Vec<&str> = found.iter().map(|problem| problem.place().2).collect();
        assert_eq!(names, ["zebra", "n1", "apple"]);
    }

    #[test]
    fn the_newest_event_gives_the_words() {
        let unready = json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": "1970-01-01T00:00:00Z"}],
            "containerStatuses": [{"name": "c", "ready": false, "state": {"running": {}}}]});
        let pods = [pod("a", "reports", unready)];
        let event = |at: &str, message: &str| {
            json!({"type": "Warning", "reason": "Unhealthy", "message": message, "lastTimestamp": at,
            "involvedObject": {"uid": "a"}})
        };
        let events = [event("1970-01-01T00:09:00Z", "new"), event("1970-01-01T00:01:00Z", "old")];
        let found = find(pods.iter(), [].iter(), events.iter(), 600_000);
        let [Problem::Workload(problem)] = found.as_slice() else {
            panic!("one problem expected: {found:?}")
        };
        assert_eq!(problem.trouble.why(Lang::English), "Container c runs but is not ready. new");
    }
}
