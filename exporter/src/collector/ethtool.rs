//! What drivers of network devices count, and what their links can do: ethtool's ioctl.

mod ioctl;

use std::collections::BTreeMap;

use crowsnest_scrape::Family;

use self::ioctl::{Driver, Ethtool, Link};
use super::{Collect, CollectError, NameFilter, Settings};
use crate::host::Host;

pub(super) struct EthtoolCollector {
    devices: NameFilter,
    metrics: NameFilter,
}

/// Counters that node_exporter gives a type and a help text; the others are untyped.
#[rustfmt::skip]
const KNOWN: [(&str, &str); 8] = [
    ("received_bytes", "Network interface bytes received"),
    ("received_dropped", "Number of received frames dropped"),
    ("received_errors", "Number of received frames with errors"),
    ("received_packets", "Network interface packets received"),
    ("transmitted_bytes", "Network interface bytes sent"),
    ("transmitted_dropped", "Number of sent frames dropped"),
    ("transmitted_errors", "Number of sent frames with errors"),
    ("transmitted_packets", "Network interface packets sent"),
];

/// Bits of the masks of what a link can do and of what it offers its partner (linux/ethtool.h).
const AUTONEGOTIATE: u32 = 6;
const PAUSE: u32 = 13;
const ASYMMETRIC_PAUSE: u32 = 14;
const PORTS: [(u32, &str); 5] = [(7, "TP"), (8, "AUI"), (9, "MII"), (10, "FIBRE"), (11, "BNC")];
/// Bit, megabits a second, duplex, mode.
const SPEEDS: [(u32, f64, &str, &str); 15] = [
    (0, 10.0, "half", "10baseT"),
    (1, 10.0, "full", "10baseT"),
    (2, 100.0, "half", "100baseT"),
    (3, 100.0, "full", "100baseT"),
    (4, 1000.0, "half", "1000baseT"),
    (5, 1000.0, "full", "1000baseT"),
    (12, 10_000.0, "full", "10000baseT"),
    (15, 2500.0, "full", "2500baseX"),
    (17, 1000.0, "full", "1000baseKX"),
    (18, 10_000.0, "full", "10000baseKX4"),
    (19, 10_000.0, "full", "10000baseKR"),
    (21, 20_000.0, "full", "20000baseMLD2"),
    (22, 20_000.0, "full", "20000baseKR2"),
    (23, 40_000.0, "full", "40000baseKR4"),
    (24, 40_000.0, "full", "40000baseCR4"),
];

impl EthtoolCollector {
    pub(super) fn new(settings: &Settings) -> Self {
        Self { devices: settings.ethtool_devices.clone(), metrics: settings.ethtool_metrics.clone() }
    }
}

impl Collect for EthtoolCollector {
    /// Asks the kernel about the devices that sysfs lists; one that does not answer is left out.
    fn collect(&mut self, host: &Host) -> Result<Vec<Family>, CollectError> {
        let kernel = Ethtool::open()
            .map_err(|source| CollectError::Call { call: "opening a socket for ethtool", source })?;
        let mut families = Families::default();
        for device in host.list_sys("class/net")?.iter().filter(|device| self.devices.admits(device)) {
            if let Ok(link) = kernel.link(device) {
                families.add_link(device, &link);
            }
            let Ok(driver) = kernel.driver(device) else { continue };
            families.add_driver(device, &driver);
            for (name, count) in kernel.statistics(device, driver.statistics).unwrap_or_default() {
                if self.metrics.admits(&name) {
                    families.add_statistic(device, &name, count as f64);
                }
            }
        }
        Ok(families.0.into_values().collect())
    }
}

#[derive(Default)]
struct Families(BTreeMap<String, Family>);

impl Families {
    fn gauge(&mut self, name: &str, help: &str, labels: &[(&str, &str)], value: f64) {
        self.0.entry(name.to_owned()).or_insert_with(|| Family::gauge(name, help)).push(labels, value);
    }

