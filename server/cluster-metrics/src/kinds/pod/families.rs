//! The families of pods.

use super::container::ContainerStatus;
use super::spec::ContainerSpec;
use super::{Condition, Pod, Status};
use crate::family::Family;
use crate::kinds::limits::resource_rows;
use crate::meta::Meta;
use crate::rows::{Rows, truth, word};
use crate::when::When;

const PHASES: &[&str] = &["Pending", "Succeeded", "Failed", "Unknown", "Running"];
const REASONS: &[&str] = &["Evicted", "NodeAffinity", "NodeLost", "Shutdown", "UnexpectedAdmissionError"];
const QOS_CLASSES: &[&str] = &["BestEffort", "Burstable", "Guaranteed"];
/// Why a pod is disrupted on purpose.
const DISRUPTIONS: &[&str] = &[
    "PreemptionByScheduler",
    "DeletionByTaintManager",
    "EvictionByEvictionAPI",
    "DeletionByPodGC",
    "TerminationByKubelet",
];

pub(super) const FAMILIES: &[Family<Pod>] = &[
    Family::annotations("kube_pod_annotations"),
    Family::gauge(
        "kube_pod_completion_time",
        "[STABLE] Completion time in unix timestamp for a pod.",
        |_, pod, rows| {
            let finished = pod.containers.iter().filter_map(|status| status.terminated());
            rows.time(finished.map(|ended| ended.finished).max().unwrap_or_default());
        },
    ),
    Family::gauge(
        "kube_pod_container_info",
        "[STABLE] Information about a container in a pod.",
        |_, pod, rows| container_info(&pod.containers, &pod.spec.containers, rows),
    ),
    Family::gauge(
        "kube_pod_container_resource_limits",
        "[STABLE] The number of requested limit resource by a container.",
        |_, pod, rows| resources(pod, &pod.spec.containers, Asked::Limits, rows),
    ),
    Family::gauge(
        "kube_pod_container_resource_requests",
        "[STABLE] The number of requested request resource by a container.",
        |_, pod, rows| resources(pod, &pod.spec.containers, Asked::Requests, rows),
    ),
    Family::gauge(
        "kube_pod_container_state_started",
        "[STABLE] Start time in unix timestamp for a pod container.",
        |_, pod, rows| of_each(&pod.containers, rows, |status| status.started().seconds()),
    ),
    Family::gauge(
        "kube_pod_container_status_last_terminated_exitcode",
        "Describes the exit code for the last container in terminated state.",
        |_, pod, rows| of_each(&pod.containers, rows, last_exit_code),
    ),
    Family::gauge(
        "kube_pod_container_status_last_terminated_reason",
        "Describes the last reason the container was in terminated state.",
        |_, pod, rows| reasons(&pod.containers, rows, last_reason),
    ),
    Family::gauge(
        "kube_pod_container_status_last_terminated_timestamp",
        "Last terminated time for a pod container in unix timestamp.",
        |_, pod, rows| of_each(&pod.containers, rows, last_finished),
    ),
    Family::gauge(
        "kube_pod_container_status_ready",
        "[STABLE] Describes whether the containers readiness check succeeded.",
        |_, pod, rows| of_each(&pod.containers, rows, |status| Some(truth(status.ready))),
    ),
    Family::counter(
        "kube_pod_container_status_restarts_total",
        "[STABLE] The number of container restarts per container.",
        |_, pod, rows| of_each(&pod.containers, rows, |status| Some(f64::from(status.restarts))),
    ),
    Family::gauge(
        "kube_pod_container_status_running",
        "[STABLE] Describes whether the container is currently in running state.",
        |_, pod, rows| of_each(&pod.containers, rows, |status| Some(truth(status.is_running()))),
    ),
    Family::gauge(
        "kube_pod_container_status_terminated",
        "[STABLE] Describes whether the container is currently in terminated state.",
        |_, pod, rows| of_each(&pod.containers, rows, |status| Some(truth(status.terminated().is_some()))),
    ),
    Family::gauge(
        "kube_pod_container_status_terminated_reason",
        "Describes the reason the container is currently in terminated state.",
        |_, pod, rows| reasons(&pod.containers, rows, terminated_reason),
    ),
    Family::gauge(
        "kube_pod_container_status_waiting",
        "[STABLE] Describes whether the container is currently in waiting state.",
        |_, pod, rows| of_each(&pod.containers, rows, |status| Some(truth(status.waiting().is_some()))),
    ),
    Family::gauge(
        "kube_pod_container_status_waiting_reason",
        "[STABLE] Describes the reason the container is currently in waiting state.",
        |_, pod, rows| reasons(&pod.containers, rows, ContainerStatus::waiting),
    ),
    Family::created("kube_pod_created"),
    Family::deleted("kube_pod_deletion_timestamp"),
    Family::gauge("kube_pod_info", "[STABLE] Information about pod.", info),
    Family::gauge(
        "kube_pod_init_container_info",
        "[STABLE] Information about an init container in a pod.",
        |_, pod, rows| container_info(&pod.init_containers, &pod.spec.init_containers, rows),
    ),
    Family::gauge(
        "kube_pod_init_container_resource_limits",
        "The number of requested limit resource by an init container.",
        |_, pod, rows| resources(pod, &pod.spec.init_containers, Asked::Limits, rows),
    ),
    Family::gauge(
        "kube_pod_init_container_resource_requests",
        "The number of requested request resource by an init container.",
        |_, pod, rows| resources(pod, &pod.spec.init_containers, Asked::Requests, rows),
    ),
    Family::gauge(
        "kube_pod_init_container_status_last_terminated_reason",
        "Describes the last reason the init container was in terminated state.",
        |_, pod, rows| reasons(&pod.init_containers, rows, last_reason),
    ),
    Family::gauge(
        "kube_pod_init_container_status_ready",
        "[STABLE] Describes whether the init containers readiness check succeeded.",
        |_, pod, rows| of_each(&pod.init_containers, rows, |status| Some(truth(status.ready))),
    ),
    Family::counter(
        "kube_pod_init_container_status_restarts_total",
        "[STABLE] The number of restarts for the init container.",
        |_, pod, rows| of_each(&pod.init_containers, rows, |status| Some(f64::from(status.restarts))),
    ),
    Family::gauge(
        "kube_pod_init_container_status_running",
        "[STABLE] Describes whether the init container is currently in running state.",
        |_, pod, rows| of_each(&pod.init_containers, rows, |status| Some(truth(status.is_running()))),
    ),
    Family::gauge(
        "kube_pod_init_container_status_terminated",
        "[STABLE] Describes whether the init container is currently in terminated state.",
        |_, pod, rows| {
            of_each(&pod.init_containers, rows, |status| Some(truth(status.terminated().is_some())));
        },
    ),
    Family::gauge(
        "kube_pod_init_container_status_terminated_reason",
        "Describes the reason the init container is currently in terminated state.",
        |_, pod, rows| reasons(&pod.init_containers, rows, terminated_reason),
    ),
    Family::gauge(
        "kube_pod_init_container_status_waiting",
        "[STABLE] Describes whether the init container is currently in waiting state.",
        |_, pod, rows| of_each(&pod.init_containers, rows, |status| Some(truth(status.waiting().is_some()))),
    ),
    Family::gauge(
        "kube_pod_init_container_status_waiting_reason",
        "Describes the reason the init container is currently in waiting state.",
        |_, pod, rows| reasons(&pod.init_containers, rows, ContainerStatus::waiting),
    ),
    Family::gauge("kube_pod_ips", "Pod IP addresses", |_, pod, rows| {
        for ip in &pod.ips {
            rows.info(&[("ip", ip), ("ip_family", if ip.contains(':') { "6" } else { "4" })]);
        }
    }),
    Family::labels("kube_pod_labels"),
    Family::gauge(
        "kube_pod_overhead_cpu_cores",
        "The pod overhead in regards to cpu cores associated with running a pod.",
        |_, pod, rows| rows.maybe(pod.spec.overhead.get("cpu").map(|amount| amount.0)),
    ),
    Family::gauge(
        "kube_pod_overhead_memory_bytes",
        "The pod overhead in regards to memory associated with running a pod.",
        |_, pod, rows| rows.maybe(pod.spec.overhead.get("memory").map(|amount| amount.0)),
    ),
    Family::owner("kube_pod_owner", "[STABLE] Information about the Pod's owner."),
    Family::gauge(
        "kube_pod_restart_policy",
        "[STABLE] Describes the restart policy in use by this pod.",
        |_, pod, rows| rows.info(&[("type", &pod.spec.restart_policy)]),
    ),
    Family::gauge(
        "kube_pod_runtimeclass_name_info",
        "The runtimeclass associated with the pod.",
        |_, pod, rows| {
            if let Some(name) = &pod.spec.runtime_class_name {
                rows.info(&[("runtimeclass_name", name)]);
            }
        },
    ),
    Family::gauge("kube_pod_scheduler", "The scheduler for a pod.", |_, pod, rows| {
        rows.info(&[("name", &pod.spec.scheduler_name)]);
    }),
    Family::gauge("kube_pod_service_account", "The service account for a pod.", |_, pod, rows| {
        rows.info(&[("service_account", &pod.spec.service_account_name)]);
    }),
    Family::gauge(
        "kube_pod_spec_volumes_persistentvolumeclaims_info",
        "[STABLE] Information about persistentvolumeclaim volumes in a pod.",
        |meta, pod, rows| claims(meta, pod, rows, |_| 1.0),
    ),
    Family::gauge(
        "kube_pod_spec_volumes_persistentvolumeclaims_readonly",
        "[STABLE] Describes whether a persistentvolumeclaim is mounted read only.",
        |meta, pod, rows| claims(meta, pod, rows, truth),
    ),
    Family::gauge(
        "kube_pod_start_time",
        "[STABLE] Start time in unix timestamp for a pod.",
        |_, pod, rows| rows.time(pod.started),
    ),
    Family::gauge(
        "kube_pod_status_container_ready_time",
        "Readiness achieved time in unix timestamp for a pod containers.",
        |_, pod, rows| rows.time(since(pod.containers_ready, Status::True)),
    ),
    Family::gauge(
        "kube_pod_status_disruption_reason",
        "The pod status disruption reasons",
        |_, pod, rows| {
            if !pod.disruption.is_empty() {
                rows.each_of("reason", DISRUPTIONS, &pod.disruption);
            }
        },
    ),
    Family::gauge(
        "kube_pod_status_initialized_time",
        "Initialized time in unix timestamp for a pod.",
        |_, pod, rows| rows.time(since(pod.initialized, Status::True)),
    ),
    Family::gauge("kube_pod_status_phase", "[STABLE] The pods current phase.", |_, pod, rows| {
        if !pod.phase.is_empty() {
            rows.each_of("phase", PHASES, &pod.phase);
        }
    }),
    Family::gauge("kube_pod_status_qos_class", "The pods current qosClass.", |_, pod, rows| {
        if !pod.qos_class.is_empty() {
            rows.each_of("qos_class", QOS_CLASSES, &pod.qos_class);
        }
    }),
    Family::gauge(
        "kube_pod_status_ready",
        "[STABLE] Describes whether the pod is ready to serve requests.",
        |_, pod, rows| condition(pod.ready, rows),
    ),
    Family::gauge(
        "kube_pod_status_ready_time",
        "Readiness achieved time in unix timestamp for a pod.",
        |_, pod, rows| rows.time(since(pod.ready, Status::True)),
    ),
    Family::gauge("kube_pod_status_reason", "The pod status reasons", |_, pod, rows| {
        rows.each_of("reason", REASONS, &pod.reason);
    }),
    Family::gauge(
        "kube_pod_status_scheduled",
        "[STABLE] Describes the status of the scheduling process for the pod.",
        |_, pod, rows| condition(pod.scheduled, rows),
    ),
    Family::gauge(
        "kube_pod_status_scheduled_time",
        "[STABLE] Unix timestamp when pod moved into scheduled status",
        |_, pod, rows| rows.time(since(pod.scheduled, Status::True)),
    ),
    Family::gauge(
        "kube_pod_status_unschedulable",
        "[STABLE] Describes the unschedulable status for the pod.",
        |_, pod, rows| {
            if pod.scheduled.status == Status::False {
                rows.one(1.0);
            }
        },
    ),
    Family::gauge(
        "kube_pod_status_unscheduled_time",
        "Unix timestamp when pod moved into unscheduled status",
        |_, pod, rows| rows.time(since(pod.scheduled, Status::False)),
    ),
    Family::gauge("kube_pod_tolerations", "Information about the pod tolerations", tolerations),
];

