//! `/proc/stat`: counters of the whole machine. The processors' lines belong to the cpu collector.

use crowsnest_api::remote_write::MetricType::{self, Counter, Gauge};
use crowsnest_scrape::Family;

use super::{Collect, CollectError, Settings};
use crate::host::{Host, SourceFile};

struct Line {
    keyword: &'static str,
    name: &'static str,
    kind: MetricType,
    help: &'static str,
}

#[rustfmt::skip]
const LINES: [Line; 6] = [
    Line { keyword: "btime", name: "node_boot_time_seconds", kind: Gauge, help: "Node boot time, in unixtime." },
    Line { keyword: "ctxt", name: "node_context_switches_total", kind: Counter, help: "Total number of context switches." },
    Line { keyword: "processes", name: "node_forks_total", kind: Counter, help: "Total number of forks." },
    // The first number is the sum; one a line of /proc/interrupts follows.
    Line { keyword: "intr", name: "node_intr_total", kind: Counter, help: "Total number of interrupts serviced." },
    Line { keyword: "procs_blocked", name: "node_procs_blocked", kind: Gauge, help: "Number of processes blocked waiting for I/O to complete." },
    Line { keyword: "procs_running", name: "node_procs_running", kind: Gauge, help: "Number of processes in runnable state." },
];

/// Kinds of software interrupts, in the order of the line `softirq`, behind their sum.
const VECTORS: [&str; 10] =
    ["hi", "timer", "net_tx", "net_rx", "block", "block_iopoll", "tasklet", "sched", "hrtimer", "rcu"];

pub(super) struct Stat {
    softirqs: bool,
}

impl Stat {
    pub(super) fn new(settings: &Settings) -> Self {
        Self { softirqs: settings.softirqs }
    }
}

impl Collect for Stat {
    fn collect(&mut self, host: &Host) -> Result<Vec<Family>, CollectError> {
        let file = host.read_proc("stat")?;
        let mut families = Vec::with_capacity(LINES.len());
        for line in file.lines() {
            let mut words = line.split_ascii_whitespace();
            let keyword = words.next().unwrap_or_default();
            if let Some(row) = LINES.iter().find(|row| row.keyword == keyword) {
                let value = file.number(words.next().unwrap_or_default())?;
                families.push(Family::new(row.name, row.kind, row.help).with(&[], value));
            } else if self.softirqs && keyword == "softirq" {
                families.push(softirqs(&file, words)?);
            }
        }
        if families.is_empty() { Err(file.unexpected("file without any known line")) } else { Ok(families) }
    }
}

fn softirqs<'a>(file: &SourceFile, counts: impl Iterator<Item = &'a str>) -> Result<Family, CollectError> {
    let mut family = Family::counter("node_softirqs_total", "Number of softirq calls.");
    for (vector, count) in VECTORS.iter().zip(counts.skip(1)) {
        family.push(&[("vector", vector)], file.number(count)?);
    }
    Ok(family)
}
