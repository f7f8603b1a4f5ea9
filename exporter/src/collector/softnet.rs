//! `/proc/net/softnet_stat`: how each processor kept up with incoming packets.

use crowsnest_scrape::Family;

use super::CollectError;
use crate::host::Host;

/// The metrics of the first three columns, which are hexadecimal.
const COLUMNS: [(&str, &str); 3] = [
    ("node_softnet_processed_total", "Packets processed."),
    ("node_softnet_dropped_total", "Packets dropped because the queue was full."),
    ("node_softnet_times_squeezed_total", "How often processing stopped before the queue was empty."),
];
/// The column with the processor's number, since Linux 5.10; before that lines are numbered, and offline processors have
/// none.
const CPU_COLUMN: usize = 12;

pub(super) fn collect(host: &Host) -> Result<Vec<Family>, CollectError> {
    let file = host.read_proc("net/softnet_stat")?;
    let mut families = COLUMNS.map(|(name, help)| Family::counter(name, help));
    for (number, line) in (0..).zip(file.lines()) {
        let hex = |word: &&str| u32::from_str_radix(word, 16).map_err(|_| file.unexpected(line));
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let cpu = words.get(CPU_COLUMN).map(hex).transpose()?.unwrap_or(number).to_string();
        for (family, word) in families.iter_mut().zip(&words) {
            family.push(&[("cpu", &cpu)], f64::from(hex(word)?));
        }
    }
    Ok(families.into())
}
