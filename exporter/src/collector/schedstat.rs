//! `/proc/schedstat`: what the scheduler did on each processor.

use crowsnest_scrape::Family;

use super::CollectError;
use crate::host::Host;

/// Column behind the processor's name, divisor, name, help. Times are nanoseconds.
#[rustfmt::skip]
const COLUMNS: [(usize, f64, &str, &str); 3] = [
    (6, 1e9, "node_schedstat_running_seconds_total", "Number of seconds CPU spent running a process."),
    (7, 1e9, "node_schedstat_waiting_seconds_total", "Number of seconds spent by processing waiting for this CPU."),
    (8, 1.0, "node_schedstat_timeslices_total", "Number of timeslices executed by CPU."),
];

pub(super) fn collect(host: &Host) -> Result<Vec<Family>, CollectError> {
    let file = host.read_proc("schedstat")?;
    let mut families = COLUMNS.map(|(_, _, name, help)| Family::counter(name, help));
    for line in file.lines() {
        let Some((cpu, counters)) = line.strip_prefix("cpu").and_then(|rest| rest.split_once(' ')) else {
            continue;
        };
        let words: Vec<&str> = counters.split_ascii_whitespace().collect();
        for (family, (column, divisor, ..)) in families.iter_mut().zip(COLUMNS) {
            let count: f64 = file.number(words.get(column).copied().unwrap_or_default())?;
            family.push(&[("cpu", cpu)], count / divisor);
        }
    }
    Ok(families.into())
}
