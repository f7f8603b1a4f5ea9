//! The kubelets: pods that start, run, crash and end without a container anywhere.
//!
//! How a pod fares is told by the annotation `kubesim.crowsnest.dev/behaviour`; without it, it runs, or, where it is
//! not to be restarted, ends well after a while.

use serde_json::{Value, json};

use super::{Step, events, pods, pods::set_condition};
use crate::{cluster::Cluster, object};

/// Containers that are added to a pod that runs, and what the status says of them.
const ADDED: &str = "ephemeralContainers";
const ADDED_STATUSES: &str = "ephemeralContainerStatuses";
/// Where a pod says how it fares.
const BEHAVIOUR: &str = "kubesim.crowsnest.dev/behaviour";
/// Seconds until the containers of a new pod have started.
const START_SECONDS: i64 = 2;
/// Seconds between two probes of a container whose probe fails.
const PROBE_SECONDS: i64 = 10;
/// Seconds until a started container is ready.
const READY_SECONDS: i64 = 2;
/// Seconds until a container that is going to crash does.
const CRASH_SECONDS: i64 = 4;
/// Seconds until a container that does its work and ends has done it.
const WORK_SECONDS: i64 = 15;
/// The longest that a pod takes to end, whatever grace it has.
const STOP_SECONDS: i64 = 2;
/// Seconds before the first restart; each further one doubles it.
const BACK_OFF_SECONDS: i64 = 10;
const LONGEST_BACK_OFF_SECONDS: i64 = 300;

/// How the containers of a pod fare.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Behaviour {
    /// Runs and is ready.
    Run,
    /// Runs, but its probe fails.
    Unready,
    /// Ends with this exit code and reason soon after it started.
    Crash(i64, &'static str),
    /// Ends with this exit code after its work.
    Work(i64),
    /// Its image cannot be pulled.
    NoImage,
}

impl Behaviour {
    fn of(pod: &Value) -> Behaviour {
        match object::text(pod, &["metadata", "annotations", BEHAVIOUR]) {
            "crash" => Behaviour::Crash(1, "Error"),
            "oom" => Behaviour::Crash(137, "OOMKilled"),
            "unready" => Behaviour::Unready,
            "no-image" => Behaviour::NoImage,
            "fail" => Behaviour::Work(1),
            _ if object::text(pod, &["spec", "restartPolicy"]) == "Always" => Behaviour::Run,
            _ => Behaviour::Work(0),
        }
    }
}

pub(super) fn run(step: &mut Step<'_>) {
    for (key, pod) in step.select(pods::TABLE, may_change) {
        let node = object::text(&pod, &["spec", "nodeName"]);
        let ended = matches!(object::text(&pod, &["status", "phase"]), "Succeeded" | "Failed");
        if node.is_empty() || !is_alive(step, node) {
            continue;
        }
        if object::is_terminating(&pod) {
            stop(step, &key, &pod, ended);
        } else if !ended {
            advance(step, &key, &pod);
            start_added(step, &key);
        }
    }
}

/// Starts containers that were added to a running pod. Nothing starts them again.
fn start_added(step: &mut Step<'_>, key: &str) {
    let Some(pod) = step.state.store.get(pods::TABLE, key) else { return };
    if !has_added(&pod) || object::text(&pod, &["status", "phase"]) != "Running" {
        return;
    }
    let now = step.now_text();
    let mut object = pod.as_ref().clone();
    let mut statuses = object::list(&pod, &["status", ADDED_STATUSES]).to_vec();
    for container in object::list(&pod, &["spec", ADDED]).iter().filter(|container| is_new(&pod, container)) {
        let (name, image) = (object::text(container, &["name"]), object::text(container, &["image"]));
        statuses.push(json!({
            "name": name, "image": image, "imageID": format!("{image}@sha256:{:064x}", image.len()), "ready": false,
            "restartCount": 0, "lastState": {}, "state": {"running": {"startedAt": now}},
            "containerID": format!("containerd://{:064x}", u128::from(step.state.random.next())),
        }));
        events::tell(step, &pod, "Normal", "Started", &format!("Started container {name}"), "kubelet");
    }
    object::set(&mut object, &["status", ADDED_STATUSES], statuses);
    step.write(pods::TABLE, key, object);
}

