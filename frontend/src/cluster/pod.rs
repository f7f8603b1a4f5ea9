//! A pod's status in one word, as `kubectl get pods` computes it, and the figures beside it.

use crate::json::Value;

use super::object::{at, holds, integer, is_true, list, moment, text};
use super::quantity;
use crate::components::Tone;

/// The one word that says how a pod is.
pub(crate) fn status(pod: &Value) -> String {
    let mut word = match text(pod, &["status", "reason"]) {
        "" => text(pod, &["status", "phase"]),
        reason => reason,
    }
    .to_owned();
    let gated = list(pod, &["status", "conditions"]).iter().any(|condition| {
        text(condition, &["type"]) == "PodScheduled" && text(condition, &["reason"]) == "SchedulingGated"
    });
    if gated {
        "SchedulingGated".clone_into(&mut word);
    }
    let initializing = initializing(pod);
    let is_initializing = initializing.is_some();
    if let Some(init) = initializing {
        word = init;
    }
    if !is_initializing || holds(pod, "Initialized") {
        let mut has_running = false;
        for status in list(pod, &["status", "containerStatuses"]).iter().rev() {
            if let Some(reason) = container_reason(status) {
                word = reason;
            } else if is_ready_container(status) {
                has_running = true;
            }
        }
        if word == "Completed" && has_running {
            word = if holds(pod, "Ready") { "Running" } else { "NotReady" }.to_owned();
        }
    }
    if is_terminating(pod) {
        if text(pod, &["status", "reason"]) == "NodeLost" {
            "Unknown".clone_into(&mut word);
        } else if !is_over(pod) {
            "Terminating".clone_into(&mut word);
        }
    }
    if word.is_empty() { "Unknown".to_owned() } else { word }
}

/// `Init:1/2` and the like, while init containers run or fail.
fn initializing(pod: &Value) -> Option<String> {
    let total = list(pod, &["spec", "initContainers"]).len();
    for (index, status) in list(pod, &["status", "initContainerStatuses"]).iter().enumerate() {
        let has_ended = integer(status, &["state", "terminated", "exitCode"]) == Some(0);
        let goes_on = is_sidecar(pod, text(status, &["name"])) && is_true(status, &["started"]);
        if has_ended || goes_on {
            continue;
        }
        return Some(match container_reason(status) {
            Some(reason) if reason != "PodInitializing" => format!("Init:{reason}"),
            _ => format!("Init:{index}/{total}"),
        });
    }
    None
}

/// Whether an init container is one that goes on running beside the others.
fn is_sidecar(pod: &Value, name: &str) -> bool {
    list(pod, &["spec", "initContainers"])
        .iter()
        .any(|one| text(one, &["name"]) == name && text(one, &["restartPolicy"]) == "Always")
}

/// Why a container does not run, in Kubernetes' word.
pub(crate) fn container_reason(status: &Value) -> Option<String> {
    let waiting = text(status, &["state", "waiting", "reason"]);
    if !waiting.is_empty() {
        return Some(waiting.to_owned());
    }
    at(status, &["state", "terminated"]).map(end_reason)
}

/// Why a container ended: its reason, else its signal or exit code.
pub(crate) fn end_reason(terminated: &Value) -> String {
    match text(terminated, &["reason"]) {
        "" => match integer(terminated, &["signal"]).filter(|signal| *signal != 0) {
            Some(signal) => format!("Signal:{signal}"),
            None => format!("ExitCode:{}", integer(terminated, &["exitCode"]).unwrap_or(0)),
        },
        reason => reason.to_owned(),
    }
}

fn is_ready_container(status: &Value) -> bool {
    is_true(status, &["ready"]) && at(status, &["state", "running"]).is_some()
}

/// Whether the pod has been asked to go.
pub(crate) fn is_terminating(pod: &Value) -> bool {
    !text(pod, &["metadata", "deletionTimestamp"]).is_empty()
}

/// Whether the pod has ended, well or badly.
pub(crate) fn is_over(pod: &Value) -> bool {
    matches!(text(pod, &["status", "phase"]), "Succeeded" | "Failed")
}

/// Containers that are ready, and all that there are; sidecars count among both.
pub(crate) fn readiness(pod: &Value) -> (usize, usize) {
    let ready =
        list(pod, &["status", "containerStatuses"]).iter().filter(|one| is_ready_container(one)).count();
    let sidecars = list(pod, &["status", "initContainerStatuses"]).iter().filter(|status| {
        is_sidecar(pod, text(status, &["name"]))
            && is_true(status, &["started"])
            && is_true(status, &["ready"])
    });
    let all_sidecars = list(pod, &["spec", "initContainers"])
        .iter()
        .filter(|one| text(one, &["restartPolicy"]) == "Always")
        .count();
    (ready + sidecars.count(), list(pod, &["spec", "containers"]).len() + all_sidecars)
}

