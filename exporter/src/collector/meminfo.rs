//! `/proc/meminfo`: one metric a line.

use crowsnest_scrape::Family;

use super::CollectError;
use crate::host::Host;

/// `MemFree: 1 kB` becomes `node_memory_MemFree_bytes 1024`, `Active(anon)` becomes `Active_anon`, and a line without a
/// unit keeps its number and name (`node_memory_HugePages_Total`).
pub(super) fn collect(host: &Host) -> Result<Vec<Family>, CollectError> {
    let file = host.read_proc("meminfo")?;
    file.lines()
        .map(|line| {
            let (key, rest) = line.split_once(':').ok_or_else(|| file.unexpected(line))?;
            let mut words = rest.split_ascii_whitespace();
            let value: f64 = file.number(words.next().unwrap_or_default())?;
            let name = key.replace('(', "_").replace(')', "");
            let (field, value) = match words.next() {
                Some("kB") => (format!("{name}_bytes"), value * 1024.0),
                Some(_) => return Err(file.unexpected(line)),
                None => (name, value),
            };
            let help = format!("Memory information field {field}.");
            Ok(Family::gauge(format!("node_memory_{field}"), help).with(&[], value))
        })
        .collect()
}