/// Whether containers were added to a pod that nothing is known of yet.
fn has_added(pod: &Value) -> bool {
    object::list(pod, &["spec", ADDED]).iter().any(|container| is_new(pod, container))
}

fn is_new(pod: &Value, container: &Value) -> bool {
    object::container_status(pod, object::text(container, &["name"])).is_none()
}

/// Notes that the process of a container has ended, because whoever was attached to it told it to. Only containers that were
/// added stay ended.
pub(crate) fn container_ended(cluster: &Cluster, key: &str, container: &str, code: i32) {
    let (mut state, now) = (cluster.lock(), cluster.now_text());
    let Some(pod) = state.store.get(pods::TABLE, key) else { return };
    let mut pod = pod.as_ref().clone();
    let statuses = object::map_mut(&mut pod, &["status"]).get_mut(ADDED_STATUSES);
    let of_it = statuses.and_then(Value::as_array_mut).into_iter().flatten();
    for status in of_it.filter(|status| object::text(status, &["name"]) == container) {
        let reason = if code == 0 { "Completed" } else { "Error" };
        let state = json!({"terminated": terminated(status, code.into(), reason, &now)});
        object::set(status, &["state"], state);
    }
    state.store.put(pods::TABLE, key, pod);
}

/// Whether there may be something to do for a pod: most run, and that is all.
fn may_change(pod: &Value) -> bool {
    object::is_terminating(pod)
        || !pods::is_ready(pod)
        || Behaviour::of(pod) != Behaviour::Run
        || has_added(pod)
}

/// Whether the kubelet of a node still speaks.
fn is_alive(step: &Step<'_>, node: &str) -> bool {
    step.state.store.get("nodes", node).is_some_and(|node| object::condition(&node, "Ready") == "True")
}

/// Removes a pod whose containers have had time to end.
fn stop(step: &mut Step<'_>, key: &str, pod: &Value, ended: bool) {
    let grace = object::integer(pod, &["metadata", "deletionGracePeriodSeconds"]).unwrap_or(0);
    let left =
        step.seconds_since(object::text(pod, &["metadata", "deletionTimestamp"])).map_or(0, |since| -since);
    let passed = grace - left;
    let held = !object::list(pod, &["metadata", "finalizers"]).is_empty();
    if !held && (ended || passed >= grace.min(STOP_SECONDS)) {
        step.remove(pods::TABLE, key);
    }
}

fn advance(step: &mut Step<'_>, key: &str, pod: &Value) {
    let started = object::text(pod, &["status", "startTime"]);
    let Some(age) = step.seconds_since(started) else { return accept(step, key, pod) };
    if age < START_SECONDS {
        return;
    }
    let behaviour = Behaviour::of(pod);
    if behaviour == Behaviour::NoImage {
        return refuse_image(step, key, pod);
    }
    let status = object::list(pod, &["status", "containerStatuses"]).first().cloned().unwrap_or_default();
    if object::at(&status, &["state", "running"]).is_none() {
        let restarts = object::integer(&status, &["restartCount"]).unwrap_or(0);
        let last = object::text(&status, &["lastState", "terminated", "finishedAt"]);
        if last.is_empty() {
            return start(step, key, pod, 0);
        }
        let wait = BACK_OFF_SECONDS.saturating_mul(1 << restarts.clamp(0, 8)).min(LONGEST_BACK_OFF_SECONDS);
        if step.seconds_since(last).is_some_and(|since| since >= wait) {
            start(step, key, pod, restarts + 1);
        }
        return;
    }
    let running = step.seconds_since(object::text(&status, &["state", "running", "startedAt"])).unwrap_or(0);
    let is_ready = pods::is_ready(pod);
    match behaviour {
        Behaviour::Run | Behaviour::Work(_) if running >= READY_SECONDS && !is_ready => ready(step, key, pod),
        Behaviour::Crash(code, reason) if running >= CRASH_SECONDS => crash(step, key, pod, code, reason),
        Behaviour::Work(code) if running >= WORK_SECONDS => end(step, key, pod, code),
        Behaviour::Unready if running > 0 && running % PROBE_SECONDS == 0 => probe(step, pod),
        _ => {}
    }
}