/// How often containers were restarted, and when the last one ended before that.
pub(crate) fn restarts(pod: &Value) -> (i64, Option<i64>) {
    let statuses = list(pod, &["status", "initContainerStatuses"])
        .iter()
        .filter(|status| is_sidecar(pod, text(status, &["name"])) || !holds(pod, "Initialized"))
        .chain(list(pod, &["status", "containerStatuses"]));
    statuses.fold((0, None), |(count, last), status| {
        let end = moment(text(status, &["lastState", "terminated", "finishedAt"]));
        (count + integer(status, &["restartCount"]).unwrap_or(0), last.max(end))
    })
}

/// What the containers ask for, or are limited to, of a resource, in cores or bytes. `None` where none says.
///
/// As the scheduler counts: the sum of the containers and sidecars, or the greediest init container where that is
/// more, and the pod's own overhead.
pub(crate) fn resources(pod: &Value, which: &str, resource: &str) -> Option<f64> {
    let of = |container: &Value| quantity::parse(text(container, &["resources", which, resource]));
    let (sidecars, inits): (Vec<&Value>, Vec<&Value>) = list(pod, &["spec", "initContainers"])
        .iter()
        .partition(|one| text(one, &["restartPolicy"]) == "Always");
    let together: Vec<f64> =
        list(pod, &["spec", "containers"]).iter().chain(sidecars).filter_map(of).collect();
    let greediest = inits.into_iter().filter_map(of).reduce(f64::max);
    let sum = (!together.is_empty()).then(|| together.iter().sum::<f64>());
    let overhead = quantity::parse(text(pod, &["spec", "overhead", resource])).unwrap_or(0.0);
    // A limit on some containers only is no limit of the pod.
    let is_whole = which != "limits" || together.len() == list(pod, &["spec", "containers"]).len();
    match (sum.filter(|_| is_whole), greediest) {
        (Some(sum), Some(greediest)) => Some(sum.max(greediest) + overhead),
        (sum, greediest) => sum.or(greediest).map(|value| value + overhead),
    }
}

/// The limit or request of a resource that every container has; `None` where they differ or one has none.
pub(crate) fn common(pod: &Value, which: &str, resource: &str) -> Option<f64> {
    let mut all = list(pod, &["spec", "containers"])
        .iter()
        .map(|container| quantity::parse(text(container, &["resources", which, resource])));
    let first = all.next()??;
    all.all(|one| one == Some(first)).then_some(first)
}

/// The tone of the status: what needs somebody is coloured.
pub(crate) fn tone(pod: &Value, word: &str) -> Tone {
    let word = word.strip_prefix("Init:").unwrap_or(word);
    let counts = word.split_once('/').is_some_and(|(at, _)| at.bytes().all(|byte| byte.is_ascii_digit()));
    match word {
        "Running" => {
            let (ready, total) = readiness(pod);
            if ready >= total { Tone::Ok } else { Tone::Warning }
        }
        "Completed" | "Succeeded" | "Terminating" => Tone::Done,
        "Pending" => match super::scheduling::refusal(pod) {
            Some(_) => Tone::Warning,
            None => Tone::Progress,
        },
        "ContainerCreating" | "PodInitializing" => Tone::Progress,
        "NotReady" | "SchedulingGated" | "Evicted" | "Preempting" | "NodeAffinity" => Tone::Warning,
        "Unknown" => Tone::Unknown,
        _ if counts => Tone::Progress,
        _ => Tone::Critical,
    }
}

/// The five sorts that the overview counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Ready,
    NotReady,
    Pending,
    Failed,
    Completed,
}

impl Phase {
    /// In the order they are shown.
    pub(crate) const ALL: [Self; 5] =
        [Self::Ready, Self::NotReady, Self::Pending, Self::Failed, Self::Completed];

    /// The sort of a pod.
    pub(crate) fn of(pod: &Value) -> Self {
        match text(pod, &["status", "phase"]) {
            "Succeeded" => Self::Completed,
            "Failed" => Self::Failed,
            "Running" => {
                let (ready, total) = readiness(pod);
                if ready >= total { Self::Ready } else { Self::NotReady }
            }
            _ => Self::Pending,
        }
    }

