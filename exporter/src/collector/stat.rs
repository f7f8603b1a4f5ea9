//! `/proc/stat`: counters of the whole machine. The processors' lines belong to the cpu collector.

use crowsnest_api::remote_write::MetricType::{self, Counter, Gauge};
use crowsnest_scrape::Family;

use super::CollectError;
use crate::host::Host;

struct Line {
    keyword: &'static str,
    name: &'static str,
    kind: MetricType,
    help: &'static str,
}

#[rustfmt::skip]
const LINES: [Line; 6] = [
    Line { keyword: "btime", name: "node_boot_time_seconds", kind: Gauge, help: "When the machine booted, in seconds since the epoch." },
    Line { keyword: "ctxt", name: "node_context_switches_total", kind: Counter, help: "Context switches." },
    Line { keyword: "processes", name: "node_forks_total", kind: Counter, help: "Forks." },
    // The first number is the sum; one a line of /proc/interrupts follows.
    Line { keyword: "intr", name: "node_intr_total", kind: Counter, help: "Interrupts serviced." },
    Line { keyword: "procs_blocked", name: "node_procs_blocked", kind: Gauge, help: "Processes that wait for input or output." },
    Line { keyword: "procs_running", name: "node_procs_running", kind: Gauge, help: "Processes that run or could run." },
];

pub(super) fn collect(host: &Host) -> Result<Vec<Family>, CollectError> {
    let file = host.read_proc("stat")?;
    let mut families = Vec::with_capacity(LINES.len());
    for line in file.lines() {
        let mut words = line.split_ascii_whitespace();
        let keyword = words.next().unwrap_or_default();
        if let Some(row) = LINES.iter().find(|row| row.keyword == keyword) {
            let value = file.number(words.next().unwrap_or_default())?;
            families.push(Family::new(row.name, row.kind, row.help).with(&[], value));
        }
    }
    if families.is_empty() { Err(file.unexpected("file without any known line")) } else { Ok(families) }
}
