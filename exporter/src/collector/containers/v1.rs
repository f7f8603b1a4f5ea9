//! Control groups of the first version: a folder a group and controller (Documentation/admin-guide/cgroup-v1).

use super::{Metric, ROOT, Sample};
use crate::collector::table::number;
use crate::host::Host;

/// Ticks a second of `cpuacct.stat`.
const TICKS: f64 = 100.0;
/// From this on a limit of memory means that there is none.
const UNLIMITED_BYTES: f64 = (1u64 << 62) as f64;

/// Controller, file, key before the number (empty where the file is one number), divisor.
type Row = (&'static str, &'static str, &'static str, f64, Metric);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("cpuacct", "cpuacct.usage", "", 1e9, Metric::CpuUsage),
    ("cpuacct", "cpuacct.stat", "user", TICKS, Metric::CpuUser),
    ("cpuacct", "cpuacct.stat", "system", TICKS, Metric::CpuSystem),
    ("cpu", "cpu.stat", "nr_periods", 1.0, Metric::CpuPeriods),
    ("cpu", "cpu.stat", "nr_throttled", 1.0, Metric::CpuThrottledPeriods),
    ("cpu", "cpu.stat", "throttled_time", 1e9, Metric::CpuThrottledSeconds),
    ("cpu", "cpu.cfs_period_us", "", 1.0, Metric::SpecCpuPeriod),
    ("cpu", "cpu.shares", "", 1.0, Metric::SpecCpuShares),
    ("memory", "memory.usage_in_bytes", "", 1.0, Metric::MemoryUsage),
    ("memory", "memory.stat", "total_rss", 1.0, Metric::MemoryRss),
    ("memory", "memory.stat", "total_cache", 1.0, Metric::MemoryCache),
    ("memory", "memory.stat", "total_mapped_file", 1.0, Metric::MemoryMappedFile),
    ("memory", "memory.stat", "total_swap", 1.0, Metric::MemorySwap),
    ("memory", "memory.stat", "total_pgfault", 1.0, Metric::PageFaults),
    ("memory", "memory.stat", "total_pgmajfault", 1.0, Metric::MajorPageFaults),
    ("memory", "memory.max_usage_in_bytes", "", 1.0, Metric::MemoryMax),
    ("memory", "memory.failcnt", "", 1.0, Metric::MemoryFailures),
    ("memory", "memory.oom_control", "oom_kill", 1.0, Metric::OomEvents),
    ("pids", "pids.current", "", 1.0, Metric::Threads),
];

#[rustfmt::skip]
const LIMITS: [(&str, Metric); 3] = [
    ("memory.limit_in_bytes", Metric::SpecMemoryLimit),
    ("memory.memsw.limit_in_bytes", Metric::SpecMemorySwapLimit),
    ("memory.soft_limit_in_bytes", Metric::SpecMemoryReservation),
];

const IO: [(&str, &str, Metric); 4] = [
    ("blkio.throttle.io_service_bytes", "Read", Metric::ReadBytes),
    ("blkio.throttle.io_service_bytes", "Write", Metric::WriteBytes),
    ("blkio.throttle.io_serviced", "Read", Metric::Reads),
    ("blkio.throttle.io_serviced", "Write", Metric::Writes),
];

/// What the files of a group say.
pub(super) fn read(host: &Host, group: &str) -> Vec<Sample> {
    let text = |controller: &str, file: &str| host.sys_text(&format!("{ROOT}/{controller}{group}/{file}"));
    let mut samples = Vec::new();
    for (controller, file, key, divisor, metric) in ROWS {
        let Some(content) = text(controller, file) else { continue };
        let value = if key.is_empty() { number(&content) } else { keyed(&content, key) };
        samples.extend(value.map(|value| Sample::new(*metric, value / divisor)));
    }
    let usage = text("memory", "memory.usage_in_bytes").and_then(|text| number(&text));
    let inactive = text("memory", "memory.stat").and_then(|text| keyed(&text, "total_inactive_file"));
    if let (Some(usage), Some(inactive)) = (usage, inactive) {
        samples.push(Sample::new(Metric::MemoryWorkingSet, (usage - inactive).max(0.0)));
    }
    for (file, metric) in LIMITS {
        let limit = text("memory", file).and_then(|text| number(&text));
        let limit = limit.map(|bytes| if bytes >= UNLIMITED_BYTES { 0.0 } else { bytes });
        samples.extend(limit.map(|bytes| Sample::new(metric, bytes)));
    }
    // -1 where there is no quota.
    let quota = text("cpu", "cpu.cfs_quota_us").and_then(|text| number(&text));
    samples.extend(quota.filter(|quota| *quota > 0.0).map(|quota| Sample::new(Metric::SpecCpuQuota, quota)));
    if let Some(processes) = text("memory", "cgroup.procs") {
        samples.push(Sample::new(Metric::Processes, processes.lines().count() as f64));
    }
    let threads =
        text("pids", "pids.max").and_then(|text| if text == "max" { Some(0.0) } else { number(&text) });
    samples.extend(threads.map(|threads| Sample::new(Metric::ThreadsMax, threads)));
    for (file, operation, metric) in IO {
        add_io(&mut samples, &text("blkio", file).unwrap_or_default(), operation, metric);
    }
    samples
}

/// The number behind `key` on its line.
fn keyed(text: &str, key: &str) -> Option<f64> {
    text.lines().find_map(|line| number(line.strip_prefix(key)?.strip_prefix(' ')?))
}

/// `8:0 Read 4096`.
fn add_io(samples: &mut Vec<Sample>, text: &str, operation: &str, metric: Metric) {
    for line in text.lines() {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        if let [device, kind, value] = words[..]
            && let (true, Some(value)) = (kind == operation, number(value))
        {
            samples.push(Sample { metric, value, device: Some(device.to_owned()) });
        }
    }
}