fn info(meta: &Meta, pod: &Pod, rows: &mut Rows<'_>) {
    let (kind, name) = meta.controller().map_or(("", ""), |owner| (&owner.kind, &owner.name));
    rows.info(&[
        ("host_ip", &pod.host_ip),
        ("pod_ip", pod.ips.first().map_or("", |ip| ip)),
        ("node", &pod.node),
        ("created_by_kind", kind),
        ("created_by_name", name),
        ("priority_class", &pod.spec.priority_class_name),
        ("host_network", word(pod.spec.host_network)),
    ]);
}

fn container_info(statuses: &[ContainerStatus], specs: &[ContainerSpec], rows: &mut Rows<'_>) {
    for status in statuses {
        let spec = specs.iter().find(|spec| *spec.name == *status.name);
        rows.info(&[
            ("container", &status.name),
            ("image_spec", spec.map_or("", |spec| &spec.image)),
            ("image", &status.image),
            ("image_id", &status.image_id),
            ("container_id", &status.container_id.to_string()),
            ("restart_policy", spec.and_then(|spec| spec.restart_policy.as_deref()).unwrap_or_default()),
        ]);
    }
}

/// A row for each container that has a value.
fn of_each(
    containers: &[ContainerStatus],
    rows: &mut Rows<'_>,
    value: impl Fn(&ContainerStatus) -> Option<f64>,
) {
    for status in containers {
        if let Some(value) = value(status) {
            rows.with(&[("container", &status.name)], value);
        }
    }
}

