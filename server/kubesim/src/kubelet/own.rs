//! What a kubelet tells of itself: how its work goes, at steady rates since its first pod started.

use std::fmt::Write;

use jiff::Timestamp;
use serde_json::Value;

use crate::object;

/// A family whose value grows by a rate, or stays: name, type, help, labels of its series, and the value of each.
struct Plain(&'static str, &'static str, &'static str, &'static [&'static str], Amount);

/// A value.
#[derive(Clone, Copy)]
enum Amount {
    /// So many a second since the start.
    Rate(f64),
    /// Always this.
    Fixed(f64),
    /// Seconds of a certificate that is renewed once a year.
    Ttl,
    /// When the kubelet started.
    Start,
}

/// A histogram: name, help, labels of its series, observations a second, and how long one takes on average.
struct Durations(&'static str, &'static str, &'static [&'static str], f64, f64);

const NONE: &[&str] = &[""];
const RUNTIME: &[&str] = &[
    "operation_type=\"container_status\"",
    "operation_type=\"create_container\"",
    "operation_type=\"image_status\"",
    "operation_type=\"list_containers\"",
    "operation_type=\"list_podsandbox\"",
    "operation_type=\"podsandbox_status\"",
    "operation_type=\"start_container\"",
];

const PLAIN: &[Plain] = &[
    Plain(
        "kubelet_certificate_manager_client_expiration_renew_errors",
        "counter",
        "[ALPHA] Counter of certificate renewal errors.",
        NONE,
        Amount::Fixed(0.0),
    ),
    Plain(
        "kubelet_certificate_manager_client_ttl_seconds",
        "gauge",
        "[ALPHA] Gauge of the TTL (time-to-live) of the Kubelet's client certificate.",
        NONE,
        Amount::Ttl,
    ),
    Plain(
        "kubelet_certificate_manager_server_ttl_seconds",
        "gauge",
        "[ALPHA] Gauge of the shortest TTL (time-to-live) of the Kubelet's serving certificate.",
        NONE,
        Amount::Ttl,
    ),
    Plain(
        "kubelet_evictions",
        "counter",
        "[ALPHA] Cumulative number of pod evictions by eviction signal",
        &["eviction_signal=\"memory.available\"", "eviction_signal=\"nodefs.available\""],
        Amount::Fixed(0.0),
    ),
    Plain(
        "kubelet_runtime_operations_errors_total",
        "counter",
        "[ALPHA] Cumulative number of runtime operation errors by operation type.",
        RUNTIME,
        Amount::Rate(0.0004),
    ),
    Plain(
        "kubelet_runtime_operations_total",
        "counter",
        "[ALPHA] Cumulative number of runtime operations by operation type.",
        RUNTIME,
        Amount::Rate(0.8),
    ),
    Plain(
        "kubelet_server_expiration_renew_errors",
        "counter",
        "[ALPHA] Counter of certificate renewal errors.",
        NONE,
        Amount::Fixed(0.0),
    ),
    Plain(
        "process_cpu_seconds_total",
        "counter",
        "Total user and system CPU time spent in seconds.",
        NONE,
        Amount::Rate(0.03),
    ),
    Plain(
        "process_resident_memory_bytes",
        "gauge",
        "Resident memory size in bytes.",
        NONE,
        Amount::Fixed(9.4e7),
    ),
    Plain(
        "process_start_time_seconds",
        "gauge",
        "Start time of the process since unix epoch in seconds.",
        NONE,
        Amount::Start,
    ),
    Plain("go_goroutines", "gauge", "Number of goroutines that currently exist.", NONE, Amount::Fixed(412.0)),
    Plain(
        "rest_client_requests_total",
        "counter",
        "[ALPHA] Number of HTTP requests, partitioned by status code, method, and host.",
        &[
            "code=\"200\",host=\"10.96.0.1:443\",method=\"GET\"",
            "code=\"200\",host=\"10.96.0.1:443\",method=\"PATCH\"",
            "code=\"201\",host=\"10.96.0.1:443\",method=\"POST\"",
        ],
        Amount::Rate(0.35),
    ),
    Plain(
        "volume_manager_total_volumes",
        "gauge",
        "[ALPHA] Number of volumes in Volume Manager",
        &[
            "plugin_name=\"kubernetes.io/configmap\",state=\"actual_state_of_world\"",
            "plugin_name=\"kubernetes.io/configmap\",state=\"desired_state_of_world\"",
            "plugin_name=\"kubernetes.io/projected\",state=\"actual_state_of_world\"",
            "plugin_name=\"kubernetes.io/projected\",state=\"desired_state_of_world\"",
        ],
        Amount::Fixed(11.0),
    ),
];

const DURATIONS: &[Durations] = &[
    Durations(
        "kubelet_cgroup_manager_duration_seconds",
        "[ALPHA] Duration in seconds for cgroup manager operations. Broken down by method.",
        &["operation_type=\"create\"", "operation_type=\"destroy\"", "operation_type=\"update\""],
        0.05,
        0.004,
    ),
    Durations(
        "kubelet_pleg_relist_duration_seconds",
        "[ALPHA] Duration in seconds for relisting pods in PLEG.",
        NONE,
        1.0,
        0.006,
    ),
    Durations(
        "kubelet_pleg_relist_interval_seconds",
        "[ALPHA] Interval in seconds between relisting in PLEG.",
        NONE,
        1.0,
        1.0,
    ),
    Durations(
        "kubelet_pod_start_duration_seconds",
        "[ALPHA] Duration in seconds from kubelet seeing a pod for the first time to the pod starting to run",
        NONE,
        0.01,
        1.6,
    ),
    Durations(
        "kubelet_pod_worker_duration_seconds",
        "[ALPHA] Duration in seconds to sync a single pod. Broken down by operation type: create, update, or sync",
        &["operation_type=\"create\"", "operation_type=\"sync\"", "operation_type=\"update\""],
        0.3,
        0.02,
    ),
    Durations(
        "kubelet_runtime_operations_duration_seconds",
        "[ALPHA] Duration in seconds of runtime operations. Broken down by operation type.",
        RUNTIME,
        0.8,
        0.007,
    ),
    Durations(
        "rest_client_request_duration_seconds",
        "[ALPHA] Request latency in seconds. Broken down by verb, and host.",
        &["host=\"10.96.0.1:443\",verb=\"GET\"", "host=\"10.96.0.1:443\",verb=\"PATCH\""],
        0.35,
        0.009,
    ),
    Durations(
        "storage_operation_duration_seconds",
        "[ALPHA] Storage operation duration",
        &[
            "migrated=\"false\",operation_name=\"verify_controller_attached_volume\",status=\"success\",volume_plugin=\"kubernetes.io/csi\"",
            "migrated=\"false\",operation_name=\"volume_mount\",status=\"success\",volume_plugin=\"kubernetes.io/configmap\"",
        ],
        0.12,
        0.02,
    ),
];

const BOUNDS: &[f64] = &[0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
const YEAR: f64 = 365.0 * 86_400.0;

/// All of it.
pub(super) fn families(text: &mut String, pods: &[Value], now: Timestamp) {
    let starts = pods.iter().filter_map(|pod| object::text(pod, &["status", "startTime"]).parse().ok());
    let start: Timestamp = starts.min().unwrap_or(now);
    let up = now.duration_since(start).as_secs_f64().max(0.0);
    for Plain(name, kind, help, series, amount) in PLAIN {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        let value = match amount {
            Amount::Rate(rate) if *name == "process_cpu_seconds_total" => up * rate,
            Amount::Rate(rate) => (up * rate).floor(),
            Amount::Fixed(value) => *value,
            Amount::Ttl => YEAR - up % YEAR,
            Amount::Start => start.duration_since(Timestamp::UNIX_EPOCH).as_secs_f64(),
        };
        for labels in *series {
            let _ = writeln!(text, "{name}{} {value}", braced(labels));
        }
    }
    for durations in DURATIONS {
        histogram(text, durations, up);
    }
}

fn histogram(text: &mut String, Durations(name, help, series, rate, average): &Durations, up: f64) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} histogram");
    let count = (up * rate).floor();
    for labels in *series {
        let comma = if labels.is_empty() { "" } else { "," };
        for bound in BOUNDS {
            let below = (count * (1.0 - (-bound / average).exp())).floor();
            let _ = writeln!(text, "{name}_bucket{{{labels}{comma}le=\"{bound}\"}} {below}");
        }
        let _ = writeln!(text, "{name}_bucket{{{labels}{comma}le=\"+Inf\"}} {count}");
        let _ = writeln!(text, "{name}_sum{} {}", braced(labels), count * average);
        let _ = writeln!(text, "{name}_count{} {count}", braced(labels));
    }
}

fn braced(labels: &str) -> String {
    if labels.is_empty() { String::new() } else { format!("{{{labels}}}") }
}