    /// Its tone.
    pub(crate) fn tone(self) -> Tone {
        match self {
            Self::Ready => Tone::Ok,
            Self::NotReady => Tone::Warning,
            Self::Pending => Tone::Progress,
            Self::Failed => Tone::Critical,
            Self::Completed => Tone::Done,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;

    fn pod(status: Value) -> Value {
        json!({"metadata": {"name": "p"}, "spec": {"containers": [{}], "initContainers": [{"name": "i"}]}, "status": status})
    }

    #[track_caller]
    fn check(of: Value, word: &str, expected: Tone) {
        let pod = pod(of);
        assert_eq!((status(&pod).as_str(), tone(&pod, &status(&pod))), (word, expected), "{pod}");
    }

    #[test]
    fn the_status_is_the_word_that_kubectl_shows() {
        check(json!({"phase": "Pending"}), "Pending", Tone::Progress);
        check(json!({}), "Unknown", Tone::Unknown);
        check(
            json!({"phase": "Running", "containerStatuses": [{"ready": true, "state": {"running": {}}}]}),
            "Running",
            Tone::Ok,
        );
        check(
            json!({"phase": "Running", "containerStatuses": [{"ready": false, "state": {"running": {}}}]}),
            "Running",
            Tone::Warning,
        );
        check(
            json!({"phase": "Running", "containerStatuses": [{"state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}),
            "CrashLoopBackOff",
            Tone::Critical,
        );
        check(
            json!({"phase": "Failed", "containerStatuses": [{"state": {"terminated": {"exitCode": 3}}}]}),
            "ExitCode:3",
            Tone::Critical,
        );
        check(
            json!({"phase": "Failed", "containerStatuses": [{"state": {"terminated": {"signal": 9}}}]}),
            "Signal:9",
            Tone::Critical,
        );
        check(json!({"phase": "Failed", "reason": "Evicted"}), "Evicted", Tone::Warning);
        check(
            json!({"phase": "Succeeded", "containerStatuses": [{"state": {"terminated": {"reason": "Completed"}}}]}),
            "Completed",
            Tone::Done,
        );
        check(
            json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "reason": "SchedulingGated"}]}),
            "SchedulingGated",
            Tone::Warning,
        );
    }

    #[test]
    fn init_containers_come_first() {
        let waits = |reason: &str| json!([{"name": "i", "state": {"waiting": {"reason": reason}}}]);
        check(
            json!({"phase": "Pending", "initContainerStatuses": [{"name": "i", "state": {"running": {}}}]}),
            "Init:0/1",
            Tone::Progress,
        );
        check(
            json!({"phase": "Pending", "initContainerStatuses": waits("PodInitializing")}),
            "Init:0/1",
            Tone::Progress,
        );
        check(
            json!({"phase": "Pending", "initContainerStatuses": waits("ImagePullBackOff")}),
            "Init:ImagePullBackOff",
            Tone::Critical,
        );
        check(
            json!({"phase": "Pending", "initContainerStatuses": [{"name": "i", "state": {"terminated": {"exitCode": 1, "reason": "Error"}}}]}),
            "Init:Error",
            Tone::Critical,
        );
    }

    #[test]
    fn a_pod_that_ended_in_part_still_runs() {
        let statuses = json!([
            {"state": {"terminated": {"exitCode": 0, "reason": "Completed"}}},
            {"ready": true, "state": {"running": {}}},
        ]);
        let ready = json!([{"type": "Ready", "status": "True"}]);
        let of = |conditions: Value| {
            status(&pod(json!({"phase": "Running", "containerStatuses": statuses, "conditions": conditions})))
        };
        assert_eq!(of(ready), "Running");
        assert_eq!(of(json!([])), "NotReady");
    }

    #[test]
    fn a_pod_that_is_going_says_so_unless_it_has_ended() {
        let going = |status: Value| {
            let mut pod = pod(status);
            pod["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
            super::status(&pod)
        };
        assert_eq!(going(json!({"phase": "Running"})), "Terminating");
        assert_eq!(going(json!({"phase": "Failed", "reason": "Evicted"})), "Evicted");
        assert_eq!(going(json!({"phase": "Running", "reason": "NodeLost"})), "Unknown");
    }

    #[test]
    fn sidecars_count_as_containers() {
        let pod = json!({
            "spec": {"containers": [{"name": "a"}], "initContainers": [{"name": "s", "restartPolicy": "Always"}]},
            "status": {"phase": "Running",
                "initContainerStatuses": [{"name": "s", "started": true, "ready": true, "restartCount": 2, "state": {"running": {}}}],
                "containerStatuses": [{"name": "a", "ready": true, "restartCount": 1, "state": {"running": {}},
                    "lastState": {"terminated": {"finishedAt": "1970-01-01T00:00:05Z"}}}]},
        });
        assert_eq!(status(&pod), "Running");
        assert_eq!(readiness(&pod), (2, 2));
        assert_eq!(restarts(&pod), (3, Some(5_000)));
    }

    #[test]
    fn a_pod_asks_for_what_its_containers_ask_for_or_for_its_greediest_start() {
        let asks = |cpu: &str| json!({"resources": {"requests": {"cpu": cpu}}});
        let pod =
            json!({"spec": {"containers": [asks("100m"), asks("250m")], "initContainers": [asks("1")]}});
        assert_eq!(resources(&pod, "requests", "cpu"), Some(1.0));
        assert_eq!(resources(&pod, "requests", "memory"), None);
        let half = json!({"spec": {"containers": [{"resources": {"limits": {"cpu": "1"}}}, {}]}});
        assert_eq!(resources(&half, "limits", "cpu"), None);
        assert_eq!(common(&half, "limits", "cpu"), None);
        let one = json!({"spec": {"containers": [{"resources": {"limits": {"memory": "1Ki"}}}]}});
        assert_eq!(common(&one, "limits", "memory"), Some(1024.0));
    }
}
