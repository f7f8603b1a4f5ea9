//! Which containers there are: of one pod, or of all pods that a workload selects, asked for as the user.

use crowsnest_api::cluster::{Kind, NotAName, ObjectName, Scope};
use crowsnest_api::logs::LogQuestion;
use crowsnest_rbac::Credential;
use serde_json::Value;

use super::mark::{self, Key};
use crate::cluster::{As, Cluster, ClusterError, Form, Path};

/// Pods that are looked at: more than there are places for, so that their number can be told.
const MAX_PODS: usize = 250;

/// A container, and how its pod's status says that it is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Container {
    pub(super) key: Key,
    pub(super) pod: String,
    pub(super) name: String,
    pub(super) run: Run,
}

/// How a container is doing, as far as its log is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Run {
    /// It has not started yet, or there was no run before; why, if the cluster says so.
    None(String),
    /// Its current run: how many there were before, and whether it still writes.
    Number(u64, Writes),
    /// Its pod is gone.
    Gone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writes {
    More,
    NoMore,
}

/// How pods are found.
pub(crate) struct Pods {
    path: Path,
    /// The same as a list, whose changes can be watched.
    watched: Path,
    one: bool,
    previous: bool,
    containers: Vec<String>,
}

impl Pods {
    /// Finds out how the pods of a question are found.
    pub(crate) async fn of(
        question: &LogQuestion,
        cluster: &Cluster,
        credential: &Credential,
    ) -> Result<Self, ClusterError> {
        let (of, pods) = (&question.of, Kind::new("", "v1", "pods").map_err(|error| not_a_name(&error))?);
        let all = Path::list(&pods, &of.scope);
        let (path, watched) = if of.is_pod() {
            let named = format!("metadata.name={}", of.name.as_str());
            (Path::object(&pods, &of.scope, &of.name), all.with("fieldSelector", &named))
        } else {
            let path = Path::object(&of.kind, &of.scope, &of.name);
            let object: Value = cluster.get(As::User(credential), &path, Form::Whole).await?;
            let selector = match of.kind.resource() {
                "cronjobs" => jobs_of(&object, &of.scope, cluster, credential).await?,
                _ => selector(&object),
            };
            let selector = selector.ok_or_else(|| {
                ClusterError::Refused(crate::cluster::Status::bad_request(format!(
                    "{} selects no pods, so it has no logs",
                    of.kind
                )))
            })?;
            let selected = all.with("labelSelector", &selector);
            (selected.clone().with("limit", &MAX_PODS.to_string()), selected)
        };
        Ok(Self {
            path,
            watched,
            one: of.is_pod(),
            previous: question.previous,
            containers: question.containers.clone(),
        })
    }

    /// The list whose changes are those of these pods.
    pub(super) fn watched(&self) -> Path {
        self.watched.clone()
    }

    /// The containers that there are now, in the order of their pods' names.
    pub(super) async fn look(
        &self,
        cluster: &Cluster,
        credential: &Credential,
    ) -> Result<Vec<Container>, ClusterError> {
        let mut answer: Value = cluster.get(As::User(credential), &self.path, Form::Whole).await?;
        let pods = match answer.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) if !self.one => items,
            _ if self.one => vec![answer],
            _ => Vec::new(),
        };
        Ok(pods.iter().flat_map(|pod| self.containers_of(pod)).collect())
    }

    fn containers_of(&self, pod: &Value) -> Vec<Container> {
        let text =
            |pointer: &str| pod.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (name, uid) = (text("/metadata/name"), text("/metadata/uid"));
        let names = ["initContainers", "containers", "ephemeralContainers"]
            .iter()
            .filter_map(|field| pod.get("spec")?.get(field)?.as_array())
            .flatten()
            .filter_map(|container| container.get("name")?.as_str());
        names
            .filter(|name| self.containers.is_empty() || self.containers.iter().any(|wanted| wanted == name))
            .map(|container| Container {
                key: mark::key(&uid, container),
                pod: name.clone(),
                name: container.to_owned(),
                run: run(pod, container, self.previous),
            })
            .collect()
    }
}

fn not_a_name(error: &NotAName) -> ClusterError {
    ClusterError::Answer(error.to_string())
}

/// How a container is doing.
fn run(pod: &Value, container: &str, previous: bool) -> Run {
    let statuses = ["initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"]
        .iter()
        .filter_map(|field| pod.get("status")?.get(field)?.as_array())
        .flatten();
    let status =
        statuses.into_iter().find(|status| status.get("name").and_then(Value::as_str) == Some(container));
    let Some(status) = status else { return Run::None(String::new()) };
    let restarts = status.get("restartCount").and_then(Value::as_u64).unwrap_or_default();
    let has = |pointer: &str| status.pointer(pointer).is_some_and(|value| !value.is_null());
    if previous {
        return match has("/lastState/terminated") {
            true => Run::Number(restarts, Writes::NoMore),
            false => Run::None("it has not been restarted".to_owned()),
        };
    }
    if has("/state/running") {
        return Run::Number(restarts, Writes::More);
    }
    // One that waits for its restart still has the log of the run before.
    if has("/state/terminated") || has("/lastState/terminated") {
        return Run::Number(restarts, Writes::NoMore);
    }
    let why = status.pointer("/state/waiting/reason").and_then(Value::as_str).unwrap_or_default();
    Run::None(why.to_owned())
}

