//! `/proc/net/arp`: neighbours known on each network device.

use std::collections::BTreeMap;

use crowsnest_scrape::Family;

use super::{Collect, CollectError, NameFilter, Settings};
use crate::host::Host;

/// The device is the sixth column; the first line is a heading.
const DEVICE_COLUMN: usize = 5;

pub(super) struct Arp {
    devices: NameFilter,
}

impl Arp {
    pub(super) fn new(settings: &Settings) -> Self {
        Self { devices: settings.arp_devices.clone() }
    }
}

impl Collect for Arp {
    fn collect(&mut self, host: &Host) -> Result<Vec<Family>, CollectError> {
        let file = host.read_proc("net/arp")?;
        let mut entries: BTreeMap<&str, u64> = BTreeMap::new();
        for line in file.lines().skip(1) {
            let device =
                line.split_ascii_whitespace().nth(DEVICE_COLUMN).ok_or_else(|| file.unexpected(line))?;
            *entries.entry(device).or_default() += 1;
        }
        let mut family = Family::gauge("node_arp_entries", "ARP entries by device");
        for (device, count) in entries.into_iter().filter(|(device, _)| self.devices.admits(device)) {
            family.push(&[("device", device)], count as f64);
        }
        Ok(vec![family])
    }
}
