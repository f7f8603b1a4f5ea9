//! `/sys/class/net`: state and properties of network devices.

use crowsnest_api::remote_write::MetricType::{self, Counter, Gauge};
use crowsnest_scrape::Family;

use super::{Collect, CollectError, NameFilter, Settings};
use crate::host::Host;

/// A numeric file of a device's folder, decimal or `0x…`.
struct Property {
    file: &'static str,
    name: &'static str,
    kind: MetricType,
    /// What the number is multiplied by.
    scale: f64,
}

const fn gauge(file: &'static str, name: &'static str) -> Property {
    Property { file, name, kind: Gauge, scale: 1.0 }
}

const fn counter(file: &'static str, name: &'static str) -> Property {
    Property { file, name, kind: Counter, scale: 1.0 }
}

const PROPERTIES: &[Property] = &[
    gauge("addr_assign_type", "node_network_address_assign_type"),
    gauge("carrier", "node_network_carrier"),
    counter("carrier_changes", "node_network_carrier_changes_total"),
    counter("carrier_down_count", "node_network_carrier_down_changes_total"),
    counter("carrier_up_count", "node_network_carrier_up_changes_total"),
    gauge("dev_id", "node_network_device_id"),
    gauge("dormant", "node_network_dormant"),
    gauge("flags", "node_network_flags"),
    gauge("ifindex", "node_network_iface_id"),
    gauge("iflink", "node_network_iface_link"),
    gauge("link_mode", "node_network_iface_link_mode"),
    gauge("mtu", "node_network_mtu_bytes"),
    gauge("name_assign_type", "node_network_name_assign_type"),
    gauge("netdev_group", "node_network_net_dev_group"),
    // Megabits a second; -1 where the driver does not know.
    Property { file: "speed", name: "node_network_speed_bytes", kind: Gauge, scale: 1e6 / 8.0 },
    gauge("type", "node_network_protocol_type"),
    gauge("tx_queue_len", "node_network_transmit_queue_length"),
];

pub(super) struct Netclass {
    devices: NameFilter,
    ignore_invalid_speed: bool,
}

impl Netclass {
    pub(super) fn new(settings: &Settings) -> Self {
        let (devices, ignore_invalid_speed) =
            (settings.netclass_devices.clone(), settings.ignore_invalid_speed);
        Self { devices, ignore_invalid_speed }
    }
}

impl Collect for Netclass {
    fn collect(&mut self, host: &Host) -> Result<Vec<Family>, CollectError> {
        let mut families: Vec<Family> = PROPERTIES.iter().map(Property::family).collect();
        let mut up = Family::gauge("node_network_up", "Value is 1 if operstate is 'up', 0 otherwise.");
        let help = "Non-numeric data from /sys/class/net/<iface>, value is always 1.";
        let mut info = Family::gauge("node_network_info", help);
        for device in host.list_sys("class/net")?.iter().filter(|device| self.devices.admits(device)) {
            // Many files cannot be read while a device is down, and a file such as bonding_masters is no device.
            let read = |file: &str| host.sys_text(&format!("class/net/{device}/{file}"));
            let Some(state) = read("operstate") else { continue };
            let text = |file: &str| read(file).unwrap_or_default();
            for (property, family) in PROPERTIES.iter().zip(&mut families) {
                let number = read(property.file).and_then(|text| parse_number(&text));
                let is_invalid = |number: &i64| property.file == "speed" && *number < 0;
                if let Some(number) =
                    number.filter(|number| !self.ignore_invalid_speed || !is_invalid(number))
                {
                    family.push(&[("device", device)], number as f64 * property.scale);
                }
            }
            up.push(&[("device", device)], if state == "up" { 1.0 } else { 0.0 });
            info.push(
                &[
                    ("device", device),
                    ("address", &text("address")),
                    ("adminstate", admin_state(&text("flags"))),
                    ("broadcast", &text("broadcast")),
                    ("duplex", &text("duplex")),
                    ("ifalias", &text("ifalias")),
                    ("operstate", &state),
                ],
                1.0,
            );
        }
        families.extend([up, info]);
        Ok(families)
    }
}

impl Property {
    fn family(&self) -> Family {
        let property = self.name.trim_start_matches("node_network_");
        Family::new(self.name, self.kind, format!("Network device property: {property}"))
    }
}

/// Whether somebody wants the device to be up: the flag `IFF_UP`.
fn admin_state(flags: &str) -> &'static str {
    match parse_number(flags) {
        Some(flags) if flags & i64::from(libc::IFF_UP) != 0 => "up",
        Some(_) => "down",
        None => "",
    }
}

fn parse_number(text: &str) -> Option<i64> {
    match text.strip_prefix("0x") {
        Some(hex) => i64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}
