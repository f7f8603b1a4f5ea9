//! Containers by their control groups, under cAdvisor's names: for nodes whose kubelet cannot be scraped.
//!
//! The kubelet knows more (images, filesystems' sizes, networks of all pods); this is what the kernel knows. Names of
//! pods come from the names of the kubelet's log files.

mod names;
mod v1;
mod v2;

use std::time::{SystemTime, UNIX_EPOCH};

use crowsnest_api::remote_write::MetricType::{self, Counter, Gauge};
use crowsnest_scrape::Family;

use self::names::{Names, Owner};
use super::{Collect, CollectError};
use crate::host::Host;

/// Where control groups are mounted, below sysfs.
const ROOT: &str = "fs/cgroup";
/// Control groups that are reported; a node has at most a few hundred containers.
const MAX_GROUPS: usize = 2000;
/// How deep they nest: kubepods, quality of service, pod, container.
const MAX_DEPTH: usize = 5;

/// What is reported of a control group, the same for both versions of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Metric {
    CpuUsage,
    CpuUser,
    CpuSystem,
    CpuPeriods,
    CpuThrottledPeriods,
    CpuThrottledSeconds,
    MemoryUsage,
    MemoryWorkingSet,
    MemoryRss,
    MemoryCache,
    MemoryMappedFile,
    MemorySwap,
    MemoryMax,
    MemoryFailures,
    PageFaults,
    MajorPageFaults,
    OomEvents,
    Reads,
    ReadBytes,
    Writes,
    WriteBytes,
    Processes,
    Threads,
    ThreadsMax,
    PressureCpuWaiting,
    PressureCpuStalled,
    PressureMemoryWaiting,
    PressureMemoryStalled,
    PressureIoWaiting,
    PressureIoStalled,
    SpecCpuPeriod,
    SpecCpuQuota,
    SpecCpuShares,
    SpecMemoryLimit,
    SpecMemorySwapLimit,
    SpecMemoryReservation,
    ReceivedBytes,
    ReceivedPackets,
    ReceivedErrors,
    ReceivedDropped,
    TransmittedBytes,
    TransmittedPackets,
    TransmittedErrors,
    TransmittedDropped,
    StartTime,
    LastSeen,
}

