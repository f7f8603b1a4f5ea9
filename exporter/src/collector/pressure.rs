//! `/proc/pressure`: how long tasks waited for processor, memory and disk (pressure stall information).

use crowsnest_scrape::Family;

use super::CollectError;
use crate::host::{Host, SourceFile};

/// A line of a file: `some` when any task waits, `full` when all do. For the processor `full` has no meaning.
struct Line {
    resource: &'static str,
    share: &'static str,
    name: &'static str,
    help: &'static str,
}

#[rustfmt::skip]
const LINES: [Line; 6] = [
    Line { resource: "cpu", share: "some", name: "node_pressure_cpu_waiting_seconds_total", help: "Total time in seconds that processes have waited for CPU time" },
    Line { resource: "io", share: "some", name: "node_pressure_io_waiting_seconds_total", help: "Total time in seconds that processes have waited due to IO congestion" },
    Line { resource: "io", share: "full", name: "node_pressure_io_stalled_seconds_total", help: "Total time in seconds no process could make progress due to IO congestion" },
    Line { resource: "memory", share: "some", name: "node_pressure_memory_waiting_seconds_total", help: "Total time in seconds that processes have waited for memory" },
    Line { resource: "memory", share: "full", name: "node_pressure_memory_stalled_seconds_total", help: "Total time in seconds no process could make progress due to memory congestion" },
    Line { resource: "irq", share: "full", name: "node_pressure_irq_stalled_seconds_total", help: "Total time in seconds no process could make progress due to IRQ congestion" },
];

/// A kernel without a resource's file (`irq` came with Linux 6.1) gives the others; one without any gives an error.
pub(super) fn collect(host: &Host) -> Result<Vec<Family>, CollectError> {
    let mut families = Vec::with_capacity(LINES.len());
    host.read_proc("pressure/cpu")?;
    for row in &LINES {
        let file = match host.read_proc(&format!("pressure/{}", row.resource)) {
            Err(error) if error.is_absent() => continue,
            file => file?,
        };
        if let Some(micros) = total_micros(&file, row.share)? {
            families.push(Family::counter(row.name, row.help).with(&[], micros as f64 / 1e6));
        }
    }
    Ok(families)
}

/// The `total=` of `some avg10=0.00 avg60=0.00 avg300=0.00 total=123`.
fn total_micros(file: &SourceFile, share: &str) -> Result<Option<u64>, CollectError> {
    let Some(line) = file.lines().find(|line| line.split_ascii_whitespace().next() == Some(share)) else {
        return Ok(None);
    };
    let total = line.split_ascii_whitespace().find_map(|word| word.strip_prefix("total="));
    total.map(|total| file.number(total)).transpose()
}