/// Tells, once for each time, that a probe failed.
fn probe(step: &mut Step<'_>, pod: &Value) {
    let now = step.now_text();
    let told = step.state.store.list("events", &format!("{}/", object::namespace(pod))).any(|(_, event)| {
        object::text(event, &["involvedObject", "uid"]) == object::uid(pod)
            && object::text(event, &["reason"]) == "Unhealthy"
            && object::text(event, &["lastTimestamp"]) == now
    });
    if !told {
        let message = "Readiness probe failed: HTTP probe failed with statuscode: 500";
        events::tell(step, pod, "Warning", "Unhealthy", message, "kubelet");
    }
}

/// The kubelet has seen the pod.
fn accept(step: &mut Step<'_>, key: &str, pod: &Value) {
    let mut pod = pod.clone();
    let now = step.now_text();
    let node = object::text(&pod, &["spec", "nodeName"]).to_owned();
    let host = step.state.store.get("nodes", &node).map_or(String::new(), |node| {
        let internal = object::list(&node, &["status", "addresses"])
            .iter()
            .find(|address| object::text(address, &["type"]) == "InternalIP")
            .map_or("", |address| object::text(address, &["address"]));
        internal.to_owned()
    });
    object::set(&mut pod, &["status", "phase"], "Pending");
    object::set(&mut pod, &["status", "startTime"], now.as_str());
    object::set(&mut pod, &["status", "hostIP"], host.as_str());
    object::set(&mut pod, &["status", "hostIPs"], json!([{ "ip": host }]));
    set_containers(&mut pod, |_| json!({"waiting": {"reason": "ContainerCreating"}}));
    for kind in ["PodReadyToStartContainers", "Initialized", "PodScheduled"] {
        set_condition(&mut pod, kind, "True", "", "", &now);
    }
    not_ready(&mut pod, &now);
    step.write(pods::TABLE, key, pod);
}

fn not_ready(pod: &mut Value, now: &str) {
    let names: Vec<String> = object::list(pod, &["spec", "containers"])
        .iter()
        .map(|container| object::text(container, &["name"]).to_owned())
        .collect();
    let message = format!("containers with unready status: [{}]", names.join(" "));
    for kind in ["Ready", "ContainersReady"] {
        set_condition(pod, kind, "False", "ContainersNotReady", &message, now);
    }
}

/// Writes the status of every container, with a state of its own.
fn set_containers(pod: &mut Value, state: impl Fn(&Value) -> Value) {
    let known = object::list(pod, &["status", "containerStatuses"]).to_vec();
    let statuses: Vec<Value> = object::list(pod, &["spec", "containers"])
        .iter()
        .map(|container| {
            let name = object::text(container, &["name"]);
            let mut status =
                known.iter().find(|status| object::text(status, &["name"]) == name).cloned().unwrap_or_else(
                    || json!({"name": name, "restartCount": 0, "lastState": {}, "imageID": ""}),
                );
            object::set(&mut status, &["image"], object::text(container, &["image"]));
            let state = state(&status);
            let runs = state.get("running").is_some();
            object::set(&mut status, &["state"], state);
            object::set(&mut status, &["ready"], false);
            object::set(&mut status, &["started"], runs);
            status
        })
        .collect();
    object::set(pod, &["status", "containerStatuses"], statuses);
}

fn start(step: &mut Step<'_>, key: &str, pod: &Value, restarts: i64) {
    let mut object = pod.clone();
    let now = step.now_text();
    let random = step.state.random.next();
    set_containers(&mut object, |_| json!({"running": {"startedAt": now}}));
    for status in object::map_mut(&mut object, &["status"])
        .get_mut("containerStatuses")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        object::set(status, &["restartCount"], restarts);
        object::set(status, &["containerID"], format!("containerd://{:064x}", u128::from(random)));
        let image = object::text(status, &["image"]).to_owned();
        object::set(status, &["imageID"], format!("{image}@sha256:{:064x}", image.len()));
    }
    if object::text(&object, &["status", "podIP"]).is_empty() {
        let address = if object::at(pod, &["spec", "hostNetwork"]) == Some(&Value::Bool(true)) {
            object::text(pod, &["status", "hostIP"]).to_owned()
        } else {
            format!("10.244.{}.{}", random % 250, (random >> 16) % 250 + 2)
        };
        object::set(&mut object, &["status", "podIP"], address.as_str());
        object::set(&mut object, &["status", "podIPs"], json!([{ "ip": address }]));
    }
    object::set(&mut object, &["status", "phase"], "Running");
    step.write(pods::TABLE, key, object);
    let first = object::list(pod, &["spec", "containers"]).first().cloned().unwrap_or_default();
    let (name, image) = (object::text(&first, &["name"]), object::text(&first, &["image"]));
    if restarts == 0 {
        let message = format!("Successfully pulled image {image:?}");
        events::tell(step, pod, "Normal", "Pulled", &message, "kubelet");
    }
    events::tell(step, pod, "Normal", "Started", &format!("Started container {name}"), "kubelet");
}

