//! `/proc/vmstat`: paging, swapping, faults and kills by the out-of-memory killer.

use crowsnest_scrape::Family;

use super::CollectError;
use crate::host::Host;

/// Only these are reported; the file has about 180 lines.
fn is_wanted(field: &str) -> bool {
    ["oom_kill", "pgpg", "pswp"].iter().any(|prefix| field.starts_with(prefix))
        || (field.starts_with("pg") && field.contains("fault"))
}

pub(super) fn collect(host: &Host) -> Result<Vec<Family>, CollectError> {
    let file = host.read_proc("vmstat")?;
    let wanted = file.lines().filter_map(|line| line.split_once(' ')).filter(|(field, _)| is_wanted(field));
    wanted
        .map(|(field, value)| {
            let help = format!("{field} of /proc/vmstat.");
            Ok(Family::unknown(format!("node_vmstat_{field}"), help).with(&[], file.number(value.trim())?))
        })
        .collect()
}
