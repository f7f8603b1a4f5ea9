//! The pages that a kubelet serves: metrics, a summary, and the logs of containers that never ran.
//!
//! Values follow from the objects and the time alone: a counter is the integral of its rate since the container started,
//! so that two looks agree and nothing has to be remembered.

mod exposition;
mod logs;
mod usage;

use jiff::Timestamp;
use serde_json::{Value, json};

pub(crate) use logs::{Wish, lines};
use usage::Usage;

use crate::{object, store::Store};

/// A page of the kubelet of `node`; none if there is no such page.
pub(crate) fn page(store: &Store, node: &str, path: &str, now: Timestamp) -> Option<Page> {
    let pods: Vec<Value> = store
        .list("pods", "")
        .filter(|(_, pod)| object::text(pod, &["spec", "nodeName"]) == node)
        .map(|(_, pod)| pod.as_ref().clone())
        .collect();
    match path.trim_matches('/') {
        "metrics" => Some(Page::Text(exposition::kubelet(node, &pods))),
        "metrics/cadvisor" => Some(Page::Text(exposition::cadvisor(node, &pods, now))),
        "stats/summary" => Some(Page::Json(summary(node, &pods, now))),
        "pods" => {
            Some(Page::Json(json!({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": pods})))
        }
        "healthz" => Some(Page::Text("ok".to_owned())),
        _ => None,
    }
}

/// What a page is.
pub(crate) enum Page {
    Text(String),
    Json(Value),
}

/// `/stats/summary`
fn summary(node: &str, pods: &[Value], now: Timestamp) -> Value {
    let time = crate::clock::seconds(now);
    let mut total = (0.0, 0.0);
    let pods: Vec<Value> = pods
        .iter()
        .map(|pod| {
            let containers: Vec<Value> = Usage::of_pod(pod, now)
                .map(|usage| {
                    total.0 += usage.cpu_cores;
                    total.1 += usage.memory_bytes;
                    json!({
                        "name": usage.container, "startTime": usage.started,
                        "cpu": {"time": time, "usageNanoCores": whole(usage.cpu_cores * 1e9),
                            "usageCoreNanoSeconds": whole(usage.cpu_seconds * 1e9)},
                        "memory": {"time": time, "workingSetBytes": whole(usage.memory_bytes),
                            "usageBytes": whole(usage.memory_bytes * 1.2), "rssBytes": whole(usage.memory_bytes * 0.8)},
                    })
                })
                .collect();
            let volumes: Vec<Value> = object::list(pod, &["spec", "volumes"])
                .iter()
                .filter(|volume| object::at(volume, &["persistentVolumeClaim"]).is_some())
                .map(|volume| volume_stats(pod, volume))
                .collect();
            json!({
                "podRef": {"name": object::name(pod), "namespace": object::namespace(pod), "uid": object::uid(pod)},
                "startTime": object::text(pod, &["status", "startTime"]), "containers": containers, "volume": volumes,
            })
        })
        .collect();
    json!({
        "node": {
            "nodeName": node,
            "cpu": {"time": time, "usageNanoCores": whole(total.0 * 1e9)},
            "memory": {"time": time, "workingSetBytes": whole(total.1)},
        },
        "pods": pods,
    })
}

/// The first kafka volume is nearly full; all others have room.
fn volume_stats(pod: &Value, volume: &Value) -> Value {
    const CAPACITY: f64 = 10.0 * 1024.0 * 1024.0 * 1024.0;
    let used =
        if object::name(pod) == "kafka-0" { 0.98 } else { 0.2 + usage::fraction(object::uid(pod), 7) * 0.4 };
    json!({
        "name": object::text(volume, &["name"]),
        "pvcRef": {"name": object::text(volume, &["persistentVolumeClaim", "claimName"]),
            "namespace": object::namespace(pod)},
        "capacityBytes": whole(CAPACITY), "usedBytes": whole(CAPACITY * used),
        "availableBytes": whole(CAPACITY * (1.0 - used)),
    })
}

/// A measurement as the whole number that JSON readers of it expect.
fn whole(value: f64) -> u64 {
    // Measurements are positive and far below the limit, at which the conversion saturates.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates at both ends")]
    let whole = value as u64;
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod() -> Value {
        json!({
            "metadata": {"name": "web-1", "namespace": "shop", "uid": "u-1"},
            "spec": {"nodeName": "demo-1", "containers": [{"name": "nginx", "image": "nginx:1",
                "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "64Mi"}}}]},
            "status": {"startTime": "2026-11-21T08:00:00Z", "containerStatuses": [{"name": "nginx",
                "containerID": "containerd://abc", "restartCount": 0,
                "state": {"running": {"startedAt": "2026-11-21T08:00:00Z"}}}]},
        })
    }

    #[test]
    fn a_counter_grows_by_its_rate() {
        let cpu = |at: &str| Usage::of_pod(&pod(), at.parse().unwrap()).next().unwrap().cpu_seconds;
        let (first, second) = (cpu("2026-11-21T08:10:00Z"), cpu("2026-11-21T08:11:00Z"));
        let rate = (second - first) / 60.0;
        assert!(rate > 0.0 && rate < 0.2, "{rate}");
    }

    #[test]
    fn the_pages_name_the_containers() {
        let mut store = Store::new(10);
        store.put("pods", "shop/web-1", pod());
        let now = "2026-11-21T08:10:00Z".parse().unwrap();
        let Some(Page::Text(text)) = page(&store, "demo-1", "metrics/cadvisor", now) else {
            panic!("no page")
        };
        assert!(text.contains("container_memory_working_set_bytes{container=\"nginx\""), "{text}");
        assert!(text.contains("# TYPE container_cpu_usage_seconds_total counter"), "{text}");
        assert!(page(&store, "demo-1", "nope", now).is_none());
        let Some(Page::Text(other)) = page(&store, "demo-2", "metrics/cadvisor", now) else {
            panic!("no page")
        };
        assert!(!other.contains("nginx"));
    }
}
