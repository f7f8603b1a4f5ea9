//! What is wrong with a pod, in words: the cause before the symptom.

use crate::json::Value;

use super::object::{age, at, condition, created, integer, list, moment, text};
use super::{pod, quantity, scheduling};
use crate::format::{bytes, number};
use crate::i18n::{Lang, Msg, fill};
use crate::range::MINUTE;
use crate::verdict::Severity;

/// Waiting reasons that say that an image cannot be had.
const IMAGE: &[&str] =
    &["ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull", "RegistryUnavailable"];
/// Waiting reasons of a container that is merely about to start.
const STARTING: &[&str] = &["ContainerCreating", "PodInitializing"];
/// How long a pod may take to become ready, or to start, before that is worth a look.
const PATIENCE: i64 = 2 * MINUTE;
/// How long a crash is remembered while the container runs again: the longest back-off, and then some.
const MEMORY: i64 = 10 * MINUTE;
/// From so many restarts on, a container that runs for the moment still counts as crashing.
const LOOP: i64 = 3;

/// Something about a pod that needs somebody.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Trouble {
    pub(crate) severity: Severity,
    /// Kubernetes' word for it; empty where it has none.
    pub(crate) reason: String,
    pub(crate) cause: Cause,
    /// The container it is about; empty for the pod.
    pub(crate) container: String,
    /// When it began, or when it last happened.
    pub(crate) at: Option<i64>,
}

/// Why.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cause {
    /// Ends soon after each start: exit code, restarts.
    Crash(Option<i64>, i64),
    /// Killed for memory: its limit in bytes, restarts.
    Memory(Option<f64>, i64),
    /// The image cannot be pulled: its name, and what the kubelet says.
    Image(String, String),
    /// The container cannot be made.
    Container(String),
    /// No node takes it: the scheduler's message, cores and bytes that it asks for.
    Unschedulable(String, Option<f64>, Option<f64>),
    /// Runs, but not all of it is ready; the probe's words where an event has them.
    NotReady(String),
    /// Has not started for long; what an event says about it.
    Stuck(String),
    /// Ended badly: exit code, and what it left behind.
    Ended(Option<i64>, String),
    /// Put out of its node, or refused by it.
    Evicted(String),
}

impl Cause {
    /// Whether an event may say more than the pod does.
    pub(crate) fn wants_event(&self) -> bool {
        matches!(self, Self::NotReady(_) | Self::Stuck(_) | Self::Image(..))
    }

    /// Takes over the words of an event about the pod.
    pub(crate) fn hear(&mut self, reason: &str, told: &str) {
        match self {
            Self::NotReady(words) if reason == "Unhealthy" => told.clone_into(words),
            Self::Stuck(words) => told.clone_into(words),
            Self::Image(_, words) if reason == "Failed" => told.clone_into(words),
            _ => {}
        }
    }
}

/// What is wrong with a pod, the worst of it.
pub(crate) fn of(pod: &Value, now: i64) -> Option<Trouble> {
    let trouble = |severity, reason: &str, cause, container: &str, at| {
        let (reason, container) = (reason.to_owned(), container.to_owned());
        Some(Trouble { severity, reason, cause, container, at })
    };
    if pod::is_terminating(pod) || text(pod, &["status", "phase"]) == "Succeeded" {
        return None;
    }
    if text(pod, &["status", "phase"]) == "Failed" {
        return ended(pod);
    }
    if let Some(message) = scheduling::refusal(pod) {
        let asks = |resource| pod::resources(pod, "requests", resource);
        let cause = Cause::Unschedulable(message.to_owned(), asks("cpu"), asks("memory"));
        let since = condition(pod, "PodScheduled").and_then(|one| moment(text(one, &["lastTransitionTime"])));
        return trouble(Severity::Warning, "Unschedulable", cause, "", since.or_else(|| created(pod)));
    }
    let statuses = || {
        let init = list(pod, &["status", "initContainerStatuses"]).iter();
        init.chain(list(pod, &["status", "containerStatuses"]))
    };
    if let Some(found) = statuses().find_map(|status| of_container(pod, status, now)) {
        return Some(found);
    }
    let since = condition(pod, "Ready")
        .and_then(|ready| moment(text(ready, &["lastTransitionTime"])))
        .or_else(|| created(pod))?;
    let (ready, total) = pod::readiness(pod);
    if age(now, since) < PATIENCE || ready >= total {
        return None;
    }
    if text(pod, &["status", "phase"]) == "Running" {
        let message = condition(pod, "Ready").map(|ready| text(ready, &["message"])).unwrap_or_default();
        let unready = statuses().find(|one| at(one, &["ready"]) == Some(&Value::Bool(false)));
        let container = unready.map(|one| text(one, &["name"])).unwrap_or_default();
        return trouble(Severity::Warning, "", Cause::NotReady(message.to_owned()), container, Some(since));
    }
    trouble(Severity::Warning, &pod::status(pod), Cause::Stuck(String::new()), "", Some(since))
}