/// Metric, name without `container_`, type, help.
#[rustfmt::skip]
const FAMILIES: &[(Metric, &str, MetricType, &str)] = &[
    (Metric::CpuUsage, "cpu_usage_seconds_total", Counter, "Cumulative cpu time consumed in seconds."),
    (Metric::CpuUser, "cpu_user_seconds_total", Counter, "Cumulative user cpu time consumed in seconds."),
    (Metric::CpuSystem, "cpu_system_seconds_total", Counter, "Cumulative system cpu time consumed in seconds."),
    (Metric::CpuPeriods, "cpu_cfs_periods_total", Counter, "Number of elapsed enforcement period intervals."),
    (Metric::CpuThrottledPeriods, "cpu_cfs_throttled_periods_total", Counter, "Number of throttled period intervals."),
    (Metric::CpuThrottledSeconds, "cpu_cfs_throttled_seconds_total", Counter, "Total time duration the container has been throttled."),
    (Metric::MemoryUsage, "memory_usage_bytes", Gauge, "Current memory usage in bytes, including all memory regardless of when it was accessed"),
    (Metric::MemoryWorkingSet, "memory_working_set_bytes", Gauge, "Current working set in bytes."),
    (Metric::MemoryRss, "memory_rss", Gauge, "Size of RSS in bytes."),
    (Metric::MemoryCache, "memory_cache", Gauge, "Number of bytes of page cache memory."),
    (Metric::MemoryMappedFile, "memory_mapped_file", Gauge, "Size of memory mapped files in bytes."),
    (Metric::MemorySwap, "memory_swap", Gauge, "Container swap usage in bytes."),
    (Metric::MemoryMax, "memory_max_usage_bytes", Gauge, "Maximum memory usage recorded in bytes"),
    (Metric::MemoryFailures, "memory_failcnt", Counter, "Number of memory usage hits limits"),
    (Metric::PageFaults, "memory_failures_total", Counter, "Cumulative count of memory allocation failures."),
    (Metric::MajorPageFaults, "memory_failures_total", Counter, "Cumulative count of memory allocation failures."),
    (Metric::OomEvents, "oom_events_total", Counter, "Count of out of memory events observed for the container"),
    (Metric::Reads, "fs_reads_total", Counter, "Cumulative count of reads completed"),
    (Metric::ReadBytes, "fs_reads_bytes_total", Counter, "Cumulative count of bytes read"),
    (Metric::Writes, "fs_writes_total", Counter, "Cumulative count of writes completed"),
    (Metric::WriteBytes, "fs_writes_bytes_total", Counter, "Cumulative count of bytes written"),
    (Metric::Processes, "processes", Gauge, "Number of processes running inside the container."),
    (Metric::Threads, "threads", Gauge, "Number of threads running inside the container"),
    (Metric::ThreadsMax, "threads_max", Gauge, "Maximum number of threads allowed inside the container, infinity if value is zero"),
    (Metric::PressureCpuWaiting, "pressure_cpu_waiting_seconds_total", Counter, "Total time duration tasks in the container have waited due to CPU congestion."),
    (Metric::PressureCpuStalled, "pressure_cpu_stalled_seconds_total", Counter, "Total time duration no tasks in the container could make progress due to CPU congestion."),
    (Metric::PressureMemoryWaiting, "pressure_memory_waiting_seconds_total", Counter, "Total time duration tasks in the container have waited due to memory congestion."),
    (Metric::PressureMemoryStalled, "pressure_memory_stalled_seconds_total", Counter, "Total time duration no tasks in the container could make progress due to memory congestion."),
    (Metric::PressureIoWaiting, "pressure_io_waiting_seconds_total", Counter, "Total time duration tasks in the container have waited due to IO congestion."),
    (Metric::PressureIoStalled, "pressure_io_stalled_seconds_total", Counter, "Total time duration no tasks in the container could make progress due to IO congestion."),
    (Metric::SpecCpuPeriod, "spec_cpu_period", Gauge, "CPU period of the container."),
    (Metric::SpecCpuQuota, "spec_cpu_quota", Gauge, "CPU quota of the container."),
    (Metric::SpecCpuShares, "spec_cpu_shares", Gauge, "CPU share of the container."),
    (Metric::SpecMemoryLimit, "spec_memory_limit_bytes", Gauge, "Memory limit for the container."),
    (Metric::SpecMemorySwapLimit, "spec_memory_swap_limit_bytes", Gauge, "Memory swap limit for the container."),
    (Metric::SpecMemoryReservation, "spec_memory_reservation_limit_bytes", Gauge, "Memory reservation limit for the container."),
    (Metric::ReceivedBytes, "network_receive_bytes_total", Counter, "Cumulative count of bytes received"),
    (Metric::ReceivedPackets, "network_receive_packets_total", Counter, "Cumulative count of packets received"),
    (Metric::ReceivedErrors, "network_receive_errors_total", Counter, "Cumulative count of errors encountered while receiving"),
    (Metric::ReceivedDropped, "network_receive_packets_dropped_total", Counter, "Cumulative count of packets dropped while receiving"),
    (Metric::TransmittedBytes, "network_transmit_bytes_total", Counter, "Cumulative count of bytes transmitted"),
    (Metric::TransmittedPackets, "network_transmit_packets_total", Counter, "Cumulative count of packets transmitted"),
    (Metric::TransmittedErrors, "network_transmit_errors_total", Counter, "Cumulative count of errors encountered while transmitting"),
    (Metric::TransmittedDropped, "network_transmit_packets_dropped_total", Counter, "Cumulative count of packets dropped while transmitting"),
    (Metric::StartTime, "start_time_seconds", Gauge, "Start time of the container since unix epoch in seconds."),
    (Metric::LastSeen, "last_seen", Gauge, "Last time a container was seen by the exporter"),
];

/// Columns of `/proc/[pid]/net/dev` behind the interface's name.
#[rustfmt::skip]
const NETWORK: [(usize, Metric); 8] = [
    (0, Metric::ReceivedBytes), (1, Metric::ReceivedPackets), (2, Metric::ReceivedErrors), (3, Metric::ReceivedDropped),
    (8, Metric::TransmittedBytes), (9, Metric::TransmittedPackets), (10, Metric::TransmittedErrors), (11, Metric::TransmittedDropped),
];

/// One value of a control group.
pub(super) struct Sample {
    metric: Metric,
    value: f64,
    /// The block device, as `8:0`, of what is counted by device.
    device: Option<String>,
}

impl Sample {
    fn new(metric: Metric, value: f64) -> Self {
        Self { metric, value, device: None }
    }
}

/// Remembers the names of pods.
#[derive(Default)]
pub(super) struct Containers {
    names: Names,
}

impl Collect for Containers {
    fn collect(&mut self, host: &Host) -> Result<Vec<Family>, CollectError> {
        // The second version has one tree of groups, the first a tree for each controller.
        let version = match host.read_sys(&format!("{ROOT}/cgroup.controllers")) {
            Ok(_) => Version::Second,
            Err(_) => Version::First,
        };
        let tree = match version {
            Version::Second => ROOT.to_owned(),
            Version::First => format!("{ROOT}/memory"),
        };
        host.list_sys(&tree)?;
        self.names.refresh(host);
        let mut output = Output::new(host);
        for group in groups(host, &tree) {
            let owner = self.names.owner(&group);
            output.add_group(&group, &owner, version);
        }
        Ok(output.families)
    }
}

/// Version of the interface.
#[derive(Clone, Copy)]
enum Version {
    First,
    Second,
}

