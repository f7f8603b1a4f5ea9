//! The table of pods.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    AGE, Columns, NAME,
    cells::{age, or_none, since},
    shown, wide,
};
use crate::object;

pub(super) const TABLES: &[Columns] = &[Columns {
    resource: "pods",
    columns: &[
        NAME,
        shown("Ready"),
        shown("Status"),
        shown("Restarts"),
        AGE,
        wide("IP"),
        wide("Node"),
        wide("Nominated Node"),
        wide("Readiness Gates"),
    ],
    cells,
}];

fn cells(pod: &Value, now: Timestamp) -> Vec<Value> {
    let statuses = object::list(pod, &["status", "containerStatuses"]);
    let ready = statuses.iter().filter(|status| status.get("ready") == Some(&Value::Bool(true))).count();
    let total = object::list(pod, &["spec", "containers"]).len();
    let gates = object::list(pod, &["spec", "readinessGates"]);
    let gate_cell = if gates.is_empty() {
        "<none>".into()
    } else {
        let passed = gates
            .iter()
            .filter(|gate| object::condition(pod, object::text(gate, &["conditionType"])) == "True")
            .count();
        format!("{passed}/{}", gates.len()).into()
    };
    vec![
        object::name(pod).into(),
        format!("{ready}/{total}").into(),
        status(pod).into(),
        restarts(statuses, now).into(),
        age(pod, now),
        or_none(object::text(pod, &["status", "podIP"])),
        or_none(object::text(pod, &["spec", "nodeName"])),
        or_none(object::text(pod, &["status", "nominatedNodeName"])),
        gate_cell,
    ]
}

fn restarts(statuses: &[Value], now: Timestamp) -> String {
    let count: i64 = statuses.iter().filter_map(|status| object::integer(status, &["restartCount"])).sum();
    let last = statuses
        .iter()
        .map(|status| object::text(status, &["lastState", "terminated", "finishedAt"]))
        .max()
        .unwrap_or_default();
    if count > 0 && !last.is_empty() {
        format!("{count} ({} ago)", since(last, now))
    } else {
        count.to_string()
    }
}

/// The one word that says how a pod is: the phase, or what its containers wait for or died of.
fn status(pod: &Value) -> String {
    let mut word = match object::text(pod, &["status", "reason"]) {
        "" => object::text(pod, &["status", "phase"]).to_owned(),
        reason => reason.to_owned(),
    };
    let scheduling_gated = object::list(pod, &["status", "conditions"]).iter().any(|condition| {
        object::text(condition, &["type"]) == "PodScheduled"
            && object::text(condition, &["reason"]) == "SchedulingGated"
    });
    if scheduling_gated {
        "SchedulingGated".clone_into(&mut word);
    }
    let initializing = initializing(pod);
    if let Some(text) = &initializing {
        word.clone_from(text);
    } else {
        let mut has_running = false;
        for status in object::list(pod, &["status", "containerStatuses"]).iter().rev() {
            if let Some(text) = trouble(status) {
                word = text;
            } else if status.get("ready") == Some(&Value::Bool(true))
                && object::at(status, &["state", "running"]).is_some()
            {
                has_running = true;
            }
        }
        if word == "Completed" && has_running {
            word = if object::condition(pod, "Ready") == "True" { "Running" } else { "NotReady" }.to_owned();
        }
    }
    if object::is_terminating(pod) {
        if object::text(pod, &["status", "reason"]) == "NodeLost" {
            "Unknown".clone_into(&mut word);
        } else if !matches!(object::text(pod, &["status", "phase"]), "Failed" | "Succeeded") {
            "Terminating".clone_into(&mut word);
        }
    }
    word
}

/// `Init:1/2` and the like, while init containers run.
fn initializing(pod: &Value) -> Option<String> {
    let total = object::list(pod, &["spec", "initContainers"]).len();
    let statuses = object::list(pod, &["status", "initContainerStatuses"]);
    for (index, status) in statuses.iter().enumerate() {
        if object::integer(status, &["state", "terminated", "exitCode"]) == Some(0) {
            continue;
        }
        return Some(match trouble(status) {
            Some(text) if text != "PodInitializing" => format!("Init:{text}"),
            _ => format!("Init:{index}/{total}"),
        });
    }
    None
}

/// Why a container does not run.
fn trouble(status: &Value) -> Option<String> {
    let waiting = object::text(status, &["state", "waiting", "reason"]);
    if !waiting.is_empty() {
        return Some(waiting.to_owned());
    }
    let terminated = object::at(status, &["state", "terminated"])?;
    match object::text(terminated, &["reason"]) {
        "" => match object::integer(terminated, &["signal"]) {
            Some(signal) if signal != 0 => Some(format!("Signal:{signal}")),
            _ => Some(format!("ExitCode:{}", object::integer(terminated, &["exitCode"]).unwrap_or(0))),
        },
        reason => Some(reason.to_owned()),
    }
}

/// Rows of pods that have ended say so, so that clients may leave them out.
pub(super) fn row_condition(pod: &Value) -> Option<Value> {
    let (reason, message) = match object::text(pod, &["status", "phase"]) {
        "Succeeded" => ("Succeeded", "The pod has completed successfully."),
        "Failed" => ("Failed", "The pod failed."),
        _ => return None,
    };
    Some(json!({"type": "Completed", "status": "True", "reason": reason, "message": message}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: &Value, expected: &str) {
        let pod = json!({"metadata": {"name": "p"}, "spec": {"containers": [{}], "initContainers": [{}]},
            "status": status});
        assert_eq!(super::status(&pod), expected);
    }

    #[test]
    fn the_status_is_the_most_telling_word() {
        check(&json!({"phase": "Pending"}), "Pending");
        check(
            &json!({"phase": "Running", "containerStatuses": [{"state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}),
            "CrashLoopBackOff",
        );
        check(
            &json!({"phase": "Failed", "containerStatuses": [{"state": {"terminated": {"exitCode": 3}}}]}),
            "ExitCode:3",
        );
        check(
            &json!({"phase": "Pending", "initContainerStatuses": [{"state": {"running": {}}}]}),
            "Init:0/1",
        );
        check(&json!({"phase": "Failed", "reason": "Evicted"}), "Evicted");
    }
}