/// What is wrong with one container that does not run, or has not run for long.
fn of_container(pod: &Value, status: &Value, now: i64) -> Option<Trouble> {
    let name = text(status, &["name"]);
    let waiting = text(status, &["state", "waiting", "reason"]);
    let message = text(status, &["state", "waiting", "message"]);
    let restarts = integer(status, &["restartCount"]).unwrap_or(0);
    let last = at(status, &["state", "terminated"])
        .filter(|end| integer(end, &["exitCode"]) != Some(0))
        .or_else(|| at(status, &["lastState", "terminated"]));
    let ended = last.and_then(|end| moment(text(end, &["finishedAt"])));
    let found = |severity, reason: &str, cause, at| {
        let (reason, container) = (reason.to_owned(), name.to_owned());
        Some(Trouble { severity, reason, cause, container, at })
    };
    if IMAGE.contains(&waiting) {
        let image = spec_of(pod, name).map(|container| text(container, &["image"])).unwrap_or_default();
        return found(
            Severity::Critical,
            waiting,
            Cause::Image(image.to_owned(), message.to_owned()),
            created(pod),
        );
    }
    let is_waiting = !waiting.is_empty() && !STARTING.contains(&waiting);
    if is_waiting && waiting != "CrashLoopBackOff" {
        return found(Severity::Critical, waiting, Cause::Container(message.to_owned()), created(pod));
    }
    let is_recent = ended.is_some_and(|ended| age(now, ended) < MEMORY);
    let is_looping = is_waiting || (is_recent && restarts >= LOOP);
    let last = last.filter(|end| is_looping || (is_recent && text(end, &["reason"]) == "OOMKilled"))?;
    let severity = if is_looping { Severity::Critical } else { Severity::Warning };
    if text(last, &["reason"]) == "OOMKilled" {
        let limit = spec_of(pod, name)
            .and_then(|container| quantity::parse(text(container, &["resources", "limits", "memory"])));
        return found(severity, "OOMKilled", Cause::Memory(limit, restarts), ended);
    }
    found(severity, "CrashLoopBackOff", Cause::Crash(integer(last, &["exitCode"]), restarts), ended)
}

/// What a container was asked to be.
fn spec_of<'p>(pod: &'p Value, name: &str) -> Option<&'p Value> {
    let init = list(pod, &["spec", "initContainers"]).iter();
    init.chain(list(pod, &["spec", "containers"])).find(|container| text(container, &["name"]) == name)
}

/// A pod that ended badly.
fn ended(pod: &Value) -> Option<Trouble> {
    let message = text(pod, &["status", "message"]);
    let reason = text(pod, &["status", "reason"]);
    if !reason.is_empty() {
        let cause = Cause::Evicted(message.to_owned());
        let (reason, container) = (reason.to_owned(), String::new());
        return Some(Trouble { severity: Severity::Warning, reason, cause, container, at: created(pod) });
    }
    let statuses = list(pod, &["status", "containerStatuses"]).iter();
    let (status, end) = statuses
        .filter_map(|status| Some((status, at(status, &["state", "terminated"])?)))
        .find(|(_, end)| integer(end, &["exitCode"]) != Some(0))?;
    let left = text(end, &["message"]).trim();
    Some(Trouble {
        severity: Severity::Warning,
        reason: pod::end_reason(end),
        cause: Cause::Ended(
            integer(end, &["exitCode"]),
            if left.is_empty() { message } else { left }.to_owned(),
        ),
        container: text(status, &["name"]).to_owned(),
        at: moment(text(end, &["finishedAt"])),
    })
}

impl Trouble {
    /// The word for it.
    pub(crate) fn badge(&self, lang: Lang) -> String {
        match (&self.cause, self.reason.as_str()) {
            (Cause::NotReady(_), "") => Msg::NotReady.text(lang).to_owned(),
            (_, reason) => reason.to_owned(),
        }
    }

