//! `/proc/sys/kernel/random`: the kernel's entropy pool.

use crowsnest_scrape::Family;

use super::CollectError;
use crate::host::Host;

const FILES: [(&str, &str, &str); 2] = [
    ("entropy_avail", "node_entropy_available_bits", "Bits of available entropy."),
    ("poolsize", "node_entropy_pool_size_bits", "Bits of entropy pool."),
];

pub(super) fn collect(host: &Host) -> Result<Vec<Family>, CollectError> {
    FILES
        .iter()
        .map(|(name, metric, help)| {
            let file = host.read_proc(&format!("sys/kernel/random/{name}"))?;
            Ok(Family::gauge(*metric, *help).with(&[], file.number(file.value())?))
        })
        .collect()
}
