//! Control groups of the second version: one folder a group, as Documentation/admin-guide/cgroup-v2.rst describes it.

use super::{Metric, ROOT, Sample};
use crate::collector::table::number;
use crate::host::Host;

/// A number of a file: the key before it, empty where the file is one number; what it is divided by.
type Row = (&'static str, &'static str, f64, Metric);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("cpu.stat", "usage_usec", 1e6, Metric::CpuUsage),
    ("cpu.stat", "user_usec", 1e6, Metric::CpuUser),
    ("cpu.stat", "system_usec", 1e6, Metric::CpuSystem),
    ("cpu.stat", "nr_periods", 1.0, Metric::CpuPeriods),
    ("cpu.stat", "nr_throttled", 1.0, Metric::CpuThrottledPeriods),
    ("cpu.stat", "throttled_usec", 1e6, Metric::CpuThrottledSeconds),
    ("memory.current", "", 1.0, Metric::MemoryUsage),
    ("memory.stat", "anon", 1.0, Metric::MemoryRss),
    ("memory.stat", "file", 1.0, Metric::MemoryCache),
    ("memory.stat", "file_mapped", 1.0, Metric::MemoryMappedFile),
    ("memory.stat", "pgfault", 1.0, Metric::PageFaults),
    ("memory.stat", "pgmajfault", 1.0, Metric::MajorPageFaults),
    ("memory.swap.current", "", 1.0, Metric::MemorySwap),
    ("memory.peak", "", 1.0, Metric::MemoryMax),
    ("memory.events", "max", 1.0, Metric::MemoryFailures),
    ("memory.events", "oom_kill", 1.0, Metric::OomEvents),
    ("memory.low", "", 1.0, Metric::SpecMemoryReservation),
    ("pids.current", "", 1.0, Metric::Threads),
];

/// Limits, which may be `max`: that is 0 to cAdvisor.
#[rustfmt::skip]
const LIMITS: [(&str, Metric); 3] = [
    ("memory.max", Metric::SpecMemoryLimit),
    ("memory.swap.max", Metric::SpecMemorySwapLimit),
    ("pids.max", Metric::ThreadsMax),
];

const PRESSURE: [(&str, Metric, Metric); 3] = [
    ("cpu.pressure", Metric::PressureCpuWaiting, Metric::PressureCpuStalled),
    ("memory.pressure", Metric::PressureMemoryWaiting, Metric::PressureMemoryStalled),
    ("io.pressure", Metric::PressureIoWaiting, Metric::PressureIoStalled),
];

const IO: [(&str, Metric); 4] = [
    ("rbytes", Metric::ReadBytes),
    ("wbytes", Metric::WriteBytes),
    ("rios", Metric::Reads),
    ("wios", Metric::Writes),
];

/// What the files of a group say; those that are not there (the root has few) say nothing.
pub(super) fn read(host: &Host, group: &str) -> Vec<Sample> {
    let text = |file: &str| host.sys_text(&format!("{ROOT}{group}/{file}"));
    let mut samples = Vec::new();
    let mut last = ("", None);
    let mut memory = (None, None);
    for (file, key, divisor, metric) in ROWS {
        if last.0 != *file {
            last = (file, text(file));
        }
        let Some(content) = &last.1 else { continue };
        let value = if key.is_empty() { number(content) } else { keyed(content, key) };
        if let Some(value) = value {
            samples.push(Sample::new(*metric, value / divisor));
            match *file {
                "memory.current" => memory.0 = Some(value),
                "memory.stat" if memory.1.is_none() => memory.1 = keyed(content, "inactive_file"),
                _ => {}
            }
        }
    }
    if let (Some(usage), Some(inactive)) = memory {
        // What could be dropped at once is not needed.
        samples.push(Sample::new(Metric::MemoryWorkingSet, (usage - inactive).max(0.0)));
    }
    for (file, metric) in LIMITS {
        let limit = text(file).and_then(|text| if text == "max" { Some(0.0) } else { number(&text) });
        samples.extend(limit.map(|limit| Sample::new(metric, limit)));
    }
    if let Some(processes) = text("cgroup.procs") {
        samples.push(Sample::new(Metric::Processes, processes.lines().count() as f64));
    }
    add_processor_limits(&mut samples, text("cpu.max"), text("cpu.weight"));
    for (file, waiting, stalled) in PRESSURE {
        for (line, metric) in [("some", waiting), ("full", stalled)] {
            let micros = text(file).and_then(|text| total(&text, line));
            samples.extend(micros.map(|micros| Sample::new(metric, micros / 1e6)));
        }
    }
    add_io(&mut samples, &text("io.stat").unwrap_or_default());
    samples
}

/// The number behind `key` on its line.
fn keyed(text: &str, key: &str) -> Option<f64> {
    text.lines().find_map(|line| number(line.strip_prefix(key)?.strip_prefix(' ')?))
}

/// `200000 100000` or `max 100000`: quota and period in microseconds; and a weight from 1 to 10,000.
fn add_processor_limits(samples: &mut Vec<Sample>, limit: Option<String>, weight: Option<String>) {
    let limit = limit.unwrap_or_default();
    if let Some((quota, period)) = limit.split_once(' ') {
        samples.extend(number(quota).map(|quota| Sample::new(Metric::SpecCpuQuota, quota)));
        samples.extend(number(period).map(|period| Sample::new(Metric::SpecCpuPeriod, period)));
    }
    // Shares of the first version range from 2 to 262,144; Kubernetes converts with the same line.
    let shares =
        weight.and_then(|text| number(&text)).map(|weight| 2.0 + (weight - 1.0) * 262_142.0 / 9999.0);
    samples.extend(shares.map(|shares| Sample::new(Metric::SpecCpuShares, shares.trunc())));
}

/// The `total=` of the line that starts with `word`.
fn total(text: &str, word: &str) -> Option<f64> {
    let line = text.lines().find(|line| line.starts_with(word))?;
    line.split_ascii_whitespace().find_map(|word| number(word.strip_prefix("total=")?))
}

/// `8:0 rbytes=4096 wbytes=0 rios=1 wios=0 …` a device.
fn add_io(samples: &mut Vec<Sample>, text: &str) {
    for line in text.lines() {
        let mut words = line.split_ascii_whitespace();
        let device = words.next().unwrap_or_default();
        for (key, value) in words.filter_map(|word| word.split_once('=')) {
            if let (Some((_, metric)), Some(value)) =
                (IO.iter().find(|(name, _)| *name == key), number(value))
            {
                samples.push(Sample { metric: *metric, value, device: Some(device.to_owned()) });
            }
        }
    }
}