    /// The cause in a sentence.
    pub(crate) fn why(&self, lang: Lang) -> String {
        let container = self.container.as_str();
        let times = |n: i64| {
            crate::i18n::count(lang, usize::try_from(n).unwrap_or(0), Msg::RestartsOne, Msg::RestartsMany)
        };
        let exit =
            |code: &Option<i64>| code.map_or_else(|| crate::format::NONE.to_owned(), |code| code.to_string());
        let told = |msg: Msg, more: &str| {
            let said = fill(msg.text(lang), &[("container", container)]);
            if more.is_empty() { said } else { format!("{said} {more}") }
        };
        match &self.cause {
            Cause::Crash(code, restarts) => fill(
                Msg::WhyCrash.text(lang),
                &[("container", container), ("code", &exit(code)), ("restarts", &times(*restarts))],
            ),
            Cause::Memory(Some(limit), restarts) => fill(
                Msg::WhyMemoryLimit.text(lang),
                &[("container", container), ("limit", &bytes(*limit)), ("restarts", &times(*restarts))],
            ),
            Cause::Memory(None, restarts) => {
                fill(Msg::WhyMemory.text(lang), &[("container", container), ("restarts", &times(*restarts))])
            }
            Cause::Image(image, message) => match image_words(message, image) {
                "" => fill(Msg::WhyImage.text(lang), &[("image", image)]),
                why => fill(Msg::WhyImageBecause.text(lang), &[("image", image), ("why", why)]),
            },
            Cause::Container(message) => told(Msg::WhyContainer, message),
            Cause::Unschedulable(message, cpu, memory) => {
                let cpu = cpu.map(|cores| fill(Msg::CoresShort.text(lang), &[("n", &number(cores))]));
                let asks: Vec<String> = cpu.into_iter().chain(memory.map(bytes)).collect();
                let said = scheduling::words(lang, message);
                match asks.join(", ") {
                    asks if asks.is_empty() => said,
                    asks => format!("{said} {}", fill(Msg::WhyAsks.text(lang), &[("asks", &asks)])),
                }
            }
            Cause::NotReady(message) => told(Msg::WhyNotReady, message),
            Cause::Stuck(message) => told(Msg::WhyStuck, message),
            Cause::Ended(code, message) => {
                let said = fill(Msg::WhyEnded.text(lang), &[("container", container), ("code", &exit(code))]);
                if message.is_empty() { said } else { format!("{said} {message}") }
            }
            Cause::Evicted(message) => told(Msg::WhyEvicted, message),
        }
    }
}

/// What is left of the kubelet's words about an image when they do not repeat its name.
fn image_words<'m>(message: &'m str, image: &str) -> &'m str {
    if message.starts_with("Back-off") {
        return "";
    }
    let quoted = format!("{image:?}");
    message.split_once(&quoted).map_or(message, |(_, rest)| rest.trim_start_matches([':', ' ']))
}

#[cfg(test)]
mod tests {
    use crate::json::json;

    use super::*;

    const NOW: i64 = 3_600_000;

    fn pod(phase: &str, container: Value, status: Value) -> Value {
        let mut status = status;
        status["name"] = "web".into();
        json!({"metadata": {"name": "web-1", "creationTimestamp": "1970-01-01T00:00:00Z"},
            "spec": {"containers": [container]},
            "status": {"phase": phase, "containerStatuses": [status]}})
    }

    #[track_caller]
    fn check(pod: &Value, severity: Severity, badge: &str, why: &str) {
        let trouble = of(pod, NOW).unwrap();
        assert_eq!(
            (trouble.severity, trouble.badge(Lang::English).as_str(), trouble.why(Lang::English).as_str()),
            (severity, badge, why)
        );
    }

