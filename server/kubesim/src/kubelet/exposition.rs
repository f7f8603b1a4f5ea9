//! The two pages of metrics, in the Prometheus text format.

use std::fmt::Write;

use jiff::Timestamp;
use serde_json::Value;

use super::{usage::Usage, volumes::VolumeUsage};
use crate::object;

/// A family of the cAdvisor page: name, type, help, and the value of a container.
struct Family(&'static str, &'static str, &'static str, fn(&Usage<'_>) -> f64);

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
    Family("container_fs_usage_bytes", "gauge", "Bytes that are consumed by the container.", |u| {
        u.memory_bytes * 0.05
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
    for family @ Family(name, _, _, value) in CONTAINERS {
        head(&mut text, family);
        for (pod, containers) in &started {
            for usage in containers {
                let _ = writeln!(
                    text,
                    "{name}{{container={:?},id=\"/kubepods/pod{}/{}\",image={:?},name={:?},namespace={:?},pod={:?}}} {}",
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

fn head(text: &mut String, Family(name, kind, help, _): &Family) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}