/// The labels by which a workload, a Service or a ReplicationController selects pods, as a parameter of a list; `None` where it
/// selects none.
fn selector(object: &Value) -> Option<String> {
    let selector = object.pointer("/spec/selector")?.as_object()?;
    let equal = |labels: &serde_json::Map<String, Value>| -> Vec<String> {
        labels.iter().filter_map(|(name, value)| Some(format!("{name}={}", value.as_str()?))).collect()
    };
    let set = selector.contains_key("matchLabels") || selector.contains_key("matchExpressions");
    if !set {
        return Some(equal(selector).join(",")).filter(|selector| !selector.is_empty());
    }
    let mut all = selector.get("matchLabels").and_then(Value::as_object).map(equal).unwrap_or_default();
    for expression in selector.get("matchExpressions").and_then(Value::as_array).into_iter().flatten() {
        // One that is not understood must not be left out: more pods would be shown than it selects.
        all.push(requirement(expression)?);
    }
    Some(all.join(",")).filter(|selector| !selector.is_empty())
}

fn requirement(expression: &Value) -> Option<String> {
    let key = expression.get("key")?.as_str()?;
    let values = || -> Option<String> {
        let values: Option<Vec<&str>> =
            expression.get("values")?.as_array()?.iter().map(Value::as_str).collect();
        Some(values?.join(","))
    };
    match expression.get("operator")?.as_str()? {
        "In" => Some(format!("{key} in ({})", values()?)),
        "NotIn" => Some(format!("{key} notin ({})", values()?)),
        "Exists" => Some(key.to_owned()),
        "DoesNotExist" => Some(format!("!{key}")),
        _ => None,
    }
}

/// The pods of the Jobs that a CronJob has made so far.
async fn jobs_of(
    cron_job: &Value,
    scope: &Scope,
    cluster: &Cluster,
    credential: &Credential,
) -> Result<Option<String>, ClusterError> {
    let jobs = Kind::new("batch", "v1", "jobs").map_err(|error| not_a_name(&error))?;
    let path = Path::list(&jobs, scope).with("limit", "500");
    let list: Value = cluster.get(As::User(credential), &path, Form::Whole).await?;
    let uid = cron_job.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default();
    let is_own = |job: &&Value| {
        let owners = job.pointer("/metadata/ownerReferences").and_then(Value::as_array);
        owners.into_iter().flatten().any(|owner| owner.get("uid").and_then(Value::as_str) == Some(uid))
    };
    let jobs = list.get("items").and_then(Value::as_array);
    let names: Vec<&str> = jobs
        .into_iter()
        .flatten()
        .filter(is_own)
        .filter_map(|job| job.pointer("/metadata/name")?.as_str())
        .filter(|name| name.parse::<ObjectName>().is_ok())
        .collect();
    Ok((!names.is_empty()).then(|| format!("job-name in ({})", names.join(","))))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(spec: &Value, expected: Option<&str>) {
        assert_eq!(selector(&json!({"spec": {"selector": spec}})).as_deref(), expected);
    }

    #[test]
    fn selectors_of_all_sorts_are_parameters_of_a_list() {
        check(&json!({"app": "web"}), Some("app=web"));
        check(&json!({"matchLabels": {"app": "web", "tier": "x"}}), Some("app=web,tier=x"));
        check(
            &json!({"matchExpressions": [
                {"key": "a", "operator": "In", "values": ["x", "y"]}, {"key": "b", "operator": "NotIn", "values": ["z"]},
                {"key": "c", "operator": "Exists"}, {"key": "d", "operator": "DoesNotExist"}]}),
            Some("a in (x,y),b notin (z),c,!d"),
        );
    }

    #[test]
    fn what_selects_nothing_or_is_not_understood_selects_no_pods_rather_than_all() {
        check(&json!({}), None);
        check(&json!({"matchLabels": {}}), None);
        check(&json!({"matchExpressions": [{"key": "a", "operator": "Gt", "values": ["1"]}]}), None);
        assert_eq!(selector(&json!({"spec": {}})), None);
    }

    #[test]
    fn a_container_that_waits_for_its_restart_has_the_log_of_the_run_before() {
        let of = |status: Value, previous| {
            let pod = json!({"status": {"containerStatuses": [status]}});
            run(&pod, "c", previous)
        };
        let crashed = json!({"name": "c", "restartCount": 3, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"exitCode": 1}}});
        assert_eq!(of(crashed.clone(), false), Run::Number(3, Writes::NoMore));
        assert_eq!(of(crashed, true), Run::Number(3, Writes::NoMore));
        let runs = json!({"name": "c", "state": {"running": {}}, "lastState": {}});
        assert_eq!(of(runs.clone(), false), Run::Number(0, Writes::More));
        assert!(matches!(of(runs, true), Run::None(_)));
        let new = json!({"name": "c", "state": {"waiting": {"reason": "ImagePullBackOff"}}});
        assert_eq!(of(new, false), Run::None("ImagePullBackOff".to_owned()));
        assert_eq!(run(&json!({}), "c", false), Run::None(String::new()));
    }
}