/// A row for each container that has a reason.
fn reasons(
    containers: &[ContainerStatus],
    rows: &mut Rows<'_>,
    reason: impl Fn(&ContainerStatus) -> Option<&str>,
) {
    for status in containers {
        if let Some(reason) = reason(status) {
            rows.info(&[("container", &status.name), ("reason", reason)]);
        }
    }
}

fn terminated_reason(status: &ContainerStatus) -> Option<&str> {
    status.terminated().map(|ended| &*ended.reason)
}

fn last_reason(status: &ContainerStatus) -> Option<&str> {
    status.last.as_ref().map(|ended| &*ended.reason)
}

fn last_exit_code(status: &ContainerStatus) -> Option<f64> {
    status.last.as_ref().map(|ended| f64::from(ended.exit_code))
}

fn last_finished(status: &ContainerStatus) -> Option<f64> {
    status.last.as_ref().and_then(|ended| ended.finished.seconds())
}

#[derive(Clone, Copy)]
enum Asked {
    Requests,
    Limits,
}

fn resources(pod: &Pod, containers: &[ContainerSpec], asked: Asked, rows: &mut Rows<'_>) {
    for container in containers {
        let amounts = match asked {
            Asked::Requests => &container.resources.requests,
            Asked::Limits => &container.resources.limits,
        };
        resource_rows(amounts, &[("container", &container.name), ("node", &pod.node)], rows);
    }
}