fn ready(step: &mut Step<'_>, key: &str, pod: &Value) {
    let mut pod = pod.clone();
    let now = step.now_text();
    for status in object::map_mut(&mut pod, &["status"])
        .get_mut("containerStatuses")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        object::set(status, &["ready"], true);
    }
    for kind in ["Ready", "ContainersReady"] {
        set_condition(&mut pod, kind, "True", "", "", &now);
    }
    step.write(pods::TABLE, key, pod);
}

fn terminated(status: &Value, code: i64, reason: &str, now: &str) -> Value {
    json!({
        "exitCode": code, "reason": reason, "finishedAt": now,
        "startedAt": object::text(status, &["state", "running", "startedAt"]),
        "containerID": object::text(status, &["containerID"]),
    })
}

fn crash(step: &mut Step<'_>, key: &str, pod: &Value, code: i64, reason: &str) {
    let mut object = pod.clone();
    let now = step.now_text();
    let ends: Vec<Value> = object::list(pod, &["status", "containerStatuses"])
        .iter()
        .map(|status| terminated(status, code, reason, &now))
        .collect();
    let restarts = object::list(pod, &["status", "containerStatuses"])
        .first()
        .and_then(|status| object::integer(status, &["restartCount"]))
        .unwrap_or(0);
    let wait = BACK_OFF_SECONDS.saturating_mul(1 << restarts.clamp(0, 8)).min(LONGEST_BACK_OFF_SECONDS);
    let message = format!("back-off {wait}s restarting failed container");
    set_containers(&mut object, |_| json!({"waiting": {"reason": "CrashLoopBackOff", "message": message}}));
    let statuses =
        object::map_mut(&mut object, &["status"]).get_mut("containerStatuses").and_then(Value::as_array_mut);
    for (status, end) in statuses.into_iter().flatten().zip(ends) {
        object::set(status, &["lastState"], json!({ "terminated": end }));
    }
    not_ready(&mut object, &now);
    step.write(pods::TABLE, key, object);
    events::tell(step, pod, "Warning", "BackOff", "Back-off restarting failed container", "kubelet");
}

fn end(step: &mut Step<'_>, key: &str, pod: &Value, code: i64) {
    let mut pod = pod.clone();
    let now = step.now_text();
    let (phase, reason) = if code == 0 { ("Succeeded", "Completed") } else { ("Failed", "Error") };
    set_containers(&mut pod, |status| json!({"terminated": terminated(status, code, reason, &now)}));
    object::set(&mut pod, &["status", "phase"], phase);
    for kind in ["Ready", "ContainersReady"] {
        set_condition(
            &mut pod,
            kind,
            "False",
            if code == 0 { "PodCompleted" } else { "PodFailed" },
            "",
            &now,
        );
    }
    step.write(pods::TABLE, key, pod);
}

fn refuse_image(step: &mut Step<'_>, key: &str, pod: &Value) {
    let waiting = object::list(pod, &["status", "containerStatuses"])
        .first()
        .map_or("", |status| object::text(status, &["state", "waiting", "reason"]));
    if waiting == "ImagePullBackOff" {
        return;
    }
    let mut object = pod.clone();
    let image = object::list(pod, &["spec", "containers"])
        .first()
        .map_or(String::new(), |container| object::text(container, &["image"]).to_owned());
    let message = format!("Back-off pulling image {image:?}");
    set_containers(&mut object, |_| json!({"waiting": {"reason": "ImagePullBackOff", "message": message}}));
    step.write(pods::TABLE, key, object);
    let failure = format!("Failed to pull image {image:?}: not found");
    events::tell(step, pod, "Warning", "Failed", &failure, "kubelet");
    events::tell(step, pod, "Normal", "BackOff", &message, "kubelet");
}
