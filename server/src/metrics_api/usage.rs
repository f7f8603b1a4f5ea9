//! What is used now, by the samples of the last two minutes.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crowsnest_api::{Labels, Timestamp};
use crowsnest_promql::{QueryResult, SampleValue, Value};

use crate::api_v1::{pool_failed, query_failed};
use crate::clock;
use crate::http::{ApiError, AppState};

/// What one node or container uses.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Amount {
    pub(super) cores: f64,
    pub(super) bytes: f64,
}

/// Namespace, pod or node, container.
type Key = (String, String, String);

/// What all that was asked for use.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Usage(BTreeMap<Key, Amount>);

/// Containers, as cAdvisor and the kubelet's resource page tell of them; both may be there, so the larger counts and not the sum.
const CONTAINER: &str = r#"container!="", container!="POD", pod!="""#;
/// A node: what the kubelet says, or cAdvisor of the root of all control groups, or what the host's own counters give.
const NODE_CPU: &str = r#"
  max by (node) (irate(node_cpu_usage_seconds_total{node!=""}[2m]))
or max by (node) (irate(container_cpu_usage_seconds_total{id="/", node!=""}[2m]))
or sum by (node) (irate(node_cpu_seconds_total{mode!~"idle|iowait|steal|guest.*", node!=""}[2m]))"#;
const NODE_MEMORY: &str = r#"
  max by (node) (last_over_time(node_memory_working_set_bytes{node!=""}[2m]))
or max by (node) (last_over_time(container_memory_working_set_bytes{id="/", node!=""}[2m]))
or max by (node) (last_over_time(node_memory_MemTotal_bytes{node!=""}[2m])
  - last_over_time(node_memory_MemAvailable_bytes{node!=""}[2m]))"#;

impl Usage {
    pub(super) async fn of_nodes(app: &AppState) -> Result<Self, ApiError> {
        Self::ask(app, [NODE_CPU.to_owned(), NODE_MEMORY.to_owned()]).await
    }

    /// Of the pods of a namespace, or of all.
    pub(super) async fn of_pods(app: &AppState, namespace: Option<&str>) -> Result<Self, ApiError> {
        let mut matchers = CONTAINER.to_owned();
        if let Some(namespace) = namespace {
            // A namespace has no character that would need escaping. Writing to a String cannot fail.
            let _ = write!(matchers, ", namespace=\"{namespace}\"");
        }
        let by = "max by (namespace, pod, container)";
        let cpu = format!("{by} (irate(container_cpu_usage_seconds_total{{{matchers}}}[2m]))");
        let memory = format!("{by} (last_over_time(container_memory_working_set_bytes{{{matchers}}}[2m]))");
        Self::ask(app, [cpu, memory]).await
    }

    /// What a node or container uses.
    pub(super) fn get(&self, namespace: &str, name: &str, container: &str) -> Option<&Amount> {
        self.0.get(&(namespace.to_owned(), name.to_owned(), container.to_owned()))
    }

    /// The containers of a pod.
    pub(super) fn containers(&self, namespace: &str, pod: &str) -> impl Iterator<Item = (&str, &Amount)> {
        let begin = (namespace.to_owned(), pod.to_owned(), String::new());
        let of_the_pod = move |(key, _): &(&Key, &Amount)| (&key.0, &key.1) == (&begin.0, &begin.1);
        let from = (namespace.to_owned(), pod.to_owned(), String::new());
        self.0.range(from..).take_while(of_the_pod).map(|(key, amount)| (key.2.as_str(), amount))
    }

    /// Asks for processor time and memory.
    async fn ask(app: &AppState, [cpu, memory]: [String; 2]) -> Result<Self, ApiError> {
        let now = clock::now();
        let (cores, bytes) = (instant(app, cpu, now).await?, instant(app, memory, now).await?);
        Ok(Self::of(cores, bytes))
    }

    /// What has both.
    fn of(cores: Vec<(Labels, f64)>, bytes: Vec<(Labels, f64)>) -> Self {
        let bytes: BTreeMap<Key, f64> =
            bytes.into_iter().map(|(labels, value)| (key(&labels), value)).collect();
        let both = cores.into_iter().filter_map(|(labels, cores)| {
            let key = key(&labels);
            let bytes = *bytes.get(&key)?;
            Some((key, Amount { cores, bytes }))
        });
        Self(both.collect())
    }
}

fn key(labels: &Labels) -> Key {
    let get = |name: &str| labels.get(name).map(ToString::to_string);
    let name = get("pod").or_else(|| get("node"));
    (get("namespace").unwrap_or_default(), name.unwrap_or_default(), get("container").unwrap_or_default())
}

/// The elements of an instant vector, asked for in the pool like any query.
async fn instant(app: &AppState, text: String, at: Timestamp) -> Result<Vec<(Labels, f64)>, ApiError> {
    let expr = crowsnest_promql::parse(&text)
        .map_err(|error| ApiError::internal(std::io::Error::other(error.to_string())))?;
    let state = AppState::clone(app);
    let result = app.pool.run(&text, None, move |job| {
        let store = std::sync::Arc::clone(&state.storage.queryable);
        let result = state.engine.query(&*store, &expr).controlled(&job.control).instant(at);
        result.inspect(|result| job.note(&result.stats))
    });
    let QueryResult { value, .. } = result.await.map_err(pool_failed)?.map_err(query_failed)?;
    let Value::Vector(elements) = value else { return Ok(Vec::new()) };
    let float = |value| match value {
        SampleValue::Float(value) => Some(value),
        SampleValue::Histogram(_) => None,
    };
    Ok(elements.into_iter().filter_map(|element| Some((element.labels, float(element.value)?))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_promql() {
        for text in [NODE_CPU, NODE_MEMORY] {
            crowsnest_promql::parse(text).unwrap();
        }
    }

    #[test]
    fn containers_are_those_of_the_pod_and_have_both_amounts() {
        let labels = |pod: &str, container: &str| {
            Labels::from_pairs([("namespace", "n"), ("pod", pod), ("container", container)])
        };
        let cores = vec![(labels("a", "x"), 0.5), (labels("a", "y"), 1.0), (labels("ab", "z"), 2.0)];
        let bytes = vec![(labels("a", "x"), 10.0), (labels("ab", "z"), 20.0)];
        let usage = Usage::of(cores, bytes);
        let found: Vec<_> = usage.containers("n", "a").collect();
        assert_eq!(found, [("x", &Amount { cores: 0.5, bytes: 10.0 })]);
        assert_eq!(usage.get("n", "ab", "z").map(|amount| amount.cores), Some(2.0));
    }
}