/// A row for each volume that is a claim; the value is made of whether it is read only.
fn claims(meta: &Meta, pod: &Pod, rows: &mut Rows<'_>, value: fn(bool) -> f64) {
    for volume in &pod.claims {
        // The claim of an ephemeral volume is made for the pod, and named for both.
        let made = format!("{}-{}", meta.name, &*volume.volume);
        let claim = if volume.ephemeral { &made } else { &*volume.claim };
        rows.with(
            &[
                ("volume", &volume.volume),
                ("persistentvolumeclaim", claim),
                ("ephemeral", word(volume.ephemeral)),
            ],
            value(volume.read_only),
        );
    }
}

fn condition(condition: Condition, rows: &mut Rows<'_>) {
    if condition.status != Status::Absent {
        rows.status("condition", condition.status.text(), &[]);
    }
}

/// Since when a condition is what is asked for.
fn since(condition: Condition, status: Status) -> When {
    if condition.status == status { condition.since } else { When::default() }
}

fn tolerations(_: &Meta, pod: &Pod, rows: &mut Rows<'_>) {
    for toleration in &pod.spec.tolerations {
        let seconds = toleration.toleration_seconds.map(|seconds| seconds.to_string()).unwrap_or_default();
        rows.info(&[
            ("key", &toleration.key),
            ("operator", &toleration.operator),
            ("value", &toleration.value),
            ("effect", &toleration.effect),
            ("toleration_seconds", &seconds),
        ]);
    }
}
