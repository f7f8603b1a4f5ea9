//! The pages that a kubelet serves: metrics, a summary, and the logs of containers that never ran.
//!
//! Values follow from the objects and the time alone: a counter is the integral of its rate since the container started,
//! so that two looks agree and nothing has to be remembered.

mod exposition;
pub(crate) mod logs;
mod own;
pub(crate) mod shell;
pub(crate) mod site;
mod usage;
mod volumes;

use jiff::Timestamp;
use serde_json::{Value, json};

pub(crate) use logs::Wish;
use usage::Usage;
use volumes::VolumeUsage;

use crate::{object, store::Store};

/// A page of the kubelet of `node`; none if there is no such page.
pub(crate) fn page(store: &Store, node: &str, path: &str, now: Timestamp) -> Option<Page> {
    let pods: Vec<Value> = store
        .list("pods", "")
        .filter(|(_, pod)| object::text(pod, &["spec", "nodeName"]) == node)
        .map(|(_, pod)| pod.as_ref().clone())
        .collect();
    match path.trim_matches('/') {
        "metrics" => Some(Page::Text(exposition::kubelet(node, &pods, now))),
        "metrics/cadvisor" => Some(Page::Text(exposition::cadvisor(node, &pods, now))),
        "metrics/resource" => Some(Page::Text(exposition::resource(&pods, now))),
        "metrics/probes" => Some(Page::Text(exposition::probes(&pods, now))),
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
            let volumes: Vec<Value> = VolumeUsage::of_pod(pod, now)
                .map(|volume| {
                    json!({
                        "name": volume.name, "pvcRef": {"name": volume.claim, "namespace": object::namespace(pod)},
                        "capacityBytes": volume.capacity_bytes, "usedBytes": volume.used_bytes,
                        "availableBytes": volume.capacity_bytes - volume.used_bytes,
                        "inodes": volume.inodes, "inodesUsed": volume.inodes_used,
                        "inodesFree": volume.inodes - volume.inodes_used,
                    })
                })
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
    fn one_volume_is_full_and_both_pages_say_so() {
        let kafka = json!({
            "metadata": {"name": "kafka-0", "namespace": "data", "uid": "u-2"},
            "spec": {"nodeName": "demo-1", "volumes": [
                {"name": "data", "persistentVolumeClaim": {"claimName": "data-kafka-0"}}, {"name": "tmp", "emptyDir": {}}]},
        });
        let mut store = Store::new(10);
        store.put("pods", "data/kafka-0", kafka);
        let now = "2026-11-21T08:10:00Z".parse().unwrap();
        let Some(Page::Json(summary)) = page(&store, "demo-1", "stats/summary", now) else {
            panic!("no page")
        };
        let volumes = summary["pods"][0]["volume"].as_array().unwrap();
        assert_eq!(volumes.len(), 1);
        let (used, capacity) = (volumes[0]["usedBytes"].as_f64(), volumes[0]["capacityBytes"].as_f64());
        assert!(used.unwrap() / capacity.unwrap() > 0.99);
        let Some(Page::Text(text)) = page(&store, "demo-1", "metrics", now) else { panic!("no page") };
        let labels = r#"{namespace="data",persistentvolumeclaim="data-kafka-0"}"#;
        assert!(text.contains(&format!("kubelet_volume_stats_used_bytes{labels} ")), "{text}");
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
        let Some(Page::Text(resource)) = page(&store, "demo-1", "metrics/resource", now) else {
            panic!("no page")
        };
        for family in ["node", "pod", "container"] {
            assert!(
                resource.contains(&format!("# TYPE {family}_cpu_usage_seconds_total counter")),
                "{resource}"
            );
        }
        let Some(Page::Text(other)) = page(&store, "demo-2", "metrics/cadvisor", now) else {
            panic!("no page")
        };
        assert!(!other.contains("nginx"));
    }
}
