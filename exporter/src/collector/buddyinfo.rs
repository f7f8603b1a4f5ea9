//! `/proc/buddyinfo`: `Node 0, zone DMA 1 0 1 …`, free blocks of 1, 2, 4 … pages.

use crowsnest_scrape::Family;

use super::CollectError;
use crate::host::Host;

pub(super) fn collect(host: &Host) -> Result<Vec<Family>, CollectError> {
    let file = host.read_proc("buddyinfo")?;
    let mut family = Family::gauge("node_buddyinfo_blocks", "Count of free blocks according to size.");
    for line in file.lines() {
        let (node, zone) = line.split_once(", zone").ok_or_else(|| file.unexpected(line))?;
        let node = node.trim_start_matches("Node").trim();
        let mut words = zone.split_ascii_whitespace();
        let zone = words.next().unwrap_or_default();
        for (size, count) in words.enumerate() {
            family.push(&[("node", node), ("zone", zone), ("size", &size.to_string())], file.number(count)?);
        }
    }
    Ok(vec![family])
}
