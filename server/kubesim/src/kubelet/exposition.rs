//! The two pages of metrics, in the Prometheus text format.

use std::fmt::Write;

use jiff::Timestamp;
use serde_json::Value;

use super::{usage::Usage, volumes::VolumeUsage};
use crate::object;

/// A family of the cAdvisor page: name, type, help, and the value of a container. Those of filesystems have a device, too.
struct Family(&'static str, &'static str, &'static str, fn(&Usage<'_>) -> f64);

/// The disk of every container.
const DEVICE: &str = "device=\"/dev/sda\",";
/// Periods of the scheduler a second, of which a few are throttled where there is a limit.
const PERIODS: f64 = 10.0;

const CONTAINERS: &[Family] = &[
    Family("container_cpu_usage_seconds_total", "counter", "Cumulative cpu time consumed in seconds.", |u| {
        u.cpu_seconds
    }),
    Family(
        "container_cpu_user_seconds_total",
        "counter",
        "Cumulative user cpu time consumed in seconds.",
        |u| u.cpu_seconds * 0.7,
    ),
    Family(
        "container_cpu_system_seconds_total",
        "counter",
        "Cumulative system cpu time consumed in seconds.",
        |u| u.cpu_seconds * 0.3,
    ),
    Family("container_memory_working_set_bytes", "gauge", "Current working set in bytes.", |u| {
        u.memory_bytes
    }),
    Family("container_memory_usage_bytes", "gauge", "Current memory usage in bytes.", |u| {
        u.memory_bytes * 1.2
    }),
    Family("container_memory_rss", "gauge", "Size of RSS in bytes.", |u| u.memory_bytes * 0.8),
    Family("container_memory_cache", "gauge", "Number of bytes of page cache memory.", |u| {
        u.memory_bytes * 0.4
    }),
    Family("container_spec_memory_limit_bytes", "gauge", "Memory limit for the container.", |u| {
        u.memory_limit_bytes
    }),
    Family("container_memory_swap", "gauge", "Container swap usage in bytes.", |_| 0.0),
    Family(
        "container_oom_events_total",
        "counter",
        "Count of out of memory events observed for the container",
        |_| 0.0,
    ),
    Family(
        "container_cpu_cfs_periods_total",
        "counter",
        "Number of elapsed enforcement period intervals.",
        |u| (u.seconds * PERIODS).floor(),
    ),
    Family(
        "container_cpu_cfs_throttled_periods_total",
        "counter",
        "Number of throttled period intervals.",
        |u| (u.seconds * PERIODS * 0.02).floor(),
    ),
    Family(
        "container_cpu_cfs_throttled_seconds_total",
        "counter",
        "Total time duration the container has been throttled.",
        |u| u.seconds * 0.002,
    ),
    Family("container_fs_usage_bytes", "gauge", "Bytes that are consumed by the container.", |u| {
        u.memory_bytes * 0.05
    }),
];

/// The same with a device.
const DISKS: &[Family] = &[
    Family("container_fs_reads_bytes_total", "counter", "Cumulative count of bytes read", |u| {
        u.cpu_seconds * 40_000.0
    }),
    Family("container_fs_reads_total", "counter", "Cumulative count of reads completed", |u| {
        (u.cpu_seconds * 9.0).floor()
    }),
    Family("container_fs_writes_bytes_total", "counter", "Cumulative count of bytes written", |u| {
        u.cpu_seconds * 90_000.0
    }),
    Family("container_fs_writes_total", "counter", "Cumulative count of writes completed", |u| {
        (u.cpu_seconds * 20.0).floor()
    }),
];

/// Families of the whole pod, under the name of its sandbox.
const PODS: &[Family] = &[
    Family("container_network_receive_bytes_total", "counter", "Cumulative count of bytes received.", |u| {
        u.received_bytes
    }),
    Family(
        "container_network_transmit_bytes_total",
        "counter",
        "Cumulative count of bytes transmitted.",
        |u| u.sent_bytes,
    ),
    Family(
        "container_network_receive_packets_total",
        "counter",
        "Cumulative count of packets received",
        |u| (u.received_bytes / 800.0).floor(),
    ),
    Family(
        "container_network_transmit_packets_total",
        "counter",
        "Cumulative count of packets transmitted",
        |u| (u.sent_bytes / 800.0).floor(),
    ),
];