    #[test]
    fn a_crash_loop_is_told_with_exit_code_and_restarts() {
        let end =
            json!({"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": "1970-01-01T00:59:30Z"}});
        let waits = json!({"waiting": {"reason": "CrashLoopBackOff"}});
        let spec = json!({"name": "web"});
        check(
            &pod("Running", spec.clone(), json!({"restartCount": 14, "state": waits, "lastState": end})),
            Severity::Critical,
            "CrashLoopBackOff",
            "Container web ends with exit code 1 soon after each start; 14 restarts.",
        );
        // Between two crashes it runs, and is no better.
        let runs = json!({"running": {}});
        check(
            &pod(
                "Running",
                spec.clone(),
                json!({"restartCount": 3, "state": runs, "lastState": end, "ready": true}),
            ),
            Severity::Critical,
            "CrashLoopBackOff",
            "Container web ends with exit code 1 soon after each start; 3 restarts.",
        );
        let long_ago = json!({"terminated": {"exitCode": 1, "finishedAt": "1970-01-01T00:10:00Z"}});
        let well = pod(
            "Running",
            spec,
            json!({"restartCount": 9, "state": runs, "lastState": long_ago, "ready": true}),
        );
        assert_eq!(of(&well, NOW), None);
    }

    #[test]
    fn running_out_of_memory_is_the_cause_and_the_loop_only_its_symptom() {
        let spec = json!({"name": "web", "resources": {"limits": {"memory": "256Mi"}}});
        let end = json!({"terminated": {"exitCode": 137, "reason": "OOMKilled", "finishedAt": "1970-01-01T00:59:30Z"}});
        let waits = json!({"waiting": {"reason": "CrashLoopBackOff"}});
        check(
            &pod("Running", spec.clone(), json!({"restartCount": 1, "state": waits, "lastState": end})),
            Severity::Critical,
            "OOMKilled",
            "Container web is killed because it runs out of memory; its limit is 256 MiB. 1 restart.",
        );
        let once = pod(
            "Running",
            spec,
            json!({"restartCount": 1, "ready": true, "state": {"running": {}}, "lastState": end}),
        );
        assert_eq!(of(&once, NOW).unwrap().severity, Severity::Warning);
    }

    #[test]
    fn an_image_that_is_not_there_is_named() {
        let spec = json!({"name": "web", "image": "example.org/web:lates"});
        let waits = json!({"state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image \"example.org/web:lates\""}}});
        let pod = pod("Pending", spec, waits);
        check(
            &pod,
            Severity::Critical,
            "ImagePullBackOff",
            "The image example.org/web:lates cannot be pulled.",
        );
        let mut trouble = of(&pod, NOW).unwrap();
        trouble.cause.hear("Failed", "Failed to pull image \"example.org/web:lates\": not found");
        assert_eq!(trouble.why(Lang::English), "The image example.org/web:lates cannot be pulled: not found");
    }

    #[test]
    fn a_pod_that_no_node_takes_says_what_it_asks_for() {
        let mut pod = pod(
            "Pending",
            json!({"name": "web", "resources": {"requests": {"cpu": "64", "memory": "8Gi"}}}),
            json!({}),
        );
        pod["status"]["conditions"] = json!([{"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
            "message": "0/5 nodes are available: 5 Insufficient cpu."}]);
        check(
            &pod,
            Severity::Warning,
            "Unschedulable",
            "0 of 5 nodes fit: 5 lack CPU. It asks for 64 cores, 8.0 GiB.",
        );
    }

    #[test]
    fn a_failing_probe_is_told_in_its_own_words_once_the_pod_has_had_time() {
        let mut pod =
            pod("Running", json!({"name": "web"}), json!({"ready": false, "state": {"running": {}}}));
        pod["status"]["conditions"] =
            json!([{"type": "Ready", "status": "False", "lastTransitionTime": "1970-01-01T00:59:30Z"}]);
        assert_eq!(of(&pod, NOW), None);
        let mut trouble = of(&pod, NOW + 5 * MINUTE).unwrap();
        assert!(trouble.cause.wants_event());
        trouble.cause.hear("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 500");
        assert_eq!(trouble.badge(Lang::English), "Not ready");
        assert_eq!(
            trouble.why(Lang::English),
            "Container web runs but is not ready. Readiness probe failed: HTTP probe failed with statuscode: 500"
        );
    }

    #[test]
    fn a_pod_that_ended_badly_is_worth_a_look_and_one_that_is_going_is_not() {
        let mut pod = pod(
            "Failed",
            json!({"name": "web"}),
            json!({"state": {"terminated": {"exitCode": 2, "reason": "Error"}}}),
        );
        check(&pod, Severity::Warning, "Error", "Container web ended with exit code 2.");
        pod["metadata"]["deletionTimestamp"] = "1970-01-01T00:59:00Z".into();
        assert_eq!(of(&pod, NOW), None);
    }

    #[test]
    fn an_evicted_pod_keeps_the_kubelets_words() {
        let pod = json!({"status": {"phase": "Failed", "reason": "Evicted", "message": "The node was low on memory."}});
        check(&pod, Severity::Warning, "Evicted", "It was put out of its node. The node was low on memory.");
    }
}