    fn add_driver(&mut self, device: &str, driver: &Driver) {
        let labels = [
            ("device", device),
            ("bus_info", &driver.bus_info),
            ("driver", &driver.driver),
            ("expansion_rom_version", &driver.expansion_rom_version),
            ("firmware_version", &driver.firmware_version),
            ("version", &driver.version),
        ];
        let help = "A metric with a constant '1' value labeled by bus_info, device, driver, expansion_rom_version, \
                    firmware_version, version.";
        self.gauge("node_ethtool_info", help, &labels, 1.0);
    }

    #[rustfmt::skip]
    fn add_link(&mut self, device: &str, link: &Link) {
        let device = ("device", device);
        let has = |mask: u32, bit: u32| mask & (1 << bit) != 0;
        for (bit, port) in PORTS.iter().filter(|(bit, _)| has(link.supported, *bit)) {
            let _ = bit;
            self.gauge("node_network_supported_port_info", "Type of ports or PHYs supported by network device", &[device, ("type", port)], 1.0);
        }
        for (mask, word) in [(link.supported, "supported"), (link.advertised, "advertised")] {
            for (bit, what, about) in [(AUTONEGOTIATE, "autonegotiate", "autonegotiation"), (PAUSE, "pause", "pause"), (ASYMMETRIC_PAUSE, "asymmetricpause", "asymmetric pause")] {
                let help = match word {
                    "supported" => format!("If this port device supports {about}"),
                    _ => format!("If this port device offers {about}"),
                };
                self.gauge(&format!("node_network_{what}_{word}"), &help, &[device], f64::from(has(mask, bit)));
            }
            let help = match word {
                "supported" => "Combination of speeds and features supported by network device",
                _ => "Combination of speeds and features offered by network device",
            };
            for (_, megabits, duplex, mode) in SPEEDS.iter().filter(|(bit, ..)| has(mask, *bit)) {
                let labels = [device, ("duplex", *duplex), ("mode", *mode)];
                self.gauge(&format!("node_network_{word}_speed_bytes"), help, &labels, megabits * 1e6 / 8.0);
            }
        }
        self.gauge("node_network_autonegotiate", "If this port is using autonegotiate", &[device], f64::from(link.autonegotiates));
    }

    fn add_statistic(&mut self, device: &str, statistic: &str, value: f64) {
        let plain = metric_part(statistic);
        let known = KNOWN.iter().find(|(name, _)| *name == plain);
        let name = match known {
            Some(_) => format!("node_ethtool_{plain}_total"),
            None => format!("node_ethtool_{plain}"),
        };
        let family = self.0.entry(name).or_insert_with_key(|name| match known {
            Some((_, help)) => Family::counter(name.as_str(), *help),
            None => Family::unknown(name.as_str(), format!("Network interface {statistic}")),
        });
        // Two counters that differ only in characters that names of metrics cannot have: the first counts.
        let is_there = |sample: &crowsnest_scrape::MetricSample| {
            sample.labels.get("device").is_some_and(|label| label == device)
        };
        if !family.samples.iter().any(is_there) {
            family.push(&[("device", device)], value);
        }
    }
}

/// Lower case, `rx` and `tx` as words spelled out, other characters than letters and digits as single underscores.
fn metric_part(statistic: &str) -> String {
    let lower = statistic.to_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut words: Vec<&str> = words.collect();
    for (short, long) in [("rx", "received"), ("tx", "transmitted")] {
        // Of two in a row node_exporter replaces the first only.
        let mut last_replaced = false;
        for word in &mut words {
            last_replaced = *word == short && !last_replaced;
            if last_replaced {
                *word = long;
            }
        }
    }
    words.join("_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_statistics_become_parts_of_metric_names() {
        assert_eq!(metric_part("rx_bytes"), "received_bytes");
        assert_eq!(metric_part("  TX queue-0: drops"), "transmitted_queue_0_drops");
        assert_eq!(metric_part("port.rx_64_bytes"), "port_received_64_bytes");
        assert_eq!(metric_part("tx_tx_timeouts"), "transmitted_tx_timeouts");
        assert_eq!(metric_part("rxtx"), "rxtx");
    }
}