/// Control groups below `tree` that are reported, by their paths: the root, what is directly below it, and all of the
/// kubelet's.
fn groups(host: &Host, tree: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    let mut waiting = vec![(String::new(), 0)];
    while let Some((group, depth)) = waiting.pop() {
        for name in host.list_sys(&format!("{tree}{group}")).unwrap_or_default() {
            let path = format!("{group}/{name}");
            if found.len() >= MAX_GROUPS || !host.sysfs.join(format!("{tree}{path}")).is_dir() {
                continue;
            }
            if depth + 1 < MAX_DEPTH && path.starts_with("/kubepods") {
                waiting.push((path.clone(), depth + 1));
            }
            found.push(path);
        }
    }
    found.sort();
    found
}

struct Output<'a> {
    host: &'a Host,
    families: Vec<Family>,
    now: f64,
}

impl<'a> Output<'a> {
    fn new(host: &'a Host) -> Self {
        let mut families: Vec<Family> = Vec::new();
        for (_, name, kind, help) in FAMILIES {
            let name = format!("container_{name}");
            if families.last().is_none_or(|last| last.name != name) {
                families.push(Family::new(name, *kind, *help));
            }
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { host, families, now: now.as_secs_f64().trunc() }
    }

    fn add_group(&mut self, group: &str, owner: &Owner, version: Version) {
        let mut samples = match version {
            Version::First => v1::read(self.host, group),
            Version::Second => v2::read(self.host, group),
        };
        samples.push(Sample::new(Metric::LastSeen, self.now));
        let id = if group.is_empty() { "/" } else { group };
        let mut labels = vec![
            // What dashboards know cAdvisor's series by.
            ("job", "kubelet"),
            ("metrics_path", "/metrics/cadvisor"),
            ("id", id),
            ("namespace", &owner.namespace),
            ("pod", &owner.pod),
            ("container", &owner.container),
            ("name", &owner.id),
        ];
        // Rules tell containers from groups of them by an image, of which the kernel knows nothing.
        if !owner.container.is_empty() {
            labels.push(("image", "unknown"));
        }
        for sample in &samples {
            let device = sample.device.as_deref().map(|numbers| device_name(self.host, numbers));
            let mut labels = labels.clone();
            match sample.metric {
                Metric::CpuUsage => labels.push(("cpu", "total")),
                Metric::PageFaults => labels.extend([("failure_type", "pgfault"), ("scope", "hierarchy")]),
                Metric::MajorPageFaults => {
                    labels.extend([("failure_type", "pgmajfault"), ("scope", "hierarchy")]);
                }
                _ => {}
            }
            if let Some(device) = &device {
                labels.push(("device", device));
            }
            self.push(sample.metric, &labels, sample.value);
        }
        if owner.is_pod() {
            self.add_network(group, &labels, version);
        }
    }

    /// All containers of a pod share a network: one of their processes says how much went over it.
    fn add_network(&mut self, pod: &str, labels: &[(&str, &str)], version: Version) {
        let tree = match version {
            Version::First => format!("{ROOT}/memory{pod}"),
            Version::Second => format!("{ROOT}{pod}"),
        };
        let folders = self.host.list_sys(&tree).unwrap_or_default();
        let process = folders.iter().find_map(|name| {
            let processes = self.host.sys_text(&format!("{tree}/{name}/cgroup.procs"))?;
            // Processes that are not seen from here are 0.
            processes
                .lines()
                .find(|process| process.parse::<u32>().is_ok_and(|number| number > 0))
                .map(str::to_owned)
        });
        let file = process.and_then(|process| self.host.read_proc(&format!("{process}/net/dev")).ok());
        let Some(file) = file else { return };
        for (interface, counters) in file.text.lines().skip(2).filter_map(|line| line.rsplit_once(':')) {
            let words: Vec<&str> = counters.split_ascii_whitespace().collect();
            let mut labels = labels.to_vec();
            labels.push(("interface", interface.trim()));
            for (column, metric) in NETWORK {
                if let Some(value) = words.get(column).and_then(|word| word.parse().ok())
                    && interface.trim() != "lo"
                {
                    self.push(metric, &labels, value);
                }
            }
        }
    }

    fn push(&mut self, metric: Metric, labels: &[(&str, &str)], value: f64) {
        let row = FAMILIES.iter().find(|(known, ..)| *known == metric);
        let name = row.map(|(_, name, ..)| *name).unwrap_or_default();
        let is_it = |family: &&mut Family| family.name.strip_prefix("container_") == Some(name);
        if let Some(family) = self.families.iter_mut().find(is_it) {
            family.push(labels, value);
        }
    }
}

/// `/dev/sda` for `8:0`.
fn device_name(host: &Host, numbers: &str) -> String {
    let uevent = host.sys_text(&format!("dev/block/{numbers}/uevent")).unwrap_or_default();
    let name = uevent.lines().find_map(|line| line.strip_prefix("DEVNAME="));
    name.map_or_else(|| numbers.to_owned(), |name| format!("/dev/{name}"))
}
