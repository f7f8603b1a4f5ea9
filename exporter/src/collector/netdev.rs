//! `/proc/net/dev`: traffic of network devices.

use crowsnest_scrape::Family;

use super::{Collect, CollectError, NameFilter, Settings};
use crate::host::{Host, SourceFile};

pub(super) struct Netdev {
    devices: NameFilter,
}

impl Netdev {
    pub(super) fn new(settings: &Settings) -> Self {
        Self { devices: settings.net_devices.clone() }
    }
}

impl Collect for Netdev {
    fn collect(&mut self, host: &Host) -> Result<Vec<Family>, CollectError> {
        let file = host.read_proc("net/dev")?;
        let mut lines = file.text.lines();
        let columns = columns(&file, lines.nth(1).unwrap_or_default())?;
        let mut families: Vec<Family> = columns.iter().map(|column| family(column)).collect();
        let mut unhandled = family("receive_nohandler");
        for line in lines {
            // The first counter may follow the colon without a blank.
            let (device, counters) = line.rsplit_once(':').ok_or_else(|| file.unexpected(line))?;
            let device = device.trim();
            if !self.devices.admits(device) {
                continue;
            }
            for (family, counter) in families.iter_mut().zip(counters.split_ascii_whitespace()) {
                family.push(&[("device", device)], file.number(counter)?);
            }
            if let Ok(file) = host.read_sys(&format!("class/net/{device}/statistics/rx_nohandler")) {
                unhandled.push(&[("device", device)], file.number(file.value())?);
            }
        }
        families.push(unhandled);
        Ok(families)
    }
}

/// The columns from the second line of the heading: ` face |bytes packets …|bytes packets …`.
fn columns(file: &SourceFile, heading: &str) -> Result<Vec<String>, CollectError> {
    let parts: Vec<&str> = heading.split('|').collect();
    let [_, receive, transmit] = parts[..] else { return Err(file.unexpected(heading)) };
    let named = |direction: &str, part: &str| -> Vec<String> {
        part.split_ascii_whitespace().map(|column| format!("{direction}_{column}")).collect()
    };
    Ok([named("receive", receive), named("transmit", transmit)].concat())
}

fn family(column: &str) -> Family {
    Family::counter(format!("node_network_{column}_total"), format!("Network device statistic {column}."))
}
