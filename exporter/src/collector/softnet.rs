//! `/proc/net/softnet_stat`: how each processor kept up with incoming packets.

use crowsnest_api::remote_write::MetricType::{self, Counter, Gauge};
use crowsnest_scrape::Family;

use super::CollectError;
use crate::host::Host;

/// A column: its number, and the metric. All are hexadecimal; older kernels have fewer, and then the metric is 0.
#[rustfmt::skip]
const COLUMNS: [(usize, &str, MetricType, &str); 7] = [
    (0, "node_softnet_processed_total", Counter, "Number of processed packets"),
    (1, "node_softnet_dropped_total", Counter, "Number of dropped packets"),
    (2, "node_softnet_times_squeezed_total", Counter, "Number of times processing packets ran out of quota"),
    (8, "node_softnet_cpu_collision_total", Counter, "Number of collision occur while obtaining device lock while transmitting"),
    (9, "node_softnet_received_rps_total", Counter, "Number of times cpu woken up received_rps"),
    (10, "node_softnet_flow_limit_count_total", Counter, "Number of times flow limit has been reached"),
    (11, "node_softnet_backlog_len", Gauge, "Softnet backlog status"),
];
/// The column with the processor's number, since Linux 5.10; before that lines are numbered, and offline processors have
/// none.
const CPU_COLUMN: usize = 12;

pub(super) fn collect(host: &Host) -> Result<Vec<Family>, CollectError> {
    let file = host.read_proc("net/softnet_stat")?;
    let mut families = COLUMNS.map(|(_, name, kind, help)| Family::new(name, kind, help));
    for (number, line) in (0..).zip(file.lines()) {
        let hex = |word: &&str| u32::from_str_radix(word, 16).map_err(|_| file.unexpected(line));
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let cpu = words.get(CPU_COLUMN).map(hex).transpose()?.unwrap_or(number).to_string();
        for (family, (column, ..)) in families.iter_mut().zip(COLUMNS) {
            let count = words.get(column).map(hex).transpose()?.unwrap_or_default();
            family.push(&[("cpu", &cpu)], f64::from(count));
        }
    }
    Ok(families.into())
}