/// Further families of pods, of which hardly anything comes.
const TROUBLE: &[(&str, &str)] = &[
    ("container_network_receive_errors_total", "Cumulative count of errors encountered while receiving"),
    (
        "container_network_receive_packets_dropped_total",
        "Cumulative count of packets dropped while receiving",
    ),
    ("container_network_transmit_errors_total", "Cumulative count of errors encountered while transmitting"),
    (
        "container_network_transmit_packets_dropped_total",
        "Cumulative count of packets dropped while transmitting",
    ),
];

/// A family of the page of resources, without what it is of: name, type, help, the value of a container.
type Resource = (&'static str, &'static str, &'static str, fn(&Usage<'_>) -> f64);

const RESOURCES: &[Resource] = &[
    ("cpu_usage_seconds_total", "counter", "Cumulative cpu time in core-seconds", |u| u.cpu_seconds),
    ("memory_working_set_bytes", "gauge", "Current working set in bytes", |u| u.memory_bytes),
];

/// A family of the volumes of claims: name, help, value.
type VolumeFamily = (&'static str, &'static str, fn(&VolumeUsage<'_>) -> u64);

const VOLUMES: &[VolumeFamily] = &[
    ("kubelet_volume_stats_capacity_bytes", "Capacity in bytes of the volume", |v| v.capacity_bytes),
    ("kubelet_volume_stats_used_bytes", "Number of used bytes in the volume", |v| v.used_bytes),
    ("kubelet_volume_stats_available_bytes", "Number of available bytes in the volume", |v| {
        v.capacity_bytes - v.used_bytes
    }),
    ("kubelet_volume_stats_inodes", "Maximum number of inodes in the volume", |v| v.inodes),
    ("kubelet_volume_stats_inodes_used", "Number of used inodes in the volume", |v| v.inodes_used),
    ("kubelet_volume_stats_inodes_free", "Number of free inodes in the volume", |v| v.inodes - v.inodes_used),
];

/// `/metrics/cadvisor`
pub(super) fn cadvisor(node: &str, pods: &[Value], now: Timestamp) -> String {
    let mut text = String::new();
    let started: Vec<(&Value, Vec<Usage<'_>>)> =
        pods.iter().map(|pod| (pod, Usage::of_pod(pod, now).collect())).collect();
    for family @ Family(name, _, _, value) in CONTAINERS.iter().chain(DISKS) {
        head(&mut text, family);
        let device = if name.contains("_fs_") { DEVICE } else { "" };
        for (pod, containers) in &started {
            for usage in containers {
                let _ = writeln!(
                    text,
                    "{name}{{container={:?},{device}id=\"/kubepods/pod{}/{}\",image={:?},name={:?},namespace={:?},pod={:?}}} {}",
                    usage.container,
                    object::uid(pod),
                    usage.id,
                    usage.image,
                    usage.id,
                    object::namespace(pod),
                    object::name(pod),
                    value(usage)
                );
            }
        }
    }
    for family @ Family(name, _, _, value) in PODS {
        head(&mut text, family);
        for (pod, containers) in &started {
            let Some(usage) = containers.first() else { continue };
            let _ = writeln!(
                text,
                "{name}{{container=\"\",id=\"/kubepods/pod{}\",image=\"\",interface=\"eth0\",name=\"\",namespace={:?},pod={:?}}} {}",
                object::uid(pod),
                object::namespace(pod),
                object::name(pod),
                value(usage)
            );
        }
    }
    for (name, help) in TROUBLE {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} counter");
        for (pod, _) in started.iter().filter(|(_, containers)| !containers.is_empty()) {
            let (uid, namespace, pod) = (object::uid(pod), object::namespace(pod), object::name(pod));
            let _ = writeln!(
                text,
                "{name}{{container=\"\",id=\"/kubepods/pod{uid}\",image=\"\",interface=\"eth0\",name=\"\",namespace={namespace:?},pod={pod:?}}} 0"
            );
        }
    }
    let _ = writeln!(
        text,
        "# HELP machine_memory_bytes Amount of memory installed on the machine.\n# TYPE machine_memory_bytes gauge\n\
         machine_memory_bytes{{boot_id=\"\",machine_id={node:?},system_uuid=\"\"}} 3.4359738368e+10"
    );
    let _ = writeln!(
        text,
        "# HELP machine_cpu_cores Number of logical CPU cores.\n# TYPE machine_cpu_cores gauge\n\
         machine_cpu_cores{{boot_id=\"\",machine_id={node:?},system_uuid=\"\"}} 8"
    );
    text
}

/// `/metrics`
pub(super) fn kubelet(node: &str, pods: &[Value], now: Timestamp) -> String {
    let running = pods.iter().filter(|pod| object::text(pod, &["status", "phase"]) == "Running").count();
    let containers: usize = pods
        .iter()
        .map(|pod| {
            object::list(pod, &["status", "containerStatuses"])
                .iter()
                .filter(|status| object::at(status, &["state", "running"]).is_some())
                .count()
        })
        .sum();
    let mut text = format!(
        "# HELP kubelet_node_name The node's name. The count is always 1.\n# TYPE kubelet_node_name gauge\n\
         kubelet_node_name{{node={node:?}}} 1\n\
         # HELP kubelet_running_pods Number of pods that have a running pod sandbox\n\
         # TYPE kubelet_running_pods gauge\nkubelet_running_pods {running}\n\
         # HELP kubelet_running_containers Number of containers currently running\n\
         # TYPE kubelet_running_containers gauge\n\
         kubelet_running_containers{{container_state=\"running\"}} {containers}\n"
    );
    super::own::families(&mut text, pods, now);
    for (name, help, value) in VOLUMES {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
        for pod in pods {
            for volume in VolumeUsage::of_pod(pod, now) {
                let _ = writeln!(
                    text,
                    "{name}{{namespace={:?},persistentvolumeclaim={:?}}} {}",
                    object::namespace(pod),
                    volume.claim,
                    value(&volume)
                );
            }
        }
    }
    text
}

/// `/metrics/resource`: what the cluster's own resource metrics are made from.
pub(super) fn resource(pods: &[Value], now: Timestamp) -> String {
    let mut text = String::new();
    let used: Vec<(&Value, Vec<Usage<'_>>)> =
        pods.iter().map(|pod| (pod, Usage::of_pod(pod, now).collect())).collect();
    for (suffix, kind, help, value) in RESOURCES {
        let _ = writeln!(
            text,
            "# HELP container_{suffix} [STABLE] {help} of the container\n# TYPE container_{suffix} {kind}"
        );
        for (pod, containers) in &used {
            for usage in containers {
                let (namespace, name) = (object::namespace(pod), object::name(pod));
                let labels = format!("container={:?},namespace={namespace:?},pod={name:?}", usage.container);
                let _ = writeln!(text, "container_{suffix}{{{labels}}} {}", value(usage));
            }
        }
        let _ = writeln!(text, "# HELP pod_{suffix} [STABLE] {help} of the pod\n# TYPE pod_{suffix} {kind}");
        for (pod, containers) in &used {
            let (namespace, name) = (object::namespace(pod), object::name(pod));
            let sum: f64 = containers.iter().map(value).sum();
            let _ = writeln!(text, "pod_{suffix}{{namespace={namespace:?},pod={name:?}}} {sum}");
        }
        let sum: f64 = used.iter().flat_map(|(_, containers)| containers).map(value).sum();
        let _ = writeln!(
            text,
            "# HELP node_{suffix} [STABLE] {help} of the node\n# TYPE node_{suffix} {kind}\nnode_{suffix} {sum}"
        );
    }
    text + "# HELP resource_scrape_error [STABLE] 1 if there was an error while getting container metrics, 0 otherwise\n\
            # TYPE resource_scrape_error gauge\nresource_scrape_error 0\n"
}

/// `/metrics/probes`
pub(super) fn probes(pods: &[Value], now: Timestamp) -> String {
    let mut text = "# HELP prober_probe_total [BETA] Cumulative number of a liveness, readiness or startup probe for a container by result.\n\
        # TYPE prober_probe_total counter\n"
        .to_owned();
    for pod in pods {
        for usage in Usage::of_pod(pod, now) {
            let container = object::list(pod, &["spec", "containers"])
                .iter()
                .find(|container| object::text(container, &["name"]) == usage.container);
            for (field, kind) in [("livenessProbe", "Liveness"), ("readinessProbe", "Readiness")] {
                let Some(probe) = container.and_then(|container| object::at(container, &[field])) else {
                    continue;
                };
                let period = object::integer(probe, &["periodSeconds"]).unwrap_or(10).max(1);
                let since =
                    usage.started.parse::<Timestamp>().map_or(0, |since| now.duration_since(since).as_secs());
                let _ = writeln!(
                    text,
                    "prober_probe_total{{container={:?},namespace={:?},pod={:?},pod_uid={:?},probe_type={kind:?},result=\"successful\"}} {}",
                    usage.container,
                    object::namespace(pod),
                    object::name(pod),
                    object::uid(pod),
                    since.max(0) / period
                );
            }
        }
    }
    text
}

fn head(text: &mut String, Family(name, kind, help, _): &Family) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}
